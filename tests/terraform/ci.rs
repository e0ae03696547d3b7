//! Pipelines: `terraform init` with the token of a CI job, and a module that a script published.

use std::process::Command;

use cairn::domain::Role;
use cairn::web::templates::TEMPLATES;
use serde_json::json;

use crate::command::{Terraform, world};
use crate::files::{Files, block};
use crate::support::server::{RunToEnd, write_file};

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const HOST: &str = "registry.example.com";

#[test]
fn a_pipeline_publishes_with_a_script_and_installs_with_its_job_token() {
    let Some(world) = world() else { return };
    world.group("acme").project("acme/network").user("dev", Role::Developer, "acme/network");
    let job = json!({ "ref": "v1.2.0", "sha": SHA, "pipeline": { "id": 5 } });
    let jobs = "/api/v4/projects/acme%2Fnetwork/ci_jobs";
    let opened = world.client("dev").post(jobs, &job).must(201).json();
    let token = opened["token"].as_str().unwrap();

    let module = world.server.folder().join("module");
    std::fs::create_dir(&module).unwrap();
    let files = Files::saying("published by a script");
    for (name, text) in &files.0 {
        write_file(&module.join(name), text.as_bytes());
    }
    let template = TEMPLATES.iter().find(|template| template.language == "sh").unwrap();
    let script = world.server.folder().join("publish.sh");
    write_file(&script, template.filled(&world.server.url(), "acme/network").as_bytes());
    let outcome = Command::new("sh")
        .arg(&script)
        .arg(&module)
        .args(["vpc", "aws", "1.2.0"])
        .env("CAIRN_TOKEN", token)
        .env("CURL_CA_BUNDLE", world.server.authority())
        .outcome();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");

    // The name of a variable cannot hold a port: the host's name leads to the server.
    let services = format!(
        "host \"{HOST}\" {{\n  services = {{ \"modules.v1\" = \"{}/v1/modules/\" }}\n}}\n",
        world.server.url()
    );
    let terraform = Terraform::new(&world.server)
        .configure(&services)
        .variable("TF_TOKEN_registry_example_com", token)
        .main(&block("vpc", &format!("{HOST}/acme/vpc/aws"), Some("1.2.0")));
    terraform.init().succeeds();
    assert_eq!(terraform.installed("vpc"), files);
    world.client("dev").delete(&format!("{jobs}/{}", opened["id"])).must(204);
    let late = Terraform::new(&world.server)
        .configure(&services)
        .variable("TF_TOKEN_registry_example_com", token)
        .main(&block("vpc", &format!("{HOST}/acme/vpc/aws"), Some("1.2.0")));
    late.init().fails().says("401");
}
