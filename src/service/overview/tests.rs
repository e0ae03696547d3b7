//! What administrators see, and nobody else.

use std::io::Write;

use super::super::fixture::{World, word};
use super::*;
use crate::domain::Visibility;

#[tokio::test]
async fn counts_and_events_are_those_of_the_whole_instance() {
    let world = World::empty().await;
    let (admin, user) = (world.admin("root").await, world.user("ada").await);
    assert_eq!(world.registry.overview(&admin).await.unwrap().events, []);
    world.group("acme", Visibility::Private).await;
    world.group("acme/deep", Visibility::Private).await;
    let kept = world.project("acme/deep/kept", Visibility::Private).await;
    let gone = world.project("acme/gone", Visibility::Private).await;
    for version in ["1.0.0", "1.1.0"] {
        world.publish(&kept, "vpc/aws", version).await;
    }
    world.publish(&gone, "dns/aws", "1.0.0").await;
    world.registry.delete_project(&admin, "acme/gone").await.unwrap();
    let overview = world.registry.overview(&admin).await.unwrap();
    let counts = (overview.users, overview.groups, overview.projects, overview.modules, overview.versions);
    assert_eq!(counts, (2, 2, 1, 1, 2));
    let events: Vec<_> = overview
        .events
        .iter()
        .map(|event| (event.action, event.name.as_str(), event.project.as_deref()))
        .collect();
    let path = Some("acme/deep/kept");
    assert_eq!(
        events,
        [
            (PackageAction::Deleted, "dns", None),
            (PackageAction::Published, "dns", None),
            (PackageAction::Published, "vpc", path),
            (PackageAction::Published, "vpc", path),
        ]
    );
    assert!(overview.is_ready && overview.is_switched_on && overview.free_uploads > 0);
    for number in 0..30 {
        world.publish(&kept, "vpc/aws", &format!("2.{number}.0")).await;
    }
    let last = world.registry.overview(&admin).await.unwrap().events;
    assert_eq!((last.len(), last[0].version.to_string().as_str()), (EVENTS_SHOWN, "2.29.0"));
    for caller in [&user, &Caller::Anonymous] {
        assert_ne!(word(&world.registry.overview(caller).await), "done");
        assert_ne!(word(&world.registry.storage(caller).await), "done");
    }
}

#[tokio::test]
async fn the_disk_is_measured_again_after_a_while() {
    let world = World::empty().await;
    let admin = world.admin("root").await;
    let store = |bytes: &[u8]| {
        let mut staged = world.registry.blobs().stage().unwrap();
        staged.write_all(bytes).unwrap();
        drop(world.registry.blobs().commit(staged).unwrap());
    };
    store(b"nobody refers to this");
    let first = world.registry.storage(&admin).await.unwrap();
    assert_eq!((first.blobs, first.bytes), (1, 21));
    assert_eq!((first.reclaimable_blobs, first.reclaimable_bytes), (1, 21));
    store(b"nor to this");
    world.pass(60);
    assert_eq!(world.registry.storage(&admin).await.unwrap(), first, "what was found is kept for a while");
    world.pass(600);
    let second = world.registry.storage(&admin).await.unwrap();
    assert_eq!((second.blobs, second.bytes, second.measured_at), (2, 32, world.registry.now()));
}
