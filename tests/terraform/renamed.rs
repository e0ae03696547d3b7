//! Sources that were written before a rename: they go on installing.

use cairn::domain::{RegistryAccess, Role, Visibility};
use serde_json::json;

use crate::command::{Terraform, world};
use crate::files::{Files, block};
use crate::support::world::World;

/// A private project whose group and whose own path were changed after something was published.
fn renamed() -> Option<(World, Files)> {
    let world = world()?;
    world.group_with("acme", Visibility::Private, &json!({}));
    world.project_with("acme/network", Visibility::Private, RegistryAccess::Enabled);
    world.user("dev", Role::Guest, "acme/network");
    let files = Files::saying("one");
    world.publish("acme/network", "vpc/aws", "1.0.0", files.archive());
    world.change_project("acme/network", &json!({ "path": "net" }));
    world.change_group("acme", &json!({ "path": "umbrella" }));
    Some((world, files))
}

#[test]
fn a_registry_source_with_the_old_namespace_is_installed() {
    let Some((world, files)) = renamed() else { return };
    for namespace in ["acme", "umbrella"] {
        let source = format!("{}/{namespace}/vpc/aws", world.server.address());
        let terraform = Terraform::new(&world.server).token(&world.server, &world.token("dev")).main(&block(
            "vpc",
            &source,
            Some("~> 1.0"),
        ));
        terraform.init().succeeds().never_says("Warning");
        assert_eq!(terraform.installed("vpc"), files, "{namespace}");
    }
}

#[test]
fn a_direct_source_with_the_old_project_path_is_installed() {
    let Some((world, files)) = renamed() else { return };
    let source = format!(
        "{}/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/1.0.0",
        world.server.url()
    );
    let terraform = Terraform::new(&world.server)
        .netrc(&format!("machine {} login dev password {}\n", world.server.address(), world.token("dev")))
        .main(&block("vpc", &source, None));
    terraform.init().succeeds();
    assert_eq!(terraform.installed("vpc"), files);
}
