//! Fetches the key sets of issuers of CI tokens.

use hyper::header::ACCEPT;
use hyper::{Request, StatusCode};
use url::Url;

use super::{Body, Client, ClientOptions, OutboundError};
use crate::service::oidc::{FETCH_TIMEOUT, FetchError, FetchKeys, Fetching, MAX_JWKS_BYTES};

/// A client for key sets: small answers, soon.
#[derive(Debug, Clone)]
pub struct KeyFetcher(Client);

impl KeyFetcher {
    /// Reads the trusted certificates and the resolver's configuration. Needs a tokio runtime around it.
    pub fn new() -> Result<Self, OutboundError> {
        let options = ClientOptions {
            connect: FETCH_TIMEOUT,
            total: Some(FETCH_TIMEOUT),
            answer_bytes: MAX_JWKS_BYTES,
            ..ClientOptions::default()
        };
        Client::new(options).map(Self)
    }

    async fn get(&self, url: &Url) -> Result<bytes::Bytes, FetchError> {
        let request = Request::get(url.as_str())
            .header(ACCEPT, "application/jwk-set+json, application/json")
            .body(Body::empty())
            .map_err(|error| FetchError(format!("{url} cannot be asked: {error}")))?;
        let answer = self.0.request(request).await.map_err(|error| FetchError(error.to_string()))?;
        match answer.status() {
            StatusCode::OK => Ok(answer.into_body()),
            status if status.is_redirection() => {
                Err(FetchError(format!("{url} redirects ({status}); set jwks_uri to where the keys are")))
            }
            status => Err(FetchError(format!("{url} answered {status}"))),
        }
    }
}

impl FetchKeys for KeyFetcher {
    fn fetch<'a>(&'a self, url: &'a Url) -> Fetching<'a> {
        Box::pin(self.get(url))
    }
}
