//! A ready answer, put together: for hyper, and as the very bytes that go out.

use std::fmt::Display;
use std::io::Write as _;
use std::sync::LazyLock;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG, HeaderMap,
    HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY,
};

use super::super::file::{self, Tag};
use super::super::pipeline::{HSTS, REQUEST_ID, common_headers};
use super::super::request_id::RequestId;
use super::super::response::{Reply, ReplyBody};
use super::super::terraform::TERRAFORM_GET;
use crate::service::modules::Archive;

/// An answer that is known to its last byte.
pub(in crate::http) enum Whole {
    /// The versions of a module, in JSON.
    Versions(Bytes),
    /// Where an archive is.
    Location(HeaderValue),
    /// The client has the archive.
    Unchanged(Tag),
}

/// What an answer carries and no other.
pub(in crate::http) struct Marks<'a> {
    /// What the request is called.
    pub(in crate::http) id: &'a RequestId,
    /// The client speaks HTTPS.
    pub(in crate::http) https: bool,
    /// The date as HTTP writes it.
    pub(in crate::http) date: &'a [u8],
}

/// What answers of a kind have in common.
struct Kind {
    status: StatusCode,
    /// Its headers. The one that is special to an answer is empty.
    headers: HeaderMap,
    /// The same as they go out, from the line of the status on, without those that are special to an answer.
    text: Vec<u8>,
}

static OF_VERSIONS: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(StatusCode::OK, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))])
});
static OF_LOCATION: LazyLock<Kind> =
    LazyLock::new(|| Kind::new(StatusCode::NO_CONTENT, [(TERRAFORM_GET, HeaderValue::from_static(""))]));
static OF_UNCHANGED: LazyLock<Kind> = LazyLock::new(|| {
    let own = [
        (ETAG, HeaderValue::from_static("")),
        (CACHE_CONTROL, file::CACHE),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ];
    Kind::new(StatusCode::NOT_MODIFIED, own)
});

static OF_ARCHIVE: LazyLock<Kind> = LazyLock::new(|| {
    let own = [
        (CACHE_CONTROL, file::CACHE),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (CONTENT_TYPE, file::MEDIA_TYPE),
    ];
    Kind::new(StatusCode::OK, own)
});

impl Kind {
    fn new<const N: usize>(status: StatusCode, own: [(HeaderName, HeaderValue); N]) -> Self {
        let mut headers = HeaderMap::from_iter(own);
        common_headers(&mut headers);
        let mut text = format!("HTTP/1.1 {status}\r\n").into_bytes();
        for (name, value) in &headers {
            if !value.is_empty() && name != REQUEST_ID {
                push_header(&mut text, name, value.as_bytes());
            }
        }
        Self { status, headers, text }
    }

    /// Its own headers and those of one answer, up to what is special to that.
    fn write(&self, marks: &Marks<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text);
        push_header(out, &REQUEST_ID, marks.id.as_str().as_bytes());
        if marks.https {
            push_header(out, &STRICT_TRANSPORT_SECURITY, HSTS.as_bytes());
        }
        push_header(out, &DATE, marks.date);
    }

    /// An answer with a copy of the headers: copying them all is cheaper than adding one after the other.
    fn reply(&self, body: ReplyBody) -> Reply {
        let mut reply = Reply::new(body);
        *reply.status_mut() = self.status;
        *reply.headers_mut() = self.headers.clone();
        reply
    }
}

impl Whole {
    fn kind(&self) -> &'static Kind {
        match self {
            Self::Versions(_) => &OF_VERSIONS,
            Self::Location(_) => &OF_LOCATION,
            Self::Unchanged(_) => &OF_UNCHANGED,
        }
    }

    /// Its status.
    pub(in crate::http) fn status(&self) -> StatusCode {
        self.kind().status
    }

    /// What follows the headers.
    pub(in crate::http) fn body(&self) -> &Bytes {
        static NOTHING: Bytes = Bytes::new();
        match self {
            Self::Versions(json) => json,
            Self::Location(_) | Self::Unchanged(_) => &NOTHING,
        }
    }

    /// For hyper, with the headers that every answer carries.
    pub(in crate::http) fn reply(&self) -> Option<Reply> {
        let mut reply = self.kind().reply(ReplyBody::from(self.body().clone()));
        let (name, value) = match self {
            Self::Versions(_) => return Some(reply),
            Self::Location(url) => (TERRAFORM_GET, url.clone()),
            Self::Unchanged(tag) => (ETAG, tag.header().ok()?),
        };
        reply.headers_mut().insert(name, value);
        Some(reply)
    }

    /// The same up to its body, as it goes out.
    pub(in crate::http) fn write_head(&self, marks: &Marks<'_>, out: &mut Vec<u8>) {
        self.kind().write(marks, out);
        match self {
            Self::Versions(json) => push_length(out, json.len()),
            Self::Location(url) => push_header(out, &TERRAFORM_GET, url.as_bytes()),
            Self::Unchanged(tag) => push_header(out, &ETAG, tag.as_str().as_bytes()),
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// What stands before all the bytes of an archive, as it goes out.
pub(in crate::http) fn write_archive_head(archive: &Archive, marks: &Marks<'_>, out: &mut Vec<u8>) {
    OF_ARCHIVE.write(marks, out);
    push_header(out, &ETAG, Tag::of(&archive.sha256).as_str().as_bytes());
    push_header(out, &CONTENT_DISPOSITION, file::disposition(archive).as_bytes());
    push_length(out, archive.size);
    out.extend_from_slice(b"\r\n");
}

fn push_length(out: &mut Vec<u8>, length: impl Display) {
    out.extend_from_slice(CONTENT_LENGTH.as_str().as_bytes());
    // Writing to memory never fails.
    let _ = write!(out, ": {length}\r\n");
}

fn push_header(out: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
