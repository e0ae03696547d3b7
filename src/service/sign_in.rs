//! Signing in with user name and password, and the limit on how often that may fail.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::error::BadCredential;
use super::lines::network;
use super::tokens::{Issued, issue_personal, note_issued};
use super::{Registry, ServiceError};
use crate::domain::UserId;
use crate::domain::address::MAX_NAME_LENGTH;
use crate::domain::audit::{Kind, Named};
use crate::domain::credential::{PersonalScope, Token};
use crate::domain::identity::User;
use crate::store::{Change, StoreError, credentials, identity as records, sessions as web};

/// How long a token lives that was given for a password, as in GitLab.
pub const SESSION: Duration = Duration::from_hours(2);
/// The name of such tokens. Nobody can choose it for another token.
pub(super) const SESSION_NAME: &str = "password sign-in";

/// Failures in a row from one address for one user name before sign-ins are refused ...
const FAILURES: u32 = 10;
/// ... until this long after the first of them.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// How long a sign-in that nobody has time for waits to hear so: who guesses with many connections asks again at once, and
/// would keep the server busy with refusals.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);
/// Pairs of address and user name that are remembered: about 2 MB.
const REMEMBERED: usize = 10_000;

/// Failed sign-ins by address and user name.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<Key, Failures>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    network: IpAddr,
    username: String,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    since: Timestamp,
}

impl Key {
    fn new(address: IpAddr, username: &str) -> Self {
        let network = network(address);
        let username = username.chars().take(MAX_NAME_LENGTH + 1).collect::<String>().to_ascii_lowercase();
        Self { network, username }
    }
}

impl Failures {
    fn end(self) -> Timestamp {
        self.since.saturating_add(WINDOW).unwrap_or(Timestamp::MAX)
    }
}

