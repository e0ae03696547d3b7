//! CI jobs by the hash of their token and by project; which projects' jobs may use a private project.

use std::ops::ControlFlow;

use jiff::Timestamp;

use super::tables::{CI_JOB_HASHES, CI_JOBS, JOB_ALLOWED_IN, JOB_ALLOWLIST, PROJECT_CI_JOBS, Present};
use super::{Change, Reader, StoreError};
use crate::domain::ci::CiJob;
use crate::domain::{JobId, ProjectId, Sha256};

/// A job by number.
pub fn job(reader: &impl Reader, id: JobId) -> Result<Option<CiJob>, StoreError> {
    reader.get(&CI_JOBS, id.0)
}

/// The job whose token has this hash.
pub fn by_hash(reader: &impl Reader, hash: &Sha256) -> Result<Option<CiJob>, StoreError> {
    match reader.get(&CI_JOB_HASHES, *hash.as_bytes())? {
        Some(id) => reader.require(&CI_JOBS, id.0).map(Some),
        None => Ok(None),
    }
}

/// Writes a job.
pub fn put(change: &mut Change<'_>, job: &CiJob) -> Result<(), StoreError> {
    change.put(&CI_JOBS, job.id.0, job)?;
    change.put(&CI_JOB_HASHES, *job.hash.as_bytes(), &job.id)?;
    change.put(&PROJECT_CI_JOBS, (job.project.0, job.id.0), &Present)
}

fn remove(change: &mut Change<'_>, job: &CiJob) {
    change.remove(&CI_JOBS, job.id.0);
    change.remove(&CI_JOB_HASHES, *job.hash.as_bytes());
    change.remove(&PROJECT_CI_JOBS, (job.project.0, job.id.0));
}

/// The jobs of a project, in order of number.
pub fn in_project(reader: &impl Reader, project: ProjectId) -> Result<Vec<CiJob>, StoreError> {
    let mut numbers = Vec::new();
    reader.scan(&PROJECT_CI_JOBS, (project.0, 0)..=(project.0, u64::MAX), |(_, job), Present| {
        numbers.push(job);
        ControlFlow::Continue(())
    })?;
    numbers.into_iter().map(|job| reader.require(&CI_JOBS, job)).collect()
}

/// Removes at most `bound` jobs of a project that ended before that time, the oldest first: what they published keeps
/// its provenance.
pub fn forget_ended(
    change: &mut Change<'_>,
    project: ProjectId,
    before: Timestamp,
    bound: usize,
) -> Result<(), StoreError> {
    let mut oldest = Vec::new();
    change.scan(&PROJECT_CI_JOBS, (project.0, 0)..=(project.0, u64::MAX), |(_, job), Present| {
        oldest.push(job);
        if oldest.len() < bound { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    for job in oldest {
        let job = change.require(&CI_JOBS, job)?;
        if job.closed_at.unwrap_or(job.expires_at) < before {
            remove(change, &job);
        }
    }
    Ok(())
}

/// Whether jobs of `other` may use the private project.
pub fn is_allowed(reader: &impl Reader, project: ProjectId, other: ProjectId) -> Result<bool, StoreError> {
    Ok(reader.get(&JOB_ALLOWLIST, (project.0, other.0))?.is_some())
}

/// The projects whose jobs may use the private project, in order of number.
pub fn allowlist(reader: &impl Reader, project: ProjectId) -> Result<Vec<ProjectId>, StoreError> {
    let mut found = Vec::new();
    reader.scan(&JOB_ALLOWLIST, (project.0, 0)..=(project.0, u64::MAX), |(_, other), Present| {
        found.push(ProjectId(other));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The private projects that jobs of `other` may use, in order of number.
pub fn allowed_in(reader: &impl Reader, other: ProjectId) -> Result<Vec<ProjectId>, StoreError> {
    let mut found = Vec::new();
    reader.scan(&JOB_ALLOWED_IN, (other.0, 0)..=(other.0, u64::MAX), |(_, project), Present| {
        found.push(ProjectId(project));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Lets jobs of `other` use the private project.
pub fn allow(change: &mut Change<'_>, project: ProjectId, other: ProjectId) -> Result<(), StoreError> {
    change.put(&JOB_ALLOWLIST, (project.0, other.0), &Present)?;
    change.put(&JOB_ALLOWED_IN, (other.0, project.0), &Present)
}

/// Does not let them any more.
pub fn disallow(change: &mut Change<'_>, project: ProjectId, other: ProjectId) {
    change.remove(&JOB_ALLOWLIST, (project.0, other.0));
    change.remove(&JOB_ALLOWED_IN, (other.0, project.0));
}

/// Removes the jobs of a project, and the project from every allowlist.
pub(super) fn remove_all_of(change: &mut Change<'_>, project: ProjectId) -> Result<(), StoreError> {
    for job in in_project(change, project)? {
        remove(change, &job);
    }
    for other in allowlist(change, project)? {
        disallow(change, project, other);
    }
    for holder in allowed_in(change, project)? {
        disallow(change, holder, project);
    }
    Ok(())
}
