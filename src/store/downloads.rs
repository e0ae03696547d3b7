//! Downloads as they are counted: added to a package's total and to its days, of which a year is kept.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::tables::{DAILY_DOWNLOADS, DOWNLOADS, DailyDownloads, DayCount};
use super::{Change, Reader, StoreError, packages};
use crate::domain::PackageId;

/// Days that are kept, today included: a whole year, however long.
pub const DAYS_KEPT: i64 = 366;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The day of a time in UTC, in days since 1970.
pub fn day(at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(DAY_MS)
}

/// Downloads of one package that are to be added to what is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many on which day.
    days: BTreeMap<i64, u64>,
    /// When the last one was, in milliseconds since 1970.
    last_ms: i64,
}

impl Counted {
    /// One more.
    pub fn one(&mut self, now: Timestamp) {
        self.merge(&Self { days: BTreeMap::from([(day(now), 1)]), last_ms: now.as_millisecond() });
    }

    /// As many more as another counted.
    pub fn merge(&mut self, other: &Self) {
        for (&day, &count) in &other.days {
            let sum = self.days.entry(day).or_default();
            *sum = sum.saturating_add(count);
        }
        self.last_ms = self.last_ms.max(other.last_ms);
    }

    fn sum(&self) -> u64 {
        self.days.values().copied().fold(0, u64::saturating_add)
    }
}

impl DailyDownloads {
    /// The downloads of some days.
    pub fn within(&self, days: &RangeInclusive<i64>) -> u64 {
        let counted = self.days.iter().filter(|counted| days.contains(&counted.day));
        counted.map(|counted| counted.count).fold(0, u64::saturating_add)
    }

    /// Adds what was counted and forgets the days that are too old by now.
    fn add(&mut self, counted: &Counted) {
        for (&day, &count) in &counted.days {
            match self.days.binary_search_by_key(&day, |known| known.day) {
                Ok(place) => {
                    if let Some(known) = self.days.get_mut(place) {
                        known.count = known.count.saturating_add(count);
                    }
                }
                Err(place) => self.days.insert(place, DayCount { day, count }),
            }
        }
        let newest = self.days.last().map_or(0, |known| known.day);
        self.days.retain(|known| known.day > newest.saturating_sub(DAYS_KEPT));
    }
}

/// How often a package was downloaded on each of the last days.
pub fn daily(reader: &impl Reader, package: PackageId) -> Result<DailyDownloads, StoreError> {
    Ok(reader.get(&DAILY_DOWNLOADS, package.0)?.unwrap_or_default())
}

/// Adds to a package's downloads, unless it is gone.
pub fn add(change: &mut Change<'_>, package: PackageId, counted: &Counted) -> Result<(), StoreError> {
    if packages::package(change, package)?.is_none() {
        return Ok(());
    }
    let (mut all, mut days) = (packages::downloads(change, package)?, daily(change, package)?);
    all.count = all.count.saturating_add(counted.sum());
    all.last_ms = all.last_ms.max(counted.last_ms);
    days.add(counted);
    change.put(&DOWNLOADS, package.0, &all)?;
    change.put(&DAILY_DOWNLOADS, package.0, &days)
}

/// Forgets a package's downloads.
pub(super) fn remove(change: &mut Change<'_>, package: PackageId) {
    change.remove(&DOWNLOADS, package.0);
    change.remove(&DAILY_DOWNLOADS, package.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_millisecond(day * DAY_MS + 1).unwrap()
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        for (time, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T23:59:59.999Z", 0),
            ("1970-01-02T00:00:00Z", 1),
            ("1969-12-31T23:59:59.999Z", -1),
        ] {
            assert_eq!(day(time.parse().unwrap()), expected, "{time}");
        }
    }

    #[test]
    fn days_add_up_in_order_whatever_order_they_come_in() {
        let mut daily = DailyDownloads::default();
        for day in [10, 12, 11, 10] {
            let mut counted = Counted::default();
            counted.one(at(day));
            counted.one(at(day));
            daily.add(&counted);
        }
        let counts: Vec<(i64, u64)> = daily.days.iter().map(|known| (known.day, known.count)).collect();
        assert_eq!(counts, [(10, 4), (11, 2), (12, 2)]);
        assert_eq!(daily.within(&(11..=12)), 4);
        assert_eq!(daily.within(&(13..=20)), 0);
    }

    #[test]
    fn a_year_of_days_is_kept_and_no_more() {
        let mut daily = DailyDownloads::default();
        for day in 0..1000 {
            let mut counted = Counted::default();
            counted.one(at(day));
            daily.add(&counted);
        }
        assert_eq!(daily.days.len(), 366);
        assert_eq!(daily.days[0].day, 1000 - 366);
        assert_eq!(daily.within(&(0..=1000)), 366);
    }

    #[test]
    fn counts_that_could_not_be_written_are_added_to_newer_ones() {
        let (mut older, mut newer) = (Counted::default(), Counted::default());
        older.one(at(5));
        newer.one(at(5));
        newer.one(at(6));
        newer.merge(&older);
        assert_eq!(
            newer,
            Counted { days: BTreeMap::from([(5, 2), (6, 1)]), last_ms: at(6).as_millisecond() }
        );
        assert_eq!(newer.sum(), 3);
    }
}
