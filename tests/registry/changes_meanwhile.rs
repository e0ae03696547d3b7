//! What happens when something changes between the beginning and the end of a request.

use cairn::domain::Role;
use serde_json::json;

use crate::support::archive::Module;
use crate::support::client::Response;
use crate::support::eventually;
use crate::support::server::ROOT_TOKEN;
use crate::support::wire::Wire;
use crate::support::world::{World, upload_path};

fn world() -> World {
    let world = World::start();
    world.group("acme").project("acme/network").user("dev", Role::Developer, "acme/network");
    world
}

/// Begins to publish `acme/network` `vpc/aws` 1.0.0 and stops before the last byte, which is returned.
fn begin(world: &World, token: &str, bytes: &[u8]) -> (Wire, u8) {
    let (last, most) = bytes.split_last().unwrap();
    let mut wire = Wire::open(world.server.address());
    wire.send(format!(
        "PUT {} HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {token}\r\nContent-Length: {}\r\n\r\n",
        upload_path("acme/network", "vpc/aws", "1.0.0"),
        bytes.len()
    ));
    wire.send(most);
    eventually("the upload began", || !world.server.staged_files().is_empty());
    (wire, *last)
}

/// A situation, how it comes about, and the status of an upload that ends in it.
type Withdrawal = (&'static str, fn(&World), u16);

#[test]
fn what_is_withdrawn_while_an_upload_runs_counts_when_it_ends() {
    let archive = Module::of("one").build();
    let withdrawals: [Withdrawal; 4] = [
        (
            "the token is revoked",
            |world| {
                let mine = world.client("dev").get("/api/v4/personal_access_tokens/self").must(200).json();
                let path = format!("/api/v4/personal_access_tokens/{}", mine["id"]);
                world.root().delete(&path).must(204);
            },
            401,
        ),
        (
            "the user is blocked",
            |world| {
                world
                    .root()
                    .post(&format!("/api/v4/users/{}/block", world.user_id("dev")), &json!({}))
                    .must(201);
            },
            401,
        ),
        (
            "the membership ends",
            |world| {
                let path = format!(
                    "/api/v4/projects/{}/members/{}",
                    world.project_id("acme/network"),
                    world.user_id("dev")
                );
                world.root().delete(&path).must(204);
            },
            404,
        ),
        (
            "the registry is switched off",
            |world| {
                world.settings(&json!({ "packages_enabled": false }));
            },
            404,
        ),
    ];
    for (situation, withdraw, status) in withdrawals {
        let world = world();
        let (mut wire, last) = begin(&world, &world.token("dev"), &archive);
        withdraw(&world);
        wire.send([last]);
        let answer = wire.answer().unwrap();
        assert_eq!(answer.status, status, "{situation}: {}", answer.text());
        world.settings(&json!({ "packages_enabled": true }));
        assert!(world.packages("acme/network").is_empty(), "{situation}");
        eventually("nothing is left", || world.server.blobs().is_empty());
    }
}

#[test]
fn an_upload_whose_client_vanished_leaves_a_whole_package_or_nothing() {
    let world = world();
    let archive = Module::of("one").build();
    for round in 0..20_usize {
        let mut wire = Wire::open(world.server.address());
        let version = format!("1.0.{round}");
        wire.send(format!(
            "PUT {} HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {ROOT_TOKEN}\r\nContent-Length: {}\r\n\r\n",
            upload_path("acme/network", &format!("m{round}/aws"), &version),
            archive.len()
        ));
        // Complete, or short of its end: gone at once either way.
        wire.send(&archive[..archive.len() - round % 2]);
    }
    let idle = || {
        let metrics = world.root().get("/-/metrics").must(200).text();
        metrics.lines().any(|line| line == "cairn_uploads_in_progress 0")
    };
    eventually("every upload ended", idle);
    eventually("nothing is staged", || world.server.staged_files().is_empty());
    let dangling = || world.server.cli_ok(&["gc", "--dry-run", "--grace", "0"]);
    eventually("no blob is without a package", || dangling().starts_with("0 blobs"));
    assert!(world.server.cli_ok(&["verify"]).contains("all is well"));
    for package in world.packages("acme/network") {
        let round: usize = package["version"].as_str().unwrap().rsplit('.').next().unwrap().parse().unwrap();
        assert_eq!(round % 2, 0, "an upload that was cut short is a package: {package}");
    }
}

#[test]
fn a_namespace_given_by_number_serves_what_it_announced() {
    let world = World::start();
    world.group("acme").change_group(
        "acme",
        &json!({
            "visibility": "public", "terraform_module_duplicates_allowed": true
        }),
    );
    world.group("acme/inner").change_group("acme/inner", &json!({ "visibility": "public" }));
    world.public_project("acme/inner/one").public_project("acme/two");
    world.publish("acme/inner/one", "vpc/aws", "1.0.0", Module::of("inner"));
    world.publish("acme/two", "vpc/aws", "1.0.0", Module::of("newer"));
    for (namespace, expected) in [("acme/inner", Module::of("inner")), ("acme", Module::of("newer"))] {
        let number = world.group_id(namespace);
        let download = format!("/v1/modules/{number}/vpc/aws/1.0.0/download");
        let location =
            world.anonymous().get(&download).must(204).header("x-terraform-get").unwrap().to_owned();
        let body = world.anonymous().get(&location).must(200).body;
        assert_eq!(body, expected.build(), "{namespace}");
        assert!(location.contains(&cairn::blobs::sha256(&body).to_hex()), "{namespace}: {location}");
    }
}

#[test]
fn members_are_shown_to_users_alone() {
    let world = World::start();
    world
        .group("acme")
        .change_group("acme", &json!({ "visibility": "public" }))
        .public_project("acme/network");
    world.deploy_token("ci", "acme/network", &["write_package_registry"]).stranger("bob");
    for path in ["/api/v4/projects/acme%2Fnetwork/members", "/api/v4/groups/acme/members/all"] {
        world.anonymous().get(path).must(401);
        world.client("ci").get(path).must(403);
        world.client("bob").get(path).must(200);
    }
}

/// Asks for a change whose body is held back until something was withdrawn, and returns the answer.
fn held_back(world: &World, token: &str, path: &str, body: &str, withdraw: impl FnOnce(&World)) -> Response {
    let mut wire = Wire::open(world.server.address());
    wire.send(format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {token}\r\nContent-Type: application/json\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ));
    // Said when the body is wanted: who asks is known by then.
    assert_eq!(wire.answer().unwrap().status, 100);
    withdraw(world);
    wire.send(body);
    wire.answer().unwrap()
}

