//! The compact copy of projects, modules and versions: how it is read from the store and follows its changes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use super::publishers::{Publishers, UNKNOWN};
use super::text::Texts;
use super::versions::{VersionNumber, Versions};
use crate::domain::access::ProjectFacts;
use crate::domain::identity::Project;
use crate::domain::summary::shortened;
use crate::domain::{GroupId, ModuleName, PackageId, ProjectId, RegistryAccess, System, Version, Visibility};
use crate::store::tables::{MODULE_TEXTS, MODULE_VERSIONS, PROJECTS, PUBLICATIONS, publisher_key};
use crate::store::{Note, Reader, Snapshot, StoreError};

/// The number of a module while it has versions.
pub(super) type ModuleNumber = u32;
/// Module of a row whose package was deleted.
pub(super) const DELETED: ModuleNumber = u32::MAX;
/// Deleted rows that are kept before everything is numbered anew.
const MAX_DELETED: usize = 4_096;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(in crate::service) struct Contents {
    pub(super) projects: HashMap<ProjectId, PlacedProject>,
    /// Projects in a group and in the groups below it.
    pub(super) below: HashMap<GroupId, HashSet<ProjectId>>,
    /// Full path in lower case to project: the order by path.
    pub(super) by_path: BTreeMap<String, ProjectId>,
    pub(super) modules: Vec<Module>,
    free: Vec<ModuleNumber>,
    pub(super) numbers: HashMap<(ProjectId, String), ModuleNumber>,
    /// Modules by name, system, project.
    pub(super) by_name: Vec<ModuleNumber>,
    /// Modules by namespace, name, system, project.
    pub(super) by_address: Vec<ModuleNumber>,
    pub(super) is_unsorted: bool,
    /// One a package, in order of publication.
    pub(super) rows: Vec<Row>,
    deleted: usize,
    pub(super) versions: Versions,
    pub(super) publishers: Publishers,
    /// `vpc/aws`, for each module.
    pub(super) names: Texts,
    /// Namespace and description of each module.
    pub(super) about: Texts,
}

/// What decisions about a project and its place in lists need of it.
#[derive(Debug, Clone)]
pub(in crate::service) struct PlacedProject {
    /// Its number.
    pub(in crate::service) id: ProjectId,
    /// The groups it lies in, the root first.
    pub(in crate::service) groups: Vec<GroupId>,
    path: String,
    /// Stands in for the descriptions its modules lack.
    description: String,
    visibility: Visibility,
    registry: RegistryAccess,
    /// Its modules, in no order.
    pub(super) modules: Vec<ModuleNumber>,
}

/// A module in one project.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) project: ProjectId,
    /// The root group of its project.
    pub(super) root: GroupId,
    /// `vpc/aws` in lower case.
    pub(super) name: String,
    description: String,
    /// Ascending: its versions in order of publication.
    pub(super) rows: Vec<u32>,
    /// The row of its latest version.
    pub(super) latest: u32,
}

/// A package.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) package: u64,
    pub(super) module: ModuleNumber,
    pub(super) version: VersionNumber,
}

impl Module {
    /// Name and system, so that `vpc` comes before `vpc-peering`.
    pub(super) fn sort_key(&self) -> (&str, &str) {
        self.name.split_once('/').unwrap_or((&self.name, ""))
    }
}

impl PlacedProject {
    fn new(project: &Project) -> Self {
        Self {
            id: project.id,
            groups: project.groups.clone(),
            path: project.path.to_string(),
            description: shortened(&project.description),
            visibility: project.visibility,
            registry: project.registry,
            modules: Vec::new(),
        }
    }

    /// The first segment of its path: the namespace of Terraform addresses.
    pub(in crate::service) fn namespace(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Its path in lower case.
    pub(super) fn key(&self) -> String {
        self.path.to_ascii_lowercase()
    }

    /// What is known about it without a caller.
    pub(in crate::service) const fn facts(&self, allow_anyone_to_pull: bool) -> ProjectFacts {
        ProjectFacts {
            visibility: self.visibility,
            registry: self.registry,
            allow_anyone_to_pull,
            role: None,
            covered: false,
        }
    }
}

impl Contents {
    /// Reads everything.
    pub(super) fn load(snapshot: &Snapshot) -> Result<Self, StoreError> {
        let mut contents = Self::default();
        snapshot.scan(&PROJECTS, .., |_, project| {
            contents.place(&project);
            ControlFlow::Continue(())
        })?;
        let mut rows = Vec::new();
        // The versions of a module lie together: its number is looked up once.
        let mut last = (0, String::new(), DELETED);
        snapshot.scan(&MODULE_VERSIONS, .., |(_, name, system, project, _), entry| {
            let is_same = last.0 == project
                && last.1.strip_prefix(name).and_then(|rest| rest.strip_prefix('/')) == Some(system);
            if !is_same {
                let key = format!("{name}/{system}");
                last = (project, key.clone(), contents.module_number(ProjectId(project), key));
            }
            let module = last.2;
            let version = contents.versions.number(&entry.version);
            rows.push(Row { package: entry.package.0, module, version });
            ControlFlow::Continue(())
        })?;
        rows.sort_unstable_by_key(|row| row.package);
        for row in rows {
            contents.push(row);
            contents.publishers.push(UNKNOWN);
        }
        contents.load_publishers(snapshot)?;
        snapshot.scan(&MODULE_TEXTS, .., |(project, name, system), text| {
            contents.describe(ProjectId(project), &format!("{name}/{system}"), text.description);
            ControlFlow::Continue(())
        })?;
        contents.sort_modules();
        Ok(contents)
    }

