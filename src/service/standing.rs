//! What decides what a caller may see, gathered once for lists of many projects.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::access::Caller;
use super::catalog::PlacedProject;
use super::facts::granted;
use crate::domain::access::{self, Identity, ProjectAction, ProjectFacts};
use crate::domain::credential::TokenOwner;
use crate::domain::identity::{Holder, Project};
use crate::domain::{GroupId, ProjectId, Role, UserId, Visibility};
use crate::store::{Reader, StoreError, ci_jobs, identity};

/// What decides what a caller may see, gathered once for a list of many projects.
#[derive(Debug)]
pub struct Standing {
    identity: Identity,
    /// Active roles of a user, where they were given.
    roles: Roles,
    /// What a deploy token is of.
    covers: Option<Holder>,
    /// What a CI job is of.
    job: Option<JobReach>,
    allow_anyone_to_pull: bool,
    /// When the first of the roles ends.
    until: Option<Timestamp>,
}

/// The private projects a CI job may use with its user's roles.
#[derive(Debug)]
struct JobReach {
    projects: HashSet<ProjectId>,
    /// Its user administers the instance.
    admin: bool,
}

/// Roles by where they were given, in order: they are few, and looked up for every request.
#[derive(Debug)]
struct Roles(Box<[(Holder, Role)]>);

impl Roles {
    fn of(roles: HashMap<Holder, Role>) -> Self {
        let mut roles: Box<[_]> = roles.into_iter().collect();
        roles.sort_unstable_by_key(|(holder, _)| *holder);
        Self(roles)
    }

    fn get(&self, holder: Holder) -> Option<Role> {
        let place = self.0.binary_search_by_key(&holder, |(holder, _)| *holder).ok()?;
        self.0.get(place).map(|(_, role)| *role)
    }
}

impl Standing {
    /// Of a caller, now.
    pub fn of(reader: &impl Reader, caller: &Caller, now: Timestamp) -> Result<Self, StoreError> {
        let (mut roles, mut until, mut covers, mut job_reach) = (HashMap::new(), None, None, None);
        match caller {
            Caller::Anonymous | Caller::Operator => {}
            Caller::User { user, .. } => (roles, until) = active_roles(reader, user.id, now)?,
            Caller::Job { job, user } => {
                (roles, until) = active_roles(reader, user.id, now)?;
                let mut projects: HashSet<_> =
                    ci_jobs::allowed_in(reader, job.project)?.into_iter().collect();
                projects.insert(job.project);
                job_reach = Some(JobReach { projects, admin: user.admin });
            }
            Caller::Deploy { token } => {
                if let TokenOwner::Deploy { holder, .. } = token.owner {
                    covers = Some(holder);
                }
            }
            Caller::Workload(workload) => {
                for publisher in granted(reader, workload)?.iter() {
                    let role = roles.entry(Holder::Project(publisher.project)).or_insert(publisher.role);
                    *role = publisher.role.max(*role);
                }
            }
            Caller::Trusted(publisher) => {
                roles.insert(Holder::Project(publisher.project), publisher.role);
            }
        }
        let allow_anyone_to_pull = identity::settings(reader)?.allow_anyone_to_pull;
        let roles = Roles::of(roles);
        Ok(Self { identity: caller.identity(), roles, covers, job: job_reach, allow_anyone_to_pull, until })
    }

    /// When it has to be gathered again because a role ends by the clock.
    pub(super) const fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Whether modules of projects that are not private may be pulled by anybody.
    pub(super) const fn allows_anyone_to_pull(&self) -> bool {
        self.allow_anyone_to_pull
    }

    /// Bytes it takes, about.
    pub(super) fn cost(&self) -> usize {
        let projects = self.job.as_ref().map_or(0, |job| job.projects.len());
        size_of_val(&*self.roles.0) + projects * size_of::<ProjectId>() * 2
    }

    /// Whether the caller was given a role in a project of the catalog or in a group above it.
    pub(super) fn has_role(&self, project: &PlacedProject) -> bool {
        self.roles.get(Holder::Project(project.id)).is_some()
            || project.groups.iter().any(|group| self.roles.get(Holder::Group(*group)).is_some())
    }

    /// Whether the caller may do that to a project of the catalog: the same rule as `access::check_project`.
    pub(super) fn may(&self, project: &PlacedProject, action: ProjectAction) -> bool {
        self.may_with((project.id, &project.groups), project.facts(self.allow_anyone_to_pull), action)
    }

    /// Whether the caller may pull the modules of a project.
    pub(super) fn may_pull(&self, project: &Project) -> bool {
        let facts = ProjectFacts {
            visibility: project.visibility,
            registry: project.registry,
            allow_anyone_to_pull: self.allow_anyone_to_pull,
            role: None,
            covered: false,
        };
        self.may_with((project.id, &project.groups), facts, ProjectAction::Pull)
    }

    /// The same with what is known about a project without a caller: its number, the groups it lies in, the facts.
    pub(super) fn may_with(
        &self,
        (id, groups): (ProjectId, &[GroupId]),
        mut facts: ProjectFacts,
        action: ProjectAction,
    ) -> bool {
        if let Some(job) = &self.job {
            let open = facts.visibility != Visibility::Private || job.projects.contains(&id);
            if !open {
                return access::project(self.identity, &facts, action).is_ok();
            }
            facts.role = job.admin.then_some(Role::Owner);
        }
        let own = std::iter::once(Holder::Project(id));
        let mut holders = own.chain(groups.iter().copied().map(Holder::Group));
        if let Some(covers) = self.covers {
            facts.covered = holders.any(|holder| holder == covers);
        } else if !self.roles.0.is_empty() {
            let role = holders.filter_map(|holder| self.roles.get(holder)).max();
            facts.role = facts.role.max(role);
        }
        access::project(self.identity, &facts, action).is_ok()
    }
}

/// The roles a user has now, and when the first of them ends.
fn active_roles(
    reader: &impl Reader,
    user: UserId,
    now: Timestamp,
) -> Result<(HashMap<Holder, Role>, Option<Timestamp>), StoreError> {
    let mut memberships = identity::memberships_of(reader, user)?;
    memberships.retain(|membership| membership.is_active(now));
    let until = memberships.iter().filter_map(|membership| membership.expires_at).min();
    Ok((memberships.into_iter().map(|membership| (membership.holder, membership.role)).collect(), until))
}
