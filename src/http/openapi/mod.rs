//! The description of the API (OpenAPI 3.1), made from the endpoints and a table of what each of them takes and gives.
//!
//! To describe a new endpoint, add its operations to a file of `areas/`. A test fails until that is done. What can be
//! known from the endpoint is not repeated there: methods are compared, and refusals follow from its family, its
//! credentials and its parameters.

mod areas;
mod document;
mod operation;
mod parameters;
mod refusals;
mod schema;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue};

use super::file::{Part, part_wanted};
use super::response::{Reply, ReplyBody, empty, with_body};

/// The document as it is sent. It depends on nothing but the program.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document::build().to_string().into());
/// Its entity tag.
static TAG: LazyLock<String> = LazyLock::new(|| {
    let digest = ring::digest::digest(&ring::digest::SHA256, &DOCUMENT);
    format!("\"{}\"", data_encoding::HEXLOWER.encode(digest.as_ref()))
});

/// `GET /api/openapi.json`. The same for everyone, whatever they send.
pub(super) fn serve(request: &HeaderMap) -> Reply {
    let unchanged = part_wanted(request, &TAG, DOCUMENT.len() as u64) == Part::NotModified;
    let mut reply = if unchanged {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        let mut reply = with_body(StatusCode::OK, ReplyBody::from(DOCUMENT.clone()));
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        reply
    };
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&TAG) {
        reply.headers_mut().insert(ETAG, tag);
    }
    reply
}
