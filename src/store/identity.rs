//! Users, groups, projects and members: how they are found, written and removed together with their indexes.

use std::ops::ControlFlow;

use super::tables::{
    CHILDREN, GROUPS, KIND_GROUP, KIND_PROJECT, MEMBERS, OWNER_USER, PATHS, PROJECTS, PathTarget, Present,
    SETTINGS, USER_MEMBERSHIPS, USERS, kind_of,
};
use super::{
    Change, Note, Reader, StoreError, ci_jobs, credentials, former, packages, sessions, trusted_publishers,
    under, webhooks,
};
use crate::domain::identity::{Group, GroupKind, Holder, InstanceSettings, Membership, Project, User};
use crate::domain::{FullPath, GroupId, ProjectId, UserId};

/// The one key of the settings table.
const INSTANCE: &str = "instance";

/// The instance's settings; the defaults until somebody changed them.
pub fn settings(reader: &impl Reader) -> Result<InstanceSettings, StoreError> {
    Ok(reader.get(&SETTINGS, INSTANCE)?.unwrap_or_default())
}

/// Replaces the instance's settings.
pub fn put_settings(change: &mut Change<'_>, settings: &InstanceSettings) -> Result<(), StoreError> {
    change.put(&SETTINGS, INSTANCE, settings)
}

/// A user by number.
pub fn user(reader: &impl Reader, id: UserId) -> Result<Option<User>, StoreError> {
    reader.get(&USERS, id.0)
}

/// A user by name, without regard to case.
pub fn user_by_name(reader: &impl Reader, name: &str) -> Result<Option<User>, StoreError> {
    let Some(PathTarget::Group(id)) = reader.get(&PATHS, name.to_ascii_lowercase().as_str())? else {
        return Ok(None);
    };
    match reader.require(&GROUPS, id.0)?.kind {
        GroupKind::Personal(user) => reader.require(&USERS, user.0).map(Some),
        GroupKind::Group => Ok(None),
    }
}

/// Every user, in order of number.
pub fn users(reader: &impl Reader) -> Result<Vec<User>, StoreError> {
    let mut users = Vec::new();
    reader.scan(&USERS, .., |_, user| {
        users.push(user);
        ControlFlow::Continue(())
    })?;
    Ok(users)
}

/// A group or personal namespace by number.
pub fn group(reader: &impl Reader, id: GroupId) -> Result<Option<Group>, StoreError> {
    reader.get(&GROUPS, id.0)
}

/// Every group and personal namespace, in order of number.
pub fn groups(reader: &impl Reader) -> Result<Vec<Group>, StoreError> {
    let mut groups = Vec::new();
    reader.scan(&GROUPS, .., |_, group| {
        groups.push(group);
        ControlFlow::Continue(())
    })?;
    Ok(groups)
}

/// A project by number.
pub fn project(reader: &impl Reader, id: ProjectId) -> Result<Option<Project>, StoreError> {
    reader.get(&PROJECTS, id.0)
}

/// Every project, in order of number.
pub fn projects(reader: &impl Reader) -> Result<Vec<Project>, StoreError> {
    let mut projects = Vec::new();
    reader.scan(&PROJECTS, .., |_, project| {
        projects.push(project);
        ControlFlow::Continue(())
    })?;
    Ok(projects)
}

/// What a full path names, without regard to case.
pub fn at_path(reader: &impl Reader, path: &str) -> Result<Option<PathTarget>, StoreError> {
    reader.get(&PATHS, path.to_ascii_lowercase().as_str())
}

/// The groups directly in a group.
pub fn subgroups(reader: &impl Reader, parent: GroupId) -> Result<Vec<Group>, StoreError> {
    child_numbers(reader, parent, KIND_GROUP)?.into_iter().map(|id| reader.require(&GROUPS, id)).collect()
}

/// The projects directly in a group.
pub fn projects_in(reader: &impl Reader, parent: GroupId) -> Result<Vec<Project>, StoreError> {
    child_numbers(reader, parent, KIND_PROJECT)?.into_iter().map(|id| reader.require(&PROJECTS, id)).collect()
}

