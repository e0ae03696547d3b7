//! What webhooks tell: an event becomes a queued delivery for each webhook that wants it, in the transaction of the change.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::event::PackageAction;
use crate::domain::identity::Project;
use crate::domain::package::{Package, Publisher};
use crate::domain::provenance::Provenance;
use crate::domain::webhook::{Delivery, DeliveryState, EventKind, Webhook};
use crate::domain::{DeliveryId, Sha256};
use crate::service::actors::{Actor, actor};
use crate::service::provenance_json;
use crate::service::{Caller, ServiceError, clock};
use crate::store::{Change, Reader, StoreError, identity, webhooks};

/// Queues that a package was changed.
pub(in crate::service) fn package_changed(
    change: &mut Change<'_>,
    by: Publisher,
    package: &Package,
    (action, sha256): (PackageAction, Sha256),
    provenance: Option<&Provenance>,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let kind = match action {
        PackageAction::Published => EventKind::PackagePublished,
        PackageAction::Deleted => EventKind::PackageDeleted,
        PackageAction::FileDeleted => EventKind::PackageFileDeleted,
    };
    let hooks = webhooks::in_project(change, package.project)?;
    // Nearly no project has webhooks, and publishing is not to wait for what nobody reads.
    if hooks.is_empty() {
        return Ok(());
    }
    let Some(project) = identity::project(change, package.project)? else { return Ok(()) };
    let page = format!("/{}/-/infrastructure_registry/{}", project.path, package.id);
    let about = json!({
        "package": {
            "id": package.id,
            "name": package.name,
            "system": package.system,
            "version": package.version.to_string(),
            "sha256": sha256.to_hex(),
            "web_url": (action != PackageAction::Deleted).then_some(page),
        },
        "provenance": provenance.map(provenance_json::provenance),
    });
    queue(change, kind, (&project, &hooks), by, about, now)
}

/// Queues that settings of a project are others, if they are.
pub(in crate::service) fn project_changed(
    change: &mut Change<'_>,
    caller: &Caller,
    before: &Project,
    after: &Project,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let values = |project: &Project| {
        [
            ("name", project.name.clone()),
            ("path", project.path.to_string()),
            ("description", project.description.clone()),
            ("visibility", project.visibility.as_str().to_owned()),
            ("package_registry_access_level", project.registry.as_str().to_owned()),
        ]
    };
    let changes: Map<String, Value> = values(before)
        .into_iter()
        .zip(values(after))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((name, before), (_, after))| (name.to_owned(), json!({ "from": before, "to": after })))
        .collect();
    let hooks = webhooks::in_project(change, after.id)?;
    if changes.is_empty() || hooks.is_empty() {
        return Ok(());
    }
    let by = caller.publisher().unwrap_or(Publisher::Operator);
    queue(change, EventKind::ProjectChanged, (after, &hooks), by, json!({ "changes": changes }), now)
}

/// Queues a test for one webhook.
pub(super) fn test(
    change: &mut Change<'_>,
    caller: &Caller,
    project: &Project,
    hook: &Webhook,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let enabled = Webhook { disabled: None, ..hook.clone() };
    let by = caller.publisher().unwrap_or(Publisher::Operator);
    queue(change, EventKind::Test, (project, &[enabled]), by, json!({}), now)
}

fn queue(
    change: &mut Change<'_>,
    kind: EventKind,
    (project, hooks): (&Project, &[Webhook]),
    by: Publisher,
    about: Value,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let mut body = json!({
        "event": kind.as_str(),
        "at": now.to_string(),
        "project": { "id": project.id, "path": project.path, "web_url": format!("/{}", project.path) },
        "actor": told_actor(change, by)?,
    });
    if let (Value::Object(body), Value::Object(about)) = (&mut body, about) {
        body.extend(about);
    }
    let body = body.to_string();
    for hook in hooks.iter().filter(|hook| hook.disabled.is_none() && hook.events.have(kind)) {
        if webhooks::count_waiting(change, hook.id)? >= webhooks::MAX_WAITING {
            tracing::warn!(
                hook = hook.id.0,
                event = kind.as_str(),
                "a webhook is not told: too much waits for it"
            );
            continue;
        }
        let random = clock::random_bits()?;
        let delivery = Delivery {
            id: DeliveryId(change.next_number("webhook_delivery")?),
            hook: hook.id,
            kind,
            message: format!("msg_{}", HEXLOWER.encode(random.first_chunk::<16>().unwrap_or(&[0; 16]))),
            body: body.clone(),
            created_at: now,
            due_at: now,
            state: DeliveryState::Waiting,
            attempts: 0,
            last: None,
        };
        webhooks::queue(change, &delivery)?;
    }
    Ok(())
}

fn told_actor(reader: &impl Reader, by: Publisher) -> Result<Value, StoreError> {
    let kind = match by {
        Publisher::User(..) | Publisher::Browser(_) => "user",
        Publisher::DeployToken(_) => "deploy_token",
        Publisher::Operator => "operator",
        Publisher::Job(..) => "ci_job",
        Publisher::Trusted(_) => "trusted_publisher",
    };
    let name = match actor(reader, by)? {
        Actor::User { username, .. } => Some(username),
        Actor::DeployToken { name } | Actor::TrustedPublisher { name } => Some(name),
        Actor::FormerUser | Actor::FormerDeployToken | Actor::FormerTrustedPublisher | Actor::CommandLine => {
            None
        }
    };
    Ok(json!({ "kind": kind, "name": name }))
}
