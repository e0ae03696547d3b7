//! Sends webhooks: to URLs that maintainers chose, and so only to addresses that the guard lets pass.

use std::time::Duration;

use hyper::Request;

use super::{Body, Client, ClientOptions, Guard, OutboundError};
use crate::service::webhooks::{HookRequest, SEND_TIMEOUT, SendHook, Sending};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// A client for webhooks. Of an answer it reads the status alone.
#[derive(Debug, Clone)]
pub struct HookSender(Client);

impl HookSender {
    /// Reads the trusted certificates and the resolver's configuration. Needs a tokio runtime around it.
    pub fn new(guard: Guard) -> Result<Self, OutboundError> {
        let options = ClientOptions {
            connect: CONNECT,
            total: Some(SEND_TIMEOUT),
            guard: Some(guard),
            ..ClientOptions::default()
        };
        Client::new(options).map(Self)
    }

    async fn post(&self, hook: HookRequest) -> Result<u16, String> {
        let mut request = Request::post(hook.url.as_str());
        for (name, value) in hook.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Body::from(bytes::Bytes::from(hook.body)))
            .map_err(|error| format!("{} cannot be asked: {error}", hook.url.host()))?;
        let status = self.0.status(request).await.map_err(|error| error.to_string())?;
        Ok(status.as_u16())
    }
}

impl SendHook for HookSender {
    fn send(&self, request: HookRequest) -> Sending<'_> {
        Box::pin(self.post(request))
    }
}
