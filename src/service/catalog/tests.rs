//! The catalog against the plainest possible model of it: a list that is filtered and sorted.

use std::cmp::Ordering;

use super::contents::Contents;
use super::pages::{PackageOrder, RowFilter, Scope, Window};
use super::search::ModuleFilter;
use crate::domain::identity::Project;
use crate::domain::package::Publisher;
use crate::domain::{
    FullPath, GroupId, JobId, ModuleName, PackageId, ProjectId, PublisherId, RegistryAccess, System, TokenId,
    UserId, Version, Visibility,
};
use crate::store::Note;

const NAMES: [&str; 6] = ["vpc", "vpc-peering", "Subnet", "dns", "a", "b_c"];
const SYSTEMS: [&str; 3] = ["aws", "google", "null"];
/// Publishers: two tokens of one user, another user with the number of a deploy token, the command line, CI jobs of both
/// users, and a trusted publisher.
const PUBLISHERS: [Publisher; 8] = [
    Publisher::User(UserId(1), TokenId(1)),
    Publisher::User(UserId(1), TokenId(2)),
    Publisher::User(UserId(2), TokenId(3)),
    Publisher::DeployToken(TokenId(2)),
    Publisher::Operator,
    Publisher::Job(UserId(1), JobId(1)),
    Publisher::Job(UserId(2), JobId(2)),
    Publisher::Trusted(PublisherId(2)),
];
const VERSIONS: [&str; 6] = ["1.0.0", "1.0.10", "1.0.9", "2.0.0-rc.1", "1.0.0+b", "10.0.0"];

/// Reproducible choices (Numerical Recipes' generator): a failure shows itself again.
pub(super) struct Choices(pub(super) u64);

impl Choices {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    pub(super) fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

#[derive(Clone)]
pub(super) struct Row {
    pub(super) package: PackageId,
    pub(super) project: Project,
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) publisher: Publisher,
}

fn project(id: u64, path: &str, groups: &[u64]) -> Project {
    Project {
        id: ProjectId(id),
        groups: groups.iter().copied().map(GroupId).collect(),
        path: path.parse::<FullPath>().unwrap(),
        name: path.to_owned(),
        description: String::new(),
        visibility: if id.is_multiple_of(2) { Visibility::Public } else { Visibility::Private },
        registry: RegistryAccess::Enabled,
        creator: None,
        created_at: "2026-03-01T00:00:00Z".parse().unwrap(),
    }
}

pub(super) fn projects() -> Vec<Project> {
    vec![
        project(1, "acme/network", &[1]),
        project(2, "Acme/sub/network", &[1, 2]),
        project(3, "acme/sub/deep/x", &[1, 2, 3]),
        project(4, "beta/network", &[4]),
    ]
}

/// Packages published and deleted at random, in the catalog and in the model.
pub(super) fn history(seed: u64, steps: usize) -> (Contents, Vec<Row>) {
    let (mut choices, mut contents, mut model) = (Choices(seed), Contents::default(), Vec::<Row>::new());
    let projects = projects();
    for project in &projects {
        contents.follow(vec![Note::Project(Box::new(project.clone()))]);
    }
    for number in 1..=steps as u64 {
        if choices.below(3) == 0 && !model.is_empty() {
            let gone = model.remove(choices.below(model.len()));
            contents.follow(vec![Note::Deleted(gone.package)]);
            contents.follow(vec![Note::Deleted(gone.package)]);
            continue;
        }
        let project = projects[choices.below(projects.len())].clone();
        let (name, system) = (choices.of(&NAMES), choices.of(&SYSTEMS));
        let version: Version = choices.of(&VERSIONS).parse().unwrap();
        let (name, system): (ModuleName, System) = (name.parse().unwrap(), system.parse().unwrap());
        let publisher = PUBLISHERS[choices.below(PUBLISHERS.len())];
        let note = Note::Published {
            package: PackageId(number),
            project: project.id,
            name: name.clone(),
            system: system.clone(),
            version: version.clone(),
            publisher,
        };
        // What was read from the store already may be told again.
        contents.follow(vec![note.clone()]);
        contents.follow(vec![note]);
        let name = format!("{}/{system}", name.key());
        model.push(Row { package: PackageId(number), project, name, version, publisher });
    }
    (contents, model)
}

fn expected(model: &[Row], order: PackageOrder, descending: bool) -> Vec<PackageId> {
    let mut rows = model.to_vec();
    rows.sort_by(|a, b| {
        let split = |row: &Row| row.name.replace('/', "\0");
        let build = |version: &Version| version.build().to_owned();
        let by = match order {
            PackageOrder::Created => Ordering::Equal,
            PackageOrder::Name => split(a).cmp(&split(b)),
            PackageOrder::Version => {
                a.version.cmp(&b.version).then_with(|| build(&a.version).cmp(&build(&b.version)))
            }
            PackageOrder::ProjectPath => a.project.path.key().cmp(&b.project.path.key()),
        };
        by.then(a.package.cmp(&b.package))
    });
    if descending {
        rows.reverse();
    }
    rows.into_iter().map(|row| row.package).collect()
}

type Keep<'t> = Box<dyn Fn(&Row) -> bool + 't>;