    fn load_publishers(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        snapshot.scan(&PUBLICATIONS, .., |(kind, publisher, package), _| {
            if let Ok(row) = self.rows.binary_search_by_key(&package, |row| row.package) {
                let number = self.publishers.number((kind, publisher));
                self.publishers.set(row, number);
            }
            ControlFlow::Continue(())
        })
    }

    /// Follows changes, in their order.
    pub(super) fn follow(&mut self, notes: Vec<Note>) {
        for note in notes {
            self.apply(note);
        }
        self.settle();
    }

    /// Follows one change.
    fn apply(&mut self, note: Note) {
        match note {
            Note::Published { package, project, name, system, version, publisher } => {
                if self.publish(package, project, &name, &system, &version) {
                    let number = self.publishers.number(publisher_key(publisher));
                    self.publishers.push(number);
                }
            }
            Note::Deleted(package) => self.delete(package),
            Note::Described { project, name, system, description } => {
                self.describe(project, &key_of(&name, &system), description);
            }
            Note::Project(project) => self.change_project(&project),
            Note::ProjectDeleted(project) => self.remove_project(project),
            // No list shows it.
            Note::HookQueued => {}
        }
    }

    /// The package of a row; nothing when it was deleted.
    pub(super) fn package(&self, row: u32) -> Option<PackageId> {
        self.rows.get(row as usize).filter(|row| row.module != DELETED).map(|row| PackageId(row.package))
    }

    /// The project of a module.
    pub(super) fn project_of(&self, module: ModuleNumber) -> Option<&PlacedProject> {
        self.projects.get(&self.modules.get(module as usize)?.project)
    }

    /// Adds a package, and says whether it was new.
    fn publish(
        &mut self,
        package: PackageId,
        project: ProjectId,
        name: &ModuleName,
        system: &System,
        version: &Version,
    ) -> bool {
        // Packages are numbered in order of publication: a lower number was read from the store already.
        if self.rows.last().is_some_and(|last| package.0 <= last.package) {
            return false;
        }
        let key = key_of(name, system);
        let is_new = !self.numbers.contains_key(&(project, key.clone()));
        let module = self.module_number(project, key);
        let version = self.versions.number(version);
        self.push(Row { package: package.0, module, version });
        if is_new {
            self.write_texts(module);
            self.insert_sorted(module);
        }
        true
    }

    fn delete(&mut self, package: PackageId) {
        let Ok(place) = self.rows.binary_search_by_key(&package.0, |row| row.package) else { return };
        let Some(row) = self.rows.get_mut(place).filter(|row| row.module != DELETED) else { return };
        let gone = std::mem::replace(row, Row { module: DELETED, ..*row });
        let Ok(number) = u32::try_from(place) else { return };
        self.deleted += 1;
        self.versions.remove(gone.version, number);
        let mut is_empty = false;
        if let Some(module) = self.modules.get_mut(gone.module as usize) {
            if let Ok(index) = module.rows.binary_search(&number) {
                module.rows.remove(index);
            }
            is_empty = module.rows.is_empty();
        }
        if is_empty {
            self.remove_module(gone.module);
        } else {
            self.find_latest(gone.module);
        }
        if self.deleted > MAX_DELETED.max(self.rows.len() / 2) {
            self.number_anew();
        }
    }

    fn push(&mut self, row: Row) {
        let Ok(number) = u32::try_from(self.rows.len()) else { return };
        self.versions.push(row.version, number);
        self.rows.push(row);
        let before = self.modules.get(row.module as usize).filter(|module| !module.rows.is_empty());
        let latest = self.latest_of(before.map(|module| module.latest).into_iter().chain([number]));
        if let Some(module) = self.modules.get_mut(row.module as usize) {
            module.rows.push(number);
            module.latest = latest.unwrap_or(number);
        }
    }

    /// The latest version of some rows, as [`Version::latest`] chooses it; of equal ones the last.
    pub(super) fn latest_of(&self, rows: impl IntoIterator<Item = u32>) -> Option<u32> {
        let version_of = |row: &u32| self.rows.get(*row as usize).map_or(u32::MAX, |row| row.version);
        rows.into_iter().max_by(|a, b| self.versions.compare_as_latest(version_of(a), version_of(b)))
    }

