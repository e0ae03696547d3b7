//! Writes that were refused: gathered in memory and written together, so that nobody waits for it, and bounded, so that
//! nobody can fill the disk with them.
//!
//! Of each address the first refusals of a minute are kept one by one; the rest is counted, and one entry a minute says
//! how many they were. What is lost in a crash are the last seconds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::{actor, credential, rounded};
use crate::domain::audit::{Action, Details, Entry, Kind, Named, Outcome, Refusal, cut};
use crate::service::lines::network;
use crate::service::{Caller, Registry, ServiceError};

/// How long refusals are counted together, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// Refusals of one address in that time that are kept one by one.
const OF_AN_ADDRESS: u32 = 60;
/// Of all addresses together.
const OF_ALL: u32 = 300;
/// Entries about refusals in a day, after which all refusals of a minute are counted in one: refusing costs whoever is
/// refused nothing, and what is written stays.
const OF_A_DAY: u32 = 20_000;
/// How long a day is, in milliseconds.
const DAY_MS: i64 = 24 * 60 * WINDOW_MS;
/// Addresses that are told apart in that time; the others are counted together.
const ADDRESSES: usize = 200;
/// Entries that wait at most, while the disk takes none.
const WAITING: usize = 1_000;

/// A write that was refused.
#[derive(Debug)]
pub struct RefusedRequest<'a> {
    /// Who made it.
    pub caller: &'a Caller,
    /// Status of the answer.
    pub status: u16,
    /// A short stable word for why.
    pub reason: &'static str,
    /// Its method.
    pub method: &'static str,
    /// The pattern of its URL.
    pub route: &'static str,
    /// Its path, without the query.
    pub path: &'a str,
}

/// Where refusals are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    /// Whoever has the machine.
    Operator,
    /// An address; of IPv6 the /64 that one customer has at least.
    Network(IpAddr),
    /// All addresses beyond those that are told apart.
    Others,
}

