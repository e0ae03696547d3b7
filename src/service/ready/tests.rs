//! What ends by the clock, and what is not kept at all.

use jiff::civil::Date;
use secrecy::ExposeSecret;

use super::*;
use crate::domain::Role;
use crate::domain::credential::PersonalScope;
use crate::service::Options;
use crate::service::fixture::ci::new_job;
use crate::service::fixture::{World, at_project};
use crate::service::members::End;
use crate::service::modules::Address;
use crate::service::tokens::NewToken;

const PROJECT: &str = "acme/modules";
const VERSIONS: Asked<'static> = Asked::Versions("acme/vpc/aws/versions");
const ADDRESS: Address<'static> = Address { namespace: "acme", name: "vpc", system: "aws" };
const DAY: i64 = 24 * 3600;

/// A private project with one module.
async fn world() -> World {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    let project = world.project(PROJECT, Visibility::Private).await;
    world.publish(&project, "vpc/aws", "1.0.0").await;
    world
}

/// Has the answer kept by asking as somebody who sees everything.
fn ask(world: &World) {
    world.registry.versions(&Caller::Operator, ADDRESS).unwrap();
}

/// The day after the one on which the fixture's clock starts.
fn tomorrow(world: &World) -> Date {
    world.registry.now().to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().unwrap()
}

fn is_ready(world: &World, secret: &str) -> bool {
    ready_once(world, VERSIONS, With::Token(secret))
}

/// Whether it is ready for the first request of a connection.
fn ready_once(world: &World, asked: Asked<'_>, with: With<'_>) -> bool {
    world.registry.ready(asked, with, &mut Acquaintance::default(), world.registry.now()).is_some()
}

#[tokio::test]
async fn a_membership_that_ended_by_the_clock_counts_no_more() {
    let world = world().await;
    let user = world.make_user("ada", false).await;
    let secret = world.token(&user, PersonalScope::ReadApi).await.secret;
    let end = End::On(tomorrow(&world));
    let place = at_project(PROJECT);
    world.registry.add_member(&Caller::Operator, place, user.id, Role::Reporter, end).await.unwrap();
    ask(&world);
    assert!(is_ready(&world, secret.expose_secret()));
    world.pass(3 * DAY);
    assert!(!is_ready(&world, secret.expose_secret()));
}

#[tokio::test]
async fn a_token_that_ended_by_the_clock_counts_no_more() {
    let world = world().await;
    world.make_user("ada", true).await;
    let scopes = vec![PersonalScope::ReadApi];
    let new = NewToken { name: "short".to_owned(), scopes, expires_at: Some(tomorrow(&world)) };
    let secret = world.registry.create_personal_token(&Caller::Operator, "ada", new).await.unwrap().secret;
    ask(&world);
    assert!(is_ready(&world, secret.expose_secret()));
    world.pass(3 * DAY);
    assert!(!is_ready(&world, secret.expose_secret()));
}

#[tokio::test]
async fn a_ci_job_that_ended_by_the_clock_counts_no_more() {
    let world = world().await;
    let dev = world.user("dev").await;
    world.join(&at_project(PROJECT), &dev, Role::Developer).await;
    let job = world.registry.open_job(&dev, PROJECT, new_job()).await.unwrap();
    ask(&world);
    assert!(is_ready(&world, job.secret.expose_secret()));
    world.pass(30 * DAY);
    assert!(!is_ready(&world, job.secret.expose_secret()));
}

#[tokio::test]
async fn a_ticket_that_ended_by_the_clock_opens_nothing() {
    let world = world().await;
    let location = world.registry.locate(&Caller::Operator, ADDRESS, "1.0.0").unwrap();
    let ticket = location.ticket.unwrap();
    world.registry.redeem(&ticket, ADDRESS, "1.0.0").unwrap();
    let opens = || ready_once(&world, Asked::Archive("acme/vpc/aws/1.0.0"), With::Ticket(&ticket));
    assert!(opens());
    world.pass(DAY);
    assert!(!opens());
}

