//! What Terraform asks again and again, kept ready: who a credential stands for, and what there is of a module.
//!
//! Both are made of what was read from the store and kept with a stamp of the store: what changes since makes the stamp
//! old before the change is acknowledged, so nothing is answered that an earlier answer already denied. What ends by the
//! clock is checked each time. An answer is kept once for everybody who may see all the projects it is made of; whoever
//! may see less of them is answered from the store.

mod callers;
mod kept;

use std::sync::Arc;

use jiff::Timestamp;
use smallvec::SmallVec;

use super::Registry;
use super::access::{Caller, Standing, Via};
use super::cache::Cache;
use super::modules::{Archive, Location, Versions};
use super::tickets::{Bearer, Ticket, TicketText};
use crate::domain::access::{ProjectAction, ProjectFacts};
use crate::domain::identity::Project;
use crate::domain::{FileId, GroupId, ProjectId, RegistryAccess, Visibility};
use crate::store::{Reader, Stamp, StoreError, identity};
pub use callers::Acquaintance;
use callers::{CallerKey, KnownCaller};
pub use kept::{KeptLocation, KeptVersions};

/// Bytes of answers that are kept: enough for the versions of a hundred thousand modules.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of callers that are kept.
const CALLER_BYTES: usize = 4 * 1024 * 1024;

/// See the module's documentation.
pub(super) struct Ready {
    callers: Cache<CallerKey, KnownCaller>,
    answers: Cache<Box<str>, Answer>,
}

impl Default for Ready {
    fn default() -> Self {
        Self { callers: Cache::new(CALLER_BYTES), answers: Cache::new(ANSWER_BYTES) }
    }
}

/// What was answered to everybody who sees all of its projects.
struct Answer {
    /// Every project that has the module; in place when it is one, as it is nearly always.
    projects: Projects,
    stamp: Stamp,
    content: Content,
}

type Projects = SmallVec<[SeenProject; 1]>;

enum Content {
    Versions(KeptVersions),
    /// In its own place, because it is large and answers of versions are many.
    Download(Box<KeptLocation>),
    Archive(Archive),
}

/// A project, as far as who may pull from it goes.
struct SeenProject {
    id: ProjectId,
    /// In place up to that many: what is scattered in memory is waited for.
    groups: SmallVec<[GroupId; 4]>,
    visibility: Visibility,
    registry: RegistryAccess,
}

/// What is said to somebody.
pub enum ReadyAnswer {
    /// The versions of the module.
    Versions(ReadyVersions),
    /// Where its archive is.
    Download(ReadyLocation),
    /// The archive.
    Archive(Archive),
}

impl std::fmt::Debug for ReadyAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Versions(_) => "ReadyAnswer::Versions(..)",
            Self::Download(_) => "ReadyAnswer::Download(..)",
            Self::Archive(_) => "ReadyAnswer::Archive(..)",
        })
    }
}

/// The versions of a module, shared with everybody else who asks.
pub struct ReadyVersions(Arc<Answer>);

impl std::fmt::Debug for ReadyVersions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ReadyVersions").field(&self.get()).finish()
    }
}

impl ReadyVersions {
    /// What is kept of them.
    pub fn get(&self) -> Option<&KeptVersions> {
        match &self.0.content {
            Content::Versions(versions) => Some(versions),
            Content::Download(_) | Content::Archive(_) => None,
        }
    }
}

/// Where an archive is, shared with everybody else who asks, and a ticket of one's own where it needs one.
pub struct ReadyLocation {
    answer: Arc<Answer>,
    ticket: Option<TicketText>,
}

impl std::fmt::Debug for ReadyLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ReadyLocation").field(&self.get()).finish()
    }
}

impl ReadyLocation {
    /// What is kept of it.
    pub fn get(&self) -> Option<&KeptLocation> {
        match &self.answer.content {
            Content::Download(location) => Some(location),
            Content::Versions(_) | Content::Archive(_) => None,
        }
    }

    /// What stands in for a credential; nothing when anyone may read the file.
    pub fn ticket(&self) -> Option<&str> {
        self.ticket.as_ref().map(TicketText::as_str)
    }
}

/// What is asked for, by the parts of a path as a client wrote them, undecoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// `:namespace/:name/:system/versions`.
    Versions(&'a str),
    /// `:namespace/:name/:system/:version/download`.
    Download(&'a str),
    /// `:namespace/:name/:system/:version`: its archive.
    Archive(&'a str),
}

/// With what it is asked for.
#[derive(Clone, Copy)]
pub enum With<'a> {
    /// Nothing.
    Nothing,
    /// A token.
    Token(&'a str),
    /// A download ticket.
    Ticket(&'a str),
}

impl std::fmt::Debug for With<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "With::Nothing",
            Self::Token(_) => "With::Token(..)",
            Self::Ticket(_) => "With::Ticket(..)",
        })
    }
}

