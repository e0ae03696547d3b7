//! A cache bounded in bytes that drops what was not asked for longest. For values that never change.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one entry costs besides its value: the key twice, and the two maps.
const ENTRY_BYTES: usize = 256;

pub(super) struct Cache<K, V> {
    most: usize,
    held: Mutex<Held<K, V>>,
}

struct Held<K, V> {
    values: HashMap<K, Slot<V>>,
    /// Keys by when they were asked for last.
    ages: BTreeMap<u64, K>,
    clock: u64,
    bytes: usize,
}

struct Slot<V> {
    value: Arc<V>,
    bytes: usize,
    age: u64,
}

impl<K: Clone + Eq + Hash, V> Cache<K, V> {
    /// A cache of values of so many bytes together.
    pub(super) fn new(most: usize) -> Self {
        let held = Held { values: HashMap::new(), ages: BTreeMap::new(), clock: 0, bytes: 0 };
        Self { most, held: Mutex::new(held) }
    }

    fn held(&self) -> MutexGuard<'_, Held<K, V>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, key: &K) -> Option<Arc<V>> {
        let mut held = self.held();
        let Held { values, ages, clock, .. } = &mut *held;
        let slot = values.get_mut(key)?;
        *clock += 1;
        if let Some(key) = ages.remove(&slot.age) {
            ages.insert(*clock, key);
        }
        slot.age = *clock;
        Some(Arc::clone(&slot.value))
    }

    /// Keeps a value of so many bytes; not one that would take half of the cache.
    pub(super) fn put(&self, key: K, value: Arc<V>, bytes: usize) {
        let bytes = bytes.saturating_add(ENTRY_BYTES);
        if bytes > self.most / 2 {
            return;
        }
        let mut held = self.held();
        held.clock += 1;
        let age = held.clock;
        if let Some(before) = held.values.insert(key.clone(), Slot { value, bytes, age }) {
            held.ages.remove(&before.age);
            held.bytes = held.bytes.saturating_sub(before.bytes);
        }
        held.ages.insert(age, key);
        held.bytes = held.bytes.saturating_add(bytes);
        while held.bytes > self.most
            && let Some((_, oldest)) = held.ages.pop_first()
        {
            if let Some(gone) = held.values.remove(&oldest) {
                held.bytes = held.bytes.saturating_sub(gone.bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_longest_makes_room() {
        let cache = Cache::new(4 * (1000 + ENTRY_BYTES));
        for key in 0..4 {
            cache.put(key, Arc::new(key), 1000);
        }
        assert!(cache.get(&0).is_some(), "all of them fit");
        cache.put(4, Arc::new(4), 1000);
        let there: Vec<_> = (0..5).filter(|key| cache.get(key).is_some()).collect();
        assert_eq!(there, [0, 2, 3, 4]);
        cache.put(4, Arc::new(5), 1000);
        assert_eq!(cache.get(&4).as_deref(), Some(&5), "a second value takes the place of the first");
        let there = (0..5).filter(|key| cache.get(key).is_some()).count();
        assert_eq!(there, 4);
        cache.put(9, Arc::new(9), 3000);
        assert!(cache.get(&9).is_none(), "too large to be worth it");
        let held = cache.held();
        assert_eq!((held.values.len(), held.ages.len(), held.bytes), (4, 4, 4 * (1000 + ENTRY_BYTES)));
    }
}
