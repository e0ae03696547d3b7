//! From a caller and a project or group to the facts that `domain::access` decides on.

use std::sync::Arc;

use jiff::Timestamp;

use super::access::Caller;
use super::trusted_publishers::matching;
use crate::domain::access::{GroupFacts, ProjectFacts};
use crate::domain::ci::CiJob;
use crate::domain::credential::TokenOwner;
use crate::domain::identity::{Group, Holder, InstanceSettings, Project, User};
use crate::domain::trusted_publisher::{TrustedPublisher, Workload};
use crate::domain::{GroupId, Role, UserId, Visibility};
use crate::store::{Reader, StoreError, ci_jobs, identity, trusted_publishers};

/// The highest active role of a user over some groups or projects.
pub(super) fn highest_role(
    reader: &impl Reader,
    user: UserId,
    holders: impl IntoIterator<Item = Holder>,
    now: Timestamp,
) -> Result<Option<Role>, StoreError> {
    let mut highest = None;
    for holder in holders {
        if let Some(membership) =
            identity::membership(reader, holder, user)?.filter(|found| found.is_active(now))
        {
            highest = highest.max(Some(membership.role));
        }
    }
    Ok(highest)
}

/// What is known about a caller and a project.
pub fn project_facts(
    reader: &impl Reader,
    caller: &Caller,
    project: &Project,
    settings: &InstanceSettings,
    now: Timestamp,
) -> Result<ProjectFacts, StoreError> {
    let holders = || {
        project.groups.iter().copied().map(Holder::Group).chain(std::iter::once(Holder::Project(project.id)))
    };
    let (role, covered) = match caller {
        Caller::Anonymous | Caller::Operator => (None, false),
        Caller::User { user, .. } => (highest_role(reader, user.id, holders(), now)?, false),
        Caller::Job { job, user } => (job_role(reader, (job, user), project, holders(), now)?, false),
        Caller::Workload(workload) => {
            (matching(reader, &workload.claims, project.id)?.map(|publisher| publisher.role), false)
        }
        Caller::Trusted(publisher) => ((publisher.project == project.id).then_some(publisher.role), false),
        Caller::Deploy { token } => (
            None,
            matches!(&token.owner, TokenOwner::Deploy { holder, .. } if holders().any(|own| own == *holder)),
        ),
    };
    Ok(ProjectFacts {
        visibility: project.visibility,
        registry: project.registry,
        allow_anyone_to_pull: settings.allow_anyone_to_pull,
        role,
        covered,
    })
}

/// The role of a CI job in a project: that of its user, but in another private project only where its own is allowed.
fn job_role(
    reader: &impl Reader,
    (job, user): (&CiJob, &User),
    project: &Project,
    holders: impl IntoIterator<Item = Holder>,
    now: Timestamp,
) -> Result<Option<Role>, StoreError> {
    let open = job.project == project.id
        || project.visibility != Visibility::Private
        || ci_jobs::is_allowed(reader, project.id, job.project)?;
    match open {
        false => Ok(None),
        true if user.admin => Ok(Some(Role::Owner)),
        true => highest_role(reader, user.id, holders, now),
    }
}

/// What is known about a caller and a group.
pub fn group_facts(
    reader: &impl Reader,
    caller: &Caller,
    group: &Group,
    now: Timestamp,
) -> Result<GroupFacts, StoreError> {
    let (role, connected) = match caller {
        Caller::Anonymous | Caller::Operator => (None, false),
        Caller::User { user, .. } | Caller::Job { user, .. } => {
            let role = highest_role(reader, user.id, group.lineage().map(Holder::Group), now)?;
            let connected = match role {
                Some(_) => true,
                None => member_below(reader, user.id, group.id, now)?,
            };
            (role, connected)
        }
        Caller::Workload(workload) => (None, granted_below(reader, &granted(reader, workload)?, group.id)?),
        Caller::Trusted(publisher) => {
            (None, granted_below(reader, std::slice::from_ref(&**publisher), group.id)?)
        }
        Caller::Deploy { token } => match token.owner {
            TokenOwner::Deploy { holder, .. } => {
                let above = group.lineage().any(|id| holder == Holder::Group(id));
                (None, above || is_below(reader, holder, group.id)?)
            }
            TokenOwner::Personal { .. } => (None, false),
        },
    };
    Ok(GroupFacts { visibility: group.visibility, personal: group.is_personal(), role, connected })
}

fn member_below(
    reader: &impl Reader,
    user: UserId,
    group: GroupId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    for membership in identity::memberships_of(reader, user)? {
        if membership.is_active(now) && is_below(reader, membership.holder, group)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every trusted publisher that a job matches.
pub(super) fn granted(
    reader: &impl Reader,
    workload: &Workload,
) -> Result<Arc<[TrustedPublisher]>, StoreError> {
    workload.granted(|| trusted_publishers::every(reader, |publisher| publisher.admits(&workload.claims)))
}

fn granted_below(
    reader: &impl Reader,
    granted: &[TrustedPublisher],
    group: GroupId,
) -> Result<bool, StoreError> {
    for publisher in granted {
        if is_below(reader, Holder::Project(publisher.project), group)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_below(reader: &impl Reader, holder: Holder, group: GroupId) -> Result<bool, StoreError> {
    Ok(match holder {
        Holder::Group(id) => {
            identity::group(reader, id)?.is_some_and(|found| found.lineage().any(|up| up == group))
        }
        Holder::Project(id) => {
            identity::project(reader, id)?.is_some_and(|found| found.groups.contains(&group))
        }
    })
}