impl Registry {
    /// The answer, if it is ready for who asks, and as whom they are logged. Nothing says only that it is not: the store
    /// has to be asked. `acquaintance` is of the same connection each time; `now` is read once for all that a request needs it for.
    pub fn ready(
        &self,
        asked: Asked<'_>,
        with: With<'_>,
        acquaintance: &mut Acquaintance,
        now: Timestamp,
    ) -> Option<(ReadyAnswer, Arc<str>)> {
        let bearer;
        let (caller, only) = match with {
            With::Nothing => (self.acquainted(None, now, acquaintance)?, None),
            With::Token(secret) => (self.acquainted(Some(secret), now, acquaintance)?, None),
            With::Ticket(ticket) => {
                let ticket = self.shared.tickets.check(ticket, now)?;
                bearer = self.known_by_bearer(ticket.bearer, now)?;
                (&*bearer, Some(ticket.file))
            }
        };
        let answer = match (asked, only) {
            (Asked::Archive(path), Some(file)) => self.shared.ready.answers.get(&*by_ticket(path, file)),
            (Asked::Versions(path) | Asked::Download(path) | Asked::Archive(path), _) => {
                self.shared.ready.answers.get(path)
            }
        }?;
        let sees = |project: &SeenProject| project.may_pull(&caller.standing);
        if !self.store().stamps().is_current(&answer.stamp) || !answer.projects.iter().all(sees) {
            return None;
        }
        let ready = match (&answer.content, asked) {
            (Content::Versions(_), Asked::Versions(_)) => {
                ReadyAnswer::Versions(ReadyVersions(Arc::clone(&answer)))
            }
            (Content::Download(kept), Asked::Download(_)) => {
                ReadyAnswer::Download(self.location_for(&answer, kept, &caller.caller, now)?)
            }
            (Content::Archive(archive), Asked::Archive(_)) => ReadyAnswer::Archive(archive.clone()),
            _ => return None,
        };
        if matches!(with, With::Token(_)) {
            caller.note_use(&self.shared.activity, now);
        }
        // A ticket may have been handed on: who sends it is nobody we know.
        let who = if only.is_some() { self.acquainted(None, now, acquaintance)? } else { caller };
        Some((ready, Arc::clone(&who.label)))
    }

    /// The location with a ticket of its own for that caller; nothing when it is not known whom to give one to.
    fn location_for(
        &self,
        answer: &Arc<Answer>,
        kept: &KeptLocation,
        caller: &Caller,
        now: Timestamp,
    ) -> Option<ReadyLocation> {
        let bearer = match caller {
            _ if kept.anyone => None,
            Caller::User { via: Via::Token(token), .. } | Caller::Deploy { token } => {
                Some(Bearer::Token(token.id))
            }
            Caller::Job { job, .. } => Some(Bearer::Job(job.id)),
            _ => return None,
        };
        let ticket = bearer.map(|bearer| {
            let ticket = Ticket { file: kept.file, bearer };
            kept.last_ticket.get_or_issue(&self.shared.tickets, ticket, now)
        });
        Some(ReadyLocation { answer: Arc::clone(answer), ticket })
    }

    /// Keeps the versions of a module. `path` as in [`Asked`].
    pub(super) fn keep_versions(&self, path: String, seen: Seen, versions: &Versions) {
        if let Some((kept, cost)) = KeptVersions::of(versions) {
            self.keep(path, seen, Content::Versions(kept), cost);
        }
    }

    /// Keeps where an archive is. `location` has no ticket; `anyone` may read the file.
    pub(super) fn keep_location(
        &self,
        path: String,
        seen: Seen,
        location: Location,
        file: FileId,
        anyone: bool,
    ) {
        let kept = Box::new(KeptLocation::new(location, file, anyone));
        let cost = kept.cost();
        self.keep(path, seen, Content::Download(kept), cost);
    }

    /// Keeps which archive a version has. `path` as in [`Asked`], or of [`by_ticket`].
    pub(super) fn keep_archive(&self, path: String, seen: Seen, archive: &Archive) {
        let cost = size_of::<Archive>() + archive.file_name.len();
        self.keep(path, seen, Content::Archive(archive.clone()), cost);
    }

    fn keep(&self, path: String, seen: Seen, content: Content, cost: usize) {
        if !seen.is_complete || seen.projects.is_empty() {
            return;
        }
        let places: usize = seen.projects.iter().map(SeenProject::cost).sum();
        let cost = size_of::<Answer>() + path.len() + places + cost;
        let answer = Answer { projects: seen.projects, stamp: seen.stamp, content };
        self.shared.ready.answers.put(path.into(), Arc::new(answer), cost);
    }
}

/// Under what the archive is kept that a ticket for a file opens. It is another than without a ticket, where of two projects
/// with the same version the one counts that the caller sees.
pub(super) fn by_ticket(path: &str, file: FileId) -> String {
    format!("{}:{path}", file.0)
}

/// What the caller of an answer saw of the projects it is made of.
pub(super) struct Seen {
    stamp: Stamp,
    projects: Projects,
    /// There is none that was hidden from the caller, and the registry is switched on.
    is_complete: bool,
}

impl Seen {
    /// Nothing yet. The stamp is older than the snapshot that is read from.
    pub(super) fn since(stamp: Stamp) -> Self {
        Self { stamp, projects: Projects::new(), is_complete: true }
    }

    /// A project that has the module.
    pub(super) fn project(&mut self, project: &Project, visible: bool) {
        self.is_complete &= visible;
        self.projects.push(SeenProject {
            id: project.id,
            groups: SmallVec::from_slice(&project.groups),
            visibility: project.visibility,
            registry: project.registry,
        });
    }

    /// Whether the answer may be kept: not while the registry is switched off, which came after who asks was let in.
    pub(super) fn check_switch(
        &mut self,
        registry: &Registry,
        reader: &impl Reader,
    ) -> Result<(), StoreError> {
        let switched_off =
            registry.options().disable_registry || !identity::settings(reader)?.registry_enabled;
        self.is_complete &= !switched_off;
        Ok(())
    }
}

impl SeenProject {
    fn cost(&self) -> usize {
        let spilled = if self.groups.spilled() { size_of_val(&*self.groups) } else { 0 };
        size_of::<Self>() + spilled
    }

    fn may_pull(&self, standing: &Standing) -> bool {
        let facts = ProjectFacts {
            visibility: self.visibility,
            registry: self.registry,
            allow_anyone_to_pull: standing.allows_anyone_to_pull(),
            role: None,
            covered: false,
        };
        standing.may_with((self.id, &self.groups), facts, ProjectAction::Pull)
    }
}

#[cfg(test)]
mod tests;
