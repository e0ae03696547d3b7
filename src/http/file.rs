//! Archives as answers: conditions, ranges, and the headers that describe what is sent.

mod body;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use headers::{HeaderMapExt, Range};
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderValue, IF_NONE_MATCH, IF_RANGE, InvalidHeaderValue, RANGE,
};
use hyper::{Method, StatusCode};

use super::response::{Reply, ReplyBody, empty, with_body};
use crate::domain::Sha256;
use crate::service::modules::Archive;
use crate::service::{Registry, ServiceError};
pub use body::FileBody;

/// Access can be withdrawn at any time: a cache must ask before it answers.
pub(super) const CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// No content coding, ever: a client would undo it and find other bytes than the checksum names.
pub(super) const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// What of an archive is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// From the first byte up to, not including, the second.
    Range(u64, u64),
    /// Nothing: the range lies outside (416).
    Unsatisfiable,
    /// Nothing: the client has it (304).
    NotModified,
}

/// Sends an archive. Counts it as a download when bytes from its beginning are sent.
pub(super) async fn send(
    registry: &Registry,
    archive: &Archive,
    method: &Method,
    request: &HeaderMap,
) -> Result<Reply, ServiceError> {
    let tag = Tag::of(&archive.sha256);
    let part = part_wanted(request, tag.as_str(), archive.size);
    let (status, from, to) = match part {
        Part::Whole => (StatusCode::OK, 0, archive.size),
        Part::Range(from, to) => (StatusCode::PARTIAL_CONTENT, from, to),
        Part::NotModified => (StatusCode::NOT_MODIFIED, 0, 0),
        Part::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let has_bytes = matches!(part, Part::Whole | Part::Range(..));
    let mut reply = if has_bytes && *method != Method::HEAD {
        let body = FileBody::open(registry.blobs(), archive.sha256, archive.size, (from, to)).await?;
        with_body(status, ReplyBody::from(body))
    } else {
        empty(status)
    };
    describe(reply.headers_mut(), archive, &tag, part)?;
    if has_bytes && from == 0 && *method != Method::HEAD {
        registry.count_download(archive);
    }
    Ok(reply)
}

/// The tag of an archive that the client has already, as far as its `If-None-Match` says so (RFC 9110, 13.1.2). That is looked at
/// before everything else that a request says of what it wants.
pub(super) fn tag_if_unchanged(archive: &Archive, if_none_match: Option<&[u8]>) -> Option<Tag> {
    let tag = if_none_match.is_some().then(|| Tag::of(&archive.sha256))?;
    names_tag(if_none_match?, tag.as_str()).then_some(tag)
}

/// The entity tag of a blob: its digest in quotes.
pub(super) struct Tag([u8; 66]);

impl Tag {
    /// Of the blob with that digest.
    pub(super) fn of(digest: &Sha256) -> Self {
        let mut tag = [b'"'; 66];
        if let Some(hex) = tag.get_mut(1..65) {
            HEXLOWER.encode_mut(digest.as_bytes(), hex);
        }
        Self(tag)
    }

    /// As text.
    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As the value of a header.
    pub(super) fn header(&self) -> Result<HeaderValue, InvalidHeaderValue> {
        HeaderValue::from_bytes(&self.0)
    }
}

fn describe(headers: &mut HeaderMap, archive: &Archive, tag: &Tag, part: Part) -> Result<(), ServiceError> {
    let unprintable = |_never: InvalidHeaderValue| ServiceError::NotFound("404 Package file");
    let text = |text: String| HeaderValue::from_maybe_shared(Bytes::from(text)).map_err(unprintable);
    headers.insert(ETAG, tag.header().map_err(unprintable)?);
    headers.insert(CACHE_CONTROL, CACHE);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let length = match part {
        Part::NotModified => return Ok(()),
        Part::Unsatisfiable => {
            headers.insert(CONTENT_RANGE, text(format!("bytes */{}", archive.size))?);
            headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
            return Ok(());
        }
        Part::Whole => archive.size,
        Part::Range(from, to) => {
            let range = format!("bytes {from}-{}/{}", to.saturating_sub(1), archive.size);
            headers.insert(CONTENT_RANGE, text(range)?);
            to.saturating_sub(from)
        }
    };
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(CONTENT_TYPE, MEDIA_TYPE);
    headers.insert(CONTENT_DISPOSITION, text(disposition(archive))?);
    Ok(())
}

/// Under what name an archive is to be saved. That is made of a module's name, system and version, which hold nothing that
/// would have to be quoted.
pub(super) fn disposition(archive: &Archive) -> String {
    ["attachment; filename=\"", &archive.file_name, "\""].concat()
}

/// RFC 9110, 13 and 14: conditions first, then a single range. Several ranges are answered with the whole.
///
/// `tag` is the quoted entity tag of the archive, `size` its bytes.
pub fn part_wanted(request: &HeaderMap, tag: &str, size: u64) -> Part {
    if request.get_all(IF_NONE_MATCH).iter().any(|value| names_tag(value.as_bytes(), tag)) {
        return Part::NotModified;
    }
    // A weak tag, a date, or another tag: the client's part is of something else, so it gets the whole.
    if request.get(IF_RANGE).is_some_and(|value| value != tag) {
        return Part::Whole;
    }
    // The crate's own iteration leaves out what cannot be satisfied, so one range and none are told apart here.
    let Some(text) = request.get(RANGE).and_then(|value| value.to_str().ok()) else {
        return Part::Whole;
    };
    let Some(range) = request.typed_get::<Range>().filter(|_| !text.contains(',')) else {
        return Part::Whole;
    };
    let Some((from, to)) = range.satisfiable_ranges(size).next() else {
        return if text.starts_with("bytes=") { Part::Unsatisfiable } else { Part::Whole };
    };
    bounds(from, to, size)
}

/// Whether a list of entity tags holds ours, or is `*`. Ours has no comma inside, so the list is split at any; the
/// `headers` crate is not asked, because it asserts that tags hold nothing unusual.
fn names_tag(list: &[u8], tag: &str) -> bool {
    list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).any(|item| {
        let item = item.strip_prefix(b"W/").unwrap_or(item);
        item == b"*" || item == tag.as_bytes()
    })
}

