//! Requests that we make: `cairn publish` and everything else that leaves the machine.
//!
//! HTTP/1.1 over TCP or TLS. Trusted are the system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` replace them) and,
//! when given, the certificates of one more file. Redirects are never followed: the caller sees the 3xx, and no
//! credential can travel to another host. Proxies of the environment (`HTTPS_PROXY`) are not used.

mod addresses;
mod body;
mod gitlab;
mod hooks;
mod keys;
mod resolve;

use std::error::Error as StdError;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

pub use addresses::{Guard, RefusedAddress};
pub use body::Body;
pub use gitlab::GitlabClient;
pub use hooks::HookSender;
pub use keys::KeyFetcher;
use resolve::Resolver;

/// How a client behaves.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Certificates in PEM to trust beside the system's.
    pub extra_ca: Option<PathBuf>,
    /// How long to wait for a TCP connection.
    pub connect: Duration,
    /// How long everything may take: connection, upload and answer. `None` is for uploads of any length.
    pub total: Option<Duration>,
    /// How long nothing may move: no piece of the body taken, no answer begun. Given up after once to twice that time.
    pub idle: Duration,
    /// Bytes of an answer's body at most.
    pub answer_bytes: usize,
    /// Which addresses requests may go to; any, without one. It is asked about the very address that is connected to, and
    /// connections are not kept, so that what it says counts for every request.
    pub guard: Option<Guard>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            extra_ca: None,
            connect: Duration::from_secs(10),
            total: Some(Duration::from_secs(30)),
            idle: Duration::from_mins(2),
            answer_bytes: 1024 * 1024,
            guard: None,
        }
    }
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The file of extra certificates cannot be used.
    #[error("cannot use the CA file {}: {reason}", path.display())]
    ExtraCa {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The client could not be set up.
    #[error("cannot set up the HTTP client: {0}")]
    Setup(#[source] io::Error),
    /// TLS could not be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The server's certificate is not trusted.
    #[error(
        "the certificate of {host} is not trusted: {reason}; when it comes from your own CA, give that CA's file or set SSL_CERT_FILE"
    )]
    Untrusted {
        /// The server.
        host: String,
        /// Why not.
        reason: String,
    },
    /// The guard does not let requests go there.
    #[error("not sent: {0}")]
    Refused(#[from] RefusedAddress),
    /// No connection.
    #[error("cannot connect to {host}: {reason}")]
    Connect {
        /// The server.
        host: String,
        /// Why not.
        reason: String,
    },
    /// The connection broke, or what came back is no HTTP.
    #[error("the request to {host} failed: {reason}")]
    Broken {
        /// The server.
        host: String,
        /// Why.
        reason: String,
    },
    /// It took too long.
    #[error("{host} did not answer within {} s", after.as_secs_f32())]
    Timeout {
        /// The server.
        host: String,
        /// How long was waited.
        after: Duration,
    },
    /// The answer is too long.
    #[error("the answer of {host} is longer than {limit} bytes")]
    TooLong {
        /// The server.
        host: String,
        /// What would be accepted.
        limit: usize,
    },
}

/// An HTTP client with a pool of connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    pool: legacy::Client<HttpsConnector<HttpConnector<Resolver>>, Body>,
    options: ClientOptions,
}

