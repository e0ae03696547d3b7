//! What happened to a package: its publication, the last updates, and how many are between.

use maud::{Markup, html};

use super::Shown;
use super::provenance::provenance;
use crate::domain::event::PackageAction;
use crate::service::package_page::ActivityEntry;
use crate::web::components::{empty_state, time};
use crate::web::registry::who;

/// The list of what happened.
pub(super) fn activity(shown: Shown<'_>) -> Markup {
    let activity = &shown.details.activity;
    if activity.published.is_none() && activity.updates.is_empty() {
        return empty_state(
            "No activity",
            &html! { p { "Nothing is known about how this version came here." } },
        );
    }
    html! {
        ol.activity {
            @if let Some(published) = &activity.published { (entry(shown, published, true)) }
            @for update in &activity.updates { (entry(shown, update, false)) }
        }
        @if activity.archived > 0 {
            p.quiet {
                (activity.archived) @if activity.archived == 1 { " older update is archived." } @else { " older updates are archived." }
            }
        }
    }
}

fn entry(shown: Shown<'_>, entry: &ActivityEntry, is_first: bool) -> Markup {
    let package = &shown.details.view.package;
    let what = match (entry.action, is_first) {
        (PackageAction::Published, true) => "Published",
        (PackageAction::Published, false) => "Published again",
        (PackageAction::Deleted, _) => "Deleted",
        (PackageAction::FileDeleted, _) => "Archive deleted",
    };
    let digest = entry.sha256.to_string();
    html! {
        li {
            p {
                strong { (what) }
                @if is_first { " as version " (package.version) " of " (package.name) "/" (package.system) " in " (shown.details.view.project_path) }
                " by " (who(&entry.actor)) ", " (time(entry.at, shown.viewer.now))
            }
            @if entry.action == PackageAction::Published { p.quiet { (archive(shown, entry)) } }
            @if let Some(known) = &entry.provenance { (provenance(known)) }
            p.quiet { "SHA-256 " code { (digest) } }
        }
    }
}

/// The name of the archive that was published then; a link while it is there.
fn archive(shown: Shown<'_>, entry: &ActivityEntry) -> Markup {
    let file = shown.details.files.iter().find(|file| file.sha256 == entry.sha256);
    html! {
        @match file {
            Some(file) => a href=(super::files::download_url(shown, file)) download { (file.file_name) },
            None => { (shown.details.view.package.file_name()) " (not there any more)" },
        }
    }
}