#[test]
fn a_credential_that_was_withdrawn_while_the_body_was_held_back_makes_no_other() {
    let revoke = |world: &World| {
        let mine = world.client("dev").get("/api/v4/personal_access_tokens/self").must(200).json();
        world.root().delete(&format!("/api/v4/personal_access_tokens/{}", mine["id"])).must(204);
    };
    let sha = "0".repeat(40);
    let job = json!({ "ref": "main", "sha": sha, "pipeline": { "id": 1 } }).to_string();
    let token = r#"{"name":"kept","scopes":["api"]}"#;
    let world = world();
    for (path, body) in [
        ("/api/v4/projects/acme%2Fnetwork/ci_jobs", job.as_str()),
        (&format!("/api/v4/users/{}/personal_access_tokens", world.user_id("dev")), token),
    ] {
        let attributes = json!({ "name": "leaked", "scopes": ["api"] });
        let secret = world.personal_token("dev", "dev", &attributes).token("dev");
        let answer = held_back(&world, &secret, path, body, revoke);
        assert_eq!(answer.status, 401, "{path}: {}", answer.text());
        assert!(!answer.text().contains("cairn_"), "{path}");
    }
    let kept = world.root().get("/api/v4/personal_access_tokens?search=kept").must(200).json();
    assert_eq!(kept, json!([]));
}

#[test]
fn an_administrator_who_was_demoted_while_the_body_was_held_back_stays_demoted() {
    let world = world();
    world.stranger("boss");
    let boss = format!("/api/v4/users/{}", world.user_id("boss"));
    world.root().put_json(&boss, &json!({ "admin": true })).must(200);
    let body = r#"{"username":"accomplice","name":"A","admin":true}"#;
    let answer = held_back(&world, &world.token("boss"), "/api/v4/users", body, |world| {
        world.root().put_json(&boss, &json!({ "admin": false })).must(200);
    });
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_eq!(world.root().get("/api/v4/users?username=accomplice").must(200).json(), json!([]));
}
