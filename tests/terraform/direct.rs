//! Modules by the URL of their project, and what a `.netrc` does to the registry.

use cairn::domain::Role;

use crate::command::{Terraform, world};
use crate::files::{Files, block};
use crate::support::world::World;

fn netrc(world: &World, login: &str, password: &str) -> String {
    format!("machine {} login {login} password {password}\n", world.server.address())
}

#[test]
fn the_url_of_a_project_is_a_source_with_netrc_credentials() {
    let Some(world) = world() else { return };
    let files = Files::saying("direct");
    world.group("acme").project("acme/network").user("guest", Role::Guest, "acme/network");
    world.deploy_token("deploy", "acme/network", &["read_package_registry"]);
    world.publish("acme/network", "vpc/aws", "1.0.0", files.archive());
    let url = format!(
        "{}/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/1.0.0",
        world.server.url()
    );
    for name in ["guest", "deploy"] {
        let terraform = Terraform::new(&world.server)
            .netrc(&netrc(&world, name, &world.token(name)))
            .main(&block("vpc", &url, None));
        terraform.init().succeeds();
        assert_eq!(terraform.installed("vpc"), files, "{name}");
    }
    Terraform::new(&world.server).main(&block("vpc", &url, None)).init().fails().says("401");
}

#[test]
fn useless_netrc_credentials_for_the_registry_do_no_harm() {
    let Some(world) = world() else { return };
    let (open, closed) = (Files::saying("open"), Files::saying("closed"));
    world.group("acme").public_project("acme/open").project("acme/closed");
    world.user("guest", Role::Guest, "acme/closed");
    world.publish("acme/open", "open/aws", "1.0.0", open.archive());
    world.publish("acme/closed", "closed/aws", "1.0.0", closed.archive());
    let address = |module: &str| format!("{}/acme/{module}/aws", world.server.address());
    for text in [netrc(&world, "someone", "else"), "default login a password b\n".to_owned()] {
        let terraform = Terraform::new(&world.server)
            .netrc(&text)
            .token(&world.server, &world.token("guest"))
            .main(&(block("open", &address("open"), None) + &block("closed", &address("closed"), None)));
        terraform.init().succeeds();
        assert_eq!(terraform.installed("open"), open, "{text}");
        assert_eq!(terraform.installed("closed"), closed, "{text}");
    }
}
