//! Download windows as days go by.

use super::super::fixture::World;
use super::super::modules::Archive;
use super::*;
use crate::domain::package::{Package, PackageFile, Publisher, Status};
use crate::domain::{FileId, Sha256, Visibility};

const DAY: i64 = 24 * 60 * 60;
const VPC: Address<'_> = Address { namespace: "acme", name: "vpc", system: "aws" };

/// A version of `vpc/aws` in a project, as if it had been published: only its metadata.
async fn publish(
    world: &World,
    project: &crate::domain::identity::Project,
    id: u64,
    version: &str,
) -> Archive {
    let (at, sha256) = (world.registry.now(), Sha256::new([7; 32]));
    let package = Package {
        id: PackageId(id),
        project: project.id,
        root: project.root(),
        name: "vpc".parse().unwrap(),
        system: "aws".parse().unwrap(),
        version: version.parse().unwrap(),
        status: Status::Default,
        created_at: at,
        publisher: Publisher::Operator,
        warnings: Vec::new(),
    };
    let file_name = package.file_name();
    let file =
        PackageFile { id: FileId(id), package: package.id, file_name, size: 1, sha256, created_at: at };
    let archive = Archive { package: package.id, sha256, size: 1, file_name: file.file_name.clone() };
    let write = move |change: &mut crate::store::Change<'_>| {
        packages::put(change, &package, &file, packages::Declared::of(&Manifest::default())?)
    };
    world.registry.store().write(write).await.unwrap();
    archive
}

async fn counts(world: &World, caller: &Caller) -> [u64; 4] {
    world.registry.flush_activity().await.unwrap();
    let summary = world.registry.download_summary(caller, VPC).await.unwrap();
    assert_eq!(summary.module, "acme/vpc/aws");
    [summary.week, summary.month, summary.year, summary.total]
}

#[tokio::test]
async fn downloads_leave_the_week_the_month_and_the_year() {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    let project = world.project("acme/network", Visibility::Public).await;
    let one = publish(&world, &project, 1, "1.0.0").await;
    let two = publish(&world, &project, 2, "2.0.0").await;
    assert_eq!(counts(&world, &Caller::Anonymous).await, [0, 0, 0, 0]);
    // The fixture starts at midnight.
    world.registry.count_download(&one);
    world.registry.count_download(&one);
    world.registry.count_download(&two);
    for (situation, days, expected) in [
        ("on the day", 0, [3, 3, 3, 3]),
        ("the last day of the week", 6, [3, 3, 3, 3]),
        ("a week later", 7, [0, 3, 3, 3]),
        ("the last day of the month", 29, [0, 3, 3, 3]),
        ("a month later", 30, [0, 0, 3, 3]),
        ("the last day of the year", 364, [0, 0, 3, 3]),
        ("a year later", 365, [0, 0, 0, 3]),
        ("long after", 4000, [0, 0, 0, 3]),
    ] {
        world.pass(days * DAY);
        assert_eq!(counts(&world, &Caller::Anonymous).await, expected, "{situation}");
        world.pass(-days * DAY);
    }
    world.pass(7 * DAY);
    world.registry.count_download(&one);
    assert_eq!(counts(&world, &Caller::Anonymous).await, [1, 4, 4, 4], "old days stay beside new ones");
    assert_eq!(world.registry.verify().await.unwrap().packages, 2);
    let wrong = super::super::upkeep::verify_metadata(world.registry.store()).unwrap();
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn downloads_of_versions_that_a_caller_does_not_see_are_not_counted_for_it() {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    let open = world.project("acme/open", Visibility::Public).await;
    let closed = world.project("acme/closed", Visibility::Private).await;
    let seen = publish(&world, &open, 1, "1.0.0").await;
    let hidden = publish(&world, &closed, 2, "2.0.0").await;
    world.registry.count_download(&seen);
    world.registry.count_download(&hidden);
    assert_eq!(counts(&world, &Caller::Anonymous).await, [1, 1, 1, 1]);
    assert_eq!(counts(&world, &Caller::Operator).await, [2, 2, 2, 2]);
}

#[tokio::test]
async fn a_package_takes_its_days_with_it() {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    let project = world.project("acme/network", Visibility::Public).await;
    let archive = publish(&world, &project, 1, "1.0.0").await;
    world.registry.count_download(&archive);
    world.registry.flush_activity().await.unwrap();
    world.registry.delete_package(&Caller::Operator, "acme/network", 1).await.unwrap();
    let kept = world.registry.store().read(|snapshot| downloads::daily(snapshot, PackageId(1))).unwrap();
    assert_eq!(kept.days, []);
    // One that was under way when the package went is counted nowhere.
    world.registry.count_download(&archive);
    world.registry.flush_activity().await.unwrap();
    let wrong = super::super::upkeep::verify_metadata(world.registry.store()).unwrap();
    assert_eq!(wrong, Vec::<String>::new());
}