impl Source {
    fn of(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Operator, |address| Self::Network(network(address)))
    }

    fn shown(self) -> Option<String> {
        match self {
            Self::Operator | Self::Others => None,
            Self::Network(v6 @ IpAddr::V6(_)) => Some(format!("{v6}/64")),
            Self::Network(v4) => Some(v4.to_string()),
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    kept: u32,
    more: u64,
}

/// Refusals that are not written yet.
#[derive(Debug, Default)]
pub(in crate::service) struct Refusals(Mutex<Pending>);

#[derive(Debug, Default)]
struct Pending {
    entries: Vec<Entry>,
    counts: HashMap<Source, Count>,
    kept: u32,
    /// When counting began, in milliseconds since 1970.
    since: i64,
    /// Entries of this day, and when that began.
    of_day: u32,
    day_since: i64,
}

impl Pending {
    fn add(&mut self, address: Option<IpAddr>, entry: Entry, now: Timestamp) {
        self.turn(now, false);
        let spent = self.of_day >= OF_A_DAY;
        let source = if spent { Source::Others } else { Source::of(address) };
        let room = self.counts.len() < ADDRESSES;
        let known = room || self.counts.contains_key(&source);
        let full = spent || self.kept >= OF_ALL || self.entries.len() >= WAITING;
        let count = self.counts.entry(if known { source } else { Source::Others }).or_default();
        if full || count.kept >= OF_AN_ADDRESS {
            count.more += 1;
        } else {
            count.kept += 1;
            self.kept += 1;
            self.of_day += 1;
            self.entries.push(entry);
        }
    }

    /// Ends the minute when it is over, with an entry for each address that had more than were kept.
    fn turn(&mut self, now: Timestamp, at_once: bool) {
        let elapsed = now.as_millisecond().saturating_sub(self.since);
        // A clock that was set back does not keep a minute open for a year.
        if !at_once && (0..WINDOW_MS).contains(&elapsed) {
            return;
        }
        let since = Timestamp::from_millisecond(self.since).unwrap_or(now);
        for (source, count) in
            std::mem::take(&mut self.counts).into_iter().filter(|(_, count)| count.more > 0)
        {
            self.entries.push(summary(source, count.more, since, now));
            self.of_day = self.of_day.saturating_add(1);
        }
        if !(0..DAY_MS).contains(&now.as_millisecond().saturating_sub(self.day_since)) {
            (self.of_day, self.day_since) = (0, now.as_millisecond());
        }
        (self.kept, self.since) = (0, now.as_millisecond());
    }

    fn take_back(&mut self, mut older: Vec<Entry>) {
        // When the disk takes nothing for long, the oldest are what can be told about it.
        let more = std::mem::take(&mut self.entries);
        older.extend(more);
        older.truncate(WAITING + ADDRESSES);
        self.entries = older;
    }
}

fn summary(source: Source, more: u64, since: Timestamp, now: Timestamp) -> Entry {
    let mut details = Details::new();
    details.insert("count".to_owned(), more.into());
    details.insert("since".to_owned(), rounded(since).to_string().into());
    let who = if source == Source::Operator { Kind::Operator } else { Kind::Anonymous };
    Entry {
        at: rounded(now),
        action: Action::RefusalsCounted,
        outcome: Outcome::Refused,
        actor: Named::only(who),
        credential: None,
        address: source.shown(),
        request_id: None,
        target: None,
        scope: None,
        refusal: None,
        details,
    }
}

impl Refusals {
    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    /// Notes that the request of this handle was refused. It is written within seconds.
    pub fn note_refusal(&self, refused: &RefusedRequest<'_>) {
        let now = self.now();
        let (action, target) = match self.origin.failed_sign_in.get() {
            Some(user) => (Action::SignInFailed, user.clone()),
            None => (Action::RequestRefused, Some(Named::new(Kind::Path, None, &cut(refused.path)))),
        };
        let entry = Entry {
            at: rounded(now),
            action,
            outcome: Outcome::Refused,
            actor: actor(refused.caller),
            credential: credential(refused.caller),
            address: self.origin.address.map(|address| address.to_string()),
            request_id: self.origin.request_id.clone(),
            target,
            scope: None,
            refusal: Some(Refusal {
                status: refused.status,
                reason: refused.reason.to_owned(),
                method: refused.method.to_owned(),
                route: refused.route.to_owned(),
            }),
            details: Details::new(),
        };
        self.shared.refusals.lock().add(self.origin.address, entry, now);
    }

    /// Writes the refusals that were gathered; `closing` those that are still being counted, too.
    pub(in crate::service) async fn flush_refusals(&self, closing: bool) -> Result<(), ServiceError> {
        let taken = {
            let mut pending = self.shared.refusals.lock();
            pending.turn(self.now(), closing);
            std::mem::take(&mut pending.entries)
        };
        if taken.is_empty() {
            return Ok(());
        }
        let entries = taken.clone();
        let written = self.store().write(move |change| {
            entries.iter().try_for_each(|entry| change.audit(entry)).map_err(ServiceError::from)
        });
        let outcome = written.await;
        if outcome.is_err() {
            self.shared.refusals.lock().take_back(taken);
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
    }

    fn refused(pending: &mut Pending, address: &str, ms: i64) {
        let entry = summary(Source::Others, 0, at(0), at(ms));
        pending.add(
            Some(address.parse().unwrap()),
            Entry { action: Action::RequestRefused, ..entry },
            at(ms),
        );
    }

    /// Entries of single refusals, and the counts of the others by address.
    fn written(pending: &mut Pending, ms: i64) -> (usize, Vec<(Option<String>, u64)>) {
        pending.turn(at(ms), false);
        let entries = std::mem::take(&mut pending.entries);
        let single = entries.iter().filter(|entry| entry.action == Action::RequestRefused).count();
        let counted = entries.iter().filter(|entry| entry.action == Action::RefusalsCounted);
        let mut counted: Vec<_> =
            counted.map(|entry| (entry.address.clone(), entry.details["count"].as_u64().unwrap())).collect();
        counted.sort();
        (single, counted)
    }

    #[test]
    fn of_a_flood_from_one_address_sixty_a_minute_are_kept_and_the_rest_is_counted() {
        let mut pending = Pending::default();
        for number in 0..10_000 {
            refused(&mut pending, "192.0.2.1", number / 1_000);
        }
        assert_eq!(written(&mut pending, 59_000), (60, vec![]), "the minute is not over");
        let more = vec![(Some("192.0.2.1".to_owned()), 9_940)];
        assert_eq!(written(&mut pending, 61_000), (0, more));
        refused(&mut pending, "192.0.2.1", 62_000);
        assert_eq!(written(&mut pending, 63_000), (1, vec![]), "a new minute");
        assert_eq!(written(&mut pending, 200_000), (0, vec![]), "nothing to count");
    }

    #[test]
    fn a_network_has_one_count_and_others_are_still_heard() {
        let mut pending = Pending::default();
        for host in 0..100 {
            refused(&mut pending, &format!("2001:db8::{host}"), 0);
        }
        refused(&mut pending, "192.0.2.7", 0);
        let more = vec![(Some("2001:db8::/64".to_owned()), 40)];
        assert_eq!(written(&mut pending, 60_000), (61, more));
    }

    #[test]
    fn a_flood_from_everywhere_costs_bounded_memory_and_bounded_entries() {
        let mut pending = Pending::default();
        for number in 0..50_000_u32 {
            refused(&mut pending, &IpAddr::V4(number.into()).to_string(), 0);
        }
        assert!(pending.counts.len() <= ADDRESSES + 1, "{}", pending.counts.len());
        let (single, counted) = written(&mut pending, 60_000);
        assert!(single <= 300 && counted.len() <= ADDRESSES + 1, "{single} {}", counted.len());
        let more: u64 = counted.iter().map(|(_, count)| count).sum();
        assert_eq!(single as u64 + more, 50_000, "every one of them is told of");
    }

    #[test]
    fn while_nothing_can_be_written_what_waits_is_bounded() {
        let mut pending = Pending::default();
        for minute in 0..100 {
            for _ in 0..100 {
                refused(&mut pending, "192.0.2.1", minute * 60_000);
            }
            let taken = std::mem::take(&mut pending.entries);
            pending.take_back(taken);
        }
        assert!(pending.entries.len() <= WAITING + ADDRESSES, "{}", pending.entries.len());
    }

    #[test]
    fn a_clock_that_was_set_back_begins_a_new_minute() {
        let mut pending = Pending::default();
        for _ in 0..70 {
            refused(&mut pending, "192.0.2.1", 1_000_000);
        }
        refused(&mut pending, "192.0.2.1", 0);
        assert_eq!(written(&mut pending, 1_000).0, 61);
    }
}
