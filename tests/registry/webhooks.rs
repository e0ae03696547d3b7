//! Webhooks: what a receiver is sent, signed with what, when it is sent again, and where nothing is ever sent.

use std::collections::BTreeSet;

use cairn::domain::Role;
use data_encoding::BASE64;
use ring::hmac;
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::eventually;
use crate::support::receiver::{Answer, Received, Receiver};
use crate::support::server::{Builder, Server};
use crate::support::world::{World, encoded};

const PROJECT: &str = "acme/network";
const SECRET: &str = "a-secret-of-the-tests-0123456789";

/// A server that lets webhooks go to this machine.
fn allowing() -> Builder {
    Server::builder()
        .flag("--webhook-allow=127.0.0.0/8")
        .flag("--external-url=https://registry.example")
        .config("[limits]\nwebhook-retry-seconds = 1\n")
}

fn world(builder: Builder) -> World {
    let world = World::on(builder);
    world.group("acme").project(PROJECT).user("boss", Role::Maintainer, PROJECT);
    world
}

fn hooks(project: &str) -> String {
    format!("/api/v4/projects/{}/hooks", encoded(project))
}

/// Adds a webhook, and returns where it is.
fn add(world: &World, project: &str, url: &str) -> String {
    let added = world.root().post(&hooks(project), &json!({ "url": url, "token": SECRET })).must(201).json();
    format!("{}/{}", hooks(project), added["id"])
}

fn events(world: &World, hook: &str) -> Vec<Value> {
    world.root().get(&format!("{hook}/events")).must(200).json().as_array().unwrap().clone()
}

/// Waits for the outcome of the newest event.
fn outcome(world: &World, hook: &str) -> Value {
    let mut found = Value::Null;
    eventually("an event was sent or given up", || {
        found = events(world, hook).first().cloned().unwrap_or_default();
        found["attempts"].as_u64() > Some(0)
    });
    found
}

/// Whether a request was signed with a key, as the README tells receivers to check.
fn is_signed(received: &Received, key: &[u8]) -> bool {
    let (id, at) = (received.header("webhook-id"), received.header("webhook-timestamp"));
    let signed = format!("{id}.{at}.{}", received.body);
    let given = received.header("webhook-signature").strip_prefix("v1,").unwrap();
    let given = BASE64.decode(given.as_bytes()).unwrap();
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes(), &given).is_ok()
}

#[test]
fn receivers_are_told_what_was_published_deleted_and_changed_by_whom() {
    let world = world(allowing());
    let receiver = Receiver::start();
    let boss = world.client("boss");
    let added = boss.post(&hooks(PROJECT), &json!({ "url": receiver.url(), "token": SECRET })).must(201);
    assert_eq!(added.json().get("token"), None, "whoever sent it knows it");

    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    let published = receiver.wait_for(1).remove(0);
    assert_eq!(published.line, "POST /hook HTTP/1.1");
    assert_eq!(published.header("content-type"), "application/json");
    assert_eq!(published.header("x-cairn-event"), "package.published");
    assert_eq!(published.header("idempotency-key"), published.header("webhook-id"));
    assert!(is_signed(&published, SECRET.as_bytes()) && !is_signed(&published, b"another"));
    let package = world.package_id(PROJECT, "vpc/aws", "1.0.0");
    let body = published.json();
    let page = format!("https://registry.example/{PROJECT}/-/infrastructure_registry/{package}");
    assert_eq!(body["event"], "package.published");
    let project = json!({
        "id": world.project_id(PROJECT), "path": PROJECT, "web_url": format!("https://registry.example/{PROJECT}"),
    });
    assert_eq!(body["project"], project);
    let digest = world.server.blobs().remove(0);
    assert_eq!(
        body["package"],
        json!({
            "id": package, "name": "vpc", "system": "aws", "version": "1.0.0", "sha256": digest, "web_url": page,
        })
    );
    assert_eq!(body["actor"], json!({ "kind": "user", "name": "root" }));
    assert_eq!(body["provenance"], Value::Null);

    let change = json!({ "visibility": "public", "description": "" });
    boss.put_json(&format!("/api/v4/projects/{}", encoded(PROJECT)), &change).must(200);
    let changed = receiver.wait_for(2).remove(1);
    assert_eq!(changed.header("x-cairn-event"), "project.changed");
    let body = changed.json();
    assert_eq!(body["changes"], json!({ "visibility": { "from": "private", "to": "public" } }));
    assert_eq!(body["actor"], json!({ "kind": "user", "name": "boss" }));

    world.delete_package(PROJECT, "vpc/aws", "1.0.0");
    let deleted = receiver.wait_for(3).remove(2);
    assert_eq!(deleted.header("x-cairn-event"), "package.deleted");
    assert_eq!(deleted.json()["package"]["web_url"], Value::Null);
    assert_eq!(deleted.json()["package"]["sha256"], digest);
    assert!(is_signed(&changed, SECRET.as_bytes()) && is_signed(&deleted, SECRET.as_bytes()));
    world.server.cli_ok(&["verify"]);
}

