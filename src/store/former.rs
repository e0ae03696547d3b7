//! Former paths of groups, users and projects: where an old full path leads until somebody takes it.
//!
//! Only the path of what was renamed is kept. What lies below is found by the beginning of its path, so renaming a group
//! adds one entry however much is in it, and what was renamed twice is found by each of its paths.

use std::ops::ControlFlow;

use super::tables::{
    FORMER_PATHS, FORMER_PATHS_OF, GROUPS, KIND_GROUP, KIND_PROJECT, PATHS, PathTarget, Present,
};
use super::{Change, Reader, StoreError};
use crate::domain::FullPath;
use crate::domain::address::MAX_PATH_SEGMENTS;

/// Sorts after every path: none holds such a character.
const AFTER_ALL: &str = "\u{10FFFF}";

/// What a path that nothing has any more leads to, without regard to case.
pub fn target(reader: &impl Reader, path: &str) -> Result<Option<PathTarget>, StoreError> {
    let mut path = path.to_ascii_lowercase();
    if path.split('/').count() > MAX_PATH_SEGMENTS {
        return Ok(None);
    }
    // Each round ends at a path whose beginning is in use and longer than before, so the rounds have an end.
    for _ in 0..MAX_PATH_SEGMENTS {
        let Some((target, rest)) = longest_beginning(reader, &path)? else { return Ok(None) };
        if rest.is_empty() {
            return Ok(Some(target));
        }
        let PathTarget::Group(group) = target else { return Ok(None) };
        let Some(group) = reader.get(&GROUPS, group.0)? else { return Ok(None) };
        path = format!("{}{rest}", group.path.key());
        if let Some(found) = reader.get(&PATHS, path.as_str())? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The longest former path that a path begins with, and what follows it.
fn longest_beginning<'p>(
    reader: &impl Reader,
    path: &'p str,
) -> Result<Option<(PathTarget, &'p str)>, StoreError> {
    let mut end = path.len();
    loop {
        let (beginning, rest) = path.split_at(end);
        if let Some(target) = reader.get(&FORMER_PATHS, beginning)? {
            return Ok(Some((target, rest)));
        }
        match beginning.rfind('/') {
            Some(slash) => end = slash,
            None => return Ok(None),
        }
    }
}

/// Has a path lead to what it named until now.
pub(super) fn put(change: &mut Change<'_>, path: &FullPath, target: PathTarget) -> Result<(), StoreError> {
    let (key, (kind, id)) = (path.key(), key_of(target));
    change.put(&FORMER_PATHS, key.as_str(), &target)?;
    change.put(&FORMER_PATHS_OF, (kind, id, key.as_str()), &Present)
}

/// Somebody takes a path: it leads nowhere else any more, and neither does what was below it.
pub(super) fn forget_at(change: &mut Change<'_>, path: &FullPath) -> Result<(), StoreError> {
    let own = path.key();
    // `0` is the character after `/`.
    let (from, to) = (format!("{own}/"), format!("{own}0"));
    let mut found = Vec::new();
    found.extend(change.get(&FORMER_PATHS, own.as_str())?.map(|target| (own, target)));
    change.scan(&FORMER_PATHS, from.as_str()..to.as_str(), |path, target| {
        found.push((path.to_owned(), target));
        ControlFlow::Continue(())
    })?;
    for (path, target) in found {
        remove(change, &path, target);
    }
    Ok(())
}

/// What the paths lead to is going away, and they with it.
pub(super) fn forget_all_of(change: &mut Change<'_>, target: PathTarget) -> Result<(), StoreError> {
    let (kind, id) = key_of(target);
    let mut found = Vec::new();
    change.scan(&FORMER_PATHS_OF, (kind, id, "")..=(kind, id, AFTER_ALL), |(_, _, path), Present| {
        found.push(path.to_owned());
        ControlFlow::Continue(())
    })?;
    for path in found {
        remove(change, &path, target);
    }
    Ok(())
}

fn remove(change: &mut Change<'_>, path: &str, target: PathTarget) {
    let (kind, id) = key_of(target);
    change.remove(&FORMER_PATHS, path);
    change.remove(&FORMER_PATHS_OF, (kind, id, path));
}

/// How what a path names appears in composite keys.
pub const fn key_of(target: PathTarget) -> (u8, u64) {
    match target {
        PathTarget::Group(id) => (KIND_GROUP, id.0),
        PathTarget::Project(id) => (KIND_PROJECT, id.0),
    }
}
