//! Namespaces over the API.

use hyper::StatusCode;
use serde_json::json;

use super::paging::Page;
use super::{filled, flag, shapes};
use crate::http::request::Context;
use crate::http::response::{Reply, json};
use crate::service::ServiceError;
use crate::service::namespaces::NamespaceFilter;

/// `GET /namespaces`.
pub(super) async fn list(context: &Context<'_>) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_signed_in(caller)?;
    let filter = NamespaceFilter {
        search: filled(context, "search"),
        owned_only: flag(context, "owned_only")? == Some(true),
        top_level_only: flag(context, "top_level_only")? == Some(true),
    };
    let page = Page::from_query(context)?;
    let found = registry.namespaces(caller, filter).await?;
    let rows = page.slice(&found).iter().map(|group| shapes::namespace(context, group)).collect();
    Ok(page.reply(context, rows, found.len()))
}

/// `GET /namespaces/:id`.
pub(super) fn one(context: &Context<'_>, id: &str) -> Result<Reply, ServiceError> {
    let found = context.registry().namespace(&context.caller, id)?;
    Ok(json(StatusCode::OK, &shapes::namespace(context, &found)))
}

/// `GET /namespaces/:path/exists`.
pub(super) fn exists(context: &Context<'_>, path: &str) -> Result<Reply, ServiceError> {
    let parent = filled(context, "parent_id");
    let found = context.registry().is_path_taken(&context.caller, path, parent.as_deref())?;
    let suggests: Vec<String> = found.suggestion.into_iter().collect();
    Ok(json(StatusCode::OK, &json!({ "exists": found.exists, "suggests": suggests })))
}
