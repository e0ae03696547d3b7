//! The pipelines that published a package or touched it since.

use jiff::Timestamp;

use super::access::{Caller, project_for};
use super::packages::package_of;
use super::{Registry, ServiceError};
use crate::domain::access::ProjectAction;
use crate::domain::identity::User;
use crate::domain::provenance::{Pipeline, Provenance};
use crate::store::{identity, packages};

/// A run of a pipeline that changed a package.
#[derive(Debug, Clone, PartialEq)]
pub struct PackagePipeline {
    /// Number of the event it made last: its place in the list.
    pub event: u64,
    /// When that was.
    pub at: Timestamp,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Everything known about where the change came from.
    pub provenance: Provenance,
    /// The user whose rights the job had, when it was opened here.
    pub user: Option<User>,
}

impl Registry {
    /// The pipelines of a package, newest first, each once. Refused as reading the package is.
    pub fn package_pipelines(
        &self,
        caller: &Caller,
        project: &str,
        package: u64,
    ) -> Result<Vec<PackagePipeline>, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let project = project_for(snapshot, caller, project, ProjectAction::Pull, now)?;
            let package = package_of(snapshot, &project, package)?;
            let mut found: Vec<PackagePipeline> = Vec::new();
            for entry in packages::events_with_provenance(snapshot, &package)?.into_iter().rev() {
                let Some(provenance) = entry.provenance else { continue };
                let Some(pipeline) = provenance.pipeline.clone() else { continue };
                let same = |known: &PackagePipeline| {
                    let (one, other) = (&known.provenance, &provenance);
                    known.pipeline.id == pipeline.id
                        && one.source_project == other.source_project
                        && (one.verified_by.kind(), one.verified_by.url())
                            == (other.verified_by.kind(), other.verified_by.url())
                };
                if found.iter().any(same) {
                    continue;
                }
                let user = entry.event.actor.user().map(|user| identity::user(snapshot, user)).transpose()?;
                found.push(PackagePipeline {
                    event: entry.number,
                    at: entry.event.at,
                    pipeline,
                    provenance,
                    user: user.flatten(),
                });
            }
            Ok(found)
        })
    }
}
