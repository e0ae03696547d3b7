//! An upload: raw body or multipart field, handed piece by piece to the blocking side that hashes and judges it.

use std::io::{self, Read};
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HeaderValue};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::api::ci::claimed;
use super::error;
use super::form::{self, Form};
use super::request::{Context, RequestBody, next_piece};
use super::response::{Reply, json};
use crate::blobs::Hasher;
use crate::domain::Sha256;
use crate::service::ServiceError;
use crate::service::publish::{Published, Target, Upload};
use crate::store::{StoreError, background};

/// Pieces on the way to the blocking side. Its bound, times a read of the connection, is the memory an upload takes.
const PIECES: usize = 4;
/// How long an upload may take its time ...
const FREE_SECONDS: u64 = 60;
/// ... before it must have come at least this fast on the whole.
const SLOWEST_BYTES_PER_SECOND: u64 = 1024;

/// `PUT …/file`: publishes a package.
pub(super) async fn publish(
    context: &Context<'_>,
    endpoint: &super::endpoint::Endpoint<'_>,
    target: Target<'_>,
    mut body: RequestBody,
) -> Reply {
    let _counted = context.app.metrics.upload();
    let (refused, rest) = match begin(context, target).await {
        // A client that waits to be asked has sent nothing and need not.
        Err(refused) => (refused, rest_unless_unsent(context, &mut body).await),
        Ok(upload) => match receive(context, upload, &mut body).await {
            Ok(published) => {
                log(context, &published);
                return json(StatusCode::CREATED, &json!({ "message": "201 Created" }));
            }
            Err(refused) => (refused, drain(context, &mut body).await.without_digest()),
        },
    };
    context.app.metrics.upload_refused(refused.code());
    let refused = match &rest {
        Rest::Whole(Some(digest)) => context.registry().judge_duplicate(refused, *digest),
        Rest::Whole(None) | Rest::Unsent | Rest::Given => refused,
    };
    closing_unless_whole(error::reply(&refused, endpoint), &rest)
}

async fn begin(context: &Context<'_>, target: Target<'_>) -> Result<Upload, ServiceError> {
    let begun = context.registry().begin_upload(&context.caller, target).await;
    let claimed = match &begun {
        // A malformed parameter is said before a duplicate, and after everything else.
        Ok(_) | Err(ServiceError::Duplicate(_)) => claimed(&context.head.headers)?,
        Err(_) => None,
    };
    let mut upload = begun?;
    upload.claimed = claimed;
    let announced =
        context.head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    // A form adds its own framing to the file: its length proves nothing.
    if form::boundary(&context.head.headers).is_none()
        && announced.is_some_and(|length| length > upload.limit)
    {
        return Err(ServiceError::TooLarge(upload.limit));
    }
    Ok(upload)
}

async fn receive(
    context: &Context<'_>,
    upload: Upload,
    body: &mut RequestBody,
) -> Result<Published, ServiceError> {
    let (registry, caller) = (context.registry().clone(), context.caller.clone());
    let (pieces, incoming) = mpsc::channel(PIECES);
    let wait = context.app.limits.body_chunk;
    // A task of its own: when the client goes away after its last byte, what was begun is finished, not half done.
    let judged = tokio::spawn(async move {
        let (receiving, body) = (registry.clone(), Pieces { incoming, head: Bytes::new(), ended: false });
        let received = background(move || {
            let received = receiving.receive(&upload, body);
            received.map(|received| (upload, received))
        });
        let (upload, received) = received.await??;
        registry.finish_upload(&caller, upload, received).await
    });
    let fed = match form::boundary(&context.head.headers) {
        None => feed(body, &pieces, wait).await,
        Some(boundary) => match boundary {
            Ok(boundary) => feed_form(body, boundary, &pieces, wait).await,
            Err(malformed) => Err(malformed),
        },
    };
    if fed.is_ok() {
        // Only this says that the body is whole: a channel that just ends is a client that went away.
        let _ = pieces.send(Piece::End).await;
    }
    drop(pieces);
    let judged = judged.await.unwrap_or_else(|_panicked| Err(StoreError::Closed.into()));
    fed.and(judged)
}

