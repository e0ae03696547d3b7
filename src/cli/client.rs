//! How commands reach the data: through the server that runs, else by opening the data directory themselves.
//!
//! Both ways answer the same requests, so a command is a few calls of the REST API and does not know which one it was.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::data_dir::DataDir;
use crate::domain::limits::HttpLimits;
use crate::http::request::{Peer, RequestBody};
use crate::http::{App, Edge, control, pipeline};
use crate::service::{Clock, Options, Registry};
use crate::telemetry::Metrics;

/// Rows asked for at a time.
const PER_PAGE: usize = 100;

/// The way to the data.
#[derive(Debug)]
pub(super) enum Client {
    /// A server runs; it is asked.
    Server(std::path::PathBuf),
    /// No server runs; the data directory is held by this process.
    Direct(Box<App>, DataDir),
}

impl Client {
    /// Finds the server that uses a data directory, or opens the directory.
    pub(super) async fn open(data_dir: &Path) -> Result<Self> {
        if control::connect(data_dir).await.is_ok() {
            return Ok(Self::Server(data_dir.to_owned()));
        }
        let held = DataDir::open(data_dir)?;
        let registry = Registry::open(held.path(), Options::default(), Clock::system()).await?;
        let app = App::new(registry, Arc::new(Metrics::default()), HttpLimits::default(), Edge::default(), 0);
        Ok(Self::Direct(Box::new(app), held))
    }

    /// Makes a request and returns the JSON of its answer; an error answer becomes an error with its text.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let bytes = body.map(serde_json::to_vec).transpose()?.unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json");
        let (status, answer) = match self {
            Self::Server(data_dir) => {
                let stream = control::connect(data_dir).await.context("the server went away")?;
                let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
                let running = tokio::spawn(connection);
                let answer = sender.send_request(request.body(Full::new(Bytes::from(bytes)))?).await?;
                let status = answer.status();
                let answer = answer.into_body().collect().await?.to_bytes();
                drop(sender);
                running.await??;
                (status, answer)
            }
            Self::Direct(app, _) => {
                let body = RequestBody::Ready((!bytes.is_empty()).then(|| bytes.into()));
                let answer = pipeline::answer(app, Peer::Operator, request.body(body)?).await;
                (answer.status(), answer.into_body().collect().await?.to_bytes())
            }
        };
        interpret(status, &answer)
    }

    /// Every row of a list, page after page.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        for page in 1.. {
            let separator = if path.contains('?') { '&' } else { '?' };
            let paged = format!("{path}{separator}page={page}&per_page={PER_PAGE}");
            let Value::Array(more) = self.call(Method::GET, &paged, None).await? else {
                bail!("the server answered {path} with something that is not a list");
            };
            let last = more.len() < PER_PAGE;
            rows.extend(more);
            if last {
                break;
            }
        }
        Ok(rows)
    }

    /// Closes the data directory, if this process opened it.
    pub(super) async fn close(self) {
        if let Self::Direct(app, _held) = self {
            app.registry.close().await;
        }
    }
}

fn interpret(status: StatusCode, answer: &[u8]) -> Result<Value> {
    if status.is_success() {
        return if answer.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(answer)?) };
    }
    Err(anyhow!("{}", error_text(status, answer)))
}

/// The sentence in an error answer of the API.
pub(super) fn error_text(status: StatusCode, answer: &[u8]) -> String {
    let value: Value = serde_json::from_slice(answer).unwrap_or_default();
    let said = value.get("message").or_else(|| value.get("error_description")).or_else(|| value.get("error"));
    match said {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => status.to_string(),
    }
}
