//! Modules that get installed: from which URL, with which credential, and byte for byte.

use cairn::domain::Role;

use crate::command::{Terraform, world, world_with_external_url};
use crate::files::{Files, block};
use crate::support::world::World;

fn vpc() -> Files {
    Files::of(&[
        ("main.tf", "variable \"cidr\" {\n  type    = string\n  default = \"10.0.0.0/16\"\n}\n"),
        ("README.md", "# VPC\n\nNot only code: \u{00e9}\u{4e16}, \ttabs,  trailing blanks  \n"),
        ("modules/subnet/main.tf", "output \"size\" {\n  value = 24\n}\n"),
        ("templates/user-data.sh.tftpl", "#!/bin/sh\necho ${name}\n"),
        (".hidden", ""),
    ])
}

fn publish(world: &World, module: &str, version: &str, files: &Files) {
    world.publish("acme/network", module, version, files.archive());
}

fn source(world: &World, module: &str) -> String {
    format!("{}/acme/{module}", world.server.address())
}

#[test]
fn a_public_module_is_installed_without_a_token() {
    let Some(world) = world() else { return };
    world.group("acme").public_project("acme/network");
    publish(&world, "vpc/aws", "1.0.0", &vpc());
    for command in [&["init", "-input=false"][..], &["get"]] {
        let terraform =
            Terraform::new(&world.server).main(&block("vpc", &source(&world, "vpc/aws"), Some("1.0.0")));
        terraform.run(command).succeeds().never_says("Warning");
        assert_eq!(terraform.version("vpc"), "1.0.0");
        assert_eq!(terraform.installed("vpc"), vpc(), "{command:?}");
    }
}

#[test]
fn a_private_module_is_installed_with_a_token_wherever_its_url_says_it_is() {
    for (form, world) in [("a path", world()), ("an absolute URL", world_with_external_url())] {
        let Some(world) = world else { return };
        world.group("acme").project("acme/network").user("guest", Role::Guest, "acme/network");
        world.deploy_token("deploy", "acme/network", &["read_package_registry"]);
        publish(&world, "vpc/aws", "1.0.0", &vpc());
        let location = world
            .client("guest")
            .get("/v1/modules/acme/vpc/aws/1.0.0/download")
            .must(204)
            .header("x-terraform-get")
            .unwrap()
            .to_owned();
        assert_eq!(location.starts_with('/'), form == "a path", "{location}");
        for name in ["guest", "deploy"] {
            let terraform = Terraform::new(&world.server)
                .token(&world.server, &world.token(name))
                .main(&block("vpc", &source(&world, "vpc/aws"), None));
            terraform.init().succeeds();
            assert_eq!(terraform.installed("vpc"), vpc(), "{form}, {name}");
        }
        let log = world.server.log();
        for name in ["guest", "deploy"] {
            assert!(!log.contains(&world.token(name)), "the log has the token of {name}");
        }
    }
}

#[test]
fn a_module_that_calls_another_one_of_the_registry_brings_it_along() {
    let Some(world) = world() else { return };
    world.group("acme").project("acme/network").user("guest", Role::Guest, "acme/network");
    let inner = Files::saying("inner");
    let outer = Files::of(&[
        ("main.tf", &block("inner", &source(&world, "inner/aws"), Some("~> 2.0"))),
        ("modules/a/main.tf", &block("below", "../b", None)),
        ("modules/b/main.tf", &block("deepest", &source(&world, "inner/aws"), Some("2.0.0"))),
    ]);
    publish(&world, "inner/aws", "2.0.0", &inner);
    publish(&world, "outer/aws", "1.0.0", &outer);
    let outer_source = source(&world, "outer/aws");
    let terraform = Terraform::new(&world.server).token(&world.server, &world.token("guest")).main(
        &(block("outer", &outer_source, None) + &block("part", &format!("{outer_source}//modules/a"), None)),
    );
    terraform.init().succeeds();
    assert_eq!(terraform.installed("outer"), outer);
    assert_eq!(terraform.installed("outer.inner"), inner);
    assert_eq!(terraform.installed("part"), Files::of(&[("main.tf", &outer.0["modules/a/main.tf"])]));
    assert_eq!(terraform.installed("part.below.deepest"), inner);
    assert_eq!(terraform.version("part.below.deepest"), "2.0.0");
    terraform.run(&["validate"]).succeeds();
}

#[test]
fn a_submodule_that_is_not_there_is_named() {
    let Some(world) = world() else { return };
    world.group("acme").public_project("acme/network");
    publish(&world, "vpc/aws", "1.0.0", &vpc());
    let address = format!("{}//modules/none", source(&world, "vpc/aws"));
    let terraform = Terraform::new(&world.server).main(&block("vpc", &address, None));
    terraform.init().fails().says("modules/none");
}

#[test]
fn an_upgrade_brings_the_newest_version_and_nothing_else_does() {
    let Some(world) = world() else { return };
    world.group("acme").public_project("acme/network");
    let (old, new) = (Files::saying("old"), Files::saying("new"));
    publish(&world, "vpc/aws", "1.0.0", &old);
    let terraform =
        Terraform::new(&world.server).main(&block("vpc", &source(&world, "vpc/aws"), Some("~> 1.0")));
    terraform.init().succeeds();
    publish(&world, "vpc/aws", "1.1.0", &new);
    terraform.init().succeeds();
    assert_eq!(terraform.installed("vpc"), old, "an installed version stays");
    terraform.run(&["init", "-upgrade"]).succeeds();
    assert_eq!((terraform.version("vpc"), terraform.installed("vpc")), ("1.1.0".to_owned(), new));
}

#[test]
fn names_are_found_in_any_case() {
    let Some(world) = world() else { return };
    world.group("Acme").public_project("Acme/network");
    world.publish("acme/network", "Vpc/aws", "1.0.0", vpc().archive());
    let address = format!("{}/aCME/vPC/aws", world.server.address());
    let terraform = Terraform::new(&world.server).main(&block("vpc", &address, None));
    terraform.init().succeeds();
    assert_eq!(terraform.installed("vpc"), vpc());
}
