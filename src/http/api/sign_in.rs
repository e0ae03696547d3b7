//! Tokens by OAuth 2: for a user name and a password, as in GitLab (RFC 6749, section 4.3), and for the code of
//! `terraform login` (section 4.1).

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
use crate::service::error::BadGrant;
use crate::service::login::Exchange;
use crate::service::sign_in::SESSION;
use crate::service::tokens::Issued;

/// `POST /oauth/token`.
pub(super) async fn token(context: &Context<'_>, body: &mut RequestBody) -> Result<Reply, ServiceError> {
    let fields = Fields::read(context, body).await?;
    match fields.required_text("grant_type")?.as_str() {
        "password" => for_password(context, &fields).await,
        "authorization_code" => for_code(context, &fields).await,
        _ => Err(ServiceError::Grant(BadGrant::Type)),
    }
}

async fn for_code(context: &Context<'_>, fields: &Fields) -> Result<Reply, ServiceError> {
    fields.require(&["client_id", "code", "code_verifier", "redirect_uri"])?;
    let exchange = Exchange {
        code: fields.required_text("code")?.into(),
        verifier: fields.required_text("code_verifier")?.into(),
        redirect_uri: fields.required_text("redirect_uri")?,
        client_id: fields.required_text("client_id")?,
    };
    let issued = context.registry().exchange_code(exchange).await?;
    let life = issued.token.expires_at.map(|end| end.duration_since(issued.token.created_at).as_secs());
    Ok(answer(&issued, life.map_or(0, i64::unsigned_abs), PersonalScope::Api))
}

async fn for_password(context: &Context<'_>, fields: &Fields) -> Result<Reply, ServiceError> {
    fields.require(&["username", "password"])?;
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
    Ok(answer(&outcome?, SESSION.as_secs(), scope))
}

/// The token, for the one who asked and for no cache (RFC 6749, section 5.1).
fn answer(issued: &Issued, seconds: u64, scope: PersonalScope) -> Reply {
    let mut reply = json(
        StatusCode::OK,
        &json!({
            "access_token": issued.secret.expose_secret(),
            "token_type": "Bearer",
            "expires_in": seconds,
            "scope": scope.as_str(),
            "created_at": issued.token.created_at.as_second(),
        }),
    );
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
