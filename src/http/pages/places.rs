//! The pages of groups, users' own namespaces and projects. Each has one URL, its full path as it was written when it was
//! made; every other way to write it leads there.

use super::Visit;
use super::routes::Page;
use crate::domain::identity::Holder;
use crate::http::response::Reply;
use crate::service::module_rows::{ModuleRowsQuery, RowsScope};
use crate::service::places::PlaceView;
use crate::service::{ServiceError, Window};
use crate::web;
use crate::web::components::Pages;
use crate::web::places::{GroupParts, PROJECTS_PAGE, SUBGROUPS_PAGE};

/// Subgroups, projects and modules of a page.
const ROWS: usize = 20;

/// `GET /:path` and `GET /groups/:path`.
pub(super) async fn show(visit: &Visit<'_>, page: Page<'_>, path: &str) -> Result<Reply, ServiceError> {
    let place = match page {
        Page::Group(..) => visit.registry().group_place(visit.caller(), path)?,
        _ => visit.registry().place(visit.caller(), path)?,
    };
    let (uri, canonical) = (&visit.context.head.uri, format!("/{}", place.path));
    if uri.path() != canonical {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        return Ok(Visit::moved_to(&(canonical + &query)));
    }
    match place.holder {
        Holder::Group(id) => group(visit, &place, &id.to_string()).await,
        Holder::Project(id) => project(visit, &place, id.to_string()).await,
    }
}

async fn group(visit: &Visit<'_>, place: &PlaceView, id: &str) -> Result<Reply, ServiceError> {
    let asked = |parameter| Pages { current: visit.page_number(parameter), per_page: ROWS, total: 0 };
    let mut parts = GroupParts { subgroups: asked(SUBGROUPS_PAGE), projects: asked(PROJECTS_PAGE) };
    let page = visit.registry().group_page(visit.caller(), id, parts.projects.offset(), ROWS).await?;
    parts.subgroups.total = page.subgroups.len();
    parts.projects.total = page.projects_total;
    let within = |pages: Pages| Pages { current: pages.current.min(pages.count()), ..pages };
    let nearest = GroupParts { subgroups: within(parts.subgroups), projects: within(parts.projects) };
    if nearest.projects != parts.projects || nearest.subgroups != parts.subgroups {
        return Ok(Visit::lead_to(&nearest.url(place)));
    }
    Ok(web::places::group(&visit.viewer(), place, &page, parts).into())
}

async fn project(visit: &Visit<'_>, place: &PlaceView, id: String) -> Result<Reply, ServiceError> {
    let mut modules = None;
    if place.registry {
        let window = Window { descending: true, limit: ROWS, ..Window::default() };
        let query = ModuleRowsQuery { window, ..ModuleRowsQuery::default() };
        modules = Some(visit.registry().module_rows(visit.caller(), RowsScope::Project(id), query).await?);
    }
    Ok(web::places::project(&visit.viewer(), place, modules.as_ref()).into())
}
