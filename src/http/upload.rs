//! An upload: raw body or multipart field, handed piece by piece to the blocking side that hashes and judges it.

use std::io::{self, Read};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyDataStream;
use hyper::StatusCode;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderMap, HeaderValue};
use serde_json::json;
use tokio::sync::mpsc;

use super::error;
use super::request::{Context, RequestBody, next_piece};
use super::response::{Reply, json};
use crate::blobs::Hasher;
use crate::domain::Sha256;
use crate::service::ServiceError;
use crate::service::publish::{Published, Target, Upload};
use crate::store::blocking;

/// Pieces on the way to the blocking side. Its bound, times a read of the connection, is the memory an upload takes.
const PIECES: usize = 4;

/// `PUT …/file`: publishes a package.
pub(super) async fn publish(
    context: &Context<'_>,
    endpoint: &super::endpoint::Endpoint<'_>,
    target: Target<'_>,
    mut body: RequestBody,
) -> Reply {
    let _counted = context.app.metrics.upload();
    let upload = match begin(context, target).await {
        Ok(upload) => upload,
        Err(refused) => return refuse_unread(context, endpoint, &mut body, refused).await,
    };
    match receive(context, upload, &mut body).await {
        Ok(published) => {
            log(context, &published);
            json(StatusCode::CREATED, &json!({ "message": "201 Created" }))
        }
        Err(refused) => {
            context.app.metrics.upload_refused(refused.code());
            let rest = drain(context, &mut body).await;
            closing_unless_whole(error::reply(&refused, endpoint), &rest)
        }
    }
}

/// Refuses an upload of which nothing was read. Where the version is there already, the bytes sent are compared.
async fn refuse_unread(
    context: &Context<'_>,
    endpoint: &super::endpoint::Endpoint<'_>,
    body: &mut RequestBody,
    refused: ServiceError,
) -> Reply {
    context.app.metrics.upload_refused(refused.code());
    let headers = &context.head.headers;
    let rest = take_rest(context, body).await;
    let refused = match (&rest, is_multipart(headers)) {
        (Rest::Whole(digest), None) => context.registry().judge_duplicate(refused, Some(*digest)),
        _ => refused,
    };
    closing_unless_whole(error::reply(&refused, endpoint), &rest)
}

async fn begin(context: &Context<'_>, target: Target<'_>) -> Result<Upload, ServiceError> {
    let upload = context.registry().begin_upload(&context.caller, target).await?;
    let announced =
        context.head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    // A form adds its own framing to the file: its length proves nothing.
    if is_multipart(&context.head.headers).is_none() && announced.is_some_and(|length| length > upload.limit)
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
    let registry = context.registry().clone();
    let (pieces, incoming) = mpsc::channel(PIECES);
    let wait = context.app.limits.body_chunk;
    let judged = blocking(move || {
        let body = Pieces { incoming, head: Bytes::new(), ended: false };
        let received = registry.receive(&upload, body);
        received.map(|received| (upload, received))
    });
    let fed = async {
        match is_multipart(&context.head.headers) {
            None => feed(body, &pieces, wait).await,
            Some(boundary) => feed_form(body, boundary?, &pieces, wait).await,
        }
        .inspect_err(|_| {
            // Without this the blocking side would take the end of the channel for the end of the body.
            let _ = pieces.try_send(Err(io::ErrorKind::UnexpectedEof.into()));
        })?;
        drop(pieces);
        Ok(())
    };
    let (fed, judged) = tokio::join!(fed, judged);
    let judged = judged.map_err(ServiceError::from)?;
    match (fed, judged) {
        (Ok(()), Ok((upload, received))) => {
            context.registry().finish_upload(&context.caller, upload, received).await
        }
        (Err(error), _) => Err(error),
        (Ok(()), Err(refused)) => Err(refused),
    }
}

type Sender = mpsc::Sender<io::Result<Bytes>>;

