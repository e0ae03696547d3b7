//! Parts of files that go from the page cache to a socket without entering this program: sendfile(2).
//!
//! hyper only hands bytes in memory to a connection. So a part of a file travels through it as a [`FilePart`], which says
//! how long it is and stands in the list of bytes to write as a *placeholder*: a slice of that length of zeros that
//! nobody reads. The part is also noted in the connection's [`Outgoing`] queue. [`SendfileStream`] knows a placeholder
//! by its address, takes the part from the queue, and has the system send the file's own bytes.
//!
//! Compared with a mapping of the file this needs no `unsafe`, no address space for each file, and a disk that fails
//! under it is an error of one connection and not a signal that ends the process. A placeholder must never reach any
//! other writer: only a connection that is a [`SendfileStream`] has a queue, and without a queue no part is made.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use rustix::fs::sendfile;
use rustix::io::retry_on_intr;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::blobs::OpenBlob;

/// Bytes of a file that are handed over at once, at most: what a socket takes at once, or a little more.
pub(super) const PART_BYTES: usize = 4 * 1024 * 1024;

/// What stands for bytes of a file. Never read, so the system gives it no memory.
static PLACEHOLDER: LazyLock<Box<[u8]>> = LazyLock::new(|| vec![0; PART_BYTES].into_boxed_slice());

fn is_placeholder(slice: &[u8]) -> bool {
    !slice.is_empty() && PLACEHOLDER.as_ptr_range().contains(&slice.as_ptr())
}

/// A piece of an answer's body.
#[derive(Debug)]
pub enum Piece {
    /// Bytes in memory.
    Memory(Bytes),
    /// Bytes of a file.
    File(FilePart),
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.remaining(),
            Self::File(part) => part.remaining(),
        }
    }

    fn chunk(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes.chunk(),
            Self::File(part) => part.chunk(),
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        match self {
            Self::Memory(bytes) => bytes.chunks_vectored(slices),
            Self::File(part) => part.chunks_vectored(slices),
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Self::Memory(bytes) => bytes.advance(count),
            Self::File(part) => part.advance(count),
        }
    }
}

/// Bytes of a file: a placeholder to whom writes lists of slices, the bytes themselves to whom copies.
#[derive(Debug)]
pub struct FilePart {
    span: Span,
    copied: OnceCell<Bytes>,
}

#[derive(Debug, Clone)]
struct Span {
    blob: Arc<OpenBlob>,
    from: u64,
    length: usize,
}

impl Span {
    fn advance(&mut self, count: usize) {
        self.from += count as u64;
        self.length = self.length.saturating_sub(count);
    }
}

impl Buf for FilePart {
    fn remaining(&self) -> usize {
        self.span.length
    }

    fn chunk(&self) -> &[u8] {
        self.copied.get_or_init(|| {
            let mut bytes = vec![0; self.span.length];
            // Nothing where something is due ends the connection.
            self.span
                .blob
                .read(&mut bytes, self.span.from)
                .map_or_else(|_failed| Bytes::new(), |()| bytes.into())
        })
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        match (slices.first_mut(), PLACEHOLDER.get(..self.span.length)) {
            (Some(first), Some(placeholder)) if !placeholder.is_empty() => {
                *first = IoSlice::new(placeholder);
                1
            }
            _ => 0,
        }
    }

    fn advance(&mut self, count: usize) {
        self.span.advance(count);
        self.copied.take();
    }
}

/// The parts of files that a connection is to send next, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Outgoing(Arc<Mutex<VecDeque<Span>>>);

impl Outgoing {
    /// Has `length` bytes of a file, [`PART_BYTES`] at most, sent when the returned part is written.
    pub(super) fn push(&self, blob: Arc<OpenBlob>, from: u64, length: usize) -> FilePart {
        let span = Span { blob, from, length: length.min(PART_BYTES) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(span.clone());
        FilePart { span, copied: OnceCell::new() }
    }

    /// Sends what the socket takes of the part that a placeholder stands for.
    fn send(&self, stream: &TcpStream, placeholder: &[u8]) -> io::Result<usize> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(span) = queue.front_mut().filter(|span| span.length == placeholder.len()) else {
            return Err(io::Error::other("a part of a file is out of turn"));
        };
        let mut from = span.from;
        let sent = retry_on_intr(|| sendfile(stream, &span.blob, Some(&mut from), span.length))?;
        if sent == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        span.advance(sent);
        if span.length == 0 {
            queue.pop_front();
        }
        Ok(sent)
    }
}

/// A TCP connection that sends parts of files with sendfile(2) and everything else as usual.
pub(super) struct SendfileStream {
    stream: TcpStream,
    outgoing: Outgoing,
}

impl SendfileStream {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, outgoing: Outgoing::default() }
    }

    /// What it sends parts from.
    pub(super) fn outgoing(&self) -> Outgoing {
        self.outgoing.clone()
    }

    /// Sends the bytes before a placeholder, then from the file. The first packet carries both.
    fn send(&self, before: &[IoSlice<'_>], placeholder: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        if !before.is_empty() {
            let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
            let mut nothing = SendAncillaryBuffer::default();
            sent = retry_on_intr(|| sendmsg(&self.stream, before, &mut nothing, flags))?;
            if sent < before.iter().map(|slice| slice.len()).sum() {
                return Ok(sent);
            }
        }
        match self.outgoing.send(&self.stream, placeholder) {
            Ok(more) => Ok(sent + more),
            Err(error) if sent > 0 && error.kind() == io::ErrorKind::WouldBlock => Ok(sent),
            Err(error) => Err(error),
        }
    }
}

impl AsyncRead for SendfileStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for SendfileStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if is_placeholder(bytes) {
            return self.poll_write_vectored(cx, &[IoSlice::new(bytes)]);
        }
        // The system has less to do for one slice than for a list of one.
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let found = slices.iter().enumerate().find(|(_, slice)| is_placeholder(slice));
        let Some((at, placeholder)) = found else {
            return Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        };
        let before = slices.get(..at).unwrap_or_default();
        loop {
            ready!(this.stream.poll_write_ready(cx))?;
            match this.stream.try_io(Interest::WRITABLE, || this.send(before, placeholder)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