fn bounds(from: std::ops::Bound<u64>, to: std::ops::Bound<u64>, size: u64) -> Part {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    let first = match from {
        Included(first) => first,
        Excluded(before) => before.saturating_add(1),
        Unbounded => 0,
    };
    let end = match to {
        Included(last) => last.saturating_add(1),
        Excluded(end) => end,
        Unbounded => size,
    };
    let end = end.min(size);
    if first < end { Part::Range(first, end) } else { Part::Unsatisfiable }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"abc\"";

    fn wanted(pairs: &[(&'static str, &'static str)]) -> Part {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        part_wanted(&headers, TAG, 100)
    }

    #[test]
    fn conditions_and_ranges_follow_rfc_9110() {
        for (headers, expected) in [
            (&[][..], Part::Whole),
            (&[("range", "bytes=0-9")], Part::Range(0, 10)),
            (&[("range", "bytes=90-")], Part::Range(90, 100)),
            (&[("range", "bytes=-10")], Part::Range(90, 100)),
            (&[("range", "bytes=0-1000")], Part::Range(0, 100)),
            (&[("range", "bytes=99-99")], Part::Range(99, 100)),
            (&[("range", "bytes=100-")], Part::Unsatisfiable),
            (&[("range", "bytes=-0")], Part::Unsatisfiable),
            (&[("range", "bytes=0-1,5-6")], Part::Whole),
            (&[("range", "bytes=9-1")], Part::Unsatisfiable),
            (&[("range", "pages=1-2")], Part::Whole),
            (&[("range", "nonsense")], Part::Whole),
            (&[("if-none-match", "\"abc\"")], Part::NotModified),
            (&[("if-none-match", "W/\"abc\"")], Part::NotModified),
            (&[("if-none-match", "*")], Part::NotModified),
            (&[("if-none-match", "\"x\", \"abc\"")], Part::NotModified),
            (&[("if-none-match", "\"x\"")], Part::Whole),
            (&[("if-none-match", "\"abc\""), ("range", "bytes=0-1")], Part::NotModified),
            (&[("if-range", "\"abc\""), ("range", "bytes=0-1")], Part::Range(0, 2)),
            (&[("if-range", "\"x\""), ("range", "bytes=0-1")], Part::Whole),
            (&[("if-range", "W/\"abc\""), ("range", "bytes=0-1")], Part::Whole),
            // Found by fuzzing: characters that a tag should not hold.
            (&[("if-range", "\"\t\""), ("range", "bytes=0-1")], Part::Whole),
            (&[("if-none-match", "ue \" \t \", \"\t\"")], Part::Whole),
        ] {
            assert_eq!(wanted(headers), expected, "{headers:?}");
        }
    }
}
