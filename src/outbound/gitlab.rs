//! Asks a GitLab about a job token.

use hyper::header::{ACCEPT, HeaderValue};
use hyper::{Request, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Body, Client, ClientOptions, OutboundError};
use crate::service::gitlab_jobs::{ASK_TIMEOUT, AskGitlab, Asking, MAX_JOB_BYTES};
use crate::service::oidc::FetchError;

/// A client for `GET /api/v4/job`.
#[derive(Debug, Clone)]
pub struct GitlabClient(Client);

impl GitlabClient {
    /// Reads the trusted certificates and the resolver's configuration. Needs a tokio runtime around it.
    pub fn new() -> Result<Self, OutboundError> {
        let options = ClientOptions {
            connect: ASK_TIMEOUT,
            total: Some(ASK_TIMEOUT),
            answer_bytes: MAX_JOB_BYTES,
            ..ClientOptions::default()
        };
        Client::new(options).map(Self)
    }

    async fn ask(&self, url: &Url, token: &SecretString) -> Result<Option<bytes::Bytes>, FetchError> {
        let Ok(mut value) = HeaderValue::from_str(token.expose_secret()) else { return Ok(None) };
        value.set_sensitive(true);
        let request = Request::get(url.as_str())
            .header(ACCEPT, "application/json")
            .header("job-token", value)
            .body(Body::empty())
            .map_err(|error| FetchError(format!("{url} cannot be asked: {error}")))?;
        let answer = self.0.request(request).await.map_err(|error| FetchError(error.to_string()))?;
        match answer.status() {
            StatusCode::OK => Ok(Some(answer.into_body())),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Ok(None),
            status => Err(FetchError(format!("{url} answered {status}"))),
        }
    }
}

impl AskGitlab for GitlabClient {
    fn job<'a>(&'a self, url: &'a Url, token: &'a SecretString) -> Asking<'a> {
        Box::pin(self.ask(url, token))
    }
}
