//! Where to find what was renamed: 301 with the same URL under the new path, as in GitLab.
//!
//! Only `GET` and `HEAD` are led on. A change that names an old path is refused like one that names a path nothing ever had
//! (404): to repeat it elsewhere is for whoever sent it to decide, and GitLab's 405 would say no more.

use hyper::header::{HeaderValue, LOCATION};
use hyper::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::json;

use super::request::Context;
use super::response::{Reply, json};
use crate::service::error::Moved;

/// Where the `:id` of a group, project, user or namespace stands, when a path is split at `/`: `/api/v4/groups/:id`.
const ID_SEGMENT: usize = 4;
/// What is written as it is in a path segment. A `/` is not: a full path is one segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The answer that leads on; nothing for a request that changes something, or when the path was not in the URL.
pub(super) fn redirect(context: &Context<'_>, moved: &Moved) -> Option<Reply> {
    if !matches!(context.head.method, Method::GET | Method::HEAD) {
        return None;
    }
    let uri = &context.head.uri;
    let target = format!("{}{}", context.absolute_base_url(), renamed(uri.path(), uri.query(), moved)?);
    let mut reply = json(
        StatusCode::MOVED_PERMANENTLY,
        &json!({ "message": format!("This resource has been moved permanently to {target}") }),
    );
    reply.headers_mut().insert(LOCATION, HeaderValue::from_str(&target).ok()?);
    Some(reply)
}

/// The same path and query with the new full path in the place of the old.
fn renamed(path: &str, query: Option<&str>, moved: &Moved) -> Option<String> {
    let mut segments: Vec<&str> = path.split('/').collect();
    let id = segments.get_mut(ID_SEGMENT)?;
    if percent_decode_str(id).decode_utf8().ok()? != moved.from.as_str() {
        return None;
    }
    let to = utf8_percent_encode(&moved.to, SEGMENT).to_string();
    *id = &to;
    let path = segments.join("/");
    Some(match query {
        Some(query) => format!("{path}?{query}"),
        None => path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ServiceError;

    #[test]
    fn the_path_is_replaced_where_it_names_the_thing_and_nothing_else_changes() {
        for (from, path, query, expected) in [
            ("old", "/api/v4/groups/old", None, Some("/api/v4/groups/new%2Fv4")),
            (
                "old",
                "/api/v4/groups/old/x/old",
                Some("a=old&b=%2F"),
                Some("/api/v4/groups/new%2Fv4/x/old?a=old&b=%2F"),
            ),
            ("v4", "/api/v4/groups/v4", None, Some("/api/v4/groups/new%2Fv4")),
            ("a/b", "/api/v4/projects/a%2Fb/packages", Some(""), Some("/api/v4/projects/new%2Fv4/packages?")),
            ("a/b", "/api/v4/projects/a%2fb", None, Some("/api/v4/projects/new%2Fv4")),
            ("old", "/api/v4/groups/other", None, None),
            ("old", "/old", None, None),
        ] {
            let unknown = ServiceError::NotFound("x");
            let moved = Moved { from: from.to_owned(), to: "new/v4".to_owned(), unknown };
            assert_eq!(renamed(path, query, &moved).as_deref(), expected, "{path}");
        }
    }
}
