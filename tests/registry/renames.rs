//! Groups, projects and users under another path: everything moves, old paths lead on, and whoever takes one has it.

use cairn::domain::{ProjectId, Role, Visibility};
use cairn::store::tables::{FORMER_NAMES, FORMER_NAMES_OF, PATHS, PathTarget, Present};
use cairn::store::{Reader, Store, StoreError};
use serde_json::json;

use crate::support::archive::Module;
use crate::support::client::Client;
use crate::support::world::{MODULES, World, encoded, upload};

/// A private project two groups deep with a module in it, and people around it.
fn world() -> World {
    let world = World::start();
    world.group_with("acme", Visibility::Private, &json!({}));
    world.group_with("acme/platform", Visibility::Private, &json!({})).project("acme/platform/network");
    world.publish("acme/platform/network", "vpc/aws", "1.0.0", Module::of("one"));
    world.user("member", Role::Developer, "acme/platform/network").stranger("stranger");
    world
}

#[track_caller]
fn path_of(client: &Client, target: &str) -> String {
    let shown = client.get(target).must(200).json();
    let path = ["full_path", "path_with_namespace"].iter().find_map(|name| shown[name].as_str());
    path.unwrap_or_else(|| panic!("no path: {shown}")).to_owned()
}

#[track_caller]
fn leads(client: &Client, from: &str, to: &str) {
    for answer in [client.get(from), client.head(from)] {
        let answer = answer.must(301);
        let location = answer.header("location").unwrap();
        assert!(location.starts_with("http://127.0.0.1:") && location.ends_with(to), "{from}: {location}");
    }
    assert_eq!(client.get(to).must(200).status, 200);
}

#[test]
fn a_renamed_group_takes_everything_below_along_and_its_old_paths_lead_there() {
    let world = world();
    let number = world.project_id("acme/platform/network");
    let renamed =
        world.root().put_json("/api/v4/groups/acme", &json!({ "path": "Umbrella" })).must(200).json();
    assert_eq!((renamed["full_path"].as_str(), renamed["name"].as_str()), (Some("Umbrella"), Some("acme")));
    let root = world.root();
    assert_eq!(path_of(&root, "/api/v4/groups/umbrella%2Fplatform"), "Umbrella/platform");
    assert_eq!(path_of(&root, &format!("/api/v4/projects/{number}")), "Umbrella/platform/network");
    let now = "Umbrella%2Fplatform%2Fnetwork";
    for (from, to) in [
        ("groups/ACME", "groups/Umbrella".to_owned()),
        ("groups/acme?with_projects=false&x=%2F", "groups/Umbrella?with_projects=false&x=%2F".to_owned()),
        ("groups/acme%2Fplatform/projects", "groups/Umbrella%2Fplatform/projects".to_owned()),
        ("groups/acme/packages?package_name=vpc", "groups/Umbrella/packages?package_name=vpc".to_owned()),
        ("namespaces/acme", "namespaces/Umbrella".to_owned()),
        ("projects/acme%2Fplatform%2Fnetwork", format!("projects/{now}")),
        ("projects/acme%2fplatform%2fnetwork/packages?page=1", format!("projects/{now}/packages?page=1")),
    ] {
        leads(&root, &format!("/api/v4/{from}"), &format!("/api/v4/{to}"));
    }
    // A source of Terraform is not led on: it would go there without its credential.
    let modules = "/api/v4/projects/acme%2Fplatform%2Fnetwork/packages/terraform/modules/vpc/aws";
    for source in [modules.to_owned(), format!("{modules}/1.0.0"), format!("{modules}/1.0.0?archive=tgz")] {
        assert_eq!(root.get(&source).must(200).body, Module::of("one").build(), "{source}");
    }
    root.get(&format!("{modules}/1.0.0?terraform-get=1")).must(204);
    world.server.cli_ok(&["verify"]);
}

