//! The harness itself: what every other test stands on.

use cairn::domain::Role;

use crate::support::archive::Module;
use crate::support::server::Server;
use crate::support::world::{MODULES, World};

#[test]
fn a_world_has_people_projects_and_modules() {
    let world = World::start();
    world.group("acme").project("acme/network").user("dev", Role::Developer, "acme/network");
    world.deploy_token("reader", "acme/network", &["read_package_registry"]);
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    let versions = format!("{MODULES}/acme/vpc/aws/versions");
    for name in ["dev", "reader"] {
        let answer = world.client(name).get(&versions).must(200).json();
        assert_eq!(answer["modules"][0]["versions"][0]["version"], "1.0.0", "{name}");
    }
    assert_eq!(world.server.blobs().len(), 1);
    assert!(world.server.cli_ok(&["admin", "user", "list"]).contains("dev"));
}

#[test]
fn a_server_stops_in_order_and_starts_again_on_its_data() {
    let mut world = World::start();
    world.group("acme").public_project("acme/network");
    let log = world.server.stop();
    assert!(log.contains("stopping"), "{log}");
    world.server.restart();
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    world.server.kill();
    world.server.restart();
    world.anonymous().get(&format!("{MODULES}/acme/vpc/aws")).must(200);
}

#[test]
fn a_server_with_a_certificate_of_its_own_is_trusted_by_its_authority() {
    let server = Server::builder().flag("--tls-self-signed").flag("--listen-http=127.0.0.1:0").start();
    assert_eq!(server.addresses().len(), 2);
    assert!(server.url().starts_with("https://"));
    server.client().get("/-/health").must(200);
}
