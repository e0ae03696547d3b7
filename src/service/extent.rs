//! How much goes when a project, group or user is deleted: what a page names before it asks for a yes.

use std::ops::ControlFlow;

use super::access::{check_instance, group_for, project_for};
use super::identity::user_for;
use super::members::Place;
use super::{Caller, Registry, ServiceError};
use crate::domain::access::{GroupAction, ProjectAction};
use crate::domain::identity::{Group, Project};
use crate::store::tables::{PROJECT_PACKAGES, Present};
use crate::store::{Reader, Snapshot, StoreError, identity as records};

/// What is in a place, and goes with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Groups below it, at any depth.
    pub subgroups: usize,
    /// Projects below it, at any depth. A project has none.
    pub projects: usize,
    /// Packages: every version counts.
    pub packages: usize,
}

impl Registry {
    /// What goes with a group or project, for whoever may delete it.
    pub async fn extent(&self, caller: &Caller, place: Place) -> Result<Extent, ServiceError> {
        let (now, caller) = (self.now(), caller.clone());
        self.read_long(move |snapshot| {
            let mut extent = Extent::default();
            match &place {
                Place::Group(id) => {
                    extent.add_group(
                        snapshot,
                        &group_for(snapshot, &caller, id, GroupAction::Administer, now)?,
                    )?;
                }
                Place::Project(id) => {
                    extent.add_project(
                        snapshot,
                        &project_for(snapshot, &caller, id, ProjectAction::Remove, now)?,
                    )?;
                }
            }
            Ok(extent)
        })
        .await
    }

    /// What goes with a user: what is in its own namespace. For administrators.
    pub async fn extent_of_user(&self, caller: &Caller, id: &str) -> Result<Extent, ServiceError> {
        check_instance(caller)?;
        let id = id.to_owned();
        self.read_long(move |snapshot| {
            let mut extent = Extent::default();
            if let Some(namespace) = records::group(snapshot, user_for(snapshot, &id)?.namespace)? {
                extent.add_group(snapshot, &namespace)?;
            }
            Ok(extent)
        })
        .await
    }
}

impl Extent {
    /// Adds what is in a group, not the group itself. Depth is bounded by the number of path segments.
    fn add_group(&mut self, snapshot: &Snapshot, group: &Group) -> Result<(), StoreError> {
        for subgroup in records::subgroups(snapshot, group.id)? {
            self.subgroups += 1;
            self.add_group(snapshot, &subgroup)?;
        }
        for project in records::projects_in(snapshot, group.id)? {
            self.projects += 1;
            self.add_project(snapshot, &project)?;
        }
        Ok(())
    }

    fn add_project(&mut self, snapshot: &Snapshot, project: &Project) -> Result<(), StoreError> {
        let own = (project.id.0, 0)..=(project.id.0, u64::MAX);
        snapshot.scan(&PROJECT_PACKAGES, own, |_number, Present| {
            self.packages += 1;
            ControlFlow::Continue(())
        })
    }
}
