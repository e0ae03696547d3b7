//! The description of the API against a live server: schemathesis makes requests up from it and judges every answer.
//!
//! `CAIRN_SCHEMATHESIS_EXAMPLES` and `CAIRN_SCHEMATHESIS_SEED` make a run longer, and different.

use std::collections::BTreeSet;

use cairn::domain::Role;
use data_encoding::BASE64;
use regex::Regex;
use serde_json::{Value, json};

use crate::python::{Python, source};
use crate::support::archive::Module;
use crate::support::server::{RunToEnd, write_file};
use crate::support::world::World;

const NAME: &str = "schemathesis";
/// The user of a run. It administers the instance, and is not the only one.
const ROBOT: &str = "robot";
const PASSWORD: &str = "the password of a test, 2 words";
/// The group and the project that most requests are about.
const GROUP: &str = "/api/v4/groups/acme";
const PROJECT: &str = "/api/v4/projects/acme%2Fnetwork";
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

#[test]
fn the_description_is_valid_openapi() {
    let Some(python) = Python::with(NAME) else { return };
    let world = World::start();
    let file = world.server.folder().join("openapi.json");
    write_file(&file, &world.anonymous().get("/api/openapi.json").must(200).body);
    let outcome = python.command("openapi-spec-validator").args(["--schema", "3.1"]).arg(&file).outcome();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}

#[test]
fn an_administrator_is_answered_as_described() {
    let Some(python) = Python::with(NAME) else { return };
    let world = furnished();
    let token = world.token(ROBOT);
    let header = format!("PRIVATE-TOKEN: {token}");
    judge(&python, &world, &["--phases", "coverage,fuzzing,stateful", "--header", &header]);
    // Requests that are all refused would prove little.
    assert_eq!(never_succeeded(&world), [""; 0], "operations that never succeeded");
    // The run must not have gone on without its credential, or without a registry.
    world.client(ROBOT).get("/api/v4/application/settings").must(200);
    world.client(ROBOT).get(&format!("{PROJECT}/packages")).must(200);
}

#[test]
fn somebody_without_a_credential_is_answered_as_described() {
    let Some(python) = Python::with(NAME) else { return };
    // What hardly differs from the other run is left to that.
    judge(&python, &furnished(), &["--phases", "fuzzing"]);
}

/// Runs schemathesis and fails the test with what it says.
fn judge(python: &Python, world: &World, more: &[&str]) {
    let setting = |name: &str, otherwise: &str| std::env::var_os(name).unwrap_or_else(|| otherwise.into());
    let mut command = python.command("schemathesis");
    command
        .current_dir(world.server.folder())
        .env("SCHEMATHESIS_HOOKS", source(NAME).join("hooks.py"))
        .env("CAIRN_WORLD", described(world).to_string())
        .arg("--config-file")
        .arg(source(NAME).join("schemathesis.toml"))
        .args(["run", &format!("{}/api/openapi.json", world.server.url())])
        .args(["--checks", CHECKS, "--no-color", "--generation-database", "none"])
        // That four texts in one path seldom all fit into a URL says nothing about the server.
        .args(["--suppress-health-check", "filter_too_much"])
        .arg("--max-examples")
        .arg(setting("CAIRN_SCHEMATHESIS_EXAMPLES", "5"))
        .arg("--seed")
        .arg(setting("CAIRN_SCHEMATHESIS_SEED", "1"))
        .args(more);
    let outcome = command.outcome();
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
}

