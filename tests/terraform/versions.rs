//! Which version a constraint chooses: the client decides, on the list that the server gives.

use crate::command::{Terraform, world};
use crate::files::{Files, block};

#[test]
fn constraints_choose_by_precedence_and_prereleases_only_by_name() {
    let Some(world) = world() else { return };
    world.group("acme").public_project("acme/network");
    let published = ["1.0.9", "1.0.10", "1.1.0", "2.0.0-rc.1", "1.2.0-beta.2", "1.2.0-beta.10"];
    for version in published {
        world.publish("acme/network", "vpc/aws", version, Files::saying(version).archive());
    }
    let source = format!("{}/acme/vpc/aws", world.server.address());
    let chosen = [
        (Some("~> 1.0.0"), "1.0.10"),
        (Some("~> 1.0"), "1.1.0"),
        (Some(">= 1.0.9, < 1.1.0"), "1.0.10"),
        (Some("!= 1.1.0"), "1.0.10"),
        (None, "1.1.0"),
        (Some("1.0.9"), "1.0.9"),
        (Some("2.0.0-rc.1"), "2.0.0-rc.1"),
        (Some("1.2.0-beta.10"), "1.2.0-beta.10"),
    ];
    let blocks: String = chosen
        .iter()
        .enumerate()
        .map(|(number, (constraint, _))| block(&format!("m{number}"), &source, *constraint))
        .collect();
    let terraform = Terraform::new(&world.server).main(&blocks);
    terraform.init().succeeds().never_says("Warning");
    for (number, (constraint, version)) in chosen.iter().enumerate() {
        let key = format!("m{number}");
        assert_eq!(terraform.version(&key), *version, "{constraint:?}");
        assert_eq!(terraform.installed(&key), Files::saying(version), "{constraint:?}");
    }
    for constraint in ["~> 3.0", ">= 1.2.0-beta.1", "> 1.1.0", "0.1.0"] {
        let terraform = Terraform::new(&world.server).main(&block("vpc", &source, Some(constraint)));
        terraform.init().fails().says("The newest available version is 1.1.0");
    }
}

#[test]
fn build_metadata_survives_the_way_to_the_archive() {
    let Some(world) = world() else { return };
    world.group("acme").public_project("acme/network");
    let files = Files::saying("built");
    world.publish("acme/network", "vpc/aws", "1.0.0%2Bbuild.7", files.archive());
    let source = format!("{}/acme/vpc/aws", world.server.address());
    for constraint in ["1.0.0", "~> 1.0"] {
        let terraform = Terraform::new(&world.server).main(&block("vpc", &source, Some(constraint)));
        terraform.init().succeeds();
        assert_eq!(terraform.version("vpc"), "1.0.0+build.7", "{constraint}");
        assert_eq!(terraform.installed("vpc"), files);
    }
}

#[test]
fn a_module_with_nothing_but_prereleases_says_so() {
    let Some(world) = world() else { return };
    world.group("acme").public_project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0-rc.1", Files::saying("early").archive());
    let source = format!("{}/acme/vpc/aws", world.server.address());
    Terraform::new(&world.server)
        .main(&block("vpc", &source, None))
        .init()
        .fails()
        .says("Module has no versions");
    Terraform::new(&world.server).main(&block("vpc", &source, Some("1.0.0-rc.1"))).init().succeeds();
}
