//! `cairn publish` in the jobs of CI systems: one line, and everything else from the environment.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use cairn::domain::Role;
use serde_json::{Value, json};

use crate::support::server::{Outcome, RunToEnd, cairn, write_file};
use crate::support::world::{World, encoded};

const PROJECT: &str = "acme/terraform-aws-vpc";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// A project with a developer, and the directory of a module.
fn acme() -> (World, PathBuf) {
    let world = World::start();
    world.group("acme").project(PROJECT).user("dev", Role::Developer, PROJECT);
    let directory = world.server.folder().join("checkout");
    std::fs::create_dir(&directory).unwrap();
    write_file(&directory.join("main.tf"), b"variable \"cidr\" {}\n");
    (world, directory)
}

/// The token of a CI job that the developer opened.
fn job_token(world: &World) -> String {
    let job = json!({ "ref": "v1.2.0", "sha": SHA, "pipeline": { "id": 5 } });
    let opened = world.client("dev").post(&format!("/api/v4/projects/{}/ci_jobs", encoded(PROJECT)), &job);
    opened.must(201).json()["token"].as_str().unwrap().to_owned()
}

/// `cairn publish` and nothing more, in a directory, where a registry is named.
fn publish(world: &World, directory: &Path) -> Command {
    let mut command = cairn(&["publish"]);
    command.current_dir(directory).env("CAIRN_URL", world.server.url());
    command
}

/// What GitLab sets in a job for a tag.
fn in_gitlab(command: &mut Command) -> &mut Command {
    command.envs([
        ("GITLAB_CI", "true"),
        ("CI_SERVER_URL", "https://gitlab.example"),
        ("CI_PROJECT_PATH", PROJECT),
        ("CI_PROJECT_NAME", "terraform-aws-vpc"),
        ("CI_COMMIT_TAG", "v1.2.0"),
        ("CI_COMMIT_REF_NAME", "v1.2.0"),
        ("CI_COMMIT_SHA", SHA),
        ("CI_PIPELINE_ID", "77"),
        ("CI_PIPELINE_IID", "7"),
        ("CI_PIPELINE_URL", "https://gitlab.example/acme/vpc/-/pipelines/77"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_JOB_NAME", "publish \u{1f680}"),
        ("CI_JOB_URL", "https://gitlab.example/acme/vpc/-/jobs/9"),
        ("GITLAB_USER_LOGIN", "ada"),
    ])
}

/// What GitHub sets.
fn in_github(command: &mut Command) -> &mut Command {
    command.envs([
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.example"),
        ("GITHUB_REPOSITORY", PROJECT),
        ("GITHUB_REF_TYPE", "tag"),
        ("GITHUB_REF_NAME", "v1.2.0"),
        ("GITHUB_SHA", SHA),
        ("GITHUB_RUN_ID", "900"),
        ("GITHUB_RUN_NUMBER", "9"),
        ("GITHUB_WORKFLOW", "publish"),
        ("GITHUB_JOB", "cairn"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_ACTOR", "ada"),
    ])
}

fn package(world: &World) -> Value {
    let id = world.package_id(PROJECT, "vpc/aws", "1.2.0");
    world.root().get(&format!("/api/v4/projects/{}/packages/{id}", encoded(PROJECT))).must(200).json()
}

#[track_caller]
fn done(outcome: &Outcome, secret: &str) {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(!outcome.stderr.contains(secret) && !outcome.stdout.contains(secret), "the token was printed");
}

/// GitHub's service for ID tokens, for one request. It passes on the head of that.
fn token_service(answer: String) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (heads, asked) = channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        stream.write_all(answer.as_bytes()).unwrap();
        heads.send(head.join("\n")).unwrap();
    });
    (address, asked)
}

