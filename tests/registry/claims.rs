//! What a publisher says of where a module comes from, when its credential does not prove that.

use cairn::domain::Role;
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::browser::Browser;
use crate::support::client::Response;
use crate::support::world::{World, encoded, upload};

const PROJECT: &str = "acme/network";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn acme() -> World {
    let world = World::start();
    world.group("acme").public_project(PROJECT).user("dev", Role::Developer, PROJECT);
    world.deploy_token("deploy", PROJECT, &["write_package_registry"]);
    world
}

/// Publishes with what is said of it.
fn publish(world: &World, who: &str, version: &str, claim: &str) -> Response {
    let client = world.client(who).with("X-Cairn-Provenance", claim);
    upload(&client, PROJECT, "vpc/aws", version, Module::of(version))
}

fn package(world: &World, version: &str) -> (String, Value) {
    let id = world.package_id(PROJECT, "vpc/aws", version);
    let url = format!("/api/v4/projects/{}/packages/{id}", encoded(PROJECT));
    let package = world.anonymous().get(&url).must(200).json();
    (url, package)
}

#[test]
fn what_a_token_says_of_itself_is_kept_as_not_verified() {
    let world = acme();
    let claim = json!({
        "pipeline": { "id": 77, "iid": 7, "web_url": "https://gitlab.example/a/b/-/pipelines/77", "source": "push" },
        "job": { "name": "publish", "web_url": "https://gitlab.example/a/b/-/jobs/5" },
        "ref": "v1.0.0",
        "sha": SHA,
        "source_project": "a/b",
        "user": "\u{3b1}da",
    });
    for (who, version) in [("dev", "1.0.0"), ("deploy", "1.0.1")] {
        publish(&world, who, version, &claim.to_string()).must(201);
        let (url, package) = package(&world, version);
        let known = &package["provenance"];
        assert_eq!(known["verified"], false, "{who}: {package}");
        assert_eq!(known["verified_by"], json!({ "kind": "not_verified", "url": null }));
        for name in ["ref", "sha", "job", "source_project", "user"] {
            assert_eq!(known[name], claim[name], "{who}: {name}");
        }
        assert_eq!(known["commit_url"], format!("https://gitlab.example/a/b/-/commit/{SHA}"));
        assert_eq!(package["pipeline"]["id"], 77);
        let pipelines = world.anonymous().get(&format!("{url}/pipelines")).must(200).json();
        assert_eq!(
            (&pipelines[0]["id"], &pipelines[0]["provenance"]["verified"]),
            (&json!(77), &json!(false))
        );
        let page = format!("/{PROJECT}/-/infrastructure_registry/{}?tab=activity", package["id"]);
        let html = Browser::new(world.anonymous()).page(&page).text();
        assert!(html.contains("Not verified") && html.contains("#77"), "{html}");
    }
}

#[test]
fn what_says_nothing_leaves_nothing() {
    let world = acme();
    for (version, claim) in
        [("1.0.0", ""), ("1.0.1", "{}"), ("1.0.2", r#"{"pipeline":null,"job":{},"other":[1]}"#)]
    {
        publish(&world, "dev", version, claim).must(201);
        assert!(package(&world, version).1.get("provenance").is_none(), "{claim}");
    }
}

#[test]
fn whatever_cannot_be_shown_is_refused_by_name_and_publishes_nothing() {
    let world = acme();
    let page = |url: &str| json!({ "pipeline": { "id": 1, "web_url": url } }).to_string();
    let long = "a".repeat(256);
    for (claim, said) in [
        ("nonsense".to_owned(), "not a JSON object"),
        ("[]".to_owned(), "not a JSON object"),
        ("\"x\"".to_owned(), "not a JSON object"),
        ("{} {}".to_owned(), "not a JSON object"),
        (format!("{}{}", "[".repeat(4000), "]".repeat(4000)), "not a JSON object"),
        ("{\"ref\":\"\u{80}\"}".to_owned(), "ref must be one line"),
        (format!("{{\"ref\":\"{}\"}}", "a".repeat(8192)), "more than 8192 bytes"),
        (page("javascript:alert(1)"), "pipeline: web_url must be an http or https URL"),
        (page("data:text/html,x"), "pipeline: web_url"),
        (page("https://ada:secret@gitlab.example/"), "pipeline: web_url"),
        (page("//gitlab.example/"), "pipeline: web_url"),
        (json!({ "job": { "web_url": "https://a/\u{7}" } }).to_string(), "job: web_url"),
        (json!({ "commit_url": "ftp://a/" }).to_string(), "commit_url must be"),
        (json!({ "pipeline": {} }).to_string(), "pipeline: id is missing"),
        (json!({ "pipeline": { "id": -1 } }).to_string(), "pipeline: id is invalid"),
        (json!({ "pipeline": { "id": 1.5 } }).to_string(), "pipeline: id is invalid"),
        (json!({ "pipeline": { "id": 1, "iid": {} } }).to_string(), "pipeline: iid is invalid"),
        (json!({ "pipeline": "77" }).to_string(), "pipeline is invalid"),
        (json!({ "job": [] }).to_string(), "job is invalid"),
        (json!({ "job": { "name": ["x"] } }).to_string(), "job: name is invalid"),
        (json!({ "ref": "a\u{0}b" }).to_string(), "ref must be one line"),
        (json!({ "ref": "a\r\nX-Injected: 1" }).to_string(), "ref must be one line"),
        (json!({ "user": "a\u{202e}b" }).to_string(), "user must be one line"),
        (json!({ "user": true }).to_string(), "user is invalid"),
        (json!({ "source_project": long }).to_string(), "source_project must be one line"),
        (json!({ "sha": "HEAD" }).to_string(), "sha must be the full name of a commit"),
        (json!({ "sha": SHA.to_uppercase() }).to_string(), "sha must be"),
    ] {
        let refused = publish(&world, "dev", "1.0.0", &claim);
        let text = refused.text();
        assert_eq!(refused.status, 400, "{claim:.80}: {text}");
        assert!(text.contains("X-Cairn-Provenance") && text.contains(said), "{claim:.80}: {said}: {text}");
    }
    let twice = world.client("dev").with("X-Cairn-Provenance", "{}").with("X-Cairn-Provenance", "{}");
    upload(&twice, PROJECT, "vpc/aws", "1.0.0", Module::of("x")).must(400);
    assert!(world.packages(PROJECT).is_empty());
}

#[test]
fn a_bad_claim_is_said_after_rights_and_before_duplicates() {
    let world = acme();
    world.user("guest", Role::Guest, PROJECT);
    publish(&world, "guest", "1.0.0", "nonsense").must(403);
    publish(&world, "dev", "1.0.0", "{}").must(201);
    publish(&world, "dev", "1.0.0", "nonsense").must(400);
    publish(&world, "dev", "1.0.0", "{}").must(403);
}
