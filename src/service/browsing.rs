//! The home page and the page of a group: what there is for one caller, and how much of it.

use jiff::Timestamp;

use super::access::{Caller, Standing, check_group, group_for};
use super::catalog::{Extent, FoundProject, PlacedProject, Sight};
use super::error::ServiceError;
use super::lookup::any_namespace;
use super::module_rows::{ModuleRow, ModuleRowsQuery, RowsScope, rows};
use super::{Registry, Window};
use crate::domain::PackageId;
use crate::domain::access::{GroupAction, ProjectAction};
use crate::domain::identity::{Group, GroupKind, Holder, Project};
use crate::domain::limits::MAX_PER_PAGE;
use crate::store::tables::PACKAGES;
use crate::store::{Reader, Snapshot, StoreError, identity};

/// Groups, and projects, that the home page shows.
const OWN_SHOWN: usize = 20;
/// Modules that the home page shows as recently published.
const RECENT_SHOWN: usize = 10;

/// A group in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupCard {
    /// The group.
    pub group: Group,
    /// What the caller sees in it and below it.
    pub extent: Extent,
    /// When one of those modules was last published.
    pub last_published: Option<Timestamp>,
}

/// A project in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectCard {
    /// The project.
    pub project: Project,
    /// Modules in it that the caller may pull.
    pub modules: usize,
    /// When one of them was last published.
    pub last_published: Option<Timestamp>,
}

/// What the home page shows.
#[derive(Debug, Clone, Default)]
pub struct Home {
    /// Groups of which the caller is a direct member, in order of path.
    pub groups: Vec<GroupCard>,
    /// How many there are of them.
    pub groups_total: usize,
    /// Projects in which the caller has a role, given there or in a group above, last published first.
    pub projects: Vec<ProjectCard>,
    /// How many there are of them.
    pub projects_total: usize,
    /// Modules published last among all that the caller may pull.
    pub recent: Vec<ModuleRow>,
    /// How many modules the caller may pull.
    pub modules_total: usize,
}

/// What the page of a group shows.
#[derive(Debug, Clone)]
pub struct GroupPage {
    /// The group.
    pub group: Group,
    /// The groups above it that the caller sees, the root first.
    pub above: Vec<Group>,
    /// What the caller sees in it and below it.
    pub extent: Extent,
    /// When one of those modules was last published.
    pub last_published: Option<Timestamp>,
    /// The groups directly in it that the caller sees, in order of path.
    pub subgroups: Vec<GroupCard>,
    /// The projects directly in it that the caller sees, in order of path: those of the part asked for.
    pub projects: Vec<ProjectCard>,
    /// How many there are of them.
    pub projects_total: usize,
}

impl Registry {
    /// The home page of a caller; for nobody in particular, what anyone may see.
    pub async fn home(&self, caller: &Caller) -> Result<Home, ServiceError> {
        let (now, registry, caller) = (self.now(), self.clone(), caller.clone());
        self.read_lists(move |snapshot| home(&registry, snapshot, &caller, now)).await
    }

    /// Groups that the caller sees, with what it sees in them.
    pub async fn group_cards(
        &self,
        caller: &Caller,
        groups: Vec<Group>,
    ) -> Result<Vec<GroupCard>, ServiceError> {
        let (now, registry, caller) = (self.now(), self.clone(), caller.clone());
        self.read_lists(move |snapshot| {
            let standing = Standing::of(snapshot, &caller, now)?;
            let extents = registry.shared.catalog.read(registry.store(), |contents| {
                with_sight(&standing, |sight| {
                    groups.iter().map(|group| contents.extent(group.id, sight)).collect()
                })
            })?;
            Ok(group_cards(snapshot, groups, extents)?)
        })
        .await
    }

    /// The page of a group or of a user's own namespace, with `limit` of its projects from `offset` on. Refused as the
    /// group is.
    pub async fn group_page(
        &self,
        caller: &Caller,
        group: &str,
        offset: usize,
        limit: usize,
    ) -> Result<GroupPage, ServiceError> {
        let (now, registry, caller, group) = (self.now(), self.clone(), caller.clone(), group.to_owned());
        self.read_lists(move |snapshot| {
            let group = match any_namespace(snapshot, &group)?.filter(Group::is_personal) {
                Some(own) => {
                    check_group(snapshot, &caller, &own, GroupAction::View, now)?;
                    own
                }
                None => group_for(snapshot, &caller, &group, GroupAction::View, now)?,
            };
            group_page(&registry, snapshot, &caller, group, (offset, limit.min(MAX_PER_PAGE)), now)
        })
        .await
    }
}

