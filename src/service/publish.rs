//! Publishing: everything that can be refused before the body, the body as it arrives, and the one durable change.

use std::io::{self, Read, Write};
use std::time::Duration;

use jiff::Timestamp;

use super::access::{Caller, check_project, project_for, still_valid};
use super::audit::Deed;
use super::error::{Duplicate, DuplicateKind, ServiceError};
use super::lines::Place;
use super::trusted_publishers::{acting, check_unspent, use_up};
use super::{Registry, history};
use crate::archive::{self, ArchiveError};
use crate::blobs::{Lease, Staged};
use crate::domain::access::ProjectAction;
use crate::domain::audit::{Action, Kind, Named};
use crate::domain::event::PackageAction;
use crate::domain::identity::Project;
use crate::domain::package::{DuplicatesRule, Package, PackageFile, Status, Warning};
use crate::domain::provenance::Provenance;
use crate::domain::{FileId, ModuleName, PackageId, ProjectId, Sha256, System, Version};
use crate::store::packages::Declared;
use crate::store::tables::{GROUPS, PACKAGES, PROJECTS};
use crate::store::{Change, Reader, StoreError, identity, packages};

/// How long an upload waits for a place before it is told to try again.
const WAIT_FOR_PLACE: Duration = Duration::from_secs(30);

/// An upload that may begin: everything that needs no body was checked.
#[derive(Debug)]
pub struct Upload {
    project: ProjectId,
    name: ModuleName,
    system: System,
    version: Version,
    /// Bytes it may have.
    pub limit: u64,
    /// Where the publisher says it comes from. Counts only where nobody vouches for another.
    pub claimed: Option<Provenance>,
    /// Its place among the uploads at once.
    _place: Place,
}

/// An upload whose bytes are durable and acceptable, and not visible yet.
#[derive(Debug)]
pub struct Received {
    blob: Lease,
    declared: Declared,
    warnings: Vec<Warning>,
}

/// A package that was published.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its number.
    pub package: PackageId,
    /// Full path of the project.
    pub project: String,
    /// `vpc/aws`.
    pub module: String,
    /// Its version.
    pub version: Version,
    /// SHA-256 of its archive.
    pub sha256: Sha256,
    /// Size of its archive in bytes.
    pub size: u64,
    /// What its readers should know.
    pub warnings: Vec<Warning>,
}

/// The address of an upload as the request wrote it.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Number or full path of the project.
    pub project: &'a str,
    /// Name of the module.
    pub name: &'a str,
    /// Target system.
    pub system: &'a str,
    /// The version.
    pub version: &'a str,
}

impl Registry {
    /// Checks everything that can be checked without the body and takes a place among the uploads.
    pub async fn begin_upload(&self, caller: &Caller, target: Target<'_>) -> Result<Upload, ServiceError> {
        let now = self.now();
        let limits = self.options().archive;
        let (project, name, system, version, configured) = self.store().read(|snapshot| {
            let project = project_for(snapshot, caller, target.project, ProjectAction::Publish, now)?;
            let version: Version = target.version.parse()?;
            let (name, system): (ModuleName, System) = (target.name.parse()?, target.system.parse()?);
            check_unspent(snapshot, caller, project.id, now)?;
            check_duplicates(snapshot, caller, &project, (&name, &system, &version), None, now)?;
            let configured = identity::settings(snapshot)?.max_file_size;
            Ok::<_, ServiceError>((project.id, name, system, version, configured))
        })?;
        let uploads = &self.shared.uploads;
        let place = tokio::time::timeout(WAIT_FOR_PLACE, uploads.take(self.who())).await;
        let place = place.unwrap_or_else(|_too_long| Err(uploads.give_up()))?;
        let limit =
            if configured == 0 { limits.compressed_bytes } else { configured.min(limits.compressed_bytes) };
        Ok(Upload { project, name, system, version, limit, claimed: None, _place: place })
    }

