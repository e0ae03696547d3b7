//! The pipelines of a package.

use serde_json::{Value, json};

use super::keyset::Keyset;
use super::shapes;
use crate::http::request::Context;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::pipelines::PackagePipeline;
pub(super) use crate::service::provenance_json::{pipeline, provenance};

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