/// Passes a raw body on. Ends early, without an error, when the other side has decided.
async fn feed(body: &mut RequestBody, pieces: &Sender, wait: Duration) -> Result<(), ServiceError> {
    let mut any = false;
    while let Some(piece) = next_piece(body, wait).await? {
        any |= !piece.is_empty();
        if pieces.send(Ok(piece)).await.is_err() {
            return Ok(());
        }
    }
    if any { Ok(()) } else { Err(no_file()) }
}

/// Passes the field `file` of a form on.
async fn feed_form(
    body: &mut RequestBody,
    boundary: String,
    pieces: &Sender,
    wait: Duration,
) -> Result<(), ServiceError> {
    let mut form = multer::Multipart::new(BodyDataStream::new(body), boundary);
    loop {
        let field =
            tokio::time::timeout(wait, form.next_field()).await.map_err(|_slow| ServiceError::Incomplete)?;
        let Some(mut field) = field.map_err(|error| bad_form(&error))? else { return Err(no_file()) };
        if field.name() != Some("file") {
            continue;
        }
        loop {
            let piece =
                tokio::time::timeout(wait, field.chunk()).await.map_err(|_slow| ServiceError::Incomplete)?;
            match piece.map_err(|error| bad_form(&error))? {
                None => return Ok(()),
                Some(piece) => {
                    if pieces.send(Ok(piece)).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

fn no_file() -> ServiceError {
    ServiceError::Invalid(
        "no file: send the archive as the request body (curl --upload-file) or as form field \"file\""
            .to_owned(),
    )
}

fn bad_form(error: &multer::Error) -> ServiceError {
    match error {
        multer::Error::StreamReadFailed(_) => ServiceError::Incomplete,
        other => ServiceError::Invalid(format!("the multipart form cannot be read: {other}")),
    }
}

/// The boundary of a multipart body; nothing when the body is raw.
fn is_multipart(headers: &HeaderMap) -> Option<Result<String, ServiceError>> {
    let media_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let is_form = media_type.get(..19).is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"));
    is_form.then(|| {
        multer::parse_boundary(media_type)
            .map_err(|error| ServiceError::Invalid(format!("the multipart form cannot be read: {error}")))
    })
}

/// What became of the rest of a refused body.
enum Rest {
    /// The client never began to send.
    Unsent,
    /// All of it was taken; this is its digest when nothing had been taken before.
    Whole(Sha256),
    /// More than we take, or slower.
    Given,
}

/// Sends a refusal after taking what the client still sends, so that it gets to read it.
pub(super) async fn refuse(context: &Context<'_>, body: &mut RequestBody, reply: Reply) -> Reply {
    let rest = take_rest(context, body).await;
    closing_unless_whole(reply, &rest)
}

/// Takes a body of which nothing was read. A client that waits for "100 Continue" has sent nothing and need not.
async fn take_rest(context: &Context<'_>, body: &mut RequestBody) -> Rest {
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
    let mut hash = Hasher::default();
    let mut taken = 0;
    let all = async {
        while let Ok(Some(piece)) = next_piece(body, limits.body_chunk).await {
            taken += piece.len() as u64;
            if taken > limits.drain_bytes {
                return Rest::Given;
            }
            hash.update(&piece);
        }
        Rest::Whole(hash.finish())
    };
    tokio::time::timeout(limits.drain, all).await.unwrap_or(Rest::Given)
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
    incoming: mpsc::Receiver<io::Result<Bytes>>,
    head: Bytes,
    ended: bool,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.head.is_empty() && !self.ended {
            match self.incoming.blocking_recv() {
                Some(Ok(piece)) => self.head = piece,
                Some(Err(error)) => return Err(error),
                None => self.ended = true,
            }
        }
        let count = self.head.len().min(buffer.len());
        let piece = self.head.split_to(count);
        if let Some(target) = buffer.get_mut(..count) {
            target.copy_from_slice(&piece);
        }
        Ok(count)
    }
}
