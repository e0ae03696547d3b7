//! The general settings of a group.

use super::{done, named, told, typed};
use crate::domain::identity::Group;
use crate::http::error;
use crate::http::pages::complaints::{confirmed, ticked, visibility};
use crate::http::pages::forms::Form;
use crate::http::pages::{Visit, nothing_here};
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::groups::GroupChange;
use crate::service::places::PlaceView;
use crate::web::Page;
use crate::web::forms::Complaint;
use crate::web::settings::group::{General, Values};
use crate::web::settings::{Basics, settings_path};

pub(super) async fn show(visit: &Visit<'_>, place: &PlaceView) -> Result<Reply, ServiceError> {
    let group = visit.registry().group(visit.caller(), place.path.as_str())?;
    Ok(page(visit, place, &stored(&group), None).await?.into())
}

fn stored(group: &Group) -> Values {
    Values {
        basics: Basics {
            name: group.name.clone(),
            description: group.description.clone(),
            path: group.path.name().to_owned(),
            confirmation: String::new(),
        },
        visibility: group.visibility,
        duplicates_allowed: group.duplicates.allowed,
        exception_regex: group.duplicates.exception_regex.clone(),
    }
}

async fn page(
    visit: &Visit<'_>,
    place: &PlaceView,
    values: &Values,
    complaint: Option<&Complaint>,
) -> Result<Page, ServiceError> {
    let holdings = Some(visit.registry().holdings(visit.caller(), named(place)).await?);
    Ok(General { place, values, holdings, complaint }.page(&visit.viewer()))
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
    let mut values = stored(&visit.registry().group(visit.caller(), place.path.as_str())?);
    typed(&mut values.basics, section, form);
    match section {
        "permissions" => values.visibility = visibility(form, "visibility").unwrap_or(values.visibility),
        "duplicates" => {
            values.duplicates_allowed = ticked(form, "duplicates_allowed");
            form.text("exception_regex").clone_into(&mut values.exception_regex);
        }
        _ => {}
    }
    let page = page(visit, place, &values, Some(&refused.complaint)).await?;
    Ok(error::page(&refused.error, page))
}

async fn change(
    visit: &Visit<'_>,
    place: &PlaceView,
    section: &str,
    form: &Form,
) -> Result<Reply, ServiceError> {
    let text = |name| Some(form.text(name).to_owned());
    let wanted = match section {
        "general" => GroupChange {
            name: text("name"),
            description: Some(super::lines(form, "description")),
            ..GroupChange::default()
        },
        "permissions" => {
            GroupChange { visibility: Some(visibility(form, "visibility")?), ..GroupChange::default() }
        }
        "duplicates" => GroupChange {
            duplicates_allowed: Some(ticked(form, "duplicates_allowed")),
            exception_regex: text("exception_regex"),
            ..GroupChange::default()
        },
        "path" => GroupChange { path: text("path"), ..GroupChange::default() },
        _ => return Err(nothing_here(visit)),
    };
    let changed = visit.registry().update_group(visit.caller(), place.path.as_str(), wanted).await?;
    let here = PlaceView { path: changed.path, ..place.clone() };
    let message = match section {
        "path" => format!("The group is called {} now.", here.path),
        _ => "The settings were saved.".to_owned(),
    };
    Ok(done(visit, &settings_path(&here), message))
}

async fn delete(visit: &Visit<'_>, place: &PlaceView, form: &Form) -> Result<Reply, ServiceError> {
    confirmed(form, place.path.as_str())?;
    visit.registry().delete_group(visit.caller(), place.path.as_str()).await?;
    tracing::info!(group = %place.path, by = visit.caller().label(), "deleted a group");
    let above = place.path.parent().map(|parent| format!("/{parent}"));
    Ok(done(visit, above.as_deref().unwrap_or("/"), format!("The group {} was deleted.", place.path)))
}
