//! What the next page says about what was just done, kept in memory between a form and the page it leads to.
//!
//! A message belongs to one browser and is shown once. It may hold the secret of a new token, which is why it is
//! neither in a URL nor in a cookie nor on a disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use crate::blobs::sha256;
use crate::domain::Sha256;
use crate::web::frame::Flash;

/// How long a message waits for its page.
const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// Messages that wait at most: about 1 MB.
const WAITING: usize = 2_000;

/// Messages by the hash of the secret in the browser's cookie.
#[derive(Default)]
pub struct Flashes(Mutex<HashMap<Sha256, (Timestamp, Flash)>>);

impl std::fmt::Debug for Flashes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flashes(..)")
    }
}

impl Flashes {
    /// Keeps a message for the browser whose cookie has that secret, in the place of an older one.
    pub(super) fn put(&self, secret: &SecretString, flash: Flash, now: Timestamp) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (since, _)| now.duration_since(*since) < LIFE);
        if waiting.len() >= WAITING {
            let oldest = waiting.iter().min_by_key(|(_, (since, _))| *since);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                waiting.remove(&oldest);
            }
        }
        waiting.insert(sha256(secret.expose_secret().as_bytes()), (now, flash));
    }

    /// The message for a browser, once.
    pub(super) fn take(&self, secret: &SecretString, now: Timestamp) -> Option<Flash> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            return None;
        }
        let (since, flash) = waiting.remove(&sha256(secret.expose_secret().as_bytes()))?;
        (now.duration_since(since) < LIFE).then_some(flash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_message_is_shown_once_to_one_browser_and_not_late() {
        let flashes = Flashes::default();
        let [ada, bob] = ["ada", "bob"].map(SecretString::from);
        flashes.put(&ada, Flash::done("first"), at(0));
        flashes.put(&ada, Flash::done("second"), at(1));
        assert!(flashes.take(&bob, at(2)).is_none());
        assert_eq!(flashes.take(&ada, at(2)).unwrap().text, "second");
        assert!(flashes.take(&ada, at(2)).is_none(), "once");
        flashes.put(&ada, Flash::done("late"), at(0));
        assert!(flashes.take(&ada, at(301)).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let flashes = Flashes::default();
        for second in 0..2_100 {
            let key = SecretString::from(second.to_string());
            flashes.put(&key, Flash::done("x"), at(0));
        }
        assert!(flashes.0.lock().unwrap().len() <= WAITING);
    }
}
