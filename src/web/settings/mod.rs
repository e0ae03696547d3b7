//! The settings of groups and projects, as their owners and maintainers see them.

pub mod deploy_tokens;
pub mod group;
pub mod members;
pub mod project;
pub mod webhooks;

use maud::{Markup, html};

use super::Page;
use super::components::{Field, tabs};
use super::forms::{Complaint, Deletion, Section, description, goes, in_words, wrong};
use super::frame::{Frame, Item, Viewer, base_path};
use crate::service::holdings::Holdings;
use crate::service::places::PlaceView;

/// The pages that the settings of a place have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Name, visibility, path, deletion.
    General,
    /// Who has which role.
    Members,
    /// Tokens for machines.
    DeployTokens,
    /// Who is told of changes. Projects have them, groups have none.
    Webhooks,
}

/// Where the settings of a place are.
pub fn settings_path(place: &PlaceView) -> String {
    format!("{}/-/settings", base_path(place))
}

/// "project" or "group".
const fn kind(place: &PlaceView) -> &'static str {
    if place.is_project() { "project" } else { "group" }
}

/// A page of the settings.
fn page(
    viewer: &Viewer,
    place: &PlaceView,
    tab: Tab,
    complaint: Option<&Complaint>,
    sections: &Markup,
) -> Page {
    let base = settings_path(place);
    let mut entries = vec![
        ("General", base.clone(), None),
        ("Members", format!("{base}/members"), None),
        ("Deploy tokens", format!("{base}/deploy_tokens"), None),
    ];
    if place.is_project() {
        entries.push(("Webhooks", format!("{base}/webhooks"), None));
    }
    let (chosen, title) = match tab {
        Tab::General => (0, "Settings"),
        Tab::Members => (1, "Members"),
        Tab::DeployTokens => (2, "Deploy tokens"),
        Tab::Webhooks => (3, "Webhooks"),
    };
    let main = html! {
        h1 { (title) }
        (tabs("Settings", &entries, chosen))
        @if let Some(complaint) = complaint { (complaint) }
        (sections)
    };
    let mut frame = Frame::new(viewer, format!("{title} · {}", place.path)).around(place, Item::Settings);
    if tab != Tab::General {
        frame = frame.crumb("Settings", Some(base));
    }
    frame.crumb(title, None).page(&main)
}

/// What every place is asked for, as it stands in its forms.
#[derive(Debug, Clone, Default)]
pub struct Basics {
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its own segment of the path.
    pub path: String,
    /// What was typed to confirm that it goes.
    pub confirmation: String,
}

/// Name and description.
fn general(viewer: &Viewer, place: &PlaceView, basics: &Basics, complaint: Option<&Complaint>) -> Markup {
    let name = Field {
        value: &basics.name,
        problem: wrong(complaint, "general", "name"),
        ..Field::text("name", "Name")
    };
    let section = Section {
        id: "general",
        title: "General",
        lead: "",
        action: &format!("{}/general", settings_path(place)),
        button: "Save",
    };
    let questions = html! {
        (name) (description(&basics.description, wrong(complaint, "general", "description")))
    };
    section.asking(&viewer.csrf, &questions)
}

/// Another path.
fn rename(viewer: &Viewer, place: &PlaceView, basics: &Basics, complaint: Option<&Complaint>) -> Markup {
    let above = place.path.parent().map(|parent| format!("It stands behind {parent}/."));
    let path = Field {
        value: &basics.path,
        hint: above.as_deref().unwrap_or("It is the namespace in Terraform addresses."),
        problem: wrong(complaint, "path", "path"),
        ..Field::text("path", "Path")
    };
    let section = Section {
        id: "path",
        title: "Rename",
        lead: if place.is_project() {
            "With another path, URLs and module sources change. The old path leads on to the new one until somebody \
             takes it."
        } else {
            "With another path, the URLs and module sources of everything in the group change. The old paths lead on \
             to the new ones until somebody takes them."
        },
        action: &format!("{}/path", settings_path(place)),
        button: "Change path",
    };
    section.asking(&viewer.csrf, &html! { (path) })
}

/// Deletion, for those who may; `holdings` is nothing for the others.
fn danger(
    viewer: &Viewer,
    place: &PlaceView,
    holdings: Option<Holdings>,
    basics: &Basics,
    complaint: Option<&Complaint>,
) -> Markup {
    let kind = kind(place);
    html! {
        section #delete {
            h2 { "Danger zone" }
            @match holdings {
                None => p { "Only owners may delete a " (kind) "." },
                Some(holdings) => {
                    p { "The " (kind) " holds " strong { (in_words(holdings)) } ". Whatever is in it goes with it, members and deploy tokens included." }
                    (Deletion {
                        action: &format!("{}/delete", settings_path(place)),
                        verb: &format!("Delete this {kind}"),
                        warning: &format!(
                            "{} Configurations that use its modules stop working. This cannot be undone.",
                            goes(place.path.as_str(), holdings),
                        ),
                        name: place.path.as_str(),
                        typed: &basics.confirmation,
                        problem: wrong(complaint, "delete", "confirmation"),
                    }.asking(&viewer.csrf))
                }
            }
        }
    }
}
