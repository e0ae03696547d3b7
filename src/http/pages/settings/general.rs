//! The general settings of a group or project: shown, and its forms taken. What only one of them has is in
//! [`super::group`] and [`super::project`].

use super::{done, group, lines, named, project};
use crate::http::error;
use crate::http::pages::Visit;
use crate::http::pages::complaints::{self, Refused, confirmed, visibility};
use crate::http::pages::forms::Form;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::places::PlaceView;
use crate::web::Page;
use crate::web::forms::Complaint;
use crate::web::settings::general::{Basics, General};
use crate::web::settings::{kind, settings_path};

/// The forms of the general page. Each is sent to a path of its own, which is its section's id.
pub(super) const FORMS: &[&str] = &["general", "permissions", "duplicates", "path", "delete"];

/// A form that was sent and refused. What was typed stays in it.
pub(super) struct Sent<'a> {
    /// Which: its section's id.
    pub(super) section: &'a str,
    /// Its fields.
    pub(super) form: &'a Form,
    /// What was wrong with them.
    complaint: &'a Complaint,
}

/// The page.
pub(super) async fn show(visit: &Visit<'_>, place: &PlaceView) -> Result<Reply, ServiceError> {
    Ok(page(visit, place, None).await?.into())
}

async fn page(visit: &Visit<'_>, place: &PlaceView, sent: Option<&Sent<'_>>) -> Result<Page, ServiceError> {
    // Who may change a place may not always delete it.
    let holdings = match visit.registry().holdings(visit.caller(), named(place)).await {
        Ok(holdings) => Some(holdings),
        Err(ServiceError::Refused { .. }) => None,
        Err(other) => return Err(other),
    };
    let (mut basics, own) = if place.is_project() {
        project::held(visit, place, sent)?
    } else {
        group::held(visit, place, sent)?
    };
    if let Some(sent) = sent {
        basics.take(sent.section, sent.form);
    }
    let complaint = sent.map(|sent| sent.complaint);
    Ok(General { place, basics: &basics, own: &own, holdings, complaint }.page(&visit.viewer()))
}

impl Basics {
    /// Puts what was typed into a form in the place of what is stored.
    fn take(&mut self, section: &str, form: &Form) {
        let text = |name| form.text(name).to_owned();
        match section {
            "general" => (self.name, self.description) = (text("name"), lines(form, "description")),
            "permissions" => self.visibility = visibility(form, "visibility").unwrap_or(self.visibility),
            "path" => self.path = text("path"),
            "delete" => self.confirmation = text("confirmation"),
            _ => {}
        }
    }
}

/// Takes one of the forms.
pub(super) async fn save(
    visit: &Visit<'_>,
    place: &PlaceView,
    section: &str,
    form: &Form,
) -> Result<Reply, ServiceError> {
    let outcome = match section {
        "delete" => delete(visit, place, form).await,
        _ => change(visit, place, section, form).await,
    };
    let refused = match outcome {
        Ok(reply) => return Ok(reply),
        Err(refused) => told(section, refused)?,
    };
    let sent = Sent { section, form, complaint: &refused.complaint };
    Ok(error::page(&refused.error, page(visit, place, Some(&sent)).await?))
}

async fn change(
    visit: &Visit<'_>,
    place: &PlaceView,
    section: &str,
    form: &Form,
) -> Result<Reply, ServiceError> {
    let path = if place.is_project() {
        project::change(visit, place, section, form).await?
    } else {
        group::change(visit, place, section, form).await?
    };
    let here = PlaceView { path, ..place.clone() };
    let message = match section {
        "path" => format!("The {} is called {} now.", kind(place), here.path),
        _ => "The settings were saved.".to_owned(),
    };
    Ok(done(visit, &settings_path(&here), message))
}

async fn delete(visit: &Visit<'_>, place: &PlaceView, form: &Form) -> Result<Reply, ServiceError> {
    let (path, kind) = (place.path.as_str(), kind(place));
    confirmed(form, path)?;
    if place.is_project() {
        visit.registry().delete_project(visit.caller(), path).await?;
    } else {
        visit.registry().delete_group(visit.caller(), path).await?;
    }
    tracing::info!(kind, path, by = visit.caller().label(), "deleted a group or project");
    let above = place.path.parent().map(|parent| format!("/{parent}"));
    Ok(done(visit, above.as_deref().unwrap_or("/"), format!("The {kind} {path} was deleted.")))
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
