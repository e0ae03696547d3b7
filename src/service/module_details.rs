//! One module in full: what its archive declares, its versions, its systems, and how often it was downloaded.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Registry;
use super::access::{Caller, any_namespace};
use super::error::{InternalError, ServiceError};
use super::module_list::{ListedModule, listed, shown_namespace};
use super::modules::{Address, Candidate, candidates, may_pull, pick};
use crate::domain::identity::Group;
use crate::domain::manifest::Manifest;
use crate::domain::{ModuleName, PackageId, System, Version};
use crate::store::tables::{PACKAGES, PROJECTS};
use crate::store::{Reader, downloads, packages};

/// Days of the windows downloads are counted in. The day of the request is the last of them.
const WINDOWS: [i64; 3] = [7, 30, 365];

/// A module at one version, with all that is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleDetails {
    /// As in lists, at the version asked for.
    pub module: ListedModule,
    /// What the archive of that version declares.
    pub manifest: Manifest,
    /// The systems for which the caller sees a module of that name, in order.
    pub systems: Vec<System>,
    /// The versions the caller sees, lowest first.
    pub releases: Vec<Release>,
}

/// One version of a module.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Its package.
    pub package: PackageId,
    /// The version.
    pub version: Version,
    /// When it was published.
    pub published_at: Timestamp,
    /// How often it was downloaded.
    pub downloads: u64,
}

/// How often a module was downloaded, all versions together that a caller sees.
#[derive(Debug, Clone, PartialEq)]
pub struct DownloadSummary {
    /// The module's address: namespace, name and system.
    pub module: String,
    /// On the last 7 days in UTC, today included.
    pub week: u64,
    /// On the last 30 days.
    pub month: u64,
    /// On the last 365 days.
    pub year: u64,
    /// Ever.
    pub total: u64,
}

/// An address of a request, kept while it is worked on elsewhere.
struct OwnedAddress {
    namespace: String,
    name: String,
    system: String,
}

impl From<Address<'_>> for OwnedAddress {
    fn from(address: Address<'_>) -> Self {
        let Address { namespace, name, system } = address;
        Self { namespace: namespace.to_owned(), name: name.to_owned(), system: system.to_owned() }
    }
}

impl OwnedAddress {
    fn as_address(&self) -> Address<'_> {
        Address { namespace: &self.namespace, name: &self.name, system: &self.system }
    }
}

impl Registry {
    /// All about a module at one version, or at its latest. Refused as the protocol refuses it.
    pub async fn module_details(
        &self,
        caller: &Caller,
        address: Address<'_>,
        version: Option<&str>,
    ) -> Result<ModuleDetails, ServiceError> {
        let (now, caller) = (self.now(), caller.clone());
        let (address, version) = (OwnedAddress::from(address), version.map(str::to_owned));
        // A manifest may have megabytes.
        self.read_long(move |snapshot| {
            details(snapshot, &caller, address.as_address(), version.as_deref(), now)
        })
        .await
    }

    /// How often a module was downloaded. Downloads of the last seconds may be missing.
    pub async fn download_summary(
        &self,
        caller: &Caller,
        address: Address<'_>,
    ) -> Result<DownloadSummary, ServiceError> {
        let (now, caller, address) = (self.now(), caller.clone(), OwnedAddress::from(address));
        self.read_long(move |snapshot| {
            let address = address.as_address();
            let found = candidates(snapshot, &caller, address, &mut |_, _| {}, now)?;
            let latest = snapshot.require(&PACKAGES, pick(&found, None)?.entry.package.0)?;
            let namespace = shown_namespace(&namespace(snapshot, address)?);
            let module = format!("{namespace}/{}/{}", latest.name, latest.system);
            summary(snapshot, module, &found, now)
        })
        .await
    }
}

fn details(
    reader: &impl Reader,
    caller: &Caller,
    address: Address<'_>,
    version: Option<&str>,
    now: Timestamp,
) -> Result<ModuleDetails, ServiceError> {
    let found = candidates(reader, caller, address, &mut |_, _| {}, now)?;
    let chosen = pick(&found, version)?;
    let namespace = namespace(reader, address)?;
    let manifest = packages::manifest(reader, chosen.entry.package)?.unwrap_or_default();
    let module = listed(reader, &namespace, chosen, &found, manifest.description())?;
    let systems = systems(reader, caller, &namespace, &module.name, now)?;
    let mut releases =
        found.iter().map(|candidate| release(reader, candidate)).collect::<Result<Vec<_>, _>>()?;
    releases.sort_unstable_by(|a, b| a.version.cmp(&b.version));
    Ok(ModuleDetails { module, manifest, systems, releases })
}

/// The namespace of an address that has candidates.
fn namespace(reader: &impl Reader, address: Address<'_>) -> Result<Group, ServiceError> {
    any_namespace(reader, address.namespace)?.ok_or(ServiceError::NotFound("404 Module"))
}

fn release(reader: &impl Reader, candidate: &Candidate) -> Result<Release, ServiceError> {
    let entry = &candidate.entry;
    let published_at = Timestamp::from_millisecond(entry.published_ms).map_err(|_out_of_range| {
        ServiceError::Internal(InternalError::Other("a package has a time that is none: run `cairn verify`"))
    })?;
    let downloads = packages::downloads(reader, entry.package)?.count;
    Ok(Release { package: entry.package, version: entry.version.clone(), published_at, downloads })
}

/// The systems for which the caller may pull a module of that name from projects below a group.
fn systems(
    reader: &impl Reader,
    caller: &Caller,
    namespace: &Group,
    name: &ModuleName,
    now: Timestamp,
) -> Result<Vec<System>, ServiceError> {
    let mut seen = BTreeSet::new();
    let mut systems = Vec::new();
    for (system, project) in packages::systems(reader, namespace.root(), name)? {
        if seen.contains(system.as_str()) {
            continue;
        }
        let project = reader.require(&PROJECTS, project.0)?;
        if project.groups.contains(&namespace.id) && may_pull(reader, caller, &project, now)? {
            seen.insert(system.as_str().to_owned());
            systems.push(system);
        }
    }
    Ok(systems)
}

fn summary(
    reader: &impl Reader,
    module: String,
    found: &[Candidate],
    now: Timestamp,
) -> Result<DownloadSummary, ServiceError> {
    let today = downloads::day(now);
    let mut summary = DownloadSummary { module, week: 0, month: 0, year: 0, total: 0 };
    for candidate in found {
        let package = candidate.entry.package;
        let daily = downloads::daily(reader, package)?;
        let [week, month, year] = WINDOWS.map(|days| daily.within(&(today - days + 1..=today)));
        summary.week = summary.week.saturating_add(week);
        summary.month = summary.month.saturating_add(month);
        summary.year = summary.year.saturating_add(year);
        summary.total = summary.total.saturating_add(packages::downloads(reader, package)?.count);
    }
    Ok(summary)
}

#[cfg(test)]
mod tests;