#[test]
fn a_webhook_is_told_only_of_what_it_asked_for() {
    let world = world(allowing());
    let (packages, settings) = (Receiver::start(), Receiver::start());
    for (receiver, off) in [(&packages, "project_events"), (&settings, "package_events")] {
        world.root().post(&hooks(PROJECT), &json!({ "url": receiver.url(), off: false })).must(201);
    }
    world.change_project(PROJECT, &json!({ "description": "new" }));
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    world.change_project(PROJECT, &json!({ "description": "newer" }));
    let told = |receiver: &Receiver, count| -> Vec<String> {
        receiver.wait_for(count).iter().map(|one| one.header("x-cairn-event").to_owned()).collect()
    };
    assert_eq!(told(&settings, 2), ["project.changed", "project.changed"]);
    assert_eq!(told(&packages, 1), ["package.published"]);
}

#[test]
fn what_is_refused_is_sent_again_with_the_same_id() {
    let world = world(allowing());
    let receiver = Receiver::answering("500 Internal Server Error");
    let hook = add(&world, PROJECT, &receiver.url());
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    receiver.wait_for(1);
    let refused = outcome(&world, &hook);
    assert_eq!(refused["response_status"], 500);
    assert_eq!(refused["error"], "the receiver answered 500");
    receiver.set(Answer::Down);
    receiver.wait_for(2);
    receiver.set(Answer::Status("200 OK".to_owned()));
    let received = receiver.wait_for(3);
    let ids: BTreeSet<&str> = received.iter().map(|one| one.header("webhook-id")).collect();
    assert_eq!(ids.len(), 1, "{received:?}");
    assert!(received.iter().all(|one| is_signed(one, SECRET.as_bytes()) && one.body == received[0].body));
    eventually("it is delivered", || events(&world, &hook)[0]["state"] == "delivered");
    assert_eq!(events(&world, &hook)[0]["attempts"], 3);
    assert_eq!(world.root().get(&hook).json()["failing_since"], Value::Null);
}

#[test]
fn what_was_not_sent_survives_a_kill() {
    let mut world = world(allowing());
    let receiver = Receiver::start();
    receiver.set(Answer::Slow);
    let hook = add(&world, PROJECT, &receiver.url());
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    world.publish(PROJECT, "vpc/aws", "1.1.0", Module::of("two"));
    world.publish(PROJECT, "vpc/aws", "1.2.0", Module::of("three"));
    receiver.wait_for(2);
    world.server.kill();
    receiver.set(Answer::Status("204 No Content".to_owned()));
    world.server.restart();
    eventually("all are delivered", || {
        let events = events(&world, &hook);
        events.len() == 3 && events.iter().all(|event| event["state"] == "delivered")
    });
    let versions: BTreeSet<String> =
        receiver.received().iter().map(|one| one.json()["package"]["version"].to_string()).collect();
    assert_eq!(versions.len(), 3, "{versions:?}");
    world.server.cli_ok(&["verify"]);
}

#[test]
fn nothing_is_sent_to_this_machine_unless_that_is_allowed() {
    let mut world = world(Server::builder());
    let receiver = Receiver::start();
    let port = receiver.port();
    let mut first = String::new();
    for (host, found) in [
        ("127.0.0.1", "127.0.0.1 is loopback"),
        ("localhost", "127.0.0.1 is loopback"),
        ("LOCALHOST.", "127.0.0.1 is loopback"),
        ("registry.localhost", "127.0.0.1 is loopback"),
        ("0x7f000001", "127.0.0.1 is loopback"),
        ("2130706433", "127.0.0.1 is loopback"),
        ("0177.1", "127.0.0.1 is loopback"),
        ("127.1", "127.0.0.1 is loopback"),
        ("0", "0.0.0.0 is unspecified"),
        ("[::1]", "::1 is loopback"),
        ("[::]", ":: is unspecified"),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1 is loopback"),
        ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1 is loopback"),
        ("169.254.169.254", "169.254.169.254 is link-local"),
        ("10.0.0.1", "10.0.0.1 is private"),
        ("[fe80::1]", "fe80::1 is link-local"),
        ("[fd00::1]", "fd00::1 is private"),
    ] {
        let hook = add(&world, PROJECT, &format!("http://{host}:{port}/"));
        world.root().post(&format!("{hook}/test/package_events"), &json!({})).must(201);
        let refused = outcome(&world, &hook);
        let error = refused["error"].as_str().unwrap_or_default().to_owned();
        assert!(error.contains(found) && error.contains("webhook-allow"), "{host}: {refused}");
        assert_eq!(
            (&refused["state"], &refused["response_status"]),
            (&json!("failed"), &Value::Null),
            "{host}"
        );
        if first.is_empty() {
            first = hook;
        } else {
            world.root().delete(&hook).must(204);
        }
    }
    assert!(receiver.received().is_empty());
    world.server.restart_with(|builder| builder.flag("--webhook-allow=127.0.0.1"));
    world.root().post(&format!("{first}/test/package_events"), &json!({})).must(201);
    assert_eq!(receiver.wait_for(1)[0].header("x-cairn-event"), "test");
}

