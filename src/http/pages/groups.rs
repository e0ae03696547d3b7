//! All groups that the viewer sees.

use super::Visit;
use super::lists::Listing;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::web;
use crate::web::groups::Groups;

/// `GET /dashboard/groups`.
pub(super) async fn show(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    let (registry, caller) = (visit.registry(), visit.caller());
    let listing = Listing::asked(visit);
    let groups = listing.groups(visit).await?;
    let cards = registry.group_cards(caller, listing.slice(&groups).to_vec()).await?;
    let may_create = caller.user().is_some() && registry.check_new_group(caller, None).is_ok();
    let list =
        Groups { cards: &cards, pages: listing.pages(groups.len()), search: &listing.search, may_create };
    Ok(web::groups::list(&visit.viewer(), &list).into())
}
