//! Jobs of a CI system that were opened here: whose rights they have, for how long, and what they say of themselves.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::provenance::{CommitSha, JobRun, Line, Pipeline, Provenance, VerifiedBy};
use super::{JobId, ProjectId, Sha256, UserId};

/// How long a job is open when the request does not say, and at most.
pub const JOB_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// The longest life that can be asked for.
pub const MAX_JOB_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// A job: everything but the secret of its token. The token acts with the present rights of its user while it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CiJob {
    /// Its number.
    pub id: JobId,
    /// The project it was opened for.
    pub project: ProjectId,
    /// Whose rights it has.
    pub user: UserId,
    /// SHA-256 of the printed token.
    pub hash: Sha256,
    /// Branch or tag.
    pub git_ref: Line,
    /// Commit.
    pub sha: CommitSha,
    /// Pipeline.
    pub pipeline: Pipeline,
    /// The job at the CI system.
    pub run: JobRun,
    /// When it was opened.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
    /// From when on its token is refused.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub expires_at: Timestamp,
    /// When it was closed, if it was.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub closed_at: Option<Timestamp>,
}

impl CiJob {
    /// Whether its token is accepted at that time.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.closed_at.is_none() && now < self.expires_at
    }

    /// What is recorded of what it publishes.
    pub fn provenance(&self) -> Provenance {
        let mut provenance = Provenance::verified_by(VerifiedBy::Job(self.id.0));
        provenance.pipeline = Some(self.pipeline.clone());
        provenance.job = (self.run != JobRun::default()).then(|| self.run.clone());
        provenance.git_ref = Some(self.git_ref.clone());
        provenance.sha = Some(self.sha.clone());
        provenance.with_commit_url()
    }
}
