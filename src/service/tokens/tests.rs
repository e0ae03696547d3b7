//! Personal and deploy tokens as their use cases leave them.

use jiff::civil::date;

use super::super::deploy_tokens::NewDeployToken;
use super::super::fixture::{World, at_group, at_project, word};
use super::*;
use crate::domain::credential::DeployScope;
use crate::domain::identity::{Holder, User};
use crate::domain::{Role, Visibility};

fn new_token(scope: PersonalScope) -> NewToken {
    NewToken { name: "ci".to_owned(), scopes: vec![scope], expires_at: None }
}

fn new_deploy_token(scope: DeployScope) -> NewDeployToken {
    NewDeployToken { name: "ci".to_owned(), username: None, scopes: vec![scope], expires_at: None }
}

fn own(caller: &Caller) -> &User {
    caller.user().unwrap()
}

#[tokio::test]
async fn people_make_tokens_for_themselves_and_administrators_for_anyone() {
    let world = World::empty().await;
    let (grace, admin) = (world.user("grace").await, world.admin("boss").await);
    let (grace_reads, admin_reads) = (world.reading(&grace).await, world.reading(&admin).await);
    world.make_user("ada", false).await;
    let cases = [
        ("for oneself", &grace, "grace", "done"),
        ("for another", &grace, "ada", "admins"),
        ("for nobody", &grace, "nobody", "admins"),
        ("with a reading token", &grace_reads, "grace", "scope"),
        ("administrator for another", &admin, "ada", "done"),
        ("administrator for nobody", &admin, "nobody", "missing"),
        ("administrator with a reading token", &admin_reads, "ada", "scope"),
        ("operator", &Caller::Operator, "ada", "done"),
        ("anonymous", &Caller::Anonymous, "ada", "credential"),
    ];
    for (situation, caller, user, expected) in cases {
        let outcome = world.registry.create_personal_token(caller, user, new_token(PersonalScope::Api)).await;
        assert_eq!(word(&outcome), expected, "{situation}");
    }
}

#[tokio::test]
async fn what_is_printed_opens_the_door_and_is_not_stored() {
    let world = World::empty().await;
    let user = world.make_user("grace", false).await;
    let issued = world.token(&user, PersonalScope::Api).await;
    let caller = world.as_caller(&issued.secret).unwrap();
    assert_eq!(own(&caller).id, user.id);
    assert_eq!(issued.token.hash, sha256(issued.secret.expose_secret().as_bytes()));
    assert!(!format!("{issued:?}").contains(issued.secret.expose_secret()));
}

#[tokio::test]
async fn tokens_need_a_name_scopes_and_an_end_that_lies_ahead() {
    let world = World::empty().await;
    world.make_user("grace", false).await;
    let good = new_token(PersonalScope::Api);
    let cases = [
        ("no name", NewToken { name: " ".to_owned(), ..good.clone() }, "invalid"),
        ("the name of sign-ins", NewToken { name: "Password Sign-In".to_owned(), ..good.clone() }, "invalid"),
        ("no scopes", NewToken { scopes: vec![], ..good.clone() }, "invalid"),
        ("ended", NewToken { expires_at: Some(date(2026, 2, 28)), ..good.clone() }, "invalid"),
        ("ends today", NewToken { expires_at: Some(date(2026, 3, 1)), ..good.clone() }, "invalid"),
        ("ends tomorrow", NewToken { expires_at: Some(date(2026, 3, 2)), ..good }, "done"),
    ];
    for (situation, new, expected) in cases {
        let outcome = world.registry.create_personal_token(&Caller::Operator, "grace", new).await;
        assert_eq!(word(&outcome), expected, "{situation}");
    }
}

#[tokio::test]
async fn a_token_with_an_end_date_dies_when_that_day_begins() {
    let world = World::empty().await;
    world.make_user("grace", false).await;
    let new = NewToken { expires_at: Some(date(2026, 3, 2)), ..new_token(PersonalScope::Api) };
    let issued = world.registry.create_personal_token(&Caller::Operator, "grace", new).await.unwrap();
    world.pass(86_399);
    assert!(world.as_caller(&issued.secret).is_ok());
    world.pass(1);
    assert_eq!(word(&world.as_caller(&issued.secret)), "credential");
}

#[tokio::test]
async fn tokens_are_seen_and_revoked_by_their_user_and_by_administrators_only() {
    let world = World::empty().await;
    let (grace, ada, admin) = (world.user("grace").await, world.user("ada").await, world.admin("boss").await);
    let reads = world.reading(&grace).await;
    let registry = &world.registry;
    for (situation, caller, sees, revokes) in [
        ("another user", &ada, "missing", "missing"),
        ("with a reading token", &reads, "done", "scope"),
        ("anonymous", &Caller::Anonymous, "credential", "credential"),
        ("the user", &grace, "done", "done"),
        ("an administrator", &admin, "done", "done"),
    ] {
        let issued = world.token(own(&grace), PersonalScope::Api).await;
        assert_eq!(word(&registry.personal_token(caller, issued.token.id)), sees, "{situation} sees");
        let outcome = registry.revoke_personal_token(caller, issued.token.id).await;
        assert_eq!(word(&outcome), revokes, "{situation} revokes");
        assert_eq!(world.as_caller(&issued.secret).is_err(), revokes == "done", "{situation}: the effect");
    }
    let itself = reads.token().unwrap().id;
    assert_eq!(word(&registry.revoke_personal_token(&reads, itself).await), "done", "a token revokes itself");
    let others = TokenFilter { user: Some(own(&ada).id), ..TokenFilter::default() };
    assert_eq!(word(&registry.personal_tokens(&grace, others.clone()).await), "admins");
    assert_eq!(registry.personal_tokens(&admin, others).await.unwrap().len(), 1);
    let mine = registry.personal_tokens(&grace, TokenFilter::default()).await.unwrap();
    assert!(mine.iter().all(
        |known| matches!(known.token.owner, TokenOwner::Personal { user, .. } if user == own(&grace).id)
    ));
}

