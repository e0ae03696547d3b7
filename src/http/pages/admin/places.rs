//! The groups and projects of the instance, by path.

use crate::http::pages::Visit;
use crate::http::pages::lists::Listing;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::projects::ProjectFilter;
use crate::web::admin::places;

pub(super) async fn groups(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    let listing = Listing::asked(visit);
    let groups = listing.groups(visit).await?;
    let pages = listing.pages(groups.len());
    Ok(places::groups(&visit.viewer(), listing.slice(&groups), pages, &listing.search).into())
}

pub(super) async fn projects(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    let listing = Listing::asked(visit);
    let filter =
        ProjectFilter { search: listing.words(), search_namespaces: true, ..ProjectFilter::default() };
    let mut projects = visit.registry().projects(visit.caller(), filter).await?;
    projects.sort_by_cached_key(|placed| placed.project.path.key());
    let pages = listing.pages(projects.len());
    Ok(places::projects(&visit.viewer(), listing.slice(&projects), pages, &listing.search).into())
}
