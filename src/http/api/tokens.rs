//! Personal tokens over the API.

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::fields::Fields;
use super::paging::Page;
use super::{Verb, flag, number, shapes};
use crate::domain::credential::PersonalScope;
use crate::domain::{TokenId, UserId};
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, empty, json};
use crate::service::ServiceError;
use crate::service::tokens::{Issued, KnownToken, NewToken, TokenFilter};

/// `GET /personal_access_tokens` and `GET /users/:id/personal_access_tokens`.
pub(super) async fn list(context: &Context<'_>, user: Option<&str>) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_signed_in(caller)?;
    let user = match (user, context.query("user_id")) {
        (Some(id), _) => Some(registry.user(caller, id)?.id),
        (None, Some(id)) => Some(UserId(number("user_id", &id)?)),
        (None, None) => None,
    };
    registry.check_tokens_of(caller, user)?;
    let active = match context.query("state").as_deref() {
        None => None,
        Some("active") => Some(true),
        Some("inactive") => Some(false),
        Some(_) => return Err(ServiceError::Invalid("state does not have a valid value".to_owned())),
    };
    let revoked = flag(context, "revoked")?;
    let filter = TokenFilter { user, active, revoked, search: context.query("search") };
    let page = Page::from_query(context)?;
    let tokens = registry.personal_tokens(caller, filter).await?;
    let now = registry.now();
    let rows = page.slice(&tokens).iter().map(|known| shapes::personal_token(known, now)).collect();
    Ok(page.reply(context, rows, tokens.len()))
}

/// `POST /users/:id/personal_access_tokens`.
pub(super) async fn create(
    context: &Context<'_>,
    user: &str,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_writer(caller)?;
    let fields = Fields::read(context, body).await?;
    fields.require(&["name", "scopes"])?;
    let new = NewToken {
        name: fields.required_text("name")?,
        scopes: fields.words("scopes", PersonalScope::from_name)?,
        expires_at: fields.date("expires_at")?,
    };
    let issued = registry.create_personal_token(caller, user, new).await?;
    tracing::info!(token = issued.token.id.0, user, by = caller.label(), "created a personal token");
    Ok(printed(context, StatusCode::CREATED, issued))
}

/// `POST /user/personal_access_tokens`: for whoever asks.
pub(super) async fn create_own(context: &Context<'_>, body: &mut RequestBody) -> Result<Reply, ServiceError> {
    context.registry().require_writer(&context.caller)?;
    let own = context.registry().current_user(&context.caller)?.id.to_string();
    create(context, &own, body).await
}

/// `GET` and `DELETE /personal_access_tokens/:id`, where `:id` may be `self`.
pub(super) async fn one(context: &Context<'_>, id: &str, verb: Verb) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    let id = resolve(context, id)?;
    if verb == Verb::Delete {
        registry.revoke_personal_token(caller, id).await?;
        tracing::info!(token = id.0, by = caller.label(), "revoked a personal token");
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    let known = registry.personal_token(caller, id)?;
    Ok(json(StatusCode::OK, &shapes::personal_token(&known, registry.now())))
}

/// `POST /personal_access_tokens/:id/rotate`.
pub(super) async fn rotate(
    context: &Context<'_>,
    id: &str,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_writer(caller)?;
    let id = resolve(context, id)?;
    let expires_at = Fields::read(context, body).await?.date("expires_at")?;
    let issued = registry.rotate_personal_token(caller, id, expires_at).await?;
    tracing::info!(old = id.0, new = issued.token.id.0, by = caller.label(), "rotated a personal token");
    Ok(printed(context, StatusCode::OK, issued))
}

fn resolve(context: &Context<'_>, id: &str) -> Result<TokenId, ServiceError> {
    if id == "self" {
        return Ok(context.registry().current_token(&context.caller)?.token.id);
    }
    context.registry().require_signed_in(&context.caller)?;
    number("id", id).map(TokenId)
}

fn printed(context: &Context<'_>, status: StatusCode, issued: Issued) -> Reply {
    let known = KnownToken { token: issued.token, last_used_at: None };
    let shape = shapes::personal_token(&known, context.registry().now());
    with_secret(status, shape, issued.secret.expose_secret())
}

/// The one answer that holds a token's secret. Nobody on the way may keep it.
pub(super) fn with_secret(status: StatusCode, shape: Value, secret: &str) -> Reply {
    let mut reply = json(status, &shapes::with(shape, json!({ "token": secret })));
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
