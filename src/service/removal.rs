//! Projects, groups and users going away: what was published in them is deleted too, and its history says so.

use jiff::Timestamp;

use super::{Caller, ServiceError, history};
use crate::domain::event::PackageAction;
use crate::domain::identity::{Group, Project, User};
use crate::store::{Change, identity as records, packages};

/// Removes a project with its packages, members and tokens. Returns how many packages went.
pub(super) fn remove_project(
    change: &mut Change<'_>,
    caller: &Caller,
    project: &Project,
    now: Timestamp,
) -> Result<usize, ServiceError> {
    let count = note_deletions(change, caller, project, now)?;
    records::remove_project(change, project)?;
    Ok(count)
}

/// Removes a group with everything below it. Returns how many packages went.
pub(super) fn remove_group(
    change: &mut Change<'_>,
    caller: &Caller,
    group: &Group,
    now: Timestamp,
) -> Result<usize, ServiceError> {
    let count = note_deletions_below(change, caller, group, now)?;
    records::remove_group(change, group)?;
    Ok(count)
}

/// Removes a user with its namespace and everything in it, its memberships and tokens. Returns how many packages went.
pub(super) fn remove_user(
    change: &mut Change<'_>,
    caller: &Caller,
    user: &User,
    now: Timestamp,
) -> Result<usize, ServiceError> {
    let count = match records::group(change, user.namespace)? {
        Some(namespace) => note_deletions_below(change, caller, &namespace, now)?,
        None => 0,
    };
    records::remove_user(change, user)?;
    Ok(count)
}

fn note_deletions_below(
    change: &mut Change<'_>,
    caller: &Caller,
    group: &Group,
    now: Timestamp,
) -> Result<usize, ServiceError> {
    let mut count = 0;
    // Depth is bounded by the number of path segments.
    for subgroup in records::subgroups(change, group.id)? {
        count += note_deletions_below(change, caller, &subgroup, now)?;
    }
    for project in records::projects_in(change, group.id)? {
        count += note_deletions(change, caller, &project, now)?;
    }
    Ok(count)
}

/// Adds to the history of every package of a project that it was deleted.
fn note_deletions(
    change: &mut Change<'_>,
    caller: &Caller,
    project: &Project,
    now: Timestamp,
) -> Result<usize, ServiceError> {
    let going = packages::in_project(change, project.id)?;
    for package in &going {
        let sha256 = match packages::files(change, package.id)?.pop() {
            Some(file) => Some(file.sha256),
            // Its file went before it: the last that was heard of it says which bytes it had.
            None => packages::events(change, project.id, &package.name, &package.system, &package.version)?
                .pop()
                .map(|last| last.sha256),
        };
        if let Some(sha256) = sha256 {
            history::note(change, caller, package, PackageAction::Deleted, sha256, now)?;
        }
    }
    Ok(going.len())
}