/// A server with something of everything: to keep, to change, to delete.
fn furnished() -> World {
    let world = World::start();
    world.group("acme").group("acme/team").public_project("acme/network").project("acme/team/inner");
    // Not in the group that is deleted, perhaps before it.
    world.project("acme/doomed");
    for name in ["changed", "deleted"] {
        world.group(&format!("acme/{name}")).project(&format!("acme/{name}/{name}"));
    }
    for name in [ROBOT, "kept", "changed", "deleted"] {
        world.user(name, Role::Maintainer, "acme/network");
        let member = json!({ "user_id": world.user_id(name), "access_level": 30 });
        world.root().post(&format!("{GROUP}/members"), &member).must(201);
    }
    let user = |name: &str| format!("/api/v4/users/{}", world.user_id(name));
    world.root().put_json(&user(ROBOT), &json!({ "admin": true })).must(200);
    world.root().put_json(&user("kept"), &json!({ "password": PASSWORD })).must(200);
    for (holder, name) in [(PROJECT, "kept"), (PROJECT, "deleted"), (GROUP, "kept"), (GROUP, "deleted")] {
        let token = json!({ "name": name, "scopes": ["read_package_registry"] });
        world.root().post(&format!("{holder}/deploy_tokens"), &token).must(201);
    }
    for version in ["1.0.0", "1.1.0", "2.0.0-rc.1"] {
        world.publish("acme/network", "vpc/aws", version, Module::of(version));
    }
    for name in ["deleted/aws", "opened/aws"] {
        world.publish("acme/network", name, "1.0.0", Module::of(name));
    }
    world.publish("acme/team/inner", "dns/google", "1.0.0", Module::of("inner"));
    world
}

