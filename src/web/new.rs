//! The forms for a new group and a new project.

use maud::{Markup, html};

use super::Page;
use super::components::Field;
use super::forms::{Complaint, Section, description, visibility, wrong};
use super::frame::{Frame, Viewer};
use crate::domain::Visibility;

/// Where a group is made.
pub const NEW_GROUP: &str = "/groups/new";
/// Where a project is made.
pub const NEW_PROJECT: &str = "/projects/new";

/// What the form holds.
#[derive(Debug, Clone)]
pub struct Values {
    /// Full path of what it goes into; empty for the root, or for one's own namespace.
    pub namespace: String,
    /// Its name for people.
    pub name: String,
    /// Its own segment of the path.
    pub path: String,
    /// What it is for.
    pub description: String,
    /// Who sees it.
    pub visibility: Visibility,
}

/// The form for a new group.
pub fn group(viewer: &Viewer, values: &Values, complaint: Option<&Complaint>) -> Page {
    let parent = Field {
        value: &values.namespace,
        hint: "The full path of the group it goes into. Empty: it is a root group, and a namespace of its own in \
               Terraform addresses.",
        problem: wrong(complaint, "new", "namespace"),
        optional: true,
        ..Field::text("namespace", "Parent group")
    };
    let title = if values.namespace.is_empty() { "New group" } else { "New subgroup" };
    let section = Section {
        id: "new",
        title: "What it is called, and who sees it",
        lead: "A group holds projects and other groups. Roles and deploy tokens of a group count in everything below it.",
        action: NEW_GROUP,
        button: "Create group",
    };
    page(viewer, title, &section, values, complaint, &html! { (parent) })
}

/// The form for a new project.
pub fn project(viewer: &Viewer, values: &Values, complaint: Option<&Complaint>) -> Page {
    let namespace = Field {
        value: &values.namespace,
        hint: "The full path of the group it goes into. Empty: it goes into your own namespace.",
        problem: wrong(complaint, "new", "namespace"),
        optional: true,
        ..Field::text("namespace", "Group")
    };
    let section = Section {
        id: "new",
        title: "What it is called, and who sees it",
        lead: "A project has a package registry: modules are published in it, and its members decide who may use them.",
        action: NEW_PROJECT,
        button: "Create project",
    };
    page(viewer, "New project", &section, values, complaint, &html! { (namespace) })
}

fn page(
    viewer: &Viewer,
    title: &str,
    section: &Section<'_>,
    values: &Values,
    complaint: Option<&Complaint>,
    namespace: &Markup,
) -> Page {
    let name = Field {
        value: &values.name,
        problem: wrong(complaint, "new", "name"),
        ..Field::text("name", "Name")
    };
    let path = Field {
        value: &values.path,
        hint: "Its part of the URL: letters, digits, hyphens and underscores. Empty: it is made from the name.",
        problem: wrong(complaint, "new", "path"),
        optional: true,
        ..Field::text("path", "Path")
    };
    let questions = html! {
        (namespace) (name) (path)
        (description(&values.description, wrong(complaint, "new", "description")))
        (visibility(values.visibility, wrong(complaint, "new", "visibility")))
    };
    let main = html! {
        h1 { (title) }
        @if let Some(complaint) = complaint { (complaint) }
        (section.asking(&viewer.csrf, &questions))
    };
    Frame::new(viewer, title).narrow().page(&main)
}
