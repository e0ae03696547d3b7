//! Projects over the API.

use hyper::StatusCode;
use serde_json::json;

use super::fields::Fields;
use super::groups::min_role;
use super::paging::Page;
use super::{Order, Verb, filled, flag, shapes, visibility};
use crate::domain::RegistryAccess;
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, json};
use crate::service::ServiceError;
use crate::service::members::Place;
use crate::service::projects::{NewProject, PlacedProject, ProjectChange, ProjectFilter};

/// GitLab's `package_registry_access_level`.
const LEVEL: &str = "package_registry_access_level";
/// The switch it had before.
const ENABLED: &str = "packages_enabled";
/// What projects can be sorted by. Of the times only that of the creation is kept: by the others they are sorted alike.
pub(in crate::http) const ORDERS: &[&str] =
    &["id", "name", "path", "created_at", "updated_at", "last_activity_at", "similarity", "star_count"];

/// `GET /projects` and `GET /groups/:id/projects`.
pub(super) async fn list(context: &Context<'_>, group: Option<&str>) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    if let Some(group) = group {
        registry.group(caller, group)?;
    }
    let (filter, simple) = (filter(context)?, flag(context, "simple")? == Some(true));
    let order = Order::from_query(context, ORDERS, "created_at", true)?;
    let page = Page::from_query(context)?;
    let mut projects = match group {
        Some(group) => registry.group_projects(caller, group, filter).await?,
        None => registry.projects(caller, filter).await?,
    };
    order.sort(&mut projects, |placed, by| match by {
        "name" => Some(placed.project.name.to_lowercase()),
        "path" => Some(placed.project.path.name().to_lowercase()),
        _ => None,
    });
    let rows = page.slice(&projects).iter().map(|placed| {
        if simple { shapes::simple_project(context, placed) } else { shapes::project(context, placed) }
    });
    Ok(page.reply(context, rows.collect::<Result<_, _>>()?, projects.len()))
}

fn filter(context: &Context<'_>) -> Result<ProjectFilter, ServiceError> {
    let member = flag(context, "membership")? == Some(true);
    Ok(ProjectFilter {
        search: filled(context, "search"),
        search_namespaces: flag(context, "search_namespaces")? == Some(true),
        visibility: visibility(context)?,
        min_role: min_role(context, member)?,
        include_subgroups: flag(context, "include_subgroups")? == Some(true),
    })
}

/// `POST /projects`.
pub(super) async fn create(context: &Context<'_>, body: &mut RequestBody) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_writer(caller)?;
    let fields = Fields::read(context, body).await?;
    let namespace = fields.filled_text("namespace_id")?;
    registry.check_new_project(caller, namespace.as_deref())?;
    let (name, path) = match (fields.filled_text("name")?, fields.filled_text("path")?) {
        (Some(name), Some(path)) => (name, path),
        (Some(name), None) => (name.clone(), path_of(&name)),
        (None, Some(path)) => (path.clone(), path),
        (None, None) => {
            return Err(ServiceError::Invalid(
                "name, path are missing, at least one parameter must be provided".to_owned(),
            ));
        }
    };
    let enabled = fields.boolean(ENABLED)?;
    let switched_off = (enabled == Some(false)).then_some(RegistryAccess::Disabled);
    let new = NewProject {
        namespace,
        path,
        name,
        description: fields.text("description")?.unwrap_or_default(),
        visibility: fields.visibility("visibility")?,
        registry: fields.registry_access(LEVEL)?.or(switched_off),
    };
    let placed = registry.create_project(caller, new).await?;
    shown(context, StatusCode::CREATED, &placed)
}

/// The path a project gets from its name, as in GitLab: what is not allowed in one becomes a hyphen.
pub(in crate::http) fn path_of(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let path: String =
        name.trim().chars().map(|c| if allowed(c) { c.to_ascii_lowercase() } else { '-' }).collect();
    let words: Vec<&str> = path.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// `GET`, `PUT` and `DELETE /projects/:id`.
pub(super) async fn one(
    context: &Context<'_>,
    id: &str,
    verb: Verb,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    match verb {
        Verb::Get | Verb::Post => shown(context, StatusCode::OK, &registry.project(caller, id)?),
        Verb::Put => {
            registry.require_manager(caller, &Place::Project(id.to_owned()))?;
            let fields = Fields::read(context, body).await?;
            let wanted = ProjectChange {
                path: fields.filled_text("path")?,
                name: fields.text("name")?,
                description: fields.text("description")?,
                visibility: fields.visibility("visibility")?,
                registry: fields.registry_access(LEVEL)?,
                packages_enabled: fields.boolean(ENABLED)?,
            };
            shown(context, StatusCode::OK, &registry.update_project(caller, id, wanted).await?)
        }
        Verb::Delete => {
            registry.delete_project(caller, id).await?;
            tracing::info!(project = id, by = caller.label(), "deleted a project");
            Ok(json(StatusCode::ACCEPTED, &json!({ "message": "202 Accepted" })))
        }
    }
}

fn shown(context: &Context<'_>, status: StatusCode, placed: &PlacedProject) -> Result<Reply, ServiceError> {
    Ok(json(status, &shapes::project(context, placed)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_path() {
        for (name, path) in [
            ("Terraform Modules", "terraform-modules"),
            (" a  b ", "a-b"),
            ("v1.0_x", "v1.0_x"),
            ("Grüße & Küsse", "gr-e-k-sse"),
            ("---", ""),
        ] {
            assert_eq!(path_of(name), path, "{name}");
        }
    }
}
