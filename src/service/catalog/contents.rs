//! The compact copy of projects, modules and versions, and how it follows changes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use super::columns::Rows;
use super::modules::{ModuleNumber, Modules, key_of};
use super::words::Remembered;
use crate::domain::access::ProjectFacts;
use crate::domain::identity::Project;
use crate::domain::summary::shortened;
use crate::domain::{GroupId, PackageId, ProjectId, RegistryAccess, Visibility};
use crate::store::Note;
use crate::store::tables::publisher_key;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(in crate::service) struct Contents {
    pub(super) projects: HashMap<ProjectId, PlacedProject>,
    /// Projects in a group and in the groups below it.
    pub(super) below: HashMap<GroupId, HashSet<ProjectId>>,
    /// Full path in lower case to project: the order by path.
    pub(super) by_path: BTreeMap<String, ProjectId>,
    pub(super) modules: Modules,
    pub(super) is_unsorted: bool,
    pub(super) rows: Rows,
    /// The rows were not read yet. What is told about them meanwhile is told again once they are.
    pub(super) lacks_rows: bool,
    pub(super) remembered: Remembered,
    /// Which modules there are, of which projects, and who may see those: another number after each change of that.
    pub(super) generation: Generation,
}

/// No two states have the same, of whatever contents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::service) struct Generation(u64);

impl Generation {
    fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// What decisions about a project and its place in lists need of it.
#[derive(Debug, Clone)]
pub(in crate::service) struct PlacedProject {
    /// Its number.
    pub(in crate::service) id: ProjectId,
    /// The groups it lies in, the root first.
    pub(in crate::service) groups: Vec<GroupId>,
    path: String,
    /// Stands in for the descriptions its modules lack. In lower case.
    pub(super) description: String,
    visibility: Visibility,
    registry: RegistryAccess,
    /// Its modules, by name and system.
    pub(super) modules: Vec<ModuleNumber>,
}

impl PlacedProject {
    fn new(project: &Project) -> Self {
        Self {
            id: project.id,
            groups: project.groups.clone(),
            path: project.path.to_string(),
            description: shortened(&project.description).to_lowercase(),
            visibility: project.visibility,
            registry: project.registry,
            modules: Vec::new(),
        }
    }

    /// The first segment of its path: the namespace of Terraform addresses.
    pub(in crate::service) fn namespace(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// The root group: the namespace by its number.
    pub(super) fn root(&self) -> GroupId {
        self.groups.first().copied().unwrap_or(GroupId(0))
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
    /// Follows changes, in their order. What is known already may be told again, in its order, to no effect.
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
                // Packages are numbered in order of publication: a lower number was read from the store already.
                if !self.lacks_rows && self.rows.reaches(package) {
                    return;
                }
                let key = key_of(&name.key(), system.as_str());
                let Some(module) = self.module_number(project, &key) else { return };
                if !self.lacks_rows {
                    self.rows.push(package, module, &version, publisher_key(publisher));
                }
            }
            Note::Deleted(package) => {
                if let Some(module) = self.rows.delete(package) {
                    self.remove_if_empty(module);
                }
            }
            Note::Described { project, name, system, description } => {
                if let Some(module) = self.find_module(project, &key_of(&name.key(), system.as_str())) {
                    self.describe(module, &description);
                    // It was told with the words of the module.
                    self.remembered.clear();
                }
            }
            Note::ModuleRemoved { project, name, system } => {
                if let Some(module) = self.find_module(project, &key_of(&name, &system)) {
                    self.remove_if_empty(module);
                }
            }
            Note::Project(project) => self.change_project(&project),
            Note::ProjectDeleted(project) => self.remove_project(project),
            // No list shows it.
            Note::HookQueued => {}
        }
    }

    /// The present one: what depends on modules and projects alone is the same as long as it is.
    pub(in crate::service) const fn generation(&self) -> Generation {
        self.generation
    }

    /// The package of a row; nothing when it was deleted.
    pub(super) fn package(&self, row: u32) -> Option<PackageId> {
        self.rows.package(row)
    }

    /// The project of a module.
    pub(super) fn project_of(&self, module: ModuleNumber) -> Option<&PlacedProject> {
        self.projects.get(&self.modules.project(module)?)
    }

    /// The module of that name and system in a project.
    pub(super) fn find_module(&self, project: ProjectId, key: &str) -> Option<ModuleNumber> {
        let project = self.projects.get(&project)?;
        let place = self.place_in(project, key).ok()?;
        project.modules.get(place).copied()
    }

    /// Where a module is among those of its project, or belongs.
    fn place_in(&self, project: &PlacedProject, key: &str) -> Result<usize, usize> {
        project.modules.binary_search_by(|number| self.modules.name(*number).cmp(key.as_bytes()))
    }

    /// The number of a module of a project that is known, new if need be.
    pub(super) fn module_number(&mut self, id: ProjectId, key: &str) -> Option<ModuleNumber> {
        let project = self.projects.get(&id)?;
        let place = match self.place_in(project, key) {
            Ok(place) => return project.modules.get(place).copied(),
            Err(place) => place,
        };
        // While rows are being read a number must not come to mean another module.
        self.remembered.clear();
        self.generation = Generation::next();
        let number = self.modules.add(id, key, !self.lacks_rows)?;
        if let Some(project) = self.projects.get_mut(&id) {
            project.modules.insert(place, number);
        }
        self.describe(number, "");
        self.insert_sorted(number);
        Some(number)
    }

    /// Takes the description of a module, in whose place that of its project stands when it is empty.
    pub(super) fn describe(&mut self, number: ModuleNumber, own: &str) {
        if own.is_empty() {
            let project = self.modules.project(number).and_then(|project| self.projects.get(&project));
            let stands_in = project.map_or("", |project| &project.description);
            self.modules.describe(number, stands_in, false);
        } else {
            self.modules.describe(number, &own.to_lowercase(), true);
        }
    }

    /// Removes a module that has no rows any more, or of whose rows nothing is known.
    fn remove_if_empty(&mut self, number: ModuleNumber) {
        if !self.rows.of_module(number).is_empty() || self.modules.name(number).is_empty() {
            return;
        }
        self.remembered.clear();
        self.generation = Generation::next();
        self.remove_sorted(number);
        let project = self.modules.project(number).and_then(|project| self.projects.get_mut(&project));
        if let Some(project) = project {
            project.modules.retain(|other| *other != number);
        }
        self.modules.remove(number);
    }

    pub(super) fn place(&mut self, project: &Project) {
        self.generation = Generation::next();
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
        let before = self.projects.get(&project.id);
        let renamed = before.filter(|before| before.path != project.path.as_str());
        if let Some(path) = renamed.map(PlacedProject::key) {
            self.by_path.remove(&path);
            // Another namespace puts its modules elsewhere. A renamed group renames many projects at once.
            self.is_unsorted = true;
        }
        let description = before.map(|before| before.description.clone());
        self.place(project);
        let Some(placed) = self.projects.get(&project.id) else { return };
        if description.is_some_and(|before| before != placed.description) {
            for number in &placed.modules {
                self.modules.describe_undescribed(*number, &placed.description);
            }
        }
    }

    fn remove_project(&mut self, id: ProjectId) {
        let Some(project) = self.projects.remove(&id) else { return };
        self.generation = Generation::next();
        self.by_path.remove(&project.key());
        for group in &project.groups {
            if let Some(projects) = self.below.get_mut(group) {
                projects.remove(&id);
                if projects.is_empty() {
                    self.below.remove(group);
                }
            }
        }
    }
}
