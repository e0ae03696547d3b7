//! Passwords as argon2id hashes, computed a few at a time: each takes 19 MiB and tens of milliseconds.

use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Handle;

use super::ServiceError;
use super::error::InternalError;
use super::lines::{Bounds, Label, Lines, Who};
use super::workshop::Workshop;

/// Fewest characters of a password, as in GitLab.
const MIN_LENGTH: usize = 8;
/// Most bytes of a password, as in GitLab.
const MAX_BYTES: usize = 128;
/// Hashes computed at once, one of a caller: more would only wait for the same processors, each with its memory.
const AT_ONCE: usize = 2;
/// Hashes of one caller, or of one address, that wait: whoever guesses passwords keeps nobody else from signing in.
const WAITING: usize = 7;
/// Hashes that wait or are computed at most. With 50 ms a hash the last of them waits under two seconds, and longer only behind
/// wrong guesses of its own address.
const EVERYONE: usize = 64;
/// After a wrong password, how long before the next one of that address is looked at, if one waits: two guesses a second
/// cost neither the processor nor the passwords much.
const GUESS_PAUSE: Duration = Duration::from_millis(500);
const SIGN_INS: Label =
    Label { name: "passwords", what: "sign-ins", busy: "too many sign-ins at once: try again in a moment" };

/// Computes and checks hashes of passwords.
#[derive(Debug)]
pub(super) struct Passwords(Workshop);

impl Default for Passwords {
    fn default() -> Self {
        let bounds = Bounds { waiting: WAITING, everyone: EVERYONE, ..Bounds::halved(AT_ONCE) };
        Self(Workshop::new(SIGN_INS, bounds))
    }
}

impl Passwords {
    pub(super) const fn lines(&self) -> &Lines {
        self.0.lines()
    }

    /// The hash to store for a new password, in PHC string form.
    pub(super) async fn hash(&self, who: Who, password: SecretString) -> Result<String, ServiceError> {
        judge(password.expose_secret())?;
        self.0.run(who, move || hash_now(&password)).await?
    }

    /// Whether a password belongs to a stored hash. Without one it takes as long, and says no: how long a sign-in
    /// takes must not tell who has an account.
    pub(super) async fn verify(
        &self,
        who: Who,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<bool, ServiceError> {
        if password.expose_secret().len() > MAX_BYTES {
            return Ok(false);
        }
        let runtime = Handle::current();
        let matches = self.0.run_in_place(who, move |place| {
            let matches = match stored {
                Some(stored) => Argon2::default()
                    .verify_password(password.expose_secret().as_bytes(), stored.as_str())
                    .is_ok(),
                None => hash_now(&password).map(|_discarded| false)?,
            };
            if !matches {
                place.give_back_slowly(&runtime, GUESS_PAUSE);
            }
            Ok(matches)
        });
        matches.await?
    }
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
    use std::future::Future;
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn a_hash_is_argon2id_salted_and_accepts_only_its_password() {
        let passwords = Passwords::default();
        let first = passwords.hash(Who::Program, "correct horse".into()).await.unwrap();
        let second = passwords.hash(Who::Program, "correct horse".into()).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second, "every hash has its own salt");
        assert!(passwords.verify(Who::Program, "correct horse".into(), Some(first.clone())).await.unwrap());
        assert!(!passwords.verify(Who::Program, "battery staple".into(), Some(first.clone())).await.unwrap());
        assert!(!passwords.verify(Who::Program, "correct horse".into(), None).await.unwrap());
        assert!(!passwords.verify(Who::Program, "x".repeat(4096).into(), Some(first)).await.unwrap());
        assert!(
            !passwords
                .verify(Who::Program, "correct horse".into(), Some("damaged".to_owned()))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn passwords_are_neither_short_nor_endless() {
        let passwords = Passwords::default();
        for bad in [String::new(), "seven77".to_owned(), "x".repeat(MAX_BYTES + 1)] {
            let refused = passwords.hash(Who::Program, bad.clone().into()).await;
            assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{bad}");
        }
    }

    fn network(last: u8) -> Who {
        Who::Network([192, 0, 2, last].into())
    }

    #[tokio::test]
    async fn one_address_takes_no_more_than_its_share_of_the_sign_ins() {
        let passwords = Passwords::default();
        let _guess = passwords.lines().take(network(1)).await.unwrap();
        let mut line: Vec<_> = (0..WAITING).map(|_| Box::pin(passwords.lines().take(network(1)))).collect();
        for next in &mut line {
            assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        let refused = passwords.verify(network(1), "battery staple".into(), None).await;
        assert!(matches!(refused, Err(ServiceError::Crowded(_))), "the address itself");
        assert!(!passwords.verify(network(2), "correct horse".into(), None).await.unwrap(), "another");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_wrong_password_the_next_of_that_address_is_not_looked_at_at_once() {
        let passwords = Passwords::default();
        let stored = passwords.hash(Who::Program, "correct horse".into()).await.unwrap();
        let verify = |password: &str| passwords.verify(network(1), password.into(), Some(stored.clone()));
        for (first, pause) in [("battery staple", GUESS_PAUSE), ("correct horse", Duration::ZERO)] {
            let began = tokio::time::Instant::now();
            let (matches, next) = tokio::join!(verify(first), verify("correct horse"));
            assert_eq!((matches.unwrap(), next.unwrap()), (pause.is_zero(), true));
            assert_eq!(began.elapsed(), pause, "{first}");
        }
    }
}