/// What the connection's side tells the blocking side.
enum Piece {
    Bytes(Bytes),
    /// The body is whole.
    End,
}

type Sender = mpsc::Sender<Piece>;

/// Notices a body that comes so slowly that it only holds its place.
struct Pace {
    began: Instant,
    taken: u64,
}

impl Pace {
    fn new() -> Self {
        Self { began: Instant::now(), taken: 0 }
    }

    fn take(&mut self, piece: &Bytes) -> Result<(), ServiceError> {
        self.taken += piece.len() as u64;
        let seconds = self.began.elapsed().as_secs();
        if seconds > FREE_SECONDS && self.taken / seconds < SLOWEST_BYTES_PER_SECOND {
            return Err(ServiceError::Incomplete);
        }
        Ok(())
    }
}

/// Passes a raw body on. Ends early, without an error, when the other side has decided.
async fn feed(body: &mut RequestBody, pieces: &Sender, wait: Duration) -> Result<(), ServiceError> {
    let mut pace = Pace::new();
    while let Some(piece) = next_piece(body, wait).await? {
        pace.take(&piece)?;
        if pieces.send(Piece::Bytes(piece)).await.is_err() {
            return Ok(());
        }
    }
    if pace.taken > 0 { Ok(()) } else { Err(no_file()) }
}

