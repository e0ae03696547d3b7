//! Reading the audit log, a bounded piece at a time. For administrators.

use std::ops::ControlFlow;

use jiff::{SignedDuration, Timestamp};

use crate::domain::audit::{Action, Entry, Kind, Named};
use crate::domain::{Sha256, UserId};
use crate::service::identity::{check_inspect, check_signed_in};
use crate::service::{Caller, Registry, ServiceError};
use crate::store::{Reader, StoreError, audit, identity as records};

/// Entries that are looked at for one page at most, however many do not fit what is asked for.
const LOOKED_AT: u64 = 20_000;
/// By how much a clock may have been set back without an entry being missed that was written meanwhile.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_hours(1);

/// Which entries are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// From then on.
    pub since: Option<Timestamp>,
    /// Up to then.
    pub until: Option<Timestamp>,
    /// About groups, projects, users or the instance ...
    pub entity_kind: Option<Kind>,
    /// ... of that number.
    pub entity_id: Option<u64>,
    /// Of that action; a part before the dot (`member`) stands for all of them.
    pub action: Option<String>,
    /// By that user.
    pub author: Option<UserId>,
    /// Part of the name of what it is about.
    pub about: Option<String>,
}

impl AuditFilter {
    /// Whether every entry is wanted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn takes(&self, entry: &Entry) -> bool {
        let of_entity = || {
            let entity = entry.entity();
            self.entity_kind.is_none_or(|kind| entity.kind == kind)
                && self.entity_id.is_none_or(|id| entity.id == Some(id))
        };
        let of_action = |wanted: &str| {
            let action = entry.action.as_str();
            action == wanted || action.split_once('.').is_some_and(|(area, _)| area == wanted)
        };
        self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at <= until)
            && self.author.is_none_or(|author| entry.author() == Some(author))
            && self.action.as_deref().is_none_or(of_action)
            && (self.entity_kind.is_none() && self.entity_id.is_none() || of_entity())
            && self.about.as_deref().is_none_or(|text| entry.is_about(text))
    }
}

/// Where a page begins, and which way it goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Start {
    /// Only entries behind that number, as the page goes.
    pub behind: Option<u64>,
    /// Fitting entries that are passed over.
    pub skip: usize,
    /// From the first entry on, instead of from the last back.
    pub oldest_first: bool,
}

/// An entry with its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedEntry {
    /// Its number.
    pub number: u64,
    /// The text that the chain is made over.
    pub text: String,
    /// What the text says.
    pub entry: Entry,
    /// The hash of the chain up to it.
    pub hash: Sha256,
}

/// Some entries.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<LoggedEntry>,
    /// Behind which number the next page begins. Nothing at the end.
    ///
    /// A page may have fewer entries than asked for, none even, and still be followed by another: not more than a bounded
    /// number of entries is looked at for one.
    pub next: Option<u64>,
    /// How many entries there are, when all of them are wanted: otherwise nobody has counted.
    pub total: Option<u64>,
}

impl From<(u64, audit::AuditRecord)> for LoggedEntry {
    fn from((number, record): (u64, audit::AuditRecord)) -> Self {
        Self { number, entry: Entry::read(&record.text), text: record.text, hash: record.hash }
    }
}

impl Registry {
    /// Refuses whoever may not read the log.
    pub fn require_auditor(&self, caller: &Caller) -> Result<(), ServiceError> {
        check_signed_in(caller)?;
        check_inspect(caller)
    }

    /// A page of the log.
    pub async fn audit_log(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        start: Start,
        size: usize,
    ) -> Result<AuditPage, ServiceError> {
        self.require_auditor(caller)?;
        self.show_latest().await;
        self.read_long(move |snapshot| Ok(page(snapshot, &filter, start, size)?)).await
    }

    /// One entry.
    pub async fn audit_entry(&self, caller: &Caller, number: u64) -> Result<LoggedEntry, ServiceError> {
        self.require_auditor(caller)?;
        self.show_latest().await;
        let found = self.store().read(|snapshot| audit::record(snapshot, number))?;
        found.map(|record| (number, record).into()).ok_or(ServiceError::NotFound("Audit Event"))
    }

