//! The settings of groups and projects: who may see them, and which form is for whom.

mod ci;
mod deploy_tokens;
mod general;
mod group;
mod members;
mod project;
mod webhooks;

use super::forms::Form;
use super::{Visit, nothing_here};
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::members::{End, Place};
use crate::service::places::PlaceView;
use crate::web::frame::Flash;
use crate::web::settings::settings_path;

/// What a URL names: a group below `/groups/`, or a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Group,
    Project,
}

/// `GET …/-/settings` and its sections.
pub(super) async fn show(
    visit: &Visit<'_>,
    kind: Kind,
    path: &str,
    section: Option<&str>,
) -> Result<Reply, ServiceError> {
    if kind == Kind::Project && section.is_none() {
        // Groups have their settings below `/groups/`: who looks for them here is led there.
        let found = visit.registry().place(visit.caller(), path)?;
        if !found.is_project() {
            return Ok(Visit::lead_to(&settings_path(&found)));
        }
    }
    let place = managed(visit, kind, path)?;
    match section {
        None => general::show(visit, &place).await,
        Some("members") => members::show(visit, &place),
        Some("deploy_tokens") => deploy_tokens::show(visit, &place),
        Some("ci") if place.is_project() => ci::show(visit, &place),
        Some(form) if place.is_project() && ci::FORMS.contains(&form) => {
            Ok(Visit::lead_to(&ci::here(&place)))
        }
        Some("webhooks") if place.is_project() => webhooks::show(visit, &place),
        // After a refused form its address is this one, and may be loaded again.
        Some(form) if general::FORMS.contains(&form) => Ok(Visit::lead_to(&settings_path(&place))),
        _ => Err(nothing_here(visit)),
    }
}

/// `POST …/-/settings/:section`.
pub(super) async fn send(
    visit: &Visit<'_>,
    kind: Kind,
    path: &str,
    section: &str,
    form: &Form,
) -> Result<Reply, ServiceError> {
    let place = managed(visit, kind, path)?;
    match section {
        "members" => members::add(visit, &place, form).await,
        "deploy_tokens" => deploy_tokens::create(visit, &place, form).await,
        "trusted_publishers" if place.is_project() => ci::add_publisher(visit, &place, form).await,
        "job_allowlist" if place.is_project() => ci::allow(visit, &place, form).await,
        "webhooks" if place.is_project() => webhooks::add(visit, &place, form).await,
        _ => general::save(visit, &place, section, form).await,
    }
}

/// `POST …/-/settings/:section/:id/:form`.
pub(super) async fn send_about(
    visit: &Visit<'_>,
    kind: Kind,
    path: &str,
    (section, id, action): (&str, &str, &str),
    form: &Form,
) -> Result<Reply, ServiceError> {
    let place = managed(visit, kind, path)?;
    let id: u64 = id.parse().map_err(|_not_a_number| nothing_here(visit))?;
    if section == "webhooks" && kind == Kind::Project {
        return webhooks::act(visit, &place, id, action).await;
    }
    match (section, action) {
        ("members", "change") => members::change(visit, &place, id, form).await,
        ("members", "remove") => members::remove(visit, &place, id).await,
        ("deploy_tokens", "revoke") => deploy_tokens::revoke(visit, &place, id).await,
        ("trusted_publishers", "remove") if place.is_project() => {
            ci::remove_publisher(visit, &place, id).await
        }
        ("job_allowlist", "remove") if place.is_project() => ci::disallow(visit, &place, id).await,
        _ => Err(nothing_here(visit)),
    }
}

/// The place, for who may change its settings.
fn managed(visit: &Visit<'_>, kind: Kind, path: &str) -> Result<PlaceView, ServiceError> {
    let (registry, caller) = (visit.registry(), visit.caller());
    let place = match kind {
        Kind::Group => registry.group_place(caller, path)?,
        Kind::Project => registry.project_place(caller, path)?,
    };
    registry.require_manager(caller, &named(&place))?;
    Ok(place)
}

/// The place as use cases take it.
fn named(place: &PlaceView) -> Place {
    let path = place.path.to_string();
    if place.is_project() { Place::Project(path) } else { Place::Group(path) }
}

/// A text of several lines. Browsers end them with CR LF.
pub(super) fn lines(form: &Form, name: &str) -> String {
    form.text(name).replace("\r\n", "\n")
}

/// Leads on after a form was taken, with a message.
fn done(visit: &Visit<'_>, path: &str, message: impl Into<String>) -> Reply {
    visit.say(Flash::done(message));
    Visit::lead_to(path)
}

/// The day in the field `expires_at`; none when it is empty.
fn end(form: &Form) -> Result<End, ServiceError> {
    Ok(day(form)?.map_or(End::Never, End::On))
}

fn day(form: &Form) -> Result<Option<jiff::civil::Date>, ServiceError> {
    match form.text("expires_at").trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_not_a_day| {
            ServiceError::Unprocessable("expires_at is not a day (2026-12-31)".to_owned())
        }),
    }
}
