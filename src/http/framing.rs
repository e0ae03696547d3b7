//! Notices a request head with both `Content-Length` and `Transfer-Encoding`, which hyper hides from us.
//!
//! hyper drops the length of such a request and goes by the coding, as RFC 9112 allows; another reader in front of us may
//! have gone by the length, and then sees other requests than we do. So the heads are looked at as they arrive. Only
//! what is needed to find the next head is understood, and a request with `Transfer-Encoding` must be the last of its
//! connection: where its body ends is not followed.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use memchr::memchr;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of a header line that are kept: enough for the names and lengths looked for.
const LINE_BYTES: usize = 64;
/// Heads that were seen and not asked for yet, at most: a client that pipelines more is not followed further.
const PENDING: usize = 128;

/// What was seen of the requests of one connection, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Heads(Arc<Mutex<Watch>>);

impl Heads {
    /// Whether the next request that hyper hands over had both headers.
    pub(super) fn next_is_ambiguous(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).seen.pop_front().unwrap_or(false)
    }

    /// Whether all that was seen are whole requests, and hyper handed them over: what comes next begins another.
    pub(super) fn are_done(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_done()
    }
}

#[derive(Debug, Default)]
struct Watch {
    seen: VecDeque<bool>,
    state: State,
    line: Vec<u8>,
    /// The line being read is longer than what is kept of it.
    cut: bool,
    /// The head being read began: a line that is not empty came.
    begun: bool,
    length: Option<u64>,
    coded: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// This many bytes of a body are to come.
    Body(u64),
    /// The rest of the connection is not looked at.
    Blind,
}

impl Watch {
    fn is_done(&self) -> bool {
        self.state == State::Head && !self.begun && self.line.is_empty() && self.seen.is_empty()
    }

    fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.state {
                State::Blind => return,
                State::Body(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = bytes.get(taken..).unwrap_or_default();
                    let left = left.saturating_sub(taken as u64);
                    self.state = if left == 0 { State::Head } else { State::Body(left) };
                }
                State::Head => {
                    let Some(end) = memchr(b'\n', bytes) else {
                        self.keep(bytes);
                        return;
                    };
                    let (line, rest) = bytes.split_at(end + 1);
                    bytes = rest;
                    if self.line.is_empty() {
                        self.end_of_line(line.get(..LINE_BYTES).unwrap_or(line), line.len() > LINE_BYTES);
                    } else {
                        self.keep(line);
                        let (mut line, cut) = (std::mem::take(&mut self.line), std::mem::take(&mut self.cut));
                        self.end_of_line(&line, cut);
                        line.clear();
                        self.line = line;
                    }
                }
            }
        }
    }

    /// Keeps a piece of a line whose end is still to come.
    fn keep(&mut self, piece: &[u8]) {
        let room = LINE_BYTES.saturating_sub(self.line.len());
        self.cut |= piece.len() > room;
        self.line.extend(piece.iter().take(room));
    }

    fn end_of_line(&mut self, line: &[u8], cut: bool) {
        // Nearly every line is told apart from those looked for by how it begins.
        if let [b'\r' | b'\n', ..] = line
            && !cut
            && line.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
        {
            if self.begun {
                self.end_of_head();
            }
            return;
        }
        self.begun = true;
        if !matches!(line, [b'c' | b'C' | b't' | b'T', ..]) {
            return;
        }
        let Some(colon) = memchr(b':', line) else { return };
        let (name, value) =
            (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
        if name.eq_ignore_ascii_case(b"content-length") {
            let value = std::str::from_utf8(value).ok().and_then(|value| value.trim().parse().ok());
            self.length = Some(value.unwrap_or(u64::MAX));
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.coded = true;
        }
    }

    fn end_of_head(&mut self) {
        let (length, coded) = (self.length.take(), std::mem::take(&mut self.coded));
        self.begun = false;
        self.seen.push_back(coded && length.is_some());
        self.state = match length {
            _ if coded || self.seen.len() > PENDING => State::Blind,
            Some(length) if length > 0 => State::Body(length),
            _ => State::Head,
        };
    }
}

/// A stream whose incoming bytes are watched.
pub(super) struct Watched<S> {
    inner: S,
    heads: Heads,
}

impl<S> Watched<S> {
    pub(super) const fn new(inner: S, heads: Heads) -> Self {
        Self { inner, heads }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.inner).poll_read(cx, buffer);
        if let Some(fresh) = buffer.filled().get(before..).filter(|fresh| !fresh.is_empty()) {
            this.heads.0.lock().unwrap_or_else(PoisonError::into_inner).read(fresh);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bytes: &[u8], piece: usize) -> Vec<bool> {
        let mut watch = Watch::default();
        bytes.chunks(piece).for_each(|piece| watch.read(piece));
        watch.seen.into()
    }

    #[test]
    fn heads_are_found_however_the_bytes_arrive() {
        let both = "PUT / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        let turned = "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\nCONTENT-LENGTH: 5\r\n\r\n";
        let plain = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let sized = "PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\na: b\r\n\r\nx";
        let coded = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let bare = "PUT / HTTP/1.1\nContent-Length: 1\nTransfer-Encoding: chunked\n\n";
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "content-length: 1 ".repeat(20));
        for (situation, bytes, expected) in [
            ("both", both.to_owned(), vec![true]),
            ("both, turned", turned.to_owned(), vec![true]),
            ("both, after others", format!("{plain}{sized}{both}"), vec![false, false, true]),
            ("both, with bare line feeds", bare.to_owned(), vec![true]),
            ("one each", format!("{sized}{coded}{both}"), vec![false, false]),
            ("empty lines before a request", format!("\r\n\r\n{both}"), vec![true]),
            ("a long line", format!("{long}{plain}"), vec![false, false]),
            (
                "a long line of carriage returns",
                format!("GET / HTTP/1.1\n{}\n\n{both}", "\r".repeat(70)),
                vec![false, true],
            ),
            (
                "a name that only ends alike",
                plain.replace("Host", "X-Transfer-Encoding") + both,
                vec![false, true],
            ),
            ("a length that is none", both.replace(": 5", ": five"), vec![true]),
        ] {
            for piece in [1, 2, 7, 4096] {
                assert_eq!(seen(bytes.as_bytes(), piece), expected, "{situation}, in pieces of {piece}");
            }
        }
    }
}