    /// The number of the user of a name or number, for a filter: nothing when there is none.
    pub fn audit_author(&self, caller: &Caller, user: &str) -> Result<Option<UserId>, ServiceError> {
        check_inspect(caller)?;
        if let Ok(number) = user.parse() {
            // It may be of a user who is gone.
            return Ok(Some(UserId(number)));
        }
        let found = self.store().read(|snapshot| records::user_by_name(snapshot, user))?;
        Ok(found.map(|user| user.id))
    }

    /// Has what waits in memory written, so that a reader sees what was refused a moment ago.
    async fn show_latest(&self) {
        if let Err(error) = self.flush_refusals(false).await {
            tracing::warn!(%error, "refused requests of the last seconds are not in the audit log yet");
        }
    }
}

fn page(
    reader: &impl Reader,
    filter: &AuditFilter,
    start: Start,
    size: usize,
) -> Result<AuditPage, StoreError> {
    let last = audit::head(reader)?.number;
    let total = filter.is_empty().then_some(last);
    // Between these numbers lies everything that can be wanted, both included.
    let mut newest = match filter.until {
        Some(until) => {
            let latest = until.saturating_add(CLOCK_SLACK).unwrap_or(Timestamp::MAX);
            audit::count_before(reader, latest.as_millisecond())?
        }
        None => last,
    };
    let mut oldest = match filter.since {
        Some(since) => audit::count_before(reader, since.as_millisecond())?.saturating_add(1),
        None => 1,
    };
    // Where everything is wanted, what is passed over need not be looked at.
    let (jump, skip) = match total {
        Some(_) => (u64::try_from(start.skip).unwrap_or(u64::MAX), 0),
        None => (0, start.skip),
    };
    let mut picked = Picked { filter, skip, size, entries: Vec::new(), looked_at: 0, next: None };
    if start.oldest_first {
        let behind = start.behind.unwrap_or(0).saturating_add(jump).saturating_add(1);
        oldest = oldest.max(behind);
        audit::oldest_first(reader, oldest, |number, record| {
            if number > newest { ControlFlow::Break(()) } else { picked.look_at(number, record, number - 1) }
        })?;
    } else {
        newest = newest.min(start.behind.map_or(u64::MAX, |behind| behind.saturating_sub(1)));
        newest = newest.saturating_sub(jump);
        audit::newest_first(reader, newest, |number, record| {
            if number < oldest { ControlFlow::Break(()) } else { picked.look_at(number, record, number + 1) }
        })?;
    }
    Ok(AuditPage { entries: picked.entries, next: picked.next, total })
}

/// The entries of a page while they are picked.
struct Picked<'f> {
    filter: &'f AuditFilter,
    skip: usize,
    size: usize,
    entries: Vec<LoggedEntry>,
    looked_at: u64,
    next: Option<u64>,
}

impl Picked<'_> {
    /// Takes an entry, or ends the page before it: the next one begins behind `before`.
    fn look_at(&mut self, number: u64, record: audit::AuditRecord, before: u64) -> ControlFlow<()> {
        if self.entries.len() >= self.size || self.looked_at >= LOOKED_AT {
            self.next = Some(before);
            return ControlFlow::Break(());
        }
        self.looked_at += 1;
        let logged = LoggedEntry::from((number, record));
        if self.filter.takes(&logged.entry) {
            if self.skip > 0 {
                self.skip -= 1;
            } else {
                self.entries.push(logged);
            }
        }
        ControlFlow::Continue(())
    }
}

/// The entity types of GitLab's API.
pub const ENTITY_TYPES: [(&str, Kind); 4] = [
    ("User", Kind::User),
    ("Group", Kind::Group),
    ("Project", Kind::Project),
    ("Gitlab::Audit::InstanceScope", Kind::Instance),
];

/// GitLab's name of what an entry is about.
pub fn entity_type(entity: &Named) -> &'static str {
    let found = ENTITY_TYPES.iter().find(|(_, kind)| *kind == entity.kind);
    found.map_or("Gitlab::Audit::InstanceScope", |(name, _)| name)
}

/// Whether a word can be asked for as an action: one of them, or the part before the dot.
pub fn is_action(word: &str) -> bool {
    Action::ALL.iter().any(|action| {
        action.as_str() == word || action.as_str().split_once('.').is_some_and(|(area, _)| area == word)
    })
}
