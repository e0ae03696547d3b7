//! Passwords as argon2id hashes, computed a few at a time: each takes 19 MiB and tens of milliseconds.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ServiceError;
use super::error::InternalError;
use crate::store::background;

/// Fewest characters of a password, as in GitLab.
const MIN_LENGTH: usize = 8;
/// Most bytes of a password, as in GitLab.
const MAX_BYTES: usize = 128;
/// Hashes computed at once: more would only wait for the same processors, each with its memory.
const AT_ONCE: usize = 2;
/// Callers that wait or compute at most. With 50 ms a hash the last of them waits under two seconds.
const WAITING: usize = 64;

/// Computes and checks hashes of passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(WAITING)), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// The hash to store for a new password, in PHC string form.
    pub(super) async fn hash(&self, password: SecretString) -> Result<String, ServiceError> {
        judge(password.expose_secret())?;
        self.in_turn(move || hash_now(&password)).await?
    }

    /// Whether a password belongs to a stored hash. Without one it takes as long, and says no: how long a sign-in
    /// takes must not tell who has an account.
    pub(super) async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<bool, ServiceError> {
        if password.expose_secret().len() > MAX_BYTES {
            return Ok(false);
        }
        let matches = self.in_turn(move || match stored {
            Some(stored) => Ok(Argon2::default()
                .verify_password(password.expose_secret().as_bytes(), stored.as_str())
                .is_ok()),
            None => hash_now(&password).map(|_discarded| false),
        });
        matches.await?
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let busy = ServiceError::Unavailable("too many sign-ins at once: try again in a moment");
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return Err(busy) };
        let Ok(turn) = Arc::clone(&self.turns).acquire_owned().await else { return Err(busy) };
        // The permits go along: a caller that hangs up must not make room before its hash is done.
        Ok(background(move || keep((place, turn), work)).await?)
    }
}

fn keep<T>(_permits: (OwnedSemaphorePermit, OwnedSemaphorePermit), work: impl FnOnce() -> T) -> T {
    work()
}

fn hash_now(password: &SecretString) -> Result<String, ServiceError> {
    let salt = super::clock::random_bits()?;
    let (salt, _unused) = salt.split_at(16);
    Argon2::default()
        .hash_password_with_salt(password.expose_secret().as_bytes(), salt)
        .map(|hash| hash.to_string())
        .map_err(|_error| ServiceError::Internal(InternalError::Other("a password could not be hashed")))
}

fn judge(password: &str) -> Result<(), ServiceError> {
    if password.chars().count() < MIN_LENGTH {
        return Err(ServiceError::Invalid(format!(
            "password is too short: use at least {MIN_LENGTH} characters"
        )));
    }
    if password.len() > MAX_BYTES {
        return Err(ServiceError::Invalid(format!("password is too long: use at most {MAX_BYTES} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_argon2id_salted_and_accepts_only_its_password() {
        let passwords = Passwords::default();
        let first = passwords.hash("correct horse".into()).await.unwrap();
        let second = passwords.hash("correct horse".into()).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second, "every hash has its own salt");
        assert!(passwords.verify("correct horse".into(), Some(first.clone())).await.unwrap());
        assert!(!passwords.verify("battery staple".into(), Some(first.clone())).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), None).await.unwrap());
        assert!(!passwords.verify("x".repeat(4096).into(), Some(first)).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), Some("damaged".to_owned())).await.unwrap());
    }

    #[tokio::test]
    async fn passwords_are_neither_short_nor_endless() {
        let passwords = Passwords::default();
        for bad in [String::new(), "seven77".to_owned(), "x".repeat(MAX_BYTES + 1)] {
            let refused = passwords.hash(bad.clone().into()).await;
            assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{bad}");
        }
    }

    #[tokio::test]
    async fn more_callers_than_places_are_told_to_come_back() {
        let passwords = Passwords::default();
        let taken = Arc::clone(&passwords.places).try_acquire_many_owned(64).unwrap();
        let refused = passwords.hash("correct horse".into()).await;
        assert!(matches!(refused, Err(ServiceError::Unavailable(_))));
        drop(taken);
        assert!(passwords.hash("correct horse".into()).await.is_ok());
    }
}