#[test]
fn an_old_path_is_an_unknown_one_to_those_who_may_not_see_where_it_leads() {
    let world = world();
    world.root().put_json("/api/v4/groups/acme", &json!({ "path": "umbrella" })).must(200);
    leads(&world.client("member"), "/api/v4/groups/acme", "/api/v4/groups/umbrella");
    let stranger = world.client("stranger");
    for client in [world.anonymous(), stranger] {
        for (old, unknown) in [
            ("groups/acme", "groups/nothing"),
            ("groups/acme/packages", "groups/nothing/packages"),
            ("groups/acme%2Fplatform", "groups/nothing%2Fplatform"),
            ("projects/acme%2Fplatform%2Fnetwork", "projects/nothing%2Fplatform%2Fnetwork"),
            ("namespaces/acme", "namespaces/nothing"),
            (
                "projects/acme%2Fplatform%2Fnetwork/packages/terraform/modules/vpc/aws",
                "projects/nothing%2Fplatform%2Fnetwork/packages/terraform/modules/vpc/aws",
            ),
            (
                "packages/terraform/modules/v1/acme/vpc/aws/versions",
                "packages/terraform/modules/v1/nothing/vpc/aws/versions",
            ),
        ] {
            let get = |path: &str| client.get(&format!("/api/v4/{path}")).without_traces();
            assert_eq!(get(old), get(unknown), "{old}");
        }
    }
}

#[test]
fn only_reading_is_led_on() {
    let world = world();
    world.root().put_json("/api/v4/groups/acme", &json!({ "path": "umbrella" })).must(200);
    let root = world.root();
    root.put_json("/api/v4/groups/acme", &json!({ "name": "x" })).must(404);
    root.delete("/api/v4/groups/acme").must(404);
    root.post("/api/v4/groups/acme/members", &json!({ "user_id": 1, "access_level": 10 })).must(404);
    root.delete("/api/v4/projects/acme%2Fplatform%2Fnetwork").must(404);
    root.post("/api/v4/groups", &json!({ "name": "x", "path": "x", "parent_id": "acme" })).must(404);
    upload(&root, "acme/platform/network", "vpc/aws", "1.0.1", Module::of("two")).must(404);
}

#[test]
fn a_renamed_namespace_still_serves_terraform_until_somebody_takes_the_name() {
    let world = world();
    let root = world.root();
    root.put_json("/api/v4/groups/acme", &json!({ "path": "umbrella" })).must(200);
    let member = world.client("member");
    for namespace in ["acme", "ACME", "umbrella"] {
        let module = format!("{MODULES}/{namespace}/vpc/aws");
        let versions = member.get(&format!("{module}/versions")).must(200).json();
        assert_eq!(versions["modules"][0]["versions"][0]["version"], "1.0.0", "{namespace}");
        assert_eq!(member.get(&module).must(200).json()["version"], "1.0.0");
        member.get(&format!("{module}/1.0.0")).must(200);
        let answer = member.get(&format!("{module}/1.0.0/download")).must(204);
        let url = answer.header("x-terraform-get").unwrap().to_owned();
        assert_eq!(world.anonymous().get(&url).must(200).body, Module::of("one").build());
        let ticket = url.split_once("token=").unwrap().1;
        let by_name = format!("{module}/1.0.0/file?token={ticket}");
        assert_eq!(world.anonymous().get(&by_name).must(200).body, Module::of("one").build());
        let latest = member.get(&format!("{module}/download")).must(302);
        member.get(latest.header("location").unwrap()).must(204);
    }
    world.group("acme");
    assert_eq!(
        member.get(&format!("{MODULES}/acme/vpc/aws/versions")).must(200).json(),
        json!({ "modules": [{ "versions": [] }] })
    );
    member.get(&format!("{MODULES}/umbrella/vpc/aws/versions")).must(200);
    root.get("/api/v4/projects/acme%2Fplatform%2Fnetwork").must(404);
    world.server.cli_ok(&["verify"]);
}

#[test]
fn whoever_takes_an_old_path_has_it_with_everything_below() {
    let world = world();
    let root = world.root();
    let rename =
        |id: &str, path: &str| root.put_json(&format!("/api/v4/{id}"), &json!({ "path": path })).must(200);
    rename("projects/acme%2Fplatform%2Fnetwork", "net");
    rename("groups/acme%2Fplatform", "base");
    leads(&root, "/api/v4/projects/acme%2Fplatform%2Fnetwork", "/api/v4/projects/acme%2Fbase%2Fnet");
    world.project("acme/platform");
    assert_eq!(path_of(&root, "/api/v4/projects/acme%2Fplatform"), "acme/platform");
    root.get("/api/v4/groups/acme%2Fplatform").must(404);
    root.get("/api/v4/projects/acme%2Fplatform%2Fnetwork").must(404);
    // A rename takes a path as a creation does.
    rename("projects/acme%2Fplatform", "other");
    leads(&root, "/api/v4/projects/acme%2Fplatform", "/api/v4/projects/acme%2Fother");
    rename("groups/acme%2Fbase", "platform");
    assert_eq!(path_of(&root, "/api/v4/groups/acme%2Fplatform"), "acme/platform");
    root.get("/api/v4/projects/acme%2Fplatform").must(404);
    leads(&root, "/api/v4/groups/acme%2Fbase", "/api/v4/groups/acme%2Fplatform");
    world.server.cli_ok(&["verify"]);
}

