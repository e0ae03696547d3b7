//! A small HTTP/1.1 client. It hides nothing: reason phrases, repeated headers and refusals are what tests are about.
//!
//! Every request has a connection of its own.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use super::PATIENCE;

/// Where requests go, and what each of them carries.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
    headers: Vec<(String, String)>,
}

impl Client {
    /// A client without a credential.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, tls: None, headers: Vec::new() }
    }

    /// A client that speaks TLS and trusts the authority in that PEM text.
    pub(crate) fn tls(address: SocketAddr, authority: &[u8]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { address, tls: Some(Arc::new(config)), headers: Vec::new() }
    }

    /// The same with one more header in every request.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same with a token.
    pub(crate) fn token(&self, token: &str) -> Self {
        self.with("PRIVATE-TOKEN", token)
    }

    /// `GET`.
    pub(crate) fn get(&self, target: &str) -> Response {
        self.request("GET", target, None)
    }

    /// `HEAD`.
    pub(crate) fn head(&self, target: &str) -> Response {
        self.request("HEAD", target, None)
    }

    /// `DELETE`.
    pub(crate) fn delete(&self, target: &str) -> Response {
        self.request("DELETE", target, None)
    }

    /// `PUT` of bytes.
    pub(crate) fn put(&self, target: &str, body: &[u8]) -> Response {
        self.request("PUT", target, Some(body))
    }

    /// `PUT` of JSON.
    pub(crate) fn put_json(&self, target: &str, body: &Value) -> Response {
        self.with("Content-Type", "application/json").put(target, body.to_string().as_bytes())
    }

    /// `POST` of JSON.
    pub(crate) fn post(&self, target: &str, body: &Value) -> Response {
        self.with("Content-Type", "application/json").request(
            "POST",
            target,
            Some(body.to_string().as_bytes()),
        )
    }

    /// Any request.
    pub(crate) fn request(&self, method: &str, target: &str, body: Option<&[u8]>) -> Response {
        let mut head =
            format!("{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if let Some(body) = body {
            write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
        }
        head.push_str("\r\n");
        let request = [head.as_bytes(), body.unwrap_or_default()].concat();
        let answer = self.exchange(&request);
        Response::parse(&answer, method == "HEAD")
            .unwrap_or_else(|| panic!("{method} {target}: no answer: {:?}", String::from_utf8_lossy(&answer)))
    }

    /// Sends bytes as they are and reads until the server closes. A server that answers and closes before it took
    /// everything is fine: what it said is returned.
    pub(crate) fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let stream = connect(self.address);
        match &self.tls {
            None => talk(stream, request),
            Some(config) => {
                let name = ServerName::IpAddress(self.address.ip().into());
                let session = ClientConnection::new(Arc::clone(config), name).unwrap();
                talk(StreamOwned::new(session, stream), request)
            }
        }
    }

    /// Whether the server presents a certificate that this client trusts.
    pub(crate) fn trusts_server(&self) -> bool {
        let Some(config) = &self.tls else { return false };
        let name = ServerName::IpAddress(self.address.ip().into());
        let mut session = ClientConnection::new(Arc::clone(config), name).unwrap();
        session.complete_io(&mut connect(self.address)).is_ok()
    }
}

/// A connection whose reads and writes fail when nothing happens for too long.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("connect to {address}: {error}"));
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn talk(mut stream: impl Read + Write, request: &[u8]) -> Vec<u8> {
    let _refused_early = stream.write_all(request).and_then(|()| stream.flush());
    let mut answer = Vec::new();
    let _cut_off = stream.read_to_end(&mut answer);
    answer
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    /// `404`.
    pub(crate) status: u16,
    /// `Not Found`.
    pub(crate) reason: String,
    /// In order, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The bytes.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Reads the last answer in some bytes: interim ones (`100 Continue`) before it are skipped. Nothing when it is
    /// not complete.
    pub(crate) fn parse(bytes: &[u8], to_head: bool) -> Option<Self> {
        let (response, rest) = Self::parse_one(bytes, to_head)?;
        if response.status == 100 { Self::parse(rest, to_head) } else { Some(response) }
    }

    /// Reads the first answer in some bytes, and what is behind it.
    pub(crate) fn parse_one(bytes: &[u8], to_head: bool) -> Option<(Self, &[u8])> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let mut status_line = lines.next()?.splitn(3, ' ').skip(1);
        let status = status_line.next()?.parse().ok()?;
        let reason = status_line.next().unwrap_or_default().to_owned();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut response = Self { status, reason, headers, body: Vec::new() };
        let rest = &bytes[end + 4..];
        let bodiless = to_head || matches!(status, 100 | 204 | 304);
        let length = match response.header("content-length") {
            _ if bodiless => 0,
            Some(length) => length.parse().ok()?,
            None => rest.len(),
        };
        response.body = rest.get(..length)?.to_vec();
        Some((response, &rest[length..]))
    }

    /// The value of a header that occurs once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(found, _)| found == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert_eq!(found.next(), None, "header {name} occurs twice");
        value
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// Fails the test when the status is another.
    #[track_caller]
    pub(crate) fn must(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {:?} {}", self.reason, self.headers, self.text());
        self
    }

    /// The same answer without what differs between two equal ones.
    pub(crate) fn without_traces(mut self) -> Self {
        self.headers.retain(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date"));
        self
    }
}
