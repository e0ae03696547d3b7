//! People and what is theirs: own tokens, roles shown, forms, owners that stay, and what is remembered of what goes.

use cairn::domain::event::PackageAction::{self, Deleted, FileDeleted, Published};
use cairn::domain::{ProjectId, Role, Visibility};
use cairn::store::{Store, packages};
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::client::{Client, Response};
use crate::support::world::{World, encoded, upload};

#[test]
fn users_make_tokens_for_themselves() {
    let world = World::start();
    world.stranger("ada").personal_token("reader", "ada", &json!({ "name": "r", "scopes": ["read_api"] }));
    let own = "/api/v4/user/personal_access_tokens";
    let wanted = json!({ "name": "laptop", "scopes": ["read_api"], "expires_at": "2999-01-01" });
    let made = world.client("ada").post(own, &wanted).must(201).json();
    assert_eq!(
        (&made["name"], &made["scopes"], &made["expires_at"], &made["user_id"], &made["active"]),
        (
            &json!("laptop"),
            &json!(["read_api"]),
            &json!("2999-01-01"),
            &json!(world.user_id("ada")),
            &json!(true)
        )
    );
    let laptop = world.anonymous().token(made["token"].as_str().unwrap());
    assert_eq!(laptop.get("/api/v4/user").must(200).json()["username"], "ada");
    world.client("reader").post(own, &wanted).must(403);
    world.anonymous().post(own, &wanted).must(401);
    for bad in [
        json!({ "name": "x" }),
        json!({ "name": "x", "scopes": [] }),
        json!({ "name": "x", "scopes": ["sudo"] }),
        json!({ "name": "", "scopes": ["api"] }),
        json!({ "name": "x", "scopes": ["api"], "expires_at": "2001-01-01" }),
    ] {
        world.client("ada").post(own, &bad).must(400);
    }
    world.client("ada").get(own).must(405);
}

#[test]
fn a_project_shows_users_their_own_roles() {
    let world = World::start();
    world.group("acme").public_project("acme/network").user("dev", Role::Developer, "acme/network");
    world.stranger("stranger");
    let member = json!({ "user_id": world.user_id("dev"), "access_level": 10 });
    world.root().post("/api/v4/groups/acme/members", &member).must(201);
    for (who, permissions) in [
        (
            world.client("dev"),
            json!({ "project_access": { "access_level": 30 }, "group_access": { "access_level": 10 } }),
        ),
        (world.client("stranger"), json!({ "project_access": null, "group_access": null })),
        (world.root(), json!({ "project_access": null, "group_access": { "access_level": 50 } })),
        (world.anonymous(), Value::Null),
    ] {
        let shown = who.get("/api/v4/projects/acme%2Fnetwork").must(200).json();
        assert_eq!(shown["permissions"], permissions);
        assert_eq!(who.get("/api/v4/projects").must(200).json()[0]["permissions"], permissions);
    }
}

#[test]
fn the_version_says_which_revision_it_is() {
    let world = World::start();
    for target in ["/api/v4/version", "/api/v4/metadata"] {
        let shown = world.root().get(target).must(200).json();
        assert!(shown["revision"].as_str().is_some_and(|revision| !revision.is_empty()), "{shown}");
    }
}

fn form(client: &Client, method: &str, target: &str, parts: &str) -> Response {
    let body = parts.replace('\n', "\r\n");
    client.with("Content-Type", "multipart/form-data; boundary=XX").request(
        method,
        target,
        Some(body.as_bytes()),
    )
}

fn field(name: &str, value: &str) -> String {
    format!("--XX\nContent-Disposition: form-data; name=\"{name}\"\n\n{value}\n")
}

#[test]
fn parameters_may_come_as_a_multipart_form() {
    let world = World::start();
    world.group("acme").public_project("acme/network");
    let root = world.root();
    let file = "--XX\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a.png\"\nContent-Type: image/png\n\n\u{1}\u{2}\n";
    let group = field("name", "Überblick")
        + &field("path", "form")
        + file
        + &field("visibility", "public")
        + "--XX--\n";
    let made = form(&root, "POST", "/api/v4/groups?description=from+the+query", &group).must(201).json();
    assert_eq!(
        (&made["name"], &made["visibility"], &made["description"]),
        (&json!("Überblick"), &json!("public"), &json!("from the query"))
    );
    let tokens = "/api/v4/projects/acme%2Fnetwork/deploy_tokens";
    let list = field("name", "ci")
        + &field("scopes[]", "read_package_registry")
        + &field("scopes[]", "write_package_registry")
        + "--XX--\n";
    let made = form(&root, "POST", tokens, &list).must(201).json();
    assert_eq!(made["scopes"], json!(["read_package_registry", "write_package_registry"]));
    let changed = form(&root, "PUT", "/api/v4/groups/form", &(field("name", "other") + "--XX--\n"));
    assert_eq!(changed.must(200).json()["name"], "other");
}

