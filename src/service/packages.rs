//! The packages API: list, show, files, delete.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use fixedbitset::FixedBitSet;
use jiff::Timestamp;

use super::access::{Caller, Standing, check_project, group_for, project_for};
use super::audit::Deed;
use super::catalog::{Contents, RowFilter, Scope};
use super::error::ServiceError;
use super::modules::Archive;
use super::{Registry, Window, history};
use crate::domain::access::{GroupAction, ProjectAction};
use crate::domain::audit::{Action, Kind, Named};
use crate::domain::event::PackageAction;
use crate::domain::identity::Project;
use crate::domain::package::{Package, PackageFile};
use crate::domain::provenance::Provenance;
use crate::domain::{FileId, PackageId, ProjectId, Version};
use crate::store::tables::Downloads;
use crate::store::{Reader, Snapshot, StoreError, identity, packages};

/// A package with what a reader of it is shown.
#[derive(Debug, Clone)]
pub struct PackageView {
    /// The package.
    pub package: Package,
    /// Full path of its project.
    pub project_path: String,
    /// Whether the caller may delete it.
    pub can_delete: bool,
    /// How often it was downloaded.
    pub downloads: Downloads,
    /// Where it was published from, when that is known.
    pub provenance: Option<Provenance>,
}

/// Which packages of a list are wanted.
#[derive(Debug, Clone, Default)]
pub struct PackageQuery {
    /// Words that must all occur in `name/system`, without regard to case.
    pub name: Option<String>,
    /// Exactly this version.
    pub version: Option<String>,
    /// Nothing: a type or status was asked for that no package here has.
    pub none: bool,
    /// The order, and which part of the list.
    pub window: Window,
}

/// A part of a list of packages.
#[derive(Debug, Clone, Default)]
pub struct PackagePage {
    /// The packages.
    pub rows: Vec<PackageView>,
    /// How many the whole list has.
    pub total: usize,
}

impl Registry {
    /// Some of the packages of a project.
    pub async fn project_packages(
        &self,
        caller: &Caller,
        project: &str,
        query: PackageQuery,
    ) -> Result<PackagePage, ServiceError> {
        let (now, registry, caller, project) = (self.now(), self.clone(), caller.clone(), project.to_owned());
        self.read_lists(move |snapshot| {
            let project = project_for(snapshot, &caller, &project, ProjectAction::Pull, now)?;
            registry.page(snapshot, &caller, &query, now, |contents| {
                contents.select(Scope::Project(project.id), |_allowed| true)
            })
        })
        .await
    }

    /// Refuses a caller who may not see a project's packages, before anything is said about the request.
    pub fn check_packages(&self, caller: &Caller, project: &str) -> Result<(), ServiceError> {
        let now = self.now();
        self.store()
            .read(|snapshot| project_for(snapshot, caller, project, ProjectAction::Pull, now))
            .map(drop)
    }

