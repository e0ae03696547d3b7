//! Every path seen in an archive, in constant memory per path: a keyed hash of its folded form decides whether two
//! entries are one. Full names are kept only for links.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry, RandomState};
use std::hash::{BuildHasher, Hasher};

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

use super::error::ConflictProblem;

/// What is known to be at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// A regular file.
    File,
    /// A directory, listed or implied by what is below it.
    Directory,
    /// A symbolic or hard link.
    Link,
}

/// Why a path could not be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It meets another entry.
    Conflict(ConflictProblem),
    /// Entries and implied directories together are too many.
    TooMany,
    /// All names together are too dear to compare.
    TooMuchText,
}

impl From<ConflictProblem> for Refused {
    fn from(problem: ConflictProblem) -> Self {
        Self::Conflict(problem)
    }
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    found: Found,
    /// Hash of the exact spelling: tells a path given twice from one that differs only by case or Unicode form.
    spelling: u64,
}

/// The paths of one archive. Its keys are random, so nobody can prepare names that collide.
#[derive(Debug)]
pub(crate) struct Inventory {
    keys: [RandomState; 3],
    seen: HashMap<u128, Seen>,
    /// Paths, implied directories included, that may be remembered.
    limit: u64,
    /// Bytes of folded names so far, other than ASCII ones.
    folded: usize,
}

/// Folding a name beyond ASCII costs microseconds, and one character may become eighteen. This is thousands of times
/// what a module needs, and still done in about a second.
const MAX_FOLDED_BYTES: usize = 16 * 1024 * 1024;

/// The three hashes of a path, grown component by component.
struct Hashes {
    /// Room for one folded component.
    buffer: String,
    folded: [DefaultHasher; 2],
    exact: DefaultHasher,
}

impl Hashes {
    /// Adds a component, and says how many bytes had to be folded the dear way.
    fn push(&mut self, component: &str) -> usize {
        self.buffer.clear();
        if component.is_ascii() {
            // The same result, at a hundredth of the cost.
            self.buffer.push_str(component);
            self.buffer.make_ascii_lowercase();
        } else {
            // Compatibility caseless matching (Unicode 3.13, D146), and variation selectors, which cannot be seen,
            // dropped.
            let folded = component.chars().nfd().default_case_fold().nfkd().default_case_fold().nfkd();
            self.buffer.extend(folded.filter(|char| !matches!(char, '\u{FE00}'..='\u{FE0F}')));
        }
        self.buffer.push('/');
        self.folded.iter_mut().for_each(|hasher| hasher.write(self.buffer.as_bytes()));
        self.exact.write(component.as_bytes());
        self.exact.write_u8(b'/');
        if component.is_ascii() { 0 } else { self.buffer.len() }
    }

    fn finish(&self) -> (u128, u64) {
        let [high, low] = [&self.folded[0], &self.folded[1]].map(|hasher| u128::from(hasher.finish()));
        (high << 64 | low, self.exact.finish())
    }
}

impl Inventory {
    /// An empty inventory that takes `entries` entries and as many directories implied by them.
    pub(crate) fn new(entries: u64) -> Self {
        Self {
            keys: [RandomState::new(), RandomState::new(), RandomState::new()],
            seen: HashMap::new(),
            limit: entries.saturating_mul(2),
            folded: 0,
        }
    }

    fn hashes(&self) -> Hashes {
        let [first, second, exact] = &self.keys;
        Hashes {
            buffer: String::new(),
            folded: [first.build_hasher(), second.build_hasher()],
            exact: exact.build_hasher(),
        }
    }

    /// Adds a normalised path; the empty one is the top directory, which is always there.
    pub(crate) fn add(&mut self, path: &str, found: Found) -> Result<(), Refused> {
        let mut hashes = self.hashes();
        let mut components = path.split('/').filter(|part| !part.is_empty()).peekable();
        while let Some(component) = components.next() {
            self.folded += hashes.push(component);
            if self.folded > MAX_FOLDED_BYTES {
                return Err(Refused::TooMuchText);
            }
            let (key, spelling) = hashes.finish();
            if components.peek().is_some() {
                self.pass(key, spelling)?;
            } else {
                self.place(key, spelling, found)?;
            }
        }
        Ok(())
    }

