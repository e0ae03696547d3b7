//! Answers that were given before and are kept: after each change they are what a question never asked before gets.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use cairn::domain::{Role, Visibility};
use regex::Regex;
use serde_json::json;

use crate::support::archive::Module;
use crate::support::client::{Client, Response};
use crate::support::world::{MODULES, World};

/// A private project whose module people may and may not see, a public one with another, and one module in both.
fn world() -> World {
    let world = World::start();
    world.group("acme").project("acme/network").public_project("acme/open");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    world.publish("acme/network", "vpc/aws", "1.1.0", Module::of("two"));
    world.publish("acme/open", "dns/aws", "1.0.0", Module::of("three"));
    world.publish("acme/open", "both/aws", "1.0.0", Module::of("four"));
    world.change_group("acme", &json!({ "terraform_module_duplicates_allowed": true }));
    world.publish("acme/network", "both/aws", "2.0.0", Module::of("five"));
    world.user("dev", Role::Developer, "acme/network").stranger("stranger");
    world.deploy_token("robot", "acme/network", &["read_package_registry"]);
    world
}

/// What everybody asks for, as it is written, and as only the long way understands it: or as nobody asked it before.
fn questions() -> Vec<(String, String)> {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let spaces = "+".repeat(1 + ASKED.fetch_add(1, Ordering::Relaxed) % 200);
    let search = |words: &&str| {
        let path = format!("/v1/modules/search?q={words}");
        (path.clone(), path + &spaces)
    };
    let searches: Vec<_> = ["vpc", "both", "acme", "umbrella"].iter().map(search).collect();
    let of = |path: &str| (format!("{MODULES}/acme/{path}"), format!("{MODULES}/%61cme/{path}"));
    ["vpc/aws", "dns/aws", "both/aws", "none/aws"]
        .into_iter()
        .flat_map(|module| {
            let name = module.split('/').next().unwrap_or_default();
            [
                of(&format!("{module}/versions")),
                of(&format!("{module}/1.0.0/download")),
                of(&format!("{module}/1.1.0/download")),
                of(&format!("{module}/1.0.0/{name}-aws-1.0.0.tar.gz")),
                of(&format!("{module}/2.0.0/file")),
            ]
        })
        .chain(searches)
        .collect()
}

fn callers(world: &World) -> Vec<(&'static str, Client)> {
    let mut callers = vec![("anonymous", world.anonymous())];
    for name in ["dev", "stranger", "robot"] {
        let value = format!("Bearer {}", world.token(name));
        callers.push((name, world.anonymous().with("Authorization", &value)));
    }
    callers
}

/// What of an answer must be the same. A ticket is for whom it was given to; the namespace is as it was asked for; downloads
/// are counted a while after they are made.
fn essence(answer: &Response) -> (u16, String, String) {
    static DOWNLOADS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""downloads":\d+"#).unwrap());
    let target = answer.header("x-terraform-get").unwrap_or_default().to_owned();
    let text = answer.text().replace("%61", "a");
    (answer.status, target.replace("%61", "a"), DOWNLOADS.replace_all(&text, "").into_owned())
}

#[track_caller]
fn ask_everything(world: &World, situation: &str) -> Vec<(u16, String, String)> {
    let mut answers = Vec::new();
    for (name, client) in callers(world) {
        for (plain, long) in questions() {
            let given = [&long, &plain, &plain].map(|path| essence(&client.get(path).without_traces()));
            assert_eq!(given[0], given[1], "{situation}: {name} asks for {plain}");
            assert_eq!(given[0], given[2], "{situation}: {name} asks for {plain} again");
            answers.push(given[0].clone());
        }
    }
    answers
}

