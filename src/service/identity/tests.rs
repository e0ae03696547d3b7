//! Users as their use cases leave them.

use std::future::Future;
use std::task::{Context, Waker};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::super::fixture::{World, new_group, new_project, word};
use super::super::tokens::TokenFilter;
use super::*;
use crate::domain::credential::PersonalScope;

fn new_user(username: &str) -> NewUser {
    NewUser {
        username: username.parse().unwrap(),
        name: username.to_owned(),
        email: String::new(),
        password: None,
        admin: false,
        can_create_group: false,
    }
}

#[tokio::test]
async fn the_first_start_makes_root_with_a_password_that_works_and_later_starts_change_nothing() {
    let world = World::empty().await;
    let address = "192.0.2.1".parse().unwrap();
    let password = world.registry.bootstrap_root(None, None, |_| Ok(())).await.unwrap().unwrap();
    assert!(world.registry.sign_in(address, "root", password, PersonalScope::Api).await.is_ok());
    let again =
        world.registry.bootstrap_root(Some("another password".into()), None, |_| Ok(())).await.unwrap();
    assert!(again.is_none());
    let other = world.registry.sign_in(address, "root", "another password".into(), PersonalScope::Api).await;
    assert_eq!(word(&other), "credential");
    let root = world.registry.user(&Caller::Operator, "root").unwrap();
    assert!(root.admin && root.can_create_group);
}

