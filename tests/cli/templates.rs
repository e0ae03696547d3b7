//! The pipelines that the empty page of a registry shows: the very text, run for real.

use std::path::{Path, PathBuf};
use std::process::Command;

use cairn::domain::Role;
use regex::Regex;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::eventually;
use crate::support::server::{Outcome, RunToEnd, Server, cairn, write_file};
use crate::support::world::{World, encoded};

const PROJECT: &str = "acme/net/network.b";
const PASSWORD: &str = "a long password of the tests";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// A server with an empty project, and the directory of a module.
fn acme() -> (World, PathBuf) {
    let world = World::on(Server::builder().env("CAIRN_ROOT_PASSWORD", PASSWORD));
    world.group("acme").group("acme/net").project(PROJECT).user("dev", Role::Developer, PROJECT);
    world.deploy_token("deploy", PROJECT, &["write_package_registry"]);
    let directory = world.server.folder().join("module with a blank");
    std::fs::create_dir_all(directory.join(".git")).unwrap();
    std::fs::create_dir_all(directory.join("modules/subnet")).unwrap();
    for (name, text) in [
        ("main.tf", "# top\n"),
        ("modules/subnet/main.tf", "# below\n"),
        (".git/config", "secret"),
        ("terraform.tfstate", "{}"),
    ] {
        write_file(&directory.join(name), text.as_bytes());
    }
    (world, directory)
}

/// What the page offers to copy that has some text in it.
fn shown(world: &World, text: &str) -> String {
    let browser = Browser::of(world.anonymous(), "root", PASSWORD);
    let html = browser.page(&format!("/{PROJECT}/-/infrastructure_registry")).text();
    let block = Regex::new(r"(?s)<pre tabindex=.0.><code>(.*?)</code></pre>").unwrap();
    let blocks = block.captures_iter(&html).map(|found| {
        let escaped = found.get(1).unwrap().as_str();
        escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    });
    let found: Vec<String> = blocks.filter(|block| block.contains(text)).collect();
    assert_eq!(found.len(), 1, "{text}: {html}");
    found.into_iter().next().unwrap()
}

fn script(world: &World, directory: &Path, variables: &[(&str, &str)]) -> Outcome {
    let path = world.server.folder().join("publish.sh");
    // The page shows it only while nothing is published.
    if !path.exists() {
        write_file(&path, shown(world, "#!/bin/sh").as_bytes());
    }
    let mut command = Command::new("sh");
    command.arg(&path).arg(directory).args(["vpc", "aws", "v1.2.0"]).env_remove("CAIRN_TOKEN");
    command.env_remove("CAIRN_OPENER").envs(variables.iter().copied()).outcome()
}

#[test]
fn the_shell_script_publishes_with_tar_and_curl() {
    let (world, directory) = acme();
    let outcome = script(&world, &directory, &[("CAIRN_TOKEN", &world.token("deploy"))]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(outcome.stdout, "{\"message\":\"201 Created\"}");
    let module = world.client("dev").get("/v1/modules/acme/vpc/aws/1.2.0").must(200).json();
    assert_eq!(module["submodules"][0]["path"], "modules/subnet", "{module}");
    assert_eq!(
        world.packages(PROJECT)[0]["warnings"].as_array().map_or(0, Vec::len),
        0,
        "no state went along"
    );
}

#[test]
fn the_shell_script_opens_and_closes_a_ci_job() {
    let (world, directory) = acme();
    let opener = world.token("dev");
    let variables = [
        ("CAIRN_OPENER", opener.as_str()),
        ("GIT_REF", "feature/{\"id\":9}"),
        ("GIT_SHA", SHA),
        ("PIPELINE_ID", "77"),
    ];
    let outcome = script(&world, &directory, &variables);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let id = world.package_id(PROJECT, "vpc/aws", "1.2.0");
    let project = format!("/api/v4/projects/{}", encoded(PROJECT));
    let package = world.root().get(&format!("{project}/packages/{id}")).must(200).json();
    let known = &package["provenance"];
    assert_eq!((&known["verified"], &known["sha"]), (&json!(true), &json!(SHA)), "{package}");
    assert_eq!((&known["pipeline"]["id"], &known["ref"]), (&json!(77), &json!("feature/{\"id\":9}")));
    world.server.wait_for_log("closed a CI job");
    assert!(!outcome.stdout.contains("cairn_job_") && !outcome.stderr.contains("cairn_job_"), "{outcome:?}");
    // The version is there: the script fails, says so, and leaves no job open.
    let outcome = script(&world, &directory, &variables);
    assert_ne!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("is published"), "{outcome:?}");
    eventually("both jobs are closed", || world.server.log().matches("closed a CI job").count() == 2);
}

#[test]
fn a_script_without_rights_fails_with_the_servers_words() {
    let (world, directory) = acme();
    world.stranger("stranger");
    let outcome = script(&world, &directory, &[("CAIRN_TOKEN", &world.token("stranger"))]);
    assert_ne!(outcome.code, Some(0));
    assert!(outcome.stdout.contains("404 Project Not Found"), "{outcome:?}");
    assert!(world.packages(PROJECT).is_empty());
}