#[test]
fn redirects_are_not_followed() {
    let world = world(allowing());
    let target = Receiver::start();
    let receiver = Receiver::answering(&format!("302 Found\r\nlocation: {}", target.url()));
    let hook = add(&world, PROJECT, &receiver.url());
    world.root().post(&format!("{hook}/test/package_events"), &json!({})).must(201);
    let refused = outcome(&world, &hook);
    assert_eq!(refused["response_status"], 302);
    assert!(refused["error"].as_str().unwrap().contains("redirects are not followed"), "{refused}");
    assert!(target.received().is_empty());
}

#[test]
fn a_receiver_that_hangs_holds_up_neither_publishes_nor_other_receivers() {
    let world = world(allowing());
    let (slow, quick) = (Receiver::start(), Receiver::start());
    slow.set(Answer::Slow);
    add(&world, PROJECT, &slow.url());
    add(&world, PROJECT, &quick.url());
    for minor in 0..6 {
        world.publish(PROJECT, "vpc/aws", &format!("1.{minor}.0"), Module::of(&minor.to_string()));
    }
    quick.wait_for(6);
    slow.set(Answer::Status("204 No Content".to_owned()));
    slow.wait_for(6);
}

#[test]
fn a_secret_is_never_shown_again() {
    let mut world = world(allowing());
    let receiver = Receiver::start();
    let hook = add(&world, PROJECT, &receiver.url());
    let made_up = world.root().post(&hooks(PROJECT), &json!({ "url": receiver.url() })).must(201).json();
    let key = made_up["token"].as_str().unwrap().to_owned();
    let raw = BASE64.decode(key.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    let received = receiver.wait_for(2);
    for key in [SECRET.as_bytes(), &raw] {
        assert_eq!(received.iter().filter(|one| is_signed(one, key)).count(), 1);
    }
    let root = world.root();
    let changed = root.put_json(&hook, &json!({ "name": "chat", "token": format!("{SECRET}-2") })).must(200);
    let mut shown = vec![changed.text()];
    for target in [hooks(PROJECT), hook.clone(), format!("{hook}/events")] {
        shown.push(root.get(&target).must(200).text());
    }
    let second = format!("{}/{}", hooks(PROJECT), made_up["id"]);
    shown.push(root.get(&second).must(200).text());
    shown.extend(received.iter().map(|one| format!("{one:?}")));
    shown.push(world.server.stop());
    for text in shown {
        assert!(!text.contains(SECRET) && !text.contains(&key), "{text}");
    }
}

#[test]
fn what_cannot_be_a_webhook_is_refused_with_a_sentence() {
    let world = world(allowing());
    let root = world.root();
    let long = format!("https://hooks.example/{}", "a".repeat(2048));
    for (body, told) in [
        (json!({}), "url is missing"),
        (json!({ "url": "ftp://hooks.example" }), "url must be an http or https URL"),
        (json!({ "url": long }), "url must be an http or https URL"),
        (json!({ "url": "https://ada:pw@hooks.example" }), "url must hold no user name"),
        (json!({ "url": "https://hooks.example", "token": "short" }), "token must have 16 to 255"),
        (json!({ "url": "https://hooks.example", "token": "whsec_?????????????" }), "base64"),
        (json!({ "url": "https://hooks.example", "name": "a\nb" }), "name must be one line"),
        (
            json!({ "url": "https://hooks.example", "enable_ssl_verification": false }),
            "enable_ssl_verification cannot be switched off",
        ),
    ] {
        let answer = root.post(&hooks(PROJECT), &body).must(400);
        assert!(answer.text().contains(told), "{body}: {}", answer.text());
    }
    let hook = add(&world, PROJECT, "https://hooks.example");
    root.post(&format!("{hook}/test/push_events"), &json!({})).must(400);
    root.get(&format!("{}/999", hooks(PROJECT))).must(404);
    world.project("acme/other");
    let number = hook.rsplit('/').next().unwrap();
    root.get(&format!("{}/{number}", hooks("acme/other"))).must(404);
    for _ in 1..20 {
        add(&world, PROJECT, "https://hooks.example");
    }
    let full = root.post(&hooks(PROJECT), &json!({ "url": "https://hooks.example" })).must(400);
    assert!(full.text().contains("the project has 20 webhooks"), "{}", full.text());
}

#[test]
fn a_deleted_project_tells_nothing_more() {
    let world = world(allowing());
    world.project("acme/other");
    let receiver = Receiver::start();
    receiver.set(Answer::Down);
    let hook = add(&world, PROJECT, &receiver.url());
    add(&world, "acme/other", &receiver.url());
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    outcome(&world, &hook);
    world.root().delete(&format!("/api/v4/projects/{}", encoded(PROJECT))).must(202);
    world.root().get(&hook).must(404);
    let before = receiver.received().len();
    receiver.set(Answer::Status("204 No Content".to_owned()));
    world.change_project("acme/other", &json!({ "description": "new" }));
    let after = receiver.wait_for(before + 1);
    assert_eq!(after.last().unwrap().json()["project"]["path"], "acme/other");
    world.server.cli_ok(&["verify"]);
}
