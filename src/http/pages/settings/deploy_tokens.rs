//! The deploy tokens of a group or project: listed, created, revoked.

use hyper::header::CACHE_CONTROL;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::{day, done, named};
use crate::domain::TokenId;
use crate::domain::credential::{DeployScope, TokenOwner};
use crate::http::error;
use crate::http::pages::Visit;
use crate::http::pages::complaints;
use crate::http::pages::forms::Form;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::deploy_tokens::NewDeployToken;
use crate::service::places::PlaceView;
use crate::service::tokens::Issued;
use crate::web::forms::Complaint;
use crate::web::frame::Flash;
use crate::web::settings::deploy_tokens::{DeployTokens, Values};
use crate::web::settings::settings_path;

/// The words that messages about fields begin with, and the fields.
const FIELDS: &[(&str, &str)] =
    &[("name", "name"), ("username", "username"), ("expires_at", "expires_at"), ("scopes", "scopes")];

pub(super) fn show(visit: &Visit<'_>, place: &PlaceView) -> Result<Reply, ServiceError> {
    let values = Values { scopes: vec![DeployScope::ReadPackageRegistry], ..Values::default() };
    page(visit, place, &values, None)
}

fn page(
    visit: &Visit<'_>,
    place: &PlaceView,
    values: &Values,
    complaint: Option<&Complaint>,
) -> Result<Reply, ServiceError> {
    let tokens = visit.registry().deploy_tokens(visit.caller(), &named(place))?;
    let page = DeployTokens { place, tokens: &tokens, values, complaint }.page(&visit.viewer());
    let mut reply = Reply::from(page);
    // It may show a secret: not even the browser's own cache keeps it.
    reply.headers_mut().remove(CACHE_CONTROL);
    Ok(reply)
}

pub(super) async fn create(visit: &Visit<'_>, place: &PlaceView, form: &Form) -> Result<Reply, ServiceError> {
    let values = Values {
        name: form.text("name").to_owned(),
        username: form.text("username").trim().to_owned(),
        expires_at: form.text("expires_at").to_owned(),
        scopes: form.all("scopes").filter_map(DeployScope::from_name).collect(),
    };
    let refused = match issue(visit, place, &values, form).await {
        Ok(Issued { token, secret }) => {
            tracing::info!(token = token.id.0, by = visit.caller().label(), "created a deploy token");
            let username = match &token.owner {
                TokenOwner::Deploy { username, .. } => username.as_str(),
                TokenOwner::Personal { .. } => "",
            };
            let text = format!(
                "The deploy token “{}” was created; its user name is {username}. Copy it now: it is not shown again.",
                token.name
            );
            visit.say(Flash::done(text).with_secret("Your new deploy token", secret));
            return Ok(Visit::lead_to(&here(place)));
        }
        Err(refused) => complaints::told("new", FIELDS, refused)?,
    };
    Ok(error::restated(&refused.error, page(visit, place, &values, Some(&refused.complaint))?))
}

async fn issue(
    visit: &Visit<'_>,
    place: &PlaceView,
    values: &Values,
    form: &Form,
) -> Result<Issued, ServiceError> {
    let beginning = |day: jiff::civil::Date| {
        let at = TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight()));
        at.map_err(|_out_of_range| ServiceError::Unprocessable("expires_at is out of range".to_owned()))
    };
    let new = NewDeployToken {
        name: values.name.clone(),
        username: Some(values.username.clone()),
        scopes: values.scopes.clone(),
        expires_at: day(form)?.map(beginning).transpose()?,
    };
    visit.registry().create_deploy_token(visit.caller(), named(place), new).await
}

pub(super) async fn revoke(visit: &Visit<'_>, place: &PlaceView, id: u64) -> Result<Reply, ServiceError> {
    visit.registry().delete_deploy_token(visit.caller(), named(place), TokenId(id)).await?;
    tracing::info!(token = id, by = visit.caller().label(), "revoked a deploy token");
    Ok(done(visit, &here(place), "The deploy token was revoked."))
}

fn here(place: &PlaceView) -> String {
    format!("{}/deploy_tokens", settings_path(place))
}
