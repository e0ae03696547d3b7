//! What administrators are shown of the whole instance: how much there is, what happened last, what the disk holds.
//!
//! Counts are kept by the database and read at once. What the disk holds is found by visiting every blob, which takes
//! long on a large instance: it is measured when it is asked for, kept for a while, and measured once at a time.

use std::ops::ControlFlow;
use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};

use super::Registry;
use super::access::Caller;
use super::actors::{Actor, actor};
use super::error::ServiceError;
use super::identity::check_inspect;
use super::upkeep::CollectError;
use crate::domain::event::{PackageAction, PackageEvent};
use crate::domain::{ModuleName, System, Version};
use crate::store::tables::{COUNTERS, EVENTS, GROUPS, MODULE_TEXTS, PACKAGES, PROJECTS, USERS};
use crate::store::{self, Reader, Snapshot, StoreError, identity, packages};

/// Events that are shown.
const EVENTS_SHOWN: usize = 20;
/// Numbers of events that are looked at for them: a change that was refused leaves a gap.
const EVENTS_LOOKED_AT: u64 = 200;
/// How long a measurement of the disk is good enough.
const STORAGE_KEPT: SignedDuration = SignedDuration::from_mins(10);

/// An instance at a glance.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Users.
    pub users: u64,
    /// Groups; users' own namespaces are none.
    pub groups: u64,
    /// Projects.
    pub projects: u64,
    /// Modules: names and systems, each project's apart.
    pub modules: u64,
    /// Versions of them.
    pub versions: u64,
    /// What happened to packages last, newest first.
    pub events: Vec<RecentEvent>,
    /// Whether requests can be served.
    pub is_ready: bool,
    /// Whether the registry is switched on.
    pub is_switched_on: bool,
    /// Uploads that could begin now.
    pub free_uploads: usize,
}

/// Something that happened to a package.
#[derive(Debug, Clone, PartialEq)]
pub struct RecentEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: PackageAction,
    /// By whom.
    pub actor: Actor,
    /// Full path of the project; nothing when that is gone.
    pub project: Option<String>,
    /// Name of the module.
    pub name: ModuleName,
    /// Its system.
    pub system: System,
    /// The version.
    pub version: Version,
}

/// What the archives take on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storage {
    /// Archives, each once however many packages hold it.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that nothing refers to any more.
    pub reclaimable_blobs: u64,
    /// Their bytes: what `cairn gc` frees once they are old enough.
    pub reclaimable_bytes: u64,
    /// When this was found.
    pub measured_at: Timestamp,
}

impl Registry {
    /// The instance at a glance, for an administrator.
    pub async fn overview(&self, caller: &Caller) -> Result<Overview, ServiceError> {
        check_inspect(caller)?;
        let (is_ready, is_switched_on) = (self.is_ready(), self.is_switched_on()?);
        let free_uploads = self.shared.uploads.free();
        self.read_long(move |snapshot| {
            let users = snapshot.count(&USERS)?;
            Ok(Overview {
                users,
                // Each user has a namespace, which is stored as a group.
                groups: snapshot.count(&GROUPS)?.saturating_sub(users),
                projects: snapshot.count(&PROJECTS)?,
                modules: snapshot.count(&MODULE_TEXTS)?,
                versions: snapshot.count(&PACKAGES)?,
                events: recent_events(snapshot)?,
                is_ready,
                is_switched_on,
                free_uploads,
            })
        })
        .await
    }

    /// What the archives take on disk, as of the last ten minutes, for an administrator.
    pub async fn storage(&self, caller: &Caller) -> Result<Storage, ServiceError> {
        check_inspect(caller)?;
        // Whoever comes meanwhile waits and takes what was found.
        let _measuring = self.shared.measuring.lock().await;
        let now = self.now();
        let known = *self.shared.storage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known
            && now.duration_since(known.measured_at).abs() < STORAGE_KEPT
        {
            return Ok(known);
        }
        let registry = self.clone();
        let measured = store::background(move || registry.measure(now)).await??;
        *self.shared.storage.lock().unwrap_or_else(PoisonError::into_inner) = Some(measured);
        Ok(measured)
    }

    fn measure(&self, now: Timestamp) -> Result<Storage, ServiceError> {
        let mut found =
            Storage { blobs: 0, bytes: 0, reclaimable_blobs: 0, reclaimable_bytes: 0, measured_at: now };
        let visited: Result<(), CollectError> = self.blobs().for_each(|blob| {
            found.blobs += 1;
            found.bytes += blob.size;
            if !self.store().read(|snapshot| packages::is_referenced(snapshot, &blob.digest))? {
                found.reclaimable_blobs += 1;
                found.reclaimable_bytes += blob.size;
            }
            Ok(())
        });
        visited.map_err(|error| error.0)?;
        Ok(found)
    }
}

fn recent_events(snapshot: &Snapshot) -> Result<Vec<RecentEvent>, StoreError> {
    let Some(last) = snapshot.get(&COUNTERS, "event")? else { return Ok(Vec::new()) };
    let mut events = Vec::new();
    let range = last.0.saturating_sub(EVENTS_LOOKED_AT)..=last.0;
    snapshot.scan(&EVENTS, range, |_, event| {
        events.push(event);
        ControlFlow::Continue(())
    })?;
    events.into_iter().rev().take(EVENTS_SHOWN).map(|event| shown(snapshot, event)).collect()
}

fn shown(reader: &impl Reader, event: PackageEvent) -> Result<RecentEvent, StoreError> {
    Ok(RecentEvent {
        at: event.at,
        action: event.action,
        actor: actor(reader, event.actor)?,
        project: identity::project(reader, event.project)?.map(|project| project.path.to_string()),
        name: event.name,
        system: event.system,
        version: event.version,
    })
}

#[cfg(test)]
mod tests;
