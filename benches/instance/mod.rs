//! A large instance, made of records written straight into the store: no archives, no HTTP.

use cairn::domain::identity::{Group, GroupKind, Project, RegistryAccess, Visibility};
use cairn::domain::manifest::Manifest;
use cairn::domain::package::{DuplicatesRule, Package, PackageFile, Publisher, Status};
use cairn::domain::{FileId, GroupId, PackageId, ProjectId, Sha256};
use cairn::service::{Clock, Options, Registry, ServiceError};
use cairn::store::{Change, identity, packages};
use jiff::Timestamp;

/// Subgroups of the one root group, `all`.
const GROUPS: u64 = 100;
/// Projects of each subgroup. One in ten is public.
const PROJECTS: u64 = 10;
/// Versions of each module.
const VERSIONS: u64 = 10;
/// Packages written with one change.
const BATCH: u64 = 2_000;
const WORDS: [&str; 16] = [
    "network", "subnet", "database", "cache", "queue", "bucket", "cluster", "role", "policy", "gateway",
    "record", "zone", "alarm", "function", "image", "secret",
];

/// An instance with about that many modules, opened from a folder, where it is made if it is not there yet.
pub(crate) async fn open(dir: &std::path::Path, modules: u64) -> Result<Registry, ServiceError> {
    let registry = Registry::open(dir, Options::default(), Clock::system()).await?;
    let is_new = registry.store().read(|snapshot| identity::project(snapshot, ProjectId(1)))?.is_none();
    if is_new {
        registry.store().write(places).await?;
        let in_project = (modules / (GROUPS * PROJECTS)).max(1);
        let total = GROUPS * PROJECTS * in_project * VERSIONS;
        let mut from = 0;
        while from < total {
            let to = total.min(from + BATCH);
            registry
                .store()
                .write(move |change| (from..to).try_for_each(|number| publish(change, number)))
                .await?;
            from = to;
        }
    }
    Ok(registry)
}

/// The groups and projects. Their numbers are given out in order, so that a server can be started on the folder later.
fn places(change: &mut Change<'_>) -> Result<(), ServiceError> {
    let root = put_group(change, "all", &[])?;
    for group in 0..GROUPS {
        let id = put_group(change, &format!("all/group-{group}"), &[root])?;
        for project in 0..PROJECTS {
            let visibility = if project == 0 { Visibility::Public } else { Visibility::Private };
            let project = Project {
                id: ProjectId(change.next_number("project")?),
                groups: vec![root, id],
                path: format!("all/group-{group}/project-{project}").parse()?,
                name: format!("project-{project}"),
                description: String::new(),
                visibility,
                registry: RegistryAccess::Enabled,
                creator: None,
                created_at: Timestamp::UNIX_EPOCH,
            };
            identity::put_project(change, &project)?;
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

/// The version of that number: modules get their versions round by round, as they do in life.
fn publish(change: &mut Change<'_>, number: u64) -> Result<(), ServiceError> {
    let project = number % (GROUPS * PROJECTS);
    let round = number / (GROUPS * PROJECTS);
    let (module, version) = (round / VERSIONS, round % VERSIONS);
    let word =
        |seed: u64| WORDS.get(usize::try_from(seed % 16).unwrap_or_default()).copied().unwrap_or("word");
    let name = format!("{}-{}-{project}-{module}", word(project + module), word(module / 3 + project * 7));
    let created_at =
        Timestamp::from_millisecond(i64::try_from(number).unwrap_or_default()).unwrap_or_default();
    let id = change.next_number("package")?;
    let package = Package {
        id: PackageId(id),
        project: ProjectId(1 + project),
        root: GroupId(1),
        name: name.parse()?,
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
    let mut manifest = Manifest::default();
    manifest.root.readme = Some(format!(
        "# {name}\n\nMakes a {} with its {} and a {}, for every {} of a {} in one account.\n",
        word(module),
        word(project / 16),
        word(project),
        word(module / 16),
        word(module + 5)
    ));
    Ok(packages::put(change, &package, &file, &manifest)?)
}
