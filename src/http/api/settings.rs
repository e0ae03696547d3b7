//! Settings and limits of the instance, and its version, over the API.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::Verb;
use super::fields::Fields;
use crate::domain::identity::InstanceSettings;
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, json};
use crate::service::error::BadCredential;
use crate::service::settings::SettingsChange;
use crate::service::{Caller, ServiceError};

/// The commit this was built from, when the build said (`CAIRN_REVISION`); else the version.
const REVISION: &str = match option_env!("CAIRN_REVISION") {
    Some(revision) if !revision.is_empty() => revision,
    _ => env!("CARGO_PKG_VERSION"),
};

/// `GET` and `PUT /application/settings`.
pub(super) async fn settings(
    context: &Context<'_>,
    verb: Verb,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    if verb != Verb::Put {
        return Ok(json(StatusCode::OK, &settings_json(&registry.settings_for(caller)?)));
    }
    registry.require_administrator(caller)?;
    let fields = Fields::read(context, body).await?;
    let wanted = SettingsChange {
        registry_enabled: fields.boolean("packages_enabled")?,
        allow_anyone_to_pull: fields.boolean("package_registry_allow_anyone_to_pull_option")?,
        default_project_visibility: fields.visibility("default_project_visibility")?,
        default_group_visibility: fields.visibility("default_group_visibility")?,
        max_file_size: None,
    };
    let settings = registry.update_settings(caller, wanted).await?;
    tracing::info!(by = caller.label(), ?settings, "changed the settings");
    Ok(json(StatusCode::OK, &settings_json(&settings)))
}

fn settings_json(settings: &InstanceSettings) -> Value {
    json!({
        "packages_enabled": settings.registry_enabled,
        "package_registry_allow_anyone_to_pull_option": settings.allow_anyone_to_pull,
        "default_project_visibility": settings.default_project_visibility.as_str(),
        "default_group_visibility": settings.default_group_visibility.as_str(),
    })
}

/// `GET` and `PUT /application/plan_limits`. There is one plan.
pub(super) async fn plan_limits(
    context: &Context<'_>,
    verb: Verb,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    let settings = if verb == Verb::Put {
        registry.require_administrator(caller)?;
        let fields = Fields::read(context, body).await?;
        let max_file_size = fields.number("terraform_module_max_file_size")?;
        registry
            .update_settings(caller, SettingsChange { max_file_size, ..SettingsChange::default() })
            .await?
    } else {
        registry.settings_for(caller)?
    };
    Ok(json(StatusCode::OK, &json!({ "terraform_module_max_file_size": settings.max_file_size })))
}

/// `GET /version`.
pub(super) fn version(context: &Context<'_>) -> Result<Reply, ServiceError> {
    require_credential(context)?;
    Ok(json(StatusCode::OK, &json!({ "version": env!("CARGO_PKG_VERSION"), "revision": REVISION })))
}

/// `GET /metadata`.
pub(super) fn metadata(context: &Context<'_>) -> Result<Reply, ServiceError> {
    require_credential(context)?;
    Ok(json(
        StatusCode::OK,
        &json!({
            "version": env!("CARGO_PKG_VERSION"),
            "revision": REVISION,
            "kas": { "enabled": false, "externalUrl": null, "externalK8sProxyUrl": null, "version": null },
            "enterprise": false,
        }),
    ))
}

/// GitLab tells its version to anyone it knows and to nobody else.
fn require_credential(context: &Context<'_>) -> Result<(), ServiceError> {
    match context.caller {
        Caller::Anonymous => Err(ServiceError::Unauthenticated(BadCredential::Missing)),
        Caller::User { .. }
        | Caller::Deploy { .. }
        | Caller::Job { .. }
        | Caller::Workload(_)
        | Caller::Trusted(_)
        | Caller::Operator => Ok(()),
    }
}
