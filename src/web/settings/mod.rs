//! The settings of groups and projects, as their owners and maintainers see them.

pub mod ci;
pub mod deploy_tokens;
pub mod general;
pub mod group;
pub mod members;
pub mod project;
pub mod webhooks;

use maud::{Markup, html};

use super::Page;
use super::components::tabs;
use super::forms::Complaint;
use super::frame::{Frame, Item, Viewer, base_path};
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
    /// What CI systems may do with a project.
    Ci,
    /// Who is told of changes. Projects have them, groups have none.
    Webhooks,
}

/// Where the settings of a place are.
pub fn settings_path(place: &PlaceView) -> String {
    format!("{}/-/settings", base_path(place))
}

/// "project" or "group".
pub const fn kind(place: &PlaceView) -> &'static str {
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
        entries.push(("CI", format!("{base}/ci"), None));
        entries.push(("Webhooks", format!("{base}/webhooks"), None));
    }
    let (chosen, title) = match tab {
        Tab::General => (0, "Settings"),
        Tab::Members => (1, "Members"),
        Tab::DeployTokens => (2, "Deploy tokens"),
        Tab::Ci => (3, "CI"),
        Tab::Webhooks => (4, "Webhooks"),
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
