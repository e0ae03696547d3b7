//! A list with one row a module: its latest version, how many there are, and when it was last published.
//!
//! With filters a row is made of those versions that they admit: the latest of them, and their number.

use fixedbitset::FixedBitSet;

use super::contents::Contents;
use super::modules::ModuleNumber;
use super::pages::{PackageOrder, RowFilter, Window, numbers};
use crate::domain::PackageId;

/// A module in one project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::service) struct FoundRow {
    /// Its latest version.
    pub(in crate::service) latest: PackageId,
    /// The version that was published last.
    pub(in crate::service) newest: PackageId,
    /// How many versions it has.
    pub(in crate::service) versions: usize,
}

/// A module's rows in short.
#[derive(Clone, Copy)]
struct Gathered {
    module: ModuleNumber,
    latest: u32,
    newest: u32,
    versions: usize,
}

impl Contents {
    /// The modules of a window, and how many there are in all. What is equal in the order comes in order of name, system
    /// and project.
    pub(in crate::service) fn module_rows(
        &self,
        selected: &FixedBitSet,
        filter: &RowFilter,
        window: Window,
    ) -> (Vec<FoundRow>, usize) {
        let gathered = match self.filtered(selected, filter) {
            Some(rows) => self.gather(rows),
            None => self.gather_all(selected),
        };
        let total = gathered.len();
        let sorted = self.in_order_of(gathered, window);
        let page = sorted.into_iter().skip(window.offset).take(window.limit);
        (page.filter_map(|row| self.found_row(row)).collect(), total)
    }

    fn found_row(&self, gathered: Gathered) -> Option<FoundRow> {
        Some(FoundRow {
            latest: self.package(gathered.latest)?,
            newest: self.package(gathered.newest)?,
            versions: gathered.versions,
        })
    }

    /// A module with all its versions; nothing when nothing is known of them.
    pub(super) fn row_of(&self, module: ModuleNumber) -> Option<FoundRow> {
        self.gathered(module).and_then(|gathered| self.found_row(gathered))
    }

    fn gathered(&self, module: ModuleNumber) -> Option<Gathered> {
        let rows = self.rows.of_module(module);
        let newest = *rows.last()?;
        Some(Gathered { module, latest: self.rows.latest(module), newest, versions: rows.len() })
    }

    fn gather_all(&self, selected: &FixedBitSet) -> Vec<Gathered> {
        numbers(selected).filter_map(|module| self.gathered(module)).collect()
    }

    fn gather(&self, rows: Vec<u32>) -> Vec<Gathered> {
        let mut placed: Vec<(ModuleNumber, u32)> =
            rows.into_iter().filter_map(|row| Some((self.rows.module_of(row)?, row))).collect();
        placed.sort_unstable();
        let of_one_module = placed.chunk_by(|a, b| a.0 == b.0).filter_map(|chunk| {
            let (module, newest) = *chunk.last()?;
            let latest = self.rows.latest_of(chunk.iter().map(|(_, row)| *row))?;
            Some(Gathered { module, latest, newest, versions: chunk.len() })
        });
        of_one_module.collect()
    }

    fn in_order_of(&self, gathered: Vec<Gathered>, window: Window) -> Vec<Gathered> {
        let mut places = vec![0; self.modules.len()];
        for (place, module) in (0_u32..).zip(&self.modules.by_name) {
            if let Some(known) = places.get_mut(*module as usize) {
                *known = place;
            }
        }
        let ranks = match window.order {
            PackageOrder::Version => self.rows.versions.ranks(),
            PackageOrder::ProjectPath => self.ranks_by_path(),
            PackageOrder::Name | PackageOrder::Created => Vec::new(),
        };
        let rank_of = |number: u32| ranks.get(number as usize).copied().unwrap_or_default();
        let key = |row: &Gathered| match window.order {
            PackageOrder::Name => 0,
            PackageOrder::Created => row.newest,
            PackageOrder::ProjectPath => rank_of(row.module),
            PackageOrder::Version => rank_of(self.rows.version_of(row.latest)),
        };
        let place = |row: &Gathered| places.get(row.module as usize).copied().unwrap_or_default();
        let mut keyed: Vec<(u32, u32, Gathered)> =
            gathered.into_iter().map(|row| (key(&row), place(&row), row)).collect();
        keyed.sort_unstable_by_key(|(key, place, _)| (*key, *place));
        if window.descending {
            keyed.reverse();
        }
        keyed.into_iter().map(|(_, _, row)| row).collect()
    }
}
