//! Pages of lists, with GitLab's parameters and headers.

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue, LINK};
use serde_json::Value;

use crate::domain::limits::{DEFAULT_PER_PAGE, MAX_PER_PAGE};
use crate::http::request::Context;
use crate::http::response::{Reply, json};
use crate::service::ServiceError;

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: usize,
    /// Rows of a page.
    pub size: usize,
}

impl Page {
    /// From the query. More rows than allowed are cut, as GitLab does; nonsense is refused.
    pub fn from_query(context: &Context<'_>) -> Result<Self, ServiceError> {
        let number = |name: &str, default: usize| match context.query(name) {
            None => Ok(default),
            Some(text) if text.is_empty() => Ok(default),
            Some(text) => text
                .parse::<usize>()
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(|| ServiceError::Invalid(format!("{name} does not have a valid value"))),
        };
        Ok(Self { number: number("page", 1)?, size: number("per_page", DEFAULT_PER_PAGE)?.min(MAX_PER_PAGE) })
    }

    /// Rows before this page.
    pub const fn offset(&self) -> usize {
        self.number.saturating_sub(1).saturating_mul(self.size)
    }

    /// The rows of this page.
    pub fn slice<'t, T>(&self, rows: &'t [T]) -> &'t [T] {
        let from = self.offset().min(rows.len());
        let to = from.saturating_add(self.size).min(rows.len());
        rows.get(from..to).unwrap_or_default()
    }

    /// The answer with these rows of `total`.
    pub fn reply(&self, context: &Context<'_>, rows: Vec<Value>, total: usize) -> Reply {
        let mut reply = json(StatusCode::OK, &Value::Array(rows));
        self.describe(context, total, reply.headers_mut());
        reply
    }

    fn describe(&self, context: &Context<'_>, total: usize, headers: &mut HeaderMap) {
        let pages = total.div_ceil(self.size).max(1);
        let next = (self.number < pages).then(|| self.number + 1);
        let previous = (self.number > 1).then(|| self.number - 1);
        let optional = |number: Option<usize>| number.map(|number| number.to_string()).unwrap_or_default();
        let mut set = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("x-page", self.number.to_string());
        set("x-per-page", self.size.to_string());
        set("x-total", total.to_string());
        set("x-total-pages", pages.to_string());
        set("x-next-page", optional(next));
        set("x-prev-page", optional(previous));
        let mut links = Vec::new();
        for (page, relation) in
            [(previous, "prev"), (next, "next"), (Some(1), "first"), (Some(pages), "last")]
        {
            if let Some(page) = page {
                links.push(format!("<{}>; rel=\"{relation}\"", self.url(context, page)));
            }
        }
        if let Ok(value) = HeaderValue::from_str(&links.join(", ")) {
            headers.insert(LINK, value);
        }
    }

    fn url(&self, context: &Context<'_>, page: usize) -> String {
        let query = context.head.uri.query().unwrap_or_default();
        let mut kept = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if name != "page" && name != "per_page" {
                kept.append_pair(&name, &value);
            }
        }
        kept.append_pair("page", &page.to_string()).append_pair("per_page", &self.size.to_string());
        format!("{}{}?{}", context.absolute_base_url(), context.head.uri.path(), kept.finish())
    }
}
