//! Who closes jobs, how long they are kept, and how long an allowlist may be.

use super::*;
use crate::domain::{Role, Visibility};
use crate::service::fixture::ci::new_job;
use crate::service::fixture::{World, at_project, word};

const PROJECT: &str = "acme/modules";
const DAY: i64 = 24 * 3600;

/// A private project and a developer of it.
async fn world() -> (World, ProjectId, Caller) {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    let project = world.project(PROJECT, Visibility::Private).await.id;
    let dev = world.user("dev").await;
    world.join(&at_project(PROJECT), &dev, Role::Developer).await;
    (world, project, dev)
}

async fn open(world: &World, caller: &Caller) -> OpenedJob {
    world.registry.open_job(caller, PROJECT, new_job()).await.unwrap()
}

/// The numbers of the jobs that are kept.
fn kept(world: &World, project: ProjectId) -> Vec<u64> {
    let jobs = world.registry.store().read(|snapshot| ci_jobs::in_project(snapshot, project)).unwrap();
    jobs.iter().map(|job| job.id.0).collect()
}

#[tokio::test]
async fn a_job_is_closed_by_developers_and_by_itself_and_stays_closed() {
    let (world, project, dev) = world().await;
    world.project("acme/other", Visibility::Private).await;
    let reporter = world.user("reporter").await;
    world.join(&at_project(PROJECT), &reporter, Role::Reporter).await;
    let (first, second) = (open(&world, &dev).await, open(&world, &dev).await);
    let close = async |caller: &Caller, project: &str, id: JobId| {
        word(&world.registry.close_job(caller, project, id).await)
    };
    let other_job = world.as_caller(&second.secret).unwrap();
    assert_eq!(close(&reporter, PROJECT, first.job.id).await, "role");
    assert_eq!(close(&other_job, PROJECT, first.job.id).await, "ci", "a job closes no other");
    assert_eq!(close(&Caller::Operator, "acme/other", first.job.id).await, "missing", "not of that project");
    assert_eq!(close(&dev, PROJECT, JobId(99)).await, "missing");
    assert!(world.as_caller(&first.secret).is_ok(), "none of them closed it");

    assert_eq!(close(&dev, PROJECT, first.job.id).await, "done");
    assert_eq!(word(&world.as_caller(&first.secret)), "credential");
    let closed_at = world.registry.now();
    world.pass(60);
    assert_eq!(close(&dev, PROJECT, first.job.id).await, "done", "closing twice is no failure");
    let job = world.registry.store().read(|snapshot| ci_jobs::job(snapshot, first.job.id)).unwrap().unwrap();
    assert_eq!(job.closed_at, Some(closed_at), "and does not change when it was");

    assert_eq!(close(&other_job, PROJECT, second.job.id).await, "done", "a job closes itself");
    assert_eq!(word(&world.as_caller(&second.secret)), "credential");
    assert_eq!(kept(&world, project), [1, 2]);
}

#[tokio::test]
async fn jobs_that_ended_a_month_ago_are_forgotten_when_another_is_opened() {
    let (world, project, dev) = world().await;
    let closed = open(&world, &dev).await;
    world.registry.close_job(&dev, PROJECT, closed.job.id).await.unwrap();
    // The second one ends by itself an hour later.
    open(&world, &dev).await;
    world.pass(30 * DAY);
    open(&world, &dev).await;
    assert_eq!(kept(&world, project), [1, 2, 3], "thirty days are not over for any");
    world.pass(1);
    open(&world, &dev).await;
    assert_eq!(kept(&world, project), [2, 3, 4], "over for the one that was closed at once");
    world.pass(3600);
    open(&world, &dev).await;
    assert_eq!(kept(&world, project), [3, 4, 5]);
    assert_eq!(word(&world.as_caller(&closed.secret)), "credential");
}

#[tokio::test]
async fn opening_a_job_forgets_a_few_and_never_very_many() {
    let (world, project, dev) = world().await;
    for _ in 0..SWEPT + 3 {
        open(&world, &dev).await;
    }
    world.pass(31 * DAY);
    open(&world, &dev).await;
    assert_eq!(kept(&world, project).len(), 3 + 1);
    open(&world, &dev).await;
    assert_eq!(kept(&world, project).len(), 2);
}

#[tokio::test]
async fn an_allowlist_has_two_hundred_entries_with_the_project_itself() {
    let (world, project, _dev) = world().await;
    let almost_full = world.registry.store().write(move |change| {
        (0..MAX_ALLOWED as u64 - 2).try_for_each(|n| ci_jobs::allow(change, project, ProjectId(1000 + n)))
    });
    almost_full.await.unwrap();
    let operator = Caller::Operator;
    let last = world.project("acme/last", Visibility::Private).await.id;
    let much = world.project("acme/much", Visibility::Private).await.id;
    world.registry.allow_jobs_of(&operator, PROJECT, last).await.unwrap();
    let refused = world.registry.allow_jobs_of(&operator, PROJECT, much).await.unwrap_err().to_string();
    assert!(refused.contains("200 entries"), "{refused}");
    world.registry.disallow_jobs_of(&operator, PROJECT, last).await.unwrap();
    world.registry.allow_jobs_of(&operator, PROJECT, much).await.unwrap();
}

#[tokio::test]
async fn an_allowlist_begins_with_the_project_and_hides_what_the_caller_does_not_see() {
    let (world, project, _dev) = world().await;
    let maintainer = world.user("maintainer").await;
    world.join(&at_project(PROJECT), &maintainer, Role::Maintainer).await;
    let hidden = world.project("acme/hidden", Visibility::Private).await.id;
    world.registry.allow_jobs_of(&Caller::Operator, PROJECT, hidden).await.unwrap();
    for (caller, expected) in [(&Caller::Operator, &[project, hidden][..]), (&maintainer, &[project])] {
        let listed = world.registry.job_allowlist(caller, PROJECT).unwrap();
        assert_eq!(listed.iter().map(|listed| listed.id).collect::<Vec<_>>(), expected);
    }
    let outcome = world.registry.allow_jobs_of(&maintainer, PROJECT, hidden).await;
    assert_eq!(word(&outcome), "missing", "what is hidden cannot be told from what does not exist");
    let own = world.registry.allow_jobs_of(&maintainer, PROJECT, project).await;
    assert_eq!(word(&own), "invalid", "it is on the list already");
}
