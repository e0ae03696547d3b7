//! Everything the page of one package shows, from one consistent state.

use jiff::Timestamp;

use super::Registry;
use super::access::{Caller, check_project, project_for};
use super::actors::{Actor, actor};
use super::error::{InternalError, ServiceError};
use super::modules::may_pull;
use super::packages::{PackageView, package_of, view};
use crate::domain::access::ProjectAction;
use crate::domain::event::PackageAction;
use crate::domain::manifest::Manifest;
use crate::domain::package::{Package, PackageFile};
use crate::domain::provenance::Provenance;
use crate::domain::{ModuleName, PackageId, ProjectId, Sha256, System, Version};
use crate::store::packages::HistoryEntry;
use crate::store::tables::GROUPS;
use crate::store::{Reader, packages};

/// Updates that are shown of a package's history (GitLab); older ones are only counted.
pub const UPDATES_SHOWN: usize = 5;

/// A package with all that its page shows.
#[derive(Debug, Clone)]
pub struct PackageDetails {
    /// The package, the path of its project, its downloads, whether the caller may delete it, its warnings.
    pub view: PackageView,
    /// Number of its project.
    pub project: ProjectId,
    /// Whether the caller sees the project and not only, because its registry is open to anyone, its packages.
    pub sees_project: bool,
    /// Where Terraform finds the module, without the host.
    pub address: ModuleAddress,
    /// What its archive declares.
    pub manifest: Manifest,
    /// Its files: one, or none when that was deleted.
    pub files: Vec<PackageFile>,
    /// Who published it.
    pub publisher: Actor,
    /// Every version of the module in this project, the highest first.
    pub versions: Vec<PageVersion>,
    /// The version that is installed when none is asked for.
    pub latest: PackageId,
    /// The next lower version.
    pub lower: Option<PackageId>,
    /// The next higher version.
    pub higher: Option<PackageId>,
    /// Whether anyone may install it, so that no credentials are needed.
    pub is_public: bool,
    /// What happened to it.
    pub activity: PackageActivity,
}

/// The source of a `module` block, behind the host: `namespace/name/system`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleAddress {
    /// Path of the root group.
    pub namespace: String,
    /// Name of the module.
    pub name: ModuleName,
    /// Its system.
    pub system: System,
}

impl std::fmt::Display for ModuleAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.name, self.system)
    }
}

/// A version of a module, for a list to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct PageVersion {
    /// Its package.
    pub id: PackageId,
    /// The version.
    pub version: Version,
    /// When it was published.
    pub published_at: Timestamp,
    /// Whether it is chosen only when asked for by its exact number.
    pub is_prerelease: bool,
}

/// The history of a package. It belongs to project, name, system and version: a package that was deleted and published
/// again continues it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PackageActivity {
    /// The first publication.
    pub published: Option<ActivityEntry>,
    /// The last updates, at most [`UPDATES_SHOWN`], oldest first.
    pub updates: Vec<ActivityEntry>,
    /// How many updates there are between.
    pub archived: usize,
}

/// Something that happened to a package.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityEntry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: PackageAction,
    /// By whom.
    pub actor: Actor,
    /// Digest of the archive concerned.
    pub sha256: Sha256,
    /// Where it came from, when that is known.
    pub provenance: Option<Provenance>,
}

impl Registry {
    /// A package of a project, with everything its page shows. Refused as reading the package is.
    pub async fn package_page(
        &self,
        caller: &Caller,
        project: &str,
        package_id: u64,
    ) -> Result<PackageDetails, ServiceError> {
        let (now, caller, project) = (self.now(), caller.clone(), project.to_owned());
        // A manifest may have megabytes, and a module thousands of versions.
        self.read_long(move |snapshot| details(snapshot, &caller, &project, package_id, now)).await
    }
}

fn details(
    reader: &impl Reader,
    caller: &Caller,
    project: &str,
    id: u64,
    now: Timestamp,
) -> Result<PackageDetails, ServiceError> {
    let project = project_for(reader, caller, project, ProjectAction::Pull, now)?;
    let package = package_of(reader, &project, id)?;
    let may = |action| check_project(reader, caller, &project, action, now).is_ok();
    let root = reader.require(&GROUPS, project.root().0)?;
    let versions = versions_of(reader, &package)?;
    let place = versions.iter().position(|listed| listed.id == package.id);
    let beside = |place: Option<usize>| Some(versions.get(place?)?.id);
    let latest = Version::latest(&versions, |listed| &listed.version).map_or(package.id, |found| found.id);
    Ok(PackageDetails {
        project: project.id,
        sees_project: may(ProjectAction::View),
        address: ModuleAddress {
            namespace: root.path.to_string(),
            name: package.name.clone(),
            system: package.system.clone(),
        },
        manifest: packages::manifest(reader, package.id)?.unwrap_or_default(),
        files: packages::files(reader, package.id)?,
        publisher: actor(reader, package.publisher)?,
        latest,
        lower: beside(place.map(|place| place + 1)),
        higher: beside(place.and_then(|place| place.checked_sub(1))),
        is_public: may_pull(reader, &Caller::Anonymous, &project, now)?,
        activity: activity(reader, &package)?,
        view: view(reader, &project, package, may(ProjectAction::DeletePackage))?,
        versions,
    })
}

/// Every version of a package's module in its project, the highest first.
fn versions_of(reader: &impl Reader, package: &Package) -> Result<Vec<PageVersion>, ServiceError> {
    let listed = packages::versions(reader, package.root, &package.name, &package.system)?;
    let own = listed.into_iter().filter(|listed| listed.project == package.project);
    let mut versions = own
        .map(|listed| {
            let published_at =
                Timestamp::from_millisecond(listed.entry.published_ms).map_err(|_out_of_range| {
                    let what = "a package has a time that is none: run `cairn verify`";
                    ServiceError::Internal(InternalError::Other(what))
                })?;
            let is_prerelease = listed.entry.version.is_prerelease();
            let (id, version) = (listed.entry.package, listed.entry.version);
            Ok(PageVersion { id, version, published_at, is_prerelease })
        })
        .collect::<Result<Vec<_>, ServiceError>>()?;
    versions.sort_unstable_by(|a, b| b.version.cmp(&a.version));
    Ok(versions)
}

fn activity(reader: &impl Reader, package: &Package) -> Result<PackageActivity, ServiceError> {
    let ends = packages::history_ends(reader, package, UPDATES_SHOWN)?;
    let entry = |HistoryEntry { event, provenance, .. }: HistoryEntry| {
        Ok::<_, ServiceError>(ActivityEntry {
            at: event.at,
            action: event.action,
            actor: actor(reader, event.actor)?,
            sha256: event.sha256,
            provenance,
        })
    };
    Ok(PackageActivity {
        published: ends.first.map(entry).transpose()?,
        updates: ends.last.into_iter().map(entry).collect::<Result<_, _>>()?,
        archived: ends.between,
    })
}

#[cfg(test)]
mod tests;
