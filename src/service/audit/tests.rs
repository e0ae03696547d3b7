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

#[tokio::test]
async fn the_log_is_filtered_and_paged_both_ways() {
    let world = World::empty().await;
    let boss = world.admin("boss").await;
    for number in 0..5 {
        world.pass(86_400);
        let limit = SettingsChange { max_file_size: Some(number), ..SettingsChange::default() };
        world.registry.update_settings(&boss, limit).await.unwrap();
        world.make_user(&format!("user{number}"), false).await;
    }
    let found = |filter: AuditFilter, start: Start, size: usize| {
        let registry = world.registry.clone();
        async move {
            let page = registry.audit_log(&Caller::Operator, filter, start, size).await.unwrap();
            let numbers: Vec<u64> = page.entries.iter().map(|entry| entry.number).collect();
            (numbers, page.next, page.total)
        }
    };
    let at = |text: &str| Some(text.parse().unwrap());
    let by_action = |word: &str| AuditFilter { action: Some(word.to_owned()), ..AuditFilter::default() };
    let everything = AuditFilter::default();
    let (newest, oldest) = (Start::default(), Start { oldest_first: true, ..Start::default() });
    for (situation, filter, start, size, expected) in [
        ("everything", everything.clone(), newest, 3, (vec![12, 11, 10], Some(10), Some(12))),
        (
            "the second page",
            everything.clone(),
            Start { skip: 3, ..newest },
            3,
            (vec![9, 8, 7], Some(7), Some(12)),
        ),
        (
            "behind 3",
            everything.clone(),
            Start { behind: Some(3), ..newest },
            3,
            (vec![2, 1], None, Some(12)),
        ),
        ("far behind", everything.clone(), Start { skip: 99, ..newest }, 3, (vec![], None, Some(12))),
        ("from the first on", everything.clone(), oldest, 2, (vec![1, 2], Some(2), Some(12))),
        ("on", everything, Start { behind: Some(10), ..oldest }, 9, (vec![11, 12], None, Some(12))),
        ("one action", by_action("settings.changed"), newest, 2, (vec![11, 9], Some(9), None)),
        (
            "its second page",
            by_action("settings.changed"),
            Start { skip: 2, ..newest },
            2,
            (vec![7, 5], Some(5), None),
        ),
        ("an area", by_action("personal_token"), newest, 9, (vec![2], None, None)),
        (
            "a day",
            AuditFilter {
                since: at("2026-03-03T00:00:00Z"),
                until: at("2026-03-03T23:59:59Z"),
                ..AuditFilter::default()
            },
            newest,
            9,
            (vec![6, 5], None, None),
        ),
        (
            "since then",
            AuditFilter { since: at("2026-03-06T00:00:00Z"), ..AuditFilter::default() },
            oldest,
            9,
            (vec![11, 12], None, None),
        ),
        (
            "up to then",
            AuditFilter { until: at("2026-03-01T00:00:00Z"), ..AuditFilter::default() },
            newest,
            9,
            (vec![2, 1], None, None),
        ),
        (
            "a user's deeds",
            AuditFilter { author: Some(UserId(1)), ..AuditFilter::default() },
            newest,
            2,
            (vec![11, 9], Some(9), None),
        ),
        (
            "about a name",
            AuditFilter { about: Some("USER3".to_owned()), ..AuditFilter::default() },
            newest,
            2,
            (vec![10], None, None),
        ),
        (
            "about a user",
            AuditFilter { entity_kind: Some(Kind::User), entity_id: Some(1), ..AuditFilter::default() },
            newest,
            9,
            (vec![2, 1], None, None),
        ),
        (
            "about the instance",
            AuditFilter { entity_kind: Some(Kind::Instance), ..AuditFilter::default() },
            newest,
            1,
            (vec![11], Some(11), None),
        ),
    ] {
        assert_eq!(found(filter, start, size).await, expected, "{situation}");
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