    /// Takes the bytes in: to disk, through SHA-256 and through the archive walk at once, then makes them durable.
    ///
    /// Blocks while `body` does. When it fails, nothing is left on disk.
    pub fn receive(&self, upload: &Upload, body: impl Read) -> Result<Received, ServiceError> {
        let staged = self.blobs().stage().map_err(|error| ServiceError::io("staging an upload", error))?;
        let mut intake = Intake { body, staged, taken: 0, limit: upload.limit, failure: None };
        let options = self.options();
        let outcome = archive::inspect(&mut intake, &options.archive, &options.manifest);
        if let Some(failure) = intake.failure {
            return Err(failure);
        }
        let report = outcome.map_err(|error| match error {
            ArchiveError::Read(_) => ServiceError::Incomplete,
            refused => ServiceError::Unprocessable(refused.to_string()),
        })?;
        // Here and not in the change: uploads are received side by side, changes are made one after another.
        let declared = Declared::of(&report.manifest)?;
        let blob = self
            .blobs()
            .commit(intake.staged)
            .map_err(|error| ServiceError::io("making an upload durable", error))?;
        Ok(Received { blob, declared, warnings: report.warnings })
    }

    /// Makes the package visible, if nothing changed meanwhile. Durable when it returns.
    pub async fn finish_upload(
        &self,
        caller: &Caller,
        upload: Upload,
        received: Received,
    ) -> Result<Published, ServiceError> {
        let now = self.now();
        let (scribe, caller) = (self.scribe(caller), caller.clone());
        let disabled = self.options().disable_registry;
        let digest = received.blob.digest();
        // The lease lives in the closure: the collector leaves the blob alone until the change is decided, and until
        // the commit when it is accepted, because the closure's result carries it out.
        let outcome = self
            .store()
            .write(move |change| {
                let Received { blob, declared, warnings } = received;
                let published = insert(change, &caller, &upload, (&blob, declared, warnings), disabled, now)?;
                let name = format!("{} {}", published.module, published.version);
                let package = Named::new(Kind::Package, Some(published.package.0), &name);
                let project = Named::new(Kind::Project, Some(upload.project.0), &published.project);
                let deed = Deed::new(Action::PackagePublished, package).of(project);
                let deed = deed.with("sha256", published.sha256.to_hex()).with("size", published.size);
                scribe.note(change, deed)?;
                Ok::<_, ServiceError>((published, blob))
            })
            .await;
        match outcome {
            Ok((published, _lease)) => Ok(published),
            Err(refused) => {
                // Somebody else was quicker: what was sent goes, unless others hold the same bytes.
                if let Err(error) = self.collect(digest).await {
                    tracing::warn!(%error, blob = %digest, "a refused upload's blob is left to the collector");
                }
                Err(refused)
            }
        }
    }

    /// Fills in whether a refused upload had the bytes that are there already.
    pub fn judge_duplicate(&self, refusal: ServiceError, sent: Sha256) -> ServiceError {
        match refusal {
            ServiceError::Duplicate(mut duplicate) => {
                if let DuplicateKind::SameVersion { sha256, identical, .. } = &mut duplicate.kind {
                    *identical = Some(sent.to_hex() == *sha256);
                }
                ServiceError::Duplicate(duplicate)
            }
            other => other,
        }
    }
}

/// Passes the body on to the archive walk and keeps every byte.
struct Intake<R> {
    body: R,
    staged: Staged,
    taken: u64,
    limit: u64,
    /// Why taking in stopped, when it was not the archive's fault.
    failure: Option<ServiceError>,
}

impl<R: Read> Read for Intake<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.body.read(buffer) {
            Ok(count) => count,
            Err(error) => {
                self.failure.get_or_insert(ServiceError::Incomplete);
                return Err(error);
            }
        };
        self.taken += count as u64;
        if self.taken > self.limit {
            self.failure.get_or_insert(ServiceError::TooLarge(self.limit));
            return Err(io::Error::other("the upload is too large"));
        }
        if let Err(error) = self.staged.write_all(buffer.get(..count).unwrap_or_default()) {
            self.failure.get_or_insert(ServiceError::io("writing an upload", error));
            return Err(io::Error::other("the upload could not be written"));
        }
        Ok(count)
    }
}

