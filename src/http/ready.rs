//! Requests whose answer is ready: found by the path as it was sent, before anything is decoded or looked up.
//!
//! Only the plainest form of a request is understood here: `GET` without a body, unreserved characters, one token or none. Every
//! other goes the whole way, and so does whatever is not ready. Both ways give the same answer.

mod rendered;
mod reply;

use std::sync::Arc;

use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use hyper::http::request::Parts;
use jiff::Timestamp;

use super::endpoint::{Endpoint, Terraform};
use super::request::Survey;
use super::{App, file, terraform};
use crate::service::modules::{Address, Archive};
use crate::service::ready::{Acquaintance, Asked, ReadyAnswer, With};
pub(super) use rendered::versions_json;
pub(super) use reply::{Marks, Whole, write_archive_head};

/// Where the protocol is served besides [`terraform::BASE`].
const SHORT_BASE: &str = "/v1/modules/";
/// What stands before a token in `Authorization`.
const BEARER: &[u8] = b"Bearer ";

/// What is looked at of a request: a `GET` without a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// The path as it was sent.
    pub(super) path: &'a str,
    /// What stands behind the question mark.
    pub(super) query: Option<&'a str>,
    /// The one `Authorization` field. There is no other credential.
    pub(super) authorization: Option<&'a [u8]>,
    /// The one `If-None-Match` field, if there is no more than one.
    pub(super) if_none_match: Option<&'a [u8]>,
}

impl<'a> Question<'a> {
    /// Of a request, if it is one of that kind.
    pub(super) fn of(head: &'a Parts, survey: &Survey) -> Option<Self> {
        let has_body = survey.lengths + survey.codings > 0;
        if head.method != Method::GET || has_body || survey.tokens > 0 || survey.authorizations > 1 {
            return None;
        }
        Some(Self {
            path: head.uri.path(),
            query: head.uri.query(),
            authorization: only(&head.headers, &AUTHORIZATION),
            if_none_match: only(&head.headers, &IF_NONE_MATCH),
        })
    }
}

/// The value of a field that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h [u8]> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none()).map(HeaderValue::as_bytes)
}

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
    /// All of the answer.
    Whole(Whole),
    /// An archive: it must be opened.
    Archive(Box<Archive>),
}

/// Whether a target is one of the module protocol, by how it begins. Its first slash is left out.
pub(super) fn is_of_protocol(target: &[u8]) -> bool {
    let begins_with = |base: &str| target.starts_with(base.strip_prefix('/').unwrap_or(base).as_bytes());
    begins_with(terraform::BASE) || begins_with(SHORT_BASE)
}

/// Whether an answer to it could be a [`Content::Whole`]: all but archives that the client does not have.
pub(super) fn may_be_whole(question: &Question<'_>) -> bool {
    let is_asked_for = |last: &str| question.path.ends_with(last);
    question.if_none_match.is_some() || is_asked_for("/versions") || is_asked_for("/download")
}

/// The answer to a request whose head was checked, if it is ready.
pub(super) fn find(
    app: &App,
    acquaintance: &mut Acquaintance,
    question: &Question<'_>,
    now: Timestamp,
) -> Option<Found> {
    let asked = Wanted::of(question)?;
    let with = match asked.ticket {
        // It decides alone.
        Some(ticket) => With::Ticket(ticket),
        None => credential(question.authorization)?,
    };
    let (found, who) = app.registry.ready(asked.what, with, acquaintance, now)?;
    let options = app.registry.options();
    let base_url = options.external_url.as_deref().unwrap_or_default();
    let content = match found {
        ReadyAnswer::Versions(versions) => {
            let render = |kept: &_| rendered::versions_of(base_url, asked.address.system, kept);
            Content::Whole(Whole::Versions(versions.get()?.rendered(render)))
        }
        ReadyAnswer::Download(location) => {
            let url = location.get()?.rendered(|location| terraform::archive_url(base_url, location));
            let url = rendered::with_ticket(url, location.ticket());
            Content::Whole(Whole::Location(HeaderValue::from_maybe_shared(url).ok()?))
        }
        ReadyAnswer::Archive(archive) => match file::tag_if_unchanged(&archive, question.if_none_match) {
            Some(tag) => Content::Whole(Whole::Unchanged(tag)),
            None => Content::Archive(Box::new(archive)),
        },
    };
    Some(Found { content, route: Endpoint::Terraform(asked.address, asked.part).pattern(), who })
}

/// What a request asks for, when it can be read from its path alone.
struct Wanted<'a> {
    what: Asked<'a>,
    address: Address<'a>,
    part: Terraform<'a>,
    ticket: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(question: &Question<'a>) -> Option<Self> {
        let path = question.path;
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
                return is_archive_name(address, version, file).then_some(found)?.with_ticket(question.query);
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

/// What a request without a ticket is asked with. Nothing for any credential but one token.
fn credential(authorization: Option<&[u8]>) -> Option<With<'_>> {
    let Some(value) = authorization else { return Some(With::Nothing) };
    let token = std::str::from_utf8(value.strip_prefix(BEARER)?).ok()?.trim();
    (!token.is_empty()).then_some(With::Token(token))
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

    fn question(head: &Parts) -> Option<Question<'_>> {
        Question::of(head, &Survey::of(&head.headers))
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
            let question = question(&head).unwrap();
            let found = Wanted::of(&question).map(|wanted| (wanted.what, wanted.ticket));
            assert_eq!(found, expected, "{path}");
        }
        let versions = format!("{base}acme/vpc/aws/versions");
        let understood = |head: &Parts| question(head).is_some_and(|asked| Wanted::of(&asked).is_some());
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
            match question(&head).and_then(|asked| credential(asked.authorization)) {
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
