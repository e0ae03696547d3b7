//! Every version that occurs, once each, in order, with the rows that have it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::domain::Version;

/// The number of a version text.
pub(super) type VersionNumber = u32;

#[derive(Debug, Default)]
pub(super) struct Versions {
    numbers: BTreeMap<Exact, VersionNumber>,
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    version: Version,
    /// Ascending.
    rows: Vec<u32>,
}

/// A version with its build metadata: two that differ only in that are of equal precedence, and still two texts.
#[derive(Debug, Clone)]
struct Exact(Version);

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0).then_with(|| self.0.build().cmp(other.0.build()))
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Exact {}

impl Versions {
    /// The number of a version, new if need be.
    pub(super) fn number(&mut self, version: &Version) -> VersionNumber {
        let exact = Exact(version.clone());
        if let Some(number) = self.numbers.get(&exact) {
            return *number;
        }
        let number = VersionNumber::try_from(self.known.len()).unwrap_or(VersionNumber::MAX);
        self.known.push(Known { version: version.clone(), rows: Vec::new() });
        self.numbers.insert(exact, number);
        number
    }

    /// The version of that number.
    pub(super) fn get(&self, number: VersionNumber) -> Option<&Version> {
        self.known.get(number as usize).map(|known| &known.version)
    }

    /// Which of two versions a module is rather shown by: a release before a prerelease, then the higher one.
    pub(super) fn compare_as_latest(&self, a: VersionNumber, b: VersionNumber) -> Ordering {
        let (Some(a), Some(b)) = (self.get(a), self.get(b)) else { return a.cmp(&b) };
        (!a.is_prerelease())
            .cmp(&!b.is_prerelease())
            .then_with(|| a.cmp(b))
            .then_with(|| a.build().cmp(b.build()))
    }

    /// The rows with exactly that version, ascending.
    pub(super) fn rows(&self, version: &Version) -> &[u32] {
        let number = self.numbers.get(&Exact(version.clone()));
        number.and_then(|number| self.known.get(*number as usize)).map_or(&[], |known| &known.rows)
    }

    /// The rows of every version, lowest version first.
    pub(super) fn in_order(&self) -> impl DoubleEndedIterator<Item = &[u32]> {
        self.numbers
            .values()
            .filter_map(|number| self.known.get(*number as usize).map(|known| known.rows.as_slice()))
    }

    /// Where each number stands in the order.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut ranks = vec![0; self.known.len()];
        for (rank, number) in (0..).zip(self.numbers.values()) {
            if let Some(place) = ranks.get_mut(*number as usize) {
                *place = rank;
            }
        }
        ranks
    }

    /// Adds a row, which is higher than any before.
    pub(super) fn push(&mut self, number: VersionNumber, row: u32) {
        if let Some(known) = self.known.get_mut(number as usize) {
            known.rows.push(row);
        }
    }

    /// Forgets a row.
    pub(super) fn remove(&mut self, number: VersionNumber, row: u32) {
        if let Some(known) = self.known.get_mut(number as usize)
            && let Ok(place) = known.rows.binary_search(&row)
        {
            known.rows.remove(place);
        }
    }
}
