//! Lists of modules and the search for them, as the public registry offers them: a row is the latest version of a module.
//!
//! What a caller may not pull is left out before anything is counted, sorted or cut into pages.

use std::sync::Arc;

use jiff::Timestamp;

use super::Registry;
use super::access::{Caller, Standing, any_namespace};
use super::catalog::{ModuleFilter, Scope};
use super::error::ServiceError;
use super::kept_lists::{Page, Question};
use super::modules::{Candidate, latest, pullable};
use super::sights::{Eyes, Looking};
use crate::domain::identity::{Group, Project};
use crate::domain::package::Package;
use crate::domain::summary::shortened;
use crate::domain::{ModuleName, System, Version};
use crate::store::tables::{MODULE_TEXTS, PACKAGES};
use crate::store::{Reader, Snapshot, StoreError, identity, packages};

/// Which modules are wanted, and which part of the list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
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
    ) -> Result<Arc<ModulePage>, ServiceError> {
        let asking = self.asking(Eyes::of(caller), || Question::List(query.clone()));
        let looking = self.looking(caller);
        if let Some(Page::List(page)) = self.kept_page(&asking, looking.now) {
            return Ok(page);
        }
        let registry = self.clone();
        self.read_long(move |snapshot| {
            let (page, until) = page(&registry, snapshot, &looking, &query)?;
            let page = Arc::new(page);
            registry.keep_page(asking, Page::List(Arc::clone(&page)), until);
            Ok(page)
        })
        .await
    }
}

/// The search for modules, and the part of the list of them that a query asks for; and how long the caller sees just that.
fn page(
    registry: &Registry,
    reader: &Snapshot,
    looking: &Looking,
    query: &ModuleQuery,
) -> Result<(ModulePage, Option<Timestamp>), ServiceError> {
    let namespace = match &query.namespace {
        None => None,
        Some(asked) => match any_namespace(reader, asked)? {
            Some(group) => Some(group),
            // One is made by a change that makes the answer old.
            None => return Ok((ModulePage::default(), None)),
        },
    };
    let scope = namespace.as_ref().map(|group| Scope::Group { group: group.id, subgroups: true });
    let filter = ModuleFilter {
        words: query.words.as_deref().unwrap_or_default().to_lowercase(),
        name: query.name.as_deref().map(str::to_ascii_lowercase),
        systems: query.providers.iter().map(|system| system.to_ascii_lowercase()).collect(),
    };
    let (found, total, sight) = registry.shared.catalog.read_modules(registry.store(), |contents| {
        let sight = registry.sight(reader, contents, looking)?;
        let mut selected = sight.pulled.clone();
        if let Some(scope) = scope {
            selected.intersect_with(&contents.select(scope, |_anyone| true));
        }
        let (found, total) = contents.modules(selected, &filter, query.offset, query.limit);
        Ok::<_, StoreError>((found, total, sight))
    })??;
    let mut modules = Vec::with_capacity(found.len());
    for module in found {
        let (Ok(name), Ok(system)) = (module.name.parse(), module.system.parse()) else { continue };
        let root = match &namespace {
            Some(group) => Some(group.clone()),
            None => identity::group(reader, module.root)?,
        };
        // What was deleted between the two reads is left out.
        let Some(root) = root else { continue };
        modules.extend(module_at(reader, &sight.standing, &root, &name, &system)?);
    }
    let more = total > query.offset.saturating_add(query.limit);
    Ok((ModulePage { modules, more }, sight.standing.until()))
}

/// The first part of the addresses of a group's modules: a subgroup, which has no path of one segment, goes by number.
pub(super) fn shown_namespace(group: &Group) -> String {
    if group.root() == group.id { group.path.to_string() } else { group.id.to_string() }
}

/// A module at the latest version of those that may be pulled below a group; nothing when there is none.
fn module_at(
    reader: &impl Reader,
    standing: &Standing,
    namespace: &Group,
    name: &ModuleName,
    system: &System,
) -> Result<Option<ListedModule>, ServiceError> {
    let may = &mut |project: &Project| Ok(standing.may_pull(project));
    let visible = pullable(reader, namespace, (name, system), may)?;
    let Some(chosen) = latest(&visible) else { return Ok(None) };
    let (key, package) = ((chosen.project.id.0, name.key()), chosen.entry.package);
    let text = reader.get(&MODULE_TEXTS, (key.0, key.1.as_str(), system.as_str()))?;
    // What is kept of the latest version is far less than its manifest.
    let own = match text.filter(|text| text.package == package) {
        Some(text) => text.description,
        None => packages::manifest(reader, package)?.unwrap_or_default().description(),
    };
    listed(reader, namespace, chosen, &visible, own).map(Some)
}

/// A module as lists show it: at the `chosen` of its `visible` versions, whose README describes it so.
pub(super) fn listed(
    reader: &impl Reader,
    namespace: &Group,
    chosen: &Candidate,
    visible: &[Candidate],
    own_description: String,
) -> Result<ListedModule, ServiceError> {
    let package = reader.require(&PACKAGES, chosen.entry.package.0)?;
    let mut downloads: u64 = 0;
    for version in visible {
        downloads = downloads.saturating_add(packages::downloads(reader, version.entry.package)?.count);
    }
    let description =
        if own_description.is_empty() { shortened(&chosen.project.description) } else { own_description };
    Ok(ListedModule {
        owner: owner(reader, &package)?,
        namespace: shown_namespace(namespace),
        description,
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
