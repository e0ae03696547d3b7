//! Trusted publishers over the API.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::domain::PublisherId;
use crate::domain::claims::ClaimPatterns;
use crate::domain::trusted_publisher::TrustedPublisher;
use crate::http::api::fields::Fields;
use crate::http::api::paging::Page;
use crate::http::api::{number, shapes};
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, empty, json};
use crate::service::ServiceError;
use crate::service::members::Place;
use crate::service::trusted_publishers::NewTrustedPublisher;

/// `GET …/trusted_publishers`.
pub(super) fn list(context: &Context<'_>, project: &str) -> Result<Reply, ServiceError> {
    let listed = context.registry().trusted_publishers(&context.caller, project)?;
    let page = Page::from_query(context)?;
    let rows = page.slice(&listed).iter().map(shape).collect();
    Ok(page.reply(context, rows, listed.len()))
}

/// `POST …/trusted_publishers`.
pub(super) async fn add(
    context: &Context<'_>,
    project: &str,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_manager(caller, &Place::Project(project.to_owned()))?;
    let fields = Fields::read(context, body).await?;
    let new = NewTrustedPublisher {
        name: fields.filled_text("name")?,
        issuer: fields.required("issuer")?,
        claims: claims(&fields)?,
        role: fields.role("access_level")?,
        once: fields.boolean("once")?.unwrap_or(false),
    };
    let added = registry.add_trusted_publisher(caller, project, new).await?;
    tracing::info!(publisher = added.id.0, project, by = caller.label(), "added a trusted publisher");
    Ok(json(StatusCode::CREATED, &shape(&added)))
}

/// `DELETE …/trusted_publishers/:publisher_id`.
pub(super) async fn remove(context: &Context<'_>, project: &str, id: &str) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_manager(caller, &Place::Project(project.to_owned()))?;
    let id = PublisherId(number("publisher_id", id)?);
    registry.remove_trusted_publisher(caller, project, id).await?;
    tracing::info!(publisher = id.0, project, by = caller.label(), "removed a trusted publisher");
    Ok(empty(StatusCode::NO_CONTENT))
}

fn claims(fields: &Fields) -> Result<ClaimPatterns, ServiceError> {
    let patterns = fields.object("claims")?.texts()?;
    let listed = patterns.iter().map(|(claim, pattern)| (claim.as_str(), pattern.as_str()));
    ClaimPatterns::parse(listed).map_err(|error| ServiceError::Invalid(format!("claims: {error}")))
}

fn shape(publisher: &TrustedPublisher) -> Value {
    let claims: Map<String, Value> =
        publisher.claims.iter().map(|(claim, pattern)| (claim.to_owned(), pattern.as_str().into())).collect();
    json!({
        "id": publisher.id,
        "project_id": publisher.project,
        "name": publisher.name,
        "issuer": publisher.issuer,
        "claims": claims,
        "access_level": publisher.role.level(),
        "once": publisher.once,
        "created_at": shapes::time(publisher.created_at),
    })
}
