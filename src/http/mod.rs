//! The HTTP server: listeners, one task a connection, deadlines everywhere, an orderly end.

mod address_text;
pub mod api;
mod assets;
mod connection;
pub mod control;
mod crowd;
mod date;
mod direct;
pub mod endpoint;
mod error;
pub mod file;
mod form;
mod framing;
mod idle;
mod login;
pub mod modules;
mod moved;
mod openapi;
mod ops;
pub mod pages;
pub mod pipeline;
mod ready;
pub mod request;
mod request_id;
pub mod response;
mod sendfile;
mod stalled;
mod terraform;
pub mod tls;
mod turns;
mod upload;

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use ipnet::IpNet;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::domain::limits::HttpLimits;
use crate::service::Registry;
use crate::telemetry::Metrics;
use connection::Connection;
use crowd::{Admitted, Crowd};
use request::Peer;
use request_id::RequestId;
use sendfile::SendfileStream;
use stalled::StallGuard;
use turns::Turns;

/// How long to wait after the system refused to give another connection (usually: too many open files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Whom the network side believes. Replaced when the configuration is read again.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    /// Proxies whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks that may read the metrics.
    pub metrics_allow: Vec<IpNet>,
}

/// What is known about this start of the server.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// Makes request ids differ between starts.
    pub instance: u32,
    /// The URLs it listens on.
    pub urls: Vec<String>,
}

/// What answering a request needs.
#[derive(Debug)]
pub struct App {
    /// The use cases.
    pub registry: Registry,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// What connections and requests may cost.
    pub limits: HttpLimits,
    /// Whom the network side believes.
    pub edge: ArcSwap<Edge>,
    /// What the next page of a browser says.
    pub(super) flashes: pages::Flashes,
    /// Whose requests wait for others'.
    turns: Turns,
    /// Whose connections there are.
    crowd: Arc<Crowd>,
    start: Start,
    /// What [`Turns`] counts time from.
    began: Instant,
    /// When it was put together: since when it has been up.
    pub(super) since: Timestamp,
    requests: AtomicU64,
}

impl App {
    /// Puts the parts together.
    pub fn new(
        registry: Registry,
        metrics: Arc<Metrics>,
        limits: HttpLimits,
        edge: Edge,
        start: Start,
    ) -> Self {
        let edge = ArcSwap::from_pointee(edge);
        let (flashes, since) = (pages::Flashes::default(), registry.now());
        Self {
            registry,
            metrics,
            limits,
            edge,
            flashes,
            turns: Turns::default(),
            crowd: Arc::default(),
            start,
            began: Instant::now(),
            since,
            requests: AtomicU64::new(0),
        }
    }

    /// The URL clients should use: the configured one, else the first it listens on.
    fn public_url(&self) -> String {
        let configured = self.registry.options().external_url.clone();
        configured.or_else(|| self.start.urls.first().cloned()).unwrap_or_default()
    }

    /// Whether a request may be answered at once; else it waits for [`Self::turn_of`] its address, which asks for more than
    /// its part.
    #[inline]
    fn may_go(&self, address: Option<IpAddr>, now: Instant) -> bool {
        address.is_none_or(|address| self.turns.may_go(address, self.millis(now)))
    }

    /// Milliseconds since it was put together.
    #[inline]
    fn millis(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.began);
        since.as_secs() * 1000 + u64::from(since.subsec_millis())
    }

    async fn turn_of(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.turns.wait(address).await;
        }
    }

    /// Has the metrics say what the limits did.
    fn tell_limits(&self) {
        let count = |number| u64::try_from(number).unwrap_or(u64::MAX);
        for limit in self.registry.limit_counts() {
            self.metrics.set_limit(limit.limit, limit.waits, limit.refusals);
            self.metrics.set_limit_places(limit.limit, limit.places, limit.own);
        }
        self.metrics.set_limit("connections", 0, self.crowd.refusals());
        let limits = &self.limits;
        self.metrics.set_limit_places(
            "connections",
            count(limits.connections),
            count(limits.connections_per_address),
        );
        self.metrics.set_limit("requests", self.turns.waits(), 0);
    }

    /// Counts a connection of an address; nothing when it has too many. A proxy that is trusted carries everybody.
    fn admit(&self, address: SocketAddr) -> Option<Admitted> {
        let ip = address.ip().to_canonical();
        if self.edge.load().trusted_proxies.iter().any(|network| network.contains(&ip)) {
            return Some(Admitted::uncounted());
        }
        self.crowd.admit(ip, self.limits.connections_per_address)
    }

    fn next_request_id(&self) -> RequestId {
        RequestId::new(self.start.instance, self.requests.fetch_add(1, Ordering::Relaxed))
    }
}

/// A place where connections arrive.
#[derive(Debug)]
pub enum Listener {
    /// TCP, with TLS when there is an acceptor.
    Tcp(TcpListener, Option<Tls>),
    /// The control socket.
    Control(UnixListener),
}

