//! Requests whose answer is ready: found by the path as it was sent, before anything is decoded or looked up.
//!
//! Only the plainest form of a request is understood here: `GET` without a body, unreserved characters, one token or none. Every
//! other goes the whole way, and so does whatever is not ready. Both ways give the same answer.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, TRANSFER_ENCODING,
};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use super::endpoint::{Endpoint, Terraform};
use super::request::TOKEN_HEADERS;
use super::response::{Reply, ReplyBody, with_body};
use super::{App, file, terraform};
use crate::service::modules::Address;
use crate::service::ready::{Asked, KeptVersions, ReadyAnswer, With};

/// Where the protocol is served besides [`terraform::BASE`].
const SHORT_BASE: &str = "/v1/modules/";
/// What stands before a token in `Authorization`.
const BEARER: &[u8] = b"Bearer ";

/// Bytes of the answer of `versions` besides the versions, about.
const FRAME_BYTES: usize = 256;
/// Bytes that a version takes, with what stands behind it.
const USUAL_VERSION_BYTES: usize = 16;

/// An answer that was ready, the route's pattern, and as whom its caller is logged.
pub(super) type Found = (Reply, &'static str, Arc<str>);

/// The answer to a request whose head was checked, if it is ready.
pub(super) async fn answer(app: &App, head: &Parts) -> Option<Found> {
    let asked = Wanted::of(head)?;
    let with = match asked.ticket {
        // It decides alone.
        Some(ticket) => With::Ticket(ticket),
        None => credential(&head.headers)?,
    };
    let (found, who) = app.registry.ready(asked.what, with)?;
    let options = app.registry.options();
    let base_url = options.external_url.as_deref().unwrap_or_default();
    let reply = match found {
        ReadyAnswer::Versions(versions) => {
            let system = asked.address.system;
            let body = versions.get()?.rendered(|kept| versions_of(base_url, system, kept));
            json_reply(body)
        }
        ReadyAnswer::Download(location) => terraform::download_reply(base_url, &location).ok()?,
        ReadyAnswer::Archive(archive) => {
            file::send(&app.registry, &archive, &head.method, &head.headers).await.ok()?
        }
    };
    app.metrics.ready_answer();
    Some((reply, Endpoint::Terraform(asked.address, asked.part).pattern(), who))
}

fn json_reply(body: Bytes) -> Reply {
    let mut reply = with_body(StatusCode::OK, ReplyBody::from(body));
    let headers = reply.headers_mut();
    headers.reserve(16);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    reply
}

/// What a request asks for, when it can be read from its path alone.
struct Wanted<'a> {
    what: Asked<'a>,
    address: Address<'a>,
    part: Terraform<'a>,
    ticket: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(head: &'a Parts) -> Option<Self> {
        let has_body =
            head.headers.contains_key(CONTENT_LENGTH) || head.headers.contains_key(TRANSFER_ENCODING);
        if head.method != Method::GET || has_body {
            return None;
        }
        let path = head.uri.path();
        let path = path.strip_prefix(terraform::BASE).or_else(|| path.strip_prefix(SHORT_BASE))?;
        if path.contains('%') {
            return None;
        }
        let mut parts = path.split('/');
        let (namespace, name, system) = (parts.next()?, parts.next()?, parts.next()?);
        let address = Address { namespace, name, system };
        let found = match (parts.next()?, parts.next(), parts.next()) {
            ("versions", None, None) => Self::new(Asked::Versions(path), address, Terraform::Versions),
            (version, Some("download"), None) => {
                Self::new(Asked::Download(path), address, Terraform::Download(version))
            }
            (version, Some(file), None) => {
                let prefix = path.len().checked_sub(file.len() + 1)?;
                let part = Terraform::Archive(version, file);
                let found = Self::new(Asked::Archive(path.get(..prefix)?), address, part);
                return is_archive_name(address, version, file)
                    .then_some(found)?
                    .with_ticket(head.uri.query());
            }
            _ => return None,
        };
        Some(found)
    }

    const fn new(what: Asked<'a>, address: Address<'a>, part: Terraform<'a>) -> Self {
        Self { what, address, part, ticket: None }
    }

    /// With the ticket of the query; nothing when the query is not as this server writes it.
    fn with_ticket(mut self, query: Option<&'a str>) -> Option<Self> {
        for field in query.unwrap_or_default().split('&').filter(|field| !field.is_empty()) {
            match field.split_once('=')? {
                ("token", ticket)
                    if self.ticket.is_none() && !ticket.is_empty() && !ticket.contains(['%', '+']) =>
                {
                    self.ticket = Some(ticket);
                }
                ("checksum" | "archive", _) => {}
                _ => return None,
            }
        }
        Some(self)
    }
}

/// Whether it is the name under which the archive of a version is served.
pub(super) fn is_archive_name(address: Address<'_>, version: &str, name: &str) -> bool {
    let plain_version = version.strip_prefix('v').unwrap_or(version);
    name == "file"
        || name.eq_ignore_ascii_case(&format!("{}-{}-{plain_version}.tar.gz", address.name, address.system))
}

