//! A cache bounded in bytes that keeps what is asked for again. For values that do not change while they are in it.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync;

/// What one entry costs besides its value: the key, and the cache's own books.
const ENTRY_BYTES: usize = 128;
/// A guess at the size of a value: how many places are made before there is anything.
const USUAL_BYTES: usize = 1024;

pub(super) struct Cache<K, V> {
    most: usize,
    held: sync::Cache<K, Slot<V>, ByBytes>,
}

struct Slot<V> {
    value: Arc<V>,
    bytes: usize,
}

impl<V> Clone for Slot<V> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), bytes: self.bytes }
    }
}

#[derive(Clone)]
struct ByBytes;

impl<K, V> Weighter<K, Slot<V>> for ByBytes {
    fn weight(&self, _key: &K, slot: &Slot<V>) -> u64 {
        slot.bytes as u64
    }
}

impl<K: Eq + Hash, V> Cache<K, V> {
    /// A cache of values of so many bytes together.
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: sync::Cache::with_weighter(most / USUAL_BYTES, most as u64, ByBytes) }
    }

    pub(super) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
    {
        self.held.get(key).map(|slot| slot.value)
    }

    /// Keeps a value of so many bytes; not one that would take half of the cache.
    pub(super) fn put(&self, key: K, value: Arc<V>, bytes: usize) {
        let bytes = bytes.saturating_add(ENTRY_BYTES);
        if bytes <= self.most / 2 {
            self.held.insert(key, Slot { value, bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_value_of_a_key_is_kept_and_the_bound_holds() {
        let cache = Cache::new(64 * (1000 + ENTRY_BYTES));
        for key in 0..1000 {
            cache.put(key, Arc::new(key), 1000);
        }
        let there = (0..1000).filter(|key| cache.get(key).is_some()).count();
        assert!((1..=64).contains(&there), "{there}");
        assert!(cache.held.weight() <= cache.most as u64);
        cache.put(7, Arc::new(7), 1000);
        cache.put(7, Arc::new(8), 1000);
        assert_eq!(cache.get(&7).as_deref(), Some(&8));
        cache.put(9_999, Arc::new(0), 33 * 1200);
        assert!(cache.get(&9_999).is_none(), "too large to be worth it");
    }

    #[test]
    fn what_is_asked_for_again_and_again_stays_while_others_pass_through() {
        let cache = Cache::new(64 * (1000 + ENTRY_BYTES));
        cache.put(0, Arc::new(0), 1000);
        for key in 1..1000 {
            cache.put(key, Arc::new(key), 1000);
            assert!(cache.get(&0).is_some(), "{key}");
        }
    }
}
