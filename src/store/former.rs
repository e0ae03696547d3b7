//! Former names of groups, users and projects: where an old full path leads until somebody takes it.
//!
//! A name is kept with the group it was in, not with its full path. So a rename adds one entry however much lies below,
//! and a path is followed segment by segment, by present and former names alike: what was renamed several times, and
//! what lies below it, is found by every path it ever had.

use std::ops::ControlFlow;

use super::tables::{
    FORMER_NAMES, FORMER_NAMES_OF, GROUPS, KIND_GROUP, KIND_PROJECT, PATHS, PathTarget, Present,
};
use super::{Change, Reader, StoreError};
use crate::domain::GroupId;
use crate::domain::address::MAX_PATH_SEGMENTS;
use crate::domain::identity::Group;

/// Sorts after every name: none holds such a character.
const AFTER_ALL: &str = "\u{10FFFF}";
/// Stands for the group above a root. Groups are numbered from 1.
const ABOVE_ROOTS: u64 = 0;

/// What a path that nothing has any more leads to, without regard to case.
pub fn target(reader: &impl Reader, path: &str) -> Result<Option<PathTarget>, StoreError> {
    let path = path.to_ascii_lowercase();
    let mut segments = path.split('/').peekable();
    let mut above: Option<Group> = None;
    for _ in 0..MAX_PATH_SEGMENTS {
        let Some(name) = segments.next() else { return Ok(None) };
        let (present, parent) = match &above {
            None => (name.to_owned(), ABOVE_ROOTS),
            Some(group) => (format!("{}/{name}", group.path.key()), group.id.0),
        };
        let found = match reader.get(&PATHS, present.as_str())? {
            Some(found) => Some(found),
            None => reader.get(&FORMER_NAMES, (parent, name))?,
        };
        match found {
            Some(found) if segments.peek().is_none() => return Ok(Some(found)),
            Some(PathTarget::Group(group)) => above = reader.get(&GROUPS, group.0)?,
            Some(PathTarget::Project(_)) | None => return Ok(None),
        }
        if above.is_none() {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Has a name lead to what had it until now, in the group above it.
pub(super) fn put(
    change: &mut Change<'_>,
    parent: Option<GroupId>,
    name: &str,
    target: PathTarget,
) -> Result<(), StoreError> {
    let (parent, name, (kind, id)) = (key_above(parent), name.to_ascii_lowercase(), key_of(target));
    change.put(&FORMER_NAMES, (parent, name.as_str()), &target)?;
    change.put(&FORMER_NAMES_OF, (kind, id, parent, name.as_str()), &Present)
}

/// Somebody takes a name in a group: it leads nowhere else any more.
pub(super) fn forget(change: &mut Change<'_>, parent: Option<GroupId>, name: &str) -> Result<(), StoreError> {
    let (parent, name) = (key_above(parent), name.to_ascii_lowercase());
    if let Some(target) = change.get(&FORMER_NAMES, (parent, name.as_str()))? {
        remove(change, parent, &name, target);
    }
    Ok(())
}

/// What the names lead to is going away, and they with it.
pub(super) fn forget_all_of(change: &mut Change<'_>, target: PathTarget) -> Result<(), StoreError> {
    let (kind, id) = key_of(target);
    let mut found = Vec::new();
    let all = (kind, id, 0, "")..=(kind, id, u64::MAX, AFTER_ALL);
    change.scan(&FORMER_NAMES_OF, all, |(_, _, parent, name), Present| {
        found.push((parent, name.to_owned()));
        ControlFlow::Continue(())
    })?;
    for (parent, name) in found {
        remove(change, parent, &name, target);
    }
    Ok(())
}

fn remove(change: &mut Change<'_>, parent: u64, name: &str, target: PathTarget) {
    let (kind, id) = key_of(target);
    change.remove(&FORMER_NAMES, (parent, name));
    change.remove(&FORMER_NAMES_OF, (kind, id, parent, name));
}

/// How the group above something appears in composite keys.
pub fn key_above(parent: Option<GroupId>) -> u64 {
    parent.map_or(ABOVE_ROOTS, |group| group.0)
}

/// How what a path names appears in composite keys.
pub const fn key_of(target: PathTarget) -> (u8, u64) {
    match target {
        PathTarget::Group(id) => (KIND_GROUP, id.0),
        PathTarget::Project(id) => (KIND_PROJECT, id.0),
    }
}
