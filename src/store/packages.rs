//! Packages, their files, manifests and history, and the index that lists a module's versions.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::codec::Encoded;
use super::module_texts::Description;
use super::tables::{
    BLOB_FILES, DOWNLOADS, Downloads, EVENT_PROVENANCES, EVENTS, FILES, MANIFESTS, MODULE_VERSIONS,
    ModuleVersion, PACKAGE_EVENTS, PACKAGE_FILES, PACKAGES, PROJECT_PACKAGES, PROVENANCES, PUBLICATIONS,
    Present, publisher_key,
};
use super::{Change, Note, Reader, StoreError, downloads, module_texts};
use crate::domain::event::PackageEvent;
use crate::domain::manifest::Manifest;
use crate::domain::package::{Package, PackageFile};
use crate::domain::provenance::Provenance;
use crate::domain::{FileId, GroupId, ModuleName, PackageId, ProjectId, Sha256, System, Version};

/// Sorts after every version and every name: neither holds such a character.
const AFTER_ALL: &str = "\u{10FFFF}";

/// One version of a module in one project.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The project it was published in.
    pub project: ProjectId,
    /// The package and its version.
    pub entry: ModuleVersion,
}

/// Every version of a module in a namespace, in all projects, in no useful order.
pub fn versions(
    reader: &impl Reader,
    root: GroupId,
    name: &ModuleName,
    system: &System,
) -> Result<Vec<Listed>, StoreError> {
    let name = name.key();
    let from = (root.0, name.as_str(), system.as_str(), 0, "");
    let to = (root.0, name.as_str(), system.as_str(), u64::MAX, AFTER_ALL);
    let mut found = Vec::new();
    reader.scan(&MODULE_VERSIONS, from..=to, |(_, _, _, project, _), entry| {
        found.push(Listed { project: ProjectId(project), entry });
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// One version of a module in one project; build metadata does not matter.
pub fn version(
    reader: &impl Reader,
    project: (GroupId, ProjectId),
    name: &ModuleName,
    system: &System,
    version: &Version,
) -> Result<Option<ModuleVersion>, StoreError> {
    let (root, project) = project;
    let key = (root.0, name.key(), system.as_str(), project.0, version.identity());
    reader.get(&MODULE_VERSIONS, (key.0, key.1.as_str(), key.2, key.3, key.4.as_str()))
}

/// Any version of a module in one project: tells how the project writes the module's name.
pub fn any_version(
    reader: &impl Reader,
    project: (GroupId, ProjectId),
    name: &ModuleName,
    system: &System,
) -> Result<Option<PackageId>, StoreError> {
    let (root, project) = project;
    let name = name.key();
    let from = (root.0, name.as_str(), system.as_str(), project.0, "");
    let to = (root.0, name.as_str(), system.as_str(), project.0, AFTER_ALL);
    let mut found = None;
    reader.scan(&MODULE_VERSIONS, from..=to, |_, entry| {
        found = Some(entry.package);
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// Another project of the namespace that has a module of that name, if there is one.
pub fn other_project(
    reader: &impl Reader,
    root: GroupId,
    project: ProjectId,
    name: &ModuleName,
    system: &System,
) -> Result<Option<ProjectId>, StoreError> {
    let name = name.key();
    let mut from = 0;
    loop {
        let mut found = None;
        let to = (root.0, name.as_str(), system.as_str(), u64::MAX, AFTER_ALL);
        reader.scan(
            &MODULE_VERSIONS,
            (root.0, name.as_str(), system.as_str(), from, "")..=to,
            |(_, _, _, id, _), _| {
                found = Some(id);
                ControlFlow::Break(())
            },
        )?;
        match found {
            // Its own versions, however many, are passed over in one step.
            Some(id) if id == project.0 => from = id.saturating_add(1),
            other => return Ok(other.map(ProjectId)),
        }
    }
}

/// A package by number.
pub fn package(reader: &impl Reader, id: PackageId) -> Result<Option<Package>, StoreError> {
    reader.get(&PACKAGES, id.0)
}

/// The packages of a project, in order of publication.
pub fn in_project(reader: &impl Reader, project: ProjectId) -> Result<Vec<Package>, StoreError> {
    let mut numbers = Vec::new();
    reader.scan(&PROJECT_PACKAGES, (project.0, 0)..=(project.0, u64::MAX), |(_, package), Present| {
        numbers.push(package);
        ControlFlow::Continue(())
    })?;
    numbers.into_iter().map(|package| reader.require(&PACKAGES, package)).collect()
}

/// A file by number.
pub fn file(reader: &impl Reader, id: FileId) -> Result<Option<PackageFile>, StoreError> {
    reader.get(&FILES, id.0)
}

/// The files of a package, in order of number.
pub fn files(reader: &impl Reader, package: PackageId) -> Result<Vec<PackageFile>, StoreError> {
    let mut numbers = Vec::new();
    reader.scan(&PACKAGE_FILES, (package.0, 0)..=(package.0, u64::MAX), |(_, file), Present| {
        numbers.push(file);
        ControlFlow::Continue(())
    })?;
    numbers.into_iter().map(|file| reader.require(&FILES, file)).collect()
}

/// Whether any file holds the blob of that digest.
pub fn is_referenced(reader: &impl Reader, digest: &Sha256) -> Result<bool, StoreError> {
    let mut found = false;
    let digest = *digest.as_bytes();
    reader.scan(&BLOB_FILES, (digest, 0)..=(digest, u64::MAX), |_, Present| {
        found = true;
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// What a package's module declares.
pub fn manifest(reader: &impl Reader, package: PackageId) -> Result<Option<Manifest>, StoreError> {
    reader.get(&MANIFESTS, package.0)
}

/// The systems and projects of every module of that name in a namespace, each pair once, in order of system.
pub fn systems(
    reader: &impl Reader,
    root: GroupId,
    name: &ModuleName,
) -> Result<Vec<(System, ProjectId)>, StoreError> {
    let name = name.key();
    let mut found: Vec<(System, ProjectId)> = Vec::new();
    let range = (root.0, name.as_str(), "", 0, "")..=(root.0, name.as_str(), AFTER_ALL, u64::MAX, AFTER_ALL);
    reader.scan(&MODULE_VERSIONS, range, |(_, _, system, project, _), _| {
        let known =
            found.last().is_some_and(|(last, in_project)| last.as_str() == system && in_project.0 == project);
        if let (false, Ok(system)) = (known, system.parse()) {
            found.push((system, ProjectId(project)));
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// How often and when last a package was downloaded.
pub fn downloads(reader: &impl Reader, package: PackageId) -> Result<Downloads, StoreError> {
    Ok(reader.get(&DOWNLOADS, package.0)?.unwrap_or_default())
}

/// What a package declares, ready to be written: there is one writer, and what needs none of its time is done before.
#[derive(Debug)]
pub struct Declared {
    manifest: Encoded<Manifest>,
    description: Description,
}

impl Declared {
    /// Makes ready what a manifest says.
    pub fn of(manifest: &Manifest) -> Result<Self, StoreError> {
        Ok(Self { manifest: MANIFESTS.encode(manifest)?, description: Description::of(manifest)? })
    }
}

/// Writes a new package with its file and what it declares.
pub fn put(
    change: &mut Change<'_>,
    package: &Package,
    file: &PackageFile,
    declared: Declared,
) -> Result<(), StoreError> {
    change.touch_module(&package.name, &package.system);
    change.put(&PACKAGES, package.id.0, package)?;
    change.put(&PROJECT_PACKAGES, (package.project.0, package.id.0), &Present)?;
    let (kind, publisher) = publisher_key(package.publisher);
    change.put(&PUBLICATIONS, (kind, publisher, package.id.0), &Present)?;
    change.put_encoded(&MANIFESTS, package.id.0, declared.manifest);
    let entry = ModuleVersion {
        package: package.id,
        version: package.version.clone(),
        published_ms: package.created_at.as_millisecond(),
    };
    let (name, version) = (package.name.key(), package.version.identity());
    change.put(
        &MODULE_VERSIONS,
        (package.root.0, name.as_str(), package.system.as_str(), package.project.0, version.as_str()),
        &entry,
    )?;
    change.put(&FILES, file.id.0, file)?;
    change.put(&PACKAGE_FILES, (package.id.0, file.id.0), &Present)?;
    change.put(&BLOB_FILES, (*file.sha256.as_bytes(), file.id.0), &Present)?;
    change.note(Note::Published {
        package: package.id,
        project: package.project,
        name: package.name.clone(),
        system: package.system.clone(),
        version: package.version.clone(),
        publisher: package.publisher,
    });
    module_texts::published(change, package, declared.description)
}

/// Removes a package with its files and manifest. Its history stays; its bytes are left to the collector.
pub fn remove(change: &mut Change<'_>, package: &Package) -> Result<(), StoreError> {
    remove_alone(change, package)?;
    module_texts::removed(change, package)
}

/// Removes every package of a project, as [`remove`] does one.
pub fn remove_all(change: &mut Change<'_>, project: ProjectId) -> Result<(), StoreError> {
    for package in in_project(change, project)? {
        remove_alone(change, &package)?;
    }
    module_texts::remove_all(change, project)
}

fn remove_alone(change: &mut Change<'_>, package: &Package) -> Result<(), StoreError> {
    change.touch_module(&package.name, &package.system);
    for file in files(change, package.id)? {
        remove_file(change, &file);
    }
    let (name, version) = (package.name.key(), package.version.identity());
    change.remove(
        &MODULE_VERSIONS,
        (package.root.0, name.as_str(), package.system.as_str(), package.project.0, version.as_str()),
    );
    change.remove(&MANIFESTS, package.id.0);
    change.remove(&PROVENANCES, package.id.0);
    downloads::remove(change, package.id);
    change.remove(&PROJECT_PACKAGES, (package.project.0, package.id.0));
    let (kind, publisher) = publisher_key(package.publisher);
    change.remove(&PUBLICATIONS, (kind, publisher, package.id.0));
    change.remove(&PACKAGES, package.id.0);
    change.note(Note::Deleted(package.id));
    Ok(())
}

/// Removes one file. Its bytes are left to the collector.
pub fn remove_file(change: &mut Change<'_>, file: &PackageFile) {
    change.remove(&FILES, file.id.0);
    change.remove(&PACKAGE_FILES, (file.package.0, file.id.0));
    change.remove(&BLOB_FILES, (*file.sha256.as_bytes(), file.id.0));
}

/// Adds to the history of a package, with where the change came from when that is known.
pub fn put_event(
    change: &mut Change<'_>,
    event: &PackageEvent,
    provenance: Option<&Provenance>,
) -> Result<(), StoreError> {
    let number = change.next_number("event")?;
    let (name, version) = (event.name.key(), event.version.identity());
    change.put(&EVENTS, number, event)?;
    if let Some(provenance) = provenance {
        change.put(&EVENT_PROVENANCES, number, provenance)?;
    }
    change.put(
        &PACKAGE_EVENTS,
        (event.project.0, name.as_str(), event.system.as_str(), version.as_str(), number),
        &Present,
    )
}

/// The history of a package, oldest first.
pub fn events(
    reader: &impl Reader,
    project: ProjectId,
    name: &ModuleName,
    system: &System,
    version: &Version,
) -> Result<Vec<PackageEvent>, StoreError> {
    let (name, version) = (name.key(), version.identity());
    let key = |number| (project.0, name.as_str(), system.as_str(), version.as_str(), number);
    let mut numbers = Vec::new();
    reader.scan(&PACKAGE_EVENTS, key(0)..=key(u64::MAX), |(.., number), Present| {
        numbers.push(number);
        ControlFlow::Continue(())
    })?;
    numbers.into_iter().map(|number| reader.require(&EVENTS, number)).collect()
}

/// An entry of a package's history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// Number of the event.
    pub number: u64,
    /// What happened.
    pub event: PackageEvent,
    /// Where it came from, when that is known.
    pub provenance: Option<Provenance>,
}

/// The ends of a package's history, for who need not read what is between them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistoryEnds {
    /// The oldest event.
    pub first: Option<HistoryEntry>,
    /// The latest of the others, oldest first.
    pub last: Vec<HistoryEntry>,
    /// How many there are between.
    pub between: usize,
}

/// The first event of a package and at most `bound` of the last.
pub fn history_ends(
    reader: &impl Reader,
    package: &Package,
    bound: usize,
) -> Result<HistoryEnds, StoreError> {
    let (mut first, mut last, mut others) = (None, VecDeque::new(), 0_usize);
    each_event(reader, package, |number| {
        if first.is_none() {
            first = Some(number);
        } else {
            others += 1;
            last.push_back(number);
            if last.len() > bound {
                last.pop_front();
            }
        }
    })?;
    let between = others - last.len();
    let last = last.into_iter().map(|number| entry(reader, number)).collect::<Result<_, _>>()?;
    Ok(HistoryEnds { first: first.map(|number| entry(reader, number)).transpose()?, last, between })
}

/// The events of a package that came from somewhere known, oldest first.
pub fn events_with_provenance(
    reader: &impl Reader,
    package: &Package,
) -> Result<Vec<HistoryEntry>, StoreError> {
    let mut numbers = Vec::new();
    each_event(reader, package, |number| numbers.push(number))?;
    let mut found = Vec::new();
    for number in numbers {
        found.extend(Some(entry(reader, number)?).filter(|entry| entry.provenance.is_some()));
    }
    Ok(found)
}

fn each_event(reader: &impl Reader, package: &Package, mut visit: impl FnMut(u64)) -> Result<(), StoreError> {
    let (name, version) = (package.name.key(), package.version.identity());
    let key = |number| (package.project.0, name.as_str(), package.system.as_str(), version.as_str(), number);
    reader.scan(&PACKAGE_EVENTS, key(0)..=key(u64::MAX), |(.., number), Present| {
        visit(number);
        ControlFlow::Continue(())
    })
}

fn entry(reader: &impl Reader, number: u64) -> Result<HistoryEntry, StoreError> {
    let event = reader.require(&EVENTS, number)?;
    Ok(HistoryEntry { number, event, provenance: reader.get(&EVENT_PROVENANCES, number)? })
}

/// Where a package was published from, when that is known.
pub fn provenance(reader: &impl Reader, package: PackageId) -> Result<Option<Provenance>, StoreError> {
    reader.get(&PROVENANCES, package.0)
}

/// Keeps where a package was published from.
pub fn put_provenance(
    change: &mut Change<'_>,
    package: PackageId,
    provenance: &Provenance,
) -> Result<(), StoreError> {
    change.put(&PROVENANCES, package.0, provenance)
}
