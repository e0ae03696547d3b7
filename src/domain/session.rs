//! A browser that somebody signed in with: since when, when last used, and until when it counts.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::UserId;
use super::limits::{SESSION_IDLE, SESSION_LIFE};

/// A stored session: everything but the secret in the browser's cookie, of which only the SHA-256 is kept, as its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose it is.
    pub user: UserId,
    /// When the user signed in.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
    /// When it was last used, a minute and a few seconds late at most.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub last_used_at: Timestamp,
}

impl Session {
    /// A session that begins now.
    pub const fn begin(user: UserId, now: Timestamp) -> Self {
        Self { user, created_at: now, last_used_at: now }
    }

    /// Whether it is accepted at that time: neither unused for too long nor too old.
    pub fn is_live(&self, now: Timestamp) -> bool {
        let shorter_than = |since: Timestamp, limit: SignedDuration| now.duration_since(since) < limit;
        shorter_than(self.last_used_at, SESSION_IDLE) && shorter_than(self.created_at, SESSION_LIFE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_it_is_not_used_and_when_it_is_old() {
        let start: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let after = |wait: SignedDuration| start.checked_add(wait).unwrap();
        let second = SignedDuration::from_secs(1);
        let fresh = Session::begin(UserId(1), start);
        for (situation, last_used_at, now, live) in [
            ("at once", start, start, true),
            ("idle, just before", start, after(SESSION_IDLE - second), true),
            ("idle", start, after(SESSION_IDLE), false),
            ("in use, just before", after(SESSION_LIFE - second), after(SESSION_LIFE - second), true),
            ("in use, too old", after(SESSION_LIFE - second), after(SESSION_LIFE), false),
            ("the clock went back", after(second), start, true),
        ] {
            assert_eq!(Session { last_used_at, ..fresh.clone() }.is_live(now), live, "{situation}");
        }
    }
}
