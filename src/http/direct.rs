//! Requests that are answered before hyper sees them: those whose answer is ready, and that come one after the other.
//!
//! hyper makes a map of the fields of each request, a future for its answer, a map of its headers and a deadline for the next.
//! For what Terraform asks again and again that is most of the work. So this stream, between the socket and hyper, looks at
//! what arrives: a plain head whose answer is ready is answered on the spot, and hyper only sees a client that says nothing.
//! Whatever else arrives goes to hyper as it came.
//!
//! Answers must not overtake each other. So nothing is answered here unless hyper is idle: it was given whole requests only
//! ([`Heads::are_done`]), has the answers to all of them to their end ([`Connection::is_done`]), and has written them, which it
//! shows by flushing: it does that when nothing is left to write.

mod head;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::connection::Connection;
use super::date::with_date;
use super::framing::Heads;
use super::pipeline::tell_ready;
use super::ready::{self, Content, Marks};
use super::sendfile::{Outgoing, PART_BYTES, Piece};
use crate::blobs::OpenBlob;
use crate::service::modules::Archive;
use head::Head;

/// Bytes of answers that are put together before they are sent, about: what else a client asked at once, hyper answers.
const BATCH_BYTES: usize = 64 * 1024;
/// Bytes of a body from which on it is not copied behind its head.
const LONG_BYTES: usize = 16 * 1024;

thread_local! {
    /// Where answers are put together.
    static BATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// See the module's documentation.
pub(super) struct Direct<S> {
    inner: S,
    connection: Arc<Connection>,
    heads: Heads,
    /// What the socket has not taken yet of direct answers: it goes before everything else.
    unsent: VecDeque<Piece>,
    /// Direct answers are on their way.
    is_sending: bool,
    /// hyper wrote and has not flushed since.
    hyper_writes: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Direct<S> {
    pub(super) const fn new(inner: S, connection: Arc<Connection>, heads: Heads) -> Self {
        Self { inner, connection, heads, unsent: VecDeque::new(), is_sending: false, hyper_writes: false }
    }

    /// Whether what arrives next is for nobody yet, and an answer to it would be the next.
    fn may_answer(&self) -> bool {
        let connection = &self.connection;
        connection.is_direct && !self.hyper_writes && connection.is_done() && self.heads.are_done()
    }

    /// Answers the requests that these bytes begin with, as far as their answers are ready. Says how many bytes those took.
    fn answer(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<usize> {
        BATCH.with_borrow_mut(|batch| {
            batch.clear();
            let (mut taken, mut long) = (0, None);
            let limits = &self.connection.app.limits;
            while batch.len() < BATCH_BYTES
                && long.is_none()
                && let Some(head) = Head::read(bytes.get(taken..).unwrap_or_default(), limits)
                && let Some(body) = respond(&self.connection, &head, batch)
            {
                taken += head.length;
                match body {
                    Piece::Memory(body) if body.len() < LONG_BYTES => batch.extend_from_slice(&body),
                    body => long = Some(body),
                }
            }
            if taken > 0 {
                self.send(cx, batch, long)?;
            }
            Ok(taken)
        })
    }

    /// Sends what the socket takes, and keeps the rest.
    fn send(&mut self, cx: &mut Context<'_>, mut batch: &[u8], mut long: Option<Piece>) -> io::Result<()> {
        self.is_sending = true;
        // Together, so that they share a packet.
        while !batch.is_empty() {
            let inner = Pin::new(&mut self.inner);
            let polled = match &long {
                None => inner.poll_write(cx, batch),
                Some(piece) => {
                    let mut slices = [IoSlice::new(batch), IoSlice::new(&[])];
                    let [_, behind @ ..] = &mut slices;
                    piece.chunks_vectored(behind);
                    inner.poll_write_vectored(cx, &slices)
                }
            };
            let Poll::Ready(sent) = polled? else {
                self.unsent.push_back(Piece::Memory(Bytes::copy_from_slice(batch)));
                break;
            };
            if sent == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            let of_batch = sent.min(batch.len());
            batch = batch.get(of_batch..).unwrap_or_default();
            if let Some(piece) = &mut long {
                piece.advance(sent.saturating_sub(of_batch));
            }
        }
        // What is left of it goes when all before it went.
        self.unsent.extend(long.filter(Buf::has_remaining));
        Ok(())
    }

    /// Waits until direct answers have left.
    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_sending {
            return Poll::Ready(Ok(()));
        }
        while let Some(piece) = self.unsent.front_mut() {
            let mut slices = [IoSlice::new(&[])];
            piece.chunks_vectored(&mut slices);
            let sent = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, &slices))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            piece.advance(sent);
            if !piece.has_remaining() {
                self.unsent.pop_front();
            }
        }
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        self.is_sending = false;
        Poll::Ready(Ok(()))
    }
}