    /// Refuses a caller who may not see a group, before anything is said about the request.
    pub fn check_group_packages(&self, caller: &Caller, group: &str) -> Result<(), ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| group_for(snapshot, caller, group, GroupAction::View, now)).map(drop)
    }

    /// Some of the packages of a group and, unless excluded, of the groups below, in projects whose packages the
    /// caller may pull.
    pub async fn group_packages(
        &self,
        caller: &Caller,
        group: &str,
        subgroups: bool,
        query: PackageQuery,
    ) -> Result<PackagePage, ServiceError> {
        let (now, registry, caller, group) = (self.now(), self.clone(), caller.clone(), group.to_owned());
        self.read_lists(move |snapshot| {
            let group = group_for(snapshot, &caller, &group, GroupAction::View, now)?.id;
            let standing = Standing::of(snapshot, &caller, now)?;
            registry.page(snapshot, &caller, &query, now, |contents| {
                contents.select(Scope::Group { group, subgroups }, |project| {
                    standing.may(project, ProjectAction::Pull)
                })
            })
        })
        .await
    }

    /// Some of the packages of all projects whose packages the caller may pull.
    pub async fn all_packages(
        &self,
        caller: &Caller,
        query: PackageQuery,
    ) -> Result<PackagePage, ServiceError> {
        let (now, registry, caller) = (self.now(), self.clone(), caller.clone());
        self.read_lists(move |snapshot| {
            let standing = Standing::of(snapshot, &caller, now)?;
            registry.page(snapshot, &caller, &query, now, |contents| {
                contents.select(Scope::Everything, |project| standing.may(project, ProjectAction::Pull))
            })
        })
        .await
    }

    /// The part of a list that a query asks for, from the modules that `select` leaves.
    fn page(
        &self,
        snapshot: &Snapshot,
        caller: &Caller,
        query: &PackageQuery,
        now: Timestamp,
        select: impl Fn(&Contents) -> FixedBitSet,
    ) -> Result<PackagePage, ServiceError> {
        let version = match query.version.as_deref().map(str::parse::<Version>) {
            None => None,
            Some(Ok(version)) => Some(version),
            // No package has a version that is none.
            Some(Err(_not_a_version)) => return Ok(PackagePage::default()),
        };
        if query.none {
            return Ok(PackagePage::default());
        }
        let filter = RowFilter { version, ..RowFilter::default() };
        let words = query.name.as_deref().unwrap_or_default().to_lowercase();
        let (numbers, total) = self.shared.catalog.read(self.store(), |contents| {
            let mut selected = select(contents);
            contents.narrow_by_name(&mut selected, &words);
            contents.packages(&selected, &filter, query.window)
        })?;
        let mut views = Views::new(snapshot, caller, now);
        let mut rows = Vec::with_capacity(numbers.len());
        for number in numbers {
            rows.extend(views.of(number)?);
        }
        Ok(PackagePage { rows, total })
    }

    /// One package of a project.
    pub fn package(&self, caller: &Caller, project: &str, id: u64) -> Result<PackageView, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let project = project_for(snapshot, caller, project, ProjectAction::Pull, now)?;
            let package = package_of(snapshot, &project, id)?;
            let can_delete =
                check_project(snapshot, caller, &project, ProjectAction::DeletePackage, now).is_ok();
            Ok(view(snapshot, &project, package, can_delete)?)
        })
    }

    /// The other versions of a package in its project.
    pub fn other_versions(&self, view: &PackageView) -> Result<Vec<Package>, ServiceError> {
        let package = &view.package;
        self.store().read(|snapshot| {
            packages::versions(snapshot, package.root, &package.name, &package.system)?
                .into_iter()
                .filter(|listed| listed.project == package.project && listed.entry.package != package.id)
                .map(|listed| Ok(snapshot.require(&crate::store::tables::PACKAGES, listed.entry.package.0)?))
                .collect()
        })
    }

    /// The files of a package.
    pub fn package_files(
        &self,
        caller: &Caller,
        project: &str,
        id: u64,
    ) -> Result<Vec<PackageFile>, ServiceError> {
        let view = self.package(caller, project, id)?;
        Ok(self.store().read(|snapshot| packages::files(snapshot, view.package.id))?)
    }

    /// One file of a package, to send.
    pub fn package_file(
        &self,
        caller: &Caller,
        project: &str,
        id: u64,
        file: u64,
    ) -> Result<Archive, ServiceError> {
        let found =
            self.package_files(caller, project, id)?.into_iter().find(|found| found.id == FileId(file));
        let file = found.ok_or(ServiceError::NotFound("404 Package file"))?;
        Ok(Archive { package: file.package, sha256: file.sha256, size: file.size, file_name: file.file_name })
    }

    /// One file of a project's packages, by its own number, to send.
    pub fn project_file(&self, caller: &Caller, project: &str, file: u64) -> Result<Archive, ServiceError> {
        let now = self.now();
        let unknown = || ServiceError::NotFound("404 Package file");
        self.store().read(|snapshot| {
            let project = project_for(snapshot, caller, project, ProjectAction::Pull, now)?;
            let file = packages::file(snapshot, FileId(file))?.ok_or_else(unknown)?;
            package_of(snapshot, &project, file.package.0)?;
            Ok(Archive {
                package: file.package,
                sha256: file.sha256,
                size: file.size,
                file_name: file.file_name,
            })
        })
    }

    /// Deletes a package with its file. Its name and version are free at once.
    pub async fn delete_package(
        &self,
        caller: &Caller,
        project: &str,
        id: u64,
    ) -> Result<Package, ServiceError> {
        let now = self.now();
        self.store()
            .read(|snapshot| project_for(snapshot, caller, project, ProjectAction::DeletePackage, now))?;
        let (scribe, caller, project) = (self.scribe(caller), caller.clone(), project.to_owned());
        self.store()
            .write(move |change| {
                let project = project_for(change, &caller, &project, ProjectAction::DeletePackage, now)?;
                let package = package_of(change, &project, id)?;
                if let Some(file) = packages::files(change, package.id)?.pop() {
                    history::note(change, &caller, &package, PackageAction::Deleted, file.sha256, now)?;
                }
                packages::remove(change, &package)?;
                let deed = Deed::new(Action::PackageDeleted, Named::package(&package));
                scribe.note(change, deed.of(Named::project(&project)))?;
                Ok(package)
            })
            .await
    }

    /// Deletes one file of a package. The package stays, and cannot be installed any more.
    pub async fn delete_package_file(
        &self,
        caller: &Caller,
        project: &str,
        id: u64,
        file: u64,
    ) -> Result<(), ServiceError> {
        let now = self.now();
        self.store()
            .read(|snapshot| project_for(snapshot, caller, project, ProjectAction::DeletePackage, now))?;
        let (scribe, caller, project) = (self.scribe(caller), caller.clone(), project.to_owned());
        self.store()
            .write(move |change| {
                let project = project_for(change, &caller, &project, ProjectAction::DeletePackage, now)?;
                let package = package_of(change, &project, id)?;
                let file = packages::files(change, package.id)?
                    .into_iter()
                    .find(|found| found.id == FileId(file))
                    .ok_or(ServiceError::NotFound("404 Package file"))?;
                history::note(change, &caller, &package, PackageAction::FileDeleted, file.sha256, now)?;
                packages::remove_file(change, &file);
                let named = Named::new(Kind::PackageFile, Some(file.id.0), &file.file_name);
                let deed = Deed::new(Action::PackageFileDeleted, named).of(Named::project(&project));
                scribe.note(change, deed.with("sha256", file.sha256.to_hex()))
            })
            .await
    }
}

