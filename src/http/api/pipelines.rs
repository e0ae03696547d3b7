//! Pipelines and provenance in JSON: GitLab's attributes, and beside them who vouches for what.

use serde_json::{Value, json};

use super::keyset::Keyset;
use super::shapes;
use crate::domain::provenance::{Pipeline, Provenance};
use crate::http::request::Context;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::pipelines::PackagePipeline;

/// Pipelines on one page at most (GitLab).
pub const MAX_PIPELINES: usize = 20;

/// `GET …/packages/:package_id/pipelines`.
pub(super) fn list(context: &Context<'_>, project: &str, package: u64) -> Result<Reply, ServiceError> {
    let found = context.registry().package_pipelines(&context.caller, project, package)?;
    let page = Keyset::from_query(context, MAX_PIPELINES)?;
    Ok(page.reply(context, &found, |known| known.event, |known| shape(context, known)))
}

fn shape(context: &Context<'_>, known: &PackagePipeline) -> Value {
    let at = shapes::time(known.at);
    let more = json!({
        "created_at": at,
        "updated_at": at,
        "user": known.user.as_ref().map(|user| shapes::user(context, user)),
        "provenance": provenance(&known.provenance),
    });
    shapes::with(pipeline(&known.pipeline, &known.provenance), more)
}

/// What GitLab says of a pipeline, as far as it is known here.
pub(super) fn pipeline(pipeline: &Pipeline, provenance: &Provenance) -> Value {
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
pub(super) fn provenance(provenance: &Provenance) -> Value {
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
