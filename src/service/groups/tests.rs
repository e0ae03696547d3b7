//! Groups as their use cases leave them.

use super::super::fixture::{World, at_group, at_project, new_group, new_project, word};
use super::super::namespaces::NamespaceFilter;
use super::super::projects::{NewProject, ProjectChange};
use super::*;

#[tokio::test]
async fn root_groups_are_for_those_who_may_and_subgroups_for_maintainers() {
    let world = World::empty().await;
    let admin = world.admin("boss").await;
    let reads = world.reading(&admin).await;
    let grace = world.user("grace").await;
    let forbid = super::super::identity::UserChange { can_create_group: Some(false), ..Default::default() };
    let plain = world.user("plain").await;
    world.registry.update_user(&Caller::Operator, "plain", forbid).await.unwrap();
    let plain = {
        let issued = world.token(plain.user().unwrap(), crate::domain::credential::PersonalScope::Api).await;
        world.as_caller(&issued.secret).unwrap()
    };
    for (number, (who, caller, expected)) in [
        ("anonymous", &Caller::Anonymous, "credential"),
        ("a user who may", &grace, "done"),
        ("a user who may not", &plain, "admins"),
        ("administrator", &admin, "done"),
        ("administrator, read_api", &reads, "scope"),
        ("operator", &Caller::Operator, "done"),
    ]
    .into_iter()
    .enumerate()
    {
        let outcome = world.registry.create_group(caller, new_group(&format!("group{number}"))).await;
        assert_eq!(word(&outcome), expected, "{who}");
    }
    world.group("acme", Visibility::Private).await;
    for (role, expected) in [(Role::Developer, "role"), (Role::Maintainer, "done"), (Role::Owner, "done")] {
        let caller = world.user(role.as_str()).await;
        world.join(&at_group("acme"), &caller, role).await;
        let path = format!("acme/{}", role.as_str());
        let outcome = world.registry.create_group(&caller, new_group(&path)).await;
        assert_eq!(word(&outcome), expected, "{role:?}");
        if outcome.is_ok() {
            assert_eq!(
                word(&world.registry.delete_group(&caller, &path).await),
                "done",
                "its creator owns it"
            );
        }
    }
    assert_eq!(word(&world.registry.create_group(&grace, new_group("acme/x")).await), "hidden");
    assert_eq!(word(&world.registry.create_group(&grace, new_group("nothing/x")).await), "hidden");
    assert_eq!(word(&world.registry.create_group(&grace, new_group("grace/x")).await), "hidden");
}

#[tokio::test]
async fn paths_are_terraform_namespaces_at_the_root_and_given_once() {
    let world = World::empty().await;
    for (path, expected) in [
        ("acme", "done"),
        ("ACME", "invalid"),
        ("a.b", "invalid"),
        ("1234", "invalid"),
        ("api", "invalid"),
        ("-", "invalid"),
        ("", "invalid"),
        ("acme/a.b", "done"),
        ("Acme/A.B", "invalid"),
        ("acme/-", "invalid"),
        ("acme/..", "invalid"),
        ("acme/x.git", "invalid"),
    ] {
        let outcome = world
            .registry
            .create_group(&Caller::Operator, NewGroup { name: "n".to_owned(), ..new_group(path) });
        assert_eq!(word(&outcome.await), expected, "{path:?}");
    }
    world.project("acme/modules", Visibility::Private).await;
    let taken = world.registry.create_group(&Caller::Operator, new_group("acme/MODULES")).await;
    assert_eq!(word(&taken), "invalid", "groups and projects share their paths");
}

#[tokio::test]
async fn a_child_is_never_more_visible_than_its_parent() {
    use Visibility::{Internal, Private, Public};
    let world = World::empty().await;
    let operator = Caller::Operator;
    for parent in Visibility::ALL {
        let path = parent.as_str();
        world.group(path, parent).await;
        for child in Visibility::ALL {
            let expected = if child <= parent { "done" } else { "invalid" };
            let below = format!("{path}/{}", child.as_str());
            let new = NewGroup { visibility: Some(child), ..new_group(&below) };
            assert_eq!(word(&world.registry.create_group(&operator, new).await), expected, "group {below}");
            let new = NewProject { visibility: Some(child), ..new_project(&format!("{below}-project")) };
            let new = NewProject { namespace: Some(path.to_owned()), ..new };
            assert_eq!(
                word(&world.registry.create_project(&operator, new).await),
                expected,
                "project {below}"
            );
        }
    }
    let set = async |path: &str, visibility| {
        let wanted = GroupChange { visibility: Some(visibility), ..GroupChange::default() };
        word(&world.registry.update_group(&operator, path, wanted).await)
    };
    let set_project = async |path: &str, visibility| {
        let wanted = ProjectChange { visibility: Some(visibility), ..ProjectChange::default() };
        word(&world.registry.update_project(&operator, path, wanted).await)
    };
    assert_eq!(set("internal/private", Public).await, "invalid", "above the parent");
    assert_eq!(set("internal", Private).await, "invalid", "below its children");
    assert_eq!(set("internal/internal", Private).await, "done");
    assert_eq!(set("internal", Private).await, "invalid", "a project is still internal");
    assert_eq!(set_project("internal/internal-project", Public).await, "invalid");
    assert_eq!(set_project("internal/internal-project", Private).await, "done");
    assert_eq!(set("internal", Private).await, "done");
    assert_eq!(set("public", Internal).await, "invalid");
}

