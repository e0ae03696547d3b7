//! Bytes and metadata together: publishers racing each other and the collector, and what is left on disk afterwards.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use cairn::domain::identity::{Group, GroupKind, Project, RegistryAccess, Visibility};
use cairn::domain::package::DuplicatesRule;
use cairn::domain::{GroupId, ProjectId};
use cairn::service::publish::{Published, Target};
use cairn::service::{Caller, Clock, Options, Registry, ServiceError};
use cairn::store::{StoreError, identity, packages};

use crate::archives::Module;
use crate::sample::at;

/// A registry in a folder of its own, with the group `acme` and the project `acme/modules`.
async fn registry() -> (tempfile::TempDir, Registry) {
    let dir = tempfile::tempdir().expect("a folder");
    // Far in the future: every blob is old enough to be collected.
    let clock = Clock::from_fn(|| at(1_000_000_000));
    let registry = Registry::open(dir.path(), Options::default(), clock).await.expect("a new registry");
    let group = Group {
        id: GroupId(1),
        kind: GroupKind::Group,
        ancestors: vec![],
        path: "acme".parse().expect("a path"),
        name: String::new(),
        description: String::new(),
        visibility: Visibility::Private,
        duplicates: DuplicatesRule::default(),
        created_at: at(0),
    };
    let project = Project {
        id: ProjectId(1),
        groups: vec![GroupId(1)],
        path: "acme/modules".parse().expect("a path"),
        name: String::new(),
        description: String::new(),
        visibility: Visibility::Private,
        registry: RegistryAccess::Enabled,
        creator: None,
        created_at: at(0),
    };
    registry
        .store()
        .write(move |change| {
            identity::put_group(change, &group)?;
            identity::put_project(change, &project)
        })
        .await
        .map_err(|error: StoreError| error)
        .expect("a group and a project");
    (dir, registry)
}

async fn publish(registry: &Registry, version: &str, bytes: Vec<u8>) -> Result<Published, ServiceError> {
    let target = Target { project: "acme/modules", name: "vpc", system: "aws", version };
    let upload = registry.begin_upload(&Caller::Operator, target).await?;
    let receiving = registry.clone();
    let (upload, received) = cairn::store::blocking(move || {
        let received = receiving.receive(&upload, &bytes[..]);
        (upload, received)
    })
    .await?;
    registry.finish_upload(&Caller::Operator, upload, received?).await
}

fn module(text: &str) -> Vec<u8> {
    Module::new().file("main.tf", format!("# {text}\n")).build()
}

/// Digests of the blobs on disk, and how many files uploads left behind.
fn on_disk(dir: &Path) -> (BTreeSet<String>, usize) {
    let mut blobs = BTreeSet::new();
    for folder in std::fs::read_dir(dir.join("blobs/sha256")).expect("readable") {
        let folder = folder.expect("readable");
        for blob in std::fs::read_dir(folder.path()).expect("readable") {
            let name = blob.expect("readable").file_name();
            blobs.insert(format!("{}{}", folder.file_name().to_string_lossy(), name.to_string_lossy()));
        }
    }
    (blobs, std::fs::read_dir(dir.join("tmp")).expect("readable").count())
}

