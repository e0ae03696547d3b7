//! CI jobs over the API.

use hyper::StatusCode;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::described::{read_pipeline, read_run, within};
use crate::domain::JobId;
use crate::domain::ci::CiJob;
use crate::http::api::fields::Fields;
use crate::http::api::tokens::with_secret;
use crate::http::api::{number, shapes};
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, empty};
use crate::service::ServiceError;
use crate::service::ci_jobs::{NewJob, OpenedJob};

/// `POST …/ci_jobs`.
pub(super) async fn open(
    context: &Context<'_>,
    project: &str,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_job_opener(caller, project)?;
    let fields = Fields::read(context, body).await?;
    let opened = registry.open_job(caller, project, described(&fields)?).await?;
    tracing::info!(job = opened.job.id.0, by = caller.label(), "opened a CI job");
    Ok(with_secret(StatusCode::CREATED, shape(context, &opened), opened.secret.expose_secret()))
}

/// `DELETE …/ci_jobs/:job_id`.
pub(super) async fn close(context: &Context<'_>, project: &str, id: &str) -> Result<Reply, ServiceError> {
    let id = JobId(number("job_id", id)?);
    context.registry().close_job(&context.caller, project, id).await?;
    tracing::info!(job = id.0, by = context.caller.label(), "closed a CI job");
    Ok(empty(StatusCode::NO_CONTENT))
}

fn described(fields: &Fields) -> Result<NewJob, ServiceError> {
    fields.require(&["ref", "sha"])?;
    let pipeline = within("pipeline", read_pipeline(&fields.object("pipeline")?))?;
    let run = within("job", read_run(&fields.object("job")?))?;
    let life = fields.number("expires_in")?;
    Ok(NewJob {
        user: fields.filled_text("user_id")?,
        git_ref: fields.required("ref")?,
        sha: fields.required("sha")?,
        pipeline,
        run,
        life: life.map(|seconds| SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))),
    })
}

fn shape(context: &Context<'_>, OpenedJob { job, user, .. }: &OpenedJob) -> Value {
    let CiJob { pipeline, run, .. } = job;
    json!({
        "id": job.id,
        "project_id": job.project,
        "user": shapes::user(context, user),
        "ref": job.git_ref,
        "sha": job.sha,
        "pipeline": {
            "id": pipeline.id,
            "iid": pipeline.iid,
            "web_url": pipeline.web_url,
            "source": pipeline.source,
        },
        "job": { "name": run.name, "web_url": run.web_url },
        "created_at": shapes::time(job.created_at),
        "expires_at": shapes::time(job.expires_at),
    })
}
