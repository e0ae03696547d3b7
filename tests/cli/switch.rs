//! `cairn admin registry`: the switch of the instance and of a project.

use serde_json::{Value, json};

use crate::running_and_stopped;
use crate::support::archive::Module;
use crate::support::server::Server;
use crate::support::world::{MODULES, World};

#[test]
fn the_switch_of_the_instance() {
    for server in running_and_stopped() {
        let switch = |action: &str| server.cli_ok(&["admin", "registry", action]);
        assert_eq!(switch("status"), "the registry is enabled\n");
        let disabled =
            "the registry is disabled; nothing was deleted, `cairn admin registry enable` switches it on\n";
        for action in ["disable", "disable", "status"] {
            assert_eq!(switch(action), disabled, "{action}");
        }
        let state: Value =
            serde_json::from_str(&server.cli_ok(&["admin", "registry", "status", "--json"])).unwrap();
        assert_eq!(state, json!({ "registry_enabled": false, "stored": false, "disabled_by_flag": false }));
        assert_eq!(switch("enable"), "the registry is enabled\n");
        server.cli(&["admin", "registry", "off"]).refused(2, "[possible values: enable, disable, status]");
    }
}

#[test]
fn what_was_switched_without_a_server_holds_for_the_next_one_and_back() {
    let mut world = World::start();
    world.group("acme").public_project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("vpc"));
    let versions = format!("{MODULES}/acme/vpc/aws/versions");
    world.server.stop();
    world.server.cli_ok(&["admin", "registry", "disable"]);
    world.server.restart();
    world.anonymous().get(&versions).must(404);
    world.server.cli_ok(&["admin", "registry", "enable"]);
    let listed = world.anonymous().get(&versions).must(200).json();
    assert_eq!(listed["modules"][0]["versions"][0]["version"], "1.0.0", "nothing was deleted");
}

#[test]
fn a_flag_of_the_server_beats_the_stored_switch_and_leaves_it_alone() {
    let mut server = Server::builder().flag("--disable-registry").start();
    for action in ["status", "enable"] {
        let said = server.cli_ok(&["admin", "registry", action]);
        assert!(said.starts_with("the registry is disabled by --disable-registry"), "{said}");
    }
    let state: Value =
        serde_json::from_str(&server.cli_ok(&["admin", "registry", "status", "--json"])).unwrap();
    assert_eq!(state, json!({ "registry_enabled": false, "stored": true, "disabled_by_flag": true }));
    server.client().get(&format!("{MODULES}/acme/vpc/aws/versions")).must(404);
    server.stop();
    assert_eq!(server.cli_ok(&["admin", "registry", "status"]), "the registry is enabled\n");
}

#[test]
fn the_switch_of_a_project() {
    for server in running_and_stopped() {
        server.cli_ok(&["admin", "group", "create", "acme"]);
        server.cli_ok(&["admin", "project", "create", "acme/network"]);
        let switch =
            |action: &str| server.cli_ok(&["admin", "registry", action, "--project", "acme/network"]);
        assert_eq!(switch("status"), "the registry of acme/network is enabled\n");
        assert_eq!(switch("disable"), "the registry of acme/network is disabled; nothing was deleted\n");
        assert_eq!(switch("status"), "the registry of acme/network is disabled; nothing was deleted\n");
        assert_eq!(server.cli_ok(&["admin", "registry", "status"]), "the registry is enabled\n");
        assert_eq!(switch("enable"), "the registry of acme/network is enabled\n");
        for action in ["enable", "disable", "status"] {
            server
                .cli(&["admin", "registry", action, "--project", "acme/nothing"])
                .refused(1, "there is no project acme/nothing: see `cairn admin project list`");
        }
    }
}
