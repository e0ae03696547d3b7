//! Answers: the body type, JSON, plain text, and the headers of paged lists.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::connection::InHand;
use super::file::FileBody;
use super::sendfile::{Outgoing, Piece};

/// Headers of most answers at most.
const HEADERS: usize = 20;

/// An answer.
pub type Reply = Response<ReplyBody>;

/// The body of an answer.
pub struct ReplyBody {
    source: Source,
    sent: u64,
    on_end: Option<OnEnd>,
    in_hand: Option<InHand>,
}

/// Told, once, how many bytes of a body were sent when it ended: whole, or because the client went away.
type OnEnd = Box<dyn FnOnce(u64) + Send>;

#[derive(Debug)]
enum Source {
    /// Bytes in memory.
    Full(Full<Bytes>),
    /// Part of a file, sent as the client takes it.
    File(FileBody),
}

impl std::fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplyBody")
            .field("source", &self.source)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

impl ReplyBody {
    const fn new(source: Source) -> Self {
        Self { source, sent: 0, on_end: None, in_hand: None }
    }

    /// No body.
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// Has what is in a file sent by the connection itself.
    pub(super) fn through(&mut self, outgoing: &Outgoing) {
        if let Source::File(file) = &mut self.source {
            file.through(outgoing);
        }
    }

    /// Has the request counted as in hand until the body ended.
    pub(super) fn hold(&mut self, in_hand: InHand) {
        self.in_hand = Some(in_hand);
    }

    /// Has `told` called when the body ended.
    pub fn on_end(&mut self, told: impl FnOnce(u64) + Send + 'static) {
        self.on_end = Some(Box::new(told));
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        if let Some(told) = self.on_end.take() {
            told(self.sent);
        }
    }
}

impl From<Bytes> for ReplyBody {
    fn from(bytes: Bytes) -> Self {
        Self::new(Source::Full(Full::new(bytes)))
    }
}

impl From<FileBody> for ReplyBody {
    fn from(file: FileBody) -> Self {
        Self::new(Source::File(file))
    }
}

impl Body for ReplyBody {
    type Data = Piece;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, io::Error>>> {
        let this = self.get_mut();
        let polled = match &mut this.source {
            Source::Full(full) => Pin::new(full)
                .poll_frame(cx)
                .map_ok(|frame| frame.map_data(Piece::Memory))
                .map_err(|never| match never {}),
            Source::File(file) => Pin::new(file).poll_frame(cx),
        };
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            this.sent += frame.data_ref().map_or(0, |data| data.remaining() as u64);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Full(full) => full.is_end_stream(),
            Source::File(file) => file.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Full(full) => full.size_hint(),
            Source::File(file) => file.size_hint(),
        }
    }
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Reply {
    with_body(status, ReplyBody::empty())
}

/// An answer with some body and no content type.
pub fn with_body(status: StatusCode, body: ReplyBody) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    // Room for what every answer carries and its own, so that the map does not grow in steps.
    *reply.headers_mut() = HeaderMap::with_capacity(HEADERS);
    reply
}

/// An answer of some media type.
pub fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = with_body(status, ReplyBody::from(body.into()));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    reply
}

/// Plain text.
pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    typed(status, "text/plain; charset=utf-8", body)
}

/// JSON.
pub fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(bytes) => typed(status, "application/json", bytes),
        // Only values with keys that are not strings fail, and ours have none.
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

impl From<crate::web::Page> for Reply {
    fn from(page: crate::web::Page) -> Self {
        let mut reply = typed(StatusCode::OK, page.media_type, page.body);
        let cache = HeaderValue::from_static("private, no-cache");
        reply.headers_mut().insert(hyper::header::CACHE_CONTROL, cache);
        reply
    }
}
