//! The Terraform side: versions of a module, the latest of them, where its archive is, and the archive.
//!
//! Candidates for an address are the packages of every project under its namespace that the caller may pull. What a
//! caller may not see is left out before anything is decided, so that it cannot show in an answer. A namespace or
//! project that was renamed is found by its old name too, until somebody takes that: sources are written to last.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::Registry;
use super::access::{self, Caller, check_group};
use super::error::{BadCredential, ServiceError};
use super::lookup::{terraform_namespace, terraform_project};
use super::ready::{Seen, by_ticket};
use super::tickets::{Bearer, Ticket};
use super::trusted_publishers::matching;
use crate::domain::access::{GroupAction, ProjectAction};
use crate::domain::identity::{Group, Project};
use crate::domain::package::PackageFile;
use crate::domain::{ModuleName, PackageId, ProjectId, Sha256, System, Version};
use crate::store::tables::{GROUPS, ModuleVersion, PACKAGES, PROJECTS};
use crate::store::{Reader, StoreError, identity, packages, trusted_publishers};

/// A module address as a request wrote it, not judged yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// Path of a root group or user, or number of a group.
    pub namespace: &'a str,
    /// Name of the module.
    pub name: &'a str,
    /// Target system.
    pub system: &'a str,
}

impl Address<'_> {
    /// As a path, with something behind it. Nothing when it could be taken for another: a part holds a slash.
    fn path(&self, rest: &str) -> Option<String> {
        let parts = [self.namespace, self.name, self.system];
        let is_plain = parts.iter().all(|part| !part.contains('/'));
        is_plain.then(|| format!("{}/{}/{}/{rest}", self.namespace, self.name, self.system))
    }
}

/// The versions of one module that a caller may see.
#[derive(Debug, Clone)]
pub struct Versions {
    /// Full path of the project that published last; nothing when there is no version.
    pub source: Option<String>,
    /// Highest first.
    pub versions: Vec<Version>,
}

/// One version of a module.
#[derive(Debug, Clone)]
pub struct Details {
    /// Name of the module, as first published.
    pub name: ModuleName,
    /// Target system.
    pub system: System,
    /// The version.
    pub version: Version,
    /// Full path of the project it was published in.
    pub source: String,
}

/// Where a client finds an archive: what the archive URL is made of.
#[derive(Debug, Clone)]
pub struct Location {
    /// Path of the root group, or the number of the group asked for.
    pub namespace: String,
    /// Name of the module.
    pub name: ModuleName,
    /// Target system.
    pub system: System,
    /// The version.
    pub version: Version,
    /// Checksum the client verifies.
    pub sha256: Sha256,
    /// Stands in for a credential; nothing when anyone may read the file.
    pub ticket: Option<String>,
}

/// An archive to send.
#[derive(Debug, Clone)]
pub struct Archive {
    /// The package it belongs to, for counting.
    pub package: PackageId,
    /// Which blob.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
    /// The name to save it under.
    pub file_name: String,
}

/// A version of a module and the project it is in.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) project: Arc<Project>,
    pub(super) entry: ModuleVersion,
}

impl Registry {
    /// N1: every version the caller may see. Unknown modules have none; an unknown namespace is refused like a
    /// private one.
    pub fn versions(&self, caller: &Caller, address: Address<'_>) -> Result<Versions, ServiceError> {
        let now = self.now();
        let mut seen = self.seen_since(address);
        let versions = self.store().read(|snapshot| {
            let found = self.found(snapshot, caller, address, &mut seen, now)?;
            let newest =
                found.iter().max_by_key(|candidate| (candidate.entry.published_ms, candidate.entry.package));
            let source = newest.map(|candidate| candidate.project.path.to_string());
            let mut versions: Vec<Version> =
                found.into_iter().map(|candidate| candidate.entry.version).collect();
            versions.sort_unstable_by(|a, b| b.cmp(a));
            Ok::<_, ServiceError>(Versions { source, versions })
        })?;
        if let Some(path) = address.path("versions") {
            self.keep_versions(path, seen, &versions);
        }
        Ok(versions)
    }

