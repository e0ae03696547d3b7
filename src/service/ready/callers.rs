//! Who a credential stands for, kept: by the hash of a token for everybody, and for a connection by the token itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq as _;

use crate::blobs::sha256;
use crate::domain::Sha256;
use crate::domain::credential::{MAX_TOKEN_LENGTH, Token};
use crate::service::access::{self, Caller, Standing};
use crate::service::activity::{Activity, USE_GRAIN_MS, Used};
use crate::service::tickets::Bearer;
use crate::service::{Registry, ServiceError};
use crate::store::{Snapshot, Stamp, Stamps, trusted_publishers};

/// What a caller costs, about: the records of token and user.
const CALLER_COST: usize = 1024;

/// By what a caller is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum CallerKey {
    Anonymous,
    /// The hash of a token.
    Token(Sha256),
    /// Whom a ticket was given to.
    Bearer(Bearer),
}

/// Somebody who asked before.
pub(super) struct KnownCaller {
    pub(super) caller: Caller,
    pub(super) standing: Standing,
    pub(super) label: Arc<str>,
    /// When one of the things that make up the standing ends by the clock.
    until: Option<Timestamp>,
    stamp: Stamp,
    /// When a use of the token was noted last, in milliseconds.
    noted: AtomicI64,
}

impl KnownCaller {
    fn cost(&self) -> usize {
        CALLER_COST + self.standing.cost()
    }

    /// Whether it is known still: nothing changed that could alter it, and nothing ended.
    fn is_current(&self, stamps: &Stamps, now: Timestamp) -> bool {
        stamps.is_current(&self.stamp) && self.until.is_none_or(|until| now < until)
    }

    /// Notes a use of the token, if it is known by one.
    pub(super) fn note_use(&self, activity: &Activity, now: Timestamp) {
        let Some(token) = self.caller.token() else { return };
        if now.as_millisecond().saturating_sub(self.noted.load(Ordering::Relaxed)) >= USE_GRAIN_MS {
            self.noted.store(activity.used(Used::Token(token.id), now), Ordering::Relaxed);
        }
    }
}

/// Who asked last on a connection, and with what: so that the same token, sent again, need not be hashed and looked up. Whether
/// it is good still is checked as always.
#[derive(Default)]
pub struct Acquaintance(Option<(Option<SecretString>, Arc<KnownCaller>)>);

impl std::fmt::Debug for Acquaintance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acquaintance(..)")
    }
}

impl Acquaintance {
    /// Whether it is with whoever sends this token, or none, and can be relied on.
    fn holds(&self, secret: Option<&str>, stamps: &Stamps, now: Timestamp) -> bool {
        let Some((known_by, known)) = &self.0 else { return false };
        let same = match (known_by, secret) {
            (None, None) => true,
            // In a time that says nothing of where they differ: a proxy may send many people's requests on one connection.
            (Some(known_by), Some(secret)) => {
                known_by.expose_secret().as_bytes().ct_eq(secret.as_bytes()).into()
            }
            _ => false,
        };
        same && known.is_current(stamps, now)
    }
}

impl Registry {
    /// Who sends this token, or none.
    pub(super) fn acquainted<'a>(
        &self,
        secret: Option<&str>,
        now: Timestamp,
        acquaintance: &'a mut Acquaintance,
    ) -> Option<&'a KnownCaller> {
        if !acquaintance.holds(secret, self.store().stamps(), now) {
            let known = match secret {
                Some(secret) => self.known_by_token(secret, now)?,
                None => self.known(CallerKey::Anonymous, now, |_| Ok(Caller::Anonymous))?,
            };
            acquaintance.0 = Some((secret.map(SecretString::from), known));
        }
        acquaintance.0.as_ref().map(|(_, known)| &**known)
    }

    fn known_by_token(&self, secret: &str, now: Timestamp) -> Option<Arc<KnownCaller>> {
        if secret.len() > MAX_TOKEN_LENGTH {
            return None;
        }
        let hash = sha256(secret.as_bytes());
        self.known(CallerKey::Token(hash), now, |snapshot| access::caller_by_hash(snapshot, &hash, now))
    }

    pub(super) fn known_by_bearer(&self, bearer: Bearer, now: Timestamp) -> Option<Arc<KnownCaller>> {
        self.known(CallerKey::Bearer(bearer), now, |snapshot| match bearer {
            Bearer::Operator => Ok(Caller::Operator),
            Bearer::Token(token) => access::caller_by_token(snapshot, token, now),
            Bearer::Job(job) => access::caller_by_job(snapshot, job, now),
            Bearer::Trusted(publisher) => {
                let found = trusted_publishers::publisher(snapshot, publisher)?;
                found.map(|publisher| Caller::Trusted(Box::new(publisher))).ok_or(ServiceError::NotFound(""))
            }
        })
    }

    /// A caller who is known still, or who can be found. Who is refused is nobody here: the full path says why.
    fn known(
        &self,
        key: CallerKey,
        now: Timestamp,
        find: impl FnOnce(&Snapshot) -> Result<Caller, ServiceError>,
    ) -> Option<Arc<KnownCaller>> {
        let stamps = self.store().stamps();
        if let Some(known) = self.shared.ready.callers.get(&key)
            && known.is_current(stamps, now)
        {
            return Some(known);
        }
        let stamp = stamps.people();
        let found: Result<_, ServiceError> = self.store().read(|snapshot| {
            let caller = find(snapshot)?;
            let standing = Standing::of(snapshot, &caller, now)?;
            Ok((caller, standing))
        });
        let (caller, standing) = found.ok()?;
        let until = [ends_by_itself(&caller), standing.until()].into_iter().flatten().min();
        let (label, noted) = (caller.label().into(), AtomicI64::new(i64::MIN));
        let known = Arc::new(KnownCaller { caller, standing, label, until, stamp, noted });
        self.shared.ready.callers.put(key, Arc::clone(&known), CALLER_COST + known.cost());
        Some(known)
    }
}

/// When a credential ends by the clock.
fn ends_by_itself(caller: &Caller) -> Option<Timestamp> {
    match caller {
        Caller::Job { job, .. } => Some(job.expires_at),
        caller => caller.token().and_then(|token: &Token| token.expires_at),
    }
}
