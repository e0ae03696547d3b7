//! What only projects have among the general settings.

use super::general::Sent;
use super::lines;
use crate::domain::{FullPath, RegistryAccess};
use crate::http::pages::complaints::{ticked, visibility};
use crate::http::pages::forms::Form;
use crate::http::pages::{Visit, nothing_here};
use crate::service::ServiceError;
use crate::service::places::PlaceView;
use crate::service::projects::ProjectChange;
use crate::web::settings::general::{Basics, Own};
use crate::web::settings::project::Values;

/// What the forms hold.
pub(super) fn held(
    visit: &Visit<'_>,
    place: &PlaceView,
    sent: Option<&Sent<'_>>,
) -> Result<(Basics, Own), ServiceError> {
    let project = visit.registry().project(visit.caller(), place.path.as_str())?.project;
    let is_off = project.registry == RegistryAccess::Disabled;
    let mut values = Values {
        packages: !is_off,
        registry: if is_off { RegistryAccess::Enabled } else { project.registry },
        is_off,
        allows_anyone: visit.registry().settings()?.allow_anyone_to_pull,
    };
    if let Some(Sent { form, .. }) = sent.filter(|sent| sent.section == "permissions") {
        values.packages = ticked(form, "packages");
        values.registry = RegistryAccess::from_name(form.text("registry")).unwrap_or(values.registry);
    }
    let basics = Basics {
        path: project.path.name().to_owned(),
        name: project.name,
        description: project.description,
        visibility: project.visibility,
        confirmation: String::new(),
    };
    Ok((basics, Own::Project(values)))
}

/// Does what a form asks for. Returns the path of the project then.
pub(super) async fn change(
    visit: &Visit<'_>,
    place: &PlaceView,
    section: &str,
    form: &Form,
) -> Result<FullPath, ServiceError> {
    let text = |name| Some(form.text(name).to_owned());
    let nothing = ProjectChange::default();
    let wanted = match section {
        "general" => {
            ProjectChange { name: text("name"), description: Some(lines(form, "description")), ..nothing }
        }
        "permissions" => ProjectChange {
            visibility: Some(visibility(form, "visibility")?),
            registry: Some(registry(form)?),
            ..nothing
        },
        "path" => ProjectChange { path: text("path"), ..nothing },
        _ => return Err(nothing_here(visit)),
    };
    let changed = visit.registry().update_project(visit.caller(), place.path.as_str(), wanted).await?;
    Ok(changed.project.path)
}

/// The switch wins over the level below it, which is a question about a registry that is on.
fn registry(form: &Form) -> Result<RegistryAccess, ServiceError> {
    if !ticked(form, "packages") {
        return Ok(RegistryAccess::Disabled);
    }
    let level = RegistryAccess::from_name(form.text("registry"));
    level.ok_or_else(|| ServiceError::Unprocessable("registry is not chosen".to_owned()))
}
