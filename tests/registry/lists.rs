//! Lists of packages: their orders, filters, pages and counts, and that they show what was done the moment before.

use cairn::domain::{RegistryAccess, Role, Visibility};
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::client::Client;
use crate::support::world::{World, encoded};

const GROUP: &str = "/api/v4/groups/acme/packages";

/// What a list shows: `project module version` a row.
fn rows(client: &Client, target: &str) -> Vec<String> {
    let answer = client.get(target).must(200).json();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let shown = |row| format!("{} {} {}", text(row, "project_path"), text(row, "name"), text(row, "version"));
    answer.as_array().unwrap().iter().map(|row| shown(row).trim().to_owned()).collect()
}

/// Three projects in a group and a subgroup, one of them private.
fn busy() -> World {
    let world = World::start();
    world.group("acme").group("acme/sub");
    world.public_project("acme/network").public_project("acme/sub/alpha").project("acme/sub/closed");
    for (project, module, version) in [
        ("acme/network", "vpc/aws", "1.0.9"),
        ("acme/sub/alpha", "dns/aws", "1.0.10"),
        ("acme/sub/closed", "secret/aws", "0.1.0"),
        ("acme/network", "vpc/aws", "1.0.10"),
        ("acme/network", "vpc-peering/google", "2.0.0-rc.1"),
        ("acme/network", "vpc/google", "2.0.0+b1"),
    ] {
        world.publish(project, module, version, Module::of(&format!("{module} {version}")));
    }
    world.user("member", Role::Guest, "acme/sub/closed");
    world
}

#[test]
fn every_order_goes_both_ways_over_all_projects_of_a_group() {
    let world = busy();
    let (a, n) = ("acme/sub/alpha", "acme/network");
    let by_publication = [
        format!("{n} vpc/aws 1.0.9"),
        format!("{a} dns/aws 1.0.10"),
        format!("{n} vpc/aws 1.0.10"),
        format!("{n} vpc-peering/google 2.0.0-rc.1"),
        format!("{n} vpc/google 2.0.0+b1"),
    ];
    let picked = |places: [usize; 5]| places.map(|place| by_publication[place].clone());
    for (order, places) in [
        ("", [0, 1, 2, 3, 4]),
        ("created_at", [0, 1, 2, 3, 4]),
        ("type", [0, 1, 2, 3, 4]),
        ("name", [1, 0, 2, 4, 3]),
        ("version", [0, 1, 2, 3, 4]),
        ("project_path", [0, 2, 3, 4, 1]),
    ] {
        let mut expected = picked(places).to_vec();
        let target = format!("{GROUP}?order_by={order}").replace("?order_by=&", "?");
        let target = if order.is_empty() { GROUP.to_owned() + "?" } else { target };
        assert_eq!(rows(&world.anonymous(), &target), expected, "{order}");
        expected.reverse();
        assert_eq!(rows(&world.anonymous(), &format!("{target}&sort=desc")), expected, "{order} desc");
        for page in 1..=3 {
            let part: Vec<String> = expected.iter().skip((page - 1) * 2).take(2).cloned().collect();
            let target = format!("{target}&sort=desc&per_page=2&page={page}");
            assert_eq!(rows(&world.anonymous(), &target), part, "{order} desc, page {page}");
        }
    }
}

#[test]
fn filters_narrow_and_counts_are_of_what_the_caller_sees() {
    let world = busy();
    for (query, anonymous, member) in [
        ("", 5, 6),
        ("exclude_subgroups=true", 4, 4),
        ("exclude_subgroups=0", 5, 6),
        ("package_name=vpc", 4, 4),
        ("package_name=VPC%20goo", 2, 2),
        ("package_name=vpc/", 3, 3),
        ("package_name=secret", 0, 1),
        ("package_name=.*", 0, 0),
        ("package_version=1.0.10", 2, 2),
        ("package_version=2.0.0%2Bb1", 1, 1),
        ("package_version=2.0.0", 0, 0),
        ("package_version=latest", 0, 0),
        ("package_version=0.1.0", 0, 1),
        ("package_version=1.0.10&package_name=dns", 1, 1),
        ("package_type=npm", 0, 0),
        ("package_type=terraform_module", 5, 6),
        ("status=default", 5, 6),
        ("status=hidden", 0, 0),
        ("include_versionless=true", 5, 6),
        ("page=9", 5, 6),
    ] {
        for (who, client, count) in
            [("anonymous", world.anonymous(), anonymous), ("a member", world.client("member"), member)]
        {
            let answer = client.get(&format!("{GROUP}?{query}&per_page=1")).must(200);
            assert_eq!(answer.header("x-total"), Some(count.to_string().as_str()), "{who}: {query}");
        }
    }
    for query in [
        "order_by=size",
        "sort=up",
        "package_type=x",
        "status=x",
        "page=0",
        "per_page=x",
        "exclude_subgroups=x",
    ] {
        let refused = world.anonymous().get(&format!("{GROUP}?{query}")).must(400);
        assert!(refused.json()["error"].is_string(), "{query}: {refused:?}");
    }
    let project = world.anonymous().get("/api/v4/projects/acme%2Fnetwork/packages?order_by=project_path");
    project.must(400);
}

