//! What groups, projects and users hold, and lose when they are deleted: what a page names before it asks for a yes.

use super::access::{check_instance, group_for, project_for};
use super::catalog::Scope;
use super::identity::user_for;
use super::members::Place;
use super::{Caller, Registry, ServiceError};
use crate::domain::GroupId;
use crate::domain::access::{GroupAction, ProjectAction};
use crate::store::{Snapshot, StoreError, identity as records};

/// What is in a place, and goes with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Groups below it, at any depth.
    pub subgroups: usize,
    /// Projects below it, at any depth. A project has none.
    pub projects: usize,
    /// Packages: every version counts.
    pub packages: usize,
}

impl Registry {
    /// What a group or project holds, for whoever may delete it.
    pub async fn holdings(&self, caller: &Caller, place: Place) -> Result<Holdings, ServiceError> {
        let (now, registry, caller) = (self.now(), self.clone(), caller.clone());
        self.read_lists(move |snapshot| match &place {
            Place::Group(id) => {
                let group = group_for(snapshot, &caller, id, GroupAction::Administer, now)?;
                Ok(registry.held_by(snapshot, group.id)?)
            }
            Place::Project(id) => {
                let project = project_for(snapshot, &caller, id, ProjectAction::Remove, now)?;
                let scope = Scope::Project(project.id);
                let packages =
                    registry.shared.catalog.read(registry.store(), |all| all.packages_held(scope))?;
                Ok(Holdings { packages, ..Holdings::default() })
            }
        })
        .await
    }

    /// What a user's own namespace holds. For administrators.
    pub async fn holdings_of_user(&self, caller: &Caller, id: &str) -> Result<Holdings, ServiceError> {
        check_instance(caller)?;
        let (registry, id) = (self.clone(), id.to_owned());
        self.read_lists(move |snapshot| {
            let namespace = user_for(snapshot, &id)?.namespace;
            Ok(registry.held_by(snapshot, namespace)?)
        })
        .await
    }

    fn held_by(&self, snapshot: &Snapshot, group: GroupId) -> Result<Holdings, StoreError> {
        let mut open = vec![group];
        let mut subgroups = 0;
        while let Some(next) = open.pop() {
            let below = records::subgroups(snapshot, next)?;
            subgroups += below.len();
            open.extend(below.into_iter().map(|subgroup| subgroup.id));
        }
        let scope = Scope::Group { group, subgroups: true };
        let (projects, packages) = self
            .shared
            .catalog
            .read(self.store(), |all| (all.projects_held(group), all.packages_held(scope)))?;
        Ok(Holdings { subgroups, projects, packages })
    }
}
