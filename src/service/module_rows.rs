//! The registry page: a list of modules or of their versions, filtered, sorted, counted, as the caller may see it.
//!
//! The catalog finds and counts; the few rows of a page are then read from the store.

use jiff::Timestamp;

use super::access::{Caller, Standing, check_group, group_for, project_for};
use super::actors::{Actor, actor};
use super::catalog::{FoundRow, PublishedBy, RowFilter, Scope};
use super::error::ServiceError;
use super::packages::{PackageView, Views};
use super::{Manner, Registry, Window};
use crate::domain::access::{GroupAction, ProjectAction};
use crate::domain::limits::MAX_PER_PAGE;
use crate::domain::package::Status;
use crate::domain::{GroupId, UserId, Version};
use crate::store::tables::{MODULE_TEXTS, PACKAGES};
use crate::store::{Reader, Snapshot, StoreError, identity};

/// Where modules are listed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowsScope {
    /// Everything the caller sees.
    Everything,
    /// A group and all groups below it: number or full path.
    Group(String),
    /// A group or a user's own namespace, by its number, and all groups below it.
    Namespace(GroupId),
    /// One project: number or full path.
    Project(String),
}

/// What a row is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grouping {
    /// A module of a project, at its latest version.
    #[default]
    Modules,
    /// One version.
    Versions,
}

/// Which rows are wanted, in which order. What is `None` narrows nothing.
#[derive(Debug, Clone, Default)]
pub struct ModuleRowsQuery {
    /// What a row is.
    pub grouping: Grouping,
    /// Words that must all occur in `name/system`, without regard to case.
    pub words: Option<String>,
    /// For that system.
    pub system: Option<String>,
    /// At exactly that version. A text that is no version finds nothing.
    pub version: Option<String>,
    /// With that status, by GitLab's name of it.
    pub status: Option<String>,
    /// Published by the user of that name.
    pub publisher: Option<String>,
    /// Published so.
    pub manner: Option<Manner>,
    /// The order and the part of the list; at most [`MAX_PER_PAGE`] rows.
    pub window: Window,
}

/// A row of the registry page. With filters it is about the versions that they admit.
#[derive(Debug, Clone)]
pub struct ModuleRow {
    /// The latest version, with its project and whether the caller may delete it.
    pub view: PackageView,
    /// How many versions the module has; 1 when a row is a version.
    pub versions: usize,
    /// When one of them was last published.
    pub last_published: Timestamp,
    /// Who published the latest version.
    pub publisher: Actor,
    /// Whether the latest version has warnings.
    pub has_warnings: bool,
    /// A line about the module; empty when its README has none.
    pub description: String,
}

/// A part of the list.
#[derive(Debug, Clone, Default)]
pub struct ModuleRows {
    /// The rows.
    pub rows: Vec<ModuleRow>,
    /// How many the whole list has: exactly, and only what the caller may see.
    pub total: usize,
}

impl Registry {
    /// The rows of a registry page. Refused as the project or group itself would be.
    pub async fn module_rows(
        &self,
        caller: &Caller,
        scope: RowsScope,
        query: ModuleRowsQuery,
    ) -> Result<ModuleRows, ServiceError> {
        let (now, registry, caller) = (self.now(), self.clone(), caller.clone());
        self.read_lists(move |snapshot| rows(&registry, snapshot, &caller, &scope, &query, now)).await
    }
}

pub(super) fn rows(
    registry: &Registry,
    snapshot: &Snapshot,
    caller: &Caller,
    scope: &RowsScope,
    query: &ModuleRowsQuery,
    now: Timestamp,
) -> Result<ModuleRows, ServiceError> {
    let scope = match scope {
        RowsScope::Everything => Scope::Everything,
        RowsScope::Group(id) => {
            let group = group_for(snapshot, caller, id, GroupAction::View, now)?.id;
            Scope::Group { group, subgroups: true }
        }
        RowsScope::Namespace(id) => {
            let hidden = || ServiceError::hidden(caller.is_anonymous(), "Group");
            let group = identity::group(snapshot, *id)?.ok_or_else(hidden)?;
            check_group(snapshot, caller, &group, GroupAction::View, now)?;
            Scope::Group { group: group.id, subgroups: true }
        }
        RowsScope::Project(id) => {
            Scope::Project(project_for(snapshot, caller, id, ProjectAction::Pull, now)?.id)
        }
    };
    let Some(filter) = filter_of(snapshot, query)? else { return Ok(ModuleRows::default()) };
    let standing = Standing::of(snapshot, caller, now)?;
    let words = query.words.as_deref().unwrap_or_default().to_lowercase();
    let window = Window { limit: query.window.limit.min(MAX_PER_PAGE), ..query.window };
    let (found, total) = registry.shared.catalog.read(registry.store(), |contents| {
        let mut selected = contents.select(scope, |project| standing.may(project, ProjectAction::Pull));
        contents.narrow_by_name(&mut selected, &words);
        if let Some(system) = &query.system {
            contents.narrow_by_system(&mut selected, &system.to_ascii_lowercase());
        }
        match query.grouping {
            Grouping::Modules => contents.module_rows(&selected, &filter, window),
            Grouping::Versions => {
                let (packages, total) = contents.packages(&selected, &filter, window);
                let single = |package| FoundRow { latest: package, newest: package, versions: 1 };
                (packages.into_iter().map(single).collect(), total)
            }
        }
    })?;
    let mut views = Views::new(snapshot, caller, now);
    let mut rows = Vec::with_capacity(found.len());
    for found in found {
        rows.extend(row(&mut views, found)?);
    }
    Ok(ModuleRows { rows, total })
}

/// What the filters of a query mean; nothing when no package can fit them.
fn filter_of(reader: &impl Reader, query: &ModuleRowsQuery) -> Result<Option<RowFilter>, StoreError> {
    if query.status.as_deref().is_some_and(|status| status != Status::Default.as_str()) {
        return Ok(None);
    }
    let version: Option<Version> = match query.version.as_deref().map(str::parse) {
        None => None,
        Some(Ok(version)) => Some(version),
        Some(Err(_not_a_version)) => return Ok(None),
    };
    let user: Option<UserId> = match &query.publisher {
        None => None,
        Some(name) => match identity::user_by_name(reader, name)? {
            Some(user) => Some(user.id),
            None => return Ok(None),
        },
    };
    let by = (user.is_some() || query.manner.is_some()).then_some(PublishedBy { user, manner: query.manner });
    Ok(Some(RowFilter { version, by }))
}

/// A row with all that is shown of it; nothing when it was deleted since it was found.
pub(super) fn row(views: &mut Views<'_>, found: FoundRow) -> Result<Option<ModuleRow>, StoreError> {
    let Some(view) = views.of(found.latest)? else { return Ok(None) };
    let reader = views.reader();
    let package = &view.package;
    let last_published = if found.newest == found.latest {
        package.created_at
    } else {
        reader.get(&PACKAGES, found.newest.0)?.map_or(package.created_at, |newest| newest.created_at)
    };
    let name = package.name.key();
    let text = reader.get(&MODULE_TEXTS, (package.project.0, name.as_str(), package.system.as_str()))?;
    Ok(Some(ModuleRow {
        versions: found.versions,
        last_published,
        publisher: actor(reader, package.publisher)?,
        has_warnings: !package.warnings.is_empty(),
        description: text.map(|text| text.description).unwrap_or_default(),
        view,
    }))
}

#[cfg(test)]
mod tests;
