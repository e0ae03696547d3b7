//! How commands reach a server: the one that runs on a data directory, that directory itself, or one with a URL.
//!
//! All ways answer the same requests, so a command is a few calls of the REST API and does not know which one it was.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LINK};
use hyper::http::response;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::data_dir::DataDir;
use super::patience::Patience;
use crate::domain::limits::HttpLimits;
use crate::http::request::{Peer, RequestBody};
use crate::http::{App, Edge, Start, control, pipeline};
use crate::outbound::{self, ClientOptions, OutboundError};
use crate::service::{Clock, Options, Registry};
use crate::telemetry::Metrics;

/// Rows asked for at a time.
const PER_PAGE: usize = 100;

/// The way to a server.
#[derive(Debug)]
pub(super) enum Client {
    /// A server runs on the data directory; it is asked through its control socket.
    Server(PathBuf),
    /// No server runs; the data directory is held by this process.
    Direct(Box<App>, DataDir),
    /// A server somewhere else, with a token.
    Remote(Box<Remote>),
}

/// A server reached by its URL.
#[derive(Debug)]
pub(super) struct Remote {
    client: outbound::Client,
    /// Scheme, host and port, without a slash at the end.
    url: String,
    token: SecretString,
}

impl Client {
    /// Finds the server that uses a data directory, or opens the directory.
    pub(super) async fn open(data_dir: &Path) -> Result<Self> {
        if control::connect(data_dir).await.is_ok() {
            return Ok(Self::Server(data_dir.to_owned()));
        }
        let held = DataDir::open(data_dir)?;
        let registry = Registry::open(held.path(), Options::default(), Clock::system()).await?;
        let metrics = Arc::new(Metrics::default());
        let app = App::new(registry, metrics, HttpLimits::default(), Edge::default(), Start::default());
        Ok(Self::Direct(Box::new(app), held))
    }

    /// The server at a URL. Certificates in `extra_ca` are trusted beside the system's.
    pub(super) fn remote(url: &str, token: SecretString, extra_ca: Option<PathBuf>) -> Result<Self> {
        let parsed =
            Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(parsed) = parsed else {
            bail!("{url} is not the URL of a server: give one such as https://registry.example.com");
        };
        let origin = parsed.origin().ascii_serialization();
        if parsed.path() != "/" || parsed.query().is_some() {
            bail!("{url} says more than which server: give its URL without a path, such as {origin}");
        }
        let url = origin;
        // An upload may take as long as it takes, as long as it moves.
        let client =
            outbound::Client::new(ClientOptions { extra_ca, total: None, ..ClientOptions::default() })?;
        Ok(Self::Remote(Box::new(Remote { client, url, token })))
    }

