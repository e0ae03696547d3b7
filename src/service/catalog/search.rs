//! Modules by address: all of them, or those in which some words occur, the nearest matches first.

use fixedbitset::FixedBitSet;

use super::contents::Contents;
use super::hits::{Named, set_of};
use super::modules::{ModuleNumber, parts};
use super::pages::numbers;
use crate::domain::GroupId;

/// Which modules are wanted, besides that they may be seen. Texts are in lower case.
#[derive(Debug, Clone, Default)]
pub(in crate::service) struct ModuleFilter {
    /// Words that must all occur in namespace, name, system or description; a word of the name counts most.
    pub(in crate::service) words: String,
    /// Exactly this name.
    pub(in crate::service) name: Option<String>,
    /// One of these systems; any, when there is none.
    pub(in crate::service) systems: Vec<String>,
}

/// A module by its address.
#[derive(Debug, Clone)]
pub(in crate::service) struct FoundModule {
    /// The root group: its namespace.
    pub(in crate::service) root: GroupId,
    /// Name in lower case.
    pub(in crate::service) name: String,
    /// Its system.
    pub(in crate::service) system: String,
}

impl ModuleFilter {
    const fn narrows(&self) -> bool {
        self.name.is_some() || !self.systems.is_empty()
    }

    fn admits(&self, module: &[u8]) -> bool {
        let (name, system) = parts(module);
        self.name.as_deref().is_none_or(|wanted| wanted.as_bytes() == name)
            && (self.systems.is_empty() || self.systems.iter().any(|wanted| wanted.as_bytes() == system))
    }
}

impl Contents {
    /// Some of the selected modules that the filter admits, and how many there are in all. First come those that have a word
    /// as their name, then those whose name begins with one, then those that have one inside it.
    pub(in crate::service) fn modules(
        &self,
        mut selected: FixedBitSet,
        filter: &ModuleFilter,
        offset: usize,
        limit: usize,
    ) -> (Vec<FoundModule>, usize) {
        let mut nearest: [FixedBitSet; 3] = Default::default();
        for word in filter.words.split_whitespace() {
            let Named { inside, mut elsewhere } = self.named(word);
            let (exactly, beginning) = self.beginning_with(word);
            let [exact, begins, has] = &mut nearest;
            exact.union_with(&set_of(exactly));
            begins.union_with(&set_of(beginning));
            has.union_with(&inside);
            elsewhere.union_with(&inside);
            self.mark_about(word, &mut elsewhere);
            selected.intersect_with(&elsewhere);
        }
        if filter.narrows() {
            let others: Vec<ModuleNumber> =
                numbers(&selected).filter(|number| !filter.admits(self.modules.name(*number))).collect();
            for number in others {
                selected.remove(number as usize);
            }
        }
        self.leave_one_each(&mut selected);
        let total = selected.count_ones(..);
        let page = self.window(selected, &nearest, offset, limit);
        (page.into_iter().filter_map(|number| self.found(number)).collect(), total)
    }

    /// Of modules with one address leaves the first: it stands for all.
    fn leave_one_each(&self, selected: &mut FixedBitSet) {
        let repeated: Vec<ModuleNumber> =
            numbers(selected).filter(|number| self.modules.repeats.contains(*number as usize)).collect();
        for number in repeated {
            let place = self.modules.places().get(number as usize).map_or(0, |place| *place as usize);
            let before = self.modules.by_address.get(..place).unwrap_or_default().iter().rev();
            let mut is_same = true;
            let mut others = before.take_while(|other| {
                std::mem::replace(&mut is_same, self.modules.repeats.contains(**other as usize))
            });
            if others.any(|other| selected.contains(*other as usize)) {
                selected.remove(number as usize);
            }
        }
    }

    fn found(&self, number: ModuleNumber) -> Option<FoundModule> {
        let (name, system) = parts(self.modules.name(number));
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Some(FoundModule { root: self.project_of(number)?.root(), name: text(name), system: text(system) })
    }
}
