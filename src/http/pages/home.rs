//! The first page.

use super::Visit;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::web::home::{New, signed_in, signed_out};

/// `GET /`.
pub(super) async fn show(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    let (registry, caller) = (visit.registry(), visit.caller());
    let home = registry.home(caller).await?;
    if caller.user().is_none() {
        return Ok(signed_out(&visit.viewer(), &home).into());
    }
    let new = New {
        group: registry.check_new_group(caller, None).is_ok(),
        project: registry.check_new_project(caller, None).is_ok(),
    };
    Ok(signed_in(&visit.viewer(), &home, new).into())
}
