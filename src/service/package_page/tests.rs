//! What the page of a package shows, and to whom.

use super::super::fixture::publishing::Fake;
use super::super::fixture::{World, at_project, word};
use super::*;
use crate::domain::{RegistryAccess, Role, Visibility};
use crate::service::projects::ProjectChange;

const PATH: &str = "Acme/deep/network";

async fn stage() -> (World, crate::domain::identity::Project) {
    let world = World::empty().await;
    world.group("Acme", Visibility::Public).await;
    world.group("Acme/deep", Visibility::Public).await;
    let project = world.project(PATH, Visibility::Private).await;
    (world, project)
}

#[tokio::test]
async fn a_package_stands_among_the_versions_of_its_module() {
    let (world, project) = stage().await;
    let other = world.project("Acme/other", Visibility::Public).await;
    let fake = Fake::declaring("# VPC", &["cidr"], &[]);
    let middle = world.publish_fake(&project, "vpc/aws", "1.9.0", fake.clone()).await;
    let high = world.publish(&project, "vpc/aws", "1.10.0").await;
    let next = world.publish(&project, "vpc/aws", "2.0.0-rc.1").await;
    let low = world.publish(&project, "vpc/aws", "0.1.0").await;
    world.publish(&project, "vpc/google", "1.9.1").await;
    world.publish(&other, "vpc/aws", "1.9.2").await;
    let reader = world.user("reader").await;
    world.join(&at_project(PATH), &reader, Role::Guest).await;
    let page = world.registry.package_page(&reader, PATH, middle.0).await.unwrap();
    let versions: Vec<_> = page.versions.iter().map(|v| (v.id, v.is_prerelease)).collect();
    assert_eq!(versions, [(next, true), (high, false), (middle, false), (low, false)]);
    assert_eq!((page.latest, page.lower, page.higher), (high, Some(low), Some(high)));
    assert_eq!(page.address.to_string(), "Acme/vpc/aws", "the root group, however deep the project is");
    assert_eq!(page.manifest, fake.manifest);
    assert_eq!(page.files.len(), 1);
    assert_eq!(page.publisher, Actor::CommandLine);
    assert!(page.sees_project && !page.is_public && !page.view.can_delete);
    for (id, lower, higher) in [(next, Some(high), None), (low, None, Some(middle))] {
        let page = world.registry.package_page(&reader, PATH, id.0).await.unwrap();
        assert_eq!((page.lower, page.higher), (lower, higher));
    }
}

#[tokio::test]
async fn who_may_not_pull_gets_no_page_and_an_open_registry_shows_no_more_than_packages() {
    let (world, project) = stage().await;
    let id = world.publish(&project, "vpc/aws", "1.0.0").await;
    let (outsider, keeper) = (world.user("outsider").await, world.user("keeper").await);
    world.join(&at_project(PATH), &keeper, Role::Maintainer).await;
    for caller in [&outsider, &Caller::Anonymous] {
        assert_eq!(word(&world.registry.package_page(caller, PATH, id.0).await), "hidden");
    }
    assert_eq!(word(&world.registry.package_page(&keeper, PATH, id.0 + 1).await), "missing");
    let open = ProjectChange { registry: Some(RegistryAccess::Public), ..ProjectChange::default() };
    world.registry.update_project(&Caller::Operator, PATH, open).await.unwrap();
    for (caller, sees, may_delete) in [(&Caller::Anonymous, false, false), (&keeper, true, true)] {
        let page = world.registry.package_page(caller, PATH, id.0).await.unwrap();
        assert_eq!((page.sees_project, page.view.can_delete, page.is_public), (sees, may_delete, true));
    }
}

#[tokio::test]
async fn activity_shows_the_publication_and_the_last_five_updates() {
    let (world, project) = stage().await;
    let ada = world.user("ada").await;
    let mut id = world.publish_fake(&project, "vpc/aws", "1.0.0", Fake::by(&ada)).await;
    let first = world.registry.now();
    // A package that is deleted and published again has two more events.
    for (updates, archived) in [(0, 0), (2, 0), (4, 0), (5, 1), (5, 3)] {
        let activity = world.registry.package_page(&Caller::Operator, PATH, id.0).await.unwrap().activity;
        assert_eq!((activity.updates.len(), activity.archived), (updates, archived));
        let published = activity.published.expect("it was published");
        let name = "ada".to_owned();
        assert_eq!((published.at, published.action), (first, PackageAction::Published));
        assert_eq!(published.actor, Actor::User { username: name.clone(), name });
        if let [.., deletion, last] = &activity.updates[..] {
            assert_eq!((deletion.action, last.action), (PackageAction::Deleted, PackageAction::Published));
            assert_eq!((last.at, &last.actor), (world.registry.now(), &Actor::CommandLine));
        }
        world.pass(60);
        world.registry.delete_package(&Caller::Operator, PATH, id.0).await.unwrap();
        id = world.publish(&project, "vpc/aws", "1.0.0").await;
    }
    let another = world.publish(&project, "vpc/aws", "1.0.1").await;
    let page = world.registry.package_page(&Caller::Operator, PATH, another.0).await.unwrap();
    assert_eq!(page.activity.updates, [], "each version has a history of its own");
}
