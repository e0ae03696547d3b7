//! New groups and projects.

use super::Visit;
use super::complaints::{self, visibility};
use super::forms::Form;
use super::settings::lines;
use crate::domain::Visibility;
use crate::domain::package::DuplicatesRule;
use crate::http::api::projects::path_of;
use crate::http::error;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::groups::NewGroup;
use crate::service::projects::NewProject;
use crate::web;
use crate::web::frame::Flash;
use crate::web::new::Values;

/// The words that messages about fields begin with, and the fields.
const FIELDS: &[(&str, &str)] = &[
    ("namespace", "namespace"),
    ("name", "name"),
    ("path", "path"),
    ("description", "description"),
    ("visibility", "visibility"),
];

/// The group that the URL names, by its full path or its number.
fn asked(visit: &Visit<'_>, names: &[&str]) -> Option<String> {
    let found = names.iter().find_map(|name| visit.context.query(name));
    found.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// An empty form for something in that namespace, no more visible than it.
fn empty(visit: &Visit<'_>, namespace: Option<&str>, default: Visibility) -> Result<Values, ServiceError> {
    let above = namespace.map(|id| visit.registry().namespace(visit.caller(), id)).transpose()?;
    Ok(Values {
        visibility: above.as_ref().map_or(default, |above| default.min(above.visibility)),
        namespace: above.map(|above| above.path.to_string()).unwrap_or_default(),
        name: String::new(),
        path: String::new(),
        description: String::new(),
    })
}

/// `GET /groups/new`.
pub(super) fn group_form(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    visit.require_user()?;
    let parent = asked(visit, &["parent_id", "parent"]);
    visit.registry().check_new_group(visit.caller(), parent.as_deref())?;
    let values = empty(visit, parent.as_deref(), visit.registry().settings()?.default_group_visibility)?;
    Ok(web::new::group(&visit.viewer(), &values, None).into())
}

/// `GET /projects/new`.
pub(super) fn project_form(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    visit.require_user()?;
    let namespace = asked(visit, &["namespace_id", "namespace"]);
    visit.registry().check_new_project(visit.caller(), namespace.as_deref())?;
    let values = empty(visit, namespace.as_deref(), visit.registry().settings()?.default_project_visibility)?;
    Ok(web::new::project(&visit.viewer(), &values, None).into())
}

/// What was typed.
fn typed(form: &Form) -> Values {
    let text = |name| form.text(name).trim().to_owned();
    Values {
        namespace: text("namespace"),
        name: text("name"),
        path: text("path"),
        description: lines(form, "description"),
        visibility: visibility(form, "visibility").unwrap_or(Visibility::Private),
    }
}

impl Values {
    /// What it goes into, if that was named.
    fn within(&self) -> Option<String> {
        Some(self.namespace.clone()).filter(|path| !path.is_empty())
    }

    /// The path that was typed, or one made from the name.
    fn segment(&self) -> String {
        if self.path.is_empty() { path_of(&self.name) } else { self.path.clone() }
    }
}

/// `POST /groups/new`.
pub(super) async fn create_group(visit: &Visit<'_>, form: &Form) -> Result<Reply, ServiceError> {
    visit.require_user()?;
    let values = typed(form);
    let created = match visibility(form, "visibility") {
        Ok(visibility) => {
            let new = NewGroup {
                parent: values.within(),
                path: values.segment(),
                name: values.name.clone(),
                description: values.description.clone(),
                visibility: Some(visibility),
                duplicates: DuplicatesRule::default(),
            };
            visit.registry().create_group(visit.caller(), new).await
        }
        Err(refused) => Err(refused),
    };
    match created {
        Ok(group) => {
            visit.say(Flash::done(format!("The group {} was created.", group.path)));
            Ok(Visit::lead_to(&format!("/{}", group.path)))
        }
        Err(refused) => {
            let refused = complaints::told("new", FIELDS, placeless(refused))?;
            let page = web::new::group(&visit.viewer(), &values, Some(&refused.complaint));
            Ok(error::page(&refused.error, page))
        }
    }
}

/// `POST /projects/new`.
pub(super) async fn create_project(visit: &Visit<'_>, form: &Form) -> Result<Reply, ServiceError> {
    visit.require_user()?;
    let values = typed(form);
    let created = match visibility(form, "visibility") {
        Ok(visibility) => {
            let new = NewProject {
                namespace: values.within(),
                path: values.segment(),
                name: values.name.clone(),
                description: values.description.clone(),
                visibility: Some(visibility),
                registry: None,
            };
            visit.registry().create_project(visit.caller(), new).await
        }
        Err(refused) => Err(refused),
    };
    match created {
        Ok(placed) => {
            visit.say(Flash::done(format!("The project {} was created.", placed.project.path)));
            Ok(Visit::lead_to(&format!("/{}", placed.project.path)))
        }
        Err(refused) => {
            let refused = complaints::told("new", FIELDS, placeless(refused))?;
            let page = web::new::project(&visit.viewer(), &values, Some(&refused.complaint));
            Ok(error::page(&refused.error, page))
        }
    }
}

/// A namespace that is not there, or that the caller may put nothing into, is something to correct in the form. What
/// exists is told as little as by any other page.
fn placeless(refused: ServiceError) -> ServiceError {
    match refused {
        ServiceError::Refused { anonymous: false, .. } => ServiceError::Unprocessable(
            "namespace is not one that you may create this in: check the spelling, or ask an owner for a role".to_owned(),
        ),
        ServiceError::Moved(moved) => {
            ServiceError::Unprocessable(format!("namespace is called {} now: use that path", moved.to))
        }
        other => other,
    }
}