/// Reads the packages of a list. Each project is read and judged once.
pub(super) struct Views<'s> {
    snapshot: &'s Snapshot,
    caller: &'s Caller,
    now: Timestamp,
    projects: HashMap<ProjectId, (Project, bool)>,
}

impl<'s> Views<'s> {
    /// As that caller sees them.
    pub(super) fn new(snapshot: &'s Snapshot, caller: &'s Caller, now: Timestamp) -> Self {
        Self { snapshot, caller, now, projects: HashMap::new() }
    }

    /// What it reads from.
    pub(super) const fn reader(&self) -> &'s Snapshot {
        self.snapshot
    }

    /// A package that was found in the catalog; nothing when it was deleted between the two reads.
    pub(super) fn of(&mut self, number: PackageId) -> Result<Option<PackageView>, StoreError> {
        let Some(package) = packages::package(self.snapshot, number)? else { return Ok(None) };
        let (project, can_delete) = match self.projects.entry(package.project) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let Some(project) = identity::project(self.snapshot, package.project)? else {
                    return Ok(None);
                };
                let may = ProjectAction::DeletePackage;
                let can_delete = check_project(self.snapshot, self.caller, &project, may, self.now).is_ok();
                place.insert((project, can_delete))
            }
        };
        view(self.snapshot, project, package, *can_delete).map(Some)
    }
}

pub(super) fn view(
    reader: &impl Reader,
    project: &Project,
    package: Package,
    can_delete: bool,
) -> Result<PackageView, StoreError> {
    let downloads = packages::downloads(reader, package.id)?;
    let provenance = packages::provenance(reader, package.id)?;
    Ok(PackageView { package, project_path: project.path.to_string(), can_delete, downloads, provenance })
}

pub(super) fn package_of(reader: &impl Reader, project: &Project, id: u64) -> Result<Package, ServiceError> {
    packages::package(reader, PackageId(id))?
        .filter(|package| package.project == project.id)
        .ok_or(ServiceError::NotFound("404 Package"))
}
