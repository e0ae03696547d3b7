//! Sessions with a clock that tests set: how they begin, are used, and end.

use secrecy::ExposeSecret;

use super::*;
use crate::domain::limits::{SESSION_IDLE, SESSION_LIFE};
use crate::service::fixture::World;
use crate::service::identity::{NewUser, UserChange};

const PASSWORD: &str = "correct horse";

async fn world() -> World {
    let world = World::empty().await;
    let ada = NewUser {
        username: "ada".parse().unwrap(),
        name: "Ada".to_owned(),
        email: String::new(),
        password: Some(PASSWORD.into()),
        admin: false,
        can_create_group: false,
    };
    world.registry.create_user(&Caller::Operator, ada).await.unwrap();
    world
}

fn here() -> IpAddr {
    IpAddr::from([192, 0, 2, 1])
}

async fn begin(world: &World, former: Option<Sha256>) -> SecretString {
    world.registry.begin_session(here(), "ada", PASSWORD.into(), former).await.unwrap()
}

fn caller_of(world: &World, secret: &SecretString) -> Caller {
    world.registry.caller_of_session(secret.expose_secret()).unwrap()
}

fn is_live(world: &World, secret: &SecretString) -> bool {
    caller_of(world, secret).user().is_some_and(|user| user.username.as_str() == "ada")
}

#[tokio::test]
async fn a_password_begins_a_session_that_may_all_its_user_may() {
    let world = world().await;
    let secret = begin(&world, None).await;
    let caller = caller_of(&world, &secret);
    assert_eq!(caller.user().unwrap().username.as_str(), "ada");
    assert_eq!(caller.identity(), crate::domain::access::Identity::User { admin: false, write: true });
    assert!(caller.token().is_none());
    assert_eq!(caller.label(), "user:ada/browser");
    assert_eq!(
        caller.publisher(),
        Some(crate::domain::package::Publisher::Browser(caller.user().unwrap().id))
    );
    for wrong in ["", "x", &"A".repeat(SECRET_LENGTH), &"A".repeat(10_000)] {
        assert!(world.registry.caller_of_session(wrong).unwrap().is_anonymous(), "{wrong}");
    }
    let refused = world.registry.begin_session(here(), "ada", "battery staple".into(), None).await;
    assert!(matches!(refused, Err(ServiceError::Unauthenticated(BadCredential::Password))));
}

#[tokio::test]
async fn every_sign_in_draws_a_new_secret_and_ends_the_session_the_browser_had() {
    let world = world().await;
    let first = begin(&world, None).await;
    let former = caller_of(&world, &first).session().copied();
    let second = begin(&world, former).await;
    assert_ne!(first.expose_secret(), second.expose_secret());
    assert!(!is_live(&world, &first) && is_live(&world, &second));
}

#[tokio::test]
async fn a_session_ends_when_idle_and_when_old_and_lives_on_while_used() {
    let world = world().await;
    let (idle, used) = (begin(&world, None).await, begin(&world, None).await);
    let mut passed = 0;
    while passed + SESSION_IDLE.as_secs() - 60 < SESSION_LIFE.as_secs() {
        world.pass(SESSION_IDLE.as_secs() - 60);
        passed += SESSION_IDLE.as_secs() - 60;
        assert!(is_live(&world, &used), "after {passed} seconds");
        world.registry.flush_activity().await.unwrap();
    }
    assert!(!is_live(&world, &idle));
    world.pass(SESSION_LIFE.as_secs() - passed);
    assert!(!is_live(&world, &used), "too old");
    assert!(world.registry.verify().await.unwrap().wrong.is_empty());
}

#[tokio::test]
async fn a_sign_out_ends_one_session_and_no_other() {
    let world = world().await;
    let (first, second) = (begin(&world, None).await, begin(&world, None).await);
    world.registry.end_session(&caller_of(&world, &first)).await.unwrap();
    assert!(!is_live(&world, &first) && is_live(&world, &second));
    // What was noted of its last use does not bring it back.
    world.registry.flush_activity().await.unwrap();
    assert!(!is_live(&world, &first));
    assert!(world.registry.verify().await.unwrap().wrong.is_empty());
}

#[tokio::test]
async fn another_password_ends_every_session_but_that_of_who_changed_it() {
    let world = world().await;
    let (here_too, elsewhere) = (begin(&world, None).await, begin(&world, None).await);
    let caller = caller_of(&world, &here_too);
    let change = |present: &'static str, new: &'static str| {
        world.registry.change_own_password(&caller, here(), present.into(), new.into())
    };
    assert!(matches!(change("wrong password", "new password").await, Err(ServiceError::Unauthenticated(_))));
    assert!(matches!(change(PASSWORD, "short").await, Err(ServiceError::Invalid(_))));
    assert!(is_live(&world, &here_too) && is_live(&world, &elsewhere), "nothing happened yet");
    let renewed = change(PASSWORD, "new password").await.unwrap();
    assert!(is_live(&world, &renewed));
    assert!(!is_live(&world, &here_too) && !is_live(&world, &elsewhere));
    let by_admin = UserChange { password: Some("another one".into()), ..UserChange::default() };
    world.registry.update_user(&Caller::Operator, "ada", by_admin).await.unwrap();
    assert!(!is_live(&world, &renewed));
}

#[tokio::test]
async fn sessions_of_blocked_and_deleted_users_are_dead_at_once() {
    let world = world().await;
    let secret = begin(&world, None).await;
    world.registry.set_blocked(&Caller::Operator, "ada", true).await.unwrap();
    assert!(!is_live(&world, &secret));
    world.registry.set_blocked(&Caller::Operator, "ada", false).await.unwrap();
    assert!(!is_live(&world, &secret), "letting the user in again does not bring it back");
    let secret = begin(&world, None).await;
    world.registry.delete_user(&Caller::Operator, "ada").await.unwrap();
    assert!(!is_live(&world, &secret));
    assert!(world.registry.verify().await.unwrap().wrong.is_empty());
}

#[tokio::test]
async fn a_user_has_so_many_sessions_and_the_least_recently_used_goes() {
    let world = world().await;
    let user = caller_of(&world, &begin(&world, None).await).user().unwrap().id;
    let fill = move |change: &mut Change<'_>| {
        for number in 0..u8::try_from(SESSIONS_OF_A_USER + 10).unwrap() {
            let at = Timestamp::from_second(1_772_323_200 + i64::from(number)).unwrap();
            sessions::put(change, &Sha256::new([number; 32]), &Session::begin(user, at))?;
        }
        Ok::<_, ServiceError>(())
    };
    world.registry.store().write(fill).await.unwrap();
    world.pass(3_600);
    let newest = begin(&world, None).await;
    let known = world.registry.store().read(|snapshot| sessions::of_user(snapshot, user)).unwrap();
    assert_eq!(known.len(), SESSIONS_OF_A_USER);
    assert!(is_live(&world, &newest));
    assert!(known.iter().all(|(hash, _)| *hash != Sha256::new([0; 32])), "the oldest is gone");
}
