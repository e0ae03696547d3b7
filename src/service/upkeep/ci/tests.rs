//! Indexes of CI that something left wrong are noticed, one by one.

use super::*;
use crate::domain::provenance::{Provenance, VerifiedBy};
use crate::domain::{JobId, PackageId, PublisherId, Role, Sha256, Visibility};
use crate::service::Caller;
use crate::service::fixture::ci::{new_job, new_publisher};
use crate::service::fixture::{World, at_project};
use crate::service::upkeep::verify_metadata;
use crate::store::tables::Present;
use crate::store::{Change, packages, trusted_publishers};

/// Number of the one job, and of the one trusted publisher.
const ONE: u64 = 1;

/// A world with one of everything that is checked here. Returns the numbers of both projects as well.
async fn world() -> (World, u64, u64) {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    let project = world.project("acme/modules", Visibility::Private).await;
    let other = world.project("acme/other", Visibility::Private).await;
    let dev = world.user("dev").await;
    world.join(&at_project("acme/modules"), &dev, Role::Developer).await;
    let registry = &world.registry;
    let job = registry.open_job(&dev, "acme/modules", new_job()).await.unwrap().job;
    registry.allow_jobs_of(&Caller::Operator, "acme/modules", other.id).await.unwrap();
    let added = registry.add_trusted_publisher(&Caller::Operator, "acme/modules", new_publisher()).await;
    assert_eq!((job.id, added.unwrap().id), (JobId(ONE), PublisherId(ONE)));
    let package = world.publish(&project, "vpc/aws", "1.0.0").await;
    let now = registry.now();
    let written = registry.store().write(move |change| {
        let provenance = Provenance::verified_by(VerifiedBy::Job(ONE));
        packages::put_provenance(change, package, &provenance)?;
        trusted_publishers::spend(change, &Sha256::new([7; 32]), now, now)
    });
    written.await.unwrap();
    (world, project.id.0, other.id.0)
}

#[tokio::test]
async fn what_the_use_cases_write_is_whole() {
    let (world, ..) = world().await;
    assert_eq!(verify_metadata(world.registry.store()).unwrap(), Vec::<String>::new());
    world.registry.delete_project(&Caller::Operator, "acme/modules").await.unwrap();
    assert_eq!(verify_metadata(world.registry.store()).unwrap(), Vec::<String>::new(), "and goes as a whole");
}

#[tokio::test]
async fn whatever_is_missing_or_too_much_is_named() {
    type Damage = fn(&mut Change<'_>, u64, u64) -> Result<(), StoreError>;
    let damages: [(Damage, &str); 13] = [
        (
            |change, _, _| packages::put_provenance(change, PackageId(99), &nobody()),
            "provenances.v1: package 99 does not exist",
        ),
        (
            |change, _, _| change.put(&EVENT_PROVENANCES, 99, &nobody()),
            "event_provenances.v1: event 99 does not exist",
        ),
        (
            |change, _, _| {
                change.remove(&CI_JOBS, ONE);
                Ok(())
            },
            "ci_job_hashes.v1: names CI job 1, which has another hash or does not exist",
        ),
        (
            |change, project, _| {
                change.remove(&PROJECT_CI_JOBS, (project, ONE));
                Ok(())
            },
            "ci_jobs.v1: CI job 1 is not in every index",
        ),
        (
            |change, _, _| {
                let job = change.require(&CI_JOBS, ONE)?;
                change.remove(&CI_JOB_HASHES, *job.hash.as_bytes());
                Ok(())
            },
            "ci_jobs.v1: CI job 1 is not in every index",
        ),
        (
            |change, _, _| change.put(&PROJECT_CI_JOBS, (99, ONE), &Present),
            "project_ci_jobs.v1: names CI job 1, which is not of project 99",
        ),
        (
            |change, project, other| {
                change.remove(&JOB_ALLOWED_IN, (other, project));
                Ok(())
            },
            "job_allowlist.v1: that project",
        ),
        (
            |change, project, other| {
                change.remove(&JOB_ALLOWLIST, (project, other));
                Ok(())
            },
            "job_allowed_in.v1: project",
        ),
        (
            |change, project, _| {
                change.remove(&PROJECT_TRUSTED_PUBLISHERS, (project, ONE));
                Ok(())
            },
            "trusted_publishers.v1: trusted publisher 1 (releases) is not in every index",
        ),
        (
            |change, _, _| {
                change.remove(&TRUSTED_PUBLISHERS, ONE);
                Ok(())
            },
            "project_trusted_publishers.v1: names trusted publisher 1, which is not of project",
        ),
        (
            |change, _, _| change.put(&PROJECT_TRUSTED_PUBLISHERS, (99, ONE), &Present),
            "project_trusted_publishers.v1: names trusted publisher 1, which is not of project 99",
        ),
        (
            |change, _, _| change.put(&SPENT_ID_TOKENS, [8; 32], &SpentUntil(5)),
            "spent_id_tokens.v1: a token remembered until 5 would never be forgotten",
        ),
        (
            |change, _, _| change.put(&SPENT_BY_END, (5, [7; 32]), &Present),
            "spent_by_end.v1: a token that ends at 5 is not remembered",
        ),
    ];
    for (damage, said) in damages {
        let (world, project, other) = world().await;
        let store = world.registry.store();
        store.write(move |change| damage(change, project, other)).await.unwrap();
        let wrong = verify_metadata(store).unwrap();
        assert!(wrong.iter().any(|sentence| sentence.starts_with(said)), "{said}: {wrong:?}");
    }
}

fn nobody() -> Provenance {
    Provenance::verified_by(VerifiedBy::Nobody)
}
