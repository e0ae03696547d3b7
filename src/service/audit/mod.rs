//! The audit log: every change notes itself in the transaction that makes it.
//!
//! A use case takes a scribe along into its change: who acts, with which credential, in which request. There it says
//! what was done, and to what; that entry and the change are written together, or neither is.

pub mod log;
mod refusals;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde_json::Value;

use super::access::check_unchanged;
use super::lines::Who;
use super::{Caller, Registry, ServiceError};
use crate::domain::audit::{Action, Changes, Details, Entry, Kind, Named, Outcome};
use crate::domain::identity::{Holder, User};
use crate::domain::trusted_publisher::{Proof, Workload};
use crate::domain::{Sha256, UserId};
use crate::store::{Change, Reader, StoreError, identity as records};

pub use log::{AuditFilter, AuditPage, LoggedEntry, Start};
pub(super) use refusals::Refusals;
pub use refusals::RefusedRequest;

use super::access::Via;

/// Hexadecimal digits of the hash of a session's secret that name the session.
const SESSION_DIGITS: usize = 12;

/// Which request is being answered, and where it came from.
#[derive(Debug, Default)]
pub struct Origin {
    /// Its `X-Request-Id`; nothing when it is the program itself that acts.
    request_id: Option<String>,
    /// Where it came from; nothing for whoever has the machine.
    address: Option<IpAddr>,
    /// Whom limits count it for, once that is known.
    who: OnceLock<Who>,
    /// Set when a sign-in failed in it: with the user, if there is one of that name.
    failed_sign_in: OnceLock<Option<Named>>,
}

impl Origin {
    /// A request.
    pub fn new(request_id: String, address: Option<IpAddr>) -> Self {
        Self { request_id: Some(request_id), address, who: OnceLock::new(), failed_sign_in: OnceLock::new() }
    }

    /// Whom limits count it for: its caller, or whoever is at its address.
    pub(super) fn who(&self) -> Who {
        self.who.get().cloned().unwrap_or_else(|| Who::of(&Caller::Anonymous, self.address))
    }
}

impl Registry {
    /// The same registry for one request: what is changed through it is noted with where the request came from.
    #[must_use]
    pub fn for_request(&self, origin: Origin) -> Self {
        Self { shared: Arc::clone(&self.shared), origin: Arc::new(origin) }
    }

    /// Says who makes the request.
    pub fn asked_by(&self, caller: &Caller) {
        let _once = self.origin.who.set(Who::of(caller, self.origin.address));
    }

    /// Takes down what a caller does, now.
    pub(super) fn scribe(&self, caller: &Caller) -> Scribe {
        Scribe { caller: Some(Box::new(caller.clone())), ..self.scribe_of(actor(caller), credential(caller)) }
    }

    /// Takes down what a user does with something that is no credential of requests.
    pub(super) fn scribe_by(&self, user: &User, with: Kind) -> Scribe {
        self.scribe_of(Named::user(user), Some(Named::only(with)))
    }

    fn scribe_of(&self, actor: Named, credential: Option<Named>) -> Scribe {
        Scribe { at: rounded(self.now()), caller: None, actor, credential, origin: Arc::clone(&self.origin) }
    }

    /// Remembers that the request was a sign-in that failed. What was typed as a user name is kept only when a user has
    /// it: it may as well have been a password.
    pub(super) fn sign_in_failed(&self, user: Option<&User>) {
        let _first = self.origin.failed_sign_in.set(user.map(Named::user));
    }
}

/// Who acts, with what, in which request. Goes into the change.
#[derive(Debug, Clone)]
pub(super) struct Scribe {
    at: Timestamp,
    /// Whose credential must still be good when the change is made.
    caller: Option<Box<Caller>>,
    actor: Named,
    credential: Option<Named>,
    origin: Arc<Origin>,
}

impl Scribe {
    /// Adds an entry to the change. Refuses the change when the caller's credential was revoked, or its rights over the
    /// instance taken away, since the request began: nothing is changed that cannot be noted.
    pub(super) fn note(&self, change: &mut Change<'_>, deed: Deed) -> Result<(), ServiceError> {
        if let Some(caller) = &self.caller {
            check_unchanged(change, caller, self.at)?;
        }
        Ok(change.audit(&self.entry(deed))?)
    }