#[test]
fn a_multipart_form_that_is_none_or_too_much_is_refused() {
    let world = World::start();
    let root = world.root();
    let whole = field("name", "x") + &field("path", "x") + "--XX--\n";
    let long = field("name", &"x".repeat(300_000)) + "--XX--\n";
    let many = field("x", "y").repeat(4_000) + "--XX--\n";
    for (situation, body) in [
        ("cut off", whole.trim_end_matches("--\n")),
        ("another boundary", &whole.replace("XX", "YY")),
        ("too long", &long),
        ("thousands of fields, and no name among them", &many),
        ("no form", "{}"),
    ] {
        let answer = form(&root, "POST", "/api/v4/groups", body);
        assert_eq!(answer.status, 400, "{situation}: {}", answer.text());
    }
    let unbounded = root.with("Content-Type", "multipart/form-data");
    unbounded.request("POST", "/api/v4/groups", Some(whole.as_bytes())).must(400);
    let not_text = [
        whole.trim_end_matches("--XX--\n").replace('\n', "\r\n").as_bytes(),
        b"--XX\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\n\xff\r\n--XX--\r\n",
    ]
    .concat();
    let client = root.with("Content-Type", "multipart/form-data; boundary=XX");
    client.request("POST", "/api/v4/groups", Some(&not_text)).must(400);
    root.get("/api/v4/groups/x").must(404);
}

#[test]
fn a_reading_token_of_a_maintainer_lists_deploy_tokens_and_changes_none() {
    let world = World::start();
    world.group("acme").public_project("acme/network").user("lead", Role::Maintainer, "acme/network");
    world.user("dev", Role::Developer, "acme/network");
    world.personal_token("reader", "lead", &json!({ "name": "r", "scopes": ["read_api"] }));
    world.deploy_token("ci", "acme/network", &["write_package_registry"]);
    let tokens = "/api/v4/projects/acme%2Fnetwork/deploy_tokens";
    let reader = world.client("reader");
    let listed = reader.get(tokens).must(200).json();
    assert_eq!(listed[0]["name"], "ci");
    let one = format!("{tokens}/{}", listed[0]["id"]);
    reader.get(&one).must(200);
    reader.delete(&one).must(403);
    reader.post(tokens, &json!({ "name": "x", "scopes": ["read_package_registry"] })).must(403);
    for (who, status) in [("dev", 403), ("ci", 403)] {
        world.client(who).get(tokens).must(status);
        world.client(who).get(&one).must(status);
    }
    reader.get("/api/v4/groups/acme/deploy_tokens").must(403);
}

#[test]
fn a_group_keeps_an_owner_whatever_is_tried() {
    let world = World::start();
    world.stranger("ada").stranger("grace");
    let (ada, root) = (world.client("ada"), world.root());
    ada.post("/api/v4/groups", &json!({ "name": "acme", "path": "acme" })).must(201);
    let (own, other) = (world.user_id("ada"), world.user_id("grace"));
    let members = "/api/v4/groups/acme/members";
    let (me, her) = (format!("{members}/{own}"), format!("{members}/{other}"));
    let user = format!("/api/v4/users/{own}");
    let all_refused = |situation: &str| {
        for client in [&ada, &root] {
            let tries = [
                client.delete(&me),
                client.put_json(&me, &json!({ "access_level": 40 })),
                client.put_json(&me, &json!({ "access_level": 50, "expires_at": "2999-01-01" })),
            ];
            for answer in tries {
                assert_eq!(answer.status, 403, "{situation}: {}", answer.text());
            }
        }
        let answer = root.delete(&user);
        assert_eq!(answer.status, 409, "{situation}: {}", answer.text());
    };
    all_refused("no other member");
    let ending = json!({ "user_id": other, "access_level": 50, "expires_at": "2999-01-01" });
    ada.post(members, &ending).must(201);
    all_refused("the other owner's time ends");
    ada.put_json(&her, &json!({ "access_level": 40, "expires_at": null })).must(200);
    all_refused("the other is no owner");
    ada.put_json(&her, &json!({ "access_level": 50, "expires_at": "" })).must(200);
    root.delete(&user).must(204);
    assert_eq!(world.client("grace").get(members).must(200).json().as_array().unwrap().len(), 1);
}