    /// N3, N4: one version, or the latest.
    pub fn details(
        &self,
        caller: &Caller,
        address: Address<'_>,
        version: Option<&str>,
    ) -> Result<Details, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let found = candidates(snapshot, caller, address, &mut |_, _| {}, now)?;
            Ok(installable(snapshot, pick(&found, version)?)?.0)
        })
    }

    /// N5: where the archive of a version is, with a ticket when not anyone may read it.
    pub fn locate(
        &self,
        caller: &Caller,
        address: Address<'_>,
        version: &str,
    ) -> Result<Location, ServiceError> {
        let now = self.now();
        let mut seen = self.seen_since(address);
        let (location, file, bearer) = self.store().read(|snapshot| {
            let found = self.found(snapshot, caller, address, &mut seen, now)?;
            let candidate = pick(&found, Some(version))?;
            let (details, file) = installable(snapshot, candidate)?;
            let root = snapshot.require(&GROUPS, candidate.project.root().0)?;
            let namespace =
                terraform_namespace(snapshot, address.namespace)?.map_or(root.id, |asked| asked.id);
            let anyone = may_pull(snapshot, &Caller::Anonymous, &candidate.project, now)?;
            let bearer = if anyone { None } else { bearer(snapshot, caller, candidate.project.id)? };
            let location = Location {
                // A subgroup, asked for by number, has no path of one segment: the archive must be picked from it too.
                namespace: if namespace == root.id { root.path.to_string() } else { namespace.to_string() },
                name: details.name,
                system: details.system,
                version: details.version,
                sha256: file.sha256,
                ticket: None,
            };
            Ok::<_, ServiceError>((location, file.id, (anyone, bearer)))
        })?;
        let (anyone, bearer) = bearer;
        if let Some(path) = address.path(&format!("{version}/download")) {
            self.keep_location(path, seen, location.clone(), file, anyone);
        }
        let ticket = bearer.map(|bearer| self.shared.tickets.issue(Ticket { file, bearer }, now));
        Ok(Location { ticket: ticket.map(|ticket| ticket.as_str().to_owned()), ..location })
    }

    /// N6 with a ticket: the ticket decides alone, and only about its own file.
    pub fn redeem(&self, ticket: &str, address: Address<'_>, version: &str) -> Result<Archive, ServiceError> {
        let now = self.now();
        let refused = || ServiceError::Unauthenticated(BadCredential::Ticket);
        let ticket = self.shared.tickets.check(ticket, now).ok_or_else(refused)?;
        let mut seen = self.seen_since(address);
        let archive = self.store().read(|snapshot| {
            let caller = match ticket.bearer {
                Bearer::Operator => Caller::Operator,
                Bearer::Token(token) => access::caller_by_token(snapshot, token, now)?,
                Bearer::Job(job) => access::caller_by_job(snapshot, job, now)?,
                Bearer::Trusted(publisher) => {
                    let found = trusted_publishers::publisher(snapshot, publisher)?;
                    Caller::Trusted(Box::new(found.ok_or_else(refused)?))
                }
            };
            let file = packages::file(snapshot, ticket.file)?.ok_or_else(refused)?;
            let package = snapshot.require(&PACKAGES, file.package.0)?;
            let namespace = terraform_namespace(snapshot, address.namespace)?.ok_or_else(refused)?;
            let project = snapshot.require(&PROJECTS, package.project.0)?;
            let same = project.groups.contains(&namespace.id)
                && package.name.as_str().eq_ignore_ascii_case(address.name)
                && package.system.as_str() == address.system
                && parse_wanted(version).is_some_and(|wanted| wanted == package.version);
            if !same || !may_pull(snapshot, &caller, &project, now)? {
                return Err(refused());
            }
            seen.project(&project, true);
            seen.check_switch(self, snapshot)?;
            Ok(Archive {
                package: package.id,
                sha256: file.sha256,
                size: file.size,
                file_name: file.file_name,
            })
        })?;
        if let Some(path) = address.path(version) {
            self.keep_archive(by_ticket(&path, ticket.file), seen, &archive);
        }
        Ok(archive)
    }

    /// N6 without a ticket: as the caller may.
    pub fn archive(
        &self,
        caller: &Caller,
        address: Address<'_>,
        version: &str,
    ) -> Result<Archive, ServiceError> {
        let now = self.now();
        let mut seen = self.seen_since(address);
        let archive = self.store().read(|snapshot| {
            let found = self.found(snapshot, caller, address, &mut seen, now)?;
            archive_of(snapshot, pick(&found, Some(version))?)
        })?;
        if let Some(path) = address.path(version) {
            self.keep_archive(path, seen, &archive);
        }
        Ok(archive)
    }

    /// P1, P2: the archive of a version in one project, or of its latest.
    pub fn project_archive(
        &self,
        caller: &Caller,
        project: &str,
        module: (&str, &str),
        version: Option<&str>,
    ) -> Result<Archive, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let project = Arc::new(terraform_project(snapshot, caller, project, now)?);
            let (Ok(name), Ok(system)) = (module.0.parse(), module.1.parse()) else {
                return Err(ServiceError::NotFound("404 Module"));
            };
            let found: Vec<Candidate> = packages::versions(snapshot, project.root(), &name, &system)?
                .into_iter()
                .filter(|listed| listed.project == project.id)
                .map(|listed| Candidate { project: Arc::clone(&project), entry: listed.entry })
                .collect();
            archive_of(snapshot, pick(&found, version)?)
        })
    }

    /// [`candidates`], with what of their projects was seen.
    fn found(
        &self,
        reader: &impl Reader,
        caller: &Caller,
        address: Address<'_>,
        seen: &mut Seen,
        now: Timestamp,
    ) -> Result<Vec<Candidate>, ServiceError> {
        seen.check_switch(self, reader)?;
        candidates(reader, caller, address, &mut |project, visible| seen.project(project, visible), now)
    }

    /// Nothing seen yet of a module. To be asked before the snapshot is taken.
    fn seen_since(&self, address: Address<'_>) -> Seen {
        Seen::since(self.store().stamps().module(address.name, address.system))
    }

    /// Notes that an archive was sent.
    pub fn count_download(&self, archive: &Archive) {
        self.shared.activity.downloaded(archive.package, self.now());
    }
}

