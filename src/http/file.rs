//! Archives as answers: ranges, entity tags, and bytes read in large pieces as the client takes them.

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use headers::{HeaderMapExt, Range};
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    HeaderMap, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use hyper::{Method, StatusCode};

use super::response::{Reply, ReplyBody, empty, with_body};
use crate::domain::limits::FILE_CHUNK_BYTES;
use crate::service::modules::Archive;
use crate::service::{Registry, ServiceError};
use crate::store::{StoreError, blocking};

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
    let tag = format!("\"{}\"", archive.sha256);
    let part = part_wanted(request, &tag, archive.size);
    let (status, from, to) = match part {
        Part::Whole => (StatusCode::OK, 0, archive.size),
        Part::Range(from, to) => (StatusCode::PARTIAL_CONTENT, from, to),
        Part::NotModified => (StatusCode::NOT_MODIFIED, 0, 0),
        Part::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let has_bytes = matches!(part, Part::Whole | Part::Range(..));
    let mut reply = if has_bytes && *method != Method::HEAD {
        with_body(status, body(registry, archive, from, to).await?)
    } else {
        empty(status)
    };
    describe(reply.headers_mut(), archive, &tag, part)?;
    if has_bytes && from == 0 && *method != Method::HEAD {
        registry.count_download(archive);
    }
    Ok(reply)
}

fn describe(headers: &mut HeaderMap, archive: &Archive, tag: &str, part: Part) -> Result<(), ServiceError> {
    let mut set = |name, value: &str| {
        let value =
            HeaderValue::from_str(value).map_err(|_never| ServiceError::NotFound("404 Package file"))?;
        headers.insert(name, value);
        Ok::<_, ServiceError>(())
    };
    set(hyper::header::ETAG, tag)?;
    // Access can be withdrawn at any time: a cache must ask before it answers.
    set(CACHE_CONTROL, "private, no-cache")?;
    set(ACCEPT_RANGES, "bytes")?;
    match part {
        Part::NotModified => {}
        Part::Unsatisfiable => {
            set(CONTENT_RANGE, &format!("bytes */{}", archive.size))?;
            set(CONTENT_LENGTH, "0")?;
        }
        Part::Whole | Part::Range(..) => {
            // No content coding, ever: a client would undo it and find other bytes than the checksum names.
            set(CONTENT_TYPE, "application/octet-stream")?;
            set(CONTENT_DISPOSITION, &format!("attachment; filename=\"{}\"", archive.file_name))?;
            let length = match part {
                Part::Range(from, to) => {
                    set(CONTENT_RANGE, &format!("bytes {from}-{}/{}", to.saturating_sub(1), archive.size))?;
                    to.saturating_sub(from)
                }
                Part::Whole | Part::Unsatisfiable | Part::NotModified => archive.size,
            };
            set(CONTENT_LENGTH, &length.to_string())?;
        }
    }
    Ok(())
}

/// RFC 9110, 13 and 14: conditions first, then a single range. Several ranges are answered with the whole.
///
/// `tag` is the quoted entity tag of the archive, `size` its bytes.
pub fn part_wanted(request: &HeaderMap, tag: &str, size: u64) -> Part {
    if request.get_all(IF_NONE_MATCH).iter().any(|value| names_tag(value, tag)) {
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
fn names_tag(list: &HeaderValue, tag: &str) -> bool {
    list.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).any(|item| {
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

async fn body(registry: &Registry, archive: &Archive, from: u64, to: u64) -> Result<ReplyBody, ServiceError> {
    let (blobs, digest) = (registry.blobs().clone(), archive.sha256);
    let opened = blocking(move || {
        let file = blobs.open_blob(&digest)?;
        let first = read_chunk(&file, from, to)?;
        Ok::<_, io::Error>((file, first))
    });
    let (file, first) = opened.await?.map_err(|error| match error.kind() {
        // Deleted and collected since it was looked up.
        io::ErrorKind::NotFound => ServiceError::NotFound("404 Package file"),
        _ => ServiceError::io("opening a blob", error),
    })?;
    if from + first.len() as u64 == to {
        return Ok(ReplyBody::from(first));
    }
    Ok(ReplyBody::from(FileBody {
        file: Arc::new(file),
        position: from,
        end: to,
        ready: Some(first),
        reading: None,
    }))
}

fn read_chunk(file: &File, from: u64, to: u64) -> io::Result<Bytes> {
    let wanted = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX).min(FILE_CHUNK_BYTES);
    let mut buffer = vec![0; wanted];
    file.read_exact_at(&mut buffer, from)?;
    Ok(Bytes::from(buffer))
}

type Reading = Pin<Box<dyn Future<Output = Result<io::Result<Bytes>, StoreError>> + Send>>;

/// Part of a file. One piece is in memory at a time, so that a thousand slow readers cost little.
pub struct FileBody {
    file: Arc<File>,
    /// First byte not sent yet.
    position: u64,
    /// First byte not to be sent.
    end: u64,
    ready: Option<Bytes>,
    reading: Option<Reading>,
}

impl std::fmt::Debug for FileBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileBody({}..{})", self.position, self.end)
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if this.position >= this.end {
            return Poll::Ready(None);
        }
        let chunk = match this.ready.take() {
            Some(chunk) => chunk,
            None => {
                let (file, from, to) = (Arc::clone(&this.file), this.position, this.end);
                let reading = this
                    .reading
                    .get_or_insert_with(|| Box::pin(blocking(move || read_chunk(&file, from, to))));
                let outcome = ready!(reading.as_mut().poll(cx));
                this.reading = None;
                match outcome {
                    Ok(Ok(chunk)) => chunk,
                    Ok(Err(error)) => return Poll::Ready(Some(Err(error))),
                    Err(stopping) => return Poll::Ready(Some(Err(io::Error::other(stopping)))),
                }
            }
        };
        this.position += chunk.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.position >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end.saturating_sub(self.position))
    }
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
