//! The webhooks of a project: listed with what they told last, added, tested, removed.

use hyper::header::CACHE_CONTROL;

use super::done;
use crate::domain::HookId;
use crate::domain::webhook::{HookSecret, HookUrl, Subscriptions};
use crate::http::error;
use crate::http::pages::complaints::{self, ticked};
use crate::http::pages::forms::Form;
use crate::http::pages::{Visit, nothing_here};
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::places::PlaceView;
use crate::service::webhooks::{AddedWebhook, NewWebhook, WebhookChange};
use crate::web::forms::Complaint;
use crate::web::frame::Flash;
use crate::web::settings::settings_path;
use crate::web::settings::webhooks::{Row, Values, Webhooks};

/// The words that messages about fields begin with, and the fields.
const FIELDS: &[(&str, &str)] = &[("url", "url"), ("name", "name"), ("token", "token")];

pub(super) fn show(visit: &Visit<'_>, place: &PlaceView) -> Result<Reply, ServiceError> {
    page(visit, place, &Values { packages: true, settings: true, ..Values::default() }, None)
}

fn page(
    visit: &Visit<'_>,
    place: &PlaceView,
    values: &Values,
    complaint: Option<&Complaint>,
) -> Result<Reply, ServiceError> {
    let (registry, caller, project) = (visit.registry(), visit.caller(), place.path.as_str());
    let row = |hook: crate::domain::webhook::Webhook| {
        let deliveries = registry.webhook_deliveries(caller, project, hook.id)?;
        Ok(Row { hook, deliveries })
    };
    let rows = registry.webhooks(caller, project)?.into_iter().map(row);
    let rows = rows.collect::<Result<Vec<Row>, ServiceError>>()?;
    let mut reply = Reply::from(Webhooks { place, rows: &rows, values, complaint }.page(&visit.viewer()));
    // It may show a secret: not even the browser's own cache keeps it.
    reply.headers_mut().remove(CACHE_CONTROL);
    Ok(reply)
}

pub(super) async fn add(visit: &Visit<'_>, place: &PlaceView, form: &Form) -> Result<Reply, ServiceError> {
    let values = Values {
        name: form.text("name").to_owned(),
        url: form.text("url").trim().to_owned(),
        packages: ticked(form, "packages"),
        settings: ticked(form, "settings"),
    };
    let refused = match create(visit, place, &values, form.text("token").trim()).await {
        Ok(AddedWebhook { hook, made_up }) => {
            tracing::info!(hook = hook.id.0, project = %place.path, by = visit.caller().label(), "added a webhook");
            let added = format!("The webhook to {} was added.", hook.url.host());
            visit.say(match made_up {
                Some(secret) => Flash::done(format!("{added} Copy its secret now: it is not shown again."))
                    .with_secret("The secret its requests are signed with", secret),
                None => Flash::done(added),
            });
            return Ok(Visit::lead_to(&here(place)));
        }
        Err(refused) => complaints::told("new", FIELDS, refused)?,
    };
    Ok(error::restated(&refused.error, page(visit, place, &values, Some(&refused.complaint))?))
}

async fn create(
    visit: &Visit<'_>,
    place: &PlaceView,
    values: &Values,
    secret: &str,
) -> Result<AddedWebhook, ServiceError> {
    let new = NewWebhook {
        url: parsed::<HookUrl>("url", &values.url)?,
        name: Some(values.name.clone()),
        secret: (!secret.is_empty()).then(|| parsed::<HookSecret>("token", secret)).transpose()?,
        events: Subscriptions { packages: values.packages, settings: values.settings },
    };
    visit.registry().add_webhook(visit.caller(), place.path.as_str(), new).await
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(field: &str, text: &str) -> Result<T, ServiceError> {
    text.parse().map_err(|error| ServiceError::Unprocessable(format!("{field} {error}")))
}

/// One of the buttons of a webhook.
pub(super) async fn act(
    visit: &Visit<'_>,
    place: &PlaceView,
    id: u64,
    action: &str,
) -> Result<Reply, ServiceError> {
    let (registry, caller, project) = (visit.registry(), visit.caller(), place.path.as_str());
    let hook = HookId(id);
    let said = match action {
        "remove" => {
            registry.remove_webhook(caller, project, hook).await?;
            "The webhook was removed."
        }
        "test" => {
            registry.test_webhook(caller, project, hook).await?;
            "A test is on its way. Load this page again to see how it ended."
        }
        "enable" => {
            registry.update_webhook(caller, project, hook, WebhookChange::default()).await?;
            "The webhook is switched on again."
        }
        _ => return Err(nothing_here(visit)),
    };
    tracing::info!(hook = id, project = %place.path, action, by = caller.label(), "a webhook's form was sent");
    Ok(done(visit, &here(place), said))
}

fn here(place: &PlaceView) -> String {
    format!("{}/webhooks", settings_path(place))
}
