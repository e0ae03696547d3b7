//! Many ascending lists of numbers in one piece of memory: a piece for each would cost more than the few numbers in it.

/// Numbers whose room is free again that are kept before everything is copied.
const MAX_WASTE: usize = 1 << 16;

/// A list for each owner.
#[derive(Debug, Default)]
pub(super) struct Lists {
    items: Vec<u32>,
    places: Vec<Place>,
    wasted: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    start: u32,
    length: u32,
    room: u32,
}

impl Place {
    const fn from(self) -> usize {
        self.start as usize
    }

    const fn end(self) -> usize {
        self.start as usize + self.length as usize
    }
}

impl Lists {
    /// The numbers from 0 on, each in the list of its owner. An owner that is not below `count` has no list.
    pub(super) fn new(owners: impl Iterator<Item = u32> + Clone, count: usize) -> Self {
        let mut counts = vec![0; count];
        for owner in owners.clone() {
            if let Some(count) = counts.get_mut(owner as usize) {
                *count += 1;
            }
        }
        let mut lists = Self::with_room(counts.into_iter());
        for (number, owner) in (0..).zip(owners) {
            lists.append(owner, number);
        }
        lists
    }

    /// An empty list for each owner, with room for so many numbers.
    pub(super) fn with_room(rooms: impl Iterator<Item = u32>) -> Self {
        let mut start = 0;
        let places = rooms.map(|room| {
            let place = Place { start, length: 0, room };
            start += room;
            place
        });
        let places = places.collect();
        Self { items: vec![0; start as usize], places, wasted: 0 }
    }

    /// Adds a number that is above all in the list of its owner. Where there is no room it is left out.
    pub(super) fn append(&mut self, owner: u32, number: u32) {
        if let Some(place) = self.places.get_mut(owner as usize)
            && place.length < place.room
            && let Some(item) = self.items.get_mut(place.end())
        {
            *item = number;
            place.length += 1;
        }
    }

    /// One more than the highest number of an owner.
    pub(super) fn owners(&self) -> usize {
        self.places.len()
    }

    /// Has lists for so many owners at least.
    pub(super) fn reach(&mut self, owners: usize) {
        if self.places.len() < owners {
            self.places.resize(owners, Place::default());
        }
    }

    /// Empties the list of an owner.
    pub(super) fn clear(&mut self, owner: u32) {
        if let Some(place) = self.places.get_mut(owner as usize) {
            self.wasted += place.room as usize;
            *place = Place::default();
        }
    }

    /// The list of an owner.
    pub(super) fn get(&self, owner: u32) -> &[u32] {
        let place = self.places.get(owner as usize);
        place.and_then(|place| self.items.get(place.from()..place.end())).unwrap_or_default()
    }

    /// Adds a number to the list of an owner.
    pub(super) fn insert(&mut self, owner: u32, number: u32) {
        let index = owner as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, Place::default());
        }
        let Some(before) = self.places.get(index).copied() else { return };
        if before.length == before.room && !self.enlarge(before, index) {
            return;
        }
        let Some(place) = self.places.get_mut(index) else { return };
        let from = place.from();
        if let Some(item) = self.items.get_mut(place.end()) {
            *item = number;
            place.length += 1;
        }
        // Nearly always it is the highest.
        if let Some(list) = self.items.get_mut(from..place.end()) {
            let rank = list.split_last().map_or(0, |(_, others)| others.partition_point(|it| *it < number));
            if let Some(later) = list.get_mut(rank..) {
                later.rotate_right(1);
            }
        }
        if self.wasted > MAX_WASTE.max(self.items.len() / 2) {
            self.compact();
        }
    }

    /// Moves a full list to the end, where there is room.
    fn enlarge(&mut self, before: Place, index: usize) -> bool {
        let room = before.length + before.length / 8 + 4;
        let start = self.items.len();
        let Some(end) = u32::try_from(start).ok().and_then(|start| start.checked_add(room)) else {
            return false;
        };
        self.items.extend_from_within(before.from()..before.end());
        self.items.resize(end as usize, 0);
        self.wasted += before.room as usize;
        if let Some(place) = self.places.get_mut(index) {
            *place = Place { start: end - room, room, ..before };
        }
        true
    }

    /// Takes a number from the list of an owner.
    pub(super) fn remove(&mut self, owner: u32, number: u32) {
        let Some(place) = self.places.get_mut(owner as usize) else { return };
        let Some(list) = self.items.get_mut(place.from()..place.end()) else { return };
        if let Ok(rank) = list.binary_search(&number)
            && let Some(later) = list.get_mut(rank..)
        {
            later.rotate_left(1);
            place.length -= 1;
        }
    }

    fn compact(&mut self) {
        let mut items = Vec::with_capacity(self.items.len() - self.wasted);
        for place in &mut self.places {
            let start = u32::try_from(items.len()).unwrap_or(u32::MAX);
            items.extend_from_slice(self.items.get(place.from()..place.end()).unwrap_or_default());
            *place = Place { start, length: place.length, room: place.length };
        }
        (self.items, self.wasted) = (items, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn lists_hold_what_was_put_into_them_in_order() {
        let owners = [2, 0, 2, 9, 2, 0];
        let lists = Lists::new(owners.into_iter(), 3);
        assert_eq!(
            [0, 1, 2, 9].map(|owner| lists.get(owner).to_vec()),
            [vec![1, 5], vec![], vec![0, 2, 4], vec![]]
        );
    }

    #[test]
    fn lists_change_independently_and_their_memory_comes_back() {
        let mut lists = Lists::new([0, 1, 1, 3].into_iter(), 4);
        let mut model =
            vec![BTreeSet::from([0]), BTreeSet::from([1, 2]), BTreeSet::new(), BTreeSet::from([3])];
        model.resize(50, BTreeSet::new());
        let mut choice = 1_u32;
        for step in 0..60_000_u32 {
            choice = choice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (owner, number) = ((choice >> 16) % 50, (choice >> 8) % 3_000);
            let list = &mut model[owner as usize];
            if step.is_multiple_of(3) || list.contains(&number) {
                lists.remove(owner, number);
                list.remove(&number);
            } else {
                lists.insert(owner, number);
                list.insert(number);
            }
        }
        for (owner, list) in (0..).zip(&model) {
            assert_eq!(lists.get(owner), list.iter().copied().collect::<Vec<_>>(), "{owner}");
        }
        let held: usize = model.iter().map(BTreeSet::len).sum();
        assert!(lists.items.len() < 2 * (held + MAX_WASTE), "{} for {held}", lists.items.len());
    }
}
