//! Standing in for the public registry: modules keep the addresses they were written with.

use crate::command::{Terraform, plain_world};
use crate::files::{Files, block};

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
        let token = format!(
            "credentials \"registry.terraform.io\" {{\n  token = \"{}\"\n}}\n",
            crate::support::server::ROOT_TOKEN
        );
        let modules = block("vpc", "terraform-aws-modules/vpc/aws", Some("~> 5.0"))
            + &block("rds", "terraform-aws-modules/rds/aws", None);
        let terraform = Terraform::new(&world.server).configure(&host).configure(&token).main(&modules);
        terraform.init().succeeds();
        assert_eq!(terraform.version("vpc"), "5.1.0");
        assert_eq!(terraform.installed("vpc"), vpc, "{base}");
        assert_eq!(terraform.installed("rds"), closed, "{base}");
    }
}
