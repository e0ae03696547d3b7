//! The allowlist of a project for the jobs of others over the API.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::domain::ProjectId;
use crate::domain::identity::Project;
use crate::http::api::fields::Fields;
use crate::http::api::number;
use crate::http::api::paging::Page;
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, empty, json};
use crate::service::ServiceError;
use crate::service::members::Place;

/// `GET …/job_token_scope/allowlist`. The project itself is the first entry, as in GitLab.
pub(super) fn list(context: &Context<'_>, project: &str) -> Result<Reply, ServiceError> {
    let listed = context.registry().job_allowlist(&context.caller, project)?;
    let page = Page::from_query(context)?;
    let rows = page.slice(&listed).iter().map(shape).collect();
    Ok(page.reply(context, rows, listed.len()))
}

/// `POST …/job_token_scope/allowlist`.
pub(super) async fn add(
    context: &Context<'_>,
    project: &str,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_manager(caller, &Place::Project(project.to_owned()))?;
    let fields = Fields::read(context, body).await?;
    fields.require(&["target_project_id"])?;
    let target = ProjectId(fields.number("target_project_id")?.unwrap_or_default());
    let target = registry.allow_jobs_of(caller, project, target).await?;
    tracing::info!(project, target = target.id.0, by = caller.label(), "let a project's CI jobs in");
    Ok(json(StatusCode::CREATED, &shape(&target)))
}

/// `DELETE …/job_token_scope/allowlist/:target_project_id`.
pub(super) async fn remove(
    context: &Context<'_>,
    project: &str,
    target: &str,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_manager(caller, &Place::Project(project.to_owned()))?;
    let target = ProjectId(number("target_project_id", target)?);
    registry.disallow_jobs_of(caller, project, target).await?;
    tracing::info!(project, target = target.0, by = caller.label(), "shut a project's CI jobs out");
    Ok(empty(StatusCode::NO_CONTENT))
}

fn shape(project: &Project) -> Value {
    json!({
        "id": project.id,
        "name": project.name,
        "path_with_namespace": project.path,
        "description": project.description,
        "visibility": project.visibility.as_str(),
    })
}
