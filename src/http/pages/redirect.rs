//! Where a browser may be sent: to paths of this server, and to the new path of something that was renamed.

use hyper::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::service::error::Moved;

/// Bytes of a target at most.
const MAX_TARGET: usize = 2_048;
/// What is written as it is in a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The target, when it is a path of this server and nothing a browser could read as another site: it begins with one
/// slash, and has no backslash and nothing that is not printable ASCII (WHATWG URL strips tabs and line feeds, and
/// takes `\` for `/`).
pub(super) fn local(target: &str) -> Option<&str> {
    let printable = target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let one_slash = target.starts_with('/') && !target.starts_with("//");
    let base = Url::parse("http://here.invalid/").ok()?;
    let joined = base.join(target).ok()?;
    (printable && one_slash && target.len() <= MAX_TARGET && joined.origin() == base.origin())
        .then_some(target)
}

/// The same path and query with the new full path in the place of the old, which begins after `before` segments and
/// has `length` of them.
pub(super) fn renamed(uri: &Uri, before: usize, length: usize, moved: &Moved) -> Option<String> {
    let segments: Vec<&str> = uri.path().strip_prefix('/')?.split('/').collect();
    let head = segments.get(..before)?;
    let tail = segments.get(before.checked_add(length)?..)?;
    let new: Vec<String> =
        moved.to.split('/').map(|text| utf8_percent_encode(text, SEGMENT).to_string()).collect();
    let all: Vec<&str> =
        head.iter().copied().chain(new.iter().map(String::as_str)).chain(tail.iter().copied()).collect();
    let path = format!("/{}", all.join("/"));
    Some(match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    })
}

/// The same URL without the fields of a form that nothing was filled into; nothing when it has none. Scripts leave them
/// out themselves: so a view has the same URL with and without scripts.
pub(super) fn without_empty_fields(uri: &Uri) -> Option<String> {
    let fields = || uri.query().unwrap_or_default().split('&');
    let is_empty = |field: &&str| field.ends_with('=') && field.find('=') == Some(field.len() - 1);
    if !fields().any(|field| is_empty(&field)) {
        return None;
    }
    let filled: Vec<&str> = fields().filter(|field| !is_empty(field)).collect();
    let path = uri.path();
    Some(if filled.is_empty() { path.to_owned() } else { format!("{path}?{}", filled.join("&")) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ServiceError;

    #[test]
    fn browsers_are_sent_to_local_paths_only() {
        for good in
            ["/", "/acme/vpc", "/acme?x=1&y=%2F", "/a#b", "/acme/-/settings", "/?next=https://evil.example"]
        {
            assert_eq!(local(good), Some(good));
        }
        let long = format!("/{}", "a".repeat(MAX_TARGET));
        for bad in [
            "",
            "acme",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " /acme",
            "/a b",
            "/\u{0}",
            "/caf\u{e9}",
            "?x",
            "#x",
            long.as_str(),
        ] {
            assert_eq!(local(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_old_path_is_replaced_and_nothing_else() {
        for (uri, before, length, expected) in [
            ("/old", 0, 1, "/new/v4"),
            ("/old/-/infrastructure_registry/7?x=%2F", 0, 1, "/new/v4/-/infrastructure_registry/7?x=%2F"),
            ("/groups/a/b/-/settings", 1, 2, "/groups/new/v4/-/settings"),
        ] {
            let moved =
                Moved { from: "x".to_owned(), to: "new/v4".to_owned(), unknown: ServiceError::NotFound("x") };
            let uri = uri.parse().unwrap();
            assert_eq!(renamed(&uri, before, length, &moved).as_deref(), Some(expected), "{uri}");
        }
    }

    #[test]
    fn fields_that_were_left_empty_are_left_out() {
        for (asked, expected) in [
            ("/search", None),
            ("/search?q=vpc", None),
            ("/search?x&q=a%3D&r==", None),
            ("/search?q=", Some("/search")),
            ("/x?search=&system=aws&version=&sort=", Some("/x?system=aws")),
            ("/x?=&a=%20b&&c=", Some("/x?a=%20b&")),
        ] {
            let uri: Uri = asked.parse().unwrap();
            assert_eq!(without_empty_fields(&uri).as_deref(), expected, "{asked}");
        }
    }
}
