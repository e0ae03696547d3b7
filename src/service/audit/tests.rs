//! What is noted of changes, and how the log is read.

use std::net::IpAddr;

use super::super::fixture::{World, new_group, word};
use super::super::groups::GroupChange;
use super::super::identity::UserChange;
use super::super::settings::SettingsChange;
use super::*;
use crate::service::ServiceError;

async fn all(world: &World) -> Vec<LoggedEntry> {
    let start = Start { oldest_first: true, ..Start::default() };
    world.registry.audit_log(&Caller::Operator, AuditFilter::default(), start, 10_000).await.unwrap().entries
}

async fn last(world: &World) -> Entry {
    all(world).await.pop().unwrap().entry
}

fn request(world: &World, id: &str, address: &str) -> Registry {
    let address: IpAddr = address.parse().unwrap();
    world.registry.for_request(Origin::new(id.to_owned(), Some(address)))
}

#[tokio::test]
async fn an_entry_says_who_with_what_from_where_did_what() {
    let world = World::empty().await;
    let boss = world.admin("boss").await;
    let registry = request(&world, "r-1", "192.0.2.7");
    world.group("acme", crate::domain::Visibility::Private).await;
    let wanted = GroupChange { name: Some("Acme Inc".to_owned()), ..GroupChange::default() };
    registry.update_group(&boss, "acme", wanted).await.unwrap();
    let entry = last(&world).await;
    assert_eq!(
        entry.text().unwrap(),
        r#"{"at":"2026-03-01T00:00:00Z","action":"group.changed","outcome":"done","actor":{"kind":"user","id":1,"name":"boss"},"credential":{"kind":"personal_token","id":1,"name":"test"},"address":"192.0.2.7","request_id":"r-1","target":{"kind":"group","id":2,"name":"acme"},"details":{"changes":{"name":{"from":"acme","to":"Acme Inc"}}}}"#
    );
    let moved = GroupChange { path: Some("crew".parse().unwrap()), ..GroupChange::default() };
    registry.update_group(&boss, "acme", moved).await.unwrap();
    let entry = last(&world).await;
    assert_eq!((entry.action, entry.target.unwrap().name.as_str()), (Action::GroupMoved, "crew"));
}

#[tokio::test]
async fn the_operator_has_no_address_and_a_password_is_never_told() {
    let world = World::empty().await;
    let user = world.make_user("ada", false).await;
    let wanted = UserChange { password: Some("a secret of ada".into()), ..UserChange::default() };
    world.registry.update_user(&Caller::Operator, "ada", wanted).await.unwrap();
    let text = all(&world).await.pop().unwrap().text;
    assert_eq!(
        text,
        format!(
            r#"{{"at":"2026-03-01T00:00:00Z","action":"user.changed","outcome":"done","actor":{{"kind":"operator"}},"target":{{"kind":"user","id":{},"name":"ada"}},"details":{{"changes":{{"password":{{"from":"unchanged","to":"changed"}}}}}}}}"#,
            user.id
        )
    );
}

#[tokio::test]
async fn a_change_that_fails_leaves_no_entry() {
    let world = World::empty().await;
    world.group("acme", crate::domain::Visibility::Private).await;
    let before = all(&world).await.len();
    let again = world.registry.create_group(&Caller::Operator, new_group("acme")).await;
    assert_eq!(word(&again), "invalid");
    let outcome: Result<(), ServiceError> = world
        .registry
        .store()
        .write({
            let scribe = world.registry.scribe(&Caller::Operator);
            move |change| {
                scribe.note(change, Deed::new(Action::SettingsChanged, Named::only(Kind::Instance)))?;
                Err(ServiceError::Forbidden("after all"))
            }
        })
        .await;
    assert!(outcome.is_err());
    assert_eq!(all(&world).await.len(), before);
}

/// An administrator, number 1, who changes the settings on each of five days and makes a user: twelve entries.
async fn five_days() -> World {
    let world = World::empty().await;
    let boss = world.admin("boss").await;
    for number in 0..5 {
        world.pass(86_400);
        let limit = SettingsChange { max_file_size: Some(number), ..SettingsChange::default() };
        world.registry.update_settings(&boss, limit).await.unwrap();
        world.make_user(&format!("user{number}"), false).await;
    }
    world
}

/// The numbers of a page, where the next one begins, and how many there are.
async fn numbers(
    world: &World,
    filter: AuditFilter,
    start: Start,
    size: usize,
) -> (Vec<u64>, Option<u64>, Option<u64>) {
    let page = world.registry.audit_log(&Caller::Operator, filter, start, size).await.unwrap();
    (page.entries.iter().map(|entry| entry.number).collect(), page.next, page.total)
}

const NEWEST: Start = Start { behind: None, skip: 0, oldest_first: false };
const OLDEST: Start = Start { behind: None, skip: 0, oldest_first: true };

