//! Which part of a list a page shows: `search` and `page` of its URL.

use super::Visit;
use crate::domain::identity::Group;
use crate::service::ServiceError;
use crate::service::groups::GroupFilter;
use crate::web::components::Pages;

/// Rows of a page.
const ROWS: usize = 50;

/// What a URL asks of a list.
#[derive(Debug)]
pub(super) struct Listing {
    /// The words searched for.
    pub(super) search: String,
    /// Which page, from 1.
    page: usize,
}

impl Listing {
    /// What this visit asks for. Nonsense is the first page.
    pub(super) fn asked(visit: &Visit<'_>) -> Self {
        let search = visit.context.query("search").unwrap_or_default().trim().to_owned();
        Self { search, page: visit.page_number("page") }
    }

    /// The groups that the viewer sees, those with the words, in order of path.
    pub(super) async fn groups(&self, visit: &Visit<'_>) -> Result<Vec<Group>, ServiceError> {
        let filter = GroupFilter { search: self.words(), ..GroupFilter::default() };
        let mut groups = visit.registry().groups(visit.caller(), filter).await?;
        groups.sort_by_cached_key(|group| group.path.key());
        Ok(groups)
    }

    /// The words, if there are any.
    pub(super) fn words(&self) -> Option<String> {
        Some(self.search.clone()).filter(|words| !words.is_empty())
    }

    /// The rows of this page.
    pub(super) fn slice<'t, T>(&self, rows: &'t [T]) -> &'t [T] {
        let current = self.pages(rows.len()).current;
        let from = current.saturating_sub(1).saturating_mul(ROWS).min(rows.len());
        rows.get(from..rows.len().min(from.saturating_add(ROWS))).unwrap_or_default()
    }

    /// Which page of how many; beyond the last it is the last.
    pub(super) fn pages(&self, total: usize) -> Pages {
        let pages = Pages { current: self.page, per_page: ROWS, total };
        Pages { current: self.page.min(pages.count()), ..pages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_beyond_the_end_is_the_last() {
        let rows: Vec<usize> = (0..120).collect();
        for (page, first, length) in
            [(1, 0, 50), (2, 50, 50), (3, 100, 20), (9, 100, 20), (usize::MAX, 100, 20)]
        {
            let listing = Listing { search: String::new(), page };
            let shown = listing.slice(&rows);
            assert_eq!((shown.first().copied(), shown.len()), (Some(first), length), "{page}");
        }
        let empty: &[usize] = &[];
        assert_eq!(Listing { search: String::new(), page: 4 }.slice(empty), empty);
    }
}
