//! The pages of a group, of a user's own namespace, and of a project.

use maud::{Markup, html};

use super::Page;
use super::components::{Pages, Tone, badge, empty_state, facts, pager_of, time};
use super::frame::{Frame, Item, Viewer, base_path};
use super::home::switched_off;
use super::modules::{Paths, counted, how_to_publish, module_table, registry_path};
use super::new::{NEW_GROUP, NEW_PROJECT};
use super::search::{asking, page_value};
use crate::domain::{FullPath, Visibility};
use crate::service::browsing::{GroupCard, GroupPage, ProjectCard};
use crate::service::module_rows::{ModuleRow, ModuleRows};
use crate::service::places::PlaceView;

/// Which parts of its two lists the page of a group shows.
#[derive(Debug, Clone, Copy)]
pub struct GroupParts {
    /// Of its subgroups.
    pub subgroups: Pages,
    /// Of its projects.
    pub projects: Pages,
}

/// The parameter that names the page of the subgroups.
pub const SUBGROUPS_PAGE: &str = "subgroups_page";
/// The parameter that names the page of the projects.
pub const PROJECTS_PAGE: &str = "page";

impl GroupParts {
    /// The URL of the page with these parts; first pages are not named.
    pub fn url(self, place: &PlaceView) -> String {
        let [subgroups, projects] = [self.subgroups, self.projects].map(|pages| page_value(pages.current));
        asking(&format!("/{}", place.path), [(SUBGROUPS_PAGE, &*subgroups), (PROJECTS_PAGE, &*projects)])
    }
}

/// The page of a group or of a user's own namespace.
pub fn group(viewer: &Viewer, place: &PlaceView, page: &GroupPage, parts: GroupParts) -> Page {
    let main = html! {
        (heading(place))
        (group_facts(viewer, page))
        (group_actions(place, page))
        @if !viewer.registry { (switched_off()) }
        @if page.subgroups.is_empty() && page.projects.is_empty() { (empty_group(viewer, place)) }
        @else {
            @if !place.personal { (subgroups(viewer, place, page, parts)) }
            (projects(viewer, place, page, parts))
        }
    };
    Frame::new(viewer, &place.name).around(place, Item::Overview).page(&main)
}

fn group_facts(viewer: &Viewer, page: &GroupPage) -> Markup {
    let modules = page.extent.modules;
    facts(&[
        ("Projects", html! { (page.extent.projects) }),
        ("Modules", html! { (modules) }),
        (
            "Last published",
            html! {
                @match page.last_published { Some(at) => (time(at, viewer.now)), None => span.quiet { "never" } }
            },
        ),
    ])
}

fn group_actions(place: &PlaceView, page: &GroupPage) -> Markup {
    let path = place.path.as_str();
    let all = (place.registry && !place.personal && page.extent.modules > 0)
        .then(|| registry_path(&base_path(place)));
    if all.is_none() && !place.may.create_project && !place.may.create_subgroup {
        return html! {};
    }
    html! {
        p.actions {
            @if let Some(all) = all { a.button href=(all) { "Browse " (counted(page.extent.modules, "module")) } }
            @if place.may.create_project {
                a.button.quiet href=(asking(NEW_PROJECT, [("namespace_id", path)])) { "New project" }
            }
            @if place.may.create_subgroup {
                a.button.quiet href=(asking(NEW_GROUP, [("parent_id", path)])) { "New subgroup" }
            }
        }
    }
}

fn empty_group(viewer: &Viewer, place: &PlaceView) -> Markup {
    let hint = html! {
        @if place.may.create_project {
            p { "Modules are published into projects. Make one here, then publish the first module into it." }
        } @else if viewer.person.is_some() {
            p { "There is no project here that you may see. Ask an owner of the group for a role in it." }
        } @else { p { "Nothing here is public. Sign in to see what you have a role in." } }
    };
    html! { section { (empty_state(if place.personal { "No project yet" } else { "Nothing here yet" }, &hint)) } }
}

fn subgroups(viewer: &Viewer, place: &PlaceView, page: &GroupPage, parts: GroupParts) -> Markup {
    let Pages { per_page, total, .. } = parts.subgroups;
    let url = |current| GroupParts { subgroups: Pages { current, ..parts.subgroups }, ..parts }.url(place);
    html! {
        @if total > 0 {
            section {
                h2 { "Subgroups " span.count { (total) } }
                ul.cards {
                    @for card in page.subgroups.iter().skip(parts.subgroups.offset()).take(per_page) {
                        (group_card(viewer, card, Paths::Within))
                    }
                }
                (pager_of("Pages of subgroups", parts.subgroups, url))
            }
        }
    }
}