#[tokio::test]
async fn a_root_token_works_from_the_start_or_from_a_later_one_and_stays_revoked() {
    let world = World::empty().await;
    let chosen: SecretString = "0123456789abcdef0123456789abcdef".into();
    for weak in ["short", "0123456789 0123456789 0123456789 0", "0123456789abcdef0123456789abcdé"] {
        let refused = world.registry.bootstrap_root(None, Some(weak.into()), |_| Ok(())).await;
        assert_eq!(word(&refused), "invalid", "{weak}");
    }
    assert!(world.registry.users(&Caller::Operator, UserFilter::default()).await.unwrap().is_empty());
    assert!(
        world
            .registry
            .bootstrap_root(Some("a good password".into()), None, |_| Ok(()))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(word(&world.as_caller(&chosen)), "credential");
    for _ in 0..2 {
        world.registry.bootstrap_root(None, Some(chosen.clone()), |_| Ok(())).await.unwrap();
    }
    let root = world.as_caller(&chosen).unwrap();
    let tokens = world.registry.personal_tokens(&root, TokenFilter::default()).await.unwrap();
    assert_eq!(tokens.len(), 1, "the second start found the token there");
    world.registry.revoke_personal_token(&root, root.token().unwrap().id).await.unwrap();
    world.registry.bootstrap_root(None, Some(chosen.clone()), |_| Ok(())).await.unwrap();
    assert_eq!(word(&world.as_caller(&chosen)), "credential", "revoked is revoked");
}

#[tokio::test]
async fn a_user_owns_a_namespace_of_its_name() {
    let world = World::empty().await;
    let grace = world.user("Grace").await;
    let made = world.registry.create_project(&grace, NewProjectAt("modules").into()).await.unwrap();
    assert_eq!(made.project.path.as_str(), "Grace/modules");
    assert!(made.namespace.is_personal());
    assert!(world.registry.delete_project(&grace, "grace/MODULES").await.is_ok());
}

/// A project in the caller's own namespace.
struct NewProjectAt(&'static str);

impl From<NewProjectAt> for super::super::projects::NewProject {
    fn from(NewProjectAt(path): NewProjectAt) -> Self {
        new_project(path)
    }
}

#[tokio::test]
async fn only_administrators_make_change_block_and_delete_users() {
    let world = World::empty().await;
    let admin = world.admin("boss").await;
    let callers = [
        ("anonymous", Caller::Anonymous, "admins"),
        ("a user", world.user("grace").await, "admins"),
        ("administrator, read_api", world.reading(&admin).await, "scope"),
        ("administrator", admin, "done"),
        ("operator", Caller::Operator, "done"),
    ];
    for (who, caller, expected) in callers {
        let registry = &world.registry;
        assert_eq!(word(&registry.create_user(&caller, new_user("x1")).await), expected, "{who} creates");
        if expected != "done" {
            world.make_user("x1", false).await;
        }
        let rename = UserChange { name: Some("Other".to_owned()), ..UserChange::default() };
        assert_eq!(word(&registry.update_user(&caller, "x1", rename).await), expected, "{who} changes");
        assert_eq!(word(&registry.set_blocked(&caller, "x1", true).await), expected, "{who} blocks");
        assert_eq!(word(&registry.delete_user(&caller, "x1").await), expected, "{who} deletes");
        if expected != "done" {
            world.registry.delete_user(&Caller::Operator, "x1").await.unwrap();
        }
    }
}

#[tokio::test]
async fn names_paths_and_addresses_are_given_once() {
    let world = World::empty().await;
    let operator = Caller::Operator;
    world.registry.create_group(&operator, new_group("acme")).await.unwrap();
    let grace = NewUser { email: "grace@example.com".to_owned(), ..new_user("grace") };
    world.registry.create_user(&operator, grace).await.unwrap();
    let cases = [
        ("same name", new_user("grace"), "taken"),
        ("same name in another case", new_user("GRACE"), "taken"),
        ("name of a group", new_user("ACME"), "taken"),
        ("same address", NewUser { email: "Grace@Example.com".to_owned(), ..new_user("ada") }, "taken"),
        ("no address", new_user("ada"), "done"),
        ("no address again", new_user("alan"), "done"),
        ("not an address", NewUser { email: "x".to_owned(), ..new_user("kurt") }, "invalid"),
        ("short password", NewUser { password: Some("1234567".into()), ..new_user("kurt") }, "invalid"),
    ];
    for (situation, new, expected) in cases {
        assert_eq!(word(&world.registry.create_user(&operator, new).await), expected, "{situation}");
    }
    let taken = world.registry.create_group(&operator, new_group("Ada")).await;
    assert_eq!(word(&taken), "invalid", "a group cannot take a user's name");
}

#[tokio::test]
async fn a_blocked_user_is_refused_until_unblocked() {
    let world = World::empty().await;
    let user = world.make_user("grace", false).await;
    let secret = world.token(&user, PersonalScope::Api).await.secret;
    world.registry.set_blocked(&Caller::Operator, "grace", true).await.unwrap();
    let refused = world.as_caller(&secret);
    assert!(matches!(refused, Err(ServiceError::Unauthenticated(BadCredential::Blocked))));
    world.registry.set_blocked(&Caller::Operator, "grace", false).await.unwrap();
    assert!(world.as_caller(&secret).is_ok());
}

#[tokio::test]
async fn the_last_active_administrator_stays_one() {
    let world = World::empty().await;
    let boss = world.admin("boss").await;
    world.make_user("spare", true).await;
    let registry = &world.registry;
    assert_eq!(word(&registry.set_blocked(&boss, "boss", true).await), "forbidden", "oneself");
    registry.set_blocked(&boss, "spare", true).await.unwrap();
    let demote = UserChange { admin: Some(false), ..UserChange::default() };
    for (attempt, outcome) in [
        ("block", word(&registry.set_blocked(&Caller::Operator, "boss", true).await)),
        ("demote", word(&registry.update_user(&boss, "boss", demote.clone()).await)),
        ("delete", word(&registry.delete_user(&boss, "boss").await)),
    ] {
        assert_eq!(outcome, "forbidden", "{attempt}");
    }
    registry.set_blocked(&boss, "spare", false).await.unwrap();
    assert_eq!(word(&registry.update_user(&boss, "boss", demote).await), "done");
}

#[tokio::test]
async fn deleting_a_user_takes_its_tokens_memberships_and_namespace_but_no_group_loses_its_only_owner() {
    let world = World::empty().await;
    let grace = world.user("grace").await;
    let secret = world.token(grace.user().unwrap(), PersonalScope::Api).await.secret;
    world.registry.create_project(&grace, new_project("modules")).await.unwrap();
    world.registry.create_group(&grace, new_group("acme")).await.unwrap();
    assert_eq!(word(&world.registry.delete_user(&Caller::Operator, "grace").await), "taken");
    world.registry.delete_group(&grace, "acme").await.unwrap();
    assert_eq!(word(&world.registry.delete_user(&Caller::Operator, "grace").await), "done");
    assert_eq!(word(&world.as_caller(&secret)), "credential");
    assert_eq!(word(&world.registry.project(&Caller::Operator, "grace/modules")), "hidden");
    assert!(
        world.registry.create_group(&Caller::Operator, new_group("grace")).await.is_ok(),
        "the name is free"
    );
}

#[tokio::test]
async fn users_are_found_by_name_and_by_address_only_for_administrators() {
    let world = World::empty().await;
    let caller = world.user("ada").await;
    let grace =
        NewUser { email: "g@example.com".to_owned(), name: "Grace Höpper".to_owned(), ..new_user("grace") };
    world.registry.create_user(&Caller::Operator, grace).await.unwrap();
    let filters = [
        ("all, in order of number", UserFilter::default(), "ada grace", "ada grace"),
        (
            "part of a name",
            UserFilter { search: Some("HÖP".to_owned()), ..Default::default() },
            "grace",
            "grace",
        ),
        ("user name", UserFilter { username: Some("ADA".to_owned()), ..Default::default() }, "ada", "ada"),
        (
            "address",
            UserFilter { search: Some("g@example.com".to_owned()), ..Default::default() },
            "",
            "grace",
        ),
        ("blocked", UserFilter { blocked: Some(true), ..Default::default() }, "", ""),
    ];
    for (situation, filter, for_user, for_admin) in filters {
        for (caller, expected) in [(&caller, for_user), (&Caller::Operator, for_admin)] {
            let found = world.registry.users(caller, filter.clone()).await.unwrap();
            let names: Vec<_> = found.iter().map(|user| user.username.as_str()).collect();
            assert_eq!(names.join(" "), expected, "{situation}, {}", caller.label());
        }
    }
    assert_eq!(word(&world.registry.users(&Caller::Anonymous, UserFilter::default()).await), "credential");
    assert_eq!(word(&world.registry.user(&caller, "nobody")), "missing");
    assert_eq!(word(&world.registry.user(&caller, "99999999999999999999999")), "missing");
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one_and_ends_sessions() {
    let world = World::empty().await;
    let (registry, address) = (&world.registry, "192.0.2.1".parse().unwrap());
    registry.bootstrap_root(Some("first password".into()), None, |_| Ok(())).await.unwrap();
    let session =
        registry.sign_in(address, "root", "first password".into(), PersonalScope::Api).await.unwrap();
    let wanted = UserChange { password: Some("second password".into()), ..UserChange::default() };
    registry.update_user(&Caller::Operator, "root", wanted).await.unwrap();
    assert_eq!(word(&world.as_caller(&session.secret)), "credential");
    let old = registry.sign_in(address, "root", "first password".into(), PersonalScope::Api).await;
    assert_eq!(word(&old), "credential");
    let new = registry.sign_in(address, "root", "second password".into(), PersonalScope::Api).await.unwrap();
    assert!(new.secret.expose_secret().starts_with("cairn_pat_"));
}

#[tokio::test]
async fn ten_wrong_passwords_close_the_door_for_a_while_to_the_right_one_too() {
    let world = World::empty().await;
    let (registry, address) = (&world.registry, "192.0.2.1".parse().unwrap());
    registry.bootstrap_root(Some("right password".into()), None, |_| Ok(())).await.unwrap();
    for _ in 0..10 {
        let wrong = registry.sign_in(address, "root", "wrong password".into(), PersonalScope::Api).await;
        assert_eq!(word(&wrong), "credential");
    }
    let right = || registry.sign_in(address, "root", "right password".into(), PersonalScope::Api);
    assert_eq!(word(&right().await), "throttled");
    world.pass(600);
    let session = right().await.unwrap();
    assert!(world.as_caller(&session.secret).is_ok());
    world.pass(7200);
    assert_eq!(word(&world.as_caller(&session.secret)), "credential", "a session lasts two hours");
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_nobody_has_time_for_is_told_so_after_a_while_and_does_not_count() {
    let world = World::empty().await;
    let (registry, address) = (&world.registry, "192.0.2.1".parse().unwrap());
    registry.bootstrap_root(Some("right password".into()), None, |_| Ok(())).await.unwrap();
    let right = || registry.sign_in(address, "root", "right password".into(), PersonalScope::Api);
    let lines = registry.shared.passwords.lines();
    let place = lines.take(registry.who()).await.unwrap();
    let mut line: Vec<_> = std::iter::repeat_with(|| Box::pin(lines.take(registry.who()))).take(7).collect();
    for waiting in &mut line {
        assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    for _ in 0..12 {
        let began = tokio::time::Instant::now();
        assert_eq!(word(&right().await), "crowded");
        assert_eq!(began.elapsed(), Duration::from_secs(1));
    }
    drop((place, line));
    assert_eq!(word(&right().await), "done");
}
