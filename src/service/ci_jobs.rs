//! CI jobs that are opened here, and which projects' jobs may use a private project.
//!
//! A CI system without ID tokens opens a job with the token of a developer, hands the job's own token to its scripts and
//! closes the job at the end. What is published meanwhile carries the pipeline, commit and user of the job.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::access::{Caller, check_project, project_for};
use super::audit::{self, Deed};
use super::identity::{check_own, is_administrator, user_for};
use super::{Registry, ServiceError};
use crate::blobs::sha256;
use crate::domain::access::ProjectAction;
use crate::domain::audit::{Action, Kind, Named};
use crate::domain::ci::{CiJob, JOB_LIFE, MAX_JOB_LIFE};
use crate::domain::credential::TokenKind;
use crate::domain::identity::Holder;
use crate::domain::identity::{Project, User};
use crate::domain::provenance::{CommitSha, JobRun, Line, Pipeline};
use crate::domain::{JobId, ProjectId};
use crate::store::{Change, ci_jobs, identity as records};

/// How long a job that has ended is kept. What it published keeps its provenance for good.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Jobs that are looked at for that whenever one is opened.
const SWEPT: usize = 8;
/// Entries of an allowlist at most (GitLab).
const MAX_ALLOWED: usize = 200;

/// A job to be opened.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Whose rights it has, by number or user name; the caller's when it does not say.
    pub user: Option<String>,
    /// Branch or tag.
    pub git_ref: Line,
    /// Commit.
    pub sha: CommitSha,
    /// Pipeline.
    pub pipeline: Pipeline,
    /// The job at the CI system.
    pub run: JobRun,
    /// How long it is open at most.
    pub life: Option<SignedDuration>,
}

/// A job together with its token, which is shown once.
#[derive(Debug)]
pub struct OpenedJob {
    /// The job as stored.
    pub job: CiJob,
    /// Whose rights it has.
    pub user: User,
    /// What the job sends.
    pub secret: SecretString,
}

