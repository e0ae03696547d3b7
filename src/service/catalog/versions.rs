//! Every version that occurs, once each, in order, with the rows that have it.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::lists::Lists;
use crate::domain::Version;

/// The number of a version text.
pub(super) type VersionNumber = u32;

#[derive(Debug, Default)]
pub(super) struct Versions {
    /// By number.
    known: Vec<Version>,
    /// Lowest version first.
    order: Vec<VersionNumber>,
    rows: Lists,
}

/// Two versions that differ only in build metadata are of equal precedence, and still two texts.
fn exactly(a: &Version, b: &Version) -> Ordering {
    a.cmp(b).then_with(|| a.build().cmp(b.build()))
}

impl Versions {
    /// The number of a version, new if need be.
    pub(super) fn number(&mut self, version: &Version) -> VersionNumber {
        match self.place(version) {
            Ok(place) => self.order.get(place).copied().unwrap_or(VersionNumber::MAX),
            Err(place) => {
                let number = VersionNumber::try_from(self.known.len()).unwrap_or(VersionNumber::MAX);
                self.known.push(version.clone());
                self.order.insert(place, number);
                number
            }
        }
    }

    fn place(&self, version: &Version) -> Result<usize, usize> {
        self.order.binary_search_by(|number| {
            self.get(*number).map_or(Ordering::Greater, |known| exactly(known, version))
        })
    }

    /// The version of that number.
    pub(super) fn get(&self, number: VersionNumber) -> Option<&Version> {
        self.known.get(number as usize)
    }

    /// Which of two versions a module is rather shown by: a release before a prerelease, then the higher one.
    pub(super) fn compare_as_latest(&self, a: VersionNumber, b: VersionNumber) -> Ordering {
        let (Some(a), Some(b)) = (self.get(a), self.get(b)) else { return a.cmp(&b) };
        (!a.is_prerelease()).cmp(&!b.is_prerelease()).then_with(|| exactly(a, b))
    }

    /// Where each number stands in the order of [`compare_as_latest`](Self::compare_as_latest).
    pub(super) fn ranks_as_latest(&self) -> Vec<u32> {
        let mut numbers = self.order.clone();
        numbers.sort_by(|a, b| self.compare_as_latest(*a, *b));
        ranks(&numbers)
    }

    /// The rows with exactly that version, ascending.
    pub(super) fn rows(&self, version: &Version) -> &[u32] {
        let number = self.place(version).ok().and_then(|place| self.order.get(place));
        number.map_or(&[], |number| self.rows.get(*number))
    }

    /// The rows of every version, lowest version first.
    pub(super) fn in_order(&self) -> impl DoubleEndedIterator<Item = &[u32]> {
        self.order.iter().map(|number| self.rows.get(*number))
    }

    /// Where each number stands in the order.
    pub(super) fn ranks(&self) -> Vec<u32> {
        ranks(&self.order)
    }

    /// Takes the version of each row, from the first on.
    pub(super) fn set_rows(&mut self, versions: impl Iterator<Item = VersionNumber> + Clone) {
        self.rows = Lists::new(versions, self.known.len());
    }

    /// Adds a row.
    pub(super) fn insert(&mut self, number: VersionNumber, row: u32) {
        self.rows.insert(number, row);
    }

    /// Forgets a row.
    pub(super) fn remove(&mut self, number: VersionNumber, row: u32) {
        self.rows.remove(number, row);
    }
}

fn ranks(order: &[VersionNumber]) -> Vec<u32> {
    let mut ranks = vec![0; order.len()];
    for (rank, number) in (0..).zip(order) {
        if let Some(place) = ranks.get_mut(*number as usize) {
            *place = rank;
        }
    }
    ranks
}

/// Versions as they are read from the store: a million rows have a few texts, and each is parsed once.
#[derive(Debug, Default)]
pub(super) struct VersionTexts {
    numbers: HashMap<String, VersionNumber>,
    known: Vec<Version>,
}

impl VersionTexts {
    /// The number of a version, new if need be; nothing for a text that is none.
    pub(super) fn number(&mut self, text: &str) -> Option<VersionNumber> {
        if let Some(number) = self.numbers.get(text) {
            return Some(*number);
        }
        let version = text.parse().ok()?;
        let number = VersionNumber::try_from(self.known.len()).ok()?;
        self.known.push(version);
        self.numbers.insert(text.to_owned(), number);
        Some(number)
    }

    /// The versions, without rows.
    pub(super) fn finish(self) -> Versions {
        let mut order: Vec<VersionNumber> = self.numbers.into_values().collect();
        let known = self.known;
        let version = |number: &VersionNumber| known.get(*number as usize);
        order.sort_unstable_by(|a, b| match (version(a), version(b)) {
            (Some(a), Some(b)) => exactly(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
        Versions { known, order, rows: Lists::default() }
    }
}