async fn assert_clean(dir: &Path, registry: &Registry, expected: &BTreeSet<String>) {
    let verified = registry.verify().await.expect("it can be read");
    assert_eq!(verified.wrong, Vec::<String>::new());
    assert_eq!(verified.orphans, []);
    assert_eq!(on_disk(dir), (expected.clone(), 0), "blobs on disk, and left-over uploads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_publishers_of_one_version_one_wins_and_the_others_leave_nothing() {
    let (dir, registry) = registry().await;
    let mut running = tokio::task::JoinSet::new();
    for number in 0..64u32 {
        let registry = registry.clone();
        // Half of them send the same bytes.
        let bytes = module(&if number % 2 == 0 { "same".to_owned() } else { format!("other {number}") });
        running.spawn(async move { publish(&registry, "1.0.0", bytes).await });
    }
    let (mut won, mut duplicates) = (Vec::new(), 0);
    for outcome in running.join_all().await {
        match outcome {
            Ok(published) => won.push(published.sha256.to_hex()),
            Err(ServiceError::Duplicate(_)) => duplicates += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((won.len(), duplicates), (1, 63));
    assert_clean(dir.path(), &registry, &won.into_iter().collect()).await;
    registry.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_collector_never_takes_bytes_that_are_being_published() {
    let (dir, registry) = registry().await;
    let bytes = module("the same bytes, again and again");
    // The bytes lie there as an orphan, as after a crash, and are published and deleted while collectors run.
    let collectors: Vec<_> = (0..2)
        .map(|_| {
            let registry = registry.clone();
            tokio::spawn(async move {
                loop {
                    registry.collect_garbage(Duration::ZERO, false).await.expect("the collector runs");
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for round in 0..40 {
        let (one, other) = (format!("1.0.{round}"), format!("2.0.{round}"));
        let (first, second) =
            tokio::join!(publish(&registry, &one, bytes.clone()), publish(&registry, &other, bytes.clone()));
        for published in [first.expect("it is new"), second.expect("it is new")] {
            let (digest, size) = registry.blobs().rehash(&published.sha256).expect("its bytes are there");
            assert_eq!((digest, size), (published.sha256, bytes.len() as u64));
            remove(&registry, &published).await;
        }
    }
    for collector in collectors {
        collector.abort();
        assert!(collector.await.expect_err("it loops for ever").is_cancelled());
    }
    registry.collect_garbage(Duration::ZERO, false).await.expect("the collector runs");
    assert_clean(dir.path(), &registry, &BTreeSet::new()).await;
    registry.close().await;
}

async fn remove(registry: &Registry, published: &Published) {
    let id = published.package;
    registry
        .store()
        .write(move |change| match packages::package(change, id)? {
            Some(package) => packages::remove(change, &package),
            None => Ok(()),
        })
        .await
        .map_err(|error: StoreError| error)
        .expect("it can be deleted");
}

#[tokio::test]
async fn young_orphans_and_blobs_that_something_holds_are_spared() {
    let (dir, registry) = registry().await;
    let kept = publish(&registry, "1.0.0", module("kept")).await.expect("it is new");
    let gone = publish(&registry, "1.0.1", module("gone")).await.expect("it is new");
    remove(&registry, &gone).await;
    let century = Duration::from_hours(100 * 365 * 24);
    let spared = registry.collect_garbage(century, false).await.expect("the collector runs");
    assert_eq!(spared.blobs, []);
    let seen = registry.collect_garbage(Duration::ZERO, true).await.expect("the collector runs");
    assert_eq!(seen.blobs.iter().map(|blob| blob.sha256.clone()).collect::<Vec<_>>(), [gone.sha256.to_hex()]);
    assert_eq!(on_disk(dir.path()).0.len(), 2, "a dry run only looks");
    let collected = registry.collect_garbage(Duration::ZERO, false).await.expect("the collector runs");
    assert_eq!(collected.blobs, seen.blobs);
    assert_clean(dir.path(), &registry, &[kept.sha256.to_hex()].into()).await;
    registry.close().await;
}

#[tokio::test]
async fn a_refused_archive_and_an_upload_that_breaks_off_leave_nothing() {
    let (dir, registry) = registry().await;
    let whole = module("whole");
    for bytes in [b"no archive".to_vec(), whole[..whole.len() / 2].to_vec(), Vec::new()] {
        publish(&registry, "1.0.0", bytes).await.expect_err("not a module");
    }
    assert_clean(dir.path(), &registry, &BTreeSet::new()).await;
    registry.close().await;
}

#[tokio::test]
async fn damage_is_found_and_named() {
    let (dir, registry) = registry().await;
    let published = publish(&registry, "1.0.0", module("one")).await.expect("it is new");
    let missing = publish(&registry, "1.0.1", module("two")).await.expect("it is new");
    let path = |hex: &str| dir.path().join("blobs/sha256").join(&hex[..2]).join(&hex[2..]);
    let (changed, lost) = (published.sha256.to_hex(), missing.sha256.to_hex());
    std::fs::remove_file(path(&lost)).expect("it is there");
    std::fs::remove_file(path(&changed)).expect("it is there");
    std::fs::copy("/proc/self/status", path(&changed)).expect("room");
    let verified = registry.verify().await.expect("it can be read");
    assert_eq!(verified.wrong.len(), 2, "{:?}", verified.wrong);
    assert!(verified.wrong.iter().any(|text| text.contains(&changed) && text.contains("changed")));
    assert!(verified.wrong.iter().any(|text| text.contains(&lost) && text.contains("missing")));
    registry.close().await;
}