#[test]
fn what_was_renamed_several_times_is_found_by_each_of_its_paths_until_it_is_gone() {
    let world = world();
    let root = world.root();
    for (at, path) in [
        ("projects/acme%2Fplatform%2Fnetwork", "net"),
        ("groups/acme", "beta"),
        ("groups/beta%2Fplatform", "base"),
        ("groups/beta", "gamma"),
        ("projects/gamma%2Fbase%2Fnet", "vnet"),
    ] {
        root.put_json(&format!("/api/v4/{at}"), &json!({ "path": path })).must(200);
    }
    for old in [
        "acme/platform/network",
        "acme/platform/net",
        "beta/platform/net",
        "beta/base/net",
        "gamma/base/net",
        "gamma/platform/net",
        "beta/base/vnet",
    ] {
        leads(&root, &format!("/api/v4/projects/{}", encoded(old)), "/api/v4/projects/gamma%2Fbase%2Fvnet");
    }
    root.get("/api/v4/projects/acme%2Fplatform%2Fnothing").must(404);
    root.get("/api/v4/projects/gamma%2Fbase%2Fvnet%2Fx").must(404);
    root.delete("/api/v4/projects/gamma%2Fbase%2Fvnet").must(202);
    root.get("/api/v4/projects/acme%2Fplatform%2Fnetwork").must(404);
    leads(&root, "/api/v4/groups/acme%2Fplatform", "/api/v4/groups/gamma%2Fbase");
    root.delete("/api/v4/groups/gamma").must(202);
    for gone in ["acme", "beta", "acme%2Fplatform"] {
        root.get(&format!("/api/v4/groups/{gone}")).must(404);
    }
    let verified = world.server.cli_ok(&["verify"]);
    assert!(!verified.contains("wrong:"), "{verified}");
}

#[test]
fn a_change_of_case_moves_nothing() {
    let world = world();
    let root = world.root();
    root.put_json("/api/v4/groups/acme", &json!({ "path": "Acme" })).must(200);
    assert_eq!(path_of(&root, "/api/v4/groups/acme"), "Acme");
    assert_eq!(path_of(&root, "/api/v4/projects/acme%2Fplatform%2Fnetwork"), "Acme/platform/network");
    root.put_json("/api/v4/groups/acme", &json!({ "path": "Acme", "description": "same" })).must(200);
    world.server.cli_ok(&["verify"]);
}

#[test]
fn a_path_that_is_taken_or_malformed_is_refused_and_nothing_moves() {
    let world = world();
    world.group("other").project("acme/platform/second");
    let root = world.root();
    for (at, path) in [
        ("groups/acme", "other"),
        ("groups/acme", "stranger"),
        ("groups/acme", "a.b"),
        ("groups/acme", "api"),
        ("groups/acme", "a/b"),
        ("groups/acme", "12"),
        ("groups/acme%2Fplatform", "-"),
        ("projects/acme%2Fplatform%2Fnetwork", "SECOND"),
        ("projects/acme%2Fplatform%2Fnetwork", "x.git"),
    ] {
        root.put_json(&format!("/api/v4/{at}"), &json!({ "path": path })).must(400);
    }
    assert_eq!(path_of(&root, "/api/v4/projects/acme%2Fplatform%2Fnetwork"), "acme/platform/network");
}

#[test]
fn maintainers_rename_projects_owners_groups_and_administrators_users() {
    let world = world();
    world.user("maintainer", Role::Maintainer, "acme/platform/network");
    let wanted = json!({ "path": "renamed" });
    let project = "/api/v4/projects/acme%2Fplatform%2Fnetwork";
    for (who, at, status) in [
        ("member", project, 403),
        ("maintainer", "/api/v4/groups/acme%2Fplatform", 403),
        ("stranger", project, 404),
        ("stranger", "/api/v4/groups/acme", 404),
        ("maintainer", project, 200),
    ] {
        world.client(who).put_json(at, &wanted).must(status);
    }
    let user = format!("/api/v4/users/{}", world.user_id("member"));
    world.client("member").put_json(&user, &json!({ "username": "renamed" })).must(403);
}