    fn entry(&self, deed: Deed) -> Entry {
        Entry {
            at: self.at,
            action: deed.action,
            outcome: Outcome::Done,
            actor: self.actor.clone(),
            credential: self.credential.clone(),
            address: self.origin.address.map(|address| address.to_string()),
            request_id: self.origin.request_id.clone(),
            target: deed.target,
            scope: deed.scope,
            refusal: None,
            details: deed.details,
        }
    }
}

/// What was done, to what.
#[derive(Debug)]
pub(super) struct Deed {
    action: Action,
    target: Option<Named>,
    scope: Option<Named>,
    details: Details,
}

impl Deed {
    /// Something was done to one thing.
    pub(super) const fn new(action: Action, target: Named) -> Self {
        Self { action, target: Some(target), scope: None, details: Details::new() }
    }

    /// The group, project or user that has the thing.
    pub(super) fn of(mut self, scope: Named) -> Self {
        self.scope = Some(scope);
        self
    }

    /// One more detail.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// What changed of it.
    pub(super) fn changing(self, changes: Changes) -> Self {
        if changes.is_empty() { self } else { self.with("changes", changes.into_value()) }
    }
}

/// A moment as it is kept: to the millisecond.
fn rounded(at: Timestamp) -> Timestamp {
    at.round(TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Trunc)).unwrap_or(at)
}

/// Who a caller is. A CI job is the user whose rights it has.
fn actor(caller: &Caller) -> Named {
    match caller {
        Caller::Anonymous => Named::only(Kind::Anonymous),
        Caller::User { user, .. } | Caller::Job { user, .. } => Named::user(user),
        Caller::Deploy { token } => Named::token(token),
        Caller::Workload(workload) => Named::new(Kind::Workload, None, &workload.label()),
        Caller::Trusted(publisher) => Named::publisher(publisher),
        Caller::Operator => Named::only(Kind::Operator),
    }
}

/// What proves it.
fn credential(caller: &Caller) -> Option<Named> {
    match caller {
        Caller::Anonymous | Caller::Operator | Caller::Trusted(_) => None,
        Caller::Workload(workload) => Some(proof(workload)),
        Caller::User { via: Via::Token(token), .. } | Caller::Deploy { token } => Some(Named::token(token)),
        Caller::User { via: Via::Session(hash), .. } => Some(session(hash)),
        Caller::Job { job, .. } => Some(Named::new(Kind::Job, Some(job.id.0), job.git_ref.as_str())),
    }
}

/// What was found true about a CI job elsewhere, named by the `jti` of its token: enough to ask its issuer about it.
fn proof(workload: &Workload) -> Named {
    let kind = match workload.proof {
        Proof::IdToken => Kind::IdToken,
        Proof::Gitlab => Kind::GitlabJob,
    };
    Named::new(kind, None, workload.claims.id().unwrap_or_default())
}

/// A session, named by the beginning of the hash of its secret.
pub(super) fn session(hash: &Sha256) -> Named {
    let digits: String = hash.to_hex().chars().take(SESSION_DIGITS).collect();
    Named::new(Kind::Session, None, &digits)
}

/// A group or project by number, as it is called now.
pub(super) fn holder(reader: &impl Reader, holder: Holder) -> Result<Named, StoreError> {
    Ok(match holder {
        Holder::Group(id) => match records::group(reader, id)? {
            Some(group) => Named::group(&group),
            None => Named::new(Kind::Group, Some(id.0), ""),
        },
        Holder::Project(id) => match records::project(reader, id)? {
            Some(project) => Named::project(&project),
            None => Named::new(Kind::Project, Some(id.0), ""),
        },
    })
}

/// A user by number, as it is called now.
pub(super) fn user(reader: &impl Reader, id: UserId) -> Result<Named, StoreError> {
    let found = records::user(reader, id)?;
    Ok(found.map_or_else(|| Named::new(Kind::User, Some(id.0), ""), |user| Named::user(&user)))
}

#[cfg(test)]
mod tests;