/// Passes the field `file` of a form on.
async fn feed_form(
    body: &mut RequestBody,
    boundary: String,
    pieces: &Sender,
    wait: Duration,
) -> Result<(), ServiceError> {
    let mut form = Form::new(body, boundary, wait);
    let Some(mut file) = form.file().await? else { return Err(no_file()) };
    let mut pace = Pace::new();
    while let Some(piece) = form.piece(&mut file).await? {
        pace.take(&piece)?;
        if pieces.send(Piece::Bytes(piece)).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn no_file() -> ServiceError {
    ServiceError::Invalid(
        "no file: send the archive as the request body (curl --upload-file) or as form field \"file\""
            .to_owned(),
    )
}

/// What became of the body, or of its rest, that a refused request came with.
enum Rest {
    /// The client waits to be asked for it.
    Unsent,
    /// All of it was taken. The digest of the file in it, if all of that was.
    Whole(Option<Sha256>),
    /// More than we take, or slower.
    Given,
}

impl Rest {
    /// The same, when the beginning had been taken before.
    fn without_digest(self) -> Self {
        if let Self::Whole(_) = self { Self::Whole(None) } else { self }
    }
}

/// Sends a refusal after taking what the client still sends, so that it gets to read it.
pub(super) async fn refuse(context: &Context<'_>, body: &mut RequestBody, reply: Reply) -> Reply {
    let rest = rest_unless_unsent(context, body).await;
    closing_unless_whole(reply, &rest)
}

async fn rest_unless_unsent(context: &Context<'_>, body: &mut RequestBody) -> Rest {
    if context.head.headers.contains_key(EXPECT) { Rest::Unsent } else { drain(context, body).await }
}

/// What was not taken would be read as the next request: such a connection ends.
fn closing_unless_whole(mut reply: Reply, rest: &Rest) -> Reply {
    if !matches!(rest, Rest::Whole(_)) {
        reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    reply
}

async fn drain(context: &Context<'_>, body: &mut RequestBody) -> Rest {
    let limits = &context.app.limits;
    let mut left = Left { bytes: limits.drain_bytes, wait: limits.body_chunk };
    let all = async {
        let digest = match form::boundary(&context.head.headers) {
            Some(Ok(boundary)) => {
                let digest = left.form(body, boundary).await;
                left.raw(body).await.and(digest)
            }
            Some(Err(_)) => left.raw(body).await.and(None),
            None => left.raw(body).await,
        };
        if left.bytes == 0 { Rest::Given } else { Rest::Whole(digest) }
    };
    tokio::time::timeout(limits.drain, all).await.unwrap_or(Rest::Given)
}

/// How much more of a refused body is taken.
struct Left {
    /// Nothing once there was more, or the client was gone.
    bytes: u64,
    wait: Duration,
}

impl Left {
    /// Whether that piece is still within the bound.
    fn takes(&mut self, piece: &Bytes) -> bool {
        self.bytes = self.bytes.saturating_sub(piece.len() as u64);
        self.bytes > 0
    }

    /// Takes the body to its end; its digest.
    async fn raw(&mut self, body: &mut RequestBody) -> Option<Sha256> {
        let mut hash = Hasher::default();
        while self.bytes > 0 {
            match next_piece(body, self.wait).await {
                Ok(None) => return Some(hash.finish()),
                Ok(Some(piece)) if self.takes(&piece) => hash.update(&piece),
                Ok(Some(_)) | Err(_) => self.bytes = 0,
            }
        }
        None
    }

    /// Takes a form to the end of its file; the digest of that.
    async fn form(&mut self, body: &mut RequestBody, boundary: String) -> Option<Sha256> {
        let mut form = Form::new(body, boundary, self.wait);
        let mut file = form.file().await.ok()??;
        let mut hash = Hasher::default();
        while let Some(piece) = form.piece(&mut file).await.ok()? {
            if !self.takes(&piece) {
                return None;
            }
            hash.update(&piece);
        }
        Some(hash.finish())
    }
}

fn log(context: &Context<'_>, published: &Published) {
    tracing::info!(
        project = published.project,
        module = published.module,
        version = %published.version,
        sha256 = %published.sha256,
        bytes = published.size,
        warnings = published.warnings.len(),
        by = context.caller.label(),
        "published {} {}",
        published.module,
        published.version,
    );
}

/// The pieces of a body, as something that can be read on a blocking thread.
struct Pieces {
    incoming: mpsc::Receiver<Piece>,
    head: Bytes,
    ended: bool,
}

impl Pieces {
    /// Goes on to the next piece, if that is there or `wait` says that it is worth waiting for. Says whether there is one.
    fn advance(&mut self, wait: bool) -> io::Result<bool> {
        while self.head.is_empty() && !self.ended {
            let next = if wait { self.incoming.blocking_recv() } else { self.incoming.try_recv().ok() };
            match next {
                Some(Piece::Bytes(piece)) => self.head = piece,
                Some(Piece::End) => self.ended = true,
                None if wait => return Err(io::ErrorKind::UnexpectedEof.into()),
                None => return Ok(false),
            }
        }
        Ok(!self.head.is_empty())
    }
}

impl Read for Pieces {
    /// Waits for the first piece only, and takes what else has come: what is read is written to disk in one go.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() && self.advance(filled == 0)? {
            let rest = buffer.get_mut(filled..).unwrap_or_default();
            let piece = self.head.split_to(self.head.len().min(rest.len()));
            filled += piece.len();
            if let Some(target) = rest.get_mut(..piece.len()) {
                target.copy_from_slice(&piece);
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_given_up_after_a_minute_and_a_slow_line_is_not() {
        let second = Duration::from_secs(1);
        let mut slow_line = Pace::new();
        for _ in 0..300 {
            tokio::time::advance(second).await;
            slow_line.take(&Bytes::from_static(&[0; 1024])).unwrap();
        }
        let mut trickle = Pace::new();
        for _ in 0..FREE_SECONDS {
            tokio::time::advance(second).await;
            trickle.take(&Bytes::from_static(b"x")).unwrap();
        }
        tokio::time::advance(second).await;
        assert!(matches!(trickle.take(&Bytes::from_static(b"x")), Err(ServiceError::Incomplete)));
    }
}
