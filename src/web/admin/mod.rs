//! The administration of the instance.

pub mod audit;
pub mod overview;
pub mod places;
pub mod users;

use maud::Markup;

use super::Page;
use super::frame::{Frame, Sidebar, Viewer};

/// The first page of the administration.
pub const ADMIN: &str = "/admin";
/// The list of users.
pub const USERS: &str = "/admin/users";
/// The form for a new user. Users have numbers here, so that none can be called like it.
pub const NEW_USER: &str = "/admin/users/new";
/// The list of groups.
pub const GROUPS: &str = "/admin/groups";
/// The list of projects.
pub const PROJECTS: &str = "/admin/projects";

/// The audit log.
pub const AUDIT: &str = "/admin/audit_events";

/// A page of the administration: `current` is its entry in the sidebar, and `title` its own.
fn page(viewer: &Viewer, current: &str, title: &str, main: &Markup) -> Page {
    let entries = [
        ("Overview", ADMIN),
        ("Users", USERS),
        ("Groups", GROUPS),
        ("Projects", PROJECTS),
        ("Audit log", AUDIT),
    ];
    let mut bar = Sidebar::new("Administration");
    let mut frame = Frame::new(viewer, format!("{title} · Administration"))
        .crumb("Administration", Some(ADMIN.to_owned()));
    for (label, href) in entries {
        bar = bar.entry("", label, href.to_owned(), href == current);
        if href == current && href != ADMIN && label != title {
            frame = frame.crumb(label, Some(href.to_owned()));
        }
    }
    frame.crumb(title, None).sidebar(bar).page(main)
}
