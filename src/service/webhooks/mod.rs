//! Webhooks of projects: managed by maintainers, queued with the change they tell of, sent in the background.

mod events;
mod request;
mod sending;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

pub(super) use events::{package_changed, project_changed};
pub use request::HookRequest;
pub use sending::{SEND_TIMEOUT, SendHook, Sending};

use super::access::{Caller, project_for};
use super::audit::Deed;
use super::{Registry, ServiceError, clock, input};
use crate::domain::access::ProjectAction;
use crate::domain::audit::{Action, Changes, Named};
use crate::domain::identity::Project;
use crate::domain::webhook::{Delivery, HookSecret, HookUrl, Subscriptions, Webhook};
use crate::domain::{HookId, ProjectId};
use crate::store::{Change, Reader, webhooks};

/// Webhooks of one project at most: each is queued for in the transaction of the change it tells of.
const MAX_OF_PROJECT: usize = 20;
/// How long a webhook waits before it is sent again for the first time, unless the configuration says otherwise.
pub const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// A webhook to be added.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where it goes.
    pub url: HookUrl,
    /// Its name for people.
    pub name: Option<String>,
    /// What requests are signed with; made up when it does not say.
    pub secret: Option<HookSecret>,
    /// What it is told of.
    pub events: Subscriptions,
}

/// A webhook that was added.
#[derive(Debug)]
pub struct AddedWebhook {
    /// The webhook as stored.
    pub hook: Webhook,
    /// Its secret, where that was made up: it is not shown again.
    pub made_up: Option<SecretString>,
}

/// What to change of a webhook; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// Where it goes.
    pub url: Option<HookUrl>,
    /// Its name for people.
    pub name: Option<String>,
    /// What requests are signed with.
    pub secret: Option<HookSecret>,
    /// Whether it is told of packages.
    pub packages: Option<bool>,
    /// Whether it is told of settings.
    pub settings: Option<bool>,
}

