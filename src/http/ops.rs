//! Health, readiness and metrics.

use hyper::StatusCode;
use serde_json::json;

use super::App;
use super::endpoint::Ops;
use super::request::Context;
use super::response::{Reply, json, typed};
use crate::domain::access;
use crate::service::ServiceError;
use crate::telemetry;

/// Answers a request about the server itself.
pub(super) fn handle(context: &Context<'_>, ops: Ops) -> Result<Reply, ServiceError> {
    match ops {
        Ops::Liveness => Ok(json(StatusCode::OK, &json!({ "status": "ok" }))),
        Ops::Health | Ops::Readiness => Ok(readiness(context.app)),
        Ops::Metrics => metrics(context),
    }
}

fn readiness(app: &App) -> Reply {
    if app.registry.is_ready() {
        json(StatusCode::OK, &json!({ "status": "ok" }))
    } else {
        json(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({ "status": "failed", "message": "the database is not open" }),
        )
    }
}

/// For loopback without a proxy, for the addresses in the configuration, and for administrators.
fn metrics(context: &Context<'_>) -> Result<Reply, ServiceError> {
    let edge = context.app.edge.load();
    let allowed_network = context
        .client
        .address
        .is_some_and(|address| edge.metrics_allow.iter().any(|network| network.contains(&address)));
    if !context.client.local && !allowed_network {
        // Reading is enough here, so an administrator's read-only token will do.
        let who = context.caller.identity();
        if !matches!(who, access::Identity::User { admin: true, .. }) {
            return Err(ServiceError::hidden(false, "Page"));
        }
    }
    let sizes = context.registry().store().group_sizes();
    context.app.metrics.set_commits(sizes.commits, sizes.changes);
    context.app.tell_limits();
    Ok(typed(StatusCode::OK, telemetry::CONTENT_TYPE, context.app.metrics.encode()))
}
