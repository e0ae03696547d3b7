//! What changed since something was read: so that what was made of it can be kept until it may be different.
//!
//! Whoever reads takes a [`Stamp`] *before* the snapshot and keeps the result with it. A change is counted after its
//! commit is durable and before anybody is told, so what an acknowledged change could alter is never answered from
//! something older: the stamp is no longer current.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// Modules share so many counters: a publish makes one in so many of the kept answers be read again for nothing.
const SLOTS: usize = 1024;

/// What a change of a table can alter for somebody who asks for a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Affects {
    /// Neither what there is, nor who may see it: counters, texts, logs.
    Nothing,
    /// Nothing of that either, but what lists and searches show beside it.
    Lists,
    /// Who somebody is and what they were given: users, credentials, memberships.
    People,
    /// Where things are: groups, projects and their names.
    Places,
    /// Which packages there are. The change says of which module: see `Change::touch_module`.
    Packages,
    /// All of it. What nobody thought about.
    Everything,
}

/// A moment, as far as people are concerned, or as one module is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// Who somebody is, and what they were given.
    People(u64),
    /// Where one module is, and its packages.
    Module {
        /// Changes of places so far.
        places: u64,
        /// Which counter the module has.
        slot: usize,
        /// Changes of its packages so far.
        packages: u64,
    },
    /// Anything that a list or a search can show.
    Lists(u64),
}

/// Counts changes. Reading it costs next to nothing.
#[derive(Debug)]
pub struct Stamps {
    people: AtomicU64,
    places: AtomicU64,
    lists: AtomicU64,
    modules: Box<[AtomicU64]>,
}

impl Default for Stamps {
    fn default() -> Self {
        let modules = (0..SLOTS).map(|_| AtomicU64::new(0)).collect();
        let [people, places, lists] = [0; 3].map(AtomicU64::new);
        Self { people, places, lists, modules }
    }
}

impl Stamps {
    /// Now, for what depends on who somebody is.
    pub fn people(&self) -> Stamp {
        Stamp::People(self.people.load(Ordering::Acquire))
    }

    /// Now, for what depends on a module. The case of its name does not matter.
    pub fn module(&self, name: &str, system: &str) -> Stamp {
        let slot = slot(name, system);
        Stamp::Module { places: self.places.load(Ordering::Acquire), slot, packages: self.packages(slot) }
    }

    /// Now, for what is made of the contents the observer was told of, as well as of the store.
    pub fn lists(&self) -> Stamp {
        Stamp::Lists(self.lists.load(Ordering::Acquire))
    }

    /// Whether nothing has changed since that could alter what was read then.
    pub fn is_current(&self, stamp: &Stamp) -> bool {
        match *stamp {
            Stamp::People(people) => people == self.people.load(Ordering::Acquire),
            Stamp::Module { places, slot, packages } => {
                places == self.places.load(Ordering::Acquire) && packages == self.packages(slot)
            }
            Stamp::Lists(lists) => lists == self.lists.load(Ordering::Acquire),
        }
    }

    fn packages(&self, slot: usize) -> u64 {
        self.modules.get(slot).map_or(0, |count| count.load(Ordering::Acquire))
    }

    /// Counts a change: after its commit, before anybody is told of it.
    pub(super) fn count(&self, touched: &Touched) {
        let unsaid = touched.affects(Affects::Packages) && touched.slots.is_empty();
        let everything = unsaid || touched.affects(Affects::Everything);
        if everything || touched.affects(Affects::People) {
            self.people.fetch_add(1, Ordering::AcqRel);
        }
        if everything || touched.affects(Affects::Places) {
            self.places.fetch_add(1, Ordering::AcqRel);
        }
        for count in touched.slots.iter().filter_map(|slot| self.modules.get(*slot)) {
            count.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Counts it for lists: after the observer was told, so that a stamp taken from now on is of contents that know of it.
    pub(super) fn count_for_lists(&self, touched: &Touched) {
        if !touched.affected.is_empty() || !touched.slots.is_empty() {
            self.lists.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Makes every stamp old: after something that is no change of the store, or of which nobody knows what it did.
    pub fn count_everything(&self) {
        let everything = Touched { affected: vec![Affects::Everything], slots: Vec::new() };
        self.count(&everything);
        self.count_for_lists(&everything);
    }
}

/// What one change touched.
#[derive(Debug, Clone, Default)]
pub(super) struct Touched {
    /// Each once.
    affected: Vec<Affects>,
    slots: Vec<usize>,
}

impl Touched {
    /// A table was written.
    pub(super) fn table(&mut self, affects: Affects) {
        if affects != Affects::Nothing && !self.affects(affects) {
            self.affected.push(affects);
        }
    }

    fn affects(&self, what: Affects) -> bool {
        self.affected.contains(&what)
    }

    /// It was about packages of this module. A change of packages that never says so counts as one of everything.
    pub(super) fn module(&mut self, name: &str, system: &str) {
        let slot = slot(name, system);
        if !self.slots.contains(&slot) {
            self.slots.push(slot);
        }
    }
}

fn slot(name: &str, system: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    for byte in name.bytes() {
        byte.to_ascii_lowercase().hash(&mut hasher);
    }
    system.hash(&mut hasher);
    usize::try_from(hasher.finish() % SLOTS as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touched(affects: Affects, module: Option<&str>) -> Touched {
        let mut touched = Touched::default();
        touched.table(affects);
        if let Some(module) = module {
            touched.module(module, "aws");
        }
        touched
    }

    #[test]
    fn a_change_makes_old_what_it_could_alter_and_nothing_else() {
        for (affects, module, people, vpc, dns, lists) in [
            (Affects::Nothing, None, true, true, true, true),
            (Affects::Lists, None, true, true, true, false),
            (Affects::People, None, false, true, true, false),
            (Affects::Places, None, true, false, false, false),
            (Affects::Packages, Some("VPC"), true, false, true, false),
            (Affects::Packages, None, false, false, false, false),
            (Affects::Everything, None, false, false, false, false),
            (Affects::Everything, Some("vpc"), false, false, false, false),
        ] {
            let stamps = Stamps::default();
            let [vpc_before, dns_before] = ["vpc", "dns"].map(|name| stamps.module(name, "aws"));
            let before = [stamps.people(), vpc_before, dns_before, stamps.lists()];
            let touched = touched(affects, module);
            stamps.count(&touched);
            stamps.count_for_lists(&touched);
            let current = before.map(|stamp| stamps.is_current(&stamp));
            assert_eq!(current, [people, vpc, dns, lists], "{affects:?} {module:?}");
        }
    }

    #[test]
    fn what_is_counted_as_everything_makes_all_stamps_old() {
        let stamps = Stamps::default();
        let before = [stamps.people(), stamps.module("vpc", "aws"), stamps.lists()];
        stamps.count_everything();
        assert_eq!(before.map(|stamp| stamps.is_current(&stamp)), [false; 3]);
    }
}