/// The versions of a module that the caller may pull, one a version: the most recently published wins. `judged` is told of
/// each project below the namespace that has the module, and whether the caller may pull from it.
pub(super) fn candidates(
    reader: &impl Reader,
    caller: &Caller,
    address: Address<'_>,
    judged: &mut impl FnMut(&Project, bool),
    now: Timestamp,
) -> Result<Vec<Candidate>, ServiceError> {
    let hidden = || ServiceError::hidden(caller.is_anonymous(), "Namespace");
    let namespace = terraform_namespace(reader, address.namespace)?.ok_or_else(hidden)?;
    let found = match (address.name.parse(), address.system.parse()) {
        (Ok(name), Ok(system)) => pullable(reader, &namespace, (&name, &system), &mut |project| {
            let visible = may_pull(reader, caller, project, now)?;
            judged(project, visible);
            Ok(visible)
        })?,
        // Such a module cannot have been published: it is unknown like any other.
        _ => Vec::new(),
    };
    if found.is_empty() {
        check_group(reader, caller, &namespace, GroupAction::View, now).map_err(|error| match error {
            ServiceError::Refused { .. } => hidden(),
            other => other,
        })?;
    }
    Ok(found)
}

/// The versions of a module from those projects below a group that `may` be pulled from, one a version. It is asked once of
/// each project below the group that has the module.
pub(super) fn pullable(
    reader: &impl Reader,
    namespace: &Group,
    (name, system): (&ModuleName, &System),
    may: &mut impl FnMut(&Project) -> Result<bool, StoreError>,
) -> Result<Vec<Candidate>, ServiceError> {
    let mut projects: HashMap<ProjectId, Option<Arc<Project>>> = HashMap::new();
    let mut by_version: HashMap<String, Candidate> = HashMap::new();
    for listed in packages::versions(reader, namespace.root(), name, system)? {
        let project = match projects.get(&listed.project) {
            Some(known) => known.clone(),
            None => {
                let project = reader.require(&PROJECTS, listed.project.0)?;
                let visible = project.groups.contains(&namespace.id) && may(&project)?;
                let project = visible.then(|| Arc::new(project));
                projects.insert(listed.project, project.clone());
                project
            }
        };
        let Some(project) = project else { continue };
        let candidate = Candidate { project, entry: listed.entry };
        let newness = |candidate: &Candidate| (candidate.entry.published_ms, candidate.entry.package);
        match by_version.entry(candidate.entry.version.identity()) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(candidate);
            }
            std::collections::hash_map::Entry::Occupied(mut place) => {
                if newness(&candidate) > newness(place.get()) {
                    place.insert(candidate);
                }
            }
        }
    }
    Ok(by_version.into_values().collect())
}