#[tokio::test]
async fn rotating_kills_the_old_token_and_keeps_name_scopes_and_kind_of_end() {
    let world = World::empty().await;
    let grace = world.user("grace").await;
    let registry = &world.registry;
    let rotate = async |token: &Token, end| registry.rotate_personal_token(&grace, token.id, end).await;
    let lasting = world.token(own(&grace), PersonalScope::ReadApi).await;
    let next = rotate(&lasting.token, None).await.unwrap();
    assert_eq!((&next.token.name, &next.token.owner), (&lasting.token.name, &lasting.token.owner));
    assert_eq!(next.token.expires_at, None);
    assert_eq!(word(&world.as_caller(&lasting.secret)), "credential");
    assert!(world.as_caller(&next.secret).is_ok());
    assert_eq!(word(&rotate(&lasting.token, None).await), "credential", "a dead token is not rotated");
    let dated = rotate(&next.token, Some(date(2026, 4, 1))).await.unwrap();
    assert_eq!(dated.token.expires_at.unwrap().to_string(), "2026-04-01T00:00:00Z");
    let week = rotate(&dated.token, None).await.unwrap();
    assert_eq!(week.token.expires_at.unwrap().to_string(), "2026-03-08T00:00:00Z");
    let reads = world.reading(&grace).await;
    let refused = registry.rotate_personal_token(&reads, week.token.id, None).await;
    assert_eq!(word(&refused), "scope", "a reading token makes no tokens");
}

#[tokio::test]
async fn last_use_is_known_after_the_counters_were_written() {
    let world = World::empty().await;
    let grace = world.user("grace").await;
    world.registry.flush_activity().await.unwrap();
    let known = world.registry.current_token(&grace).unwrap();
    assert_eq!(known.last_used_at, Some(world.registry.now()));
}

#[tokio::test]
async fn deploy_tokens_are_for_maintainers_of_projects_and_owners_of_groups() {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    world.project("acme/modules", Visibility::Private).await;
    world.user("outsider").await;
    for (role, for_project, for_group) in
        [(Role::Developer, "role", "role"), (Role::Maintainer, "done", "role"), (Role::Owner, "done", "done")]
    {
        let caller = world.user(role.as_str()).await;
        world.join(&at_group("acme"), &caller, role).await;
        for (place, expected) in [(at_project("acme/modules"), for_project), (at_group("acme"), for_group)] {
            let new = new_deploy_token(DeployScope::ReadPackageRegistry);
            let outcome = world.registry.create_deploy_token(&caller, place.clone(), new).await;
            assert_eq!(word(&outcome), expected, "{role:?} {place:?}");
            assert_eq!(word(&world.registry.deploy_tokens(&caller, &place)), expected, "{role:?} {place:?}");
        }
    }
    let outsider = world.user("stranger").await;
    let place = at_project("acme/modules");
    assert_eq!(word(&world.registry.deploy_tokens(&outsider, &place)), "hidden");
}

#[tokio::test]
async fn a_deploy_token_has_a_user_name_belongs_to_one_place_and_dies_when_deleted() {
    let world = World::empty().await;
    let operator = Caller::Operator;
    let group = world.group("acme", Visibility::Private).await;
    world.project("acme/modules", Visibility::Private).await;
    let new = new_deploy_token(DeployScope::WritePackageRegistry);
    let issued = world.registry.create_deploy_token(&operator, at_group("acme"), new.clone()).await.unwrap();
    let id = issued.token.id;
    let expected = TokenOwner::Deploy {
        holder: Holder::Group(group.id),
        username: format!("gitlab+deploy-token-{id}"),
        scopes: vec![DeployScope::WritePackageRegistry],
    };
    assert_eq!(issued.token.owner, expected);
    assert!(matches!(world.as_caller(&issued.secret), Ok(Caller::Deploy { .. })));
    let elsewhere = at_project("acme/modules");
    assert_eq!(word(&world.registry.deploy_token(&operator, &elsewhere, id)), "missing");
    assert_eq!(word(&world.registry.delete_deploy_token(&operator, elsewhere, id).await), "missing");
    assert_eq!(word(&world.registry.delete_deploy_token(&operator, at_group("acme"), id).await), "done");
    assert_eq!(word(&world.as_caller(&issued.secret)), "credential");
    let colon = NewDeployToken { username: Some("a:b".to_owned()), ..new };
    assert_eq!(
        word(&world.registry.create_deploy_token(&operator, at_group("acme"), colon).await),
        "invalid"
    );
}

#[tokio::test]
async fn a_deploy_token_is_nobody_in_the_identity_use_cases() {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    let new = new_deploy_token(DeployScope::WritePackageRegistry);
    let issued = world.registry.create_deploy_token(&Caller::Operator, at_group("acme"), new).await.unwrap();
    let caller = world.as_caller(&issued.secret).unwrap();
    assert_eq!(word(&world.registry.current_user(&caller)), "deploy");
    assert_eq!(word(&world.registry.personal_tokens(&caller, TokenFilter::default()).await), "deploy");
    assert_eq!(word(&world.registry.deploy_tokens(&caller, &at_group("acme"))), "deploy");
    assert_eq!(word(&world.registry.personal_token(&caller, issued.token.id)), "deploy");
}
