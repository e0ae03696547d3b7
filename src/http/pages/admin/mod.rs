//! The administration of the instance. To everybody else it does not exist.

mod audit;
mod overview;
mod places;
mod users;

use super::forms::Form;
use super::routes::Admin;
use super::{Visit, nothing_here};
use crate::http::response::Reply;
use crate::service::ServiceError;

/// The pages.
pub(super) async fn show(visit: &Visit<'_>, page: Admin<'_>) -> Result<Reply, ServiceError> {
    require_administrator(visit)?;
    match page {
        Admin::Overview => overview::show(visit).await,
        Admin::Section("users") => users::list(visit).await,
        Admin::Section("groups") => places::groups(visit).await,
        Admin::Section("projects") => places::projects(visit).await,
        Admin::Section("audit_events") => audit::list(visit).await,
        Admin::Item("users", "new") => Ok(users::new_form(visit)),
        Admin::Item("users", id) => users::one(visit, id).await,
        Admin::Section(_) | Admin::Item(..) | Admin::Form(..) => Err(nothing_here(visit)),
    }
}

/// The forms.
pub(super) async fn send(visit: &Visit<'_>, page: Admin<'_>, form: &Form) -> Result<Reply, ServiceError> {
    require_administrator(visit)?;
    match page {
        Admin::Overview => overview::save(visit, form).await,
        Admin::Section("users") => users::create(visit, form).await,
        Admin::Form("users", id, action) => users::change(visit, id, action, form).await,
        Admin::Section(_) | Admin::Item(..) | Admin::Form(..) => Err(nothing_here(visit)),
    }
}

fn require_administrator(visit: &Visit<'_>) -> Result<(), ServiceError> {
    visit.registry().require_administrator(visit.caller()).map_err(|_refused| nothing_here(visit))
}
