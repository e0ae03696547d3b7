//! How the contents are read from the store: first projects and modules, which searches need, then the rows.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::columns::{DELETED, Entry, Rows};
use super::contents::Contents;
use super::modules::{BETWEEN, ModuleNumber, set_key};
use super::versions::VersionTexts;
use crate::domain::{PackageId, ProjectId};
use crate::store::tables::{MODULE_TEXTS, MODULE_VERSIONS, PROJECTS, PUBLICATIONS};
use crate::store::{Reader, Snapshot, StoreError};

/// Rows as they were read, and what could not be placed.
pub(super) struct LoadedRows {
    rows: Rows,
    /// Packages of modules that were not known when they were read: published or deleted just then.
    unplaced: Vec<(PackageId, ProjectId, String)>,
}

impl Contents {
    /// Reads projects and modules.
    pub(super) fn load_modules(snapshot: &Snapshot) -> Result<Self, StoreError> {
        let mut contents = Self { lacks_rows: true, ..Self::default() };
        contents.modules.name_words.begin();
        contents.modules.descriptions.begin();
        snapshot.scan(&PROJECTS, .., |_, project| {
            contents.place(&project);
            ControlFlow::Continue(())
        })?;
        let mut key = String::new();
        // The modules of a project lie together, in the order in which it has them.
        let (mut last, mut modules) = (ProjectId(0), Vec::new());
        snapshot.view(&MODULE_TEXTS, .., |(project, name, system), text| {
            let project = ProjectId(project);
            if project != last {
                contents.give(last, std::mem::take(&mut modules));
                last = project;
            }
            set_key(&mut key, name, system);
            if contents.projects.contains_key(&project)
                && let Some(number) = contents.modules.add(project, &key, false)
            {
                contents.describe(number, text.description);
                modules.push(number);
            }
            ControlFlow::Continue(())
        })?;
        contents.give(last, modules);
        contents.modules.name_words.index();
        contents.modules.descriptions.index();
        contents.sort_modules();
        Ok(contents)
    }

    fn give(&mut self, project: ProjectId, modules: Vec<ModuleNumber>) {
        if let Some(project) = self.projects.get_mut(&project) {
            // Nobody reads before all are there: the generation is that of the projects.
            project.modules = modules;
            project.modules.shrink_to_fit();
        }
    }

    /// The module of that name and system in a project, which may well be at `near` among those of the project; and
    /// where it is there.
    pub(super) fn find_near(
        &self,
        project: ProjectId,
        key: &str,
        near: usize,
    ) -> Option<(ModuleNumber, usize)> {
        let project = self.projects.get(&project)?;
        let is_it = |number: &ModuleNumber| self.modules.name(*number).cmp(key.as_bytes());
        let there = project.modules.get(near).filter(|number| is_it(number).is_eq());
        let place = if there.is_some() { near } else { project.modules.binary_search_by(is_it).ok()? };
        Some((*project.modules.get(place)?, place))
    }

    /// Takes the rows. What changed since they were read is to be followed next.
    pub(super) fn adopt(&mut self, loaded: LoadedRows) {
        self.rows = loaded.rows;
        self.lacks_rows = false;
        for (package, project, key) in loaded.unplaced {
            // One that was deleted is removed again by what is followed next.
            if let Some(row) = self.rows.find(package)
                && let Some(module) = self.module_number(project, &key)
            {
                self.rows.place(row, module);
            }
        }
    }
}

impl LoadedRows {
    /// Reads all of them. `find` knows the number of a module by project and key, and where it was among those of its
    /// project; it is given where that may be.
    pub(super) fn load(
        snapshot: &Snapshot,
        find: impl Fn(ProjectId, &str, usize) -> Option<(ModuleNumber, usize)>,
    ) -> Result<Self, StoreError> {
        let expected = usize::try_from(snapshot.count(&MODULE_VERSIONS)?).unwrap_or_default();
        let (mut entries, mut unplaced) = (Vec::with_capacity(expected), Vec::new());
        let mut versions = VersionTexts::default();
        // The versions of a module lie together, and the modules of a project come in its order.
        let (mut last, mut key, mut module) = (ProjectId(0), String::new(), DELETED);
        let mut places: HashMap<ProjectId, usize> = HashMap::new();
        snapshot.view(&MODULE_VERSIONS, .., |(_, name, system, project, _), entry| {
            let project = ProjectId(project);
            if project != last || !is_key(&key, name, system) {
                last = project;
                set_key(&mut key, name, system);
                let place = places.entry(project).or_default();
                let found = find(project, &key, *place);
                *place = found.map_or(*place, |(_, place)| place + 1);
                module = found.map_or(DELETED, |(module, _)| module);
            }
            if module == DELETED {
                unplaced.push((entry.package, project, key.clone()));
            }
            if let Some(version) = versions.number(entry.version) {
                entries.push(Entry { package: entry.package, module, version });
            }
            ControlFlow::Continue(())
        })?;
        let mut rows = Rows::load(entries, versions.finish());
        let mut near = 0;
        snapshot.scan(&PUBLICATIONS, .., |(kind, publisher, package), _| {
            let number = rows.publishers.number((kind, publisher));
            near = rows.set_publisher(PackageId(package), near, number) + 1;
            ControlFlow::Continue(())
        })?;
        Ok(Self { rows, unplaced })
    }
}

fn is_key(key: &str, name: &str, system: &str) -> bool {
    key.strip_prefix(name).and_then(|rest| rest.strip_prefix(BETWEEN)) == Some(system)
}
