//! What a request says: who sends it, with which credential, with which parameters, and its body within bounds.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{AUTHORIZATION, HOST, HeaderMap};
use hyper::http::request::Parts;
use ipnet::IpNet;

use super::App;
use crate::service::error::BadCredential;
use crate::service::{Caller, Presented, Registry, ServiceError};

/// Headers that carry a token alone, as in GitLab.
const TOKEN_HEADERS: [&str; 3] = ["private-token", "job-token", "deploy-token"];

/// What of the headers decides how a request is treated before it is known what it asks: gathered in one pass, because
/// every request pays for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Survey {
    /// Fields.
    pub fields: usize,
    /// Bytes of them.
    pub bytes: usize,
    /// `Host` fields.
    pub hosts: usize,
    /// `Authorization` fields.
    pub authorizations: usize,
    /// Other fields that carry a token.
    pub tokens: usize,
    /// Fields by which a proxy says that it is one.
    pub forwarded: usize,
    /// `Content-Length` fields.
    pub lengths: usize,
    /// `Transfer-Encoding` fields.
    pub codings: usize,
}

impl Survey {
    /// Of these headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut survey = Self::default();
        for (name, value) in headers {
            let name = name.as_str();
            survey.fields += 1;
            survey.bytes += name.len() + value.len() + 4;
            match name {
                "host" => survey.hosts += 1,
                "authorization" => survey.authorizations += 1,
                "private-token" | "job-token" | "deploy-token" => survey.tokens += 1,
                "forwarded" | "x-forwarded-for" | "x-forwarded-proto" => survey.forwarded += 1,
                "content-length" => survey.lengths += 1,
                "transfer-encoding" => survey.codings += 1,
                _ => {}
            }
        }
        survey
    }
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub enum Peer {
    /// A network connection.
    Network {
        /// The other end.
        address: SocketAddr,
        /// Over TLS.
        tls: bool,
    },
    /// The control socket, or the command line itself: somebody who may read the data directory.
    Operator,
}

/// Who is at the other end, as far as proxies that we trust tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Its address; nothing for the operator.
    pub address: Option<IpAddr>,
    /// Whether it speaks HTTPS, to us or to the proxy.
    pub https: bool,
    /// A loopback connection that no proxy stands behind.
    pub local: bool,
}

impl Client {
    /// Believes `X-Forwarded-For` and `X-Forwarded-Proto` only from trusted addresses. The client is the rightmost
    /// address that is not a trusted proxy: what stands left of it anyone can write.
    pub fn of(peer: Peer, headers: &HeaderMap, survey: &Survey, trusted: &[IpNet]) -> Self {
        let Peer::Network { address, tls } = peer else {
            return Self { address: None, https: false, local: true };
        };
        let peer = address.ip().to_canonical();
        let local = peer.is_loopback() && survey.forwarded == 0;
        let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
        if !is_trusted(&peer) {
            return Self { address: Some(peer), https: tls, local };
        }
        let listed = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<Option<IpAddr>> =
            listed.flat_map(|value| value.split(',')).map(|hop| hop_address(hop.trim())).collect();
        // From the nearest hop back. Behind one that cannot be read nothing can be believed.
        let readable = hops.iter().rev().map_while(|hop| *hop);
        let client = readable.clone().find(|ip| !is_trusted(ip)).or(readable.last()).unwrap_or(peer);
        let proto = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
        let https = proto.map_or(tls, |proto| proto.trim().eq_ignore_ascii_case("https"));
        Self { address: Some(client), https, local }
    }
}

/// A hop as proxies write it: an address, or an address and a port.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|ip: IpAddr| ip.to_canonical())
}

/// A request being answered.
#[derive(Debug)]
pub struct Context<'a> {
    /// The server.
    pub app: &'a App,
    /// The use cases, for this request.
    pub registry: &'a Registry,
    /// Method, target and headers.
    pub head: &'a Parts,
    /// Who is at the other end.
    pub client: Client,
    /// Who makes the request.
    pub caller: Caller,
}

impl Context<'_> {
    /// The use cases.
    pub fn registry(&self) -> &Registry {
        self.registry
    }

    /// The first value of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        query(self.head.uri.query(), name)
    }

    /// What links begin with: the configured URL, or nothing, so that they are paths.
    pub fn base_url(&self) -> String {
        self.registry().options().external_url.clone().unwrap_or_default()
    }

    /// What links begin with where a path will not do. Without a configured URL it is the one the client used.
    pub fn absolute_base_url(&self) -> String {
        let configured = self.registry().options().external_url.clone();
        configured.unwrap_or_else(|| {
            let host =
                self.head.headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
            format!("{}://{host}", if self.client.https { "https" } else { "http" })
        })
    }
}

