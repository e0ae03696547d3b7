//! Rows as each caller sees them.

use super::super::fixture::publishing::Fake;
use super::super::fixture::{World, at_group, at_project, word};
use super::*;
use crate::domain::identity::Project;
use crate::domain::package::{Warning, WarningCode};
use crate::domain::{RegistryAccess, Role, Visibility};
use crate::service::PackageOrder;
use crate::service::projects::ProjectChange;

struct Stage {
    world: World,
    open: Project,
    hidden: Project,
}

/// A public and a private project, one below the other's group, and one whose registry is switched off.
async fn stage() -> Stage {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    world.group("acme/deep", Visibility::Private).await;
    let open = world.project("acme/open", Visibility::Public).await;
    let hidden = world.project("acme/deep/hidden", Visibility::Private).await;
    let off = world.project("acme/off", Visibility::Public).await;
    for version in ["1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1"] {
        world.pass(60);
        world.publish(&open, "vpc/aws", version).await;
    }
    world.publish(&open, "dns/google", "1.0.0").await;
    world.publish(&hidden, "secret/aws", "1.0.0").await;
    world.publish(&off, "vpc/azurerm", "1.0.0").await;
    let change = ProjectChange { registry: Some(RegistryAccess::Disabled), ..ProjectChange::default() };
    world.registry.update_project(&Caller::Operator, "acme/off", change).await.unwrap();
    Stage { world, open, hidden }
}

fn by_name() -> ModuleRowsQuery {
    let window = Window { order: PackageOrder::Name, limit: 20, ..Window::default() };
    ModuleRowsQuery { window, ..ModuleRowsQuery::default() }
}

/// The rows as `vpc/aws 1.0.0 (4)`, and the total behind them.
async fn shown(world: &World, caller: &Caller, scope: RowsScope, query: ModuleRowsQuery) -> String {
    let page = world.registry.module_rows(caller, scope, query).await.unwrap();
    let row = |row: &ModuleRow| {
        format!("{} {} ({}), ", row.view.package.full_name(), row.view.package.version, row.versions)
    };
    page.rows.iter().map(row).collect::<String>() + &format!("total {}", page.total)
}

fn group(path: &str) -> RowsScope {
    RowsScope::Group(path.to_owned())
}

#[tokio::test]
async fn only_what_may_be_pulled_is_listed_and_counted() {
    let Stage { world, .. } = stage().await;
    let (member, outsider) = (world.user("member").await, world.user("outsider").await);
    world.join(&at_project("acme/deep/hidden"), &member, Role::Guest).await;
    let open = "dns/google 1.0.0 (1), vpc/aws 1.10.0 (4), total 2";
    let all = "dns/google 1.0.0 (1), secret/aws 1.0.0 (1), vpc/aws 1.10.0 (4), total 3";
    for (situation, caller, expected) in [
        ("anonymous", &Caller::Anonymous, open),
        ("not a member", &outsider, open),
        ("member of the hidden project", &member, all),
        ("operator, without what is switched off", &Caller::Operator, all),
    ] {
        for scope in [RowsScope::Everything, group("acme")] {
            assert_eq!(shown(&world, caller, scope, by_name()).await, expected, "{situation}");
        }
    }
    let versions = ModuleRowsQuery { grouping: Grouping::Versions, ..by_name() };
    let total = world.registry.module_rows(&outsider, group("acme"), versions).await.unwrap().total;
    assert_eq!(total, 5);
    for (scope, expected) in [
        (group("acme/deep"), "hidden"),
        (RowsScope::Project("acme/deep/hidden".to_owned()), "hidden"),
        (RowsScope::Project("acme/none".to_owned()), "hidden"),
        (RowsScope::Project("acme/off".to_owned()), "registry"),
        (group("none"), "hidden"),
    ] {
        let refused = world.registry.module_rows(&outsider, scope.clone(), by_name()).await;
        assert_eq!(word(&refused), expected, "{scope:?}");
    }
}

