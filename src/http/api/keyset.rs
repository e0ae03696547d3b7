//! Pages of a list that GitLab pages by cursor only: newest first, with a link to the page behind and the one before.

use data_encoding::BASE64URL_NOPAD;
use hyper::StatusCode;
use hyper::header::{HeaderValue, LINK};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::limits::DEFAULT_PER_PAGE;
use crate::http::request::Context;
use crate::http::response::{Reply, json};
use crate::service::ServiceError;

/// Bytes of a cursor at most: ours are under fifty.
const MAX_CURSOR: usize = 128;

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keyset {
    size: usize,
    cursor: Option<Cursor>,
}

/// A place in a list: beside the row of that number. GitLab's form: base64url of `{"id":"7","_kd":"n"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    id: String,
    #[serde(rename = "_kd")]
    direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Direction {
    /// Rows behind it, which are older.
    #[serde(rename = "n")]
    Next,
    /// Rows before it, which are newer.
    #[serde(rename = "p")]
    Previous,
}

/// The rows of a page, and where the pages beside it begin.
struct Part<'t, T> {
    rows: &'t [T],
    previous: Option<u64>,
    next: Option<u64>,
}

impl Keyset {
    /// From the query. More rows than `max` are refused, as GitLab does for such lists.
    pub(super) fn from_query(context: &Context<'_>, max: usize) -> Result<Self, ServiceError> {
        Self::parse(context.query("per_page").as_deref(), context.query("cursor").as_deref(), max)
    }

    fn parse(size: Option<&str>, cursor: Option<&str>, max: usize) -> Result<Self, ServiceError> {
        let invalid = |name: &str| ServiceError::Invalid(format!("{name} does not have a valid value"));
        let size = match size {
            None => DEFAULT_PER_PAGE.min(max),
            Some(text) => {
                let size = text.parse().ok().filter(|size| (1..=max).contains(size));
                size.ok_or_else(|| invalid("per_page"))?
            }
        };
        let cursor = cursor
            .filter(|text| !text.is_empty())
            .map(|text| Cursor::read(text).ok_or_else(|| invalid("cursor")));
        Ok(Self { size, cursor: cursor.transpose()? })
    }

    /// The answer with this part of a list, which is newest first.
    pub(super) fn reply<T>(
        &self,
        context: &Context<'_>,
        newest_first: &[T],
        id: impl Fn(&T) -> u64,
        shape: impl Fn(&T) -> Value,
    ) -> Reply {
        let part = self.part(newest_first, id);
        let mut reply = json(StatusCode::OK, &Value::Array(part.rows.iter().map(shape).collect()));
        let beside = [(part.previous, Direction::Previous, "prev"), (part.next, Direction::Next, "next")];
        let links: Vec<String> = beside
            .into_iter()
            .filter_map(|(id, direction, relation)| {
                let cursor = Cursor { id: id?.to_string(), direction };
                Some(format!("<{}>; rel=\"{relation}\"", self.url(context, &cursor)))
            })
            .collect();
        if let Ok(value) = HeaderValue::from_str(&links.join(", "))
            && !links.is_empty()
        {
            reply.headers_mut().insert(LINK, value);
        }
        reply
    }

    fn part<'t, T>(&self, newest_first: &'t [T], id: impl Fn(&T) -> u64) -> Part<'t, T> {
        let total = newest_first.len();
        let (from, to) = match self.cursor.as_ref().map(|cursor| (cursor.number(), cursor.direction)) {
            None => (0, self.size),
            Some((at, Direction::Next)) => {
                let from = newest_first.partition_point(|row| id(row) >= at);
                (from, from.saturating_add(self.size))
            }
            Some((at, Direction::Previous)) => {
                let to = newest_first.partition_point(|row| id(row) > at);
                (to.saturating_sub(self.size), to)
            }
        };
        let rows = newest_first.get(from..to.min(total)).unwrap_or_default();
        Part {
            rows,
            previous: rows.first().filter(|_| from > 0).map(&id),
            next: rows.last().filter(|_| to < total).map(&id),
        }
    }

    fn url(&self, context: &Context<'_>, cursor: &Cursor) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("per_page", &self.size.to_string())
            .append_pair("cursor", &cursor.written())
            .finish();
        format!("{}{}?{query}", context.absolute_base_url(), context.head.uri.path())
    }
}

impl Cursor {
    fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_CURSOR {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()?;
        let cursor: Self = serde_json::from_slice(&bytes).ok()?;
        cursor.id.parse::<u64>().is_ok().then_some(cursor)
    }

    fn written(&self) -> String {
        BASE64URL_NOPAD.encode(&serde_json::to_vec(self).unwrap_or_default())
    }

    fn number(&self) -> u64 {
        self.id.parse().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(id: u64, direction: Direction) -> String {
        Cursor { id: id.to_string(), direction }.written()
    }

    #[test]
    fn pages_follow_each_other_both_ways() {
        let list = [9_u64, 7, 6, 4, 1];
        let part = |text: Option<&str>| {
            let keyset = Keyset::parse(Some("2"), text, 20).unwrap();
            let part = keyset.part(&list, |id| *id);
            (part.rows.to_vec(), part.previous, part.next)
        };
        for (situation, asked, expected) in [
            ("the first page", None, (vec![9, 7], None, Some(7))),
            ("the next", Some(cursor(7, Direction::Next)), (vec![6, 4], Some(6), Some(4))),
            ("the last", Some(cursor(4, Direction::Next)), (vec![1], Some(1), None)),
            ("behind the end", Some(cursor(1, Direction::Next)), (vec![], None, None)),
            ("back again", Some(cursor(6, Direction::Previous)), (vec![9, 7], None, Some(7))),
            ("a row that is gone", Some(cursor(5, Direction::Next)), (vec![4, 1], Some(4), None)),
        ] {
            assert_eq!(part(asked.as_deref()), expected, "{situation}");
        }
    }

    #[test]
    fn sizes_out_of_bounds_and_odd_cursors_are_refused() {
        for size in ["0", "21", "-2", "x", ""] {
            assert!(Keyset::parse(Some(size), None, 20).is_err(), "{size:?}");
        }
        let long = "a".repeat(MAX_CURSOR + 1);
        let odd = [r#"{"id":"x","_kd":"n"}"#, r#"{"id":"1","_kd":"z"}"#, "[]", "\u{0}"];
        let odd = odd.map(|text| BASE64URL_NOPAD.encode(text.as_bytes()));
        for text in odd.iter().map(String::as_str).chain(["%", "a b", long.as_str()]) {
            assert!(Keyset::parse(None, Some(text), 20).is_err(), "{text:?}");
        }
        // As GitLab writes it, padded.
        let gitlab = "eyJpZCI6IjciLCJfa2QiOiJuIn0=";
        let read = Keyset::parse(None, Some(gitlab), 20).unwrap();
        assert_eq!(read.cursor, Some(Cursor { id: "7".to_owned(), direction: Direction::Next }));
        assert_eq!(Keyset::parse(None, Some(""), 20).unwrap(), Keyset { size: 20, cursor: None });
    }
}
