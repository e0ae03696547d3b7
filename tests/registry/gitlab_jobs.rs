//! Job tokens of a real GitLab, played by a stand-in: who is asked, what is believed, and for how long.

use cairn::domain::Role;
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::client::Client;
use crate::support::issuer::{Answer, Issuer};
use crate::support::server::Server;
use crate::support::world::{World, encoded, upload};

const PROJECT: &str = "acme/network";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const REFUSED: Answer = Answer::Refusal("401 Unauthorized");

/// A job as GitLab's jobs API shows it.
fn job(gitlab: &str, more: &Value) -> Answer {
    let mut job = json!({
        "id": 99, "status": "running", "stage": "deploy", "name": "publish", "ref": "v1.2.0", "tag": true,
        "web_url": format!("{gitlab}/acme/vpc/-/jobs/99"),
        "user": { "id": 3, "username": "ada", "name": "Ada" },
        "commit": { "id": SHA, "short_id": "01234567" },
        "pipeline": { "id": 77, "iid": 5, "source": "push", "ref": "v1.2.0", "sha": SHA },
        "project": { "ci_job_token_scope_enabled": false },
    });
    for (name, value) in more.as_object().unwrap() {
        job[name] = value.clone();
    }
    Answer::Body(job.to_string())
}

/// A server that trusts these servers, and `acme/vpc` of the first.
fn world(gitlabs: &[&Issuer]) -> World {
    let tables: Vec<String> =
        gitlabs.iter().map(|gitlab| format!("[[ci.gitlab]]\nurl = \"{}\"", gitlab.url())).collect();
    let world = World::on(Server::builder().config(&tables.join("\n")));
    world.group("acme").project(PROJECT).user("dev", Role::Developer, PROJECT);
    let publisher = json!({
        "issuer": gitlabs[0].url(), "access_level": 30,
        "claims": { "project_path": "acme/vpc", "ref": "v*" },
    });
    let publishers = format!("/api/v4/projects/{}/trusted_publishers", encoded(PROJECT));
    world.root().post(&publishers, &publisher).must(201);
    world
}

fn packages() -> String {
    format!("/api/v4/projects/{}/packages", encoded(PROJECT))
}

fn with_token(world: &World, token: &str) -> Client {
    world.anonymous().with("JOB-TOKEN", token)
}

#[test]
fn a_pipeline_of_a_gitlab_publishes_with_its_own_job_token() {
    let gitlab = Issuer::start(REFUSED);
    gitlab.set(job(&gitlab.url(), &json!({})));
    let world = world(&[&gitlab]);
    let client = with_token(&world, "glcbt-64_secret");
    upload(&client, PROJECT, "vpc/aws", "1.2.0", Module::of("one")).must(201);
    let id = world.package_id(PROJECT, "vpc/aws", "1.2.0");
    let package = world.client("dev").get(&format!("/api/v4/projects/{}/packages/{id}", encoded(PROJECT)));
    let provenance = package.must(200).json()["provenance"].clone();
    assert_eq!(provenance["verified_by"], json!({ "kind": "gitlab", "url": gitlab.url() }));
    assert_eq!((&provenance["user"], &provenance["sha"]), (&json!("ada"), &json!(SHA)));
    assert_eq!(provenance["job"]["name"], "publish");
    assert_eq!(provenance["pipeline"]["iid"], 5);
    assert_eq!(provenance["pipeline"]["web_url"], format!("{}/acme/vpc/-/pipelines/77", gitlab.url()));
    let basic = world.anonymous().with(
        "Authorization",
        // gitlab-ci-token:glcbt-64_secret
        "Basic Z2l0bGFiLWNpLXRva2VuOmdsY2J0LTY0X3NlY3JldA==",
    );
    basic.get(&packages()).must(200);
    assert_eq!(gitlab.requests(), 1, "it is asked once for a while");
    assert!(!world.server.log().contains("glcbt-"), "the token is not logged");
}

#[test]
fn only_a_running_job_of_the_trusted_project_is_believed() {
    let gitlab = Issuer::start(REFUSED);
    let world = world(&[&gitlab]);
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    let url = gitlab.url();
    let elsewhere = "https://other.example/acme/vpc/-/jobs/99";
    for (number, (situation, answer, expected)) in [
        ("a running job", job(&url, &json!({})), 200),
        ("a job that is over", job(&url, &json!({ "status": "success" })), 401),
        (
            "a job of another project",
            job(&url, &json!({ "web_url": format!("{url}/acme/other/-/jobs/9") })),
            404,
        ),
        ("a job of another ref", job(&url, &json!({ "ref": "main" })), 404),
        ("a job of another server", job(&url, &json!({ "web_url": elsewhere })), 401),
        ("a token that is none", REFUSED, 401),
        ("something that is no job", Answer::Body("[]".to_owned()), 503),
        ("no answer", Answer::Down, 503),
        ("a redirect", Answer::Refusal("302 Found\r\nlocation: /"), 503),
    ]
    .into_iter()
    .enumerate()
    {
        gitlab.set(answer);
        // Another token each time: an answer is believed for a while.
        let client = with_token(&world, &format!("glcbt-{number}"));
        let answer = client.get(&packages());
        assert_eq!(answer.status, expected, "{situation}: {}", answer.text());
    }
}

#[test]
fn of_several_gitlabs_only_the_one_that_is_named_sees_the_token() {
    let (own, other) = (Issuer::start(REFUSED), Issuer::start(REFUSED));
    own.set(job(&own.url(), &json!({})));
    let world = world(&[&own, &other]);
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    let client = with_token(&world, "glcbt-1");
    let refused = client.get(&packages()).must(401);
    assert!(refused.text().contains("X-Gitlab-Url"), "{}", refused.text());
    for named in [own.url(), format!("{}/", own.url())] {
        client.with("X-Gitlab-Url", &named).get(&packages()).must(200);
    }
    let stranger = client.with("X-Gitlab-Url", "https://evil.example");
    assert_eq!(stranger.get(&packages()).status, 401);
    assert_eq!((own.requests(), other.requests()), (1, 0));
}

#[test]
fn a_server_that_trusts_no_gitlab_says_so() {
    let world = World::start();
    world.group("acme");
    let refused = with_token(&world, "glcbt-1").get(&packages()).must(401);
    assert!(refused.text().contains("[[ci.gitlab]]"), "{}", refused.text());
}
