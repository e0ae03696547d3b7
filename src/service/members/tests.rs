//! Members as their use cases leave them.

use jiff::civil::date;

use super::super::fixture::{World, at_group, at_project, new_group, word};
use super::*;
use crate::domain::Visibility;

fn id(caller: &Caller) -> UserId {
    caller.user().unwrap().id
}

#[tokio::test]
async fn maintainers_manage_project_members_up_to_their_own_role_and_owners_manage_groups() {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    world.project("acme/modules", Visibility::Private).await;
    let target = world.user("target").await;
    let cases = [
        (Role::Developer, at_project("acme/modules"), Role::Guest, "role"),
        (Role::Maintainer, at_project("acme/modules"), Role::Guest, "done"),
        (Role::Maintainer, at_project("acme/modules"), Role::Maintainer, "done"),
        (Role::Maintainer, at_project("acme/modules"), Role::Owner, "role"),
        (Role::Owner, at_project("acme/modules"), Role::Owner, "done"),
        (Role::Maintainer, at_group("acme"), Role::Guest, "role"),
        (Role::Owner, at_group("acme"), Role::Owner, "done"),
    ];
    for (number, (role, place, given, expected)) in cases.into_iter().enumerate() {
        let caller = world.user(&format!("caller{number}")).await;
        world.join(&at_group("acme"), &caller, role).await;
        let outcome = world.registry.add_member(&caller, place.clone(), id(&target), given, End::Keep).await;
        assert_eq!(word(&outcome), expected, "{role:?} makes somebody {given:?} of {place:?}");
        if outcome.is_ok() {
            let again =
                world.registry.add_member(&caller, place.clone(), id(&target), given, End::Keep).await;
            assert_eq!(word(&again), "taken");
            world.registry.remove_member(&Caller::Operator, place, id(&target)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_maintainer_neither_changes_nor_removes_an_owner_of_the_project() {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    world.project("acme/modules", Visibility::Private).await;
    let place = at_project("acme/modules");
    let (maintainer, owner) = (world.user("maintainer").await, world.user("owner").await);
    world.join(&place, &maintainer, Role::Maintainer).await;
    world.join(&place, &owner, Role::Owner).await;
    let registry = &world.registry;
    let lower = registry.update_member(&maintainer, place.clone(), id(&owner), Role::Guest, End::Keep).await;
    assert_eq!(word(&lower), "role");
    let raise =
        registry.update_member(&maintainer, place.clone(), id(&maintainer), Role::Owner, End::Keep).await;
    assert_eq!(word(&raise), "role");
    assert_eq!(word(&registry.remove_member(&maintainer, place.clone(), id(&owner)).await), "role");
    assert_eq!(word(&registry.remove_member(&owner, place, id(&maintainer)).await), "done");
}

#[tokio::test]
async fn the_last_lasting_owner_of_a_root_group_stays_until_there_is_another() {
    let world = World::empty().await;
    let (first, second) = (world.user("first").await, world.user("second").await);
    let (registry, place) = (&world.registry, at_group("acme"));
    registry.create_group(&first, new_group("acme")).await.unwrap();
    let change = async |role, end| {
        word(&registry.update_member(&Caller::Operator, place.clone(), id(&first), role, end).await)
    };
    registry
        .add_member(&first, place.clone(), id(&second), Role::Owner, End::On(date(2026, 4, 1)))
        .await
        .unwrap();
    assert_eq!(change(Role::Maintainer, End::Keep).await, "forbidden", "the other owner's time ends");
    assert_eq!(
        change(Role::Owner, End::On(date(2026, 4, 1))).await,
        "forbidden",
        "an end is a removal later"
    );
    assert_eq!(word(&registry.remove_member(&first, place.clone(), id(&first)).await), "forbidden");
    registry.update_member(&first, place.clone(), id(&second), Role::Owner, End::Never).await.unwrap();
    assert_eq!(change(Role::Maintainer, End::Keep).await, "done");
    assert_eq!(word(&registry.remove_member(&first, place, id(&first)).await), "done", "anyone may leave");
}

#[tokio::test]
async fn everyone_with_a_role_is_listed_once_with_the_highest() {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    world.group("acme/platform", Visibility::Private).await;
    world.project("acme/platform/modules", Visibility::Private).await;
    let (both, above, below) =
        (world.user("both").await, world.user("above").await, world.user("below").await);
    let place = at_project("acme/platform/modules");
    world.join(&at_group("acme"), &both, Role::Maintainer).await;
    world.join(&at_group("acme"), &above, Role::Guest).await;
    world.join(&at_group("acme/platform"), &both, Role::Reporter).await;
    world.join(&place, &below, Role::Developer).await;
    world.join(&place, &both, Role::Developer).await;
    let named = |members: Vec<Member>| {
        let mut names: Vec<_> =
            members.iter().map(|m| format!("{}:{}", m.user.username, m.membership.role.as_str())).collect();
        names.sort();
        names.join(" ")
    };
    let direct = world.registry.members(&below, &place).unwrap();
    assert_eq!(named(direct), "below:developer both:developer");
    let all = world.registry.all_members(&below, &place).unwrap();
    assert_eq!(named(all), "above:guest below:developer both:maintainer");
    assert_eq!(word(&world.registry.members(&Caller::Anonymous, &place)), "hidden");
    assert_eq!(word(&world.registry.members(&Caller::Anonymous, &at_project("acme/nothing"))), "hidden");
}

#[tokio::test]
async fn a_membership_ends_on_its_day_and_can_be_given_again() {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    let (guest, place) = (world.user("guest").await, at_group("acme"));
    let registry = &world.registry;
    let add = async || {
        registry
            .add_member(&Caller::Operator, place.clone(), id(&guest), Role::Guest, End::On(date(2026, 3, 3)))
            .await
    };
    add().await.unwrap();
    world.pass(2 * 86_400 - 1);
    assert_eq!(word(&registry.members(&guest, &place)), "done");
    world.pass(1);
    assert_eq!(word(&registry.members(&guest, &place)), "hidden");
    assert!(registry.members(&Caller::Operator, &place).unwrap().is_empty());
    assert_eq!(word(&add().await), "invalid", "the day is over");
    world.join(&place, &guest, Role::Guest).await;
    assert_eq!(registry.members(&guest, &place).unwrap().len(), 1);
}

#[tokio::test]
async fn personal_namespaces_have_no_members_to_manage() {
    let world = World::empty().await;
    let (grace, ada) = (world.user("grace").await, world.user("ada").await);
    let place = at_group("grace");
    assert_eq!(word(&world.registry.members(&grace, &place)), "hidden");
    let added = world.registry.add_member(&grace, place, id(&ada), Role::Guest, End::Keep).await;
    assert_eq!(word(&added), "hidden");
}
