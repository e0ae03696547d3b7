//! A small registry: a few modules in a few projects of a group, and people with roles there.

use cairn::domain::Role;
use serde_json::json;

use crate::browser::Browser;
use crate::fixtures::PASSWORD;
use crate::support::archive::Module;
use crate::support::world::{World, upload};

/// A public project with `vpc/aws` 1.0.0 and 1.10.0, `dns/azurerm` 3.0.0, and `ci/aws` 0.1.0 that a deploy token published.
pub(crate) const NETWORK: &str = "acme/network";
/// A public project of a subgroup, with `bucket/aws` 2.0.0.
pub(crate) const STORAGE: &str = "acme/data/storage";
/// A private project, with `secret/aws` 1.0.0.
pub(crate) const CLASSIFIED: &str = "acme/classified";
/// The list of [`NETWORK`].
pub(crate) const LIST: &str = "/acme/network/-/infrastructure_registry";
/// The list of the group above all of it.
pub(crate) const GROUP_LIST: &str = "/groups/acme/-/infrastructure_registry";

/// Makes all of it.
pub(crate) fn stock(world: &World) {
    world
        .group("acme")
        .group("acme/data")
        .public_project(NETWORK)
        .public_project(STORAGE)
        .project(CLASSIFIED);
    world.deploy_token("ci", NETWORK, &["write_package_registry"]);
    let vpc =
        |text: &str| Module::of(text).file("README.md", "# VPC\n\nMakes a ~~small~~ *private* network.\n");
    world.publish(NETWORK, "vpc/aws", "1.0.0", vpc("1")).publish(NETWORK, "vpc/aws", "1.10.0", vpc("2"));
    world.publish(NETWORK, "dns/azurerm", "3.0.0", Module::of("3"));
    world.publish(STORAGE, "bucket/aws", "2.0.0", Module::of("4"));
    world.publish(CLASSIFIED, "secret/aws", "1.0.0", Module::of("5"));
    upload(&world.client("ci"), NETWORK, "ci/aws", "0.1.0", Module::of("6")).must(201);
}

/// The page of a version.
pub(crate) fn page_of(world: &World, project: &str, module: &str, version: &str) -> String {
    format!("/{project}/-/infrastructure_registry/{}", world.package_id(project, module, version))
}

/// Somebody who can sign in with [`PASSWORD`].
pub(crate) fn person(world: &World, name: &str) {
    let person = json!({ "username": name, "name": name, "password": PASSWORD });
    world.root().post("/api/v4/users", &person).must(201);
}

/// Whom a page is shown to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Nobody in particular.
    Visitor,
    /// A member of one project.
    Member(Role),
    /// An administrator, who is a member of nothing.
    Administrator,
}

impl Who {
    /// Whether versions are theirs to delete.
    pub(crate) fn deletes(self) -> bool {
        self == Self::Administrator || matches!(self, Self::Member(role) if role >= Role::Maintainer)
    }

    /// Signs in as such a person: `ada`, with her role in a project.
    pub(crate) fn enters(self, world: &World, browser: &Browser, project: &str) {
        if self == Self::Visitor {
            return;
        }
        person(world, "ada");
        match self {
            Self::Member(role) => {
                world.member("ada", role, project);
            }
            _ => {
                let ada = format!("/api/v4/users/{}", world.user_id("ada"));
                world.root().put_json(&ada, &json!({ "admin": true })).must(200);
            }
        }
        browser.sign_in("ada", PASSWORD);
    }
}