    /// Makes a request and returns the JSON of its answer; an error answer becomes an error with its text.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = Bytes::from(body.map(serde_json::to_vec).transpose()?.unwrap_or_default());
        let (status, answer) = self.send(method, path, body).await?;
        if !status.is_success() {
            return Err(Refused::new(status, &answer).into());
        }
        if answer.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&answer)?) }
    }

    /// Makes a request and returns status and body of its answer, whatever they are.
    pub(super) async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<(StatusCode, Bytes)> {
        let (head, answer) =
            self.patiently(method, path, None, || Ok(outbound::Body::from(body.clone()))).await?;
        Ok((head.status, answer))
    }

    /// Puts a body that is made anew for each time it has to be sent.
    pub(super) async fn put(
        &self,
        path: &str,
        header: Option<(HeaderName, HeaderValue)>,
        body: impl Fn() -> Result<outbound::Body>,
    ) -> Result<(StatusCode, Bytes)> {
        let (head, answer) = self.patiently(Method::PUT, path, header, body).await?;
        Ok((head.status, answer))
    }

    /// A page of a list, and the path of the next one: where `Link` of the answer leads (RFC 8288).
    pub(super) async fn page(&self, path: &str) -> Result<(Vec<Value>, Option<String>)> {
        let empty = || Ok(outbound::Body::empty());
        let (head, answer) = self.patiently(Method::GET, path, None, empty).await?;
        if !head.status.is_success() {
            return Err(Refused::new(head.status, &answer).into());
        }
        let links = head.headers.get(LINK).and_then(|links| links.to_str().ok()).unwrap_or_default();
        let next = links.split(", ").find_map(|link| link.strip_prefix('<')?.strip_suffix(">; rel=\"next\""));
        let next =
            next.and_then(|url| url.find("/api/").and_then(|start| url.get(start..))).map(str::to_owned);
        Ok((serde_json::from_slice(&answer)?, next))
    }

    /// Makes a request, and makes it again while the server is busy.
    async fn patiently(
        &self,
        method: Method,
        path: &str,
        header: Option<(HeaderName, HeaderValue)>,
        body: impl Fn() -> Result<outbound::Body>,
    ) -> Result<(response::Parts, Bytes)> {
        let mut patience = Patience::default();
        loop {
            let (head, answer) = self.exchange(method.clone(), path, header.clone(), body()?).await?;
            // Nobody else works on a directory that this process holds: it does not become less busy.
            let again = if let Self::Direct(..) = self { None } else { patience.after(&head) };
            match again {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Ok((head, answer)),
            }
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        header: Option<(HeaderName, HeaderValue)>,
        body: outbound::Body,
    ) -> Result<(response::Parts, Bytes)> {
        let mut request = Request::builder().method(method).header(CONTENT_TYPE, "application/json");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        match self {
            Self::Server(data_dir) => {
                let stream = control::connect(data_dir).await.context("the server went away")?;
                let (mut sender, connection) =
                    hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
                let running = tokio::spawn(connection);
                let request = request.uri(path).header(HOST, "localhost").body(body)?;
                let (head, answer) = sender.send_request(request).await?.into_parts();
                let answer = answer.collect().await?.to_bytes();
                // The answer is whole; how the connection ends does not matter any more.
                running.abort();
                Ok((head, answer))
            }
            Self::Remote(remote) => {
                let Remote { client, url, token } = remote.as_ref();
                // The one form that tokens of every kind come in: personal, deploy, job and ID tokens.
                let bearer = format!("Bearer {}", token.expose_secret());
                let mut secret = HeaderValue::from_str(&bearer).map_err(|_not_ascii| {
                    anyhow!("the token has characters that no token has: copy it again")
                })?;
                secret.set_sensitive(true);
                let request = request.uri(format!("{url}{path}")).header(AUTHORIZATION, secret).body(body)?;
                let (head, answer) = client.request(request).await.map_err(explained)?.into_parts();
                Ok((head, answer))
            }
            Self::Direct(app, _) => {
                let body = RequestBody::Local(body.map_err(Into::into).boxed_unsync());
                let from = (Peer::Operator, &Mutex::default());
                let answer = pipeline::answer(app, from, request.uri(path).body(body)?, false).await;
                let (head, answer) = answer.into_parts();
                Ok((head, answer.collect().await?.to_bytes()))
            }
        }
    }

    /// Makes a request about one thing; nothing when there is no such thing.
    pub(super) async fn find(&self, method: Method, path: &str) -> Result<Option<Value>> {
        let (status, answer) = self.send(method, path, Bytes::new()).await?;
        match status {
            StatusCode::NOT_FOUND => Ok(None),
            status if !status.is_success() => Err(Refused::new(status, &answer).into()),
            _ if answer.is_empty() => Ok(Some(Value::Null)),
            _ => Ok(Some(serde_json::from_slice(&answer)?)),
        }
    }

    /// Every row of a list, page after page.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        for page in 1.. {
            let separator = if path.contains('?') { '&' } else { '?' };
            let paged = format!("{path}{separator}page={page}&per_page={PER_PAGE}");
            let Value::Array(more) = self.call(Method::GET, &paged, None).await? else {
                bail!("the server answered {path} with something that is not a list");
            };
            let last = more.len() < PER_PAGE;
            rows.extend(more);
            if last {
                break;
            }
        }
        Ok(rows)
    }

    /// Whether what it does is done with an operator's rights.
    pub(super) const fn is_operator(&self) -> bool {
        matches!(self, Self::Server(_) | Self::Direct(..))
    }

    /// Closes the data directory, if this process opened it.
    pub(super) async fn close(self) {
        if let Self::Direct(app, _held) = self {
            app.registry.close().await;
        }
    }
}

/// The server answered, and the answer was no.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text}")]
pub(super) struct Refused {
    /// The status of the answer.
    pub status: StatusCode,
    text: String,
}

impl Refused {
    /// An error answer of the API.
    pub(super) fn new(status: StatusCode, answer: &[u8]) -> Self {
        Self { status, text: error_text(status, answer) }
    }

    /// What the server would not have said better.
    pub(super) const fn saying(status: StatusCode, text: String) -> Self {
        Self { status, text }
    }
}

/// The flags that help when no connection comes about.
fn explained(error: OutboundError) -> anyhow::Error {
    match error {
        OutboundError::Connect { .. } | OutboundError::Timeout { .. } => {
            anyhow!("{error}; check that the server runs and that --url (or CAIRN_URL) is its URL")
        }
        OutboundError::Untrusted { host, reason } => anyhow!(
            "the certificate of {host} is not trusted: {reason}; when it comes from your own CA, give the CA's file \
             with --ca-file (a server with --tls-self-signed keeps it in <data-dir>/tls/ca.pem)"
        ),
        other => other.into(),
    }
}

/// The sentence in an error answer of the API, without the status that stands before it.
pub(super) fn error_text(status: StatusCode, answer: &[u8]) -> String {
    let value: Value = serde_json::from_slice(answer).unwrap_or_default();
    let said = value.get("message").or_else(|| value.get("error_description")).or_else(|| value.get("error"));
    match said {
        Some(Value::String(text)) => text.strip_prefix(&format!("{status} - ")).unwrap_or(text).to_owned(),
        Some(other) => other.to_string(),
        None => status.to_string(),
    }
}
