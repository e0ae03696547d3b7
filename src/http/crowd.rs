//! How many connections each address has, so that one cannot have them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::service::lines::network;

/// The connections of every address that has some.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    counts: Mutex<HashMap<IpAddr, usize>>,
    refusals: AtomicU64,
}

/// A connection that may stay. If it is counted, then until this is dropped.
#[derive(Debug)]
#[must_use = "the connection is counted until it is dropped"]
pub(super) struct Admitted(Option<(Arc<Crowd>, IpAddr)>);

impl Admitted {
    /// One that counts for nobody.
    pub(super) const fn uncounted() -> Self {
        Self(None)
    }
}

impl Crowd {
    /// Counts one more connection; nothing when the address has `most` already.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Admitted> {
        let network = network(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(network).or_default();
        if *count >= most {
            if *count == 0 {
                counts.remove(&network);
            }
            self.refusals.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *count += 1;
        Some(Admitted(Some((Arc::clone(self), network))))
    }

    /// How many connections were too many.
    pub(super) fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let Some((crowd, network)) = &self.0 else { return };
        let mut counts = crowd.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_no_more_and_is_forgotten_with_the_last() {
        let crowd = Arc::new(Crowd::default());
        let (first, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let two = [crowd.admit(first, 2).unwrap(), crowd.admit(first, 2).unwrap()];
        assert!(crowd.admit(first, 2).is_none());
        let another = crowd.admit(other, 2).unwrap();
        drop(two);
        assert!(crowd.admit(first, 2).is_some(), "there is room again");
        drop(another);
        assert!(crowd.admit(first, 0).is_none());
        assert!(crowd.counts.lock().unwrap().is_empty());
    }
}
