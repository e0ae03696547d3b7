//! Requests whose answer is ready: found by the path as it was sent, before anything is decoded or looked up.
//!
//! Only the plainest form of a request is understood here: `GET` without a body, unreserved characters, one token or none. Every
//! other goes the whole way, and so does whatever is not ready. Both ways give the same answer.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

use bytes::{Bytes, BytesMut};
use hyper::header::{
    ACCEPT_RANGES, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use smallvec::SmallVec;

use super::endpoint::{Endpoint, Terraform};
use super::pipeline::common_headers;
use super::request::Survey;
use super::response::{Reply, ReplyBody};
use super::{App, file, terraform};
use crate::service::modules::{Address, Archive};
use crate::service::ready::{Acquaintance, Asked, KeptVersions, ReadyAnswer, With};

/// Where the protocol is served besides [`terraform::BASE`].
const SHORT_BASE: &str = "/v1/modules/";
/// What stands before a token in `Authorization`.
const BEARER: &[u8] = b"Bearer ";

/// Bytes of the answer of `versions` besides the versions, about.
const FRAME_BYTES: usize = 256;
/// Bytes between two versions, when the system has no long name.
const USUAL_BETWEEN_BYTES: usize = 128;
/// Bytes that a version takes, with what stands behind it.
const USUAL_VERSION_BYTES: usize = 16;

/// Bytes that short answers are cut from.
const SHARED_BYTES: usize = 16 * 1024;

/// An answer that is ready.
pub(super) struct Found {
    /// What there is to send.
    pub(super) content: Content,
    /// The pattern of the route.
    pub(super) route: &'static str,
    /// As whom the caller is logged.
    pub(super) who: Arc<str>,
}

/// What there is to send.
pub(super) enum Content {
    /// All of it, with the headers that every answer carries.
    Reply(Reply),
    /// An archive: it must be opened.
    Archive(Box<Archive>),
}

/// The answer to a request whose head was checked, if it is ready.
pub(super) fn find(
    app: &App,
    acquaintance: &mut Acquaintance,
    head: &Parts,
    survey: &Survey,
) -> Option<Found> {
    let asked = Wanted::of(head, survey)?;
    let with = match asked.ticket {
        // It decides alone.
        Some(ticket) => With::Ticket(ticket),
        None => credential(&head.headers, survey)?,
    };
    let (found, who) = app.registry.ready(asked.what, with, acquaintance)?;
    let options = app.registry.options();
    let base_url = options.external_url.as_deref().unwrap_or_default();
    let content = match found {
        ReadyAnswer::Versions(versions) => {
            let system = asked.address.system;
            let body = versions.get()?.rendered(|kept| versions_of(base_url, system, kept));
            Content::Reply(complete(StatusCode::OK, ReplyBody::from(body), &OF_JSON))
        }
        ReadyAnswer::Download(location) => {
            let mut reply = complete(StatusCode::NO_CONTENT, ReplyBody::empty(), &OF_DOWNLOAD);
            let url = location.get()?.rendered(|location| terraform::archive_url(base_url, location));
            let target = HeaderValue::from_maybe_shared(with_ticket(url, location.ticket())).ok()?;
            reply.headers_mut().insert(terraform::TERRAFORM_GET, target);
            Content::Reply(reply)
        }
        ReadyAnswer::Archive(archive) => match file::tag_if_unchanged(&archive, &head.headers) {
            Some(tag) => {
                let mut reply = complete(StatusCode::NOT_MODIFIED, ReplyBody::empty(), &OF_UNCHANGED);
                reply.headers_mut().insert(ETAG, tag);
                Content::Reply(reply)
            }
            None => Content::Archive(Box::new(archive)),
        },
    };
    app.metrics.ready_answer();
    Some(Found { content, route: Endpoint::Terraform(asked.address, asked.part).pattern(), who })
}

/// The headers of an answer in JSON.
static OF_JSON: LazyLock<HeaderMap> =
    LazyLock::new(|| with_common([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]));
/// The headers of an answer that says where an archive is; that is put in later.
static OF_DOWNLOAD: LazyLock<HeaderMap> =
    LazyLock::new(|| with_common([(terraform::TERRAFORM_GET, HeaderValue::from_static(""))]));
/// The headers of an answer that says that the client has the archive; its tag is put in later.
static OF_UNCHANGED: LazyLock<HeaderMap> = LazyLock::new(|| {
    with_common([
        (ETAG, HeaderValue::from_static("")),
        (CACHE_CONTROL, file::CACHE),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ])
});

/// Those and the headers that every answer carries.
fn with_common<const N: usize>(own: [(HeaderName, HeaderValue); N]) -> HeaderMap {
    let mut headers = HeaderMap::from_iter(own);
    common_headers(&mut headers);
    headers
}

/// An answer with a copy of these headers: copying them all is cheaper than adding one after the other.
fn complete(status: StatusCode, body: ReplyBody, headers: &HeaderMap) -> Reply {
    let mut reply = Reply::new(body);
    *reply.status_mut() = status;
    *reply.headers_mut() = headers.clone();
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
    fn of(head: &'a Parts, survey: &Survey) -> Option<Self> {
        let has_body = survey.lengths + survey.codings > 0;
        if head.method != Method::GET || has_body {
            return None;
        }
        let path = head.uri.path();
        let path = path.strip_prefix(terraform::BASE).or_else(|| path.strip_prefix(SHORT_BASE))?;
        if path.bytes().any(|byte| byte == b'%') {
            return None;
        }
        let mut parts = Parted(Some(path));
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

/// The parts of a path between slashes. For short texts quicker than `split`, which prepares for long ones.
struct Parted<'a>(Option<&'a str>);

impl<'a> Iterator for Parted<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0?;
        let slash = rest.bytes().position(|byte| byte == b'/');
        self.0 = slash.and_then(|slash| rest.get(slash + 1..));
        rest.get(..slash.unwrap_or(rest.len()))
    }
}

