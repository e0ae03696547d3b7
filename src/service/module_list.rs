//! Lists of modules and the search for them, as the public registry offers them: a row is the latest version of a module.
//!
//! What a caller may not pull is left out before anything is counted, sorted or cut into pages.

use jiff::Timestamp;

use super::Registry;
use super::access::{Caller, Standing, any_namespace};
use super::catalog::{ModuleFilter, Scope};
use super::error::ServiceError;
use super::modules::{Candidate, latest, pullable};
use crate::domain::access::ProjectAction;
use crate::domain::identity::{Group, Project};
use crate::domain::manifest::Manifest;
use crate::domain::package::Package;
use crate::domain::summary::{first_paragraph, shortened};
use crate::domain::{ModuleName, System, Version};
use crate::store::tables::PACKAGES;
use crate::store::{Reader, Snapshot, StoreError, identity, packages};

/// Which modules are wanted, and which part of the list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModuleQuery {
    /// Words that must all occur in namespace, name, system or description, without regard to case. With them the list
    /// is in order of how well the name fits, without them in order of namespace, name and system.
    pub words: Option<String>,
    /// Path of a root group or user, or number of a group: modules of projects below it.
    pub namespace: Option<String>,
    /// Exactly this name, without regard to case.
    pub name: Option<String>,
    /// Any of these systems; all when there is none.
    pub providers: Vec<String>,
    /// Rows to leave out at the beginning.
    pub offset: usize,
    /// Rows at most.
    pub limit: usize,
}

/// A module as lists show it, at one version.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedModule {
    /// Who published that version; empty when it was no user, or one who is gone.
    pub owner: String,
    /// First part of its address: the path of the root group, or the number of the subgroup that was asked for.
    pub namespace: String,
    /// Its name.
    pub name: ModuleName,
    /// Its system.
    pub system: System,
    /// The version.
    pub version: Version,
    /// What it is for, in at most [`crate::domain::summary::MAX_DESCRIPTION`] characters.
    pub description: String,
    /// Full path of the project.
    pub project: String,
    /// When that version was published.
    pub published_at: Timestamp,
    /// Downloads of all versions that the caller sees.
    pub downloads: u64,
}

/// A part of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModulePage {
    /// The rows.
    pub modules: Vec<ListedModule>,
    /// Whether there are rows behind them.
    pub more: bool,
}

impl Registry {
    /// The modules a caller may pull that fit a query. What the caller may not see, or does not exist, is not listed.
    pub async fn list_modules(
        &self,
        caller: &Caller,
        query: ModuleQuery,
    ) -> Result<ModulePage, ServiceError> {
        let (now, registry, caller) = (self.now(), self.clone(), caller.clone());
        self.read_long(move |snapshot| page(&registry, snapshot, &caller, &query, now)).await
    }
}

/// The search for modules, and the part of the list of them that a query asks for.
fn page(
    registry: &Registry,
    reader: &Snapshot,
    caller: &Caller,
    query: &ModuleQuery,
    now: Timestamp,
) -> Result<ModulePage, ServiceError> {
    let namespace = match &query.namespace {
        None => None,
        Some(asked) => match any_namespace(reader, asked)? {
            Some(group) => Some(group),
            None => return Ok(ModulePage::default()),
        },
    };
    let scope = namespace
        .as_ref()
        .map_or(Scope::Everything, |group| Scope::Group { group: group.id, subgroups: true });
    let filter = ModuleFilter {
        words: query.words.as_deref().unwrap_or_default().to_lowercase(),
        name: query.name.as_deref().map(str::to_ascii_lowercase),
        systems: query.providers.iter().map(|system| system.to_ascii_lowercase()).collect(),
    };
    let standing = Standing::of(reader, caller, now)?;
    let (found, total) = registry.shared.catalog.read_modules(registry.store(), |contents| {
        let selected = contents.select(scope, |project| standing.may(project, ProjectAction::Pull));
        contents.modules(selected, &filter, query.offset, query.limit)
    })?;
    let mut modules = Vec::with_capacity(found.len());
    for module in found {
        let (Ok(name), Ok(system)) = (module.name.parse(), module.system.parse()) else { continue };
        let root = match &namespace {
            Some(group) => Some(group.clone()),
            None => identity::group(reader, module.root)?,
        };
        // What was deleted between the two reads is left out.
        let Some(root) = root else { continue };
        modules.extend(module_at(reader, caller, &root, &name, &system, now)?);
    }
    Ok(ModulePage { modules, more: total > query.offset.saturating_add(query.limit) })
}

/// The first part of the addresses of a group's modules: a subgroup, which has no path of one segment, goes by number.
pub(super) fn shown_namespace(group: &Group) -> String {
    if group.root() == group.id { group.path.to_string() } else { group.id.to_string() }
}

/// A module at the latest version of those the caller may pull below a group; nothing when there is none.
pub(super) fn module_at(
    reader: &impl Reader,
    caller: &Caller,
    namespace: &Group,
    name: &ModuleName,
    system: &System,
    now: Timestamp,
) -> Result<Option<ListedModule>, ServiceError> {
    let visible = pullable(reader, caller, namespace, (name, system), &mut |_, _| {}, now)?;
    let Some(chosen) = latest(&visible) else { return Ok(None) };
    let manifest = packages::manifest(reader, chosen.entry.package)?.unwrap_or_default();
    listed(reader, namespace, chosen, &visible, &manifest).map(Some)
}

/// A module as lists show it: at the `chosen` of its `visible` versions, whose archive declares `manifest`.
pub(super) fn listed(
    reader: &impl Reader,
    namespace: &Group,
    chosen: &Candidate,
    visible: &[Candidate],
    manifest: &Manifest,
) -> Result<ListedModule, ServiceError> {
    let package = reader.require(&PACKAGES, chosen.entry.package.0)?;
    let mut downloads: u64 = 0;
    for version in visible {
        downloads = downloads.saturating_add(packages::downloads(reader, version.entry.package)?.count);
    }
    Ok(ListedModule {
        owner: owner(reader, &package)?,
        namespace: shown_namespace(namespace),
        description: description(&chosen.project, manifest),
        name: package.name,
        system: package.system,
        version: package.version,
        project: chosen.project.path.to_string(),
        published_at: package.created_at,
        downloads,
    })
}

/// The name of the user who published a package, or nothing.
fn owner(reader: &impl Reader, package: &Package) -> Result<String, StoreError> {
    let user = package.publisher.user().map(|user| identity::user(reader, user)).transpose()?.flatten();
    Ok(user.map(|user| user.username.to_string()).unwrap_or_default())
}

/// What the README of an archive says first, or else its project.
pub(super) fn description(project: &Project, manifest: &Manifest) -> String {
    let readme = manifest.root.readme.as_deref();
    readme.and_then(first_paragraph).unwrap_or_else(|| shortened(&project.description))
}