fn projects(viewer: &Viewer, place: &PlaceView, page: &GroupPage, parts: GroupParts) -> Markup {
    let url = |current| GroupParts { projects: Pages { current, ..parts.projects }, ..parts }.url(place);
    html! {
        @if page.projects_total > 0 {
            section {
                h2 { "Projects " span.count { (page.projects_total) } }
                ul.cards { @for card in &page.projects { (project_card(viewer, card, Paths::Within)) } }
                (pager_of("Pages of projects", parts.projects, url))
            }
        }
    }
}

/// A group in a list.
pub fn group_card(viewer: &Viewer, card: &GroupCard, paths: Paths) -> Markup {
    let inside = html! {
        (counted(card.extent.projects, "project")) " · " (counted(card.extent.modules, "module"))
        @if let Some(at) = card.last_published { " · published " (time(at, viewer.now)) }
    };
    let group = &card.group;
    place_card((&group.name, &group.path), group.visibility, &group.description, &inside, paths)
}

/// A project in a list.
pub fn project_card(viewer: &Viewer, card: &ProjectCard, paths: Paths) -> Markup {
    let inside = html! {
        (counted(card.modules, "module"))
        @if let Some(at) = card.last_published { " · published " (time(at, viewer.now)) }
    };
    let project = &card.project;
    place_card((&project.name, &project.path), project.visibility, &project.description, &inside, paths)
}

fn place_card(
    (name, path): (&str, &FullPath),
    seen_by: Visibility,
    about: &str,
    inside: &Markup,
    paths: Paths,
) -> Markup {
    let path = path.as_str();
    let says_it = path.rsplit('/').next() == Some(name);
    let title = if says_it && paths == Paths::Whole { path } else { name };
    html! {
        li {
            a.name href=(format!("/{path}")) { (title) } " " (visibility(seen_by))
            @if !says_it { p.quiet.origin { (path) } }
            @if !about.is_empty() { p.about { (about) } }
            p.quiet.origin { (inside) }
        }
    }
}

/// Who sees a group or project, as a badge.
pub fn visibility(visibility: Visibility) -> Markup {
    let tone = if visibility == Visibility::Public { Tone::Accent } else { Tone::Plain };
    badge(tone, visibility.as_str())
}

/// Name, visibility, path and description.
fn heading(place: &PlaceView) -> Markup {
    html! {
        h1 { (place.name) " " (visibility(place.visibility)) }
        @if place.name != place.path.as_str() { p.quiet { (place.path) } }
        @if !place.description.is_empty() { p.lead.about { (place.description) } }
    }
}

/// The page of a project: its latest modules, and how to publish another. `modules` are given when the viewer may use
/// its registry.
pub fn project(viewer: &Viewer, place: &PlaceView, modules: Option<&ModuleRows>) -> Page {
    let main = html! {
        (heading(place))
        @match modules {
            Some(modules) if modules.total == 0 => (nothing_published(viewer, place)),
            Some(modules) => (latest_modules(viewer, place, modules)),
            None if !viewer.registry => (switched_off()),
            None => (closed(place)),
        }
    };
    Frame::new(viewer, &place.name).around(place, Item::Overview).page(&main)
}

fn nothing_published(viewer: &Viewer, place: &PlaceView) -> Markup {
    let hint = html! {
        @if place.may.publish { (how_to_publish(viewer, place.path.as_str())) }
        @else { p { "Developers of this project publish modules into it. They appear here." } }
    };
    html! { section { (empty_state("Nothing is published here yet", &hint)) } }
}

fn latest_modules(viewer: &Viewer, place: &PlaceView, modules: &ModuleRows) -> Markup {
    let rows: Vec<&ModuleRow> = modules.rows.iter().collect();
    let all = registry_path(&base_path(place));
    html! {
        section {
            h2 { "Modules " span.count { (modules.total) } }
            (module_table(viewer, "Modules, last published first", &rows, Paths::Within, |_| html! {}))
            p.actions {
                a.button.quiet href=(all) {
                    @if modules.total > rows.len() { "Browse all " (counted(modules.total, "module")) }
                    @else { "Filter, sort and see all versions" }
                }
            }
        }
        @if place.may.publish {
            details.folded {
                summary { "Publish a module" }
                (how_to_publish(viewer, place.path.as_str()))
            }
        }
    }
}

/// The project is seen and its registry is not open to the viewer: it is switched off, or for members.
fn closed(place: &PlaceView) -> Markup {
    html! {
        div.notice.warn {
            p {
                @if place.may.administer {
                    "The package registry of this project is switched off. Nothing was deleted. Switch it on in "
                    a href=(format!("{}/-/settings", base_path(place))) { "its settings" } ": the setting is called Packages."
                } @else {
                    "The package registry of this project is switched off, or not open to you. Nothing was deleted. A maintainer of the project can open it."
                }
            }
        }
    }
}
