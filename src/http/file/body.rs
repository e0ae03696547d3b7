//! Part of a blob as the body of an answer: sent by the system where the connection can, else read piece by piece.
//!
//! No piece is taken before the client has room for it, and nothing waits for the disk on a thread of the runtime: what
//! is not in memory is brought there by a blocking thread first.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::super::sendfile::{Outgoing, PART_BYTES, Piece};
use crate::blobs::{Blobs, OpenBlob};
use crate::domain::Sha256;
use crate::domain::limits::FILE_CHUNK_BYTES;
use crate::service::ServiceError;
use crate::store::{StoreError, blocking};

/// Bytes that are brought into memory at once.
const LOAD_BYTES: u64 = 1024 * 1024;

type Reading = Pin<Box<dyn Future<Output = Result<io::Result<Bytes>, StoreError>> + Send>>;

/// Part of a blob. At most one piece is in memory at a time, so that a thousand slow readers cost little.
pub struct FileBody {
    blob: Arc<OpenBlob>,
    /// First byte not sent yet.
    position: u64,
    /// First byte not to be sent.
    end: u64,
    /// Up to here the blob was found in memory.
    loaded: u64,
    /// Where the connection can send from files itself.
    outgoing: Option<Outgoing>,
    /// Pieces are read into this, when the one before was sent.
    buffer: Arc<Vec<u8>>,
    reading: Option<Reading>,
}

impl std::fmt::Debug for FileBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileBody({}..{})", self.position, self.end)
    }
}

/// A buffer that is read into again when these bytes of it were sent.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl FileBody {
    /// Opens a blob and makes sure that it can be read, at the beginning of the part at least.
    pub(super) async fn open(
        blobs: &Blobs,
        digest: Sha256,
        size: u64,
        (from, to): (u64, u64),
    ) -> Result<Self, ServiceError> {
        let loaded = to.min(from.saturating_add(LOAD_BYTES));
        let blob = match blobs.kept_open(&digest) {
            Some(blob) if blob.in_memory_to(from, loaded).is_ok_and(|found| found == loaded) => blob,
            known => {
                let blobs = blobs.clone();
                let opened = blocking(move || {
                    let blob = known.map_or_else(|| blobs.keep_open(&digest), Ok)?;
                    blob.load(from, loaded)?;
                    Ok::<_, io::Error>(blob)
                });
                opened.await?.map_err(failure)?
            }
        };
        if blob.size() != size {
            return Err(failure(io::ErrorKind::UnexpectedEof.into()));
        }
        let buffer = Arc::default();
        Ok(Self { blob, position: from, end: to, loaded, outgoing: None, buffer, reading: None })
    }

    /// Has the rest sent by the connection itself.
    pub(in crate::http) fn through(&mut self, outgoing: &Outgoing) {
        self.outgoing = Some(outgoing.clone());
    }

    /// The next piece, if no disk has to be waited for.
    fn at_hand(&mut self) -> io::Result<Option<Piece>> {
        if let Some(outgoing) = &self.outgoing {
            let mut to = self.end.min(self.position.saturating_add(PART_BYTES as u64));
            if to > self.loaded {
                to = self.blob.in_memory_to(self.position, to)?.max(self.loaded);
            }
            if to <= self.position {
                return Ok(None);
            }
            let length = usize::try_from(to.saturating_sub(self.position)).unwrap_or(PART_BYTES);
            let part = outgoing.push(Arc::clone(&self.blob), self.position, length);
            return Ok(Some(Piece::File(part)));
        }
        let wanted = self.wanted();
        if Arc::get_mut(&mut self.buffer).is_none_or(|buffer| buffer.len() < wanted) {
            self.buffer = Arc::new(vec![0; wanted]);
        }
        let room = Arc::get_mut(&mut self.buffer).and_then(|buffer| buffer.get_mut(..wanted));
        let Some(count) = self.blob.read_in_memory(room.unwrap_or_default(), self.position)? else {
            return Ok(None);
        };
        let bytes = Bytes::from_owner(Shared(Arc::clone(&self.buffer)));
        Ok(Some(Piece::Memory(bytes.slice(..count))))
    }

    /// Bytes of the next piece that is read.
    fn wanted(&self) -> usize {
        usize::try_from(self.end.saturating_sub(self.position))
            .map_or(FILE_CHUNK_BYTES, |left| left.min(FILE_CHUNK_BYTES))
    }

    /// Where the bytes end that are brought into memory next.
    fn load_to(&self) -> u64 {
        self.end.min(self.position.saturating_add(LOAD_BYTES))
    }

    /// Waits for the disk, on a blocking thread. What the connection sends itself is only brought into memory.
    fn fetch(&self) -> Reading {
        let (blob, from) = (Arc::clone(&self.blob), self.position);
        let to = self.outgoing.is_some().then(|| self.load_to());
        let wanted = self.wanted();
        Box::pin(blocking(move || match to {
            Some(to) => blob.load(from, to).map(|()| Bytes::new()),
            None => {
                let mut bytes = vec![0; wanted];
                blob.read(&mut bytes, from).map(|()| bytes.into())
            }
        }))
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Piece>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let read = ready!(reading.as_mut().poll(cx));
                self.reading = None;
                let bytes = read.map_err(io::Error::other)??;
                if self.outgoing.is_none() {
                    return Poll::Ready(Ok(Piece::Memory(bytes)));
                }
                self.loaded = self.load_to();
            }
            if let Some(piece) = self.at_hand()? {
                return Poll::Ready(Ok(piece));
            }
            self.reading = Some(self.fetch());
        }
    }
}

fn failure(error: io::Error) -> ServiceError {
    match error.kind() {
        // Deleted and collected since it was looked up.
        io::ErrorKind::NotFound => ServiceError::NotFound("404 Package file"),
        _ => ServiceError::io("opening a blob", error),
    }
}

impl Body for FileBody {
    type Data = Piece;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, io::Error>>> {
        let this = self.get_mut();
        if this.position >= this.end {
            return Poll::Ready(None);
        }
        let piece = match ready!(this.poll_piece(cx)) {
            Ok(piece) => piece,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        this.position += bytes::Buf::remaining(&piece) as u64;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.position >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end.saturating_sub(self.position))
    }
}
