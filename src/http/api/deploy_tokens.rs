//! Deploy tokens of groups and projects over the API.

use hyper::StatusCode;
use secrecy::ExposeSecret;

use super::fields::Fields;
use super::paging::Page;
use super::tokens::with_secret;
use super::{Verb, number, shapes};
use crate::domain::TokenId;
use crate::domain::credential::DeployScope;
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, empty, json};
use crate::service::ServiceError;
use crate::service::deploy_tokens::NewDeployToken;
use crate::service::members::Place;

/// `GET …/deploy_tokens`.
pub(super) fn list(context: &Context<'_>, place: &Place) -> Result<Reply, ServiceError> {
    let registry = context.registry();
    let tokens = registry.deploy_tokens(&context.caller, place)?;
    let (page, now) = (Page::from_query(context)?, registry.now());
    let rows = page.slice(&tokens).iter().map(|token| shapes::deploy_token(token, now)).collect();
    Ok(page.reply(context, rows, tokens.len()))
}

/// `POST …/deploy_tokens`.
pub(super) async fn create(
    context: &Context<'_>,
    place: Place,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_manager(caller, &place)?;
    let fields = Fields::read(context, body).await?;
    fields.require(&["name", "scopes"])?;
    let new = NewDeployToken {
        name: fields.required_text("name")?,
        username: fields.filled_text("username")?,
        scopes: fields.words("scopes", DeployScope::from_name)?,
        expires_at: fields.moment("expires_at")?,
    };
    let issued = registry.create_deploy_token(caller, place, new).await?;
    tracing::info!(token = issued.token.id.0, by = caller.label(), "created a deploy token");
    let shape = shapes::deploy_token(&issued.token, registry.now());
    Ok(with_secret(StatusCode::CREATED, shape, issued.secret.expose_secret()))
}

/// `GET` and `DELETE …/deploy_tokens/:token_id`.
pub(super) async fn one(
    context: &Context<'_>,
    place: Place,
    id: &str,
    verb: Verb,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    if verb == Verb::Delete {
        registry.require_manager(caller, &place)?;
    } else {
        registry.require_overseer(caller, &place)?;
    }
    let id = TokenId(number("token_id", id)?);
    if verb == Verb::Delete {
        registry.delete_deploy_token(caller, place, id).await?;
        tracing::info!(token = id.0, by = caller.label(), "deleted a deploy token");
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    let token = registry.deploy_token(caller, &place, id)?;
    Ok(json(StatusCode::OK, &shapes::deploy_token(&token, registry.now())))
}