#[test]
fn pages_are_slices_of_the_filtered_and_sorted_list() {
    let (contents, model) = history(7, 600);
    let in_group = |row: &Row, group: u64| row.project.groups.contains(&GroupId(group));
    let public = |row: &Row| row.project.visibility == Visibility::Public;
    let scopes: [(&str, Scope, Keep<'_>); 4] = [
        ("everything", Scope::Everything, Box::new(|_| true)),
        ("one project", Scope::Project(ProjectId(2)), Box::new(|row| row.project.id == ProjectId(2))),
        (
            "a group and those below",
            Scope::Group { group: GroupId(1), subgroups: true },
            Box::new(|row| in_group(row, 1)),
        ),
        (
            "a group alone",
            Scope::Group { group: GroupId(2), subgroups: false },
            Box::new(|row| row.project.parent() == GroupId(2)),
        ),
    ];
    let orders =
        [PackageOrder::Created, PackageOrder::Name, PackageOrder::Version, PackageOrder::ProjectPath];
    for (situation, scope, keep) in &scopes {
        for words in ["", "vpc", "vpc/ a", "pee vpc", "absent"] {
            for version in [None, Some("1.0.0"), Some("9.9.9")] {
                for only_public in [false, true] {
                    let version: Option<Version> = version.map(|text| text.parse().unwrap());
                    let wanted: Vec<Row> = model
                        .iter()
                        .filter(|row| keep(row) && (!only_public || public(row)))
                        .filter(|row| words.split_whitespace().all(|word| row.name.contains(word)))
                        .filter(|row| {
                            version
                                .as_ref()
                                .is_none_or(|wanted| wanted.to_string() == row.version.to_string())
                        })
                        .cloned()
                        .collect();
                    let mut selected = contents.select(*scope, |project| {
                        !only_public || project.facts(true).visibility == Visibility::Public
                    });
                    contents.narrow_by_name(&mut selected, words);
                    let filter = RowFilter { version: version.clone(), by: None };
                    for (order, descending) in
                        orders.iter().flat_map(|order| [(*order, false), (*order, true)])
                    {
                        let all = expected(&wanted, order, descending);
                        for (offset, limit) in [(0, 5), (3, 4), (0, 1_000), (1_000, 5)] {
                            let window = Window { order, descending, offset, limit };
                            let (found, total) = contents.packages(&selected, &filter, window);
                            let slice: Vec<_> = all.iter().copied().skip(offset).take(limit).collect();
                            assert_eq!(
                                (found, total),
                                (slice, all.len()),
                                "{situation}, words {words:?}, version {version:?}, {window:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn orders_that_are_kept_are_those_that_are_made() {
    let (contents, model) = history(11, 400);
    for order in [PackageOrder::Created, PackageOrder::Name, PackageOrder::Version, PackageOrder::ProjectPath]
    {
        for descending in [false, true] {
            let kept: Vec<PackageId> =
                contents.in_order(order, descending).filter_map(|row| contents.package(row)).collect();
            assert_eq!(kept, expected(&model, order, descending), "{order:?} {descending}");
        }
    }
}

#[test]
fn many_deletions_leave_nothing_behind() {
    let (mut contents, model) = history(3, 30_000);
    for row in &model {
        contents.follow(vec![Note::Deleted(row.package)]);
    }
    assert!(contents.rows.len() < 10_000, "{} rows are kept", contents.rows.len());
    assert!(contents.modules.by_name.is_empty() && contents.modules.by_address.is_empty());
    for project in projects() {
        contents.follow(vec![Note::ProjectDeleted(project.id)]);
    }
    assert!(contents.projects.is_empty() && contents.below.is_empty() && contents.by_path.is_empty());
}

fn found(contents: &Contents, words: &str) -> Vec<String> {
    let selected = contents.select(Scope::Everything, |_| true);
    let filter = ModuleFilter { words: words.to_owned(), ..ModuleFilter::default() };
    let (page, total) = contents.modules(selected, &filter, 0, 100);
    assert_eq!(page.len(), total);
    page.into_iter().map(|module| format!("{}/{}/{}", module.root, module.name, module.system)).collect()
}

#[test]
fn a_search_puts_the_nearest_matches_first_and_knows_descriptions() {
    let mut contents = Contents::default();
    for project in projects() {
        contents.follow(vec![Note::Project(Box::new(project))]);
    }
    let modules =
        [(1, "subnet"), (4, "vpc-peering"), (2, "vpc"), (1, "my-vpc"), (4, "vpc"), (3, "vpc"), (1, "dns")];
    for (number, (project, name)) in (1..).zip(modules) {
        let (name, system): (ModuleName, System) = (name.parse().unwrap(), "aws".parse().unwrap());
        contents.follow(vec![Note::Published {
            package: PackageId(number),
            project: ProjectId(project),
            name,
            system,
            version: "1.0.0".parse().unwrap(),
            publisher: Publisher::Operator,
        }]);
    }
    contents.follow(vec![Note::Described {
        project: ProjectId(1),
        name: "dns".parse().unwrap(),
        system: "aws".parse().unwrap(),
        description: "Names inside a VPC".to_owned(),
    }]);
    let near = ["1/vpc/aws", "4/vpc/aws", "4/vpc-peering/aws", "1/my-vpc/aws", "1/dns/aws"];
    assert_eq!(found(&contents, "vpc"), near, "two projects of a namespace are one module");
    assert_eq!(found(&contents, "names vpc"), ["1/dns/aws"], "words of the description");
    assert_eq!(found(&contents, "beta"), ["4/vpc/aws", "4/vpc-peering/aws"], "the namespace");
    assert_eq!(found(&contents, "acme/vpc"), ["1/vpc/aws"], "an address");
    assert_eq!(found(&contents, "absent"), [""; 0]);

    let mut renamed = project(4, "gamma/network", &[4]);
    renamed.visibility = Visibility::Private;
    contents.follow(vec![Note::Project(Box::new(renamed))]);
    assert_eq!(found(&contents, "beta"), [""; 0]);
    assert_eq!(found(&contents, "gamma"), ["4/vpc/aws", "4/vpc-peering/aws"]);
    let path: Vec<&String> = contents.by_path.keys().collect();
    assert_eq!(path, ["acme/network", "acme/sub/deep/x", "acme/sub/network", "gamma/network"]);
}
