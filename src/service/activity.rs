//! What readers cause: when tokens and sessions were last used and what was downloaded, gathered in memory and written together.
//!
//! A read must not wait for a disk. What is lost in a crash is a few seconds of counters.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::error::ServiceError;
use crate::domain::{PackageId, Sha256, TokenId};
use crate::store::downloads::Counted;
use crate::store::{Store, credentials, downloads, sessions};

/// The last use of a token or a session is written no more often than this, in milliseconds.
pub(super) const USE_GRAIN_MS: i64 = 60_000;

#[derive(Debug, Default)]
pub(super) struct Activity {
    pending: Mutex<Pending>,
    /// When each last use was noted, so that a busy one is not written again and again.
    noted: Mutex<HashMap<Used, i64>>,
}

/// What was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Used {
    /// A token.
    Token(TokenId),
    /// A browser's session, by the hash of its secret.
    Session(Sha256),
}

#[derive(Debug, Default, Clone)]
struct Pending {
    uses: HashMap<Used, i64>,
    downloads: HashMap<PackageId, Counted>,
}

impl Activity {
    /// Notes a use, unless one was noted not long ago. Says when the last was that is noted now.
    pub(super) fn used(&self, what: Used, now: Timestamp) -> i64 {
        let now = now.as_millisecond();
        let mut noted = lock(&self.noted);
        let last = noted.entry(what).or_insert(i64::MIN);
        if now.saturating_sub(*last) >= USE_GRAIN_MS {
            *last = now;
            lock(&self.pending).uses.insert(what, now);
        }
        *last
    }

    pub(super) fn downloaded(&self, package: PackageId, now: Timestamp) {
        lock(&self.pending).downloads.entry(package).or_default().one(now);
    }

    pub(super) async fn flush(&self, store: &Store, now: Timestamp) -> Result<(), ServiceError> {
        let oldest = now.as_millisecond().saturating_sub(USE_GRAIN_MS);
        lock(&self.noted).retain(|_, noted| *noted > oldest);
        let taken = std::mem::take(&mut *lock(&self.pending));
        if taken.uses.is_empty() && taken.downloads.is_empty() {
            return Ok(());
        }
        let written = taken.clone();
        let outcome = store
            .write(move |change| {
                for (used, at) in written.uses {
                    match used {
                        Used::Token(token) => credentials::put_last_use(change, token, at)?,
                        Used::Session(hash) => sessions::put_last_use(change, &hash, time(at))?,
                    }
                }
                for (package, counted) in written.downloads {
                    downloads::add(change, package, &counted)?;
                }
                Ok(())
            })
            .await;
        if outcome.is_err() {
            lock(&self.pending).take_back(taken);
        }
        outcome
    }
}

impl Pending {
    /// Keeps what could not be written for the next time.
    fn take_back(&mut self, older: Self) {
        for (used, at) in older.uses {
            let latest = self.uses.entry(used).or_insert(at);
            *latest = at.max(*latest);
        }
        for (package, counted) in older.downloads {
            self.downloads.entry(package).or_default().merge(&counted);
        }
    }
}

fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MIN)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