#[test]
fn a_renamed_user_takes_its_namespace_along() {
    let world = World::start();
    world.stranger("ada").stranger("grace");
    let (root, ada) = (world.root(), world.client("ada"));
    ada.post("/api/v4/projects", &json!({ "name": "modules", "visibility": "public" })).must(201);
    upload(&ada, "ada/modules", "vpc/aws", "1.0.0", Module::of("one")).must(201);
    let user = format!("/api/v4/users/{}", world.user_id("ada"));
    for (taken, status) in [("grace", 409), ("GRACE", 409), ("api", 400), ("a.b", 400)] {
        root.put_json(&user, &json!({ "username": taken })).must(status);
    }
    let renamed = root.put_json(&user, &json!({ "username": "Lovelace", "name": "Ada" })).must(200).json();
    assert_eq!((renamed["username"].as_str(), renamed["name"].as_str()), (Some("Lovelace"), Some("Ada")));
    assert_eq!(ada.get("/api/v4/user").must(200).json()["username"], "Lovelace");
    leads(&world.anonymous(), "/api/v4/projects/ada%2Fmodules", "/api/v4/projects/Lovelace%2Fmodules");
    leads(&root, "/api/v4/users/ada", "/api/v4/users/Lovelace");
    leads(&ada, "/api/v4/namespaces/ada", "/api/v4/namespaces/Lovelace");
    world.anonymous().get("/api/v4/users/ada").must(401);
    world.anonymous().get(&format!("{MODULES}/ada/vpc/aws/1.0.0")).must(200);
    root.delete("/api/v4/users/ada").must(404);
    root.put_json(&user, &json!({ "username": "ada" })).must(200);
    leads(&root, "/api/v4/users/lovelace", "/api/v4/users/ada");
    root.delete(&user).must(204);
    root.get("/api/v4/users/lovelace").must(404);
    root.get("/api/v4/projects/lovelace%2Fmodules").must(404);
    world.server.cli_ok(&["verify"]);
}

#[test]
fn an_upload_that_runs_during_a_rename_ends_in_the_renamed_project() {
    let world = world();
    let id = world.project_id("acme/platform/network");
    world.root().put_json("/api/v4/groups/acme", &json!({ "path": "umbrella" })).must(200);
    let target = format!("/api/v4/projects/{id}/packages/terraform/modules/vpc/aws/1.0.1/file");
    world.root().put(&target, &Module::of("two").build()).must(201);
    assert_eq!(world.packages("umbrella/platform/network").len(), 2);
}

#[tokio::test]
async fn verify_finds_old_paths_that_lead_astray() {
    let mut world = world();
    let wrongs: [(&str, &str, bool); 3] = [
        ("a target that does not exist", "ghost", true),
        ("a path that is in use", "acme", true),
        ("no entry by target", "lonely", false),
    ];
    for (situation, path, listed) in wrongs {
        let _log = world.server.stop();
        let store = Store::open(world.server.data()).unwrap();
        let known = store.read(|snapshot| snapshot.get(&PATHS, "acme")).unwrap().unwrap();
        let target = if path == "ghost" { PathTarget::Project(ProjectId(999)) } else { known };
        let key = cairn::store::former::key_of(target);
        let written = store.write(move |change| {
            change.put(&FORMER_NAMES, (0, path), &target)?;
            if listed {
                change.put(&FORMER_NAMES_OF, (key.0, key.1, 0, path), &Present)?;
            }
            Ok::<_, StoreError>(())
        });
        written.await.unwrap();
        store.close();
        let found = world.server.cli(&["verify"]);
        assert_eq!(found.code, Some(1), "{situation}: {found:?}");
        assert!((found.stdout + &found.stderr).contains(path), "{situation}");
        let store = Store::open(world.server.data()).unwrap();
        let removed = store.write(move |change| {
            change.remove(&FORMER_NAMES, (0, path));
            change.remove(&FORMER_NAMES_OF, (key.0, key.1, 0, path));
            Ok::<_, StoreError>(())
        });
        removed.await.unwrap();
        store.close();
        world.server.cli_ok(&["verify"]);
        world.server.restart();
    }
}