/// What of it the requests are to name: see `hooks.py`.
fn described(world: &World) -> Value {
    let network = "acme/network";
    let id = |list: &str, name: &str| {
        let found = world.root().get(&format!("{list}?per_page=100")).must(200).json();
        let row = found.as_array().unwrap().iter().find(|row| row["name"] == name).cloned();
        row.unwrap_or_else(|| panic!("{list} has no {name}"))["id"].as_u64().unwrap()
    };
    let deploy_token = |holder: &str, name: &str| id(&format!("{holder}/deploy_tokens"), name);
    let token = |name: &str| id("/api/v4/personal_access_tokens", name);
    let package = |name: &str| world.package_id(network, name, "1.0.0");
    let file = |package: u64| {
        let files = format!("{PROJECT}/packages/{package}/package_files");
        world.root().get(&files).must(200).json()[0]["id"].as_u64().unwrap()
    };
    let (kept, opened) = (package("vpc/aws"), package("opened/aws"));
    let job = json!({ "ref": "main", "sha": "0".repeat(40), "pipeline": { "id": 1 } });
    let open_job = world.root().post(&format!("{PROJECT}/ci_jobs"), &job).must(201).json()["id"].clone();
    let (allowed, inner) = (world.project_id("acme/changed/changed"), world.project_id("acme/team/inner"));
    let allowlist = format!("{PROJECT}/job_token_scope/allowlist");
    world.root().post(&allowlist, &json!({ "target_project_id": allowed })).must(201);
    let publisher =
        json!({ "issuer": "https://gitlab.example", "claims": { "ref": "v*" }, "access_level": 30 });
    let trusted = world.root().post(&format!("{PROJECT}/trusted_publishers"), &publisher).must(201);
    let trusted = trusted.json()["id"].clone();
    let hook = json!({ "url": "https://hooks.invalid" });
    let add_hook = || world.root().post(&format!("{PROJECT}/hooks"), &hook).must(201).json()["id"].clone();
    let (kept_hook, deleted_hook) = (add_hook(), add_hook());
    json!({
        "archive": BASE64.encode(&Vec::from(Module::of("uploaded"))),
        "bodies": {
            "/oauth/token": { "grant_type": "password", "username": "kept", "password": PASSWORD },
            "/api/v4/user/personal_access_tokens": { "name": "own", "scopes": ["read_api"] },
            "/api/v4/projects/{id}/ci_jobs": job,
            "/api/v4/projects/{id}/job_token_scope/allowlist": { "target_project_id": inner },
            "/api/v4/projects/{id}/trusted_publishers": publisher,
            "/api/v4/projects/{id}/hooks": hook,
        },
        "protected": {
            "groups/{id}": both(&["acme", "acme/team"], |path| world.group_id(path)),
            "projects/{id}": both(&[network, "acme/team/inner"], |path| world.project_id(path)),
            "users/{id}": both(&[ROBOT, "root", "kept"], |name| world.user_id(name)),
            "personal_access_tokens/{id}": both(&["self"], |_| token(ROBOT)),
            "packages/{package_id}": [kept.to_string()],
        },
        // Lists are gone through in step: what stands at the same place in two of them is asked for together.
        "kept": {
            "groups/{id}": ["acme", world.group_id("acme")],
            "projects/{id}": [network, world.project_id(network)],
            "users/{id}": ["kept", world.user_id("kept")],
            "namespaces/{id}": ["acme", "kept"],
            "namespaces/{path}": ["acme", "nobody"],
            "members/{user_id}": [world.user_id("kept")],
            "all/{user_id}": [world.user_id("kept")],
            "deploy_tokens/{token_id}": [deploy_token(PROJECT, "kept"), deploy_token(GROUP, "kept")],
            "personal_access_tokens/{id}": ["self", token("kept")],
            "packages/{package_id}": [kept, opened],
            "hooks/{hook_id}": [kept_hook],
            "test/{trigger}": ["package_events"],
            "package_files/{file_id}": [file(kept)],
            "v1/{namespace}": ["acme"],
            "modules/{namespace}": ["acme"],
            "modules/{name}": ["vpc"],
            "{namespace}/{name}": ["vpc"],
            "{name}/{system}": ["aws"],
            "{system}/{version}": ["1.0.0", "2.0.0-rc.1"],
            "{version}/{file}": ["vpc-aws-1.0.0.tar.gz", "file"],
        },
        "changed": {
            "groups/{id}": ["acme/changed"],
            "projects/{id}": ["acme/changed/changed"],
            "users/{id}": ["changed", world.user_id("changed")],
            "members/{user_id}": [world.user_id("changed")],
            "personal_access_tokens/{id}": [token("changed")],
            "hooks/{hook_id}": [kept_hook],
            "{system}/{version}": ["3.0.0", "3.0.1", "1.0.0"],
        },
        "deleted": {
            "groups/{id}": ["acme/deleted"],
            "projects/{id}": ["acme/doomed", "acme/deleted/deleted"],
            "users/{id}": ["deleted", world.user_id("deleted")],
            "members/{user_id}": [world.user_id("deleted")],
            "deploy_tokens/{token_id}": [deploy_token(PROJECT, "deleted"), deploy_token(GROUP, "deleted")],
            "personal_access_tokens/{id}": [token("deleted")],
            "packages/{package_id}": [package("deleted/aws")],
            "package_files/{file_id}": [0, file(opened)],
            "ci_jobs/{job_id}": [open_job],
            "allowlist/{target_project_id}": [allowed],
            "trusted_publishers/{publisher_id}": [trusted],
            "hooks/{hook_id}": [deleted_hook],
        },
    })
}

/// Names and the numbers that go with them.
fn both(names: &[&str], number: impl Fn(&str) -> u64) -> Vec<String> {
    names.iter().flat_map(|name| [(*name).to_owned(), number(name).to_string()]).collect()
}

/// Operations that never succeeded, from the server's log.
fn never_succeeded(world: &World) -> Vec<String> {
    let answered = Regex::new(r#"method="(\w+)" route="([^"]+)" status=[23]"#).unwrap();
    let log = world.server.log();
    let seen: BTreeSet<String> =
        answered.captures_iter(&log).map(|found| format!("{} {}", &found[1], &found[2])).collect();
    let document = world.anonymous().get("/api/openapi.json").must(200).json();
    let operations = document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
        let route = path.replace('{', ":").replace('}', "");
        let route = route.strip_prefix("/api/v4/packages/terraform/").unwrap_or(&route).to_owned();
        let methods = methods.as_object().unwrap().keys().map(|method| method.to_uppercase());
        methods.map(move |method| format!("{method} {route}")).collect::<Vec<_>>()
    });
    operations.filter(|operation| !seen.contains(operation)).collect()
}
