//! Credentials: every form they come in, several of them at once, and the tickets of archive URLs.

use cairn::domain::{RegistryAccess, Role, Visibility};
use data_encoding::BASE64;
use serde_json::json;

use crate::support::archive::Module;
use crate::support::client::Client;
use crate::support::world::{MODULES, World, encoded};

const PROJECT: &str = "acme/network";
const VERSIONS: &str = "/api/v4/packages/terraform/modules/v1/acme/vpc/aws/versions";
const DOWNLOAD: &str = "/api/v4/packages/terraform/modules/v1/acme/vpc/aws/1.0.0/download";

/// A private project with a developer, a reading deploy token and `vpc/aws` 1.0.0.
fn acme() -> World {
    let world = World::start();
    world.group_with("acme", Visibility::Private, &json!({})).project(PROJECT);
    world.user("dev", Role::Developer, PROJECT);
    world.deploy_token("reader", PROJECT, &["read_package_registry"]);
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    world
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()))
}

/// The archive URL that somebody gets.
fn archive_url(client: &Client, target: &str) -> String {
    client.get(target).must(204).header("x-terraform-get").unwrap().to_owned()
}

#[test]
fn a_token_is_taken_in_every_form() {
    let world = acme();
    let (dev, reader) = (world.token("dev"), world.token("reader"));
    for (form, name, value, status) in [
        ("private token", "PRIVATE-TOKEN", dev.clone(), 200),
        ("private token, lower case", "private-token", dev.clone(), 200),
        ("job token header", "JOB-TOKEN", dev.clone(), 200),
        ("deploy token header", "DEPLOY-TOKEN", reader.clone(), 200),
        ("deploy token as private token", "PRIVATE-TOKEN", reader.clone(), 200),
        ("bearer", "Authorization", format!("Bearer {dev}"), 200),
        ("bearer of a deploy token", "Authorization", format!("bearer {reader}"), 200),
        ("basic", "Authorization", basic("dev", &dev), 200),
        ("basic, other case", "Authorization", basic("DEV", &dev), 200),
        ("basic of a deploy token", "Authorization", basic("reader", &reader), 200),
        ("basic with a wrong user", "Authorization", basic("root", &dev), 401),
        ("basic with no user", "Authorization", basic("", &dev), 401),
        ("basic of a deploy token, wrong user", "Authorization", basic("dev", &reader), 401),
        ("empty bearer", "Authorization", "Bearer ".to_owned(), 401),
        ("empty private token", "PRIVATE-TOKEN", String::new(), 401),
        ("unknown scheme", "Authorization", format!("Digest {dev}"), 401),
        ("broken base64", "Authorization", "Basic !!!".to_owned(), 401),
        ("a token cut short", "PRIVATE-TOKEN", dev[..dev.len() - 1].to_owned(), 401),
        ("a very long token", "PRIVATE-TOKEN", "x".repeat(20_000), 401),
    ] {
        let answer = world.anonymous().with(name, &value).get(VERSIONS);
        assert_eq!(answer.status, status, "{form}: {}", answer.text());
    }
}

#[test]
fn an_empty_credential_is_anonymous() {
    let world = acme();
    world.group("open").public_project("open/modules");
    world.publish("open/modules", "vpc/aws", "1.0.0", Module::of("open"));
    let target = format!("{MODULES}/open/vpc/aws/versions");
    for (name, value) in [("Authorization", "Bearer "), ("Authorization", "Bearer"), ("PRIVATE-TOKEN", "")] {
        world.anonymous().with(name, value).get(&target).must(200);
    }
    world.anonymous().with("Authorization", "Bearer x").get(&target).must(401);
    let file = format!("{MODULES}/open/vpc/aws/1.0.0/file?token=");
    world.anonymous().get(&file).must(200);
}

