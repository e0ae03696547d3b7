//! What the URL of a registry page asks for, read and written.

use url::form_urlencoded;

use super::super::components::Pages;
use crate::domain::limits::DEFAULT_PER_PAGE;
use crate::service::module_rows::{Grouping, ModuleRowsQuery};
use crate::service::{Manner, PackageOrder, Window};

/// Bytes of a filter that count: names and versions are shorter.
const MAX_TEXT: usize = 256;

/// Filters, order and page of a list of modules. What is empty narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Words of the name.
    pub search: String,
    /// A system.
    pub system: String,
    /// An exact version.
    pub version: String,
    /// A status, by GitLab's name of it.
    pub status: String,
    /// The name of a user.
    pub publisher: String,
    /// How it was published.
    pub manner: Option<Manner>,
    /// A row for each version, not for each module.
    pub versions: bool,
    /// The order; the one of GitLab's page when nothing else is asked for.
    pub order: PackageOrder,
    /// The other way round than that order is usually read.
    pub reversed: bool,
    /// The page, from 1.
    pub page: usize,
}

/// The orders of a list: as URLs name them (GitLab's names), and as pages do.
pub const ORDERS: [(PackageOrder, &str, &str); 4] = [
    (PackageOrder::Created, "created_at", "Published"),
    (PackageOrder::Name, "name", "Name"),
    (PackageOrder::Version, "version", "Version"),
    (PackageOrder::ProjectPath, "project_path", "Project"),
];

/// Whether an order is usually read from its end: the newest and the highest first.
const fn usually_descends(order: PackageOrder) -> bool {
    matches!(order, PackageOrder::Created | PackageOrder::Version)
}

