//! Places for work that many want at once, shared fairly: one caller has some of them at most, and waits in a line of its own.
//!
//! Whoever comes waits behind its own requests first, and only then, one of each caller at a time, for the places of
//! all. A storm of one caller is therefore in front of others with no more than its own places.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::access::Caller;
use super::{Registry, ServiceError};
use crate::domain::{JobId, PublisherId, TokenId, UserId};

/// Whom limits count as one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// The program itself, and whoever has the machine.
    Program,
    /// A user, through all of its tokens and sessions.
    User(UserId),
    /// A deploy token.
    Deploy(TokenId),
    /// A CI job that was opened here.
    Job(JobId),
    /// The jobs of a project elsewhere, as the log names them.
    Elsewhere(String),
    /// A trusted publisher.
    Publisher(PublisherId),
    /// Anybody who did not sign in, by network.
    Network(IpAddr),
}

impl Who {
    /// The caller of a request, which came from that address.
    pub fn of(caller: &Caller, address: Option<IpAddr>) -> Self {
        match caller {
            Caller::Anonymous => address.map_or(Self::Program, |address| Self::Network(network(address))),
            Caller::User { user, .. } => Self::User(user.id),
            Caller::Deploy { token } => Self::Deploy(token.id),
            Caller::Job { job, .. } => Self::Job(job.id),
            Caller::Workload(workload) => Self::Elsewhere(workload.label()),
            Caller::Trusted(publisher) => Self::Publisher(publisher.id),
            Caller::Operator => Self::Program,
        }
    }
}

/// What counts as one address. One customer of an IPv6 provider has a /64 at least, so single addresses of it say nothing.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// How many may come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Places.
    pub(super) places: usize,
    /// Places that one caller has at most.
    pub(super) own: usize,
    /// How many of one caller wait at most; the next is told that it is its own fault.
    pub(super) waiting: usize,
    /// How many have a place or wait, of all callers; the next is told that the server is busy.
    pub(super) everyone: usize,
}

impl Bounds {
    /// Places of which one caller has half at most.
    pub(super) fn halved(places: usize) -> Self {
        Self { places, own: (places / 2).max(1), waiting: 64, everyone: usize::MAX }
    }
}

/// What a limit did so far, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitCounts {
    /// A word for it.
    pub limit: &'static str,
    /// Places.
    pub places: u64,
    /// Places that one caller has at most.
    pub own: u64,
    /// How many had to wait.
    pub waits: u64,
    /// How many were refused.
    pub refusals: u64,
}

/// Places, and the lines before them.
#[derive(Debug, Clone)]
pub(super) struct Lines(Arc<Shared>);

/// What it is that there are places for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Label {
    /// A word for metrics.
    pub(super) name: &'static str,
    /// What one caller has too many of.
    pub(super) what: &'static str,
    /// What is said when it is too much for the server.
    pub(super) busy: &'static str,
}

#[derive(Debug)]
struct Shared {
    label: Label,
    bounds: Bounds,
    places: Arc<Semaphore>,
    present: Mutex<Present>,
    waits: AtomicU64,
    refusals: AtomicU64,
}

impl Shared {
    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who has a place or waits. A caller of whom nobody does is not in it.
#[derive(Debug, Default)]
struct Present {
    lines: HashMap<Who, Line>,
    everyone: usize,
}

#[derive(Debug)]
struct Line {
    turns: Arc<Semaphore>,
    members: usize,
}

/// A place. It is free again when this is dropped.
#[derive(Debug)]
#[must_use = "the place is given back when it is dropped"]
pub struct Place {
    _shared: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _member: Member,
}

impl Place {
    /// Gives the place back to all callers at once, and to its own caller's line only after that time, if anybody waits in it.
    pub(super) fn give_back_slowly(self, runtime: &Handle, pause: Duration) {
        let Self { _shared: shared, _own: own, _member: member } = self;
        drop(shared);
        if member.is_one_of_many() {
            runtime.spawn(async move {
                tokio::time::sleep(pause).await;
                drop((own, member));
            });
        }
    }
}

#[derive(Debug)]
struct Member {
    shared: Arc<Shared>,
    who: Who,
}

impl Member {
    fn is_one_of_many(&self) -> bool {
        self.shared.present().lines.get(&self.who).is_some_and(|line| line.members > 1)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut present = self.shared.present();
        present.everyone = present.everyone.saturating_sub(1);
        if let Some(line) = present.lines.get_mut(&self.who) {
            line.members = line.members.saturating_sub(1);
            if line.members == 0 {
                present.lines.remove(&self.who);
            }
        }
    }
}

impl Lines {
    /// Free places.
    pub(super) fn new(label: Label, bounds: Bounds) -> Self {
        Self(Arc::new(Shared {
            label,
            bounds,
            places: Arc::new(Semaphore::new(bounds.places)),
            present: Mutex::default(),
            waits: AtomicU64::new(0),
            refusals: AtomicU64::new(0),
        }))
    }

