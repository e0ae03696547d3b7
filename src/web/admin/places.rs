//! The groups and projects of the instance.

use maud::html;

use super::{GROUPS, PROJECTS, page};
use crate::domain::RegistryAccess;
use crate::domain::identity::Group;
use crate::service::projects::PlacedProject;
use crate::web::Page;
use crate::web::components::{Pages, Tone, badge, cell, empty_state, pager, table, time};
use crate::web::frame::Viewer;
use crate::web::new::{NEW_GROUP, NEW_PROJECT};
use crate::web::places::visibility;
use crate::web::search::{Search, listed_at};

/// The list of groups.
pub fn groups(viewer: &Viewer, groups: &[Group], pages: Pages, search: &str) -> Page {
    let rows = html! {
        @for group in groups {
            tr {
                (cell("", &html! { a.name href=(format!("/{}", group.path)) { (group.name) } p.quiet { (group.path) } }))
                (cell("Visibility", &visibility(group.visibility)))
                (cell("Created", &time(group.created_at, viewer.now)))
                (cell("", &html! { a href=(format!("/groups/{}/-/settings", group.path)) { "Settings" } }))
            }
        }
    };
    let main = html! {
        h1 { "Groups " span.count { (pages.total) } }
        p.actions { a.button href=(NEW_GROUP) { "New group" } }
        (Search { action: GROUPS, label: "Part of a path or name", words: search, hidden: &[] })
        @if groups.is_empty() {
            (empty_state("No group is found", &html! { p { "Search for another part of a path, or " a href=(GROUPS) { "list all groups" } "." } }))
        } @else {
            (table("Groups", &["Group", "Visibility", "Created", ""], &rows))
            (pager(pages, |page| listed_at(GROUPS, &[("search", search)], page)))
        }
    };
    page(viewer, GROUPS, "Groups", &main)
}

/// The list of projects.
pub fn projects(viewer: &Viewer, projects: &[PlacedProject], pages: Pages, search: &str) -> Page {
    let rows = html! {
        @for PlacedProject { project, .. } in projects {
            tr {
                (cell("", &html! { a.name href=(format!("/{}", project.path)) { (project.name) } p.quiet { (project.path) } }))
                (cell("Visibility", &visibility(project.visibility)))
                (cell("Registry", &registry(project.registry)))
                (cell("Created", &time(project.created_at, viewer.now)))
                (cell("", &html! { a href=(format!("/{}/-/settings", project.path)) { "Settings" } }))
            }
        }
    };
    let main = html! {
        h1 { "Projects " span.count { (pages.total) } }
        p.actions { a.button href=(NEW_PROJECT) { "New project" } }
        (Search { action: PROJECTS, label: "Part of a path, name or description", words: search, hidden: &[] })
        @if projects.is_empty() {
            (empty_state("No project is found", &html! { p { "Search for another part of a path, or " a href=(PROJECTS) { "list all projects" } "." } }))
        } @else {
            (table("Projects", &["Project", "Visibility", "Registry", "Created", ""], &rows))
            (pager(pages, |page| listed_at(PROJECTS, &[("search", search)], page)))
        }
    };
    page(viewer, PROJECTS, "Projects", &main)
}

fn registry(access: RegistryAccess) -> maud::Markup {
    let tone = if access == RegistryAccess::Disabled { Tone::Warn } else { Tone::Plain };
    badge(tone, access.as_str())
}
