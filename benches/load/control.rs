//! Bare hyper: every request gets the answer that cairn gave to a sample, from memory.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::wire::Answer;

/// Puts an answer into a file: status line and headers, an empty line, the body. Hyper adds `Date` itself.
pub(crate) fn freeze(answer: &Answer) -> Vec<u8> {
    let mut text = format!("{}\r\n", answer.status);
    for (name, value) in answer.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("date")) {
        text.push_str(&format!("{name}:{value}\r\n"));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(&answer.body);
    bytes
}

fn thaw(bytes: &[u8]) -> Result<Response<Full<Bytes>>> {
    let end = memchr::memmem::find(bytes, b"\r\n\r\n").context("no head")?;
    let (head, rest) = bytes.split_at(end);
    let body = Bytes::copy_from_slice(rest.get(4..).unwrap_or_default());
    let mut lines = std::str::from_utf8(head)?.split("\r\n");
    let status: u16 = lines.next().context("no status")?.parse()?;
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status)?;
    for line in lines {
        let (name, value) = line.split_once(':').context("no header")?;
        response
            .headers_mut()
            .append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
    }
    Ok(response)
}

/// Serves until it is killed.
pub(crate) fn run(listen: SocketAddr, answer: &Path) -> Result<()> {
    let answer = thaw(&std::fs::read(answer)?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(serve(listen, move |_request| std::future::ready(answer.clone())))
}

/// Every connection, with hyper and nothing else.
pub(crate) async fn serve<A, F>(listen: SocketAddr, answer: A) -> Result<()>
where
    A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send,
{
    let listener = tokio::net::TcpListener::bind(listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = answer.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answer = answer(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // Clients leave in the middle of things when their time is over.
            drop(served.await);
        });
    }
}