impl Client {
    /// Reads the trusted certificates and the resolver's configuration. Needs a tokio runtime around it.
    pub fn new(options: ClientOptions) -> Result<Self, OutboundError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(options.extra_ca.as_deref())?)
            .with_no_client_auth();
        let resolver = Resolver::from_system(options.guard.clone()).map_err(OutboundError::Setup)?;
        let mut connector = HttpConnector::new_with_resolver(resolver);
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(options.connect));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        if options.guard.is_some() {
            builder.pool_max_idle_per_host(0);
        }
        let pool = builder.pool_timer(TokioTimer::new()).build(connector);
        Ok(Self { pool, options })
    }

    /// Sends a request whose URI is absolute, and reads the answer, whatever its status. Nothing is retried once a
    /// byte was sent, and redirects are not followed.
    pub async fn request(&self, request: Request<Body>) -> Result<Response<Bytes>, OutboundError> {
        let host = host_of(&request);
        self.within(&host, request, async |answer| self.whole(answer, &host).await).await
    }

    /// The same for an answer of which only the status counts: its body is not read.
    pub async fn status(&self, request: Request<Body>) -> Result<StatusCode, OutboundError> {
        let host = host_of(&request);
        self.within(&host, request, async |answer| Ok(answer.status())).await
    }

    /// Exchanges within the limits of time.
    async fn within<T>(
        &self,
        host: &str,
        request: Request<Body>,
        read: impl AsyncFnOnce(Response<Incoming>) -> Result<T, OutboundError>,
    ) -> Result<T, OutboundError> {
        let activity = request.body().activity();
        let exchange = async { read(self.exchange(request, host).await?).await };
        let after = tokio::select! {
            answer = exchange => return answer,
            () = stalled(&activity, self.options.idle) => self.options.idle,
            after = elapsed(self.options.total) => after,
        };
        Err(OutboundError::Timeout { host: host.to_owned(), after })
    }

    async fn exchange(
        &self,
        request: Request<Body>,
        host: &str,
    ) -> Result<Response<Incoming>, OutboundError> {
        // The connector takes addresses as they are: the resolver is asked about names only.
        if let (Some(guard), Some(address)) = (&self.options.guard, literal(request.uri())) {
            guard.check(address)?;
        }
        self.pool.request(request).await.map_err(|error| {
            let (host, reason) = (host.to_owned(), chain(&error));
            if is_untrusted(&error) {
                OutboundError::Untrusted { host, reason }
            } else if let Some(refused) = refused_address(&error) {
                OutboundError::Refused(refused)
            } else if error.is_connect() {
                OutboundError::Connect { host, reason }
            } else {
                OutboundError::Broken { host, reason }
            }
        })
    }

    async fn whole(&self, answer: Response<Incoming>, host: &str) -> Result<Response<Bytes>, OutboundError> {
        let limit = self.options.answer_bytes;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, limit).collect().await.map_err(|error| {
            let host = host.to_owned();
            if error.is::<http_body_util::LengthLimitError>() {
                OutboundError::TooLong { host, limit }
            } else {
                OutboundError::Broken { host, reason: chain(error.as_ref()) }
            }
        })?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

/// Ends when nothing moved for that long.
async fn stalled(activity: &AtomicU64, idle: Duration) {
    loop {
        let before = activity.load(Ordering::Relaxed);
        tokio::time::sleep(idle).await;
        if activity.load(Ordering::Relaxed) == before {
            return;
        }
    }
}

/// Ends after that time, if there is one.
async fn elapsed(total: Option<Duration>) -> Duration {
    match total {
        Some(total) => tokio::time::sleep(total).await,
        None => std::future::pending().await,
    }
    total.unwrap_or_default()
}

/// Where a request goes, for messages.
fn host_of(request: &Request<Body>) -> String {
    request.uri().authority().map(|authority| host_and_port(authority.as_str())).unwrap_or_default()
}

/// The address that a URI has in the place of a name.
fn literal(uri: &Uri) -> Option<IpAddr> {
    let host = uri.host()?.trim_end_matches('.');
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// An authority without the user name and password that may be in front of it: this goes into messages.
fn host_and_port(authority: &str) -> String {
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}

/// The system's roots and those of one more file. A system without any (an empty container) is no error: plain HTTP
/// works, and an HTTPS request then says what is missing.
fn roots(extra: Option<&Path>) -> Result<RootCertStore, OutboundError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::debug!(%error, "some certificates of the system cannot be read");
    }
    roots.add_parsable_certificates(native.certs);
    if let Some(path) = extra {
        add_extra(&mut roots, path)
            .map_err(|reason| OutboundError::ExtraCa { path: path.to_owned(), reason })?;
    }
    Ok(roots)
}

fn add_extra(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let mut found = false;
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
        found = true;
    }
    if found { Ok(()) } else { Err("it holds no certificate; it must be PEM".to_owned()) }
}

/// An error with its causes, each once: the outer ones only say "client error".
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        next = error.source();
    }
    parts.join(": ")
}

/// What the guard said, when it was the resolver that asked it.
fn refused_address(error: &(dyn StdError + 'static)) -> Option<RefusedAddress> {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let inner = inner.map(|inner| inner as &(dyn StdError + 'static));
        let found = [Some(error), inner].into_iter().flatten().find_map(|error| error.downcast_ref());
        if let Some(refused) = found {
            return Some(*refused);
        }
        next = inner.or_else(|| error.source());
    }
    None
}

fn is_untrusted(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        // Wrapped in an I/O error, the cause is not what `source` gives, but what is inside.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let tls = error.downcast_ref::<rustls::Error>().or_else(|| inner?.downcast_ref::<rustls::Error>());
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        next = inner.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source());
    }
    false
}

#[cfg(test)]
mod tests;
