//! What the index on disk knows about the words of searches, in numbers of modules; remembered for words that many have.

use std::sync::{Arc, Mutex, PoisonError};

use fixedbitset::FixedBitSet;

use super::contents::Contents;
use super::modules::set_key;
use crate::domain::ProjectId;
use crate::domain::words::Uses;
use crate::store::StoreError;

/// A word with fewer entries in the index is quickly read again.
const MANY: usize = 500;
/// Words that are remembered. At a hundred thousand modules one takes 25 KiB.
const MAX_REMEMBERED: usize = 16;

/// Modules that have a word, by the index. Means something as long as the contents do not change.
#[derive(Debug, Default)]
pub(in crate::service) struct Indexed {
    /// They declare it.
    pub(super) declared: FixedBitSet,
    /// Their README has it.
    pub(super) readme: FixedBitSet,
    /// There are more of them.
    pub(in crate::service) is_cut: bool,
}

/// Gathers what the index knows about one word.
pub(in crate::service) struct Gathering<'c> {
    contents: &'c Contents,
    indexed: Indexed,
    /// The modules of a project come in its order: the last of them, and where it was.
    last: (ProjectId, usize),
    key: String,
}

impl Gathering<'_> {
    /// Takes an entry of the index.
    pub(in crate::service) fn add(&mut self, project: ProjectId, name: &str, system: &str, uses: Uses) {
        set_key(&mut self.key, name, system);
        let near = if self.last.0 == project { self.last.1 + 1 } else { 0 };
        // What was published or deleted between the two reads is passed over.
        let Some((module, place)) = self.contents.find_near(project, &self.key, near) else { return };
        self.last = (project, place);
        let set = if uses.is_declared() { &mut self.indexed.declared } else { &mut self.indexed.readme };
        set.grow_and_insert(module as usize);
    }
}

/// Words that were looked up since the contents changed.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<Vec<(String, usize, Arc<Indexed>)>>);

impl Remembered {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Contents {
    /// What the index knows about a word, up to `bound` entries. `read` hands them over, as they are now, and says how
    /// many there were.
    pub(in crate::service) fn indexed(
        &self,
        word: &str,
        bound: usize,
        read: impl FnOnce(&mut Gathering<'_>) -> Result<usize, StoreError>,
    ) -> Result<Arc<Indexed>, StoreError> {
        let remembered = || self.remembered.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |known: &&(String, usize, Arc<Indexed>)| known.0 == word && known.1 == bound;
        if let Some((_, _, indexed)) = remembered().iter().find(is_it) {
            return Ok(Arc::clone(indexed));
        }
        let (indexed, last) = (Indexed::default(), (ProjectId(0), 0));
        let mut gathering = Gathering { contents: self, indexed, last, key: String::new() };
        let entries = read(&mut gathering)?;
        let indexed = Arc::new(Indexed { is_cut: entries >= bound, ..gathering.indexed });
        if entries >= MANY {
            let mut known = remembered();
            known.truncate(MAX_REMEMBERED - 1);
            known.insert(0, (word.to_owned(), bound, Arc::clone(&indexed)));
        }
        Ok(indexed)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::tests::history;
    use super::*;
    use crate::domain::PackageId;
    use crate::store::Note;

    #[test]
    fn a_word_that_many_have_is_read_again_when_a_module_changed() {
        let (mut contents, model) = history(5, 60);
        let reads = Cell::new(0);
        let read = |contents: &Contents, word: &str, bound: usize, entries: usize| {
            let count = |_: &mut Gathering<'_>| {
                reads.set(reads.get() + 1);
                Ok(entries)
            };
            contents.indexed(word, bound, count).unwrap().is_cut
        };
        assert!(!read(&contents, "rare", 10_000, MANY - 1));
        assert!(!read(&contents, "rare", 10_000, MANY - 1));
        assert_eq!(reads.get(), 2, "few entries are read again");
        assert!(read(&contents, "common", MANY, MANY));
        assert!(read(&contents, "common", MANY, MANY));
        assert!(!read(&contents, "common", MANY + 1, MANY));
        assert_eq!(reads.get(), 4, "many are remembered, with how far they were read");
        let row = model.first().unwrap();
        let (name, system) = row.name.split_once('/').unwrap();
        let described = |contents: &mut Contents| {
            contents.follow(vec![Note::Described {
                project: row.project.id,
                name: name.parse().unwrap(),
                system: system.parse().unwrap(),
                description: "Other words.".to_owned(),
            }]);
        };
        described(&mut contents);
        read(&contents, "common", MANY, MANY);
        assert_eq!(reads.get(), 5, "after another version");
        for row in &model {
            contents.follow(vec![Note::Deleted(PackageId(row.package.0))]);
        }
        read(&contents, "common", MANY, MANY);
        assert_eq!(reads.get(), 6, "after modules went");
        for number in 0..3 * MAX_REMEMBERED {
            read(&contents, &number.to_string(), MANY, MANY);
        }
        assert_eq!(contents.remembered.0.lock().unwrap().len(), MAX_REMEMBERED, "not more than a few words");
    }
}
