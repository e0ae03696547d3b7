//! From what a request calls a thing to the thing: by number, by full path, or by the path it had before a rename.
//!
//! A path that somebody has names what has it. One that nobody has any more leads to what had it, for whoever may see
//! that; everyone else is answered as if nothing had ever had it.

use jiff::Timestamp;

use super::access::{Caller, check_group, check_project};
use super::error::{Moved, ServiceError};
use crate::domain::access::{GroupAction, ProjectAction};
use crate::domain::identity::{Group, GroupKind, Project};
use crate::domain::{GroupId, ProjectId};
use crate::store::tables::PathTarget;
use crate::store::{Reader, StoreError, former, identity};

/// The project that `:id` names, by number or full path, if the caller may do that to it.
pub fn project_for(
    reader: &impl Reader,
    caller: &Caller,
    id: &str,
    action: ProjectAction,
    now: Timestamp,
) -> Result<Project, ServiceError> {
    let found = match number(id) {
        Some(number) => identity::project(reader, ProjectId(number))?,
        None => match identity::at_path(reader, id)? {
            Some(PathTarget::Project(project)) => identity::project(reader, project)?,
            Some(PathTarget::Group(_)) | None => None,
        },
    };
    let Some(project) = found else { return Err(moved_project(reader, caller, id, action, now)?) };
    check_project(reader, caller, &project, action, now)?;
    Ok(project)
}

/// The project of a module source: by number or full path, also by a path it had before a rename. Terraform would follow
/// a redirect, but without the credential of its `.netrc`.
pub(super) fn terraform_project(
    reader: &impl Reader,
    caller: &Caller,
    id: &str,
    now: Timestamp,
) -> Result<Project, ServiceError> {
    let may = ProjectAction::Pull;
    match project_for(reader, caller, id, may, now) {
        Err(ServiceError::Moved(moved)) => project_for(reader, caller, &moved.to, may, now),
        found => found,
    }
}

/// What to answer for a path that names no project: where it went, to a caller who may do that there or see it.
fn moved_project(
    reader: &impl Reader,
    caller: &Caller,
    path: &str,
    action: ProjectAction,
    now: Timestamp,
) -> Result<ServiceError, StoreError> {
    let unknown = ServiceError::hidden(caller.is_anonymous(), "Project");
    let Some(PathTarget::Project(id)) = former_target(reader, path)? else { return Ok(unknown) };
    let Some(project) = identity::project(reader, id)? else { return Ok(unknown) };
    let may = |action| check_project(reader, caller, &project, action, now).is_ok();
    let known = may(ProjectAction::View) || may(action);
    Ok(if known { moved(path, project.path.as_str(), unknown) } else { unknown })
}

/// The group that `:id` names, by number or full path, if the caller may do that to it. Personal namespaces are none.
pub fn group_for(
    reader: &impl Reader,
    caller: &Caller,
    id: &str,
    action: GroupAction,
    now: Timestamp,
) -> Result<Group, ServiceError> {
    let is_group = |group: &Group| group.kind == GroupKind::Group;
    let Some(group) = any_namespace(reader, id)?.filter(is_group) else {
        return Err(moved_group(reader, caller, id, "Group", is_group, now)?);
    };
    check_group(reader, caller, &group, action, now)?;
    Ok(group)
}

/// What to answer for a path that names no group: where it went, to a caller who sees that.
pub(super) fn moved_group(
    reader: &impl Reader,
    caller: &Caller,
    path: &str,
    subject: &'static str,
    wanted: impl Fn(&Group) -> bool,
    now: Timestamp,
) -> Result<ServiceError, StoreError> {
    let unknown = ServiceError::hidden(caller.is_anonymous(), subject);
    let Some(group) = former_namespace(reader, path)?.filter(wanted) else { return Ok(unknown) };
    let known = check_group(reader, caller, &group, GroupAction::View, now).is_ok();
    Ok(if known { moved(path, group.path.as_str(), unknown) } else { unknown })
}

/// What a path that nothing has any more leads to. Numbers are no paths.
fn former_target(reader: &impl Reader, path: &str) -> Result<Option<PathTarget>, StoreError> {
    if number(path).is_some() || identity::at_path(reader, path)?.is_some() {
        return Ok(None);
    }
    former::target(reader, path)
}

/// The group or personal namespace that had a path before it was renamed.
pub(super) fn former_namespace(reader: &impl Reader, path: &str) -> Result<Option<Group>, StoreError> {
    match former_target(reader, path)? {
        Some(PathTarget::Group(group)) => identity::group(reader, group),
        Some(PathTarget::Project(_)) | None => Ok(None),
    }
}

/// The error that tells where something went.
pub(super) fn moved(from: &str, to: &str, unknown: ServiceError) -> ServiceError {
    ServiceError::Moved(Box::new(Moved { from: from.to_owned(), to: to.to_owned(), unknown }))
}

/// The namespace of a Terraform address: a group or personal namespace by number or full path, also by the path it had
/// before a rename, so that sources written before go on working until somebody takes the name.
pub(super) fn terraform_namespace(reader: &impl Reader, id: &str) -> Result<Option<Group>, StoreError> {
    match any_namespace(reader, id)? {
        Some(group) => Ok(Some(group)),
        None => former_namespace(reader, id),
    }
}

/// The group or personal namespace of that number or full path.
pub fn any_namespace(reader: &impl Reader, id: &str) -> Result<Option<Group>, StoreError> {
    match number(id) {
        Some(number) => identity::group(reader, GroupId(number)),
        None => match identity::at_path(reader, id)? {
            Some(PathTarget::Group(group)) => identity::group(reader, group),
            Some(PathTarget::Project(_)) | None => Ok(None),
        },
    }
}

fn number(id: &str) -> Option<u64> {
    id.bytes().all(|byte| byte.is_ascii_digit()).then(|| id.parse().ok()).flatten()
}
