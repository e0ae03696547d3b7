//! Modules by address: all of them, or those in which some words occur, the nearest matches first.

use fixedbitset::FixedBitSet;

use super::contents::Contents;
use super::modules::{ModuleNumber, parts};
use super::pages::name_pattern;
use super::text::Hit;
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
const ELSEWHERE: u16 = 3;

impl ModuleFilter {
    fn admits(&self, module: &[u8]) -> bool {
        if self.name.is_none() && self.systems.is_empty() {
            return true;
        }
        let (name, system) = parts(module);
        self.name.as_deref().is_none_or(|wanted| wanted.as_bytes() == name)
            && (self.systems.is_empty() || self.systems.iter().any(|wanted| wanted.as_bytes() == system))
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
        let has_words = !filter.words.trim().is_empty();
        let mut nearness = vec![if has_words { ELSEWHERE } else { 0 }; self.modules.len()];
        for word in filter.words.split_whitespace() {
            let mut found = FixedBitSet::with_capacity(self.modules.len());
            self.each_named(word, |hit| {
                found.grow_and_insert(hit.owner as usize);
                if let Some(known) = nearness.get_mut(hit.owner as usize) {
                    *known = nearness_of(&hit, word).min(*known);
                }
            });
            self.each_about(word, |module| found.grow_and_insert(module as usize));
            selected.intersect_with(&found);
        }
        // Of modules with one address the first that is selected stands for all.
        let (mut ranked, mut is_found) = (Vec::new(), false);
        for &number in &self.modules.by_address {
            let index = number as usize;
            is_found &= self.modules.repeats.contains(index);
            if !is_found && selected.contains(index) && filter.admits(self.modules.name(number)) {
                is_found = true;
                ranked.push((nearness.get(index).copied().unwrap_or(ELSEWHERE), number));
            }
        }
        let page = best(&ranked, offset, limit);
        (page.into_iter().filter_map(|number| self.found(number)).collect(), ranked.len())
    }

    /// Visits the modules that have a word in name or system.
    pub(super) fn each_named(&self, word: &str, visit: impl FnMut(Hit<'_>)) {
        if let Some(word) = name_pattern(word) {
            self.modules.names.each_hit(word.as_bytes(), visit);
        }
    }

    /// Visits the modules that have a word in their description, in their namespace, or across namespace and name.
    pub(super) fn each_about(&self, word: &str, mut visit: impl FnMut(ModuleNumber)) {
        self.modules.descriptions.each_hit(word.as_bytes(), |hit| visit(hit.owner));
        let finder = memchr::memmem::Finder::new(word.as_bytes());
        // `acme/vpc` is in the address of a module whose name begins so.
        let across = word.split_once('/').and_then(|(end, start)| Some((end, name_pattern(start)?)));
        let (mut last, mut is_in_last) = ("", false);
        for (path, id) in &self.by_path {
            let namespace = path.split('/').next().unwrap_or_default();
            if namespace != last {
                (last, is_in_last) = (namespace, finder.find(namespace.as_bytes()).is_some());
            }
            let Some(project) = self.projects.get(id) else { continue };
            if is_in_last {
                project.modules.iter().for_each(|module| visit(*module));
                continue;
            }
            if let Some((end, start)) = &across
                && namespace.ends_with(end)
            {
                let named = project.modules.iter().copied();
                named
                    .filter(|module| self.modules.name(*module).starts_with(start.as_bytes()))
                    .for_each(&mut visit);
            }
            if finder.find(project.description.as_bytes()).is_some() {
                let plain = project.modules.iter().copied();
                plain.filter(|module| self.modules.descriptions.get(*module).is_empty()).for_each(&mut visit);
            }
        }
    }

    fn found(&self, number: ModuleNumber) -> Option<FoundModule> {
        let (name, system) = parts(self.modules.name(number));
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Some(FoundModule { root: self.project_of(number)?.root(), name: text(name), system: text(system) })
    }
}

fn nearness_of(hit: &Hit<'_>, word: &str) -> u16 {
    let name = parts(hit.text).0;
    match hit.at {
        _ if hit.at + word.len() > name.len() => ELSEWHERE,
        0 if word.len() == name.len() => 0,
        0 => 1,
        _ => 2,
    }
}

/// The modules of a window of the order by rank. What is equal in rank keeps its order.
pub(super) fn best(ranked: &[(u16, ModuleNumber)], offset: usize, limit: usize) -> Vec<ModuleNumber> {
    let mut next: Vec<usize> = Vec::new();
    for (rank, _) in ranked {
        let rank = usize::from(*rank);
        if next.len() <= rank {
            next.resize(rank + 1, 0);
        }
        if let Some(count) = next.get_mut(rank) {
            *count += 1;
        }
    }
    let mut before = 0;
    for count in &mut next {
        before += std::mem::replace(count, before);
    }
    let end = ranked.len().min(offset.saturating_add(limit));
    let mut window = vec![0; end.saturating_sub(offset)];
    for (rank, number) in ranked {
        let Some(place) = next.get_mut(usize::from(*rank)) else { continue };
        if let Some(slot) = place.checked_sub(offset).and_then(|place| window.get_mut(place)) {
            *slot = *number;
        }
        *place += 1;
    }
    window
}
