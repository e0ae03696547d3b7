//! Which modules have a word of a search and where, and those of a window of the order by where they have it.

use std::ops::Bound::{Excluded, Included, Unbounded};

use fixedbitset::FixedBitSet;
use memchr::memmem::Finder;

use super::contents::Contents;
use super::modules::{BETWEEN, ModuleNumber, is_between_words, parts};
use super::pages::numbers;

/// Of so many modules one at most is a find that is rare: those are put in order one by one.
const RARE: usize = 32;

/// Modules that have a word in name or system.
pub(super) struct Named {
    /// In the name.
    pub(super) inside: FixedBitSet,
    /// In the system, or across both. Some may have it in the name as well.
    pub(super) elsewhere: FixedBitSet,
}

impl Contents {
    fn no_modules(&self) -> FixedBitSet {
        FixedBitSet::with_capacity(self.modules.len())
    }

    /// The modules that have a word in name or system.
    pub(super) fn named(&self, word: &str) -> Named {
        let mut named = Named { inside: self.no_modules(), elsewhere: self.no_modules() };
        let Some(pattern) = name_pattern(word) else { return named };
        if !pattern.contains(is_between_words) {
            let words = &self.modules.name_words;
            words.each_with(pattern.as_bytes(), |number, word, _| {
                let is_system = word.first() == Some(&(BETWEEN as u8));
                let found = if is_system { &mut named.elsewhere } else { &mut named.inside };
                words.mark_holders(number, found);
            });
            return named;
        }
        // It goes beyond one word of a name: who has the parts of it may have them side by side.
        let finder = Finder::new(pattern.as_bytes());
        let candidates = self.having_parts(&pattern);
        for number in numbers(&candidates) {
            let module = self.modules.name(number);
            let Some(at) = finder.find(module) else { continue };
            let is_inside = at + pattern.len() <= parts(module).0.len();
            let found = if is_inside { &mut named.inside } else { &mut named.elsewhere };
            found.grow_and_insert(number as usize);
        }
        named
    }

    /// The modules in whose name and system are words that end with the first part of a pattern, begin with its last, and
    /// are those between.
    fn having_parts(&self, pattern: &str) -> FixedBitSet {
        let words = &self.modules.name_words;
        let mut candidates = self.no_modules();
        candidates.insert_range(..);
        let last = pattern.split(is_between_words).count() - 1;
        for (place, part) in pattern.split(is_between_words).enumerate().filter(|(_, part)| !part.is_empty())
        {
            let mut having = self.no_modules();
            words.each_with(part.as_bytes(), |number, word, at| {
                let begin = usize::from(word.first() == Some(&(BETWEEN as u8)));
                if (place == 0 || at == begin) && (place == last || word.ends_with(part.as_bytes())) {
                    words.mark_holders(number, &mut having);
                }
            });
            candidates.intersect_with(&having);
        }
        candidates
    }

    /// The modules whose name is a word, and those whose name only begins with it.
    pub(super) fn beginning_with(&self, word: &str) -> (&[ModuleNumber], &[ModuleNumber]) {
        if word.contains(['/', BETWEEN]) {
            return (&[], &[]);
        }
        let beginning = |number: &ModuleNumber| {
            let name = self.modules.name(*number);
            name.get(..word.len()).unwrap_or(name)
        };
        let by_name = &self.modules.by_name;
        let begin = by_name.partition_point(|number| beginning(number) < word.as_bytes());
        let (_, rest) = by_name.split_at(begin);
        let (found, _) = rest.split_at(rest.partition_point(|number| beginning(number) == word.as_bytes()));
        // A name that ends there is before all that go on.
        let is_whole = |number: &ModuleNumber| parts(self.modules.name(*number)).0.len() == word.len();
        found.split_at(found.partition_point(is_whole))
    }

    /// Marks the modules that have a word in their description, in their namespace, or across namespace and name.
    pub(super) fn mark_about(&self, word: &str, found: &mut FixedBitSet) {
        self.modules.descriptions.mark(word.as_bytes(), found);
        // `acme/vpc` is in the address of a module whose name begins so.
        let across = word.split_once('/').and_then(|(end, start)| Some((end, name_pattern(start)?)));
        let mut next = self.by_path.keys().next();
        while let Some(path) = next {
            let namespace = path.split('/').next().unwrap_or_default();
            // What follows all paths that begin with the namespace and a slash.
            let behind = format!("{namespace}0");
            if namespace.contains(word) {
                self.modules_below(namespace, &behind)
                    .for_each(|number| found.grow_and_insert(number as usize));
            } else if let Some((end, start)) = &across
                && namespace.ends_with(end)
            {
                self.modules_below(namespace, &behind)
                    .filter(|number| self.modules.name(*number).starts_with(start.as_bytes()))
                    .for_each(|number| found.grow_and_insert(number as usize));
            }
            next = self
                .by_path
                .range::<str, _>((Included(behind.as_str()), Unbounded))
                .next()
                .map(|(path, _)| path);
        }
    }

    fn modules_below(&self, namespace: &str, behind: &str) -> impl Iterator<Item = ModuleNumber> {
        let first = format!("{namespace}/");
        let below = self.by_path.range::<str, _>((Included(first.as_str()), Excluded(behind)));
        let projects = below.filter_map(|(_, project)| self.projects.get(project));
        projects.flat_map(|project| &project.modules).copied()
    }

    /// The modules of a window: first those of the first of some sets, then those of the second, in the end those of none of
    /// them; within each by address.
    pub(super) fn window(
        &self,
        mut selected: FixedBitSet,
        nearest: &[FixedBitSet],
        offset: usize,
        limit: usize,
    ) -> Vec<ModuleNumber> {
        let (mut page, mut before) = (Vec::new(), offset);
        for set in nearest {
            let mut near = set.clone();
            near.intersect_with(&selected);
            selected.difference_with(&near);
            before = self.take_from(&near, before, limit, &mut page);
        }
        self.take_from(&selected, before, limit, &mut page);
        page
    }

    /// Takes what is left of the page from a set by address; `before` modules come before that. Says how many still do.
    fn take_from(
        &self,
        set: &FixedBitSet,
        before: usize,
        limit: usize,
        page: &mut Vec<ModuleNumber>,
    ) -> usize {
        let (count, wanted) = (set.count_ones(..), limit.saturating_sub(page.len()));
        if count <= before || wanted == 0 {
            return before.saturating_sub(count);
        }
        if count > self.modules.by_address.len() / RARE {
            // The next is never far away.
            let found = self.modules.by_address.iter().filter(|number| set.contains(**number as usize));
            page.extend(found.skip(before).take(wanted));
        } else {
            let places = self.modules.places();
            let mut found: Vec<ModuleNumber> = numbers(set).collect();
            found.sort_unstable_by_key(|number| places.get(*number as usize));
            page.extend(found.into_iter().skip(before).take(wanted));
        }
        0
    }
}

/// Modules as a set.
pub(super) fn set_of(modules: &[ModuleNumber]) -> FixedBitSet {
    modules.iter().map(|number| *number as usize).collect()
}

/// A word as it is looked for in names; nothing when no name can have it.
fn name_pattern(word: &str) -> Option<String> {
    (!word.contains(BETWEEN)).then(|| word.replace('/', "\0"))
}
