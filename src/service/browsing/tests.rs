//! The home page and the pages of groups, for each who asks.

use super::super::fixture::{World, at_group, at_project, word};
use super::*;
use crate::domain::{Role, Visibility};

/// Groups and projects, public and private, with modules in them.
async fn stage() -> World {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    world.group("acme/open", Visibility::Public).await;
    world.group("acme/deep", Visibility::Private).await;
    world.group("beta", Visibility::Private).await;
    for (path, visibility, modules) in [
        ("acme/tools", Visibility::Public, 1),
        ("acme/idle", Visibility::Public, 0),
        ("acme/safe", Visibility::Private, 2),
        ("acme/open/network", Visibility::Public, 3),
        ("acme/deep/hidden", Visibility::Private, 4),
        ("beta/own", Visibility::Private, 1),
    ] {
        let project = world.project(path, visibility).await;
        for number in 0..modules {
            world.pass(60);
            world.publish(&project, &format!("module{number}/aws"), "1.0.0").await;
        }
    }
    world
}

fn project_names(cards: &[ProjectCard]) -> Vec<(&str, usize)> {
    cards.iter().map(|card| (card.project.path.as_str(), card.modules)).collect()
}

fn group_names(cards: &[GroupCard]) -> Vec<(&str, usize, usize)> {
    let shown = |card: &'_ GroupCard| (card.extent.projects, card.extent.modules);
    cards.iter().map(|card| (card.group.path.as_str(), shown(card).0, shown(card).1)).collect()
}

#[tokio::test]
async fn a_group_page_counts_only_what_its_reader_sees() {
    let world = stage().await;
    let (owner, guest) = (world.user("owner").await, world.user("guest").await);
    world.join(&at_group("acme"), &owner, Role::Owner).await;
    world.join(&at_project("acme/deep/hidden"), &guest, Role::Guest).await;
    let open = vec![("acme/open", 1, 3)];
    let both = vec![("acme/deep", 1, 4), ("acme/open", 1, 3)];
    let public = vec![("acme/idle", 0), ("acme/tools", 1)];
    let all = vec![("acme/idle", 0), ("acme/safe", 2), ("acme/tools", 1)];
    for (situation, caller, subgroups, projects, extent) in [
        ("anonymous", &Caller::Anonymous, &open, &public, (3, 4)),
        ("member of something below", &guest, &both, &public, (4, 8)),
        ("owner", &owner, &both, &all, (5, 10)),
    ] {
        let page = world.registry.group_page(caller, "acme", 0, 20).await.unwrap();
        assert_eq!(&group_names(&page.subgroups), subgroups, "{situation}");
        assert_eq!(&project_names(&page.projects), projects, "{situation}");
        assert_eq!(page.projects_total, projects.len(), "{situation}");
        assert_eq!((page.extent.projects, page.extent.modules), extent, "{situation}");
    }
    assert_eq!(word(&world.registry.group_page(&Caller::Anonymous, "acme/deep", 0, 20).await), "hidden");
    let below = world.registry.group_page(&guest, "acme/deep", 0, 20).await.unwrap();
    let above: Vec<_> = below.above.iter().map(|group| group.path.as_str()).collect();
    assert_eq!(above, ["acme"]);
    let newest = |page: &GroupPage| {
        page.projects
            .iter()
            .map(|card| card.last_published)
            .chain(page.subgroups.iter().map(|card| card.last_published))
            .max()
    };
    for caller in [&Caller::Anonymous, &owner] {
        let page = world.registry.group_page(caller, "acme", 0, 20).await.unwrap();
        assert_eq!(Some(page.last_published), newest(&page), "of what is seen");
    }
    let second = world.registry.group_page(&owner, "acme", 1, 1).await.unwrap();
    assert_eq!((project_names(&second.projects), second.projects_total), (vec![("acme/safe", 2)], 3));
}

#[tokio::test]
async fn home_shows_what_is_ones_own_and_what_was_published_last() {
    let world = stage().await;
    let (ada, stranger) = (world.user("ada").await, world.user("stranger").await);
    world.join(&at_group("beta"), &ada, Role::Developer).await;
    world.join(&at_group("acme/deep"), &ada, Role::Guest).await;
    world.join(&at_project("acme/idle"), &ada, Role::Guest).await;
    let home = world.registry.home(&ada).await.unwrap();
    assert_eq!(group_names(&home.groups), [("acme/deep", 1, 4), ("beta", 1, 1)]);
    let own = [("beta/own", 1), ("acme/deep/hidden", 4), ("acme/idle", 0)];
    assert_eq!(project_names(&home.projects), own, "last published first");
    assert_eq!((home.groups_total, home.projects_total, home.modules_total), (2, 3, 9));
    assert_eq!(home.recent[0].view.project_path, "beta/own");
    for caller in [&stranger, &Caller::Anonymous] {
        let home = world.registry.home(caller).await.unwrap();
        assert_eq!((home.groups_total, home.projects_total, home.modules_total), (0, 0, 4));
        let recent: Vec<_> = home.recent.iter().map(|row| row.view.project_path.as_str()).collect();
        assert_eq!(recent, ["acme/open/network", "acme/open/network", "acme/open/network", "acme/tools"]);
    }
}

#[tokio::test]
async fn a_users_own_namespace_has_a_page_for_its_user() {
    let world = World::empty().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let page = world.registry.group_page(&ada, "ada", 0, 20).await.unwrap();
    assert!(page.group.is_personal() && page.projects.is_empty() && page.last_published.is_none());
    for caller in [&bob, &Caller::Anonymous] {
        assert_eq!(word(&world.registry.group_page(caller, "ada", 0, 20).await), "hidden");
    }
}