#[tokio::test]
async fn the_log_is_paged_both_ways() {
    let world = five_days().await;
    let all = Some(12);
    for (situation, start, size, expected) in [
        ("everything", NEWEST, 3, (vec![12, 11, 10], Some(10), all)),
        ("the second page", Start { skip: 3, ..NEWEST }, 3, (vec![9, 8, 7], Some(7), all)),
        ("behind 3", Start { behind: Some(3), ..NEWEST }, 3, (vec![2, 1], None, all)),
        ("far behind", Start { skip: 99, ..NEWEST }, 3, (vec![], None, all)),
        ("from the first on", OLDEST, 2, (vec![1, 2], Some(2), all)),
        ("the last", Start { behind: Some(10), ..OLDEST }, 9, (vec![11, 12], None, all)),
    ] {
        assert_eq!(numbers(&world, AuditFilter::default(), start, size).await, expected, "{situation}");
    }
    let settings = || AuditFilter { action: Some("settings.changed".to_owned()), ..AuditFilter::default() };
    let first = numbers(&world, settings(), NEWEST, 2).await;
    assert_eq!(first, (vec![11, 9], Some(9), None));
    for second in [Start { skip: 2, ..NEWEST }, Start { behind: first.1, ..NEWEST }] {
        assert_eq!(numbers(&world, settings(), second, 2).await, (vec![7, 5], Some(5), None));
    }
}

#[tokio::test]
async fn the_log_is_filtered() {
    let world = five_days().await;
    let at = |text: &str| Some(text.parse().unwrap());
    let none = AuditFilter::default;
    let (day, end) = (at("2026-03-03T00:00:00Z"), at("2026-03-03T23:59:59Z"));
    for (situation, filter, expected) in [
        ("an area", AuditFilter { action: Some("personal_token".to_owned()), ..none() }, vec![2]),
        ("a day", AuditFilter { since: day, until: end, ..none() }, vec![6, 5]),
        ("since then", AuditFilter { since: at("2026-03-06T00:00:00Z"), ..none() }, vec![12, 11]),
        ("up to then", AuditFilter { until: at("2026-03-01T00:00:00Z"), ..none() }, vec![2, 1]),
        ("a user's deeds", AuditFilter { author: Some(UserId(1)), ..none() }, vec![11, 9, 7, 5, 3]),
        ("about a name", AuditFilter { about: Some("USER3".to_owned()), ..none() }, vec![10]),
        (
            "about a user",
            AuditFilter { entity_kind: Some(Kind::User), entity_id: Some(1), ..none() },
            vec![2, 1],
        ),
        (
            "about the instance, on that day",
            AuditFilter { entity_kind: Some(Kind::Instance), since: day, until: end, ..none() },
            vec![5],
        ),
    ] {
        assert_eq!(numbers(&world, filter, NEWEST, 20).await, (expected, None, None), "{situation}");
    }
}

#[tokio::test]
async fn only_administrators_read_it() {
    let world = World::empty().await;
    let (ada, boss) = (world.user("ada").await, world.admin("boss").await);
    let reads = world.reading(&boss).await;
    for (caller, expected) in [
        (&Caller::Anonymous, "credential"),
        (&ada, "admins"),
        (&boss, "done"),
        (&reads, "done"),
        (&Caller::Operator, "done"),
    ] {
        let page = world.registry.audit_log(caller, AuditFilter::default(), Start::default(), 1).await;
        assert_eq!(word(&page), expected, "{}", caller.label());
        assert_eq!(word(&world.registry.audit_entry(caller, 1).await), expected, "{}", caller.label());
    }
    assert_eq!(word(&world.registry.audit_entry(&boss, 9_999).await), "missing");
}

#[tokio::test]
async fn what_was_refused_shows_at_once_and_a_typed_name_only_when_somebody_has_it() {
    let world = World::empty().await;
    world.make_user("ada", false).await;
    for (name, target) in [("ada", Some("ada")), ("hunter2 is my password", None)] {
        let registry = request(&world, "r-2", "2001:db8::1");
        let refused =
            registry.begin_session("2001:db8::1".parse().unwrap(), name, "wrong".into(), None).await;
        assert_eq!(word(&refused), "credential");
        registry.note_refusal(&RefusedRequest {
            caller: &Caller::Anonymous,
            status: 422,
            reason: "unauthenticated",
            method: "POST",
            route: "/users/sign_in",
            path: "/users/sign_in",
        });
        let entry = last(&world).await;
        assert_eq!((entry.action, entry.outcome), (Action::SignInFailed, Outcome::Refused));
        assert_eq!(entry.target.as_ref().map(|user| user.name.as_str()), target);
        assert!(!entry.text().unwrap().contains("hunter2"));
    }
}
