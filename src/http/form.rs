//! Multipart forms (RFC 7578): the field `file` of an upload, in pieces and within bounds, and the texts of a small one.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyDataStream, BodyExt, Full};
use hyper::body::{Body, Frame};
use hyper::header::{CONTENT_TYPE, HeaderMap};

use super::request::RequestBody;
use crate::service::ServiceError;

/// Bytes of borders and field headers before one field. The parser keeps them in memory, and searches all of them
/// again with every piece that arrives.
const FIELD_HEAD_BYTES: usize = 64 * 1024;

/// The boundary of a multipart body; nothing when the body is raw.
pub(super) fn boundary(headers: &HeaderMap) -> Option<Result<String, ServiceError>> {
    let media_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let is_form = media_type.get(..19).is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"));
    is_form.then(|| multer::parse_boundary(media_type).map_err(|error| unreadable(&error)))
}

/// A form that is being read.
pub(super) struct Form<'a> {
    fields: multer::Multipart<'a>,
    left: Arc<AtomicUsize>,
    wait: Duration,
}

impl<'a> Form<'a> {
    /// The form in a body. Each piece may take `wait` to come.
    pub(super) fn new(body: &'a mut RequestBody, boundary: String, wait: Duration) -> Self {
        let left = Arc::new(AtomicUsize::new(0));
        let metered = Metered { body, left: Arc::clone(&left) };
        Self { fields: multer::Multipart::new(BodyDataStream::new(metered), boundary), left, wait }
    }

    /// Goes to the next field `file`, past all others. Nothing when there is none.
    pub(super) async fn file(&mut self) -> Result<Option<multer::Field<'a>>, ServiceError> {
        loop {
            self.left.store(FIELD_HEAD_BYTES, Ordering::Relaxed);
            let Some(mut field) = in_time(self.wait, self.fields.next_field()).await? else {
                return Ok(None);
            };
            if field.name() == Some("file") {
                return Ok(Some(field));
            }
            while self.piece(&mut field).await?.is_some() {}
        }
    }

    /// The next piece of a field. Nothing at its end.
    pub(super) async fn piece(&self, field: &mut multer::Field<'a>) -> Result<Option<Bytes>, ServiceError> {
        self.left.store(usize::MAX, Ordering::Relaxed);
        in_time(self.wait, field.chunk()).await
    }
}

/// The texts of a form that is in memory, in order. Files among them are parameters that nothing here knows.
pub(super) async fn texts(
    whole: Bytes,
    boundary: String,
    wait: Duration,
) -> Result<Vec<(String, String)>, ServiceError> {
    let mut body = RequestBody::Local(Full::new(whole).map_err(|never| match never {}).boxed_unsync());
    let mut form = Form::new(&mut body, boundary, wait);
    form.left.store(usize::MAX, Ordering::Relaxed);
    let mut found = Vec::new();
    while let Some(field) = in_time(wait, form.fields.next_field()).await? {
        let name = field.name().filter(|_| field.file_name().is_none()).map(str::to_owned);
        let bytes = in_time(wait, field.bytes()).await?;
        let Some(name) = name else { continue };
        let value = String::from_utf8(bytes.into())
            .map_err(|_not_utf8| ServiceError::Invalid(format!("{name} is invalid: it is not UTF-8")))?;
        found.push((name, value));
    }
    Ok(found)
}

async fn in_time<T>(
    wait: Duration,
    next: impl Future<Output = Result<T, multer::Error>>,
) -> Result<T, ServiceError> {
    let outcome = tokio::time::timeout(wait, next).await.map_err(|_slow| ServiceError::Incomplete)?;
    outcome.map_err(|error| unreadable(&error))
}

fn unreadable(error: &multer::Error) -> ServiceError {
    match error {
        multer::Error::StreamReadFailed(inner) if !inner.is::<HeadTooLong>() => ServiceError::Incomplete,
        multer::Error::StreamReadFailed(inner) => ServiceError::Invalid(inner.to_string()),
        other => ServiceError::Invalid(format!("the multipart form cannot be read: {other}")),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the multipart form cannot be read: the headers of a field exceed {FIELD_HEAD_BYTES} bytes")]
struct HeadTooLong;

/// A body that ends in an error when it has given more than it may.
struct Metered<'a> {
    body: &'a mut RequestBody,
    left: Arc<AtomicUsize>,
}

impl Body for Metered<'_> {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let Some(frame) = ready!(Pin::new(&mut *this.body).poll_frame(cx)) else {
            return Poll::Ready(None);
        };
        let left = this.left.load(Ordering::Relaxed);
        if left == 0 {
            return Poll::Ready(Some(Err(HeadTooLong.into())));
        }
        let frame = frame?;
        // A last piece may go beyond: how large pieces are is bounded elsewhere.
        let length = frame.data_ref().map_or(0, Bytes::len);
        this.left.store(left.saturating_sub(length), Ordering::Relaxed);
        Poll::Ready(Some(Ok(frame)))
    }
}
