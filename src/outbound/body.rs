//! The body of a request that goes out: nothing, some bytes, or a reader that is streamed and reports its progress.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// Bytes of one piece.
const CHUNK: usize = 64 * 1024;
/// Pieces that wait between the reader and the socket: the bound of the memory.
const WAITING_CHUNKS: usize = 8;

/// A request body. Its length is always known, so that the server can judge it before it arrives.
#[derive(Debug)]
pub struct Body {
    kind: Kind,
    taken: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Kind {
    Whole(Bytes),
    Stream(Stream),
}

struct Stream {
    incoming: mpsc::Receiver<io::Result<Bytes>>,
    left: u64,
    sent: u64,
    progress: Box<dyn FnMut(u64) + Send>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("left", &self.left).field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// Streams exactly `length` bytes of a reader, which works on a thread of its own. `progress` is told how many
    /// bytes were handed to the connection so far. A reader that ends early or goes on is an error of the request.
    pub fn stream(
        reader: impl Read + Send + 'static,
        length: u64,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let (chunks, incoming) = mpsc::channel(WAITING_CHUNKS);
        std::thread::Builder::new().name("upload".to_owned()).spawn(move || feed(reader, &chunks))?;
        let progress = Box::new(progress);
        Ok(Self::new(Kind::Stream(Stream { incoming, left: length, sent: 0, progress })))
    }

    fn new(kind: Kind) -> Self {
        Self { kind, taken: Arc::default() }
    }

    /// Counts the pieces that the connection took.
    pub(super) fn activity(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.taken)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::new(Kind::Whole(bytes))
    }
}

/// Ends when the reader does, when it fails, or when nobody takes the chunks any more.
fn feed(mut reader: impl Read, chunks: &mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = reader.by_ref().take(CHUNK as u64).read_to_end(&mut chunk);
        let (item, last) = match read {
            Ok(0) => return,
            Ok(_) => (Ok(Bytes::from(chunk)), false),
            Err(error) => (Err(error), true),
        };
        if chunks.blocking_send(item).is_err() || last {
            return;
        }
    }
}

impl Stream {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let Poll::Ready(chunk) = self.incoming.poll_recv(context) else { return Poll::Pending };
        Poll::Ready(match chunk {
            Some(Ok(chunk)) => Some(self.count(chunk)),
            Some(Err(error)) => Some(Err(error)),
            None if self.left > 0 => {
                let missing = std::mem::take(&mut self.left);
                let text = format!("the file ended {missing} bytes early; was it changed meanwhile?");
                Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, text)))
            }
            None => None,
        })
    }

    fn count(&mut self, chunk: Bytes) -> io::Result<Bytes> {
        let length = chunk.len() as u64;
        let longer = || io::Error::other("the file is longer than announced; was it changed meanwhile?");
        self.left = self.left.checked_sub(length).ok_or_else(longer)?;
        self.sent += length;
        (self.progress)(self.sent);
        Ok(chunk)
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let body = self.get_mut();
        let frame = match &mut body.kind {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Stream(stream) => stream.poll(context).map(|chunk| chunk.map(|c| c.map(Frame::data))),
        };
        if frame.is_ready() {
            body.taken.fetch_add(1, Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match &self.kind {
            Kind::Whole(bytes) => bytes.len() as u64,
            Kind::Stream(stream) => stream.left,
        })
    }
}
