//! The search over all modules.

use super::Visit;
use crate::http::response::Reply;
use crate::service::module_rows::{ModuleRowsQuery, RowsScope};
use crate::service::{ServiceError, Window};
use crate::web::components::Pages;
use crate::web::frame::Viewer;
use crate::web::module_search::{everything, found, off, search_url};

/// Characters of a search that are looked at: as many as the box takes.
const MAX_CHARACTERS: usize = 200;
/// Modules of a page.
const ROWS: usize = 20;

/// `GET /search`.
pub(super) async fn show(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    let (registry, caller) = (visit.registry(), visit.caller());
    let asked = visit.context.query("q").unwrap_or_default();
    let words: String = asked.trim().chars().take(MAX_CHARACTERS).collect();
    let viewer = || Viewer { searched: words.clone(), ..visit.viewer() };
    if !registry.is_switched_on()? {
        return Ok(off(&viewer()).into());
    }
    let mut pages = Pages { current: visit.page_number("page"), per_page: ROWS, total: 0 };
    if words.is_empty() {
        let window = Window { descending: true, offset: pages.offset(), limit: ROWS, ..Window::default() };
        let query = ModuleRowsQuery { window, ..ModuleRowsQuery::default() };
        let modules = registry.module_rows(caller, RowsScope::Everything, query).await?;
        pages.total = modules.total;
        return Ok(beyond(&words, pages).unwrap_or_else(|| everything(&viewer(), &modules, pages).into()));
    }
    let page = registry.search(caller, &words, pages.offset(), ROWS).await?;
    pages.total = page.total;
    Ok(beyond(&words, pages).unwrap_or_else(|| found(&viewer(), &page, pages).into()))
}

/// Beyond the last page: the way back to it.
fn beyond(words: &str, pages: Pages) -> Option<Reply> {
    (pages.current > pages.count()).then(|| Visit::lead_to(&search_url(words, pages.count())))
}
