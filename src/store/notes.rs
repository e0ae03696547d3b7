//! What changes tell, once they are durable, to whoever keeps lists in memory.

use crate::domain::identity::Project;
use crate::domain::package::Publisher;
use crate::domain::{ModuleName, PackageId, ProjectId, System, Version};

/// Something a change did to what lists are made of.
#[derive(Debug, Clone)]
pub enum Note {
    /// A package was published.
    Published {
        /// The package.
        package: PackageId,
        /// Its project.
        project: ProjectId,
        /// Name of its module.
        name: ModuleName,
        /// Its system.
        system: System,
        /// Its version.
        version: Version,
        /// Who published it.
        publisher: Publisher,
    },
    /// A package was deleted.
    Deleted(PackageId),
    /// The description of a module is another.
    Described {
        /// The project of the module.
        project: ProjectId,
        /// Its name.
        name: ModuleName,
        /// Its system.
        system: System,
        /// The description; empty when there is none.
        description: String,
    },
    /// A module lost its last package.
    ModuleRemoved {
        /// The project it was in.
        project: ProjectId,
        /// Its name in lower case.
        name: String,
        /// Its system.
        system: String,
    },
    /// A project was created or changed.
    Project(Box<Project>),
    /// A project was deleted, with everything in it.
    ProjectDeleted(ProjectId),
    /// A webhook has something to tell.
    HookQueued,
}

/// Somebody who keeps in memory what the store holds.
pub trait Observer: Send + Sync {
    /// Changes that are durable now, in their order. Called on the writer thread before anybody is told that the
    /// changes succeeded, so that what they did shows in the very next list.
    fn committed(&self, notes: Vec<Note>);

    /// The database was opened again after an error: notes may be missing, and everything has to be read anew.
    fn reopened(&self);
}