/// The first value of a parameter in a query string, decoded.
pub fn query(query: Option<&str>, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The one credential of a request. Two different ones are refused; an empty one is none.
pub fn credential(headers: &HeaderMap) -> Result<Option<Presented>, ServiceError> {
    let mut found: Option<Presented> = None;
    let mut take = |presented: Presented| match &found {
        Some(before) if !before.same_secret(&presented) => Err(ServiceError::ConflictingCredentials),
        Some(_) => Ok(()),
        None => {
            found = Some(presented);
            Ok(())
        }
    };
    let malformed = || ServiceError::Unauthenticated(BadCredential::Malformed);
    for value in headers.get_all(AUTHORIZATION) {
        let value = value.to_str().map_err(|_not_ascii| malformed())?;
        if let Some(presented) =
            Presented::from_authorization(value).map_err(ServiceError::Unauthenticated)?
        {
            take(presented)?;
        }
    }
    for name in TOKEN_HEADERS {
        for value in headers.get_all(name) {
            let value = value.to_str().map_err(|_not_ascii| malformed())?.trim();
            if !value.is_empty() {
                take(Presented::Token(value.to_owned().into()))?;
            }
        }
    }
    let server = || Some(headers.get("x-gitlab-url")?.to_str().ok()?.to_owned());
    Ok(found.map(|presented| presented.of_gitlab(server)))
}

/// Why a body broke off.
pub type BodyError = Box<dyn Error + Send + Sync>;

/// The body of a request: from a connection, or made by the command line.
#[derive(Debug)]
pub enum RequestBody {
    /// From a connection.
    Incoming(Incoming),
    /// Made in this process.
    Local(UnsyncBoxBody<Bytes, BodyError>),
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Incoming(incoming) => {
                Pin::new(incoming).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into)))
            }
            Self::Local(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Incoming(incoming) => incoming.is_end_stream(),
            Self::Local(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Incoming(incoming) => incoming.size_hint(),
            Self::Local(body) => body.size_hint(),
        }
    }
}

/// The next piece of a body. Nothing at its end; an error when the client is gone or too slow.
pub async fn next_piece(body: &mut RequestBody, wait: Duration) -> Result<Option<Bytes>, ServiceError> {
    loop {
        let Ok(frame) = tokio::time::timeout(wait, body.frame()).await else {
            return Err(ServiceError::Incomplete);
        };
        match frame {
            None => return Ok(None),
            Some(Err(_gone)) => return Err(ServiceError::Incomplete),
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

/// A small body (JSON, a form) as a whole.
pub async fn small_body(body: &mut RequestBody, limit: usize, wait: Duration) -> Result<Bytes, ServiceError> {
    let mut whole = BytesMut::new();
    // One deadline for all of it: it is small.
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        let Some(piece) = next_piece(body, left).await? else { break };
        if whole.len() + piece.len() > limit {
            return Err(ServiceError::Invalid(format!("the request body is larger than {limit} bytes")));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn forwarded_addresses_are_believed_only_from_trusted_proxies() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()];
        for (situation, peer, pairs, address, https, local) in [
            ("direct", "192.0.2.1", &[][..], "192.0.2.1", false, false),
            (
                "direct, lying",
                "192.0.2.1",
                &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https")],
                "192.0.2.1",
                false,
                false,
            ),
            ("loopback", "127.0.0.1", &[], "127.0.0.1", false, true),
            (
                "loopback behind a proxy",
                "127.0.0.1",
                &[("forwarded", "for=1.1.1.1")],
                "127.0.0.1",
                false,
                false,
            ),
            ("mapped loopback", "::ffff:127.0.0.1", &[], "127.0.0.1", false, true),
            (
                "proxy",
                "10.0.0.1",
                &[("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", "https")],
                "198.51.100.7",
                true,
                false,
            ),
            (
                "two proxies",
                "10.0.0.1",
                &[("x-forwarded-for", "1.1.1.1, 198.51.100.7, 10.0.0.2")],
                "198.51.100.7",
                false,
                false,
            ),
            (
                "a proxy that writes ports",
                "10.0.0.1",
                &[("x-forwarded-for", "1.1.1.1, 198.51.100.7:4711")],
                "198.51.100.7",
                false,
                false,
            ),
            (
                "nothing behind an unreadable hop is believed",
                "10.0.0.1",
                &[("x-forwarded-for", "1.1.1.1, unknown, 10.0.0.2")],
                "10.0.0.2",
                false,
                false,
            ),
            ("proxy, nonsense", "10.0.0.1", &[("x-forwarded-for", "unknown")], "10.0.0.1", false, false),
        ] {
            let peer = Peer::Network { address: SocketAddr::new(peer.parse().unwrap(), 1), tls: false };
            let expected = Client { address: Some(address.parse().unwrap()), https, local };
            let headers = headers(pairs);
            let client = Client::of(peer, &headers, &Survey::of(&headers), &trusted);
            assert_eq!(client, expected, "{situation}");
        }
    }

    #[test]
    fn a_survey_counts_what_decides_early() {
        let survey = Survey::of(&headers(&[
            ("host", "x"),
            ("host", "yy"),
            ("authorization", "Bearer a"),
            ("private-token", "a"),
            ("deploy-token", "a"),
            ("x-forwarded-proto", "https"),
            ("content-length", "1"),
            ("transfer-encoding", "chunked"),
            ("accept", "*/*"),
        ]));
        let counted = Survey {
            fields: 9,
            bytes: survey.bytes,
            hosts: 2,
            authorizations: 1,
            tokens: 2,
            forwarded: 1,
            lengths: 1,
            codings: 1,
        };
        assert_eq!(survey, counted);
        assert_eq!(
            Survey::of(&headers(&[("a", "bc")])).bytes,
            7,
            "as sent: name, colon, space, value, line end"
        );
    }

    #[test]
    fn one_credential_is_taken_and_two_are_refused() {
        let outcome = |pairs: &[(&'static str, &'static str)]| match credential(&headers(pairs)) {
            Ok(found) => found.is_some().to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(outcome(&[]), "false");
        assert_eq!(outcome(&[("private-token", "a")]), "true");
        assert_eq!(outcome(&[("private-token", " ")]), "false");
        assert_eq!(outcome(&[("private-token", ""), ("authorization", "Bearer x")]), "true");
        assert_eq!(
            outcome(&[("private-token", "x"), ("authorization", "Bearer x")]),
            "true",
            "the same twice"
        );
        assert!(outcome(&[("private-token", "x"), ("job-token", "y")]).contains("two different credentials"));
        assert!(outcome(&[("authorization", "Basic YTpi"), ("deploy-token", "y")]).contains("two different"));
    }
}