pub(super) fn may_pull(
    reader: &impl Reader,
    caller: &Caller,
    project: &Project,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let facts = access::project_facts(reader, caller, project, &identity::settings(reader)?, now)?;
    Ok(crate::domain::access::project(caller.identity(), &facts, ProjectAction::Pull).is_ok())
}

/// The version asked for, or the latest.
pub(super) fn pick<'c>(found: &'c [Candidate], version: Option<&str>) -> Result<&'c Candidate, ServiceError> {
    match version {
        None => latest(found).ok_or(ServiceError::NotFound("404 Module")),
        Some(text) => parse_wanted(text)
            .and_then(|wanted| found.iter().find(|candidate| candidate.entry.version == wanted))
            .ok_or(ServiceError::NotFound("404 Module version")),
    }
}

/// The latest of some versions.
pub(super) fn latest(found: &[Candidate]) -> Option<&Candidate> {
    Version::latest(found, |candidate| &candidate.entry.version)
}

/// Whom a ticket is given to. A browser, which has no token, is given none: its session opens the file.
fn bearer(reader: &impl Reader, caller: &Caller, project: ProjectId) -> Result<Option<Bearer>, StoreError> {
    Ok(match caller {
        Caller::Operator => Some(Bearer::Operator),
        Caller::Job { job, .. } => Some(Bearer::Job(job.id)),
        Caller::Workload(workload) => {
            matching(reader, &workload.claims, project)?.map(|publisher| Bearer::Trusted(publisher.id))
        }
        Caller::Trusted(publisher) => Some(Bearer::Trusted(publisher.id)),
        Caller::User { .. } | Caller::Deploy { .. } => caller.token().map(|token| Bearer::Token(token.id)),
        Caller::Anonymous => None,
    })
}

/// Some tools ask for the tag (`v1.2.0`): it means the version.
fn parse_wanted(text: &str) -> Option<Version> {
    text.strip_prefix('v').unwrap_or(text).parse().ok()
}

fn installable(reader: &impl Reader, candidate: &Candidate) -> Result<(Details, PackageFile), ServiceError> {
    let package = reader.require(&PACKAGES, candidate.entry.package.0)?;
    let file =
        packages::files(reader, package.id)?.pop().ok_or(ServiceError::NotFound("404 Module version"))?;
    let details = Details {
        name: package.name,
        system: package.system,
        version: package.version,
        source: candidate.project.path.to_string(),
    };
    Ok((details, file))
}

fn archive_of(reader: &impl Reader, candidate: &Candidate) -> Result<Archive, ServiceError> {
    let (_, file) = installable(reader, candidate)?;
    Ok(Archive {
        package: candidate.entry.package,
        sha256: file.sha256,
        size: file.size,
        file_name: file.file_name,
    })
}
