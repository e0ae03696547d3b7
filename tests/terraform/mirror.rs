//! Standing in for the public registry: modules keep the addresses they were written with.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use crate::command::{Terraform, plain_world};
use crate::files::{Files, block};
use crate::support::server::{ROOT_TOKEN, RunToEnd, Server, write_file};

/// Set for the run of a test in a network of its own.
const ALONE: &str = "CAIRN_TEST_ALONE";

/// Runs one of these tests again where there is no network but loopback. Says whether that is what is running now; a
/// system that does not let us make such a place runs the test where it is.
fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let script = "ip link set lo up && exec \"$@\"";
    let alone = |command: &[&str]| {
        let mut run = Command::new("unshare");
        run.args(["-rn", "sh", "-c", script, "sh"]).args(command).env(ALONE, "1");
        run
    };
    if !alone(&["true"]).output().is_ok_and(|output| output.status.success()) {
        let said = "not isolated: this system does not let us make a network of our own (unshare -rn, ip)";
        writeln!(std::io::stderr(), "{said}").unwrap();
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let outcome = alone(&[program.to_str().unwrap(), test, "--exact", "--nocapture"]).outcome();
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stdout.contains("1 passed"), "{}", outcome.stdout);
    false
}

/// What sends public addresses to a server.
fn host_block(server: &Server) -> String {
    format!(
        "host \"registry.terraform.io\" {{\n  services = {{ \"modules.v1\" = \"{}/v1/modules/\" }}\n}}\n",
        server.url()
    )
}

fn credentials(token: &str) -> String {
    format!("credentials \"registry.terraform.io\" {{\n  token = \"{token}\"\n}}\n")
}

/// A folder as it is carried into a closed network: modules that call each other by their public addresses.
fn carried_in(server: &Server) -> String {
    let folder = server.folder().join("carried");
    let (kms, role) = (Files::saying("kms"), Files::saying("role"));
    let inner = block("kms", "terraform-aws-modules/kms/aws", Some("~> 2.0"))
        + &block("role", "terraform-aws-modules/iam/aws//modules/role", Some("5.30.0"))
        + &block("near", "./modules/near", None);
    let vpc = Files::of(&[("main.tf", &inner), ("modules/near/main.tf", "# near\n")]);
    let consul = block("vpc", "registry.terraform.io/terraform-aws-modules/vpc/aws", Some(">= 5.0, < 6.0"));
    let iam = Files::of(&[("main.tf", "# iam\n"), ("modules/role/main.tf", &role.0["main.tf"])]);
    for (path, archive) in [
        ("terraform-aws-modules/kms/aws/2.1.0.tar.gz", kms.archive()),
        ("terraform-aws-modules/kms/aws/3.0.0.tar.gz", Files::saying("too new").archive()),
        ("terraform-aws-modules/iam/aws/v5.30.0.tgz", iam.archive()),
        ("terraform-aws-modules/vpc/aws/5.1.0.tar.gz", vpc.archive()),
    ] {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_file(&path, &archive);
    }
    let unpacked = folder.join("hashicorp/consul/aws/0.11.0");
    std::fs::create_dir_all(&unpacked).unwrap();
    write_file(&unpacked.join("main.tf"), consul.as_bytes());
    folder.to_str().unwrap().to_owned()
}

#[test]
fn a_folder_that_was_carried_in_answers_for_the_public_registry() {
    if !is_alone("mirror::a_folder_that_was_carried_in_answers_for_the_public_registry") {
        return;
    }
    if std::env::var_os(ALONE).is_some() {
        let nowhere = TcpStream::connect(("192.0.2.1", 443)).unwrap_err();
        assert_eq!(nowhere.kind(), std::io::ErrorKind::NetworkUnreachable);
    }
    for (visibility, token) in [("private", ROOT_TOKEN), ("public", "")] {
        let Some(world) = plain_world() else { return };
        let arguments = ["import", &carried_in(&world.server), "--visibility", visibility];
        let report = world.server.cli_ok(&arguments);
        assert!(report.ends_with("5 new, 0 there already, 0 refused, 0 skipped, 0 warnings\n"), "{report}");
        let mut terraform = Terraform::new(&world.server).configure(&host_block(&world.server)).main(
            &(block("consul", "hashicorp/consul/aws", Some("~> 0.11"))
                + &block("vpc", "terraform-aws-modules/vpc/aws", None)),
        );
        if !token.is_empty() {
            terraform = terraform.configure(&credentials(token));
        }
        terraform.run(&["get"]).succeeds();
        assert_eq!(terraform.version("consul"), "0.11.0", "{visibility}");
        assert_eq!(terraform.version("consul.vpc"), "5.1.0", "{visibility}");
        for caller in ["vpc", "consul.vpc"] {
            assert_eq!(terraform.version(&format!("{caller}.kms")), "2.1.0", "{visibility}");
            assert_eq!(terraform.installed(&format!("{caller}.kms")), Files::saying("kms"), "{visibility}");
            assert_eq!(terraform.installed(&format!("{caller}.role")), Files::saying("role"), "{visibility}");
        }
        // And it is a configuration that stands.
        terraform.init().succeeds();
        terraform.run(&["validate"]).succeeds();
    }
}

#[test]
fn a_host_block_sends_public_addresses_here_over_plain_http() {
    let Some(world) = plain_world() else { return };
    world.group("terraform-aws-modules").public_project("terraform-aws-modules/mirror");
    world.project("terraform-aws-modules/closed");
    let (vpc, closed) = (Files::saying("vpc"), Files::saying("closed"));
    world.publish("terraform-aws-modules/mirror", "vpc/aws", "5.1.0", vpc.archive());
    world.publish("terraform-aws-modules/closed", "rds/aws", "6.0.0", closed.archive());
    for base in ["/v1/modules/", "/api/v4/packages/terraform/modules/v1/"] {
        let host = format!(
            "host \"registry.terraform.io\" {{\n  services = {{ \"modules.v1\" = \"{}{base}\" }}\n}}\n",
            world.server.url()
        );
        let token = credentials(ROOT_TOKEN);
        let modules = block("vpc", "terraform-aws-modules/vpc/aws", Some("~> 5.0"))
            + &block("rds", "terraform-aws-modules/rds/aws", None);
        let terraform = Terraform::new(&world.server).configure(&host).configure(&token).main(&modules);
        terraform.init().succeeds();
        assert_eq!(terraform.version("vpc"), "5.1.0");
        assert_eq!(terraform.installed("vpc"), vpc, "{base}");
        assert_eq!(terraform.installed("rds"), closed, "{base}");
    }
}
