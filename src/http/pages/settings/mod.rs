//! The settings of groups and projects: who may see them, and which form is for whom.

mod deploy_tokens;
mod group;
mod members;
mod project;
mod webhooks;

use super::complaints::{self, Refused};
use super::forms::Form;
use super::{Visit, nothing_here};
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::members::{End, Place};
use crate::service::places::PlaceView;
use crate::web::frame::Flash;
use crate::web::settings::{Basics, settings_path};

/// What a URL names: a group below `/groups/`, or a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Group,
    Project,
}

/// The forms of the general page. Each is sent to a path of its own, which is its section's id.
const FORMS: &[&str] = &["general", "permissions", "duplicates", "path", "delete"];

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
    match (section, kind) {
        (None, Kind::Project) => project::show(visit, &place).await,
        (None, Kind::Group) => group::show(visit, &place).await,
        (Some("members"), _) => members::show(visit, &place),
        (Some("deploy_tokens"), _) => deploy_tokens::show(visit, &place),
        (Some("webhooks"), Kind::Project) => webhooks::show(visit, &place),
        // After a refused form its address is this one, and may be loaded again.
        (Some(form), _) if FORMS.contains(&form) => Ok(Visit::lead_to(&settings_path(&place))),
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
    match (section, kind) {
        ("members", _) => members::add(visit, &place, form).await,
        ("deploy_tokens", _) => deploy_tokens::create(visit, &place, form).await,
        ("webhooks", Kind::Project) => webhooks::add(visit, &place, form).await,
        (_, Kind::Project) => project::save(visit, &place, section, form).await,
        (_, Kind::Group) => group::save(visit, &place, section, form).await,
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

/// What is typed into the form `section` in the place of what is stored.
fn typed(basics: &mut Basics, section: &str, form: &Form) {
    let text = |name| form.text(name).to_owned();
    match section {
        "general" => (basics.name, basics.description) = (text("name"), lines(form, "description")),
        "path" => basics.path = text("path"),
        "delete" => basics.confirmation = text("confirmation"),
        _ => {}
    }
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

/// What was wrong with a form of the general page.
fn told(section: &str, error: ServiceError) -> Result<Refused, ServiceError> {
    let form = FORMS.iter().copied().find(|form| *form == section).unwrap_or_default();
    let fields = [
        ("name", "name"),
        ("description", "description"),
        ("visibility", "visibility"),
        ("registry", "registry"),
        ("path", "path"),
        ("terraform_module_duplicate_exception_regex", "exception_regex"),
        ("confirmation", "confirmation"),
    ];
    complaints::told(form, &fields, error)
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
