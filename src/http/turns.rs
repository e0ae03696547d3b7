//! Requests of one address at a time: while others ask too, an address that asks a lot gets a few answers a turn.
//!
//! The runtime goes through the connections that have something to say in turn, so an address with five hundred busy ones would have
//! everybody else wait for five hundred answers. Its requests wait in a line of their own instead; a few of it are answered, then the
//! runtime looks for what else has arrived, then the next few.
//!
//! Nothing of this is done while one address alone is served: that is seen by two numbers in memory.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use crate::service::lines::network;

/// For how many milliseconds it is remembered that more than one address asked.
const REMEMBERED: u64 = 1_000;
/// For how many milliseconds requests of an address are counted.
const WINDOW: u64 = 16;
/// Requests of an address in that time that never wait: nobody is kept from making a few.
const FREE: u64 = 16;
/// Requests of an address that are answered in a turn of the runtime.
const AT_ONCE: usize = 4;
/// Addresses are told apart by this many lines: two share one now and then, which only lets them wait together.
const LINES: usize = 512;

/// The lines.
#[derive(Debug)]
pub(super) struct Turns {
    /// The address that asked last, as a number.
    last: AtomicU64,
    /// Until when more than one address is known to ask.
    mixed_until: AtomicU64,
    lines: Box<[Line]>,
    /// Which line an address has: nobody can choose to share somebody's.
    spread: RandomState,
    waits: AtomicU64,
}

#[derive(Debug)]
struct Line {
    /// The window, and in the lower half how many requests came in it.
    meter: AtomicU64,
    places: Semaphore,
}

impl Default for Turns {
    fn default() -> Self {
        let line = || Line { meter: AtomicU64::new(0), places: Semaphore::new(AT_ONCE) };
        Self {
            last: AtomicU64::new(0),
            mixed_until: AtomicU64::new(0),
            lines: std::iter::repeat_with(line).take(LINES).collect(),
            spread: RandomState::new(),
            waits: AtomicU64::new(0),
        }
    }
}

impl Turns {
    /// Whether a request may be answered at once; else it has to wait for its turn. `now` is in milliseconds.
    #[inline]
    pub(super) fn may_go(&self, address: IpAddr, now: u64) -> bool {
        let number = number(address);
        if self.last.load(Ordering::Relaxed) != number {
            self.last.store(number, Ordering::Relaxed);
            self.mixed_until.store(now + REMEMBERED, Ordering::Relaxed);
        } else if self.mixed_until.load(Ordering::Relaxed) <= now {
            return true;
        }
        self.line(number).is_none_or(|line| line.is_within(now))
    }

    /// Waits for the turn of a request that may not go at once.
    pub(super) async fn wait(&self, address: IpAddr) {
        self.waits.fetch_add(1, Ordering::Relaxed);
        let Some(line) = self.line(number(address)) else { return };
        let place = line.places.acquire().await;
        // The runtime looks for what arrived on other connections before it comes back here.
        tokio::task::yield_now().await;
        drop(place);
    }

    /// How many requests waited.
    pub(super) fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    fn line(&self, number: u64) -> Option<&Line> {
        let hash = usize::try_from(self.spread.hash_one(number) % LINES as u64);
        self.lines.get(hash.unwrap_or_default())
    }
}

impl Line {
    /// Counts a request; whether there were few in this window. Counts are rough where threads meet, which is enough.
    fn is_within(&self, now: u64) -> bool {
        let window = (now / WINDOW) & u64::from(u32::MAX);
        let seen = self.meter.load(Ordering::Relaxed);
        let count = if seen >> 32 == window { seen & u64::from(u32::MAX) } else { 0 };
        if count >= FREE {
            return false;
        }
        self.meter.store((window << 32) | (count + 1), Ordering::Relaxed);
        true
    }
}

/// What counts as one address, as a number: an IPv4 address, or the first half of an IPv6 one.
fn number(address: IpAddr) -> u64 {
    match network(address) {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => u64::try_from(address.to_bits() >> 64).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    const FLOOD: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn who_is_alone_never_waits() {
        let turns = Turns::default();
        // The first of all cannot be told from one that follows another's.
        turns.may_go(FLOOD, 0);
        assert!((0..10_000).all(|_| turns.may_go(FLOOD, REMEMBERED)));
    }

    #[test]
    fn who_asks_a_lot_waits_while_others_ask_and_who_asks_little_never_does() {
        let turns = Turns::default();
        turns.may_go(FLOOD, 0);
        assert!(turns.may_go(OTHER, WINDOW));
        let at_once = (0..100).filter(|_| turns.may_go(FLOOD, WINDOW)).count();
        assert_eq!(at_once as u64, FREE);
        assert!(turns.may_go(OTHER, WINDOW));
        assert!(!turns.may_go(FLOOD, WINDOW));
        assert!(turns.may_go(FLOOD, 2 * WINDOW), "in the next window it may again");
        assert!((0..100).all(|_| turns.may_go(FLOOD, 3 * REMEMBERED)), "the other is gone");
    }

    #[test]
    fn what_comes_behind_a_flood_is_answered_after_a_few_of_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (turns, order) = (Arc::new(Turns::default()), Arc::new(Mutex::new(Vec::new())));
        runtime.block_on(async {
            let mut running = tokio::task::JoinSet::new();
            for number in 0..501 {
                let (turns, order) = (Arc::clone(&turns), Arc::clone(&order));
                running.spawn(async move {
                    let is_other = number == 500;
                    if !is_other {
                        turns.wait(FLOOD).await;
                    }
                    order.lock().unwrap().push(is_other);
                });
            }
            running.join_all().await;
        });
        let before = order.lock().unwrap().iter().position(|is_other| *is_other).unwrap();
        assert!(before <= AT_ONCE, "{before} were answered before it");
        assert_eq!(turns.waits(), 500);
    }
}
