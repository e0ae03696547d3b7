//! The modules: what they are called, what they are said to be for, and where they stand in the two orders that are kept.

use fixedbitset::FixedBitSet;

use super::text::Texts;
use crate::domain::ProjectId;

/// The number of a module while it has versions.
pub(super) type ModuleNumber = u32;

/// Stands between name and system: so that bytes compare as names do, and `vpc` comes before `vpc-peering`.
pub(super) const BETWEEN: char = '\0';

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Modules {
    /// The project of each, by number.
    projects: Vec<ProjectId>,
    free: Vec<ModuleNumber>,
    /// Name and system of each, with [`BETWEEN`] between them.
    pub(super) names: Texts,
    /// The description of each that has one of its own.
    pub(super) descriptions: Texts,
    /// By name, system, project.
    pub(super) by_name: Vec<ModuleNumber>,
    /// By namespace, name, system, project.
    pub(super) by_address: Vec<ModuleNumber>,
    /// Those with the address of the one before them.
    pub(super) repeats: FixedBitSet,
}

impl Modules {
    /// How many numbers were given out.
    pub(super) fn len(&self) -> usize {
        self.projects.len()
    }

    /// The project of a module.
    pub(super) fn project(&self, number: ModuleNumber) -> Option<ProjectId> {
        self.projects.get(number as usize).copied()
    }

    /// Name and system in lower case, with [`BETWEEN`] between them. Empty when there is no such module.
    pub(super) fn name(&self, number: ModuleNumber) -> &[u8] {
        self.names.get(number)
    }

    /// Adds a module. The orders are not changed.
    pub(super) fn add(&mut self, project: ProjectId, name: &str, may_reuse: bool) -> Option<ModuleNumber> {
        let number = match self.free.pop_if(|_| may_reuse) {
            Some(number) => number,
            None => ModuleNumber::try_from(self.projects.len()).ok()?,
        };
        match self.projects.get_mut(number as usize) {
            Some(place) => *place = project,
            None => self.projects.push(project),
        }
        self.names.set(number, name);
        Some(number)
    }

    /// Removes a module that is in no order any more.
    pub(super) fn remove(&mut self, number: ModuleNumber) {
        self.names.set(number, "");
        self.descriptions.set(number, "");
        self.free.push(number);
    }
}

/// Name and system of a key of [`Modules`].
pub(super) fn parts(key: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(BETWEEN as u8, key).unwrap_or(key.len());
    (key.get(..end).unwrap_or_default(), key.get(end + 1..).unwrap_or_default())
}

/// `vpc` and `aws` as a key of [`Modules`].
pub(super) fn key_of(name: &str, system: &str) -> String {
    format!("{name}{BETWEEN}{system}")
}

/// Makes a text the key of another module.
pub(super) fn set_key(key: &mut String, name: &str, system: &str) {
    key.clear();
    key.push_str(name);
    key.push(BETWEEN);
    key.push_str(system);
}

/// A key of [`Modules`] as text: `vpc/aws`.
pub(super) fn shown(key: &[u8]) -> String {
    String::from_utf8_lossy(key).replace(BETWEEN, "/")
}
