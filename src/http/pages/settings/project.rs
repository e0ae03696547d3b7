//! The general settings of a project.

use super::{done, named, told, typed};
use crate::domain::RegistryAccess;
use crate::domain::identity::Project;
use crate::http::error;
use crate::http::pages::complaints::{confirmed, ticked, visibility};
use crate::http::pages::forms::Form;
use crate::http::pages::{Visit, nothing_here};
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::places::PlaceView;
use crate::service::projects::ProjectChange;
use crate::web::Page;
use crate::web::forms::Complaint;
use crate::web::settings::project::{General, Values};
use crate::web::settings::{Basics, settings_path};

pub(super) async fn show(visit: &Visit<'_>, place: &PlaceView) -> Result<Reply, ServiceError> {
    let project = visit.registry().project(visit.caller(), place.path.as_str())?.project;
    Ok(page(visit, place, &stored(&project), project.registry, None).await?.into())
}

fn stored(project: &Project) -> Values {
    let packages = project.registry != RegistryAccess::Disabled;
    Values {
        basics: Basics {
            name: project.name.clone(),
            description: project.description.clone(),
            path: project.path.name().to_owned(),
            confirmation: String::new(),
        },
        visibility: project.visibility,
        packages,
        registry: if packages { project.registry } else { RegistryAccess::Enabled },
    }
}

async fn page(
    visit: &Visit<'_>,
    place: &PlaceView,
    values: &Values,
    registry: RegistryAccess,
    complaint: Option<&Complaint>,
) -> Result<Page, ServiceError> {
    // Maintainers change a project, and may not delete it.
    let holdings = match visit.registry().holdings(visit.caller(), named(place)).await {
        Ok(holdings) => Some(holdings),
        Err(ServiceError::Refused { .. }) => None,
        Err(other) => return Err(other),
    };
    let is_off = registry == RegistryAccess::Disabled;
    let allows_anyone = visit.registry().settings()?.allow_anyone_to_pull;
    Ok(General { place, values, is_off, allows_anyone, holdings, complaint }.page(&visit.viewer()))
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
    let project = visit.registry().project(visit.caller(), place.path.as_str())?.project;
    let mut values = stored(&project);
    typed(&mut values.basics, section, form);
    if section == "permissions" {
        values.visibility = visibility(form, "visibility").unwrap_or(values.visibility);
        values.packages = ticked(form, "packages");
        values.registry = RegistryAccess::from_name(form.text("registry")).unwrap_or(values.registry);
    }
    let page = page(visit, place, &values, project.registry, Some(&refused.complaint)).await?;
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
        "general" => ProjectChange {
            name: text("name"),
            description: Some(super::lines(form, "description")),
            ..ProjectChange::default()
        },
        "permissions" => ProjectChange {
            visibility: Some(visibility(form, "visibility")?),
            registry: Some(registry(form)?),
            ..ProjectChange::default()
        },
        "path" => ProjectChange { path: text("path"), ..ProjectChange::default() },
        _ => return Err(nothing_here(visit)),
    };
    let changed = visit.registry().update_project(visit.caller(), place.path.as_str(), wanted).await?;
    let here = PlaceView { path: changed.project.path, ..place.clone() };
    let message = match section {
        "path" => format!("The project is called {} now.", here.path),
        _ => "The settings were saved.".to_owned(),
    };
    Ok(done(visit, &settings_path(&here), message))
}

/// The switch wins over the level below it, which is a question about a registry that is on.
fn registry(form: &Form) -> Result<RegistryAccess, ServiceError> {
    if !ticked(form, "packages") {
        return Ok(RegistryAccess::Disabled);
    }
    let level = RegistryAccess::from_name(form.text("registry"));
    level.ok_or_else(|| ServiceError::Unprocessable("registry is not chosen".to_owned()))
}

async fn delete(visit: &Visit<'_>, place: &PlaceView, form: &Form) -> Result<Reply, ServiceError> {
    confirmed(form, place.path.as_str())?;
    visit.registry().delete_project(visit.caller(), place.path.as_str()).await?;
    tracing::info!(project = %place.path, by = visit.caller().label(), "deleted a project");
    let above = place.path.parent().map(|parent| format!("/{parent}")).unwrap_or_default();
    Ok(done(visit, &above, format!("The project {} was deleted.", place.path)))
}
