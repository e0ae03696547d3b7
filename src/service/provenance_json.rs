//! Pipelines and provenance in JSON, as the API and webhooks give them: GitLab's attributes, and who vouches for what.

use serde_json::{Value, json};

use crate::domain::provenance::{Pipeline, Provenance};

/// What GitLab says of a pipeline, as far as it is known here.
pub fn pipeline(pipeline: &Pipeline, provenance: &Provenance) -> Value {
    json!({
        "id": pipeline.id,
        "iid": pipeline.iid,
        "sha": provenance.sha,
        "ref": provenance.git_ref,
        "source": pipeline.source,
        "web_url": pipeline.web_url,
    })
}

/// Where something was published from, and who vouches for it.
pub fn provenance(provenance: &Provenance) -> Value {
    let Provenance { verified_by, job, sha, git_ref, commit_url, source_project, user, .. } = provenance;
    let pipeline = provenance.pipeline.as_ref().map(|run| pipeline(run, provenance));
    json!({
        "verified": verified_by.is_verified(),
        "verified_by": { "kind": verified_by.kind(), "url": verified_by.url() },
        "pipeline": pipeline,
        "job": job.as_ref().map(|job| json!({ "name": job.name, "web_url": job.web_url })),
        "ref": git_ref,
        "sha": sha,
        "commit_url": commit_url,
        "source_project": source_project,
        "user": user,
    })
}
