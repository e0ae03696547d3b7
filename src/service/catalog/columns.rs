//! The packages: one row each, in order of publication, in columns; and which of them each module has.

use fixedbitset::FixedBitSet;

use super::lists::Lists;
use super::modules::ModuleNumber;
use super::publishers::{PublisherNumber, Publishers};
use super::versions::{VersionNumber, Versions};
use crate::domain::{PackageId, Version};

/// Module of a row whose package was deleted.
pub(super) const DELETED: ModuleNumber = u32::MAX;
/// Deleted rows that are kept before everything is numbered anew.
const MAX_DELETED: usize = 4_096;
/// A module without rows has no latest.
const NONE: u32 = u32::MAX;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Rows {
    packages: Packages,
    modules: Vec<ModuleNumber>,
    versions_of: Vec<VersionNumber>,
    pub(super) publishers: Publishers,
    pub(super) versions: Versions,
    of_modules: Lists,
    /// The row of the latest version of each module.
    latest: Vec<u32>,
    deleted: usize,
}

/// Ascending numbers of packages: as far as they are above the first, which takes half the memory.
#[derive(Debug, Default)]
struct Packages {
    first: u64,
    above: Vec<u32>,
}

impl Packages {
    /// Adds a number; not when it is four billion above the first.
    fn push(&mut self, package: PackageId) -> bool {
        if self.above.is_empty() {
            self.first = package.0;
        }
        match package.0.checked_sub(self.first).map(u32::try_from) {
            Some(Ok(above)) => self.above.push(above),
            _ => return false,
        }
        true
    }

    fn get(&self, row: u32) -> Option<PackageId> {
        self.above.get(row as usize).map(|above| PackageId(self.first + u64::from(*above)))
    }

    fn find(&self, package: PackageId) -> Option<u32> {
        let above = u32::try_from(package.0.checked_sub(self.first)?).ok()?;
        u32::try_from(self.above.binary_search(&above).ok()?).ok()
    }
}

/// A package as it is read from the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) package: PackageId,
    /// [`DELETED`] when it is not known yet: see [`Rows::place`].
    pub(super) module: ModuleNumber,
    pub(super) version: VersionNumber,
}

impl Rows {
    /// From what was read, in any order.
    pub(super) fn load(mut entries: Vec<Entry>, versions: Versions) -> Self {
        entries.sort_unstable_by_key(|entry| entry.package);
        let mut rows = Self { versions, ..Self::default() };
        rows.packages.above.reserve_exact(entries.len());
        rows.modules.reserve_exact(entries.len());
        rows.versions_of.reserve_exact(entries.len());
        for entry in &entries {
            if rows.packages.push(entry.package) {
                rows.modules.push(entry.module);
                rows.versions_of.push(entry.version);
            }
        }
        drop(entries);
        rows.publishers.set_rows(rows.len());
        rows.index();
        rows
    }

    /// Works out from the columns what is known of modules and versions.
    fn index(&mut self) {
        let known = |module: &&ModuleNumber| **module != DELETED;
        let modules = self.modules.iter().filter(known).max().map_or(0, |highest| *highest as usize + 1);
        self.deleted = self.modules.iter().filter(|module| **module == DELETED).count();
        self.of_modules = Lists::new(self.modules.iter().copied(), modules);
        let columns = self.modules.iter().zip(&self.versions_of);
        let versions = columns.map(|(module, version)| if *module == DELETED { DELETED } else { *version });
        self.versions.set_rows(versions);
        let ranks = self.versions.ranks_as_latest();
        self.latest = vec![NONE; modules];
        let mut best = vec![0; modules];
        for (row, (module, version)) in (0..).zip(self.modules.iter().zip(&self.versions_of)) {
            let rank = ranks.get(*version as usize).copied().unwrap_or_default();
            if let Some(latest) = self.latest.get_mut(*module as usize)
                && let Some(best) = best.get_mut(*module as usize)
                && (*latest == NONE || rank >= *best)
            {
                (*latest, *best) = (row, rank);
            }
        }
    }

    /// How many there are, deleted ones that are still kept included.
    pub(super) fn len(&self) -> usize {
        self.modules.len()
    }

    /// The package of a row; nothing when it was deleted.
    pub(super) fn package(&self, row: u32) -> Option<PackageId> {
        self.module_of(row).filter(|module| *module != DELETED).and_then(|_| self.packages.get(row))
    }

    /// The module of a row, or [`DELETED`].
    pub(super) fn module_of(&self, row: u32) -> Option<ModuleNumber> {
        self.modules.get(row as usize).copied()
    }

    /// The version of a row.
    pub(super) fn version_of(&self, row: u32) -> VersionNumber {
        self.versions_of.get(row as usize).copied().unwrap_or(VersionNumber::MAX)
    }

