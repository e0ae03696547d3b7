//! The REST API, in GitLab's shapes.

pub mod endpoint;
mod packages;
pub mod paging;

use super::request::{Context, RequestBody};
use super::response::Reply;
use crate::service::ServiceError;
use endpoint::Api;

/// Answers a request to the REST API.
pub async fn handle(
    context: &Context<'_>,
    api: Api<'_>,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let _ = &body;
    match api {
        Api::ProjectPackages { project, part } => packages::project(context, project, part).await,
        Api::GroupPackages(group) => packages::group(context, group),
    }
}