impl Asked {
    /// Reads a query string. What it does not know it passes over.
    pub fn parse(query: &str) -> Self {
        let mut asked = Self { page: 1, ..Self::default() };
        let mut direction = String::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            let value = value.get(..value.floor_char_boundary(MAX_TEXT)).unwrap_or_default();
            let text = || value.to_owned();
            match &*name {
                "search" => asked.search = text(),
                "system" => asked.system = text(),
                "version" => asked.version = text(),
                "status" => asked.status = text(),
                "publisher" => value.trim_start_matches('@').clone_into(&mut asked.publisher),
                "manner" => asked.manner = Manner::from_name(value),
                "rows" => asked.versions = value == "versions",
                "order_by" => {
                    let found = ORDERS.iter().find(|(_, known, _)| *known == value);
                    asked.order = found.map_or(PackageOrder::default(), |(order, ..)| *order);
                }
                "sort" => direction = text(),
                "page" => asked.page = value.parse().unwrap_or(1).max(1),
                _ => {}
            }
        }
        asked.reversed = match direction.as_str() {
            "asc" => usually_descends(asked.order),
            "desc" => !usually_descends(asked.order),
            _ => false,
        };
        asked
    }

    /// Whether anything narrows the list.
    pub const fn narrows(&self) -> bool {
        !(self.search.is_empty()
            && self.system.is_empty()
            && self.version.is_empty()
            && self.status.is_empty()
            && self.publisher.is_empty()
            && self.manner.is_none())
    }

    /// How many of the filters behind the search box are set.
    pub fn filters(&self) -> usize {
        let texts = [&self.system, &self.version, &self.status, &self.publisher];
        texts.iter().filter(|text| !text.is_empty()).count() + usize::from(self.manner.is_some())
    }

    /// Whether the order runs from high to low.
    pub const fn descends(&self) -> bool {
        usually_descends(self.order) != self.reversed
    }

    /// The same without what narrows it, from its first page on.
    #[must_use]
    pub fn widened(&self) -> Self {
        Self {
            versions: self.versions,
            order: self.order,
            reversed: self.reversed,
            page: 1,
            ..Self::default()
        }
    }

    /// The same in another order; in that order already, the other way round.
    #[must_use]
    pub fn ordered(&self, order: PackageOrder) -> Self {
        let reversed = self.order == order && !self.reversed;
        Self { order, reversed, page: 1, ..self.clone() }
    }

    /// The same, another page.
    #[must_use]
    pub fn at_page(&self, page: usize) -> Self {
        Self { page, ..self.clone() }
    }

    /// The name of the order, as URLs have it.
    pub fn order_name(&self) -> &'static str {
        ORDERS.iter().find(|(order, ..)| *order == self.order).map_or("created_at", |(_, name, _)| *name)
    }

    /// The URL of the list at a path with all this: what is usual is left out.
    pub fn url(&self, path: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let manner = self.manner.map_or("", Manner::as_str);
        let is_usual = self.order == PackageOrder::default();
        for (name, value) in [
            ("search", self.search.as_str()),
            ("system", self.system.as_str()),
            ("version", self.version.as_str()),
            ("status", self.status.as_str()),
            ("publisher", self.publisher.as_str()),
            ("manner", manner),
            ("rows", if self.versions { "versions" } else { "" }),
            ("order_by", if is_usual { "" } else { self.order_name() }),
            ("sort", self.direction()),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if self.page > 1 {
            query.append_pair("page", &self.page.to_string());
        }
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }

    /// `asc` or `desc`; nothing when the order is read as usual.
    pub const fn direction(&self) -> &'static str {
        match (self.reversed, self.descends()) {
            (false, _) => "",
            (true, true) => "desc",
            (true, false) => "asc",
        }
    }

    /// What the list is asked for.
    pub fn query(&self) -> ModuleRowsQuery {
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        ModuleRowsQuery {
            grouping: if self.versions { Grouping::Versions } else { Grouping::Modules },
            words: given(&self.search),
            system: given(&self.system),
            version: given(&self.version),
            status: given(&self.status),
            publisher: given(&self.publisher),
            manner: self.manner,
            window: Window {
                order: self.order,
                descending: self.descends(),
                offset: self.page.saturating_sub(1).saturating_mul(DEFAULT_PER_PAGE),
                limit: DEFAULT_PER_PAGE,
            },
        }
    }

    /// Where in the whole list this page is.
    pub const fn pages(&self, total: usize) -> Pages {
        Pages { current: self.page, per_page: DEFAULT_PER_PAGE, total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_what_was_asked_for_and_nothing_that_is_usual() {
        for (query, expected) in [
            ("", "/x"),
            ("search=+vpc+&page=1", "/x?search=vpc"),
            (
                "search=a%26b&system=aws&version=1.0.0&status=default",
                "/x?search=a%26b&system=aws&version=1.0.0&status=default",
            ),
            ("publisher=@ada&manner=deploy_token", "/x?publisher=ada&manner=deploy_token"),
            ("manner=magic&rows=cards&order_by=luck&sort=up&page=0&page=-1&other=1", "/x"),
            ("rows=versions&page=3", "/x?rows=versions&page=3"),
            ("order_by=created_at&sort=desc", "/x"),
            ("order_by=created_at&sort=asc", "/x?sort=asc"),
            ("sort=asc&order_by=name", "/x?order_by=name"),
            ("order_by=name&sort=desc", "/x?order_by=name&sort=desc"),
            ("order_by=version", "/x?order_by=version"),
            ("order_by=project_path&sort=desc", "/x?order_by=project_path&sort=desc"),
        ] {
            let asked = Asked::parse(query);
            assert_eq!(asked.url("/x"), expected, "{query}");
            let again = expected.split_once('?').map_or("", |(_, query)| query);
            assert_eq!(Asked::parse(again), asked, "{query}");
        }
    }

    #[test]
    fn long_and_large_values_do_no_harm() {
        let asked = Asked::parse(&format!("search={}&page={}", "%C3%BC".repeat(5000), usize::MAX));
        assert_eq!(asked.search.len(), MAX_TEXT);
        assert_eq!(asked.query().window.offset, usize::MAX);
    }

    #[test]
    fn choosing_an_order_again_turns_it_round() {
        let asked = Asked::parse("search=vpc&page=4");
        let by_name = asked.ordered(PackageOrder::Name);
        assert_eq!(by_name.url("/x"), "/x?search=vpc&order_by=name");
        assert_eq!(by_name.ordered(PackageOrder::Name).url("/x"), "/x?search=vpc&order_by=name&sort=desc");
        assert_eq!(asked.ordered(PackageOrder::Created).url("/x"), "/x?search=vpc&sort=asc");
    }
}
