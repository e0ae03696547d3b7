//! Comparisons as callers ask for them.

use super::super::fixture::publishing::Fake;
use super::super::fixture::{World, word};
use super::*;
use crate::domain::Visibility;
use crate::domain::comparison::Impact;

#[tokio::test]
async fn two_versions_are_compared_the_lower_first() {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    let project = world.project("acme/network", Visibility::Public).await;
    let other = world.project("acme/other", Visibility::Private).await;
    let old = world.publish(&project, "vpc/aws", "1.0.0").await;
    let fake = Fake::declaring("", &["cidr"], &["aws_vpc"]);
    let new = world.publish_fake(&project, "vpc/aws", "1.1.0", fake).await;
    let elsewhere = world.publish(&other, "vpc/aws", "1.2.0").await;
    for (from, to) in [(old, "1.1.0"), (new, "1.0.0")] {
        let compared = world.registry.compare(&Caller::Anonymous, "acme/network", from.0, to).await.unwrap();
        assert_eq!((compared.from, compared.to), (old, new));
        assert_eq!(compared.comparison.count(Impact::Breaking), 1);
        assert_eq!(compared.comparison.verdict.sentence(), "breaking, but only a minor step");
    }
    let itself = world.registry.compare(&Caller::Anonymous, "acme/network", old.0, "1.0.0").await.unwrap();
    assert!(itself.comparison.changes.is_empty());
    for (situation, project, id, version, expected) in [
        ("a version that is not there", "acme/network", old, "3.0.0", "missing"),
        ("a version of another project", "acme/network", old, "1.2.0", "missing"),
        ("no version", "acme/network", old, "latest", "missing"),
        ("a package of another project", "acme/network", elsewhere, "1.0.0", "missing"),
        ("a project that is hidden", "acme/other", elsewhere, "1.2.0", "hidden"),
    ] {
        let refused = world.registry.compare(&Caller::Anonymous, project, id.0, version).await;
        assert_eq!(word(&refused), expected, "{situation}");
    }
}