#[tokio::test]
async fn another_configuration_makes_every_answer_be_made_anew() {
    let world = world().await;
    let user = world.make_user("ada", true).await;
    let secret = world.token(&user, PersonalScope::ReadApi).await.secret;
    ask(&world);
    assert!(is_ready(&world, secret.expose_secret()));
    let off = Options { disable_registry: true, ..Options::default() };
    world.registry.set_options(off);
    assert!(!is_ready(&world, secret.expose_secret()));
    ask(&world);
    assert!(!is_ready(&world, secret.expose_secret()), "what is read while it is switched off is not kept");
    world.registry.set_options(Options::default());
    assert!(!is_ready(&world, secret.expose_secret()));
    ask(&world);
    assert!(is_ready(&world, secret.expose_secret()));
}

#[tokio::test]
async fn an_answer_of_who_saw_only_a_part_is_not_kept() {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    let open = world.project("acme/open", Visibility::Public).await;
    let closed = world.project(PROJECT, Visibility::Private).await;
    world.publish(&open, "vpc/aws", "1.0.0").await;
    world.publish(&closed, "vpc/aws", "2.0.0").await;
    let admin = world.make_user("ada", true).await;
    let shown = |caller: &Caller| world.registry.versions(caller, ADDRESS).unwrap().versions.len();
    let ready = || ready_once(&world, VERSIONS, With::Nothing);
    assert_eq!((shown(&Caller::Anonymous), ready()), (1, false));
    assert_eq!((shown(&Caller::Operator), ready()), (2, false), "kept, and not for everybody");
    let secret = world.token(&admin, PersonalScope::ReadApi).await.secret;
    assert!(is_ready(&world, secret.expose_secret()));
}

#[tokio::test]
async fn whoever_asked_before_on_a_connection_is_checked_each_time() {
    let world = world().await;
    let admin = world.make_user("ada", true).await;
    // Without her, ada could not be blocked.
    world.make_user("zoe", true).await;
    let scopes = vec![PersonalScope::ReadApi];
    let new = NewToken { name: "short".to_owned(), scopes, expires_at: Some(tomorrow(&world)) };
    let short = world.registry.create_personal_token(&Caller::Operator, "ada", new).await.unwrap().secret;
    let long = world.token(&admin, PersonalScope::ReadApi).await;
    let stranger = world.make_user("eve", false).await;
    let theirs = world.token(&stranger, PersonalScope::ReadApi).await.secret;
    ask(&world);
    let mut connection = Acquaintance::default();
    let mut asks = |with| {
        world.registry.ready(VERSIONS, with, &mut connection, world.registry.now()).map(|(_, who)| who)
    };
    let (short, theirs) = (short.expose_secret(), theirs.expose_secret());
    let secret = long.secret.expose_secret();
    for _ in 0..2 {
        assert!(asks(With::Token(short)).unwrap().starts_with("user:ada/"));
        assert_eq!(asks(With::Nothing), None, "behind somebody who may");
        assert_eq!(asks(With::Token(theirs)), None);
        assert_eq!(asks(With::Token("of nobody")), None);
        assert_eq!(asks(With::Token(&secret[..secret.len() - 1])), None);
    }
    assert!(asks(With::Token(short)).is_some());
    world.pass(3 * DAY);
    assert_eq!(asks(With::Token(short)), None, "it ended by the clock");
    assert!(asks(With::Token(secret)).is_some());
    world.registry.set_blocked(&Caller::Operator, "ada", true).await.unwrap();
    assert_eq!(asks(With::Token(secret)), None, "it was taken away");
}

#[tokio::test]
async fn a_ticket_is_logged_as_of_nobody_whoever_asked_before_on_the_connection() {
    let world = world().await;
    let user = world.make_user("ada", true).await;
    let secret = world.token(&user, PersonalScope::ReadApi).await.secret;
    let ticket = world.registry.locate(&Caller::Operator, ADDRESS, "1.0.0").unwrap().ticket.unwrap();
    world.registry.redeem(&ticket, ADDRESS, "1.0.0").unwrap();
    ask(&world);
    let mut connection = Acquaintance::default();
    for _ in 0..2 {
        let mut who =
            |asked, with| world.registry.ready(asked, with, &mut connection, world.registry.now()).unwrap().1;
        assert!(who(VERSIONS, With::Token(secret.expose_secret())).starts_with("user:ada/"));
        assert_eq!(&*who(Asked::Archive("acme/vpc/aws/1.0.0"), With::Ticket(&ticket)), "anonymous");
    }
}