/// Whether it is the name under which the archive of a version is served.
pub(super) fn is_archive_name(address: Address<'_>, version: &str, name: &str) -> bool {
    let plain_version = version.strip_prefix('v').unwrap_or(version);
    let mut rest = name.as_bytes();
    let parts = [address.name, "-", address.system, "-", plain_version, ".tar.gz"];
    let is_its_own = parts.iter().all(|part| {
        let Some((beginning, behind)) = rest.split_at_checked(part.len()) else { return false };
        rest = behind;
        beginning.eq_ignore_ascii_case(part.as_bytes())
    });
    name == "file" || (is_its_own && rest.is_empty())
}

/// What a request without a ticket is asked with. Nothing for any credential but one token in `Authorization`.
fn credential<'h>(headers: &'h HeaderMap, survey: &Survey) -> Option<With<'h>> {
    match (survey.authorizations, survey.tokens) {
        (0, 0) => Some(With::Nothing),
        (1, 0) => {
            let value = headers.get(AUTHORIZATION)?.as_bytes();
            let token = std::str::from_utf8(value.strip_prefix(BEARER)?).ok()?.trim();
            (!token.is_empty()).then_some(With::Token(token))
        }
        _ => None,
    }
}

/// The answer of `versions`, from what is kept of it.
fn versions_of(base_url: &str, system: &str, kept: &KeptVersions) -> Bytes {
    let mut lines = kept.lines();
    versions_json(base_url, system, lines.next(), (kept.count, lines))
}

/// The answer of `versions` (N1). Written by hand because it is asked for most of all, and long: nothing in it but the
/// source needs escaping. With the versions goes how many there are.
pub(super) fn versions_json<'v>(
    base_url: &str,
    system: &str,
    source: Option<&str>,
    (count, versions): (usize, impl Iterator<Item = &'v str>),
) -> Bytes {
    let mut between = SmallVec::<[u8; USUAL_BETWEEN_BYTES]>::new();
    between.extend_from_slice(b"\"},{\"root\":{\"dependencies\":[],\"providers\":[{\"name\":\"");
    between.extend_from_slice(system.as_bytes());
    between.extend_from_slice(b"\",\"version\":\"\"}]},\"submodules\":[],\"version\":\"");
    let bytes = FRAME_BYTES + base_url.len() + count * (between.len() + USUAL_VERSION_BYTES);
    if bytes > SHARED_BYTES / 4 {
        let mut json = Vec::with_capacity(bytes);
        write_versions(&mut json, (base_url, source), &between, versions);
        return Bytes::from(json);
    }
    SCRATCH.with_borrow_mut(|json| {
        json.clear();
        write_versions(json, (base_url, source), &between, versions);
        shared(&[json])
    })
}

