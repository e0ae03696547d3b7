//! Modules by address: all of them, or those in which some words occur, the nearest matches first.

use fixedbitset::FixedBitSet;

use super::contents::{Contents, Module, ModuleNumber};
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

/// How near a match is: the name itself, its beginning, inside it, or elsewhere.
const NEARNESS: usize = 4;

impl ModuleFilter {
    fn admits(&self, module: &Module) -> bool {
        let (name, system) = module.sort_key();
        self.name.as_deref().is_none_or(|wanted| wanted == name)
            && (self.systems.is_empty() || self.systems.iter().any(|wanted| wanted == system))
    }

    /// Of the word that fits the name best.
    fn nearness(&self, module: &Module) -> usize {
        let name = module.sort_key().0;
        let of_word = |word: &str| match name.find(word) {
            Some(0) if name.len() == word.len() => 0,
            Some(0) => 1,
            Some(_) => 2,
            None => NEARNESS - 1,
        };
        self.words.split_whitespace().map(of_word).min().unwrap_or(0)
    }
}

impl Contents {
    /// Some of the selected modules that the filter admits, and how many there are in all.
    pub(in crate::service) fn modules(
        &self,
        mut selected: FixedBitSet,
        filter: &ModuleFilter,
        offset: usize,
        limit: usize,
    ) -> (Vec<FoundModule>, usize) {
        for word in filter.words.split_whitespace() {
            let mut found = FixedBitSet::with_capacity(self.modules.len());
            self.names.mark(word, &mut found);
            self.about.mark(word, &mut found);
            selected.intersect_with(&found);
        }
        let mut buckets: [Vec<&[ModuleNumber]>; NEARNESS] = Default::default();
        let same_address = |a: &ModuleNumber, b: &ModuleNumber| self.address(*a) == self.address(*b);
        for modules in self.by_address.chunk_by(same_address) {
            if !modules.iter().any(|module| selected.contains(*module as usize)) {
                continue;
            }
            let first = modules.first().and_then(|module| self.modules.get(*module as usize));
            if let Some(first) = first.filter(|module| filter.admits(module))
                && let Some(bucket) = buckets.get_mut(filter.nearness(first))
            {
                bucket.push(modules);
            }
        }
        let total = buckets.iter().map(Vec::len).sum();
        let page = buckets.into_iter().flatten().skip(offset).take(limit);
        (page.filter_map(|modules| self.found(*modules.first()?)).collect(), total)
    }

    /// Namespace, name and system.
    fn address(&self, number: ModuleNumber) -> Option<(GroupId, &str)> {
        let module = self.modules.get(number as usize)?;
        Some((module.root, &module.name))
    }

    fn found(&self, number: ModuleNumber) -> Option<FoundModule> {
        let module = self.modules.get(number as usize)?;
        let (name, system) = module.sort_key();
        Some(FoundModule { root: module.root, name: name.to_owned(), system: system.to_owned() })
    }
}
