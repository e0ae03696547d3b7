//! The question before a version is deleted: what goes, and what that does to others.

use maud::html;

use super::Shown;
use crate::domain::Version;
use crate::web::Page;
use crate::web::components::{bytes, facts, hidden};

/// The question. `back` is where to go afterwards, a path of this server.
pub fn ask_to_delete(shown: Shown<'_>, back: &str) -> Page {
    let details = shown.details;
    let (view, package) = (&details.view, &details.view.package);
    let is_only = details.versions.len() < 2;
    let others = details.versions.iter().filter(|version| version.id != package.id);
    let next = Version::latest(others, |listed| &listed.version);
    let cancel = if back.is_empty() { shown.url() } else { back.to_owned() };
    let files = html! {
        @for file in &details.files { (file.file_name) " (" (bytes(file.size)) ")" }
        @if details.files.is_empty() { "none" }
    };
    let main = html! {
        h1 { "Delete " (package.name) "/" (package.system) " " (package.version) "?" }
        (facts(&[
            ("Project", html! { (view.project_path) }),
            ("Archive", files),
            ("Downloads", html! { (view.downloads.count) }),
        ]))
        p { "Configurations that ask for exactly this version cannot be initialised any more. This cannot be undone; the same version may be published again." }
        @if is_only {
            p { "It is the only version: the module goes with it." }
        } @else if details.latest == package.id {
            @if let Some(next) = next { p { "It is the latest version: then " (next.version) " is." } }
        }
        form.actions method="post" action=(format!("{}/delete", shown.url())) {
            (shown.viewer.csrf)
            @if !back.is_empty() { (hidden("back", back)) }
            button.button.danger { "Delete this version" }
            a.button.quiet href=(cancel) { "Cancel" }
        }
    };
    shown.page("Delete", &main)
}