/// The URL of an archive and the ticket that opens it, as [`terraform::archive_url`] writes them.
fn with_ticket(url: &str, ticket: Option<&str>) -> Bytes {
    match ticket {
        Some(ticket) => shared(&[url.as_bytes(), terraform::TICKET.as_bytes(), ticket.as_bytes()]),
        None => shared(&[url.as_bytes()]),
    }
}

thread_local! {
    /// What short answers are cut from, one behind the other: cheaper than to ask for memory for each.
    static SHARED: RefCell<BytesMut> = RefCell::new(BytesMut::with_capacity(SHARED_BYTES));
    /// Where a short answer is put together. In a place of its own nothing has to be asked while it grows.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(SHARED_BYTES / 4));
}

/// These pieces, one behind the other.
fn shared(pieces: &[&[u8]]) -> Bytes {
    SHARED.with_borrow_mut(|shared| {
        shared.reserve(pieces.iter().map(|piece| piece.len()).sum());
        for piece in pieces {
            shared.extend_from_slice(piece);
        }
        shared.split().freeze()
    })
}

/// `between` stands between two versions; without what closes the one, before the first.
fn write_versions<'v>(
    json: &mut Vec<u8>,
    (base_url, source): (&str, Option<&str>),
    between: &[u8],
    mut versions: impl Iterator<Item = &'v str>,
) {
    json.extend_from_slice(b"{\"modules\":[{");
    if let Some(source) = source {
        json.extend_from_slice(b"\"source\":\"");
        push_escaped(json, base_url);
        json.extend_from_slice(b"/");
        push_escaped(json, source);
        json.extend_from_slice(b"\",");
    }
    json.extend_from_slice(b"\"versions\":[");
    if let Some(first) = versions.next() {
        json.extend_from_slice(between.strip_prefix(b"\"},").unwrap_or(between));
        json.extend_from_slice(first.as_bytes());
        for version in versions {
            json.extend_from_slice(between);
            json.extend_from_slice(version.as_bytes());
        }
        json.extend_from_slice(b"\"}");
    }
    json.extend_from_slice(b"]}]}");
}

/// Adds a text as it stands inside a JSON string.
fn push_escaped(json: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        return json.extend_from_slice(text.as_bytes());
    }
    // A string always serialises, in quotes.
    let quoted = serde_json::to_string(text).unwrap_or_default();
    json.extend_from_slice(quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().as_bytes());
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
            let found =
                Wanted::of(&head, &Survey::of(&head.headers)).map(|wanted| (wanted.what, wanted.ticket));
            assert_eq!(found, expected, "{path}");
        }
        let versions = format!("{base}acme/vpc/aws/versions");
        let understood = |head: &Parts| Wanted::of(head, &Survey::of(&head.headers)).is_some();
        assert!(understood(&head(Method::GET, &versions, &[])));
        assert!(!understood(&head(Method::HEAD, &versions, &[])));
        assert!(!understood(&head(Method::GET, &versions, &[("content-length", "1")])));
        assert!(!understood(&head(Method::GET, &versions, &[("transfer-encoding", "chunked")])));
        assert!(!understood(&head(Method::GET, "/acme/vpc/aws/versions", &[])));
    }

    #[test]
    fn one_token_or_none_is_understood() {
        let shown = |pairs: &[(&'static str, &'static str)]| {
            let head = head(Method::GET, "/", pairs);
            match credential(&head.headers, &Survey::of(&head.headers)) {
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

    #[test]
    fn versions_are_written_as_any_json_reader_reads_them() {
        for (base_url, source, versions) in [
            ("", Some("acme/network"), &["1.0.0", "0.9.0-rc.1+b"][..]),
            ("https://modules.example.com:8443/x", Some("acme/a.b_c"), &["1.0.0"]),
            ("https://\"\\\u{1}\u{e9}", Some("acme/network"), &[]),
            ("", None, &[]),
        ] {
            let listed = (versions.len(), versions.iter().copied());
            let written = versions_json(base_url, "aws", source, listed);
            let read: serde_json::Value = serde_json::from_slice(&written).unwrap();
            let module = &read["modules"][0];
            let expected = source.map(|source| format!("{base_url}/{source}"));
            assert_eq!(module["source"].as_str(), expected.as_deref());
            let shown: Vec<&str> = module["versions"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|one| one["version"].as_str())
                .collect();
            assert_eq!(shown, versions);
        }
    }
}
