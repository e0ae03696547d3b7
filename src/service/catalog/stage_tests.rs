//! The catalog while it is read in two steps: what is committed before, between and during them.

use super::*;
use crate::domain::identity::Project;
use crate::domain::{PackageId, Visibility};
use crate::service::fixture::World;
use crate::service::fixture::publishing::Fake;
use crate::service::module_rows::{ModuleRowsQuery, RowsScope};
use crate::service::{Caller, ServiceError};
use crate::store::packages;

async fn stage() -> (World, Project) {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    let project = world.project("acme/open", Visibility::Public).await;
    for (module, version) in [("a/aws", "1.0.0"), ("b/aws", "1.0.0"), ("b/aws", "2.0.0"), ("a/aws", "1.1.0")]
    {
        publish(&world, &project, module, version).await;
    }
    (world, project)
}

async fn publish(world: &World, project: &Project, module: &str, version: &str) -> PackageId {
    let about = format!("Version {version} of {module}.");
    world.publish_fake(project, module, version, Fake::declaring(&about, &["input"], &[])).await
}

async fn delete(world: &World, package: PackageId) -> Result<(), ServiceError> {
    world.registry.delete_package(&Caller::Operator, "acme/open", package.0).await.map(drop)
}

/// Everything that lists and searches say.
fn told(contents: &Contents) -> (Vec<FoundRow>, Vec<PackageId>, Vec<String>) {
    let selected = contents.select(Scope::Everything, |_| true);
    let window = |order| Window { order, limit: 1_000, ..Window::default() };
    let (rows, _) = contents.module_rows(&selected, &RowFilter::default(), window(PackageOrder::Name));
    let (packages, _) = contents.packages(&selected, &RowFilter::default(), window(PackageOrder::Version));
    let mut named = Vec::new();
    for words in ["", "version", "1.1.0", "2.0.0", "acme/b"] {
        let filter = ModuleFilter { words: words.to_owned(), ..ModuleFilter::default() };
        let (found, total) = contents.modules(selected.clone(), &filter, 0, 1_000);
        assert_eq!(found.len(), total);
        named.extend(found.into_iter().map(|module| format!("{words}: {}/{}", module.name, module.system)));
    }
    (rows, packages, named)
}

fn assert_as_read_anew(catalog: &Catalog, store: &Store, situation: &str) {
    let anew = Catalog::default().read(store, told).unwrap();
    assert_eq!(catalog.read(store, told).unwrap(), anew, "{situation}");
}

#[tokio::test]
async fn searches_are_answered_before_the_rows_are_read() {
    let (world, project) = stage().await;
    let (store, catalog) = (world.registry.store(), &world.registry.shared.catalog);
    let gone = publish(&world, &project, "gone/aws", "1.0.0").await;
    catalog.fill_modules(store).unwrap();
    let found = async |words: &str| {
        let page = world.registry.search(&Caller::Anonymous, words, 0, 10).await.unwrap();
        assert!(!catalog.is_complete());
        assert_eq!(page.total, page.rows.len());
        let shown = |row: &crate::service::module_search::SearchRow| {
            let package = &row.row.view.package;
            format!("{} {} of {}", package.full_name(), package.version, row.row.versions)
        };
        page.rows.iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(found("aws").await, ["a/aws 1.1.0 of 2", "b/aws 2.0.0 of 2", "gone/aws 1.0.0 of 1"]);
    assert_eq!(found("input a/").await, ["a/aws 1.1.0 of 2"]);
    publish(&world, &project, "c/aws", "0.1.0").await;
    publish(&world, &project, "a/aws", "1.0.1").await;
    publish(&world, &project, "b/aws", "3.0.0").await;
    delete(&world, gone).await.unwrap();
    assert_eq!(found("aws").await, ["a/aws 1.1.0 of 3", "b/aws 3.0.0 of 3", "c/aws 0.1.0 of 1"]);
    assert_eq!(found("input").await.len(), 3);
    assert_eq!(found("gone").await, [""; 0]);
    let all = RowsScope::Everything;
    let rows = world.registry.module_rows(&Caller::Anonymous, all, ModuleRowsQuery::default()).await.unwrap();
    assert_eq!(rows.total, 3);
    assert!(catalog.is_complete(), "a list has the rows read");
    assert_as_read_anew(catalog, store, "after the list");
}

#[tokio::test]
async fn what_is_committed_while_rows_are_read_is_not_lost() {
    let (world, project) = stage().await;
    let (store, catalog) = (world.registry.store(), &world.registry.shared.catalog);
    let other = world.project("acme/other", Visibility::Public).await;
    let early = publish(&world, &project, "early/aws", "1.0.0").await;
    let late = publish(&world, &project, "late/aws", "1.0.0").await;
    publish(&world, &other, "x/aws", "1.0.0").await;
    catalog.fill_modules(store).unwrap();
    delete(&world, early).await.unwrap();
    publish(&world, &project, "early/aws", "2.0.0").await;
    publish(&world, &project, "between/aws", "1.0.0").await;
    let reading = catalog.reading_without_rows().unwrap();
    let loaded = catalog.load_rows(store, reading).unwrap();
    delete(&world, late).await.unwrap();
    publish(&world, &project, "new/aws", "1.0.0").await;
    publish(&world, &project, "late/aws", "0.9.0").await;
    publish(&world, &project, "b/aws", "1.5.0").await;
    world.registry.delete_project(&Caller::Operator, "acme/other").await.unwrap();
    catalog.adopt(loaded, reading);
    assert!(catalog.is_complete());
    assert_as_read_anew(catalog, store, "changes on both sides of the snapshot");
    publish(&world, &project, "x/aws", "1.0.0").await;
    publish(&world, &project, "late/aws", "1.0.1").await;
    assert_as_read_anew(catalog, store, "changes after it");
}

#[tokio::test]
async fn rows_may_be_read_before_the_catalog_was_told_of_them() {
    let (world, project) = stage().await;
    let (store, catalog) = (world.registry.store(), Catalog::default());
    catalog.fill_modules(store).unwrap();
    let first = publish(&world, &project, "new/aws", "1.0.0").await;
    let second = publish(&world, &project, "a/aws", "3.0.0").await;
    let reading = catalog.reading_without_rows().unwrap();
    let loaded = catalog.load_rows(store, reading).unwrap();
    catalog.adopt(loaded, reading);
    for number in [first, second] {
        let package = store.read(|snapshot| packages::package(snapshot, number)).unwrap().unwrap();
        let (project, name, system) = (package.project, package.name, package.system);
        let description = format!("Version {} of {name}/{system}.", package.version);
        catalog.committed(vec![
            Note::Published {
                package: number,
                project,
                name: name.clone(),
                system: system.clone(),
                version: package.version,
                publisher: package.publisher,
            },
            Note::Described { project, name, system, description },
        ]);
    }
    assert_as_read_anew(&catalog, store, "told late");
}

#[tokio::test]
async fn rows_that_were_read_before_the_database_was_opened_anew_are_not_taken() {
    let (world, project) = stage().await;
    let (store, catalog) = (world.registry.store(), &world.registry.shared.catalog);
    catalog.fill_modules(store).unwrap();
    let reading = catalog.reading_without_rows().unwrap();
    let loaded = catalog.load_rows(store, reading).unwrap();
    catalog.reopened();
    publish(&world, &project, "0/aws", "1.0.0").await;
    catalog.fill_modules(store).unwrap();
    catalog.adopt(loaded, reading);
    assert!(!catalog.is_complete());
    assert_as_read_anew(catalog, store, "read again");
}