/// Puts the answer to a request together, if it is ready, and returns its body; its head goes to the batch.
fn respond(connection: &Connection, head: &Head<'_>, batch: &mut Vec<u8>) -> Option<Piece> {
    let (app, started) = (&*connection.app, Instant::now().into_std());
    if connection.outgoing.is_none() && !ready::may_be_whole(&head.question) {
        return None;
    }
    let now = app.registry.now();
    let found = connection.with_acquaintance(|known| ready::find(app, known, &head.question, now))?;
    let blob = match &found.content {
        Content::Whole(_) => None,
        Content::Archive(archive) => Some(at_hand(connection, archive)?),
    };
    let client = head.client(connection.peer, &app.edge.load().trusted_proxies);
    // Whose turn it is not, hyper has wait.
    if !app.may_go(client.address, started) {
        return None;
    }
    let id = app.next_request_id();
    let (status, body) = with_date(now, |date| {
        let marks = Marks { id: &id, https: client.https, date };
        match (&found.content, blob) {
            (Content::Whole(answer), _) => {
                answer.write_head(&marks, batch);
                Some((answer.status(), Piece::Memory(answer.body().clone())))
            }
            (Content::Archive(archive), Some((outgoing, blob, length))) => {
                ready::write_archive_head(archive, &marks, batch);
                app.registry.count_download(archive);
                Some((StatusCode::OK, Piece::File(outgoing.push(blob, 0, length))))
            }
            (Content::Archive(_), None) => None,
        }
    })?;
    let bytes = body.remaining() as u64;
    tell_ready(app, (status, bytes), (found.route, &found.who), id, client, started);
    app.metrics.direct_answer();
    connection.note_answer(started);
    Some(body)
}

/// An archive and its length, if it is open and in memory, one part long, and the connection sends from files.
fn at_hand<'c>(
    connection: &'c Connection,
    archive: &Archive,
) -> Option<(&'c Outgoing, Arc<OpenBlob>, usize)> {
    let outgoing = connection.outgoing.as_ref()?;
    let length = usize::try_from(archive.size).ok().filter(|length| (1..=PART_BYTES).contains(length))?;
    let blob = connection.app.registry.blobs().kept_open(&archive.sha256)?;
    let is_in_memory = blob.in_memory_to(0, archive.size).is_ok_and(|reached| reached == archive.size);
    (is_in_memory && blob.size() == archive.size).then_some((outgoing, blob, length))
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Direct<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            ready!(this.poll_sent(cx))?;
            let (before, may_answer) = (buffer.filled().len(), this.may_answer());
            ready!(Pin::new(&mut this.inner).poll_read(cx, buffer))?;
            let fresh = buffer.filled().get(before..).unwrap_or_default();
            if fresh.is_empty() || !may_answer {
                return Poll::Ready(Ok(()));
            }
            let taken = this.answer(cx, fresh)?;
            let rest = fresh.len().saturating_sub(taken);
            if taken > 0 {
                // hyper sees what is left as if it had come alone.
                buffer.filled_mut().copy_within(before + taken.., before);
                buffer.set_filled(before + rest);
            }
            if rest > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Direct<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_sent(cx))?;
        this.hyper_writes = true;
        Pin::new(&mut this.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_sent(cx))?;
        this.hyper_writes = true;
        Pin::new(&mut this.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_sent(cx))?;
        ready!(Pin::new(&mut this.inner).poll_flush(cx))?;
        this.hyper_writes = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_sent(cx))?;
        Pin::new(&mut this.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