fn child_numbers(reader: &impl Reader, parent: GroupId, kind: u8) -> Result<Vec<u64>, StoreError> {
    let mut numbers = Vec::new();
    reader.scan(&CHILDREN, (parent.0, kind, 0)..=(parent.0, kind, u64::MAX), |(_, _, id), Present| {
        numbers.push(id);
        ControlFlow::Continue(())
    })?;
    Ok(numbers)
}

/// A user's own membership of one group or project.
pub fn membership(
    reader: &impl Reader,
    holder: Holder,
    user: UserId,
) -> Result<Option<Membership>, StoreError> {
    let (kind, id) = kind_of(holder);
    reader.get(&MEMBERS, (kind, id, user.0))
}

/// The direct members of a group or project, in order of user number.
pub fn members(reader: &impl Reader, holder: Holder) -> Result<Vec<Membership>, StoreError> {
    let (kind, id) = kind_of(holder);
    let mut members = Vec::new();
    reader.scan(&MEMBERS, under(kind, id), |_, member| {
        members.push(member);
        ControlFlow::Continue(())
    })?;
    Ok(members)
}

/// Where a user is a direct member.
pub fn memberships_of(reader: &impl Reader, user: UserId) -> Result<Vec<Membership>, StoreError> {
    let mut keys = Vec::new();
    reader.scan(
        &USER_MEMBERSHIPS,
        (user.0, 0, 0)..=(user.0, u8::MAX, u64::MAX),
        |(_, kind, id), Present| {
            keys.push((kind, id));
            ControlFlow::Continue(())
        },
    )?;
    keys.into_iter().map(|(kind, id)| reader.require(&MEMBERS, (kind, id, user.0))).collect()
}

/// Writes a user. Its namespace is written by [`put_group`].
pub fn put_user(change: &mut Change<'_>, user: &User) -> Result<(), StoreError> {
    change.put(&USERS, user.id.0, user)
}

/// Writes a group with its path and its place below its parent. Who was renamed away from that path is no longer found
/// by it.
pub fn put_group(change: &mut Change<'_>, group: &Group) -> Result<(), StoreError> {
    former::forget(change, group.parent(), group.path.name())?;
    put_group_record(change, group)?;
    match group.parent() {
        Some(parent) => change.put(&CHILDREN, (parent.0, KIND_GROUP, group.id.0), &Present),
        None => Ok(()),
    }
}

fn put_group_record(change: &mut Change<'_>, group: &Group) -> Result<(), StoreError> {
    change.put(&GROUPS, group.id.0, group)?;
    change.put(&PATHS, group.path.key().as_str(), &PathTarget::Group(group.id))
}

/// Writes a project with its path and its place in its group. Who was renamed away from that path is no longer found by
/// it.
pub fn put_project(change: &mut Change<'_>, project: &Project) -> Result<(), StoreError> {
    former::forget(change, Some(project.parent()), project.path.name())?;
    put_project_record(change, project)?;
    change.put(&CHILDREN, (project.parent().0, KIND_PROJECT, project.id.0), &Present)
}

fn put_project_record(change: &mut Change<'_>, project: &Project) -> Result<(), StoreError> {
    change.note(Note::Project(Box::new(project.clone())));
    change.put(&PROJECTS, project.id.0, project)?;
    change.put(&PATHS, project.path.key().as_str(), &PathTarget::Project(project.id))
}

/// Writes a group under another last segment, and everything below it accordingly. Its old path leads to it until
/// somebody takes that.
pub fn rename_group(change: &mut Change<'_>, group: &mut Group, path: FullPath) -> Result<(), StoreError> {
    let old = std::mem::replace(&mut group.path, path);
    change.remove(&PATHS, old.key().as_str());
    put_group(change, group)?;
    if old.key() != group.path.key() {
        former::put(change, group.parent(), old.name(), PathTarget::Group(group.id))?;
    }
    move_children(change, group.id, &group.path)
}

