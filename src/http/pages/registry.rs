//! The registry page of a group or project.

use super::Visit;
use crate::domain::access::Refusal;
use crate::domain::identity::Holder;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::module_rows::RowsScope;
use crate::service::places::PlaceView;
use crate::web::registry::{Asked, Listed, list, switched_off};

/// `GET …/-/infrastructure_registry`. Below `/groups/` there are no projects.
pub(super) async fn show(visit: &Visit<'_>, path: &str, is_group: bool) -> Result<Reply, ServiceError> {
    let (registry, caller) = (visit.registry(), visit.caller());
    let place = if is_group { registry.group_place(caller, path).map(Some) } else { seen(visit, path) }?;
    let listed = Listed { place: place.as_ref(), path };
    if !registry.is_switched_on()? {
        // Whoever sees nothing here must not learn from this page that there is something.
        return if place.is_some() {
            Ok(switched_off(&visit.viewer(), listed).into())
        } else {
            Err(super::nothing_here(visit))
        };
    }
    let scope = match place.as_ref().map(|place| place.holder) {
        Some(Holder::Group(id)) => RowsScope::Namespace(id),
        Some(Holder::Project(_)) | None => RowsScope::Project(path.to_owned()),
    };
    let asked = Asked::parse(visit.context.head.uri.query().unwrap_or_default());
    let found = match registry.module_rows(caller, scope, asked.query()).await {
        Err(ServiceError::Refused { refusal: Refusal::RegistryOff, .. }) if place.is_some() => {
            return Ok(switched_off(&visit.viewer(), listed).into());
        }
        found => found?,
    };
    let last = asked.pages(found.total).count();
    if asked.page > last {
        // What was on that page is gone: the last that there is stands in for it.
        return Ok(Visit::lead_to(&asked.at_page(last).url(&listed.url())));
    }
    Ok(list(&visit.viewer(), listed, &asked, &found).into())
}

/// The group or project at a path; nothing when the viewer does not see one, who may see a project's packages all the
/// same.
pub(super) fn seen(visit: &Visit<'_>, path: &str) -> Result<Option<PlaceView>, ServiceError> {
    match visit.registry().place(visit.caller(), path) {
        Ok(place) => Ok(Some(place)),
        Err(ServiceError::Refused { refusal: Refusal::Hidden, .. }) if path.contains('/') => Ok(None),
        Err(refused) => Err(refused),
    }
}