#[tokio::test]
async fn who_does_not_say_gets_the_default_but_no_more_than_the_parent() {
    let world = World::empty().await;
    let settings = super::super::settings::SettingsChange {
        default_group_visibility: Some(Visibility::Public),
        default_project_visibility: Some(Visibility::Public),
        ..Default::default()
    };
    world.registry.update_settings(&Caller::Operator, settings).await.unwrap();
    for (parent, expected) in
        [(Visibility::Private, Visibility::Private), (Visibility::Public, Visibility::Public)]
    {
        let path = parent.as_str();
        world.group(path, parent).await;
        let group =
            world.registry.create_group(&Caller::Operator, new_group(&format!("{path}/g"))).await.unwrap();
        assert_eq!(group.visibility, expected);
        let made = world.registry.create_project(&Caller::Operator, new_project(&format!("{path}/p"))).await;
        assert_eq!(made.unwrap().project.visibility, expected);
    }
}

#[tokio::test]
async fn lists_hold_what_the_caller_sees_and_nothing_else() {
    let world = World::empty().await;
    for visibility in Visibility::ALL {
        world.group(visibility.as_str(), visibility).await;
        world.group(&format!("{}/sub", visibility.as_str()), visibility).await;
    }
    let outsider = world.user("outsider").await;
    let insider = world.user("insider").await;
    world.join(&at_group("private/sub"), &insider, Role::Guest).await;
    let cases = [
        ("anonymous", &Caller::Anonymous, "public public/sub", "public"),
        ("a user", &outsider, "internal internal/sub public public/sub", "internal public"),
        (
            "a member of a subgroup",
            &insider,
            "internal internal/sub private private/sub public public/sub",
            "internal private public",
        ),
    ];
    for (who, caller, all, roots) in cases {
        for (filter, expected) in [
            (GroupFilter::default(), all),
            (GroupFilter { top_level_only: true, ..GroupFilter::default() }, roots),
        ] {
            let mut found: Vec<_> = world.registry.groups(caller, filter).await.unwrap();
            found.sort_by_key(|group| group.path.key());
            let paths: Vec<_> = found.iter().map(|group| group.path.as_str()).collect();
            assert_eq!(paths.join(" "), expected, "{who}");
        }
    }
    let mine = GroupFilter { min_role: Some(Role::Guest), ..GroupFilter::default() };
    let mine = world.registry.groups(&insider, mine).await.unwrap();
    assert_eq!(mine.iter().map(|group| group.path.as_str()).collect::<Vec<_>>(), ["private/sub"]);
    assert_eq!(
        word(&world.registry.subgroups(&outsider, "private", false, GroupFilter::default()).await),
        "hidden"
    );
    assert_eq!(word(&world.registry.group(&outsider, "private")), "hidden");
    assert_eq!(word(&world.registry.group(&outsider, "nothing")), "hidden");
    assert_eq!(word(&world.registry.group(&outsider, "outsider")), "hidden", "a namespace is no group");
    let own = world.registry.namespaces(&insider, NamespaceFilter::default()).await.unwrap();
    assert_eq!(own.iter().map(|group| group.path.as_str()).collect::<Vec<_>>(), ["private/sub", "insider"]);
}

#[tokio::test]
async fn owners_change_a_group_and_its_duplicates_rule() {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    let (owner, maintainer) = (world.user("owner").await, world.user("maintainer").await);
    world.join(&at_group("acme"), &owner, Role::Owner).await;
    world.join(&at_group("acme"), &maintainer, Role::Maintainer).await;
    let wanted = GroupChange {
        name: Some("Acme Corp".to_owned()),
        duplicates_allowed: Some(true),
        exception_regex: Some("vpc/.*".to_owned()),
        ..GroupChange::default()
    };
    assert_eq!(word(&world.registry.update_group(&maintainer, "acme", wanted.clone()).await), "role");
    let group = world.registry.update_group(&owner, "ACME", wanted).await.unwrap();
    assert_eq!((group.name.as_str(), group.description.as_str()), ("Acme Corp", ""));
    assert_eq!(group.duplicates, DuplicatesRule { allowed: true, exception_regex: "vpc/.*".to_owned() });
    for bad in ["(", "a{1000000}", "x".repeat(2_000).as_str()] {
        let wanted = GroupChange { exception_regex: Some(bad.to_owned()), ..GroupChange::default() };
        assert_eq!(word(&world.registry.update_group(&owner, "acme", wanted).await), "invalid");
    }
    assert_eq!(word(&world.registry.group(&owner, "acme")), "done");
}

#[tokio::test]
async fn deleting_a_group_deletes_everything_below() {
    let world = World::empty().await;
    for path in ["acme", "acme/a", "acme/a/b"] {
        world.group(path, Visibility::Private).await;
    }
    world.project("acme/a/b/modules", Visibility::Private).await;
    let (owner, developer) = (world.user("owner").await, world.user("developer").await);
    world.join(&at_group("acme"), &owner, Role::Owner).await;
    world.join(&at_project("acme/a/b/modules"), &developer, Role::Developer).await;
    assert_eq!(word(&world.registry.delete_group(&developer, "acme").await), "role");
    assert_eq!(word(&world.registry.delete_group(&owner, "acme").await), "done");
    for id in ["acme", "acme/a/b"] {
        assert_eq!(word(&world.registry.group(&Caller::Operator, id)), "hidden");
    }
    assert_eq!(word(&world.registry.project(&Caller::Operator, "acme/a/b/modules")), "hidden");
    let root = world.group("acme", Visibility::Private).await;
    assert_eq!(
        word(&world.registry.group(&owner, "acme")),
        "hidden",
        "the new group owes the old owner nothing"
    );
    assert!(root.ancestors.is_empty());
}