#[test]
fn a_blocked_users_tokens_are_dead_at_once_and_live_again_with_it() {
    let world = World::start();
    world.group("acme").project("acme/network").user("dev", Role::Developer, "acme/network");
    world.personal_token("second", "dev", &json!({ "name": "second", "scopes": ["read_api"] }));
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    let user = format!("/api/v4/users/{}", world.user_id("dev"));
    let statuses = || {
        let base = "/api/v4/packages/terraform/modules/v1/acme/vpc/aws/versions";
        let basic = world.anonymous().with("Authorization", &basic("dev", &world.token("dev")));
        [
            world.client("dev").get("/api/v4/user").status,
            world.client("second").get(base).status,
            basic.get("/api/v4/projects/acme%2Fnetwork").status,
            upload(&world.client("dev"), "acme/network", "vpc/aws", "1.0.0", Module::of("one")).status,
        ]
    };
    assert_eq!(statuses(), [200, 200, 200, 403]);
    world.root().post(&format!("{user}/block"), &json!({})).must(201);
    assert_eq!(statuses(), [401; 4]);
    world.root().post(&format!("{user}/unblock"), &json!({})).must(201);
    assert_eq!(statuses(), [200, 200, 200, 403]);
}

fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", data_encoding::BASE64.encode(format!("{name}:{secret}").as_bytes()))
}

#[test]
fn packages_that_go_with_a_project_a_group_or_a_user_leave_a_deletion_in_their_history() {
    let mut world = World::start();
    world.group("acme").group("acme/deep").stranger("ada");
    world.project("acme/alone").project("acme/deep/below").project("acme/kept");
    world.client("ada").post("/api/v4/projects", &json!({ "name": "modules" })).must(201);
    let projects = ["acme/alone", "acme/deep/below", "acme/kept", "ada/modules"];
    let modules = ["one/aws", "two/aws", "three/aws", "four/aws"];
    for (project, module) in projects.into_iter().zip(modules) {
        world.publish(project, module, "1.0.0", Module::of(project));
    }
    // Its file went before it: the deletion of the package is still told.
    let files = format!(
        "/api/v4/projects/{}/packages/{}/package_files",
        encoded("acme/deep/below"),
        world.package_id("acme/deep/below", "two/aws", "1.0.0")
    );
    let file = world.root().get(&files).must(200).json()[0]["id"].clone();
    world.root().delete(&format!("{files}/{file}")).must(204);
    let numbers = projects.map(|project| world.project_id(project));
    let ada = world.user_id("ada");
    world.root().delete("/api/v4/projects/acme%2Falone").must(202);
    world.root().delete("/api/v4/groups/acme%2Fdeep").must(202);
    world.root().delete(&format!("/api/v4/users/{ada}")).must(204);
    world.server.cli_ok(&["verify"]);
    world.server.stop();
    let store = Store::open(world.server.data()).unwrap();
    let history = |number: u64, module: &str| -> Vec<PackageAction> {
        let name = module.trim_end_matches("/aws").parse().unwrap();
        let (system, version) = ("aws".parse().unwrap(), "1.0.0".parse().unwrap());
        let events =
            store.read(|snapshot| packages::events(snapshot, ProjectId(number), &name, &system, &version));
        events.unwrap().into_iter().map(|event| event.action).collect()
    };
    let expected = [
        vec![Published, Deleted],
        vec![Published, FileDeleted, Deleted],
        vec![Published],
        vec![Published, Deleted],
    ];
    for ((number, module), expected) in numbers.into_iter().zip(modules).zip(expected) {
        assert_eq!(history(number, module), expected, "{module}");
    }
}

#[test]
fn private_names_are_not_told_by_taking_them() {
    let world = World::start();
    world.group_with("acme", Visibility::Private, &json!({})).stranger("stranger");
    let stranger = world.client("stranger");
    // Paths at the root are given once, so that one is taken cannot be kept from who may create there.
    stranger.post("/api/v4/groups", &json!({ "name": "x", "path": "acme" })).must(400);
    stranger.get("/api/v4/groups/acme").must(404);
}