#[test]
fn two_different_credentials_are_refused_and_the_same_twice_is_fine() {
    let world = acme();
    let dev = world.token("dev");
    let client = world.client("dev");
    client.with("Authorization", &format!("Bearer {dev}")).get(VERSIONS).must(200);
    client.with("Authorization", &basic("dev", &dev)).get(VERSIONS).must(200);
    client.token(&dev).get(VERSIONS).must(200);
    let refused = client.with("DEPLOY-TOKEN", &world.token("reader")).get(VERSIONS).must(400);
    assert!(refused.text().contains("two different credentials"), "{}", refused.text());
    client.with("Authorization", "Bearer nonsense").get(VERSIONS).must(400);
    client.token("another").get(VERSIONS).must(400);
}

#[test]
fn discovery_looks_at_no_credential_and_at_no_switch() {
    let world = acme();
    let discovery = |client: &Client| client.get("/.well-known/terraform.json").must(200).json();
    let expected = discovery(&world.anonymous());
    assert_eq!(expected["modules.v1"], "/api/v4/packages/terraform/modules/v1/");
    let dev = world.client("dev");
    for client in [world.anonymous(), world.anonymous().token("bad"), dev.token("another"), dev] {
        assert_eq!(discovery(&client), expected);
    }
    world.settings(&json!({ "packages_enabled": false }));
    assert_eq!(discovery(&world.anonymous()), expected);
}

#[test]
fn a_ticket_decides_alone_and_works_more_than_once() {
    let world = acme();
    let url = archive_url(&world.client("dev"), DOWNLOAD);
    assert!(url.contains("&token=") && !url.contains(&world.token("dev")), "{url}");
    let anonymous = world.anonymous();
    for (situation, client) in [
        ("no credential", anonymous.clone()),
        ("a bad token", anonymous.token("bad")),
        ("a stranger's password", anonymous.with("Authorization", &basic("me", "hunter2"))),
        ("two credentials", anonymous.token("bad").with("Authorization", "Bearer worse")),
        ("a malformed header", anonymous.with("Authorization", "Nonsense")),
    ] {
        let head = client.head(&url);
        assert_eq!((head.status, head.body.len()), (200, 0), "{situation}");
        assert_eq!(client.get(&url).must(200).body, Module::of("one").build(), "{situation}");
    }
    assert_eq!(archive_url(&world.client("reader"), DOWNLOAD).split("token=").count(), 2);
}

#[test]
fn a_query_in_another_order_is_the_same_query() {
    let world = acme();
    let url = archive_url(&world.client("dev"), DOWNLOAD);
    let (path, query) = url.split_once('?').unwrap();
    let turned: Vec<&str> = query.split('&').rev().collect();
    world.anonymous().get(&format!("{path}?archive=tgz&{}", turned.join("&"))).must(200);
}

#[test]
fn a_ticket_opens_its_own_file_and_nothing_else() {
    let world = acme();
    world.publish(PROJECT, "vpc/aws", "1.0.1", Module::of("two"));
    world.publish(PROJECT, "lb/aws", "1.0.0", Module::of("three"));
    let url = archive_url(&world.client("dev"), DOWNLOAD);
    let ticket = url.split("token=").nth(1).unwrap();
    let n = format!("{MODULES}/acme");
    for (situation, target, status) in [
        ("its file", format!("{n}/vpc/aws/1.0.0/vpc-aws-1.0.0.tar.gz?token={ticket}"), 200),
        ("its file by the short name", format!("{n}/vpc/aws/1.0.0/file?token={ticket}"), 200),
        ("another version", format!("{n}/vpc/aws/1.0.1/file?token={ticket}"), 401),
        ("another module", format!("{n}/lb/aws/1.0.0/file?token={ticket}"), 401),
        ("an unknown module", format!("{n}/none/aws/1.0.0/file?token={ticket}"), 401),
        ("another namespace", format!("{MODULES}/none/vpc/aws/1.0.0/file?token={ticket}"), 401),
        ("the list", format!("{VERSIONS}?token={ticket}"), 401),
        ("the download", format!("{DOWNLOAD}?token={ticket}"), 401),
        ("a ticket cut short", format!("{n}/vpc/aws/1.0.0/file?token={}", &ticket[1..]), 401),
        ("a token as a ticket", format!("{n}/vpc/aws/1.0.0/file?token={}", world.token("dev")), 401),
        ("the packages API", format!("/api/v4/projects/{}/packages?token={ticket}", encoded(PROJECT)), 404),
    ] {
        let answer = world.anonymous().get(&target);
        assert_eq!(answer.status, status, "{situation}: {}", answer.text());
    }
    let bearer = world.anonymous().with("Authorization", &format!("Bearer {ticket}"));
    bearer.get(VERSIONS).must(401);
}

