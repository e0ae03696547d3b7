//! Which publisher a job gets, how many there may be, and how long spent tokens are remembered.

use std::ops::ControlFlow;

use super::*;
use crate::domain::Visibility;
use crate::service::fixture::World;
use crate::service::fixture::ci::{new_publisher, workload};
use crate::store::tables::{Present, SPENT_BY_END, SPENT_ID_TOKENS};

const PROJECT: &str = "acme/modules";
/// How long the tokens of these tests last, in seconds.
const LIFE: i64 = 300;

async fn world() -> (World, ProjectId) {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    let project = world.project(PROJECT, Visibility::Private).await.id;
    (world, project)
}

async fn add(world: &World, new: NewTrustedPublisher) -> Result<PublisherId, ServiceError> {
    Ok(world.registry.add_trusted_publisher(&Caller::Operator, PROJECT, new).await?.id)
}

/// Publishes with a token of that name, as far as that uses the token up.
async fn publish(world: &World, project: ProjectId, token: &str) -> Result<(), ServiceError> {
    let now = world.registry.now();
    let workload = workload(token, now + jiff::SignedDuration::from_secs(LIFE));
    world.registry.store().write(move |change| use_up(change, &workload, project, now)).await
}

/// How many tokens are remembered, in both tables.
fn remembered(world: &World) -> (usize, usize) {
    let (mut by_token, mut by_end) = (0, 0);
    let read = world.registry.store().read(|snapshot| {
        snapshot.scan(&SPENT_ID_TOKENS, .., |_, _| {
            by_token += 1;
            ControlFlow::Continue(())
        })?;
        snapshot.scan(&SPENT_BY_END, .., |_, Present| {
            by_end += 1;
            ControlFlow::Continue(())
        })
    });
    read.unwrap();
    (by_token, by_end)
}

#[tokio::test]
async fn of_several_publishers_a_job_gets_the_one_that_lets_it_do_most() {
    let (world, project) = world().await;
    let claims = workload("a", world.registry.now()).claims;
    let given = |world: &World| {
        let found = world.registry.store().read(|snapshot| matching(snapshot, &claims, project));
        found.unwrap().map(|publisher| publisher.id)
    };
    assert_eq!(given(&world), None);
    let other = ClaimPatterns::parse([("project_path", "acme/other")]).unwrap();
    add(&world, NewTrustedPublisher { role: Role::Maintainer, claims: other, ..new_publisher() })
        .await
        .unwrap();
    assert_eq!(given(&world), None, "another project's");
    let reads = add(&world, NewTrustedPublisher { role: Role::Reporter, ..new_publisher() }).await.unwrap();
    assert_eq!(given(&world), Some(reads));
    let once = add(&world, NewTrustedPublisher { once: true, ..new_publisher() }).await.unwrap();
    assert_eq!(given(&world), Some(once));
    let often = add(&world, new_publisher()).await.unwrap();
    assert_eq!(given(&world), Some(often), "the same role without a bound");
    world.registry.remove_trusted_publisher(&Caller::Operator, PROJECT, often).await.unwrap();
    assert_eq!(given(&world), Some(once));
}

#[tokio::test]
async fn a_project_has_fifty_publishers_at_most() {
    let (world, project) = world().await;
    let now = world.registry.now();
    let new = new_publisher();
    let almost_full = world.registry.store().write(move |change| {
        (1..MAX_OF_PROJECT as u64).try_for_each(|n| {
            let publisher = TrustedPublisher {
                id: PublisherId(1000 + n),
                project,
                name: format!("{n}"),
                issuer: new.issuer.clone(),
                claims: new.claims.clone(),
                role: Role::Developer,
                once: false,
                created_by: None,
                created_at: now,
            };
            trusted_publishers::put(change, &publisher)
        })
    });
    almost_full.await.unwrap();
    add(&world, new_publisher()).await.unwrap();
    let refused = add(&world, new_publisher()).await.unwrap_err().to_string();
    assert!(refused.contains("50 trusted publishers"), "{refused}");
}

#[tokio::test]
async fn only_what_a_trusted_publisher_may_be_given_is_given() {
    let (world, _) = world().await;
    for role in Role::ALL {
        let outcome = add(&world, NewTrustedPublisher { role, ..new_publisher() }).await;
        assert_eq!(outcome.is_ok(), (Role::Reporter..=Role::Maintainer).contains(&role), "{role:?}");
    }
}

#[tokio::test]
async fn a_spent_token_is_remembered_until_nobody_would_accept_it() {
    let (world, project) = world().await;
    publish(&world, project, "a").await.unwrap();
    publish(&world, project, "a").await.unwrap();
    assert_eq!(remembered(&world), (0, 0), "without a publisher that asks for it nothing is kept");
    add(&world, NewTrustedPublisher { once: true, ..new_publisher() }).await.unwrap();
    publish(&world, project, "a").await.unwrap();
    let again = publish(&world, project, "a").await.unwrap_err().to_string();
    assert!(again.contains("published already"), "{again}");
    publish(&world, project, "b").await.unwrap();
    // Its end by the clock is not yet the end of the leeway.
    world.pass(LIFE);
    publish(&world, project, "c").await.unwrap();
    assert_eq!(remembered(&world), (3, 3));
    world.pass(LIFE);
    publish(&world, project, "d").await.unwrap();
    assert_eq!(remembered(&world), (2, 2), "the first two are forgotten, the third one not yet");
}
