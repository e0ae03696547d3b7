//! The two orders in which modules are kept: by name, and by address.

use std::cmp::Ordering;

use super::contents::{Contents, ModuleNumber, PlacedProject};

impl Contents {
    fn compare(&self, a: ModuleNumber, b: ModuleNumber, by_name: bool) -> Ordering {
        let (Some(left), Some(right)) = (self.modules.get(a as usize), self.modules.get(b as usize)) else {
            return a.cmp(&b);
        };
        let names = || left.sort_key().cmp(&right.sort_key()).then_with(|| left.project.cmp(&right.project));
        if by_name {
            return names();
        }
        let namespace = |number| {
            self.project_of(number)
                .map_or("", PlacedProject::namespace)
                .bytes()
                .map(|b| b.to_ascii_lowercase())
        };
        namespace(a).cmp(namespace(b)).then_with(names)
    }

    /// Where a module stands, or belongs, in an order.
    pub(super) fn place_of(&self, number: ModuleNumber, by_name: bool) -> usize {
        let sorted = if by_name { &self.by_name } else { &self.by_address };
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
        let place = self.place_of(number, true);
        self.by_name.insert(place, number);
        let place = self.place_of(number, false);
        self.by_address.insert(place, number);
    }

    pub(super) fn sort_modules(&mut self) {
        let mut numbers: Vec<ModuleNumber> = self.numbers.values().copied().collect();
        numbers.sort_unstable_by(|a, b| self.compare(*a, *b, true));
        self.by_name.clone_from(&numbers);
        numbers.sort_by(|a, b| self.compare(*a, *b, false));
        self.by_address = numbers;
    }
}