    /// A directory on the way to an entry.
    fn pass(&mut self, key: u128, spelling: u64) -> Result<(), Refused> {
        let full = self.is_full();
        match self.seen.entry(key) {
            Entry::Vacant(_) if full => Err(Refused::TooMany),
            Entry::Vacant(slot) => {
                slot.insert(Seen { found: Found::Directory, spelling });
                Ok(())
            }
            Entry::Occupied(slot) => match slot.get().found {
                Found::File => Err(ConflictProblem::FileAndDirectory.into()),
                Found::Link => Err(ConflictProblem::ThroughLink.into()),
                Found::Directory if slot.get().spelling != spelling => Err(ConflictProblem::Twin.into()),
                Found::Directory => Ok(()),
            },
        }
    }

    /// The entry itself.
    fn place(&mut self, key: u128, spelling: u64, found: Found) -> Result<(), Refused> {
        let full = self.is_full();
        match self.seen.entry(key) {
            Entry::Vacant(_) if full => Err(Refused::TooMany),
            Entry::Vacant(slot) => {
                slot.insert(Seen { found, spelling });
                Ok(())
            }
            Entry::Occupied(slot) if slot.get().spelling != spelling => Err(ConflictProblem::Twin.into()),
            Entry::Occupied(slot) => match (slot.get().found, found) {
                // `tar` lists a directory again when it is told to.
                (Found::Directory, Found::Directory) => Ok(()),
                (Found::Link, Found::Directory) => Err(ConflictProblem::ThroughLink.into()),
                (Found::Directory, _) | (_, Found::Directory) => {
                    Err(ConflictProblem::FileAndDirectory.into())
                }
                _ => Err(ConflictProblem::Duplicate.into()),
            },
        }
    }

    fn is_full(&self) -> bool {
        u64::try_from(self.seen.len()).is_ok_and(|count| count >= self.limit)
    }

    /// What is at exactly this path.
    pub(crate) fn get(&self, path: &str) -> Option<Found> {
        let mut hashes = self.hashes();
        let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
        if parts.peek().is_none() {
            return Some(Found::Directory);
        }
        for part in parts {
            hashes.push(part);
        }
        let (key, spelling) = hashes.finish();
        self.seen.get(&key).filter(|seen| seen.spelling == spelling).map(|seen| seen.found)
    }

    /// Whether a path, or a directory on the way to it, is a link, also when spelled in another case.
    pub(crate) fn passes_link(&self, path: &str) -> bool {
        let mut hashes = self.hashes();
        path.split('/').filter(|part| !part.is_empty()).any(|part| {
            hashes.push(part);
            self.seen.get(&hashes.finish().0).is_some_and(|seen| seen.found == Found::Link)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_entries_that_would_meet_are_told_apart_by_how() {
        use ConflictProblem as C;
        use Found::{Directory, File, Link};
        type Case<'a> = (&'a str, &'a [(&'a str, Found)], Option<C>);
        let cases: [Case<'_>; 15] = [
            ("different files", &[("a", File), ("b", File)], None),
            ("a directory twice", &[("a", Directory), ("a", Directory)], None),
            ("a directory after what is in it", &[("a/b", File), ("a", Directory)], None),
            ("the top directory", &[("", Directory), ("a", File)], None),
            ("a file twice", &[("a", File), ("a", File)], Some(C::Duplicate)),
            ("a file, then a link", &[("a", File), ("a", Link)], Some(C::Duplicate)),
            ("case twins", &[("Main.tf", File), ("main.tf", File)], Some(C::Twin)),
            ("case twins among directories", &[("A/x", File), ("a/y", File)], Some(C::Twin)),
            ("composed and decomposed", &[("\u{e9}", File), ("e\u{301}", File)], Some(C::Twin)),
            ("ligatures", &[("\u{fb01}x", File), ("fix", File)], Some(C::Twin)),
            ("sharp s", &[("stra\u{df}e", File), ("STRASSE", File)], Some(C::Twin)),
            ("a file, then a directory", &[("a", File), ("a", Directory)], Some(C::FileAndDirectory)),
            ("a file used as a directory", &[("a", File), ("a/b", File)], Some(C::FileAndDirectory)),
            ("a file over a used directory", &[("a/b", File), ("a", File)], Some(C::FileAndDirectory)),
            ("through a link", &[("a", Link), ("a/b", File)], Some(C::ThroughLink)),
        ];
        for (situation, entries, expected) in cases {
            let mut inventory = Inventory::new(10);
            let result = entries.iter().try_for_each(|(path, found)| inventory.add(path, *found));
            assert_eq!(result.err(), expected.map(Refused::Conflict), "{situation}");
        }
    }

    #[test]
    fn implied_directories_are_bounded() {
        let mut inventory = Inventory::new(2);
        assert_eq!(inventory.add("a/b/c/d/e", Found::File), Err(Refused::TooMany));
    }
}