    /// The rows of a module, ascending: its versions in order of publication.
    pub(super) fn of_module(&self, module: ModuleNumber) -> &[u32] {
        self.of_modules.get(module)
    }

    /// The row of the latest version of a module that has rows.
    pub(super) fn latest(&self, module: ModuleNumber) -> u32 {
        self.latest.get(module as usize).copied().unwrap_or(NONE)
    }

    /// The latest version of some rows, as [`Version::latest`] chooses it; of equal ones the last.
    pub(super) fn latest_of(&self, rows: impl IntoIterator<Item = u32>) -> Option<u32> {
        let rows = rows.into_iter();
        rows.max_by(|a, b| self.versions.compare_as_latest(self.version_of(*a), self.version_of(*b)))
    }

    /// Whether that package was published before the last one that is known.
    pub(super) fn reaches(&self, package: PackageId) -> bool {
        let last = u32::try_from(self.len()).ok().and_then(|rows| self.packages.get(rows.checked_sub(1)?));
        last.is_some_and(|last| package <= last)
    }

    /// The row of a package.
    pub(super) fn find(&self, package: PackageId) -> Option<u32> {
        self.packages.find(package)
    }

    /// Adds a package, which was published after all others.
    pub(super) fn push(
        &mut self,
        package: PackageId,
        module: ModuleNumber,
        version: &Version,
        publisher: (u8, u64),
    ) {
        let Ok(row) = u32::try_from(self.len()) else { return };
        if !self.packages.push(package) {
            return;
        }
        let version = self.versions.number(version);
        self.modules.push(DELETED);
        self.versions_of.push(version);
        let publisher = self.publishers.number(publisher);
        self.publishers.push(publisher);
        self.deleted += 1;
        self.place(row, module);
    }

    /// Says of what module a row is that had none.
    pub(super) fn place(&mut self, row: u32, module: ModuleNumber) {
        let version = self.version_of(row);
        let Some(place) = self.modules.get_mut(row as usize) else { return };
        *place = module;
        self.deleted -= 1;
        let before = (!self.of_module(module).is_empty()).then(|| self.latest(module));
        self.of_modules.insert(module, row);
        self.versions.insert(version, row);
        let latest = self.latest_of(before.into_iter().chain([row])).unwrap_or(row);
        self.set_latest(module, latest);
    }

    fn set_latest(&mut self, module: ModuleNumber, row: u32) {
        if self.latest.len() <= module as usize {
            self.latest.resize(module as usize + 1, NONE);
        }
        if let Some(latest) = self.latest.get_mut(module as usize) {
            *latest = row;
        }
    }

    /// Forgets a package, and says of which module it was.
    pub(super) fn delete(&mut self, package: PackageId) -> Option<ModuleNumber> {
        let row = self.packages.find(package)?;
        let place = self.modules.get_mut(row as usize).filter(|module| **module != DELETED)?;
        let module = std::mem::replace(place, DELETED);
        self.deleted += 1;
        self.versions.remove(self.version_of(row), row);
        self.of_modules.remove(module, row);
        if let Some(latest) = self.latest_of(self.of_module(module).iter().copied()) {
            self.set_latest(module, latest);
        }
        if self.deleted > MAX_DELETED.max(self.len() / 2) {
            self.number_anew();
        }
        Some(module)
    }

    /// Says who published a package. `near` is a row that it may well be.
    pub(super) fn set_publisher(&mut self, package: PackageId, near: u32, number: PublisherNumber) -> u32 {
        let row = match self.packages.get(near) {
            Some(there) if there == package => Some(near),
            _ => self.packages.find(package),
        };
        if let Some(row) = row {
            self.publishers.set(row as usize, number);
        }
        row.unwrap_or(near)
    }

    /// Forgets deleted rows.
    fn number_anew(&mut self) {
        let rows = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let kept: FixedBitSet = (0..rows)
            .filter(|row| self.module_of(*row).is_some_and(|module| module != DELETED))
            .map(|row| row as usize)
            .collect();
        self.publishers.retain(|row| kept.contains(row as usize));
        let (old, mut versions) = (std::mem::take(&mut self.versions), Versions::default());
        let (mut packages, mut modules, mut versions_of) = (Packages::default(), Vec::new(), Vec::new());
        for row in (0..rows).filter(|row| kept.contains(*row as usize)) {
            let number = old.get(self.version_of(row)).map(|version| versions.number(version));
            if let Some(package) = self.packages.get(row)
                && packages.push(package)
            {
                modules.push(self.module_of(row).unwrap_or(DELETED));
                versions_of.push(number.unwrap_or(VersionNumber::MAX));
            }
        }
        (self.packages, self.modules, self.versions_of, self.versions) =
            (packages, modules, versions_of, versions);
        self.index();
    }
}
