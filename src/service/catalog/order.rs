//! The two orders in which modules are kept: by name, and by address.

use std::cmp::Ordering;

use super::contents::{Contents, PlacedProject};
use super::modules::ModuleNumber;

impl Contents {
    fn compare_names(&self, a: ModuleNumber, b: ModuleNumber) -> Ordering {
        let modules = &self.modules;
        modules.name(a).cmp(modules.name(b)).then_with(|| modules.project(a).cmp(&modules.project(b)))
    }

    fn compare(&self, a: ModuleNumber, b: ModuleNumber, by_name: bool) -> Ordering {
        let namespace = |number| {
            let namespace = self.project_of(number).map_or("", PlacedProject::namespace);
            namespace.bytes().map(|byte| byte.to_ascii_lowercase())
        };
        let by_namespace = if by_name { Ordering::Equal } else { namespace(a).cmp(namespace(b)) };
        by_namespace.then_with(|| self.compare_names(a, b))
    }

    fn order(&mut self, by_name: bool) -> &mut Vec<ModuleNumber> {
        if by_name { &mut self.modules.by_name } else { &mut self.modules.by_address }
    }

    /// Where a module stands, or belongs, in an order.
    fn place_of(&self, number: ModuleNumber, by_name: bool) -> usize {
        let sorted = if by_name { &self.modules.by_name } else { &self.modules.by_address };
        sorted.partition_point(|other| self.compare(*other, number, by_name).is_lt())
    }

    /// Puts modules in order after projects were renamed.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.is_unsorted) {
            self.sort_modules();
        }
    }

    pub(super) fn insert_sorted(&mut self, number: ModuleNumber) {
        if self.is_unsorted {
            // It is sorted in with all the others.
            return self.settle();
        }
        self.modules.places.take();
        for by_name in [true, false] {
            let place = self.place_of(number, by_name);
            self.order(by_name).insert(place, number);
        }
        self.mark_repeats_at(number);
    }

    pub(super) fn remove_sorted(&mut self, number: ModuleNumber) {
        self.settle();
        self.modules.places.take();
        for by_name in [true, false] {
            let place = self.place_of(number, by_name);
            let sorted = self.order(by_name);
            if sorted.get(place) == Some(&number) {
                sorted.remove(place);
            }
        }
        self.mark_repeats_at(number);
    }

    pub(super) fn sort_modules(&mut self) {
        // What few bytes decide is compared without looking at the names.
        let beginning = |name: &[u8]| {
            let mut bytes = [0; 16];
            bytes.iter_mut().zip(name).for_each(|(place, byte)| *place = *byte);
            u128::from_be_bytes(bytes)
        };
        let numbers = self.projects.values().flat_map(|project| &project.modules);
        let mut keyed: Vec<(u128, ModuleNumber)> =
            numbers.map(|number| (beginning(self.modules.name(*number)), *number)).collect();
        keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.compare_names(a.1, b.1)));
        let by_name: Vec<ModuleNumber> = keyed.into_iter().map(|(_, number)| number).collect();
        let ranks = self.ranks_by_namespace();
        let mut by_address = by_name.clone();
        by_address.sort_by_key(|number| ranks.get(*number as usize));
        (self.modules.by_name, self.modules.by_address) = (by_name, by_address);
        self.modules.places.take();
        self.mark_repeats();
    }

    /// Where the namespace of each module stands. Paths in order are namespaces in order.
    fn ranks_by_namespace(&self) -> Vec<u32> {
        let mut namespaces: Vec<(&str, &PlacedProject)> = self
            .by_path
            .iter()
            .filter_map(|(path, id)| Some((path.split('/').next()?, self.projects.get(id)?)))
            .collect();
        namespaces.sort_by_key(|(namespace, _)| *namespace);
        let mut ranks = vec![0; self.modules.len()];
        for (rank, projects) in (0..).zip(namespaces.chunk_by(|a, b| a.0 == b.0)) {
            for module in projects.iter().flat_map(|(_, project)| &project.modules) {
                if let Some(place) = ranks.get_mut(*module as usize) {
                    *place = rank;
                }
            }
        }
        ranks
    }

    fn is_repeat(&self, before: ModuleNumber, number: ModuleNumber) -> bool {
        let root = |number| self.project_of(number).map(PlacedProject::root);
        self.modules.name(before) == self.modules.name(number) && root(before) == root(number)
    }

    fn mark_repeats(&mut self) {
        let pairs = self.modules.by_address.array_windows();
        let repeats = pairs.filter(|[before, number]| self.is_repeat(*before, *number));
        self.modules.repeats = repeats.map(|[_, number]| *number as usize).collect();
    }

    /// Looks again at the two places where a module stands or stood.
    fn mark_repeats_at(&mut self, number: ModuleNumber) {
        let place = self.place_of(number, false);
        for place in [place, place + 1] {
            let at = |place: usize| self.modules.by_address.get(place).copied();
            let Some(number) = at(place) else { continue };
            let before = place.checked_sub(1).and_then(at);
            let is_repeat = before.is_some_and(|before| self.is_repeat(before, number));
            self.modules.repeats.grow(number as usize + 1);
            self.modules.repeats.set(number as usize, is_repeat);
        }
    }
}
