//! One connection: what its requests share, and hyper set up to serve it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};

use super::direct::Direct;
use super::framing::{Heads, Watched};
use super::idle::IdleTimer;
use super::request::{Peer, RequestBody};
use super::response::Reply;
use super::sendfile::Outgoing;
use super::{App, pipeline};
use crate::service::ready::Acquaintance;

/// hyper's buffers are never smaller.
const MIN_BUFFER_BYTES: usize = 8 * 1024;

/// What the requests of a connection share.
pub(super) struct Connection {
    /// The server.
    pub(super) app: Arc<App>,
    /// Where it came from.
    pub(super) peer: Peer,
    /// Requests whose answers are ready may be answered before hyper sees them.
    pub(super) is_direct: bool,
    /// What parts of files are sent from.
    pub(super) outgoing: Option<Outgoing>,
    /// Who asked last.
    acquaintance: Mutex<Acquaintance>,
    /// Requests that hyper handed over, and whose answers it has not taken to their end.
    in_hand: AtomicUsize,
    /// When the last direct answer was given, in milliseconds of [`App::millis`]; zero before.
    answered: AtomicU64,
}

impl Connection {
    /// One that nothing was asked on yet.
    pub(super) fn new(app: Arc<App>, outgoing: Option<Outgoing>, peer: Peer) -> Self {
        Self {
            app,
            peer,
            // The operator is somebody of its own, whatever credential it sends.
            is_direct: matches!(peer, Peer::Network { .. }),
            outgoing,
            acquaintance: Mutex::default(),
            in_hand: AtomicUsize::new(0),
            answered: AtomicU64::new(0),
        }
    }

    /// Lets something be done with who asked last. A connection has one request at a time, so nobody else has it.
    pub(super) fn with_acquaintance<T>(&self, done: impl FnOnce(&mut Acquaintance) -> T) -> T {
        done(&mut self.acquaintance.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether hyper has the answer to every request that it handed over.
    pub(super) fn is_done(&self) -> bool {
        self.in_hand.load(Ordering::Acquire) == 0
    }

    /// Notes a direct answer.
    pub(super) fn note_answer(&self, now: Instant) {
        self.answered.store(self.app.millis(now), Ordering::Relaxed);
    }

    /// Until when a client may say nothing after the last direct answer, if there was one.
    pub(super) fn silent_until(&self) -> Option<Instant> {
        let answered = self.answered.load(Ordering::Relaxed);
        let limit = self.app.limits.head;
        (answered > 0).then(|| self.app.began + Duration::from_millis(answered) + limit)
    }
}

/// A request that hyper handed over. Dropped with the body of its answer.
pub(super) struct InHand(Arc<Connection>);

impl InHand {
    /// Counts it.
    pub(super) fn new(connection: &Arc<Connection>) -> Self {
        connection.in_hand.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(connection))
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.in_hand.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An answer that is there, or one that is waited for: on the heap, because hardly any request waits, and all would carry the
/// room for it around.
enum Answering {
    Now(std::future::Ready<Result<Reply, Infallible>>),
    Later(Pin<Box<dyn Future<Output = Result<Reply, Infallible>> + Send>>),
}

impl Future for Answering {
    type Output = Result<Reply, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Now(reply) => Pin::new(reply).poll(cx),
            Self::Later(reply) => reply.as_mut().poll(cx),
        }
    }
}

/// Serves a connection to its end, or until the server stops.
pub(super) async fn serve(
    connection: Connection,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    watcher: Watcher,
) {
    let limits = connection.app.limits;
    let heads = Heads::default();
    let connection = Arc::new(connection);
    let stream = Direct::new(stream, Arc::clone(&connection), heads.clone());
    let stream = Watched::new(stream, heads.clone());
    let timer = IdleTimer(Arc::clone(&connection));
    let service = service_fn(move |request| answer(&connection, request, heads.next_is_ambiguous()));
    let served = http1::Builder::new()
        // Without a timer hyper drops every deadline without a word.
        .timer(timer)
        .header_read_timeout(limits.head)
        // How many headers there may be is left as it is: room for another number is taken from the heap each time.
        // Twice the bytes that are allowed, so that a refusal is ours and carries a request id.
        .max_header_size(limits.head_bytes * 2)
        // Also what may wait to be sent before more is taken from a body: its pieces are sent one at a time.
        .max_buf_size(limits.head_bytes.saturating_mul(2).max(MIN_BUFFER_BYTES))
        .half_close(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Answers a request that hyper handed over.
fn answer(
    connection: &Arc<Connection>,
    request: hyper::Request<hyper::body::Incoming>,
    is_ambiguous: bool,
) -> Answering {
    let in_hand = InHand::new(connection);
    let from = (connection.peer, &connection.acquaintance);
    match pipeline::begin(&connection.app, from, request.map(RequestBody::Incoming), is_ambiguous) {
        Ok(mut reply) => {
            reply.body_mut().hold(in_hand);
            Answering::Now(std::future::ready(Ok(reply)))
        }
        Err(begun) => {
            let connection = Arc::clone(connection);
            Answering::Later(Box::pin(async move {
                let mut reply = begun.go_on(&connection.app, &connection.acquaintance).await;
                reply.body_mut().hold(in_hand);
                if let Some(outgoing) = &connection.outgoing {
                    reply.body_mut().through(outgoing);
                }
                Ok(reply)
            }))
        }
    }
}
