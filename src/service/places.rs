//! A group or project as its pages show it: what is above it, and what the viewer may do there.

use jiff::Timestamp;

use super::access::{check_group, check_project};
use super::lookup::{group_for, project_for};
use super::{Caller, Registry, ServiceError};
use crate::domain::access::{GroupAction, ProjectAction};
use crate::domain::identity::{Group, GroupKind, Holder, Project};
use crate::domain::{FullPath, GroupId, Visibility};
use crate::store::tables::PathTarget;
use crate::store::{Reader, StoreError, identity as records};

/// A group or project with its surroundings.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceView {
    /// Which.
    pub holder: Holder,
    /// Whether it is a user's own namespace.
    pub personal: bool,
    /// Its full path.
    pub path: FullPath,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who sees it.
    pub visibility: Visibility,
    /// The groups above it that the viewer sees, root first: name and full path.
    pub above: Vec<(String, FullPath)>,
    /// What the viewer may do there.
    pub may: Rights,
    /// Whether its registry can be used by the viewer: switched on for the instance and for the project, and open to
    /// the viewer. For a group: switched on for the instance.
    pub registry: bool,
}

/// What the viewer may do in a group or project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent answers to independent questions")]
pub struct Rights {
    /// Change its settings, members and deploy tokens.
    pub administer: bool,
    /// Publish packages. Never for a group, which has none of its own.
    pub publish: bool,
    /// Delete packages. Never for a group.
    pub delete_packages: bool,
    /// Create a project in it. Never for a project.
    pub create_project: bool,
    /// Create a group in it. Never for a project.
    pub create_subgroup: bool,
}

impl PlaceView {
    /// Whether it is a project.
    pub const fn is_project(&self) -> bool {
        matches!(self.holder, Holder::Project(_))
    }
}

impl Registry {
    /// The group or project at a full path, if the viewer sees it. Users' own namespaces are groups here.
    pub fn place(&self, caller: &Caller, path: &str) -> Result<PlaceView, ServiceError> {
        let (now, on) = (self.now(), self.is_switched_on()?);
        self.store().read(|snapshot| match records::at_path(snapshot, path)? {
            Some(PathTarget::Project(_)) => {
                let project = project_for(snapshot, caller, path, ProjectAction::View, now)?;
                Ok(project_view(snapshot, caller, project, on, now)?)
            }
            Some(PathTarget::Group(id)) => {
                let group = namespace(snapshot, caller, id, path, now)?;
                Ok(group_view(snapshot, caller, group, on, now)?)
            }
            // Neither is there: where either went, or nothing.
            None => match group_for(snapshot, caller, path, GroupAction::View, now) {
                Err(moved @ ServiceError::Moved(_)) => Err(moved),
                _ => match project_for(snapshot, caller, path, ProjectAction::View, now) {
                    Err(moved @ ServiceError::Moved(_)) => Err(moved),
                    _ => Err(ServiceError::hidden(caller.is_anonymous(), "Page")),
                },
            },
        })
    }

    /// The group of that full path, if the viewer sees it.
    pub fn group_place(&self, caller: &Caller, path: &str) -> Result<PlaceView, ServiceError> {
        let view = self.place(caller, path)?;
        if view.is_project() { Err(ServiceError::hidden(caller.is_anonymous(), "Page")) } else { Ok(view) }
    }

    /// The project of that full path, if the viewer sees it.
    pub fn project_place(&self, caller: &Caller, path: &str) -> Result<PlaceView, ServiceError> {
        let view = self.place(caller, path)?;
        if view.is_project() { Ok(view) } else { Err(ServiceError::hidden(caller.is_anonymous(), "Page")) }
    }
}

/// A group or a user's own namespace that the caller sees.
fn namespace(
    reader: &impl Reader,
    caller: &Caller,
    id: GroupId,
    path: &str,
    now: Timestamp,
) -> Result<Group, ServiceError> {
    let hidden = || ServiceError::hidden(caller.is_anonymous(), "Page");
    match records::group(reader, id)? {
        Some(group) if group.kind == GroupKind::Group => {
            group_for(reader, caller, path, GroupAction::View, now)
        }
        Some(group) => {
            check_group(reader, caller, &group, GroupAction::View, now).map_err(|_hidden| hidden())?;
            Ok(group)
        }
        None => Err(hidden()),
    }
}

fn project_view(
    reader: &impl Reader,
    caller: &Caller,
    project: Project,
    on: bool,
    now: Timestamp,
) -> Result<PlaceView, StoreError> {
    let may = |action| check_project(reader, caller, &project, action, now).is_ok();
    Ok(PlaceView {
        holder: Holder::Project(project.id),
        personal: false,
        above: above(reader, caller, project.groups.iter().copied(), now)?,
        may: Rights {
            administer: may(ProjectAction::Administer),
            publish: on && may(ProjectAction::Publish),
            delete_packages: on && may(ProjectAction::DeletePackage),
            create_project: false,
            create_subgroup: false,
        },
        registry: on && may(ProjectAction::Pull),
        path: project.path,
        name: project.name,
        description: project.description,
        visibility: project.visibility,
    })
}

fn group_view(
    reader: &impl Reader,
    caller: &Caller,
    group: Group,
    on: bool,
    now: Timestamp,
) -> Result<PlaceView, StoreError> {
    let may = |action| check_group(reader, caller, &group, action, now).is_ok();
    Ok(PlaceView {
        holder: Holder::Group(group.id),
        personal: group.is_personal(),
        above: above(reader, caller, group.ancestors.iter().copied(), now)?,
        may: Rights {
            administer: !group.is_personal() && may(GroupAction::Administer),
            publish: false,
            delete_packages: false,
            create_project: may(GroupAction::CreateProject),
            create_subgroup: may(GroupAction::CreateSubgroup),
        },
        registry: on,
        path: group.path,
        name: group.name,
        description: group.description,
        visibility: group.visibility,
    })
}

/// Names and paths of the groups among these that the caller sees.
fn above(
    reader: &impl Reader,
    caller: &Caller,
    groups: impl Iterator<Item = GroupId>,
    now: Timestamp,
) -> Result<Vec<(String, FullPath)>, StoreError> {
    let mut found = Vec::new();
    for id in groups {
        if let Some(group) = records::group(reader, id)?
            && check_group(reader, caller, &group, GroupAction::View, now).is_ok()
        {
            found.push((group.name, group.path));
        }
    }
    Ok(found)
}
