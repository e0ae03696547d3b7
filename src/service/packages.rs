//! The packages API: list, show, files, delete.

use jiff::Timestamp;

use super::Registry;
use super::access::{Caller, check_project, group_for, project_for};
use super::error::ServiceError;
use super::modules::Archive;
use super::publish::event;
use crate::domain::access::{GroupAction, ProjectAction};
use crate::domain::event::PackageAction;
use crate::domain::identity::{Group, Project};
use crate::domain::package::{Package, PackageFile, Publisher};
use crate::domain::{FileId, PackageId};
use crate::store::tables::Downloads;
use crate::store::{Reader, StoreError, identity, packages};

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
}

/// Which packages of a list are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words that must all occur in `name/system`, without regard to case.
    pub name: Option<String>,
    /// Exactly this version.
    pub version: Option<String>,
    /// Nothing: a type or status was asked for that no package here has.
    pub none: bool,
}

impl Filter {
    fn admits(&self, package: &Package) -> bool {
        let name = package.full_name().to_ascii_lowercase();
        let words = self.name.as_deref().unwrap_or_default().to_ascii_lowercase();
        !self.none
            && words.split_whitespace().all(|word| name.contains(word))
            && self.version.as_ref().is_none_or(|wanted| package.version.to_string() == *wanted)
    }
}

impl Registry {
    /// The packages of a project that the filter admits, in order of publication.
    pub async fn project_packages(
        &self,
        caller: &Caller,
        project: &str,
        filter: Filter,
    ) -> Result<Vec<PackageView>, ServiceError> {
        let (now, caller, project) = (self.now(), caller.clone(), project.to_owned());
        self.read_long(move |snapshot| {
            let project = project_for(snapshot, &caller, &project, ProjectAction::Pull, now)?;
            views(snapshot, &caller, &project, &filter, now)
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

    /// The packages of a group and, unless excluded, of the groups below, in projects whose packages the caller may
    /// pull.
    pub async fn group_packages(
        &self,
        caller: &Caller,
        group: &str,
        with_subgroups: bool,
        filter: Filter,
    ) -> Result<Vec<PackageView>, ServiceError> {
        let (now, caller, group) = (self.now(), caller.clone(), group.to_owned());
        self.read_long(move |snapshot| {
            let group = group_for(snapshot, &caller, &group, GroupAction::View, now)?;
            let mut found = Vec::new();
            for project in projects_of(snapshot, &group, with_subgroups)? {
                if check_project(snapshot, &caller, &project, ProjectAction::Pull, now).is_ok() {
                    found.extend(views(snapshot, &caller, &project, &filter, now)?);
                }
            }
            Ok(found)
        })
        .await
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
        let (caller, project) = (caller.clone(), project.to_owned());
        self.store()
            .write(move |change| {
                let project = project_for(change, &caller, &project, ProjectAction::DeletePackage, now)?;
                let package = package_of(change, &project, id)?;
                if let Some(file) = packages::files(change, package.id)?.pop() {
                    let actor = caller.publisher().unwrap_or(Publisher::Operator);
                    packages::put_event(
                        change,
                        &event(&package, PackageAction::Deleted, actor, file.sha256, now),
                    )?;
                }
                packages::remove(change, &package)?;
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
        let (caller, project) = (caller.clone(), project.to_owned());
        self.store()
            .write(move |change| {
                let project = project_for(change, &caller, &project, ProjectAction::DeletePackage, now)?;
                let package = package_of(change, &project, id)?;
                let file = packages::files(change, package.id)?
                    .into_iter()
                    .find(|found| found.id == FileId(file))
                    .ok_or(ServiceError::NotFound("404 Package file"))?;
                let actor = caller.publisher().unwrap_or(Publisher::Operator);
                packages::put_event(
                    change,
                    &event(&package, PackageAction::FileDeleted, actor, file.sha256, now),
                )?;
                packages::remove_file(change, &file);
                Ok(())
            })
            .await
    }
}

fn views(
    reader: &impl Reader,
    caller: &Caller,
    project: &Project,
    filter: &Filter,
    now: Timestamp,
) -> Result<Vec<PackageView>, ServiceError> {
    let can_delete = check_project(reader, caller, project, ProjectAction::DeletePackage, now).is_ok();
    packages::in_project(reader, project.id)?
        .into_iter()
        .filter(|package| filter.admits(package))
        .map(|package| Ok(view(reader, project, package, can_delete)?))
        .collect()
}

fn view(
    reader: &impl Reader,
    project: &Project,
    package: Package,
    can_delete: bool,
) -> Result<PackageView, StoreError> {
    let downloads = packages::downloads(reader, package.id)?;
    Ok(PackageView { package, project_path: project.path.to_string(), can_delete, downloads })
}

fn package_of(reader: &impl Reader, project: &Project, id: u64) -> Result<Package, ServiceError> {
    packages::package(reader, PackageId(id))?
        .filter(|package| package.project == project.id)
        .ok_or(ServiceError::NotFound("404 Package"))
}

fn projects_of(
    reader: &impl Reader,
    group: &Group,
    with_subgroups: bool,
) -> Result<Vec<Project>, StoreError> {
    let mut projects = identity::projects_in(reader, group.id)?;
    if with_subgroups {
        for subgroup in identity::subgroups(reader, group.id)? {
            projects.extend(projects_of(reader, &subgroup, true)?);
        }
    }
    Ok(projects)
}
