//! One page of packages: counted exactly, in any of the orders, without visiting what is not on it where that can be
//! avoided.

use std::collections::HashSet;

use fixedbitset::FixedBitSet;

use super::contents::{Contents, PlacedProject};
use super::modules::{ModuleNumber, parts};
use super::publishers::PublishedBy;
use crate::domain::{GroupId, PackageId, ProjectId, Version};

/// So many rows or fewer are put in order one by one; with more of them, the next that counts is never far away in the
/// order that is kept.
const FEW: usize = 20_000;

/// Which projects a list is about.
#[derive(Debug, Clone, Copy)]
pub(in crate::service) enum Scope {
    /// All of them.
    Everything,
    /// Those of a group, and of the groups below it.
    Group {
        /// The group.
        group: GroupId,
        /// The groups below it too.
        subgroups: bool,
    },
    /// One.
    Project(ProjectId),
}

/// GitLab's orders of packages. What is equal in one comes in order of publication.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PackageOrder {
    /// By publication.
    #[default]
    Created,
    /// By name, then system.
    Name,
    /// By SemVer.
    Version,
    /// By full path of the project.
    ProjectPath,
}

/// Which rows of a list are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// In which order.
    pub order: PackageOrder,
    /// The other way round.
    pub descending: bool,
    /// How many to pass over.
    pub offset: usize,
    /// How many at most.
    pub limit: usize,
}

/// Which versions of the selected modules are wanted.
#[derive(Debug, Clone, Default)]
pub(in crate::service) struct RowFilter {
    /// Exactly this one, build metadata included.
    pub(in crate::service) version: Option<Version>,
    /// Published by these.
    pub(in crate::service) by: Option<PublishedBy>,
}

impl Contents {
    /// The modules of a scope in projects that may be seen.
    pub(in crate::service) fn select(
        &self,
        scope: Scope,
        may_see: impl Fn(&PlacedProject) -> bool,
    ) -> FixedBitSet {
        let mut selected = FixedBitSet::with_capacity(self.modules.len());
        let mut add = |project: &PlacedProject| {
            if !project.modules.is_empty() && may_see(project) {
                selected.extend(project.modules.iter().map(|module| *module as usize));
            }
        };
        match scope {
            Scope::Everything => self.projects.values().for_each(&mut add),
            Scope::Project(id) => self.projects.get(&id).into_iter().for_each(&mut add),
            Scope::Group { group, subgroups } => {
                let none = HashSet::new();
                let ids = self.below.get(&group).unwrap_or(&none);
                let projects = ids.iter().filter_map(|id| self.projects.get(id));
                projects
                    .filter(|project| subgroups || project.groups.last() == Some(&group))
                    .for_each(&mut add);
            }
        }
        selected
    }

    /// Leaves the modules in whose `name/system` every word occurs. Words are in lower case.
    pub(in crate::service) fn narrow_by_name(&self, selected: &mut FixedBitSet, words: &str) {
        for word in words.split_whitespace() {
            let mut named = self.named(word);
            named.inside.union_with(&named.elsewhere);
            selected.intersect_with(&named.inside);
        }
    }

    /// Leaves the modules for that system.
    pub(in crate::service) fn narrow_by_system(&self, selected: &mut FixedBitSet, system: &str) {
        let others: Vec<ModuleNumber> = numbers(selected)
            .filter(|number| parts(self.modules.name(*number)).1 != system.as_bytes())
            .collect();
        for number in others {
            selected.remove(number as usize);
        }
    }

    /// The packages of a window, and how many there are in all.
    pub(in crate::service) fn packages(
        &self,
        selected: &FixedBitSet,
        filter: &RowFilter,
        window: Window,
    ) -> (Vec<PackageId>, usize) {
        let filtered = self.filtered(selected, filter);
        let total = match &filtered {
            Some(rows) => rows.len(),
            None => numbers(selected).map(|module| self.rows.of_module(module).len()).sum(),
        };
        let rows: Vec<u32> = match filtered {
            Some(rows) if total > FEW => {
                let wanted: FixedBitSet = rows.into_iter().map(|row| row as usize).collect();
                self.cut(window, |row| wanted.contains(row as usize))
            }
            None if total > FEW => self.cut(window, |row| self.has(selected, row)),
            few => {
                let mut few = few.unwrap_or_else(|| self.rows_of(selected));
                self.sort(&mut few, window.order);
                if window.descending {
                    few.reverse();
                }
                few.into_iter().skip(window.offset).take(window.limit).collect()
            }
        };
        (rows.into_iter().filter_map(|row| self.package(row)).collect(), total)
    }

    /// The rows of a window among those that are wanted, taken from an order that is kept.
    fn cut(&self, window: Window, wanted: impl Fn(u32) -> bool) -> Vec<u32> {
        let rows = self.in_order(window.order, window.descending);
        rows.filter(|row| wanted(*row)).skip(window.offset).take(window.limit).collect()
    }