/// Refuses what is there already: the version in this project, or the module in another one of the namespace.
fn check_duplicates(
    reader: &impl Reader,
    caller: &Caller,
    project: &Project,
    (name, system, version): (&ModuleName, &System, &Version),
    sent: Option<&Sha256>,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let module = format!("{name}/{system}");
    let here = (project.root(), project.id);
    if let Some(existing) = packages::version(reader, here, name, system, version)? {
        let sha256 = packages::files(reader, existing.package)?.pop().map(|file| file.sha256);
        let kind = DuplicateKind::SameVersion {
            version: existing.version.to_string(),
            sha256: sha256.map(|sha256| sha256.to_hex()).unwrap_or_default(),
            identical: sent.map(|sent| sha256.as_ref() == Some(sent)),
        };
        return Err(ServiceError::Duplicate(Box::new(Duplicate { module, kind })));
    }
    let Some(other) = packages::other_project(reader, project.root(), project.id, name, system)? else {
        return Ok(());
    };
    let rules =
        project.groups.iter().map(|group| reader.require(&GROUPS, group.0).map(|group| group.duplicates));
    let rules: Vec<DuplicatesRule> = rules.collect::<Result<_, StoreError>>()?;
    if DuplicatesRule::any_allows(&rules, &module) {
        return Ok(());
    }
    let other = reader.require(&PROJECTS, other.0)?;
    let seen = check_project(reader, caller, &other, ProjectAction::View, now).is_ok();
    let kind = DuplicateKind::OtherProject { path: seen.then(|| other.path.to_string()) };
    Err(ServiceError::Duplicate(Box::new(Duplicate { module, kind })))
}

fn insert(
    change: &mut Change<'_>,
    caller: &Caller,
    upload: &Upload,
    (blob, declared, warnings): (&Lease, Declared, Vec<Warning>),
    disabled: bool,
    now: Timestamp,
) -> Result<Published, ServiceError> {
    if disabled || !identity::settings(change)?.registry_enabled {
        return Err(ServiceError::RegistryDisabled);
    }
    let project = identity::project(change, upload.project)?
        .ok_or_else(|| ServiceError::hidden(caller.is_anonymous(), "Project"))?;
    // An upload can take long: the credential may have been revoked since it began.
    let caller = &still_valid(change, caller, now)?;
    check_project(change, caller, &project, ProjectAction::Publish, now)?;
    let sent = blob.digest();
    check_duplicates(
        change,
        caller,
        &project,
        (&upload.name, &upload.system, &upload.version),
        Some(&sent),
        now,
    )?;
    let here = (project.root(), project.id);
    let name = match packages::any_version(change, here, &upload.name, &upload.system)? {
        Some(first) => change.require(&PACKAGES, first.0)?.name,
        None => upload.name.clone(),
    };
    let publisher = acting(change, caller, project.id)?;
    if let Caller::Workload(workload) = caller {
        use_up(change, workload, project.id, now)?;
    }
    let package = Package {
        id: PackageId(change.next_number("package")?),
        project: project.id,
        root: project.root(),
        name,
        system: upload.system.clone(),
        version: upload.version.clone(),
        status: Status::Default,
        created_at: now,
        publisher,
        warnings,
    };
    let file = PackageFile {
        id: FileId(change.next_number("file")?),
        package: package.id,
        file_name: package.file_name(),
        size: blob.size(),
        sha256: sent,
        created_at: now,
    };
    packages::put(change, &package, &file, declared)?;
    let provenance = caller.provenance().or(upload.claimed.clone());
    if let Some(provenance) = &provenance {
        packages::put_provenance(change, package.id, provenance)?;
    }
    history::note_from(change, caller, &package, (PackageAction::Published, sent), provenance.as_ref(), now)?;
    Ok(Published {
        package: package.id,
        project: project.path.to_string(),
        module: package.full_name(),
        version: package.version,
        sha256: sent,
        size: file.size,
        warnings: package.warnings,
    })
}