    /// Waits for a place. Refuses when too many wait already.
    pub(super) async fn take(&self, who: Who) -> Result<Place, ServiceError> {
        let (member, turns) = self.join(who)?;
        let mut waited = false;
        let turn = self.wait_for(turns, &mut waited).await?;
        let place = self.wait_for(Arc::clone(&self.0.places), &mut waited).await?;
        Ok(Place { _shared: place, _own: turn, _member: member })
    }

    /// Counts whoever has to wait, once.
    async fn wait_for(
        &self,
        places: Arc<Semaphore>,
        waited: &mut bool,
    ) -> Result<OwnedSemaphorePermit, ServiceError> {
        if let Ok(free) = Arc::clone(&places).try_acquire_owned() {
            return Ok(free);
        }
        if !std::mem::replace(waited, true) {
            self.0.waits.fetch_add(1, Ordering::Relaxed);
        }
        places.acquire_owned().await.map_err(|_closed| ServiceError::Unavailable(self.0.label.busy))
    }

    fn join(&self, who: Who) -> Result<(Member, Arc<Semaphore>), ServiceError> {
        let shared = &self.0;
        let mut present = shared.present();
        let members = present.lines.get(&who).map_or(0, |line| line.members);
        let refused = if members >= shared.bounds.own.saturating_add(shared.bounds.waiting) {
            Some(ServiceError::Crowded(shared.label.what))
        } else if present.everyone >= shared.bounds.everyone {
            Some(ServiceError::Unavailable(shared.label.busy))
        } else {
            None
        };
        if let Some(refused) = refused {
            shared.refusals.fetch_add(1, Ordering::Relaxed);
            return Err(refused);
        }
        present.everyone += 1;
        let line = present
            .lines
            .entry(who.clone())
            .or_insert_with(|| Line { turns: Arc::new(Semaphore::new(shared.bounds.own)), members: 0 });
        line.members += 1;
        Ok((Member { shared: Arc::clone(shared), who }, Arc::clone(&line.turns)))
    }

    /// Places that nobody has.
    pub(super) fn free(&self) -> usize {
        self.0.places.available_permits()
    }

    /// What is said to somebody who waited for too long.
    pub(super) fn give_up(&self) -> ServiceError {
        self.0.refusals.fetch_add(1, Ordering::Relaxed);
        ServiceError::Unavailable(self.0.label.busy)
    }

    fn counts(&self) -> LimitCounts {
        let number = |number| u64::try_from(number).unwrap_or(u64::MAX);
        LimitCounts {
            limit: self.0.label.name,
            places: number(self.0.bounds.places),
            own: number(self.0.bounds.own),
            waits: self.0.waits.load(Ordering::Relaxed),
            refusals: self.0.refusals.load(Ordering::Relaxed),
        }
    }
}

impl Registry {
    /// Whom limits count the present request for.
    pub(super) fn who(&self) -> Who {
        self.origin.who()
    }

    /// What every limit on work did so far.
    pub fn limit_counts(&self) -> impl Iterator<Item = LimitCounts> + '_ {
        let shared = &self.shared;
        [shared.long_reads.lines(), &shared.uploads, shared.passwords.lines(), shared.contents.lines()]
            .into_iter()
            .map(Lines::counts)
    }
}

#[cfg(test)]
mod tests;
