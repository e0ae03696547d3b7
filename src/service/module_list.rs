//! Lists of modules and the search for them, as the public registry offers them: a row is the latest version of a module.
//!
//! What a caller may not pull is left out before anything is counted, sorted or cut into pages.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use jiff::Timestamp;

use super::Registry;
use super::access::{Caller, any_namespace};
use super::error::ServiceError;
use super::modules::{Candidate, latest, may_pull, pullable};
use super::summary::{first_paragraph, shortened};
use crate::domain::identity::{Group, Project};
use crate::domain::manifest::Manifest;
use crate::domain::package::{Package, Publisher};
use crate::domain::{GroupId, ModuleName, ProjectId, System, Version};
use crate::store::tables::{GROUPS, MODULE_VERSIONS, PACKAGES};
use crate::store::{Reader, StoreError, identity, packages};

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
    /// What it is for, in at most [`super::summary::MAX_DESCRIPTION`] characters.
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
        let (now, caller) = (self.now(), caller.clone());
        self.read_long(move |snapshot| page(snapshot, &caller, &query, now)).await
    }
}

fn page(
    reader: &impl Reader,
    caller: &Caller,
    query: &ModuleQuery,
    now: Timestamp,
) -> Result<ModulePage, ServiceError> {
    let scope = match &query.namespace {
        None => None,
        Some(asked) => match any_namespace(reader, asked)? {
            Some(group) => Some(group),
            None => return Ok(ModulePage::default()),
        },
    };
    let wanted = Wanted::new(query);
    let mut hits = Vec::new();
    let mut roots: HashMap<GroupId, Group> = HashMap::new();
    for (root, name, system) in addresses(reader, caller, scope.as_ref(), now)? {
        let namespace = match (&scope, roots.get(&root)) {
            (Some(group), _) | (None, Some(group)) => group.clone(),
            (None, None) => {
                let group = reader.require(&GROUPS, root.0)?;
                roots.insert(root, group.clone());
                group
            }
        };
        let (Ok(name), Ok(system)) = (name.parse(), system.parse()) else { continue };
        if !wanted.admits(&name, &system) {
            continue;
        }
        let shown = shown_namespace(&namespace);
        let address = format!("{shown}/{}/{system}", name.key()).to_ascii_lowercase();
        let rank = match wanted.rank_by_address(&address, &name) {
            Some(rank) => Some(rank),
            None => module_at(reader, caller, &namespace, &name, &system, now)?
                .and_then(|module| wanted.rank_by_description(&address, &module.description)),
        };
        if let Some(rank) = rank {
            hits.push(Hit { rank, order: (shown.to_ascii_lowercase(), name.key(), system), namespace, name });
        }
    }
    hits.sort_unstable_by(|a, b| (a.rank, order(a)).cmp(&(b.rank, order(b))));
    let more = hits.len() > query.offset.saturating_add(query.limit);
    let rows = hits.into_iter().skip(query.offset).take(query.limit);
    let modules = rows.filter_map(|hit| {
        module_at(reader, caller, &hit.namespace, &hit.name, &hit.order.2, now).transpose()
    });
    Ok(ModulePage { modules: modules.collect::<Result<_, _>>()?, more })
}

/// A module that fits.
struct Hit {
    rank: u8,
    order: (String, String, System),
    namespace: Group,
    name: ModuleName,
}

fn order(hit: &Hit) -> (&str, &str, &str) {
    (&hit.order.0, &hit.order.1, hit.order.2.as_str())
}

/// Root, name in lower case and system of every module of which the caller may pull something, below a group or
/// anywhere.
fn addresses(
    reader: &impl Reader,
    caller: &Caller,
    scope: Option<&Group>,
    now: Timestamp,
) -> Result<BTreeSet<(GroupId, String, String)>, StoreError> {
    let mut visible: BTreeSet<ProjectId> = BTreeSet::new();
    for project in identity::projects(reader)? {
        let inside = scope.is_none_or(|group| project.groups.contains(&group.id));
        if inside && may_pull(reader, caller, &project, now)? {
            visible.insert(project.id);
        }
    }
    let mut found = BTreeSet::new();
    let from = scope.map_or(0, |group| group.root().0);
    let to = scope.map_or(u64::MAX, |group| group.root().0.saturating_add(1));
    reader.scan(
        &MODULE_VERSIONS,
        (from, "", "", 0, "")..=(to, "", "", 0, ""),
        |(root, name, system, project, _), _| {
            if visible.contains(&ProjectId(project)) {
                found.insert((GroupId(root), name.to_owned(), system.to_owned()));
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(found)
}

/// A query, prepared to be compared with many modules.
struct Wanted {
    words: Vec<String>,
    name: Option<String>,
    providers: Vec<String>,
}

impl Wanted {
    fn new(query: &ModuleQuery) -> Self {
        let words = query.words.as_deref().unwrap_or_default().to_lowercase();
        Self {
            words: words.split_whitespace().map(str::to_owned).collect(),
            name: query.name.as_deref().map(str::to_ascii_lowercase),
            providers: query.providers.clone(),
        }
    }

    fn admits(&self, name: &ModuleName, system: &System) -> bool {
        self.name.as_ref().is_none_or(|wanted| name.key() == *wanted)
            && (self.providers.is_empty()
                || self.providers.iter().any(|wanted| system.as_str().eq_ignore_ascii_case(wanted)))
    }

    /// How well a module fits when all words are in its address, from 0: one is the name, the name begins with one, has
    /// one in it, or none.
    fn rank_by_address(&self, address: &str, name: &ModuleName) -> Option<u8> {
        if !self.words.iter().all(|word| address.contains(word.as_str())) {
            return None;
        }
        let name = name.key();
        let ranks = self.words.iter().map(|word| match name.find(word.as_str()) {
            Some(0) if name.len() == word.len() => 0,
            Some(0) => 1,
            Some(_) => 2,
            None => 3,
        });
        Some(ranks.min().unwrap_or(0))
    }

    /// The same for one that is found by its description.
    fn rank_by_description(&self, address: &str, description: &str) -> Option<u8> {
        let description = description.to_lowercase();
        let found = |word: &String| address.contains(word.as_str()) || description.contains(word.as_str());
        self.words.iter().all(found).then_some(3)
    }
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
    let visible = pullable(reader, caller, namespace, name, system, now)?;
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
    let user = match package.publisher {
        Publisher::User(user, _) => identity::user(reader, user)?,
        Publisher::DeployToken(_) | Publisher::Operator => None,
    };
    Ok(user.map(|user| user.username.to_string()).unwrap_or_default())
}

/// What the README of an archive says first, or else its project.
pub(super) fn description(project: &Project, manifest: &Manifest) -> String {
    let readme = manifest.root.readme.as_deref();
    readme.and_then(first_paragraph).unwrap_or_else(|| shortened(&project.description))
}
