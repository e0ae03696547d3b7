//! The index of words over the modules: which modules have a word, and which words a module has.
//!
//! A module has the words of its latest version. Only the words that differ from those of the version before it are
//! written, which for most new versions are few.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::codec::Encoded;
use super::tables::{MODULE_WORDS, ModuleWords, WORDS};
use super::{Change, Reader, StoreError};
use crate::domain::ProjectId;
use crate::domain::words::{Uses, Word};

/// Sorts after every word and name: none holds such a character.
const AFTER_ALL: &str = "\u{10FFFF}";

/// The words of a module; none when it has none.
pub fn of(
    reader: &impl Reader,
    project: ProjectId,
    name: &str,
    system: &str,
) -> Result<Vec<Word>, StoreError> {
    let found = reader.get(&MODULE_WORDS, (project.0, name, system))?;
    Ok(found.map(|found| found.words).unwrap_or_default())
}

/// Visits the modules with a word that begins with `start`: project, name in lower case, system, and what the word is
/// there. One visit a word, `bound` visits at most; says how many there were. `start` is in lower case.
pub fn beginning_with(
    reader: &impl Reader,
    start: &str,
    bound: usize,
    mut visit: impl FnMut(ProjectId, &str, &str, Uses),
) -> Result<usize, StoreError> {
    let mut visits = 0;
    let end = format!("{start}{AFTER_ALL}");
    let range = (start, 0, "", "")..=(end.as_str(), u64::MAX, AFTER_ALL, AFTER_ALL);
    reader.scan(&WORDS, range, |(_, project, name, system), uses| {
        visit(ProjectId(project), name, system, uses);
        visits += 1;
        if visits < bound { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(visits)
}

/// Gives a module, by its name in lower case and its system, other words; without any it is forgotten. Says whether
/// they are others than before.
pub(super) fn replace(
    change: &mut Change<'_>,
    project: ProjectId,
    (name, system): (&str, &str),
    words: Option<(&ModuleWords, Encoded<ModuleWords>)>,
) -> Result<bool, StoreError> {
    let key = (project.0, name, system);
    if let Some((_, encoded)) = &words
        && change.holds(&MODULE_WORDS, key, encoded)?
    {
        return Ok(false);
    }
    let before = of(change, project, name, system)?;
    let mut gone: BTreeMap<&str, Uses> = before.iter().map(|word| (word.text.as_str(), word.uses)).collect();
    for word in words.iter().flat_map(|(words, _)| &words.words) {
        if gone.remove(word.text.as_str()) != Some(word.uses) {
            change.put(&WORDS, (word.text.as_str(), key.0, key.1, key.2), &word.uses)?;
        }
    }
    for word in gone.into_keys() {
        change.remove(&WORDS, (word, key.0, key.1, key.2));
    }
    match words {
        Some((_, encoded)) => change.put_encoded(&MODULE_WORDS, key, encoded),
        None => change.remove(&MODULE_WORDS, key),
    }
    Ok(true)
}
