//! Webhooks over the API, in GitLab's shapes.

use hyper::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::fields::Fields;
use super::paging::Page;
use super::{Verb, number, shapes};
use crate::domain::HookId;
use crate::domain::webhook::{Delivery, EventKind, Subscriptions, Webhook};
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, empty, json};
use crate::service::ServiceError;
use crate::service::error::BadCredential;
use crate::service::members::Place;
use crate::service::webhooks::{NewWebhook, WebhookChange};

/// Events of GitLab that do not happen here: always off, so that its clients find what they look for.
pub const ABSENT_EVENTS: [&str; 10] = [
    "push_events",
    "tag_push_events",
    "issues_events",
    "confidential_issues_events",
    "merge_requests_events",
    "note_events",
    "job_events",
    "pipeline_events",
    "wiki_page_events",
    "releases_events",
];

/// Webhooks of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hooks<'a> {
    /// All of them.
    List,
    /// One of them.
    One(&'a str),
    /// What it told last.
    Events(&'a str),
    /// Has it tell something.
    Test(&'a str, &'a str),
}

impl<'a> Hooks<'a> {
    /// The part that the segments after the project name.
    pub fn parse(segments: &[&'a str]) -> Option<Self> {
        Some(match *segments {
            ["hooks"] => Self::List,
            ["hooks", id] => Self::One(id),
            ["hooks", id, "events"] => Self::Events(id),
            ["hooks", id, "test", trigger] => Self::Test(id, trigger),
            _ => return None,
        })
    }

    /// The path with its variable parts named.
    pub const fn pattern(&self) -> &'static str {
        match self {
            Self::List => "/api/v4/projects/:id/hooks",
            Self::One(_) => "/api/v4/projects/:id/hooks/:hook_id",
            Self::Events(_) => "/api/v4/projects/:id/hooks/:hook_id/events",
            Self::Test(..) => "/api/v4/projects/:id/hooks/:hook_id/test/:trigger",
        }
    }

    /// The methods it answers, besides `HEAD`.
    pub const fn methods(&self) -> &'static [Method] {
        match self {
            Self::List => &[Method::GET, Method::POST],
            Self::One(_) => &[Method::GET, Method::PUT, Method::DELETE],
            Self::Events(_) => &[Method::GET],
            Self::Test(..) => &[Method::POST],
        }
    }
}

/// Answers a request about the webhooks of a project.
pub(super) async fn handle(
    context: &Context<'_>,
    project: &str,
    part: Hooks<'_>,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let verb = Verb::of(&context.head.method);
    if verb != Verb::Get {
        if context.caller.is_anonymous() {
            return Err(ServiceError::Unauthenticated(BadCredential::Missing));
        }
        // Who may not change them is told so before anything is said about the request.
        context.registry().require_manager(&context.caller, &Place::Project(project.to_owned()))?;
    }
    match part {
        Hooks::List if verb == Verb::Post => add(context, project, body).await,
        Hooks::List => list(context, project),
        Hooks::One(id) => one(context, project, id, verb, body).await,
        Hooks::Events(id) => events(context, project, id),
        Hooks::Test(id, trigger) => test(context, project, id, trigger).await,
    }
}

fn list(context: &Context<'_>, project: &str) -> Result<Reply, ServiceError> {
    let listed = context.registry().webhooks(&context.caller, project)?;
    let page = Page::from_query(context)?;
    let rows = page.slice(&listed).iter().map(shape).collect();
    Ok(page.reply(context, rows, listed.len()))
}

async fn add(context: &Context<'_>, project: &str, body: &mut RequestBody) -> Result<Reply, ServiceError> {
    let fields = Fields::read(context, body).await?;
    check_verification(&fields)?;
    let new = NewWebhook {
        url: fields.required("url")?,
        name: fields.text("name")?,
        secret: fields.parsed("token")?,
        events: Subscriptions {
            packages: fields.boolean("package_events")?.unwrap_or(true),
            settings: fields.boolean("project_events")?.unwrap_or(true),
        },
    };
    let added = context.registry().add_webhook(&context.caller, project, new).await?;
    tracing::info!(hook = added.hook.id.0, project, by = context.caller.label(), "added a webhook");
    // Only what was made up here: whoever sent a secret knows it.
    let secret = added.made_up.map_or(json!({}), |secret| json!({ "token": secret.expose_secret() }));
    Ok(json(StatusCode::CREATED, &shapes::with(shape(&added.hook), secret)))
}