/// A TLS acceptor that can be shown.
#[derive(Clone)]
pub struct Tls(pub TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(..)")
    }
}

/// Serves all listeners until `stop`, then lets what is running finish within the limit.
pub async fn serve(app: Arc<App>, listeners: Vec<Listener>, stop: impl Future<Output = ()>) {
    let graceful = Arc::new(GracefulShutdown::new());
    let slots = Arc::new(Semaphore::new(app.limits.connections));
    let (closing, _) = tokio::sync::watch::channel(());
    let mut accepting = tokio::task::JoinSet::new();
    for listener in listeners {
        let server = Server {
            app: Arc::clone(&app),
            slots: Arc::clone(&slots),
            graceful: Arc::clone(&graceful),
            closing: closing.subscribe(),
        };
        accepting.spawn(server.accept(listener));
    }
    stop.await;
    drop(closing);
    while accepting.join_next().await.is_some() {}
    let Some(graceful) = Arc::into_inner(graceful) else { return };
    if tokio::time::timeout(app.limits.shutdown, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

struct Server {
    app: Arc<App>,
    slots: Arc<Semaphore>,
    graceful: Arc<GracefulShutdown>,
    closing: tokio::sync::watch::Receiver<()>,
}

/// A connection that was accepted.
enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Control(tokio::net::UnixStream),
}

impl Server {
    async fn accept(mut self, listener: Listener) {
        loop {
            let next = async {
                // The operator's door never waits behind the public's.
                let place = match &listener {
                    Listener::Tcp(..) => Some(Arc::clone(&self.slots).acquire_owned().await.ok()?),
                    Listener::Control(_) => None,
                };
                Some((place, accept_one(&listener).await))
            };
            let accepted = tokio::select! {
                accepted = next => accepted,
                _closed = self.closing.changed() => return,
            };
            match accepted {
                None => return,
                Some((place, Ok(stream))) => self.spawn(&listener, stream, place),
                Some((_, Err(error))) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn spawn(&self, listener: &Listener, accepted: Accepted, place: Option<OwnedSemaphorePermit>) {
        let (app, watcher) = (Arc::clone(&self.app), self.graceful.watcher());
        let tls = match listener {
            Listener::Tcp(_, tls) => tls.clone(),
            Listener::Control(_) => None,
        };
        let admitted = match &accepted {
            Accepted::Tcp(_, address) => app.admit(*address),
            Accepted::Control(_) => Some(Admitted::uncounted()),
        };
        // Dropping it closes it, before it costs a task.
        let Some(admitted) = admitted else { return };
        tokio::spawn(async move {
            let _places = (place, admitted);
            let _counted = app.metrics.connection();
            match (accepted, tls) {
                (Accepted::Tcp(stream, address), None) => {
                    plain_connection(app, stream, address, watcher).await;
                }
                // On the heap, so that a plain connection, of which there can be thousands, need not have room for them.
                (Accepted::Tcp(stream, address), Some(Tls(acceptor))) => {
                    Box::pin(tls_connection(app, stream, address, acceptor, watcher)).await;
                }
                (Accepted::Control(stream), _) => {
                    let connection = Connection::new(app, None, Peer::Operator);
                    Box::pin(connection::serve(connection, stream, watcher)).await;
                }
            }
        });
    }
}

async fn accept_one(listener: &Listener) -> std::io::Result<Accepted> {
    match listener {
        Listener::Tcp(listener, _) => {
            let (stream, address) = listener.accept().await?;
            // Answers are written whole: waiting for more to send only delays them.
            stream.set_nodelay(true)?;
            Ok(Accepted::Tcp(stream, address))
        }
        Listener::Control(listener) => Ok(Accepted::Control(listener.accept().await?.0)),
    }
}

async fn plain_connection(app: Arc<App>, stream: TcpStream, address: SocketAddr, watcher: Watcher) {
    let (stream, patience) = (SendfileStream::new(stream), app.limits.write);
    let (outgoing, peer) = (stream.outgoing(), Peer::Network { address, tls: false });
    let connection = Connection::new(app, Some(outgoing), peer);
    connection::serve(connection, StallGuard::new(stream, patience), watcher).await;
}

async fn tls_connection(
    app: Arc<App>,
    stream: TcpStream,
    address: SocketAddr,
    acceptor: TlsAcceptor,
    watcher: Watcher,
) {
    let patience = app.limits.write;
    let stream = StallGuard::new(stream, patience);
    // The handshake is in the connection's own task and under a deadline: a slow one holds up nobody.
    match tokio::time::timeout(app.limits.handshake, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let connection = Connection::new(app, None, Peer::Network { address, tls: true });
            connection::serve(connection, stream, watcher).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_slow) => tracing::debug!("a TLS handshake took too long"),
    }
}
