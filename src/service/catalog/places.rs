//! Groups and projects with how much there is in them, counted for one caller.

use super::contents::{Contents, PlacedProject};
use crate::domain::{GroupId, PackageId, ProjectId};

/// What there is in a group and below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Projects that the caller sees.
    pub projects: usize,
    /// Modules that the caller may pull.
    pub modules: usize,
    /// The package that was published last, of those.
    pub newest: Option<PackageId>,
}

/// A project of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::service) struct FoundProject {
    /// The project.
    pub(in crate::service) id: ProjectId,
    /// Modules that the caller may pull.
    pub(in crate::service) modules: usize,
    /// The package that was published last, of those.
    pub(in crate::service) newest: Option<PackageId>,
}

/// What a caller may see.
pub(in crate::service) struct Sight<'f> {
    /// That a project exists.
    pub(in crate::service) project: &'f dyn Fn(&PlacedProject) -> bool,
    /// Its modules.
    pub(in crate::service) modules: &'f dyn Fn(&PlacedProject) -> bool,
}

impl Contents {
    /// How much there is in a group and below it.
    pub(in crate::service) fn extent(&self, group: GroupId, sight: &Sight<'_>) -> Extent {
        let mut extent = Extent::default();
        let mut newest = None;
        let ids = self.below.get(&group).into_iter().flatten();
        for project in ids.filter_map(|id| self.projects.get(id)) {
            extent.projects += usize::from((sight.project)(project));
            let modules = pulled(project, sight);
            extent.modules += modules.len();
            newest = newest.max(self.newest(modules));
        }
        extent.newest = newest.and_then(|row| self.package(row));
        extent
    }

    /// The projects directly in a group that are seen, in order of path.
    pub(in crate::service) fn projects_in(&self, group: GroupId, sight: &Sight<'_>) -> Vec<FoundProject> {
        let ids = self.below.get(&group).into_iter().flatten();
        let mut inside: Vec<&PlacedProject> = ids
            .filter_map(|id| self.projects.get(id))
            .filter(|project| project.groups.last() == Some(&group) && (sight.project)(project))
            .collect();
        inside.sort_by_cached_key(|project| project.key());
        inside.into_iter().map(|project| self.found_project(project, sight).0).collect()
    }

    /// The projects that are seen and wanted, last published first, those without packages at the end by path; and how
    /// many there are in all.
    pub(in crate::service) fn busiest(
        &self,
        wanted: impl Fn(&PlacedProject) -> bool,
        sight: &Sight<'_>,
        limit: usize,
    ) -> (Vec<FoundProject>, usize) {
        let ids = self.by_path.values().filter_map(|id| self.projects.get(id));
        let seen = ids.filter(|project| wanted(project) && (sight.project)(project));
        let mut found: Vec<_> = seen.map(|project| self.found_project(project, sight)).collect();
        // Sorting keeps the order by path among equals.
        found.sort_by_key(|(_, newest)| std::cmp::Reverse(*newest));
        let total = found.len();
        (found.into_iter().take(limit).map(|(project, _)| project).collect(), total)
    }

    /// A project with its newest row.
    fn found_project(&self, project: &PlacedProject, sight: &Sight<'_>) -> (FoundProject, Option<u32>) {
        let modules = pulled(project, sight);
        let newest = self.newest(modules);
        let package = newest.and_then(|row| self.package(row));
        (FoundProject { id: project.id, modules: modules.len(), newest: package }, newest)
    }

    /// The row that was published last, of some modules.
    fn newest(&self, modules: &[u32]) -> Option<u32> {
        modules.iter().filter_map(|module| self.rows.of_module(*module).last().copied()).max()
    }
}

/// The modules of a project that may be pulled: all or none.
fn pulled<'p>(project: &'p PlacedProject, sight: &Sight<'_>) -> &'p [u32] {
    if (sight.modules)(project) { &project.modules } else { &[] }
}
