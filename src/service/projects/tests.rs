//! Projects as their use cases leave them.

use super::super::fixture::{World, at_group, at_project, new_project, word};
use super::*;

#[tokio::test]
async fn developers_create_projects_in_groups_and_everyone_in_their_own_namespace() {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    let grace = world.user("grace").await;
    world.user("ada").await;
    let reads = world.reading(&grace).await;
    for (role, expected) in [
        (Role::Reporter, "role"),
        (Role::Developer, "done"),
        (Role::Maintainer, "done"),
        (Role::Owner, "done"),
    ] {
        let caller = world.user(role.as_str()).await;
        world.join(&at_group("acme"), &caller, role).await;
        let path = format!("acme/{}", role.as_str());
        assert_eq!(
            word(&world.registry.create_project(&caller, new_project(&path)).await),
            expected,
            "{role:?}"
        );
        if expected == "done" {
            let members = world.registry.members(&caller, &at_project(&path)).unwrap();
            let roles: Vec<_> = members.iter().map(|member| member.membership.role).collect();
            let direct = if role < Role::Maintainer { vec![Role::Maintainer] } else { vec![] };
            assert_eq!(roles, direct, "a {role:?} who created a project");
        }
    }
    for (situation, caller, path, expected) in [
        ("own namespace, not named", &grace, "modules", "done"),
        ("own namespace, named", &grace, "grace/other", "done"),
        ("path taken", &grace, "grace/OTHER", "invalid"),
        ("another's namespace", &grace, "ada/modules", "hidden"),
        ("group the caller does not see", &grace, "acme/modules", "hidden"),
        ("nothing there", &grace, "nothing/modules", "hidden"),
        ("reading token", &reads, "grace/third", "scope"),
        ("anonymous", &Caller::Anonymous, "grace/third", "credential"),
        ("operator who names no namespace", &Caller::Operator, "modules", "invalid"),
        ("bad path", &grace, "grace/a b", "invalid"),
    ] {
        let outcome = world.registry.create_project(caller, new_project(path)).await;
        assert_eq!(word(&outcome), expected, "{situation}");
    }
}

#[tokio::test]
async fn projects_are_found_by_number_and_by_path_without_regard_to_case() {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    let project = world.project("acme/Modules", Visibility::Private).await;
    let member = world.user("member").await;
    world.join(&at_project("acme/modules"), &member, Role::Guest).await;
    let number = project.id.to_string();
    for id in ["acme/Modules", "ACME/modules", number.as_str()] {
        assert_eq!(world.registry.project(&member, id).unwrap().project.path.as_str(), "acme/Modules");
        assert_eq!(word(&world.registry.project(&Caller::Anonymous, id)), "hidden", "{id}");
    }
    for id in ["acme", "acme/nothing", "999", "18446744073709551616", ""] {
        assert_eq!(word(&world.registry.project(&member, id)), "hidden", "{id}");
    }
}

#[tokio::test]
async fn the_registry_switch_has_two_names() {
    use RegistryAccess::{Disabled, Enabled, Private, Public};
    for (before, level, enabled, after) in [
        (Enabled, None, None, Enabled),
        (Enabled, None, Some(false), Disabled),
        (Public, None, Some(false), Disabled),
        (Disabled, None, Some(true), Enabled),
        (Public, None, Some(true), Public),
        (Private, None, Some(true), Private),
        (Enabled, Some(Private), None, Private),
        (Disabled, Some(Public), Some(false), Public),
    ] {
        assert_eq!(switched(level, enabled, before), after, "{before:?} {level:?} {enabled:?}");
    }
}

#[tokio::test]
async fn maintainers_change_a_project_and_owners_delete_it() {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    for (role, changes, deletes) in
        [(Role::Developer, "role", "role"), (Role::Maintainer, "done", "role"), (Role::Owner, "done", "done")]
    {
        let path = format!("acme/{}", role.as_str());
        world.project(&path, Visibility::Private).await;
        let caller = world.user(role.as_str()).await;
        world.join(&at_project(&path), &caller, role).await;
        let wanted = ProjectChange {
            description: Some("new".to_owned()),
            packages_enabled: Some(false),
            ..ProjectChange::default()
        };
        let outcome = world.registry.update_project(&caller, &path, wanted).await;
        assert_eq!(word(&outcome), changes, "{role:?} changes");
        if let Ok(placed) = outcome {
            assert_eq!(
                (placed.project.description.as_str(), placed.project.registry),
                ("new", RegistryAccess::Disabled)
            );
        }
        assert_eq!(word(&world.registry.delete_project(&caller, &path).await), deletes, "{role:?} deletes");
        let after = world.registry.project(&Caller::Operator, &path);
        assert_eq!(after.is_err(), deletes == "done", "{role:?}: the effect");
    }
}

#[tokio::test]
async fn lists_hold_what_the_caller_sees_and_nothing_else() {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    world.group("acme/sub", Visibility::Public).await;
    for visibility in Visibility::ALL {
        world.project(&format!("acme/{}", visibility.as_str()), visibility).await;
        world.project(&format!("acme/sub/{}", visibility.as_str()), visibility).await;
    }
    let (outsider, member) = (world.user("outsider").await, world.user("member").await);
    world.join(&at_group("acme/sub"), &member, Role::Guest).await;
    let paths = |found: Vec<PlacedProject>| {
        let mut paths: Vec<_> = found.iter().map(|placed| placed.project.path.to_string()).collect();
        paths.sort();
        paths.join(" ").replace("acme/", "")
    };
    for (who, caller, all, in_group) in [
        ("anonymous", &Caller::Anonymous, "public sub/public", "public"),
        ("a user", &outsider, "internal public sub/internal sub/public", "internal public"),
        (
            "a member of the subgroup",
            &member,
            "internal public sub/internal sub/private sub/public",
            "internal public",
        ),
    ] {
        let found = world.registry.projects(caller, ProjectFilter::default()).await.unwrap();
        assert_eq!(paths(found), all, "{who}");
        let found = world.registry.group_projects(caller, "acme", ProjectFilter::default()).await.unwrap();
        assert_eq!(paths(found), in_group, "{who}, in the group");
        let deep = ProjectFilter { include_subgroups: true, ..ProjectFilter::default() };
        let found = world.registry.group_projects(caller, "acme", deep).await.unwrap();
        assert_eq!(paths(found), all, "{who}, in the group and below");
    }
    let mine = ProjectFilter {
        min_role: Some(Role::Guest),
        search: Some("PRI".to_owned()),
        ..ProjectFilter::default()
    };
    assert_eq!(paths(world.registry.projects(&member, mine).await.unwrap()), "sub/private");
}