async fn one(
    context: &Context<'_>,
    project: &str,
    id: &str,
    verb: Verb,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    let hook = HookId(number("hook_id", id)?);
    match verb {
        Verb::Delete => {
            registry.remove_webhook(caller, project, hook).await?;
            tracing::info!(hook = hook.0, project, by = caller.label(), "removed a webhook");
            Ok(empty(StatusCode::NO_CONTENT))
        }
        Verb::Put => {
            let fields = Fields::read(context, body).await?;
            check_verification(&fields)?;
            let wanted = WebhookChange {
                url: fields.parsed("url")?,
                name: fields.text("name")?,
                secret: fields.parsed("token")?,
                packages: fields.boolean("package_events")?,
                settings: fields.boolean("project_events")?,
            };
            let changed = registry.update_webhook(caller, project, hook, wanted).await?;
            tracing::info!(hook = hook.0, project, by = caller.label(), "changed a webhook");
            Ok(json(StatusCode::OK, &shape(&changed)))
        }
        Verb::Get | Verb::Post => Ok(json(StatusCode::OK, &shape(&registry.webhook(caller, project, hook)?))),
    }
}

fn events(context: &Context<'_>, project: &str, id: &str) -> Result<Reply, ServiceError> {
    let hook = HookId(number("hook_id", id)?);
    let listed = context.registry().webhook_deliveries(&context.caller, project, hook)?;
    let page = Page::from_query(context)?;
    let rows = page.slice(&listed).iter().map(event_shape).collect();
    Ok(page.reply(context, rows, listed.len()))
}

async fn test(context: &Context<'_>, project: &str, id: &str, trigger: &str) -> Result<Reply, ServiceError> {
    let hook = HookId(number("hook_id", id)?);
    if !["package_events", "project_events"].contains(&trigger) {
        return Err(ServiceError::Invalid(
            "trigger does not have a valid value: package_events or project_events".to_owned(),
        ));
    }
    context.registry().test_webhook(&context.caller, project, hook).await?;
    Ok(json(StatusCode::CREATED, &json!({ "message": "201 Created" })))
}

/// What is sent where nobody checked who listens would reach whoever is on the way.
fn check_verification(fields: &Fields) -> Result<(), ServiceError> {
    match fields.boolean("enable_ssl_verification")? {
        Some(false) => Err(ServiceError::Invalid(
            "enable_ssl_verification cannot be switched off: have the server trust the receiver's authority (SSL_CERT_FILE)"
                .to_owned(),
        )),
        Some(true) | None => Ok(()),
    }
}

fn shape(hook: &Webhook) -> Value {
    let mut shape = json!({
        "id": hook.id,
        "project_id": hook.project,
        "url": hook.url.as_str(),
        "name": hook.name,
        "created_at": shapes::time(hook.created_at),
        "package_events": hook.events.packages,
        "project_events": hook.events.settings,
        "enable_ssl_verification": true,
        "alert_status": if hook.disabled.is_some() { "disabled" } else { "executable" },
        "disabled_until": null,
        "disabled_reason": hook.disabled,
        "failing_since": hook.failing_since.map(shapes::time),
    });
    if let Value::Object(fields) = &mut shape {
        fields.extend(ABSENT_EVENTS.map(|name| (name.to_owned(), Value::Bool(false))));
    }
    shape
}

fn event_shape(delivery: &Delivery) -> Value {
    let last = delivery.last.as_ref();
    json!({
        "id": delivery.id,
        "trigger": trigger(delivery.kind),
        "event": delivery.kind.as_str(),
        "delivery": delivery.message,
        "state": delivery.state.as_str(),
        "attempts": delivery.attempts,
        "created_at": shapes::time(delivery.created_at),
        "last_attempt_at": last.map(|attempt| shapes::time(attempt.at)),
        "next_attempt_at": (delivery.state.as_str() == "waiting").then(|| shapes::time(delivery.due_at)),
        "response_status": last.and_then(|attempt| attempt.status),
        "error": last.and_then(|attempt| attempt.error.as_deref()),
    })
}

const fn trigger(kind: EventKind) -> &'static str {
    match kind {
        EventKind::PackagePublished | EventKind::PackageDeleted | EventKind::PackageFileDeleted => {
            "package_events"
        }
        EventKind::ProjectChanged => "project_events",
        EventKind::Test => "test",
    }
}