impl Registry {
    /// Refuses whoever may not open jobs of a project: who may not publish there.
    pub fn require_job_opener(&self, caller: &Caller, project: &str) -> Result<(), ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| project_for(snapshot, caller, project, ProjectAction::Publish, now))?;
        check_own(caller)
    }

    /// Opens a job. For developers; administrators may name any user.
    pub async fn open_job(
        &self,
        caller: &Caller,
        project: &str,
        new: NewJob,
    ) -> Result<OpenedJob, ServiceError> {
        self.require_job_opener(caller, project)?;
        let now = self.now();
        let life = new.life.unwrap_or(JOB_LIFE);
        if life <= SignedDuration::ZERO || life > MAX_JOB_LIFE {
            let most = MAX_JOB_LIFE.as_secs();
            return Err(ServiceError::Invalid(format!("expires_in must be 1 to {most} seconds")));
        }
        let expires_at = now.checked_add(life).unwrap_or(Timestamp::MAX);
        let (scribe, caller, project) = (self.scribe(caller), caller.clone(), project.to_owned());
        self.store()
            .write(move |change| {
                let project = project_for(change, &caller, &project, ProjectAction::Publish, now)?;
                let user = job_user(change, &caller, new.user.as_deref())?;
                let long_ago = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
                ci_jobs::forget_ended(change, project.id, long_ago, SWEPT)?;
                let secret = TokenKind::Job.print(super::clock::random_bits()?);
                let job = CiJob {
                    id: JobId(change.next_number("ci_job")?),
                    project: project.id,
                    user: user.id,
                    hash: sha256(secret.as_bytes()),
                    git_ref: new.git_ref,
                    sha: new.sha,
                    pipeline: new.pipeline,
                    run: new.run,
                    created_at: now,
                    expires_at,
                    closed_at: None,
                };
                ci_jobs::put(change, &job)?;
                let deed = Deed::new(Action::JobOpened, named(&job)).of(Named::project(&project));
                let deed = deed.with("acts_for", user.username.as_str()).with("pipeline", job.pipeline.id);
                scribe.note(change, deed.with("expires_at", expires_at.to_string()))?;
                Ok(OpenedJob { job, user, secret: secret.into() })
            })
            .await
    }

    /// Closes a job: its token is refused from then on. For whoever may open jobs of the project, and for the job itself.
    pub async fn close_job(&self, caller: &Caller, project: &str, id: JobId) -> Result<(), ServiceError> {
        let now = self.now();
        let (scribe, caller, project) = (self.scribe(caller), caller.clone(), project.to_owned());
        self.store()
            .write(move |change| {
                let itself = matches!(&caller, Caller::Job { job, .. } if job.id == id);
                let needed = if itself { ProjectAction::View } else { ProjectAction::CloseJob };
                let project = project_for(change, &caller, &project, needed, now)?;
                let job = ci_jobs::job(change, id)?.filter(|job| job.project == project.id);
                let job = job.ok_or(ServiceError::NotFound("CI job"))?;
                let closed_at = job.closed_at.or(Some(now));
                let deed = Deed::new(Action::JobClosed, named(&job)).of(Named::project(&project));
                scribe.note(change, deed)?;
                Ok(ci_jobs::put(change, &CiJob { closed_at, ..job })?)
            })
            .await
    }

    /// The projects whose jobs may use a project while it is private, as far as the caller sees them. For maintainers.
    pub fn job_allowlist(&self, caller: &Caller, project: &str) -> Result<Vec<Project>, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let project = project_for(snapshot, caller, project, ProjectAction::Inspect, now)?;
            let mut listed = vec![project.clone()];
            for other in ci_jobs::allowlist(snapshot, project.id)? {
                let seen = |found: &Project| {
                    check_project(snapshot, caller, found, ProjectAction::View, now).is_ok()
                };
                listed.extend(records::project(snapshot, other)?.filter(seen));
            }
            Ok(listed)
        })
    }

    /// Adds to that list. For maintainers who see the other project.
    pub async fn allow_jobs_of(
        &self,
        caller: &Caller,
        project: &str,
        other: ProjectId,
    ) -> Result<Project, ServiceError> {
        let now = self.now();
        let (scribe, caller, project) = (self.scribe(caller), caller.clone(), project.to_owned());
        self.store()
            .write(move |change| {
                let project = project_for(change, &caller, &project, ProjectAction::Administer, now)?;
                let seen =
                    |found: &Project| check_project(change, &caller, found, ProjectAction::View, now).is_ok();
                let found = records::project(change, other)?.filter(seen);
                let other = found.ok_or(ServiceError::NotFound("Target project"))?;
                let listed = ci_jobs::allowlist(change, project.id)?;
                if other.id == project.id || listed.contains(&other.id) {
                    return Err(ServiceError::Invalid(
                        "Target project is already in the job token scope".to_owned(),
                    ));
                }
                // The project itself is the first entry, as in GitLab, and is not kept.
                if listed.len() + 1 >= MAX_ALLOWED {
                    let full = format!(
                        "the allowlist has {MAX_ALLOWED} entries, which is the most: remove one first"
                    );
                    return Err(ServiceError::Invalid(full));
                }
                ci_jobs::allow(change, project.id, other.id)?;
                let deed = Deed::new(Action::AllowlistAdded, Named::project(&other));
                scribe.note(change, deed.of(Named::project(&project)))?;
                Ok(other)
            })
            .await
    }

    /// Removes from that list. For maintainers.
    pub async fn disallow_jobs_of(
        &self,
        caller: &Caller,
        project: &str,
        other: ProjectId,
    ) -> Result<(), ServiceError> {
        let now = self.now();
        let (scribe, caller, project) = (self.scribe(caller), caller.clone(), project.to_owned());
        self.store()
            .write(move |change| {
                let project = project_for(change, &caller, &project, ProjectAction::Administer, now)?;
                if !ci_jobs::is_allowed(change, project.id, other)? {
                    return Err(ServiceError::NotFound("Target project"));
                }
                ci_jobs::disallow(change, project.id, other);
                let other = audit::holder(change, Holder::Project(other))?;
                let deed = Deed::new(Action::AllowlistRemoved, other).of(Named::project(&project));
                scribe.note(change, deed)
            })
            .await
    }
}

/// A job as the audit log names it: by its branch or tag.
fn named(job: &CiJob) -> Named {
    Named::new(Kind::Job, Some(job.id.0), job.git_ref.as_str())
}

/// Whose rights a new job has.
fn job_user(change: &Change<'_>, caller: &Caller, named: Option<&str>) -> Result<User, ServiceError> {
    let own = caller.user();
    let Some(named) = named else {
        return own.cloned().ok_or_else(|| ServiceError::Invalid("user_id is missing".to_owned()));
    };
    let found = user_for(change, named);
    match (own, found) {
        (Some(own), Ok(found)) if own.id == found.id => Ok(found),
        // For others than administrators, whether that user exists makes no difference.
        (_, found) if is_administrator(caller) => match found? {
            blocked if blocked.blocked => {
                Err(ServiceError::Invalid("user_id is a blocked user: name another".to_owned()))
            }
            found => Ok(found),
        },
        _ => Err(ServiceError::Forbidden("only administrators open jobs for other users")),
    }
}

#[cfg(test)]
mod tests;