fn home(
    registry: &Registry,
    snapshot: &Snapshot,
    caller: &Caller,
    now: Timestamp,
) -> Result<Home, ServiceError> {
    let mut own = own_groups(snapshot, caller, now)?;
    let groups_total = own.len();
    own.truncate(OWN_SHOWN);
    let standing = Standing::of(snapshot, caller, now)?;
    let (extents, (projects, projects_total)) =
        registry.shared.catalog.read(registry.store(), |contents| {
            with_sight(&standing, |sight| {
                let extents: Vec<Extent> = own.iter().map(|group| contents.extent(group.id, sight)).collect();
                (extents, contents.busiest(|project| standing.has_role(project), sight, OWN_SHOWN))
            })
        })?;
    let groups = group_cards(snapshot, own, extents)?;
    let window = Window { descending: true, limit: RECENT_SHOWN, ..Window::default() };
    let query = ModuleRowsQuery { window, ..ModuleRowsQuery::default() };
    let recent = rows(registry, snapshot, caller, &RowsScope::Everything, &query, now)?;
    Ok(Home {
        groups,
        groups_total,
        projects: cards(snapshot, projects)?,
        projects_total,
        recent: recent.rows,
        modules_total: recent.total,
    })
}

/// The groups of which a caller is a direct member, in order of path.
fn own_groups(reader: &impl Reader, caller: &Caller, now: Timestamp) -> Result<Vec<Group>, StoreError> {
    let Some(user) = caller.user() else { return Ok(Vec::new()) };
    let mut groups = Vec::new();
    for membership in identity::memberships_of(reader, user.id)? {
        if let Holder::Group(id) = membership.holder
            && membership.is_active(now)
        {
            groups.extend(identity::group(reader, id)?.filter(|group| group.kind == GroupKind::Group));
        }
    }
    groups.sort_by_cached_key(|group| group.path.key());
    Ok(groups)
}

fn group_page(
    registry: &Registry,
    snapshot: &Snapshot,
    caller: &Caller,
    group: Group,
    (offset, limit): (usize, usize),
    now: Timestamp,
) -> Result<GroupPage, ServiceError> {
    let sees = |group: &Group| check_group(snapshot, caller, group, GroupAction::View, now).is_ok();
    let mut above = Vec::new();
    for id in &group.ancestors {
        above.extend(identity::group(snapshot, *id)?.filter(&sees));
    }
    let mut subgroups = identity::subgroups(snapshot, group.id)?;
    subgroups.retain(&sees);
    subgroups.sort_by_cached_key(|group| group.path.key());
    let standing = Standing::of(snapshot, caller, now)?;
    let (extent, extents, inside) = registry.shared.catalog.read(registry.store(), |contents| {
        with_sight(&standing, |sight| {
            let below: Vec<Extent> = subgroups.iter().map(|below| contents.extent(below.id, sight)).collect();
            (contents.extent(group.id, sight), below, contents.projects_in(group.id, sight))
        })
    })?;
    let projects_total = inside.len();
    let shown = inside.into_iter().skip(offset).take(limit).collect();
    Ok(GroupPage {
        above,
        extent,
        last_published: published_at(snapshot, extent.newest)?,
        subgroups: group_cards(snapshot, subgroups, extents)?,
        projects: cards(snapshot, shown)?,
        projects_total,
        group,
    })
}

/// What a standing lets its caller see.
fn with_sight<T>(standing: &Standing, work: impl FnOnce(&Sight<'_>) -> T) -> T {
    let project = |placed: &PlacedProject| standing.may(placed, ProjectAction::View);
    let modules = |placed: &PlacedProject| standing.may(placed, ProjectAction::Pull);
    work(&Sight { project: &project, modules: &modules })
}

fn group_cards(
    reader: &impl Reader,
    groups: Vec<Group>,
    extents: Vec<Extent>,
) -> Result<Vec<GroupCard>, StoreError> {
    let mut cards = Vec::with_capacity(groups.len());
    for (group, extent) in groups.into_iter().zip(extents) {
        cards.push(GroupCard { group, extent, last_published: published_at(reader, extent.newest)? });
    }
    Ok(cards)
}

/// When a package was published; nothing when there is none, or it was deleted between the two reads.
fn published_at(reader: &impl Reader, package: Option<PackageId>) -> Result<Option<Timestamp>, StoreError> {
    let Some(id) = package else { return Ok(None) };
    Ok(reader.get(&PACKAGES, id.0)?.map(|package| package.created_at))
}

fn cards(reader: &impl Reader, found: Vec<FoundProject>) -> Result<Vec<ProjectCard>, StoreError> {
    let mut cards = Vec::with_capacity(found.len());
    for found in found {
        // What was deleted between the two reads is left out.
        let Some(project) = identity::project(reader, found.id)? else { continue };
        let last_published = published_at(reader, found.newest)?;
        cards.push(ProjectCard { project, modules: found.modules, last_published });
    }
    Ok(cards)
}

#[cfg(test)]
mod tests;