/// What a request without a ticket is asked with. Nothing for any credential but one token in `Authorization`.
fn credential(headers: &HeaderMap) -> Option<With<'_>> {
    if TOKEN_HEADERS.iter().any(|name| headers.contains_key(*name)) {
        return None;
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(With::Nothing),
        (Some(value), None) => {
            let token = std::str::from_utf8(value.as_bytes().strip_prefix(BEARER)?).ok()?.trim();
            (!token.is_empty()).then_some(With::Token(token))
        }
        (Some(_), Some(_)) => None,
    }
}

/// The answer of `versions`, from what is kept of it.
fn versions_of(base_url: &str, system: &str, kept: &KeptVersions) -> Bytes {
    versions_json(base_url, system, Some(&kept.source), (kept.count, kept.versions()))
}

/// The answer of `versions` (N1). Written by hand because it is asked for most of all, and long: nothing in it but the
/// source needs escaping. With the versions goes how many there are.
pub(super) fn versions_json<'v>(
    base_url: &str,
    system: &str,
    source: Option<&str>,
    (count, versions): (usize, impl Iterator<Item = &'v str>),
) -> Bytes {
    let source = source.map(|source| {
        // A string always serialises.
        let text = serde_json::to_string(&format!("{base_url}/{source}")).unwrap_or_default();
        format!("\"source\":{text},")
    });
    let before = format!(
        "{{\"root\":{{\"dependencies\":[],\"providers\":[{{\"name\":\"{system}\",\"version\":\"\"}}]}},\"submodules\":[],\"version\":\""
    );
    let mut json = Vec::with_capacity(FRAME_BYTES + count * (before.len() + USUAL_VERSION_BYTES));
    json.extend_from_slice(b"{\"modules\":[{");
    json.extend_from_slice(source.unwrap_or_default().as_bytes());
    json.extend_from_slice(b"\"versions\":[");
    for (index, version) in versions.enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(before.as_bytes());
        json.extend_from_slice(version.as_bytes());
        json.extend_from_slice(b"\"}");
    }
    json.extend_from_slice(b"]}]}");
    Bytes::from(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: Method, target: &str, headers: &[(&'static str, &'static str)]) -> Parts {
        let mut request = hyper::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_the_plainest_requests_are_understood() {
        let base = terraform::BASE;
        for (path, expected) in [
            ("acme/vpc/aws/versions", Some((Asked::Versions("acme/vpc/aws/versions"), None))),
            ("acme/vpc/aws/1.0.0/download", Some((Asked::Download("acme/vpc/aws/1.0.0/download"), None))),
            ("acme/vpc/aws/1.0.0/vpc-aws-1.0.0.tar.gz", Some((Asked::Archive("acme/vpc/aws/1.0.0"), None))),
            ("acme/vpc/aws/v1.0.0/vpc-aws-1.0.0.tar.gz", Some((Asked::Archive("acme/vpc/aws/v1.0.0"), None))),
            (
                "acme/vpc/aws/1.0.0/file?checksum=sha256:00&token=abc",
                Some((Asked::Archive("acme/vpc/aws/1.0.0"), Some("abc"))),
            ),
            ("acme/vpc/aws/1.0.0/file?token=", None),
            ("acme/vpc/aws/1.0.0/file?token=a&token=b", None),
            ("acme/vpc/aws/1.0.0/file?token=a%62", None),
            ("acme/vpc/aws/1.0.0/file?other=1", None),
            ("acme/vpc/aws/1.0.0/other.tar.gz", None),
            ("acme/vpc/aws/1.0.0", None),
            ("acme/vpc/aws", None),
            ("acme/vpc%2F/aws/versions", None),
            ("acme/vpc/aws/versions/", None),
            ("acme/vpc/aws/1.0.0/download/more", None),
        ] {
            let head = head(Method::GET, &format!("{base}{path}"), &[]);
            let found = Wanted::of(&head).map(|wanted| (wanted.what, wanted.ticket));
            assert_eq!(found, expected, "{path}");
        }
        let versions = format!("{base}acme/vpc/aws/versions");
        assert!(Wanted::of(&head(Method::HEAD, &versions, &[])).is_none());
        assert!(Wanted::of(&head(Method::GET, &versions, &[("content-length", "1")])).is_none());
        assert!(Wanted::of(&head(Method::GET, "/acme/vpc/aws/versions", &[])).is_none());
    }

    #[test]
    fn one_token_or_none_is_understood() {
        let shown = |pairs: &[(&'static str, &'static str)]| {
            let head = head(Method::GET, "/", pairs);
            match credential(&head.headers) {
                Some(With::Token(token)) => token.to_owned(),
                Some(With::Nothing) => "none".to_owned(),
                Some(With::Ticket(_)) => "ticket".to_owned(),
                None => "not understood".to_owned(),
            }
        };
        for (pairs, expected) in [
            (&[][..], "none"),
            (&[("authorization", "Bearer abc")], "abc"),
            (&[("authorization", "Bearer ")], "not understood"),
            (&[("authorization", "Basic YTpi")], "not understood"),
            (&[("authorization", "Bearer a"), ("authorization", "Bearer b")], "not understood"),
            (&[("authorization", "Bearer a"), ("private-token", "b")], "not understood"),
            (&[("job-token", "b")], "not understood"),
        ] {
            assert_eq!(shown(pairs), expected, "{pairs:?}");
        }
    }
}