#[tokio::test]
async fn filters_narrow_to_the_versions_they_admit() {
    let Stage { world, open, .. } = stage().await;
    let ada = world.user("ada").await;
    world.publish_fake(&open, "vpc/aws", "1.1.0", Fake::by(&ada)).await;
    let text = |text: &str| Some(text.to_owned());
    let none = "total 0";
    for (situation, query, expected) in [
        ("words", ModuleRowsQuery { words: text("VPC aws"), ..by_name() }, "vpc/aws 1.10.0 (5), total 1"),
        (
            "a system",
            ModuleRowsQuery { system: text("Google"), ..by_name() },
            "dns/google 1.0.0 (1), total 1",
        ),
        (
            "a version",
            ModuleRowsQuery { version: text("1.0.0"), ..by_name() },
            "dns/google 1.0.0 (1), vpc/aws 1.0.0 (1), total 2",
        ),
        ("no version", ModuleRowsQuery { version: text("one"), ..by_name() }, none),
        (
            "the status there is",
            ModuleRowsQuery { status: text("default"), words: text("dns"), ..by_name() },
            "dns/google 1.0.0 (1), total 1",
        ),
        ("another status", ModuleRowsQuery { status: text("error"), ..by_name() }, none),
        (
            "a publisher",
            ModuleRowsQuery { publisher: text("ADA"), ..by_name() },
            "vpc/aws 1.1.0 (1), total 1",
        ),
        ("an unknown publisher", ModuleRowsQuery { publisher: text("eve"), ..by_name() }, none),
        (
            "published by a person",
            ModuleRowsQuery { manner: Some(Manner::User), ..by_name() },
            "vpc/aws 1.1.0 (1), total 1",
        ),
        (
            "from the command line",
            ModuleRowsQuery { manner: Some(Manner::CommandLine), words: text("vpc"), ..by_name() },
            "vpc/aws 1.10.0 (4), total 1",
        ),
        ("by a deploy token", ModuleRowsQuery { manner: Some(Manner::DeployToken), ..by_name() }, none),
        (
            "nobody in two manners",
            ModuleRowsQuery { manner: Some(Manner::CommandLine), publisher: text("ada"), ..by_name() },
            none,
        ),
    ] {
        let found = shown(&world, &Caller::Anonymous, group("acme"), query).await;
        assert_eq!(found, expected, "{situation}");
    }
    world.assert_sound();
}

#[tokio::test]
async fn the_catalog_knows_publishers_from_the_store_as_from_changes() {
    let Stage { world, open, .. } = stage().await;
    let ada = world.user("ada").await;
    let query = || ModuleRowsQuery { publisher: Some("ada".to_owned()), ..by_name() };
    // The first list reads the store, what is published later comes as a note.
    world.publish_fake(&open, "early/aws", "1.0.0", Fake::by(&ada)).await;
    let early = "early/aws 1.0.0 (1), total 1";
    assert_eq!(shown(&world, &ada, RowsScope::Everything, query()).await, early);
    world.publish_fake(&open, "late/aws", "1.0.0", Fake::by(&ada)).await;
    let both = "early/aws 1.0.0 (1), late/aws 1.0.0 (1), total 2";
    assert_eq!(shown(&world, &ada, RowsScope::Everything, query()).await, both);
}

#[tokio::test]
async fn a_row_says_who_published_when_and_whether_it_may_go() {
    let Stage { world, open, hidden } = stage().await;
    let (guest, keeper) = (world.user("guest").await, world.user("keeper").await);
    world.join(&at_group("acme"), &guest, Role::Guest).await;
    world.join(&at_project("acme/deep/hidden"), &keeper, Role::Maintainer).await;
    world.pass(3_600);
    let warning = Warning { code: WarningCode::Link, path: String::new(), message: "a link".to_owned() };
    let fake = Fake { warnings: vec![warning], ..Fake::declaring("Holds secrets.", &[], &[]) };
    let fake = Fake { publisher: keeper.publisher().unwrap(), ..fake };
    world.publish_fake(&hidden, "secret/aws", "1.1.0", fake).await;
    let old = world.registry.now();
    world.pass(3_600);
    world.publish(&hidden, "secret/aws", "1.0.1").await;
    let query = ModuleRowsQuery { words: Some("secret".to_owned()), ..by_name() };
    for (situation, caller, may_delete) in [("a guest", &guest, false), ("a maintainer", &keeper, true)] {
        let page = world.registry.module_rows(caller, group("acme"), query.clone()).await.unwrap();
        let [row] = &page.rows[..] else { panic!("{situation}: {page:?}") };
        assert_eq!(row.view.can_delete, may_delete, "{situation}");
        assert_eq!(row.view.project_path, "acme/deep/hidden");
        assert_eq!((row.view.package.created_at, row.last_published), (old, world.registry.now()));
        assert_eq!((row.has_warnings, row.description.as_str()), (true, "Holds secrets."));
        let name = "keeper".to_owned();
        assert_eq!(row.publisher, Actor::User { username: name.clone(), name });
    }
    world.registry.delete_user(&Caller::Operator, "keeper").await.unwrap();
    let page = world.registry.module_rows(&guest, group("acme"), query).await.unwrap();
    assert_eq!(page.rows[0].publisher, Actor::FormerUser);
    world.registry.delete_project(&Caller::Operator, open.path.as_str()).await.unwrap();
    world.assert_sound();
}

#[tokio::test]
async fn pages_beyond_the_end_are_empty_and_long_ones_are_cut() {
    let Stage { world, .. } = stage().await;
    for (offset, limit, rows) in [(0, 1, 1), (1, 100, 1), (2, 5, 0), (usize::MAX, usize::MAX, 0)] {
        let window = Window { offset, limit, ..Window::default() };
        let query = ModuleRowsQuery { window, ..ModuleRowsQuery::default() };
        let page =
            world.registry.module_rows(&Caller::Anonymous, RowsScope::Everything, query).await.unwrap();
        assert_eq!((page.rows.len(), page.total), (rows, 2), "{limit} from {offset}");
    }
}
