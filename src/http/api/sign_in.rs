//! A token for a user name and a password: OAuth's resource owner flow (RFC 6749, section 4.3), as in GitLab.

use std::net::{IpAddr, Ipv4Addr};

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::fields::Fields;
use crate::domain::credential::PersonalScope;
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, json};
use crate::service::ServiceError;
use crate::service::sign_in::SESSION;

/// `POST /oauth/token`.
pub(super) async fn token(context: &Context<'_>, body: &mut RequestBody) -> Result<Reply, ServiceError> {
    let fields = Fields::read(context, body).await?;
    fields.require(&["grant_type", "username", "password"])?;
    if fields.required_text("grant_type")? != "password" {
        return Err(ServiceError::Invalid(
            "unsupported_grant_type: this server knows only grant_type=password".to_owned(),
        ));
    }
    let scopes = fields.words("scope", PersonalScope::from_name)?;
    let reads_only = !scopes.is_empty() && !scopes.contains(&PersonalScope::Api);
    let scope = if reads_only { PersonalScope::ReadApi } else { PersonalScope::Api };
    let username = fields.required_text("username")?;
    let password = SecretString::from(fields.required_text("password")?);
    let address = context.client.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let outcome = context.registry().sign_in(address, &username, password, scope).await;
    if matches!(outcome, Err(ServiceError::Throttled(_))) {
        context.app.metrics.sign_in_throttled();
    }
    let issued = outcome?;
    let mut reply = json(
        StatusCode::OK,
        &json!({
            "access_token": issued.secret.expose_secret(),
            "token_type": "Bearer",
            "expires_in": SESSION.as_secs(),
            "scope": scope.as_str(),
            "created_at": issued.token.created_at.as_second(),
        }),
    );
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(reply)
}
