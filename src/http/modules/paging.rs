//! Parts of lists by offset and limit, described in `meta` as the public registry does.

use serde::Serialize;
use url::form_urlencoded;

use crate::http::request::Context;
use crate::service::ServiceError;

/// Rows when the caller does not say.
pub(in crate::http) const DEFAULT_LIMIT: usize = 15;
/// Rows at most.
pub(in crate::http) const MAX_LIMIT: usize = 100;
/// The parameters of lists, in the order links have them. Others have no place in a link.
const KEPT: [&str; 4] = ["namespace", "provider", "q", "verified"];

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Rows in front of it.
    pub(super) offset: usize,
    /// Its rows at most.
    pub(super) limit: usize,
}

/// What an answer says about its part of a list.
#[derive(Debug, Serialize)]
pub(super) struct Meta {
    limit: usize,
    current_offset: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_offset: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_url: Option<String>,
}

impl Window {
    /// From the query. More rows than allowed are cut; nonsense is refused.
    pub(super) fn from_query(context: &Context<'_>) -> Result<Self, ServiceError> {
        let number = |name: &str, default: usize, least: usize| match context.query(name) {
            None => Ok(default),
            Some(text) if text.is_empty() => Ok(default),
            Some(text) => text.parse().ok().filter(|number| *number >= least).ok_or_else(|| {
                ServiceError::Invalid(format!("{name} must be a whole number, at least {least}"))
            }),
        };
        let limit = number("limit", DEFAULT_LIMIT, 1)?.min(MAX_LIMIT);
        Ok(Self { offset: number("offset", 0, 0)?, limit })
    }

    /// What to say about this part, when there is `more` behind it or not.
    pub(super) fn meta(self, context: &Context<'_>, more: bool) -> Meta {
        let next = more.then(|| self.offset.saturating_add(self.limit));
        let previous = (self.offset > 0).then(|| self.offset.saturating_sub(self.limit));
        let url = |offset| self.url(context, offset);
        Meta {
            limit: self.limit,
            current_offset: self.offset,
            next_offset: next,
            prev_offset: previous,
            next_url: next.map(url),
            prev_url: previous.map(url),
        }
    }

    /// The path and query of another part of the same list.
    fn url(self, context: &Context<'_>, offset: usize) -> String {
        let mut pairs: Vec<(&str, String)> = vec![("limit", self.limit.to_string())];
        if offset > 0 {
            pairs.push(("offset", offset.to_string()));
        }
        for name in KEPT {
            pairs.extend(values(context, name).into_iter().map(|value| (name, value)));
        }
        pairs.sort_by_key(|(name, _)| *name);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("{}?{query}", context.head.uri.path())
    }
}

/// Every value of a query parameter that is not empty, decoded.
pub(super) fn values(context: &Context<'_>, name: &str) -> Vec<String> {
    let query = context.head.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .filter(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.into_owned())
        .collect()
}