#[test]
fn a_list_shows_what_was_done_the_moment_before() {
    let world = busy();
    let shown = |client: &Client, word: &str| rows(client, &format!("{GROUP}?package_name={word}")).len();
    let anonymous = world.anonymous();
    world.publish("acme/network", "new/aws", "1.0.0", Module::of("new"));
    assert_eq!(shown(&anonymous, "new"), 1);
    world.delete_package("acme/network", "new/aws", "1.0.0");
    assert_eq!(shown(&anonymous, "new"), 0);
    world.change_project("acme/sub/closed", &json!({ "package_registry_access_level": "public" }));
    assert_eq!(shown(&anonymous, "secret"), 1, "anyone may pull");
    world.settings(&json!({ "package_registry_allow_anyone_to_pull_option": false }));
    assert_eq!(shown(&anonymous, "secret"), 0, "the instance does not allow it");
    world.change_project("acme/network", &json!({ "package_registry_access_level": "disabled" }));
    assert_eq!((shown(&anonymous, "vpc"), shown(&world.root(), "vpc")), (0, 0), "off is off for everyone");
    world.change_project("acme/network", &json!({ "package_registry_access_level": "enabled" }));
    assert_eq!(shown(&anonymous, "vpc"), 4);
    world.root().delete(&format!("/api/v4/projects/{}", encoded("acme/network"))).must(202);
    assert_eq!(shown(&world.root(), "vpc"), 0);
    world.public_project("acme/network").publish("acme/network", "vpc/aws", "1.0.9", Module::of("again"));
    assert_eq!(rows(&anonymous, &format!("{GROUP}?package_name=vpc")), ["acme/network vpc/aws 1.0.9"]);
}

#[test]
fn lists_are_the_same_after_a_restart() {
    let mut world = busy();
    world.delete_package("acme/network", "vpc/aws", "1.0.9");
    let target = format!("{GROUP}?order_by=version&sort=desc");
    let before = rows(&world.root(), &target);
    world.server.restart();
    assert_eq!(rows(&world.root(), &target), before);
    let refused = world.root().get(&format!("{GROUP}?order_by=nothing"));
    refused.must(400);
}

#[test]
fn files_have_their_orders_and_pipelines_their_page_size() {
    let world = busy();
    let id = world.package_id("acme/network", "vpc/aws", "1.0.9");
    let package = format!("/api/v4/projects/acme%2Fnetwork/packages/{id}");
    for (query, status) in [
        ("package_files", 200),
        ("package_files?order_by=file_name&sort=desc", 200),
        ("package_files?order_by=created_at", 200),
        ("package_files?order_by=size", 400),
        ("package_files?sort=up", 400),
        ("pipelines", 200),
        ("pipelines?per_page=1", 200),
        ("pipelines?per_page=20", 200),
        ("pipelines?per_page=21", 400),
        ("pipelines?per_page=0", 400),
        ("pipelines?per_page=-2", 400),
        ("pipelines?per_page=x", 400),
        ("pipelines?cursor=eyJpZCI6IjciLCJfa2QiOiJuIn0", 200),
        ("pipelines?cursor=nonsense", 400),
    ] {
        world.anonymous().get(&format!("{package}/{query}")).must(status);
    }
    let pipelines = world.anonymous().get(&format!("{package}/pipelines"));
    assert_eq!((pipelines.json(), pipelines.header("x-total")), (json!([]), None));
    world.anonymous().get("/api/v4/projects/acme%2Fnetwork/packages/999999/pipelines").must(404);
    let closed = world.package_id("acme/sub/closed", "secret/aws", "0.1.0");
    let hidden = format!("/api/v4/projects/acme%2Fsub%2Fclosed/packages/{closed}/pipelines");
    world.anonymous().get(&hidden).must(404);
    world.client("member").get(&hidden).must(200);
}

#[test]
fn a_project_seen_by_its_registry_only_lists_its_packages() {
    let world = World::start();
    world.group_with("shut", Visibility::Private, &json!({}));
    world.project_with("shut/open", Visibility::Private, RegistryAccess::Public);
    world.publish("shut/open", "vpc/aws", "1.0.0", Module::of("x"));
    world.stranger("stranger");
    for client in [world.anonymous(), world.client("stranger")] {
        assert_eq!(rows(&client, "/api/v4/projects/shut%2Fopen/packages"), ["vpc/aws 1.0.0"]);
        client.get("/api/v4/groups/shut/packages").must(404);
    }
}
