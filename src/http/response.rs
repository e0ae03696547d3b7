//! Answers: the body type, JSON, plain text, and the headers of paged lists.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::file::FileBody;

/// An answer.
pub type Reply = Response<ReplyBody>;

/// The body of an answer.
#[derive(Debug)]
pub enum ReplyBody {
    /// Bytes in memory.
    Full(Full<Bytes>),
    /// Part of a file, read as the client takes it.
    File(FileBody),
}

impl ReplyBody {
    /// No body.
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }
}

impl From<Bytes> for ReplyBody {
    fn from(bytes: Bytes) -> Self {
        Self::Full(Full::new(bytes))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Full(full) => Pin::new(full).poll_frame(cx).map_err(|never| match never {}),
            Self::File(file) => Pin::new(file).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(full) => full.is_end_stream(),
            Self::File(file) => file.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(full) => full.size_hint(),
            Self::File(file) => file.size_hint(),
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
        let cache = if page.immutable { "public, max-age=31536000, immutable" } else { "private, no-cache" };
        reply.headers_mut().insert(hyper::header::CACHE_CONTROL, HeaderValue::from_static(cache));
        reply
    }
}
