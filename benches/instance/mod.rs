//! A large instance, made of records written straight into the store: no archives, no HTTP.
//!
//! Half of its modules are below the root group `all`, where one project in ten is public; the other half is below
//! `open`, where all are.

use cairn::domain::identity::{Group, GroupKind, Project, RegistryAccess, Visibility};
use cairn::domain::manifest::{Input, Manifest, Output, ProviderRequirement, Resource};
use cairn::domain::package::{DuplicatesRule, Package, PackageFile, Publisher, Status};
use cairn::domain::{FileId, GroupId, PackageId, ProjectId, Sha256};
use cairn::service::{Clock, Options, Registry, ServiceError};
use cairn::store::{Change, identity, packages};
use jiff::Timestamp;

/// The root groups.
const ROOTS: [&str; 2] = ["all", "open"];
/// Subgroups of each root group.
const GROUPS: u64 = 100;
/// Projects of each subgroup.
const PROJECTS: u64 = 10;
/// Projects of each root group.
const IN_ROOT: u64 = GROUPS * PROJECTS;
/// Projects in all.
const ALL_PROJECTS: u64 = 2 * IN_ROOT;
/// Packages written with one change.
const BATCH: u64 = 2_000;
/// The words that names are made of.
pub(crate) const WORDS: [&str; 16] = [
    "network", "subnet", "database", "cache", "queue", "bucket", "cluster", "role", "policy", "gateway",
    "record", "zone", "alarm", "function", "image", "secret",
];

/// How much is in an instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Modules, roughly: every project gets the same number of them, and at least one.
    pub(crate) modules: u64,
    /// Versions of each.
    pub(crate) versions: u64,
}

impl Size {
    /// Modules of each project.
    fn in_project(self) -> u64 {
        (self.modules / ALL_PROJECTS).max(1)
    }

    /// The namespace and name of every module.
    pub(crate) fn names(self) -> impl Iterator<Item = (&'static str, String)> {
        let named = move |project: u64| {
            (0..self.in_project()).map(move |module| (root(project).1, module_name(project, module)))
        };
        (0..ALL_PROJECTS).flat_map(named)
    }
}

/// An instance of that size, opened from a folder, where it is made if it is not there yet.
pub(crate) async fn open(dir: &std::path::Path, size: Size) -> Result<Registry, ServiceError> {
    let registry = Registry::open(dir, Options::default(), Clock::system()).await?;
    let is_new = registry.store().read(|snapshot| identity::project(snapshot, ProjectId(1)))?.is_none();
    if is_new {
        registry.store().write(places).await?;
        let total = size.names().count() as u64 * size.versions;
        let mut from = 0;
        while from < total {
            let to = total.min(from + BATCH);
            registry
                .store()
                .write(move |change| (from..to).try_for_each(|number| publish(change, number, size.versions)))
                .await?;
            from = to;
        }
    }
    Ok(registry)
}

/// The groups and projects. Their numbers are given out in order, so that a server can be started on the folder later.
fn places(change: &mut Change<'_>) -> Result<(), ServiceError> {
    for name in ROOTS {
        let root = put_group(change, name, &[])?;
        for group in 0..GROUPS {
            let id = put_group(change, &format!("{name}/group-{group}"), &[root])?;
            for project in 0..PROJECTS {
                let is_public = project == 0 || name == "open";
                let project = Project {
                    id: ProjectId(change.next_number("project")?),
                    groups: vec![root, id],
                    path: format!("{name}/group-{group}/project-{project}").parse()?,
                    name: format!("project-{project}"),
                    description: String::new(),
                    visibility: if is_public { Visibility::Public } else { Visibility::Private },
                    registry: RegistryAccess::Enabled,
                    creator: None,
                    created_at: Timestamp::UNIX_EPOCH,
                };
                identity::put_project(change, &project)?;
            }
        }
    }
    Ok(())
}

fn put_group(change: &mut Change<'_>, path: &str, ancestors: &[GroupId]) -> Result<GroupId, ServiceError> {
    let id = GroupId(change.next_number("group")?);
    let group = Group {
        id,
        kind: GroupKind::Group,
        ancestors: ancestors.to_vec(),
        path: path.parse()?,
        name: path.to_owned(),
        description: String::new(),
        visibility: Visibility::Public,
        duplicates: DuplicatesRule::default(),
        created_at: Timestamp::UNIX_EPOCH,
    };
    identity::put_group(change, &group)?;
    Ok(id)
}

/// The root group of a project: its number and its path. Projects are counted from 0.
fn root(project: u64) -> (GroupId, &'static str) {
    if project < IN_ROOT { (GroupId(1), "all") } else { (GroupId(2 + GROUPS), "open") }
}

fn word(seed: u64) -> &'static str {
    WORDS.get(usize::try_from(seed % 16).unwrap_or_default()).copied().unwrap_or("word")
}

/// What the module of that number is called in the project of that number.
fn module_name(project: u64, module: u64) -> String {
    format!("{}-{}-{project}-{module}", word(project + module), word(module / 3 + project * 7))
}

/// The package of that number: modules get their versions round by round, as they do in life.
fn publish(change: &mut Change<'_>, number: u64, versions: u64) -> Result<(), ServiceError> {
    let (project, round) = (number % ALL_PROJECTS, number / ALL_PROJECTS);
    let (module, version) = (round / versions, round % versions);
    let created_at =
        Timestamp::from_millisecond(i64::try_from(number).unwrap_or_default()).unwrap_or_default();
    let package = Package {
        id: PackageId(change.next_number("package")?),
        project: ProjectId(1 + project),
        root: root(project).0,
        name: module_name(project, module).parse()?,
        system: "aws".parse()?,
        version: format!("1.{version}.0").parse()?,
        status: Status::Default,
        created_at,
        publisher: Publisher::Operator,
        warnings: Vec::new(),
    };
    let file = PackageFile {
        id: FileId(change.next_number("file")?),
        package: package.id,
        file_name: package.file_name(),
        size: 1,
        sha256: Sha256::new([0; 32]),
        created_at,
    };
    Ok(packages::put(change, &package, &file, packages::Declared::of(&manifest(project, module))?)?)
}

/// What a small module declares.
fn manifest(project: u64, module: u64) -> Manifest {
    let mut manifest = Manifest::default();
    let root = &mut manifest.root;
    root.readme = Some(format!(
        "# {}\n\nMakes a {} with its {} and a {}, for every {} of a {} in one account.\n",
        module_name(project, module),
        word(module),
        word(project / 16),
        word(project),
        word(module / 16),
        word(module + 5)
    ));
    root.inputs = [word(module), word(project)]
        .map(|name| Input {
            name: format!("{name}_name"),
            r#type: "string".to_owned(),
            description: format!("What the {name} is called."),
            required: true,
            ..Input::default()
        })
        .into();
    root.outputs =
        vec![Output { name: format!("{}_id", word(module)), description: String::new(), sensitive: false }];
    root.resources =
        vec![Resource { name: "this".to_owned(), r#type: format!("aws_{}", word(module)), data: false }];
    root.providers = vec![ProviderRequirement {
        name: "aws".to_owned(),
        source: "hashicorp/aws".to_owned(),
        version: ">= 5.0".to_owned(),
    }];
    manifest
}
