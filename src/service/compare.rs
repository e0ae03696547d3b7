//! What changed between two versions of a module in one project.

use super::Registry;
use super::access::{Caller, project_for};
use super::error::ServiceError;
use super::packages::package_of;
use crate::domain::access::ProjectAction;
use crate::domain::comparison::Comparison;
use crate::domain::{PackageId, Version};
use crate::store::packages;

/// Two packages of one module, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The package of the lower version.
    pub from: PackageId,
    /// The package of the higher one.
    pub to: PackageId,
    /// What changed.
    pub comparison: Comparison,
}

impl Registry {
    /// Compares a package with another version of its module in the same project, the lower of the two first.
    ///
    /// Refused as reading the package is; a version that the project does not have is not found.
    pub async fn compare(
        &self,
        caller: &Caller,
        project: &str,
        package_id: u64,
        other_version: &str,
    ) -> Result<Compared, ServiceError> {
        let (now, caller) = (self.now(), caller.clone());
        let (project, other_version) = (project.to_owned(), other_version.to_owned());
        // Manifests may have megabytes.
        self.read_long(move |snapshot| {
            let project = project_for(snapshot, &caller, &project, ProjectAction::Pull, now)?;
            let package = package_of(snapshot, &project, package_id)?;
            let missing = ServiceError::NotFound("404 Package");
            let Ok(wanted) = other_version.parse::<Version>() else { return Err(missing) };
            let here = (project.root(), project.id);
            let other =
                packages::version(snapshot, here, &package.name, &package.system, &wanted)?.ok_or(missing)?;
            let manifest = |id| Ok::<_, ServiceError>(packages::manifest(snapshot, id)?.unwrap_or_default());
            let (own, others) = (manifest(package.id)?, manifest(other.package)?);
            let comparison = Comparison::between((&package.version, &own), (&other.version, &others));
            let (from, to) = if package.version <= other.version {
                (package.id, other.package)
            } else {
                (other.package, package.id)
            };
            Ok(Compared { from, to, comparison })
        })
        .await
    }
}

#[cfg(test)]
mod tests;