/// The program in the place where a job looks for it: on the path.
fn in_a_job(directory: &Path, line: &str) -> Command {
    let program = PathBuf::from(cairn(&[]).get_program());
    let mut path = vec![program.parent().unwrap().to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(directory);
    command.env("PATH", std::env::join_paths(path).unwrap());
    command
}

#[test]
fn the_line_of_each_pipeline_publishes_with_the_variables_beside_it() {
    let (world, directory) = acme();
    let job = json!({ "ref": "v1.2.0", "sha": SHA, "pipeline": { "id": 5 } });
    let opened = world.client("dev").post(&format!("/api/v4/projects/{}/ci_jobs", encoded(PROJECT)), &job);
    let token = opened.must(201).json()["token"].as_str().unwrap().to_owned();
    let variable = Regex::new(r#"(?m)^\s+((?:CAIRN|TERRAFORM)_\w+)(?:: | = )["'](.*)["']$"#).unwrap();
    let line = Regex::new(r"(?m)^\s+(?:- |- run: |sh ')(cairn publish)'?$").unwrap();
    for (marker, name, system) in [
        ("id_tokens:", ("GITLAB_CI", "true"), ("CI_COMMIT_TAG", "v1.0.1")),
        ("without ID tokens", ("GITLAB_CI", "true"), ("CI_COMMIT_TAG", "v1.0.2")),
        ("runs-on:", ("GITHUB_ACTIONS", "true"), ("GITHUB_REF_NAME", "v1.0.3")),
        ("pipeline {", ("JENKINS_URL", "https://jenkins.example"), ("TAG_NAME", "v1.0.4")),
    ] {
        let text = shown(&world, marker);
        let variables: Vec<(&str, &str)> = variable
            .captures_iter(&text)
            .map(|found| found.extract())
            .map(|(_, [name, value])| (name, value))
            .collect();
        assert!(variables.contains(&("CAIRN_PROJECT", PROJECT)), "{text}");
        assert!(variables.contains(&("CAIRN_URL", &world.server.url())), "{text}");
        let found = line.captures(&text).unwrap_or_else(|| panic!("no line: {text}"));
        let mut command = in_a_job(&directory, found.get(1).unwrap().as_str());
        command.envs([
            ("CI_PROJECT_NAME", "vpc"),
            ("GITHUB_REPOSITORY", "x/vpc"),
            ("GITHUB_REF_TYPE", "tag"),
        ]);
        for known in ["GITLAB_CI", "GITHUB_ACTIONS", "JENKINS_URL"] {
            command.env_remove(known);
        }
        command.envs([name, system]).envs(variables).env("CAIRN_TOKEN", &token);
        let outcome = command.outcome();
        assert_eq!(outcome.code, Some(0), "{marker}: {outcome:?}");
        if marker == "pipeline {" {
            world.package_id(PROJECT, "my-module/aws", "1.0.4");
            break;
        }
        let version = system.1.trim_start_matches('v');
        let id = world.package_id(PROJECT, "vpc/local", version);
        // The page shows its pipelines only while there is nothing else to show.
        world.root().delete(&format!("/api/v4/projects/{}/packages/{id}", encoded(PROJECT))).must(204);
    }
}

#[test]
fn the_pipelines_are_yaml_of_the_right_shape() {
    const CHECK: &str = r#"
import json, sys
try:
    import yaml
except ImportError:
    print("null")
    sys.exit()
print(json.dumps([list(yaml.safe_load(text).items()) for text in json.load(sys.stdin)], default=str))
"#;
    let (world, _) = acme();
    let texts = ["id_tokens:", "without ID tokens", "runs-on:"].map(|marker| shown(&world, marker));
    let mut python = Command::new("python3")
        .args(["-c", CHECK])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    serde_json::to_writer(python.stdin.take().unwrap(), &texts).unwrap();
    let said = python.wait_with_output().unwrap();
    assert!(said.status.success());
    let files: Vec<serde_json::Map<String, serde_json::Value>> = match serde_json::from_slice::<
        Option<Vec<Vec<(serde_json::Value, serde_json::Value)>>>,
    >(&said.stdout)
    .unwrap()
    {
        // Without PyYAML there is nobody to ask.
        None => return,
        Some(files) => {
            let named = |(name, value): (serde_json::Value, serde_json::Value)| {
                // YAML 1.1 reads the key `on` as a truth; GitHub reads it as a word.
                (name.as_str().map_or_else(|| name.to_string(), str::to_owned), value)
            };
            files.into_iter().map(|file| file.into_iter().map(named).collect()).collect()
        }
    };
    let url = world.server.url();
    for file in &files[..2] {
        let job = &file["publish-module"];
        assert_eq!(job["script"], json!(["cairn publish"]));
        assert_eq!(job["variables"], json!({ "CAIRN_URL": url, "CAIRN_PROJECT": PROJECT }));
        assert!(job["rules"][0]["if"].as_str().unwrap().starts_with("$CI_COMMIT_TAG =~ "));
    }
    assert_eq!(files[0]["publish-module"]["id_tokens"], json!({ "CAIRN_ID_TOKEN": { "aud": url } }));
    assert_eq!(files[2]["permissions"], json!({ "contents": "read", "id-token": "write" }));
    assert_eq!(files[2]["true"]["push"]["tags"], json!(["v[0-9]*"]));
    assert_eq!(files[2]["jobs"]["publish"]["steps"][1]["run"], "cairn publish");
}

#[test]
fn whoever_may_not_publish_is_shown_no_pipelines() {
    let world = World::on(Server::builder().env("CAIRN_ROOT_PASSWORD", PASSWORD));
    world.group("acme").public_project("acme/network");
    let html = Browser::new(world.anonymous()).page("/acme/network/-/infrastructure_registry").text();
    assert!(!html.contains("#!/bin/sh"), "{html}");
}