impl Registry {
    /// The webhooks of a project. For maintainers.
    pub fn webhooks(&self, caller: &Caller, project: &str) -> Result<Vec<Webhook>, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let project = inspected(snapshot, caller, project, now)?;
            Ok(webhooks::in_project(snapshot, project.id)?)
        })
    }

    /// One of them.
    pub fn webhook(&self, caller: &Caller, project: &str, id: HookId) -> Result<Webhook, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let project = inspected(snapshot, caller, project, now)?;
            webhook_of(snapshot, project.id, id)
        })
    }

    /// What it told last and has to tell: the newest that wait, then the finished, newest first. For maintainers.
    pub fn webhook_deliveries(
        &self,
        caller: &Caller,
        project: &str,
        id: HookId,
    ) -> Result<Vec<Delivery>, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let project = inspected(snapshot, caller, project, now)?;
            let hook = webhook_of(snapshot, project.id, id)?;
            Ok(webhooks::recent(snapshot, hook.id)?)
        })
    }

    /// Adds a webhook. For maintainers.
    pub async fn add_webhook(
        &self,
        caller: &Caller,
        project: &str,
        new: NewWebhook,
    ) -> Result<AddedWebhook, ServiceError> {
        let now = self.now();
        self.store()
            .read(|snapshot| project_for(snapshot, caller, project, ProjectAction::Administer, now))?;
        let name = hook_name(new.name.as_deref())?;
        let (secret, made_up) = match new.secret {
            Some(secret) => (secret, None),
            None => {
                let secret = HookSecret::from_key(&clock::random_bits()?);
                let shown = SecretString::from(secret.reveal());
                (secret, Some(shown))
            }
        };
        let (scribe, caller, project) = (self.scribe(caller), caller.clone(), project.to_owned());
        let hook = self.store().write(move |change| {
            let project = project_for(change, &caller, &project, ProjectAction::Administer, now)?;
            if webhooks::in_project(change, project.id)?.len() >= MAX_OF_PROJECT {
                return Err(ServiceError::Invalid(format!(
                    "the project has {MAX_OF_PROJECT} webhooks, which is the most: remove one first"
                )));
            }
            let hook = Webhook {
                id: HookId(change.next_number("webhook")?),
                project: project.id,
                url: new.url,
                name,
                secret,
                events: new.events,
                created_by: caller.user().map(|user| user.id),
                created_at: now,
                failing_since: None,
                disabled: None,
            };
            webhooks::put(change, &hook)?;
            let deed = Deed::new(Action::WebhookAdded, Named::webhook(&hook));
            scribe.note(change, deed.of(Named::project(&project)))?;
            Ok(hook)
        });
        Ok(AddedWebhook { hook: hook.await?, made_up })
    }

    /// Changes a webhook, and switches it on again where it was switched off for failing. For maintainers.
    pub async fn update_webhook(
        &self,
        caller: &Caller,
        project: &str,
        id: HookId,
        wanted: WebhookChange,
    ) -> Result<Webhook, ServiceError> {
        let now = self.now();
        let name = wanted.name.as_deref().map(|name| hook_name(Some(name))).transpose()?;
        self.change_webhook(
            caller,
            (project, id),
            Action::WebhookChanged,
            move |change, _, _, mut hook| {
                // Paths and secrets are not told, only that there are others now.
                let (same, other) = ("as before".to_owned(), "another".to_owned());
                let word = |changed: bool| if changed { other.clone() } else { same.clone() };
                let url = wanted.url.as_ref().is_some_and(|url| *url != hook.url);
                let host = wanted.url.as_ref().map_or_else(|| hook.url.host(), HookUrl::host);
                let changes = Changes::default()
                    .of("host", &hook.url.host(), &host)
                    .of("url", &same, &word(url))
                    .of("secret", &same, &word(wanted.secret.is_some()));
                hook.url = wanted.url.unwrap_or(hook.url);
                hook.name = name.unwrap_or(hook.name);
                hook.secret = wanted.secret.unwrap_or(hook.secret);
                hook.events.packages = wanted.packages.unwrap_or(hook.events.packages);
                hook.events.settings = wanted.settings.unwrap_or(hook.events.settings);
                (hook.failing_since, hook.disabled) = (None, None);
                webhooks::put(change, &hook)?;
                Ok((hook, changes))
            },
            now,
        )
        .await
    }

    /// Removes a webhook with what it had to tell. For maintainers.
    pub async fn remove_webhook(
        &self,
        caller: &Caller,
        project: &str,
        id: HookId,
    ) -> Result<(), ServiceError> {
        let now = self.now();
        let remove = |change: &mut Change<'_>, _: &Caller, _: &Project, hook: Webhook| {
            webhooks::remove(change, &hook)?;
            Ok(((), Changes::default()))
        };
        self.change_webhook(caller, (project, id), Action::WebhookRemoved, remove, now).await
    }

    /// Queues an event that says nothing but that it is a test, also for a webhook that is switched off. It is sent once;
    /// when the receiver takes it, the webhook is switched on again. For maintainers.
    pub async fn test_webhook(&self, caller: &Caller, project: &str, id: HookId) -> Result<(), ServiceError> {
        let now = self.now();
        let test = move |change: &mut Change<'_>, caller: &Caller, project: &Project, hook: Webhook| {
            events::test(change, caller, project, &hook, now)?;
            Ok(((), Changes::default()))
        };
        self.change_webhook(caller, (project, id), Action::WebhookTested, test, now).await
    }

    async fn change_webhook<T: Send + 'static>(
        &self,
        caller: &Caller,
        (project, id): (&str, HookId),
        action: Action,
        work: impl FnOnce(&mut Change<'_>, &Caller, &Project, Webhook) -> Result<(T, Changes), ServiceError>
        + Send
        + 'static,
        now: Timestamp,
    ) -> Result<T, ServiceError> {
        let (scribe, caller, project) = (self.scribe(caller), caller.clone(), project.to_owned());
        self.store()
            .write(move |change| {
                let project = project_for(change, &caller, &project, ProjectAction::Administer, now)?;
                let hook = webhook_of(change, project.id, id)?;
                let named = Named::webhook(&hook);
                let (done, changes) = work(change, &caller, &project, hook)?;
                let deed = Deed::new(action, named).of(Named::project(&project)).changing(changes);
                scribe.note(change, deed)?;
                Ok(done)
            })
            .await
    }
}

fn inspected(
    reader: &impl Reader,
    caller: &Caller,
    project: &str,
    now: Timestamp,
) -> Result<Project, ServiceError> {
    project_for(reader, caller, project, ProjectAction::Inspect, now)
}

fn webhook_of(reader: &impl Reader, project: ProjectId, id: HookId) -> Result<Webhook, ServiceError> {
    let found = webhooks::webhook(reader, id)?.filter(|hook| hook.project == project);
    found.ok_or(ServiceError::NotFound("Webhook"))
}

/// A name may be left out, unlike others.
fn hook_name(text: Option<&str>) -> Result<String, ServiceError> {
    match text.map(str::trim) {
        None | Some("") => Ok(String::new()),
        Some(text) => input::name("name", text),
    }
}