/// What changes, and how.
type Change = (&'static str, fn(&World));

const CHANGES: [Change; 14] = [
    ("a version is published", |world| {
        world.publish("acme/network", "vpc/aws", "1.2.0", Module::of("six"));
    }),
    ("a version is deleted", |world| {
        world.delete_package("acme/network", "vpc/aws", "1.1.0");
    }),
    ("a token is revoked", |world| {
        let mine = world.client("dev").get("/api/v4/personal_access_tokens/self").must(200).json();
        world.root().delete(&format!("/api/v4/personal_access_tokens/{}", mine["id"])).must(204);
    }),
    ("a user is blocked", |world| {
        let path = format!("/api/v4/users/{}/block", world.user_id("dev"));
        world.root().post(&path, &json!({})).must(201);
    }),
    ("a member is removed", |world| {
        let (project, user) = (world.project_id("acme/network"), world.user_id("dev"));
        world.root().delete(&format!("/api/v4/projects/{project}/members/{user}")).must(204);
    }),
    ("a member is added", |world| {
        world.member("stranger", Role::Reporter, "acme/network");
    }),
    ("a project is made private", |world| {
        world.change_project("acme/open", &json!({ "visibility": "private" }));
    }),
    ("a project is made public", |world| {
        world.change_project("acme/network", &json!({ "visibility": "public" }));
    }),
    ("the registry of a project is switched off", |world| {
        world.change_project("acme/network", &json!({ "package_registry_access_level": "disabled" }));
    }),
    ("the registry is switched off", |world| {
        world.settings(&json!({ "packages_enabled": false }));
    }),
    ("the group is renamed", |world| {
        world.change_group("acme", &json!({ "path": "umbrella" }));
    }),
    ("the group is renamed and its name taken", |world| {
        world.change_group("acme", &json!({ "path": "umbrella" }));
        world.group_with("acme", Visibility::Public, &json!({}));
    }),
    ("a project is deleted", |world| {
        world.root().delete(&format!("/api/v4/projects/{}", world.project_id("acme/open"))).must(202);
    }),
    ("a deploy token is revoked", |world| {
        let path = format!("/api/v4/projects/{}/deploy_tokens", world.project_id("acme/network"));
        let listed = world.root().get(&path).must(200).json();
        world.root().delete(&format!("{path}/{}", listed[0]["id"])).must(204);
    }),
];

#[test]
fn a_change_shows_in_the_very_next_answer() {
    for (situation, change) in CHANGES {
        let world = world();
        let before = ask_everything(&world, "before");
        change(&world);
        assert_ne!(ask_everything(&world, situation), before, "{situation} changes something");
    }
}

#[test]
fn what_was_asked_before_is_answered_without_reading_the_store() {
    let world = world();
    let ready = || -> u64 {
        let metrics = world.root().get("/-/metrics").must(200).text();
        let line = metrics.lines().find_map(|line| line.strip_prefix("cairn_http_ready_answers_total "));
        line.unwrap().parse().unwrap()
    };
    let dev = world.anonymous().with("Authorization", &format!("Bearer {}", world.token("dev")));
    for path in ["vpc/aws/versions", "vpc/aws/1.0.0/download", "vpc/aws/1.0.0/vpc-aws-1.0.0.tar.gz"] {
        dev.get(&format!("{MODULES}/acme/{path}"));
        let before = ready();
        for _ in 0..3 {
            dev.get(&format!("{MODULES}/acme/{path}"));
        }
        assert_eq!(ready(), before + 3, "{path}");
    }
}

#[test]
fn a_ticket_ends_with_what_it_was_given_for() {
    let world = world();
    let dev = world.anonymous().with("Authorization", &format!("Bearer {}", world.token("dev")));
    let location = dev.get(&format!("{MODULES}/acme/vpc/aws/1.0.0/download")).must(204);
    let target = location.header("x-terraform-get").unwrap_or_default().to_owned();
    assert!(target.contains("&token="), "{target}");
    let first = world.anonymous().get(&target).must(200);
    assert_eq!(world.anonymous().get(&target).must(200).body, first.body);
    let other = target.replace("1.0.0", "1.1.0");
    assert_eq!(world.anonymous().get(&other).status, 401, "a ticket opens only its own file");
    let (project, user) = (world.project_id("acme/network"), world.user_id("dev"));
    world.root().delete(&format!("/api/v4/projects/{project}/members/{user}")).must(204);
    assert_eq!(world.anonymous().get(&target).status, 401, "whom it was given to may not read it any more");
}

#[test]
fn downloads_of_kept_archives_are_counted() {
    let world = world();
    let path = format!("{MODULES}/acme/dns/aws/1.0.0/file");
    for _ in 0..3 {
        world.anonymous().get(&path).must(200);
    }
    let summary = "/v2/modules/acme/dns/aws/downloads/summary";
    crate::support::eventually("all are counted", || {
        world.root().get(summary).must(200).json()["data"]["attributes"]["total"] == 3
    });
}