#[test]
fn a_bad_ticket_is_refused_on_a_public_file_too() {
    let world = World::start();
    world.group("open").public_project("open/modules");
    world.publish("open/modules", "vpc/aws", "1.0.0", Module::of("open"));
    let file = format!("{MODULES}/open/vpc/aws/1.0.0/file?token=nonsense");
    world.anonymous().get(&file).must(401);
    world.root().get(&file).must(401);
}

/// A situation, how it comes about, and the status that a ticket has from then on.
type Change<'a> = (&'a str, &'a dyn Fn(&World), u16);

#[test]
fn a_ticket_ends_with_the_access_it_stands_for() {
    let member = |world: &World| format!("/api/v4/projects/acme%2Fnetwork/members/{}", world.user_id("dev"));
    let changes: [Change<'_>; 7] = [
        (
            "the token is revoked",
            &|world| {
                world.client("dev").delete("/api/v4/personal_access_tokens/self").must(204);
            },
            401,
        ),
        (
            "the membership is removed",
            &|world| {
                world.root().delete(&member(world)).must(204);
            },
            401,
        ),
        (
            "the user is blocked",
            &|world| {
                let path = format!("/api/v4/users/{}/block", world.user_id("dev"));
                world.root().post(&path, &json!({})).must(201);
            },
            401,
        ),
        (
            "the user is deleted",
            &|world| {
                world.root().delete(&format!("/api/v4/users/{}", world.user_id("dev"))).must(204);
            },
            401,
        ),
        (
            "the project's registry is switched off",
            &|world| {
                world.change_project(PROJECT, &json!({ "package_registry_access_level": "disabled" }));
            },
            401,
        ),
        (
            "the instance's registry is switched off",
            &|world| {
                world.settings(&json!({ "packages_enabled": false }));
            },
            404,
        ),
        (
            "the package is deleted",
            &|world| {
                let package = world.package_id(PROJECT, "vpc/aws", "1.0.0");
                world.root().delete(&format!("/api/v4/projects/acme%2Fnetwork/packages/{package}")).must(204);
            },
            401,
        ),
    ];
    for (situation, change, status) in changes {
        let world = acme();
        let url = archive_url(&world.client("dev"), DOWNLOAD);
        world.anonymous().get(&url).must(200);
        change(&world);
        let answer = world.anonymous().get(&url);
        assert_eq!(answer.status, status, "{situation}: {}", answer.text());
    }
}

#[test]
fn a_public_archive_needs_no_ticket_and_does_not_mind_what_netrc_adds() {
    let world = World::start();
    world.group("open").public_project("open/modules");
    world.group_with("closed", Visibility::Private, &json!({}));
    world.project_with("closed/modules", Visibility::Private, RegistryAccess::Enabled);
    for project in ["open/modules", "closed/modules"] {
        world.publish(project, "vpc/aws", "1.0.0", Module::of(project));
    }
    let open = format!("{MODULES}/open/vpc/aws/1.0.0");
    let url = archive_url(&world.anonymous(), &format!("{open}/download"));
    assert!(url.contains("checksum=sha256:") && !url.contains("token="), "{url}");
    assert_eq!(archive_url(&world.root(), &format!("{open}/download")), url, "nor for somebody signed in");
    let netrc = world.anonymous().with("Authorization", &basic("me", "hunter2"));
    netrc.get(&url).must(200);
    netrc.get(&format!("{open}/download")).must(401);
    world.anonymous().token("bad").get(&url).must(401);
    let closed = format!("{MODULES}/closed/vpc/aws/1.0.0/file");
    netrc.get(&closed).must(401);
    world.root().get(&closed).must(200);
}