/// Writes a project under another last segment. Its old path leads to it until somebody takes that.
pub fn rename_project(
    change: &mut Change<'_>,
    project: &mut Project,
    path: FullPath,
) -> Result<(), StoreError> {
    let old = std::mem::replace(&mut project.path, path);
    change.remove(&PATHS, old.key().as_str());
    put_project(change, project)?;
    if old.key() != project.path.key() {
        former::put(change, Some(project.parent()), old.name(), PathTarget::Project(project.id))?;
    }
    Ok(())
}

/// Writes everything in a group anew below the group's new path.
fn move_children(change: &mut Change<'_>, parent: GroupId, path: &FullPath) -> Result<(), StoreError> {
    for mut project in projects_in(change, parent)? {
        change.remove(&PATHS, project.path.key().as_str());
        project.path = project.path.moved_below(path);
        put_project_record(change, &project)?;
    }
    // Depth is bounded by the number of path segments.
    for mut group in subgroups(change, parent)? {
        change.remove(&PATHS, group.path.key().as_str());
        group.path = group.path.moved_below(path);
        put_group_record(change, &group)?;
        move_children(change, group.id, &group.path)?;
    }
    Ok(())
}

/// Writes a membership.
pub fn put_membership(change: &mut Change<'_>, membership: &Membership) -> Result<(), StoreError> {
    let (kind, id) = kind_of(membership.holder);
    change.put(&MEMBERS, (kind, id, membership.user.0), membership)?;
    change.put(&USER_MEMBERSHIPS, (membership.user.0, kind, id), &Present)
}

/// Removes a membership.
pub fn remove_membership(change: &mut Change<'_>, holder: Holder, user: UserId) {
    let (kind, id) = kind_of(holder);
    change.remove(&MEMBERS, (kind, id, user.0));
    change.remove(&USER_MEMBERSHIPS, (user.0, kind, id));
}

/// Removes a project with its packages, members and tokens.
pub fn remove_project(change: &mut Change<'_>, project: &Project) -> Result<(), StoreError> {
    packages::remove_all(change, project.id)?;
    ci_jobs::remove_all_of(change, project.id)?;
    trusted_publishers::remove_all_of(change, project.id)?;
    webhooks::remove_all_of(change, project.id)?;
    change.note(Note::ProjectDeleted(project.id));
    remove_holder(change, Holder::Project(project.id))?;
    former::forget_all_of(change, PathTarget::Project(project.id))?;
    change.remove(&PROJECTS, project.id.0);
    change.remove(&PATHS, project.path.key().as_str());
    change.remove(&CHILDREN, (project.parent().0, KIND_PROJECT, project.id.0));
    Ok(())
}

/// Removes a group with everything below it.
pub fn remove_group(change: &mut Change<'_>, group: &Group) -> Result<(), StoreError> {
    // Depth is bounded by the number of path segments.
    for subgroup in subgroups(change, group.id)? {
        remove_group(change, &subgroup)?;
    }
    for project in projects_in(change, group.id)? {
        remove_project(change, &project)?;
    }
    remove_holder(change, Holder::Group(group.id))?;
    former::forget_all_of(change, PathTarget::Group(group.id))?;
    change.remove(&GROUPS, group.id.0);
    change.remove(&PATHS, group.path.key().as_str());
    if let Some(parent) = group.parent() {
        change.remove(&CHILDREN, (parent.0, KIND_GROUP, group.id.0));
    }
    Ok(())
}

/// Removes a user with its namespace, memberships and tokens.
pub fn remove_user(change: &mut Change<'_>, user: &User) -> Result<(), StoreError> {
    for membership in memberships_of(change, user.id)? {
        remove_membership(change, membership.holder, user.id);
    }
    credentials::remove_all_of(change, OWNER_USER, user.id.0)?;
    sessions::remove_all_of(change, user.id)?;
    let namespace = change.require(&GROUPS, user.namespace.0)?;
    remove_group(change, &namespace)?;
    change.remove(&USERS, user.id.0);
    Ok(())
}

fn remove_holder(change: &mut Change<'_>, holder: Holder) -> Result<(), StoreError> {
    for membership in members(change, holder)? {
        remove_membership(change, holder, membership.user);
    }
    let (kind, id) = kind_of(holder);
    credentials::remove_all_of(change, kind, id)
}