fn http(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_job_of_gitlab_publishes_with_its_job_token() {
    let (world, directory) = acme();
    let token = job_token(&world);
    let outcome = in_gitlab(&mut publish(&world, &directory)).env("CI_JOB_TOKEN", &token).outcome();
    done(&outcome, &token);
    let said = "publishing acme/terraform-aws-vpc vpc/aws 1.2.0 (project from CI_PROJECT_PATH, name from \
                CI_PROJECT_NAME, system from CI_PROJECT_NAME, version from tag v1.2.0, token from CI_JOB_TOKEN)\n";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    let known = &package(&world)["provenance"];
    assert_eq!(
        (&known["verified"], &known["pipeline"]["id"]),
        (&json!(true), &json!(5)),
        "the job's, not its word"
    );
}

#[test]
fn an_id_token_comes_before_the_job_token_and_a_given_one_before_both() {
    let (world, directory) = acme();
    let (good, bad) = (job_token(&world), "not-a-token");
    for (situation, variables, said) in [
        (
            "a token given",
            [("CAIRN_TOKEN", good.as_str()), ("CAIRN_ID_TOKEN", bad)],
            "version from tag v1.2.0)\n",
        ),
        ("an ID token", [("CAIRN_ID_TOKEN", &good), ("CI_JOB_TOKEN", bad)], ", token from CAIRN_ID_TOKEN)\n"),
    ] {
        let mut command = publish(&world, &directory);
        let outcome = in_gitlab(&mut command).envs(variables).arg("--skip-existing").outcome();
        done(&outcome, &good);
        assert!(outcome.stderr.contains(said), "{situation}: {}", outcome.stderr);
    }
}

#[test]
fn with_a_personal_token_the_environments_word_goes_along() {
    let (world, directory) = acme();
    let token = world.token("dev");
    done(&in_gitlab(&mut publish(&world, &directory)).env("CAIRN_TOKEN", &token).outcome(), &token);
    let package = package(&world);
    let known = &package["provenance"];
    assert_eq!(
        (&known["verified"], &known["user"], &known["sha"]),
        (&json!(false), &json!("ada"), &json!(SHA))
    );
    assert_eq!((&known["job"]["name"], &known["ref"]), (&json!("publish \u{1f680}"), &json!("v1.2.0")));
    assert_eq!((&package["pipeline"]["id"], &package["pipeline"]["iid"]), (&json!(77), &json!(7)));
    assert_eq!(known["source_project"], PROJECT);
}

#[test]
fn a_job_of_github_fetches_its_id_token() {
    let (world, directory) = acme();
    let token = job_token(&world);
    let (service, asked) = token_service(http("200 OK", &json!({ "count": 1, "value": token }).to_string()));
    let outcome = in_github(&mut publish(&world, &directory))
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("http://{service}/token?api-version=2.0"))
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-runner")
        .outcome();
    done(&outcome, &token);
    assert!(!outcome.stderr.contains("of-the-runner"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("token from GitHub's id-token permission"), "{}", outcome.stderr);
    let head = asked.recv().unwrap();
    let audience = world.server.url().replace(':', "%3A").replace('/', "%2F");
    assert!(head.starts_with(&format!("GET /token?api-version=2.0&audience={audience} ")), "{head}");
    assert!(head.to_lowercase().contains("authorization: bearer of-the-runner"), "{head}");
    assert_eq!(package(&world)["provenance"]["verified"], true);
}

#[test]
fn without_a_token_it_is_said_how_a_job_gets_one() {
    let (world, directory) = acme();
    in_github(&mut publish(&world, &directory)).outcome().refused(2, "`permissions: id-token: write`");
    in_gitlab(&mut publish(&world, &directory))
        .outcome()
        .refused(2, "let id_tokens of the job make CAIRN_ID_TOKEN");
    for (answer, said) in [
        (http("403 Forbidden", "{}"), "GitHub gave no ID token: 403 Forbidden"),
        (http("200 OK", "{\"token\":\"secret\"}"), "GitHub gave no ID token: its answer has no \"value\""),
    ] {
        let (service, _asked) = token_service(answer);
        let outcome = in_github(&mut publish(&world, &directory))
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("http://{service}/?a=b"))
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-runner")
            .outcome();
        outcome.refused(1, said);
        assert!(!outcome.stderr.contains("secret"), "{}", outcome.stderr);
    }
}

#[test]
fn what_a_job_does_not_say_is_asked_for_by_name() {
    let (world, directory) = acme();
    let with_token = || {
        let mut command = publish(&world, &directory);
        command.env("CAIRN_TOKEN", world.token("dev"));
        command
    };
    in_gitlab(&mut with_token())
        .env("CI_COMMIT_TAG", "")
        .outcome()
        .refused(2, "This pipeline runs for no tag");
    in_gitlab(&mut with_token()).env("CI_COMMIT_TAG", "v1.2").outcome().refused(2, "tag v1.2: ");
    in_gitlab(&mut with_token())
        .env("CAIRN_URL", "")
        .env_remove("CAIRN_URL")
        .env_remove("CAIRN_TOKEN")
        .outcome()
        .refused(2, "Set CAIRN_URL to its URL");
    with_token()
        .env("JENKINS_URL", "https://jenkins.example")
        .outcome()
        .refused(2, "--project or CAIRN_PROJECT");
    with_token().outcome().refused(2, "name the directory of a module");
    assert!(world.packages(PROJECT).is_empty());
}

#[test]
fn flags_and_the_variables_of_gitlabs_template_come_first() {
    let (world, directory) = acme();
    world.project("acme/other").member("dev", Role::Developer, "acme/other");
    let elsewhere = world.server.folder().to_owned();
    let outcome = in_gitlab(&mut publish(&world, &elsewhere))
        .env("CAIRN_TOKEN", world.token("dev"))
        .env("CAIRN_PROJECT", "acme/other")
        .env("TERRAFORM_MODULE_DIR", &directory)
        .env("TERRAFORM_MODULE_NAME", "my net_work")
        .env("TERRAFORM_MODULE_VERSION", "2.0.0")
        .args(["--system", "gcp"])
        .outcome();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(world.packages("acme/other")[0]["name"], "my-net-work/gcp");
    assert_eq!(world.packages("acme/other")[0]["version"], "2.0.0");
}

#[test]
fn a_job_of_jenkins_says_which_build_it_was() {
    let (world, directory) = acme();
    let outcome = publish(&world, &directory)
        .envs([
            ("JENKINS_URL", "https://jenkins.example/"),
            ("BUILD_NUMBER", "31"),
            ("BUILD_URL", "https://jenkins.example/job/vpc/31/"),
            ("JOB_NAME", "vpc/main"),
            ("GIT_COMMIT", SHA),
            ("TAG_NAME", "v1.2.0"),
            ("CAIRN_PROJECT", PROJECT),
            ("TERRAFORM_MODULE_NAME", "vpc"),
            ("TERRAFORM_MODULE_SYSTEM", "aws"),
        ])
        .env("CAIRN_TOKEN", world.token("dev"))
        .outcome();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let package = package(&world);
    assert_eq!(package["pipeline"]["web_url"], "https://jenkins.example/job/vpc/31/");
    assert_eq!((&package["pipeline"]["id"], &package["provenance"]["verified"]), (&json!(31), &json!(false)));
}
