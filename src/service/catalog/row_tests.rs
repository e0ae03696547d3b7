//! Rows, filters and orders of modules, against a list that is filtered, grouped and sorted in the plainest way.

use std::collections::BTreeMap;

use super::contents::Contents;
use super::pages::{PackageOrder, RowFilter, Scope, Window};
use super::publishers::{Manner, PublishedBy};
use super::rows::FoundRow;
use super::tests::{Row, history};
use crate::domain::package::Publisher;
use crate::domain::{GroupId, PackageId, TokenId, UserId, Version};
use crate::store::Note;

const ORDERS: [PackageOrder; 4] =
    [PackageOrder::Created, PackageOrder::Name, PackageOrder::Version, PackageOrder::ProjectPath];

fn user(row: &Row) -> Option<u64> {
    row.publisher.user().map(|UserId(user)| user)
}

fn is_ci(row: &Row) -> bool {
    matches!(row.publisher, Publisher::Job(..) | Publisher::Trusted(_))
}

/// What a filter means.
type Keeps = fn(&Row) -> bool;

/// Every way to narrow a list by publisher, beside what it means.
fn filters() -> Vec<(Option<PublishedBy>, Keeps)> {
    let by = |user: Option<u64>, manner| Some(PublishedBy { user: user.map(UserId), manner });
    vec![
        (None, |_| true),
        (by(None, None), |_| true),
        (by(Some(1), None), |row| user(row) == Some(1)),
        (by(Some(2), None), |row| user(row) == Some(2)),
        (by(Some(9), None), |_| false),
        (by(None, Some(Manner::User)), |row| user(row).is_some() && !is_ci(row)),
        (by(None, Some(Manner::Ci)), is_ci),
        (by(Some(2), Some(Manner::Ci)), |row| user(row) == Some(2) && is_ci(row)),
        (by(None, Some(Manner::DeployToken)), |row| row.publisher == Publisher::DeployToken(TokenId(2))),
        (by(None, Some(Manner::CommandLine)), |row| row.publisher == Publisher::Operator),
        (by(Some(2), Some(Manner::User)), |row| user(row) == Some(2) && !is_ci(row)),
        (by(Some(2), Some(Manner::DeployToken)), |_| false),
    ]
}

/// The order of versions, with build metadata so that it is total.
fn version_key(row: &Row) -> (Version, String) {
    (row.version.clone(), row.version.build().to_owned())
}

/// A row for each module, and the keys it is sorted by.
fn grouped(rows: &[Row], order: PackageOrder, descending: bool) -> Vec<FoundRow> {
    let mut modules: BTreeMap<(String, u64), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        modules.entry((row.name.replace('/', "\0"), row.project.id.0)).or_default().push(row);
    }
    let mut found: Vec<_> = modules
        .into_values()
        .map(|mut versions| {
            let count = versions.len();
            let newest = versions.iter().map(|row| row.package).max().unwrap();
            versions.sort_by_key(|row| (!row.version.is_prerelease(), version_key(row), row.package));
            let latest = *versions.last().unwrap();
            (latest, FoundRow { latest: latest.package, newest, versions: count })
        })
        .collect();
    match order {
        PackageOrder::Name => {}
        PackageOrder::Created => found.sort_by_key(|(_, row)| row.newest),
        PackageOrder::Version => found.sort_by_key(|(latest, _)| version_key(latest)),
        PackageOrder::ProjectPath => found.sort_by_key(|(latest, _)| latest.project.path.key()),
    }
    if descending {
        found.reverse();
    }
    found.into_iter().map(|(_, row)| row).collect()
}

/// Checks every order and some windows of modules under one filter.
fn check(contents: &Contents, filter: &RowFilter, wanted: &[Row], scope: Scope) {
    let selected = contents.select(scope, |_| true);
    for (order, descending) in ORDERS.iter().flat_map(|order| [(*order, false), (*order, true)]) {
        let all = grouped(wanted, order, descending);
        for (offset, limit) in [(0, 4), (2, 3), (0, 1_000), (1_000, 5), (usize::MAX, usize::MAX)] {
            let window = Window { order, descending, offset, limit };
            let slice: Vec<_> = all.iter().copied().skip(offset).take(limit).collect();
            let found = contents.module_rows(&selected, filter, window);
            assert_eq!(found, (slice, all.len()), "{scope:?} {filter:?} {window:?}");
        }
    }
}

#[test]
fn a_row_is_the_latest_of_the_versions_that_the_filters_admit() {
    let (contents, model) = history(23, 700);
    let group = Scope::Group { group: GroupId(1), subgroups: true };
    for (by, keep) in filters() {
        for version in [None, Some("1.0.0"), Some("2.0.0-rc.1"), Some("9.9.9")] {
            let version: Option<Version> = version.map(|text| text.parse().unwrap());
            let same = |row: &&Row| version.as_ref().is_none_or(|v| v.to_string() == row.version.to_string());
            let filter = RowFilter { version: version.clone(), by };
            let all: Vec<Row> = model.iter().filter(|row| keep(row)).filter(same).cloned().collect();
            check(&contents, &filter, &all, Scope::Everything);
            let below: Vec<Row> =
                all.into_iter().filter(|row| row.project.groups.contains(&GroupId(1))).collect();
            check(&contents, &filter, &below, group);
        }
    }
}

#[test]
fn versions_are_narrowed_by_who_published_them() {
    let (contents, model) = history(29, 500);
    let selected = contents.select(Scope::Everything, |_| true);
    for (by, keep) in filters() {
        let wanted: Vec<PackageId> = model.iter().filter(|row| keep(row)).map(|row| row.package).collect();
        let window = Window { limit: 1_000, ..Window::default() };
        let filter = RowFilter { version: None, by };
        assert_eq!(contents.packages(&selected, &filter, window), (wanted.clone(), wanted.len()), "{by:?}");
    }
}

#[test]
fn a_list_is_narrowed_by_system() {
    let (contents, model) = history(31, 300);
    for system in ["aws", "google", "aw", ""] {
        let mut selected = contents.select(Scope::Everything, |_| true);
        contents.narrow_by_system(&mut selected, system);
        let wanted: Vec<Row> =
            model.iter().filter(|row| row.name.split_once('/').unwrap().1 == system).cloned().collect();
        let window = Window { order: PackageOrder::Name, limit: 1_000, ..Window::default() };
        let found = contents.module_rows(&selected, &RowFilter::default(), window);
        let expected = grouped(&wanted, PackageOrder::Name, false);
        assert_eq!(found, (expected.clone(), expected.len()), "{system:?}");
    }
}

#[test]
fn what_is_known_of_a_row_survives_when_rows_are_numbered_anew() {
    let (mut contents, mut model) = history(37, 12_000);
    let published = contents.rows.len();
    // More deletions than are kept.
    for gone in model.split_off(500) {
        contents.follow(vec![Note::Deleted(gone.package)]);
    }
    assert!(contents.rows.len() < published, "the rows were numbered anew");
    for (by, keep) in filters().into_iter().skip(2) {
        let wanted: Vec<Row> = model.iter().filter(|row| keep(row)).cloned().collect();
        let window = Window { order: PackageOrder::Version, limit: 50, ..Window::default() };
        let selected = contents.select(Scope::Everything, |_| true);
        let (found, total) = contents.module_rows(&selected, &RowFilter { version: None, by }, window);
        let expected = grouped(&wanted, PackageOrder::Version, false);
        assert_eq!((found, total), (expected.iter().copied().take(50).collect(), expected.len()), "{by:?}");
    }
}