impl Attempts {
    /// Counts an attempt as failed before it is made, so that many at once do not slip through together. Refuses when
    /// there were too many, with the time to wait.
    fn begin(&self, key: &Key, now: Timestamp) -> Result<(), Duration> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = known.get_mut(key).filter(|failures| now < failures.end()) {
            if failures.count >= FAILURES {
                // Whole seconds, rounded up: that is what `Retry-After` can say.
                let wait = failures.end().duration_since(now).as_secs().saturating_add(1);
                return Err(Duration::from_secs(wait.unsigned_abs()));
            }
            failures.count += 1;
            return Ok(());
        }
        if known.len() >= REMEMBERED {
            known.retain(|_, failures| now < failures.end());
        }
        if known.len() >= REMEMBERED {
            // Guesses against one name outlive a flood of names tried once.
            let weakest = known.iter().min_by_key(|(_, failures)| (failures.count, failures.since));
            if let Some(weakest) = weakest.map(|(key, _)| key.clone()) {
                known.remove(&weakest);
            }
        }
        known.insert(key.clone(), Failures { count: 1, since: now });
        Ok(())
    }

    /// Takes an attempt back that was not made. Nothing is left of one that was the first: what is refused must not fill the table.
    fn give_back(&self, key: &Key) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = known.get_mut(key) {
            failures.count = failures.count.saturating_sub(1);
            if failures.count == 0 {
                known.remove(key);
            }
        }
    }

    fn forget(&self, key: &Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl Registry {
    /// A token for a user name and a password. It lives for [`SESSION`].
    pub async fn sign_in(
        &self,
        address: IpAddr,
        username: &str,
        password: SecretString,
        scope: PersonalScope,
    ) -> Result<Issued, ServiceError> {
        let now = self.now();
        let user = self.check_password(address, username, password, now).await?;
        let id = user.id;
        let expires_at = now.checked_add(SESSION).ok();
        let scribe = self.scribe_by(&user, Kind::Password);
        self.store()
            .write(move |change| {
                for token in sessions(change, id)?.into_iter().filter(|token| !token.is_active(now)) {
                    credentials::remove(change, &token);
                }
                let name = SESSION_NAME.to_owned();
                let issued = issue_personal(change, id, name, vec![scope], expires_at, now)?;
                note_issued(change, &scribe, &issued.token, Named::user(&user))?;
                Ok(issued)
            })
            .await
    }

    /// The user with that name and password. Every way to fail takes as long and says the same.
    pub(super) async fn check_password(
        &self,
        address: IpAddr,
        username: &str,
        password: SecretString,
        now: Timestamp,
    ) -> Result<User, ServiceError> {
        let key = Key::new(address, username);
        let user = self.store().read(|snapshot| records::user_by_name(snapshot, username))?;
        if let Err(wait) = self.shared.attempts.begin(&key, now) {
            self.sign_in_failed(user.as_ref());
            return Err(ServiceError::Throttled(wait));
        }
        let stored = user.as_ref().and_then(|user| user.password_hash.clone());
        let verified = self.shared.passwords.verify(self.who(), password, stored).await;
        let matches = match verified {
            Ok(matches) => matches,
            Err(busy) => {
                // No password was looked at: being busy is not the caller's failure.
                self.shared.attempts.give_back(&key);
                tokio::time::sleep(REFUSAL_PAUSE).await;
                return Err(busy);
            }
        };
        let Some(user) = user.clone().filter(|_| matches) else {
            self.sign_in_failed(user.as_ref());
            return Err(ServiceError::Unauthenticated(BadCredential::Password));
        };
        self.shared.attempts.forget(&key);
        if user.blocked {
            self.sign_in_failed(Some(&user));
            return Err(ServiceError::Unauthenticated(BadCredential::Blocked));
        }
        Ok(user)
    }
}

fn sessions(change: &Change<'_>, user: UserId) -> Result<Vec<Token>, StoreError> {
    let mut tokens = credentials::personal_tokens(change, user)?;
    tokens.retain(|token| token.name == SESSION_NAME);
    Ok(tokens)
}

/// Ends every session of a user, those of browsers and those of programs: a new password is often set because the old one leaked.
pub(super) fn end_sessions(change: &mut Change<'_>, user: UserId) -> Result<(), StoreError> {
    for token in sessions(change, user)? {
        credentials::remove(change, &token);
    }
    web::remove_all_of(change, user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key(address: &str, username: &str) -> Key {
        Key::new(address.parse().unwrap(), username)
    }

    #[test]
    fn the_eleventh_failure_in_ten_minutes_has_to_wait() {
        let attempts = Attempts::default();
        let root = key("192.0.2.1", "root");
        for failure in 0..10 {
            assert_eq!(attempts.begin(&root, at(failure)), Ok(()), "failure {failure}");
        }
        assert_eq!(attempts.begin(&root, at(60)), Err(Duration::from_secs(541)));
        assert_eq!(attempts.begin(&key("192.0.2.2", "root"), at(60)), Ok(()), "another address");
        assert_eq!(attempts.begin(&key("192.0.2.1", "grace"), at(60)), Ok(()), "another user");
        assert_eq!(attempts.begin(&root, at(600)), Ok(()), "after the window");
    }

    #[test]
    fn a_success_forgets_the_failures() {
        let attempts = Attempts::default();
        let root = key("192.0.2.1", "root");
        for _ in 0..9 {
            attempts.begin(&root, at(0)).unwrap();
        }
        attempts.forget(&root);
        for _ in 0..10 {
            assert_eq!(attempts.begin(&root, at(1)), Ok(()));
        }
    }

    #[test]
    fn an_attempt_given_back_does_not_count() {
        let attempts = Attempts::default();
        let root = key("192.0.2.1", "root");
        for _ in 0..20 {
            assert_eq!(attempts.begin(&root, at(0)), Ok(()));
            attempts.give_back(&root);
        }
        assert!(attempts.0.lock().unwrap().is_empty(), "nor is it remembered");
    }

    #[test]
    fn one_network_and_one_user_have_one_key_however_they_are_written() {
        for (a, b, same) in [
            (("2001:db8::1", "root"), ("2001:db8::ffff:2", "ROOT"), true),
            (("2001:db8::1", "root"), ("2001:db8:0:1::1", "root"), false),
            (("::ffff:192.0.2.1", "root"), ("192.0.2.1", "root"), true),
            (("192.0.2.1", "root"), ("192.0.2.2", "root"), false),
        ] {
            assert_eq!(key(a.0, a.1) == key(b.0, b.1), same, "{a:?} and {b:?}");
        }
    }

    #[test]
    fn a_flood_of_names_costs_bounded_memory_and_does_not_reset_a_blocked_one() {
        let attempts = Attempts::default();
        let root = key("192.0.2.1", "root");
        for _ in 0..10 {
            attempts.begin(&root, at(0)).unwrap();
        }
        for name in 0..REMEMBERED + 50 {
            attempts.begin(&key("192.0.2.1", &format!("name{name}")), at(1)).unwrap();
        }
        assert!(attempts.0.lock().unwrap().len() <= REMEMBERED);
        assert!(attempts.begin(&root, at(2)).is_err(), "still blocked");
        let endless = key("192.0.2.1", &"x".repeat(100_000));
        assert!(endless.username.len() <= MAX_NAME_LENGTH + 1);
    }
}