    /// The rows of the selected modules that a filter admits, ascending; nothing when it admits all.
    pub(super) fn filtered(&self, selected: &FixedBitSet, filter: &RowFilter) -> Option<Vec<u32>> {
        let by = filter.by.map(|by| self.rows.publishers.wanted(by));
        let admits = |row: &u32| {
            self.has(selected, *row)
                && by.as_ref().is_none_or(|wanted| self.rows.publishers.is_by(*row, wanted))
        };
        match (&filter.version, &by) {
            (Some(version), _) => {
                Some(self.rows.versions.rows(version).iter().copied().filter(admits).collect())
            }
            (None, Some(_)) => Some((0..).take(self.rows.len()).filter(admits).collect()),
            (None, None) => None,
        }
    }

    fn rows_of(&self, selected: &FixedBitSet) -> Vec<u32> {
        numbers(selected).flat_map(|module| self.rows.of_module(module).iter().copied()).collect()
    }

    fn has(&self, selected: &FixedBitSet, row: u32) -> bool {
        self.rows.module_of(row).is_some_and(|module| selected.contains(module as usize))
    }

    /// Puts rows in an order, lowest first.
    fn sort(&self, rows: &mut [u32], order: PackageOrder) {
        rows.sort_unstable();
        // Where each module or version stands is worked out once; then numbers are compared, not texts.
        let ranks = match order {
            PackageOrder::Created => return,
            PackageOrder::Name => self.ranks_by_name(),
            PackageOrder::ProjectPath => self.ranks_by_path(),
            PackageOrder::Version => self.rows.versions.ranks(),
        };
        rows.sort_by_cached_key(|row| {
            let is_by_version = order == PackageOrder::Version;
            let subject =
                if is_by_version { self.rows.version_of(*row) } else { self.rows.module_of(*row)? };
            ranks.get(subject as usize)
        });
    }

    /// Where each module stands by name. One name in several projects is one rank.
    fn ranks_by_name(&self) -> Vec<u32> {
        let mut ranks = vec![0; self.modules.len()];
        let (mut rank, mut before) = (0, None);
        for number in &self.modules.by_name {
            let name = self.modules.name(*number);
            if before != Some(name) {
                rank += 1;
                before = Some(name);
            }
            if let Some(place) = ranks.get_mut(*number as usize) {
                *place = rank;
            }
        }
        ranks
    }

    /// Where the project of each module stands by path.
    pub(super) fn ranks_by_path(&self) -> Vec<u32> {
        let mut ranks = vec![0; self.modules.len()];
        for (rank, project) in (0..).zip(self.by_path.values()) {
            let modules = self.projects.get(project).into_iter().flat_map(|project| &project.modules);
            for module in modules {
                if let Some(place) = ranks.get_mut(*module as usize) {
                    *place = rank;
                }
            }
        }
        ranks
    }

    /// Every row in an order that is kept.
    pub(super) fn in_order(
        &self,
        order: PackageOrder,
        descending: bool,
    ) -> Box<dyn Iterator<Item = u32> + '_> {
        match order {
            PackageOrder::Created => {
                let rows = 0..u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
                directed(rows, descending)
            }
            PackageOrder::Version => Box::new(
                directed(self.rows.versions.in_order(), descending)
                    .flat_map(move |rows| directed(rows.iter().copied(), descending)),
            ),
            PackageOrder::Name => {
                let same_name =
                    |a: &ModuleNumber, b: &ModuleNumber| self.modules.name(*a) == self.modules.name(*b);
                Box::new(
                    directed(self.modules.by_name.chunk_by(same_name), descending)
                        .flat_map(move |modules| self.rows_together(modules, descending)),
                )
            }
            PackageOrder::ProjectPath => {
                let projects = self.by_path.values().filter_map(|project| self.projects.get(project));
                Box::new(
                    directed(projects, descending)
                        .flat_map(move |project| self.rows_together(&project.modules, descending)),
                )
            }
        }
    }

    /// The rows of some modules, in order of publication or the other way round.
    fn rows_together(
        &self,
        modules: &[ModuleNumber],
        descending: bool,
    ) -> Box<dyn Iterator<Item = u32> + '_> {
        if let [only] = modules {
            return directed(self.rows.of_module(*only).iter().copied(), descending);
        }
        let each = modules.iter().map(|module| self.rows.of_module(*module));
        let mut rows: Vec<u32> = each.flatten().copied().collect();
        rows.sort_unstable();
        directed(rows.into_iter(), descending)
    }
}

/// The numbers of selected modules.
pub(super) fn numbers(selected: &FixedBitSet) -> impl Iterator<Item = ModuleNumber> {
    selected.ones().filter_map(|number| ModuleNumber::try_from(number).ok())
}

fn directed<'a, T: 'a>(
    items: impl DoubleEndedIterator<Item = T> + 'a,
    descending: bool,
) -> Box<dyn Iterator<Item = T> + 'a> {
    if descending { Box::new(items.rev()) } else { Box::new(items) }
}