    fn find_latest(&mut self, number: ModuleNumber) {
        let Some(module) = self.modules.get(number as usize) else { return };
        let latest = self.latest_of(module.rows.iter().copied());
        if let (Some(latest), Some(module)) = (latest, self.modules.get_mut(number as usize)) {
            module.latest = latest;
        }
    }

    fn module_number(&mut self, project: ProjectId, name: String) -> ModuleNumber {
        if let Some(number) = self.numbers.get(&(project, name.clone())) {
            return *number;
        }
        let root = self.projects.get(&project).and_then(|project| project.groups.first()).copied();
        let module = Module {
            project,
            root: root.unwrap_or(GroupId(0)),
            name: name.clone(),
            description: String::new(),
            rows: Vec::new(),
            latest: u32::MAX,
        };
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(place) = self.modules.get_mut(number as usize) {
                    *place = module;
                }
                number
            }
            None => {
                self.modules.push(module);
                ModuleNumber::try_from(self.modules.len() - 1).unwrap_or(DELETED)
            }
        };
        self.numbers.insert((project, name), number);
        if let Some(project) = self.projects.get_mut(&project) {
            project.modules.push(number);
        }
        number
    }

    fn remove_module(&mut self, number: ModuleNumber) {
        self.settle();
        for order in [true, false] {
            let place = self.place_of(number, order);
            let sorted = if order { &mut self.by_name } else { &mut self.by_address };
            if sorted.get(place) == Some(&number) {
                sorted.remove(place);
            }
        }
        self.names.set(number, "");
        self.about.set(number, "");
        let Some(module) = self.modules.get_mut(number as usize) else { return };
        self.numbers.remove(&(module.project, std::mem::take(&mut module.name)));
        if let Some(project) = self.projects.get_mut(&module.project) {
            project.modules.retain(|other| *other != number);
        }
        self.free.push(number);
    }

    fn describe(&mut self, project: ProjectId, name: &str, description: String) {
        let Some(&number) = self.numbers.get(&(project, name.to_owned())) else { return };
        if let Some(module) = self.modules.get_mut(number as usize) {
            module.description = description;
            self.write_texts(number);
        }
    }

    fn write_texts(&mut self, number: ModuleNumber) {
        let Some(module) = self.modules.get(number as usize) else { return };
        let Some(project) = self.project_of(number) else { return };
        let description =
            if module.description.is_empty() { &project.description } else { &module.description };
        let about = format!("{}/{} {description}", project.namespace(), module.name);
        self.names.set(number, &module.name);
        self.about.set(number, &about);
    }

    fn place(&mut self, project: &Project) {
        for group in &project.groups {
            self.below.entry(*group).or_default().insert(project.id);
        }
        self.by_path.insert(project.path.key(), project.id);
        let mut placed = PlacedProject::new(project);
        if let Some(before) = self.projects.remove(&project.id) {
            placed.modules = before.modules;
        }
        self.projects.insert(project.id, placed);
    }

    fn change_project(&mut self, project: &Project) {
        let Some(before) = self.projects.get(&project.id).cloned() else {
            self.place(project);
            return;
        };
        let is_renamed = before.path != project.path.as_str();
        if is_renamed {
            self.by_path.remove(&before.path.to_ascii_lowercase());
        }
        self.place(project);
        if is_renamed || before.description != shortened(&project.description) {
            for module in before.modules {
                self.write_texts(module);
            }
        }
        if is_renamed {
            // Another namespace puts its modules elsewhere. A renamed group renames many projects at once.
            self.is_unsorted = true;
        }
    }

    fn remove_project(&mut self, id: ProjectId) {
        let Some(project) = self.projects.remove(&id) else { return };
        self.by_path.remove(&project.path.to_ascii_lowercase());
        for group in &project.groups {
            if let Some(projects) = self.below.get_mut(group) {
                projects.remove(&id);
                if projects.is_empty() {
                    self.below.remove(group);
                }
            }
        }
    }

    /// Forgets deleted rows.
    fn number_anew(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let versions = std::mem::take(&mut self.versions);
        self.modules.iter_mut().for_each(|module| module.rows.clear());
        let publishers = self.publishers.take_rows();
        self.deleted = 0;
        let kept = rows.into_iter().zip(publishers).filter(|(row, _)| row.module != DELETED);
        for (row, publisher) in kept {
            if let Some(version) = versions.get(row.version) {
                let version = self.versions.number(version);
                self.push(Row { version, ..row });
                self.publishers.push(publisher);
            }
        }
    }
}

/// `vpc/aws` in lower case.
fn key_of(name: &ModuleName, system: &System) -> String {
    format!("{}/{system}", name.key())
}
