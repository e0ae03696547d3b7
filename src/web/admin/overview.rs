//! The first page of the administration: settings of the instance, health, storage, what happened last.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{ADMIN, page};
use crate::domain::Visibility;
use crate::web::Page;
use crate::web::components::{
    Field, Tone, badge, bytes, cell, choice, choices, empty_state, facts, select, table, time,
};
use crate::web::forms::{Complaint, Section, named, wrong};
use crate::web::frame::Viewer;

/// What the form of the settings holds: what is stored, or what was typed instead.
#[derive(Debug, Clone)]
pub struct Values {
    /// The registry switch.
    pub registry: bool,
    /// Whether projects may open their registry to anyone.
    pub anyone: bool,
    /// Visibility of new projects that do not say.
    pub projects: Visibility,
    /// Visibility of new groups that do not say.
    pub groups: Visibility,
    /// Largest archive, as a size with its unit.
    pub max_file_size: String,
}

/// Whether the server is well.
#[derive(Debug, Clone, Copy)]
pub struct Health {
    /// Whether requests can be served.
    pub is_ready: bool,
    /// Since when it runs.
    pub since: Timestamp,
    /// Whether the command line keeps the registry switched off.
    pub kept_off: bool,
}

/// What the archives take.
#[derive(Debug, Clone, Copy)]
pub struct Storage {
    /// Bytes of all archives.
    pub used: u64,
    /// Bytes of those that nothing refers to any more.
    pub reclaimable: u64,
    /// When that was found.
    pub measured_at: Timestamp,
}

/// Something that happened to a package.
#[derive(Debug, Clone)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// "published", "deleted".
    pub what: &'static str,
    /// The module and its version.
    pub package: String,
    /// By whom.
    pub who: String,
    /// Full path of the project; nothing when that is gone.
    pub project: Option<String>,
}

/// The overview.
#[derive(Debug)]
pub struct Overview<'a> {
    /// What the form holds.
    pub values: &'a Values,
    /// What was wrong with it.
    pub complaint: Option<&'a Complaint>,
    /// Whether the server is well.
    pub health: Health,
    /// How many there are of what.
    pub counts: &'a [(&'static str, u64)],
    /// What the archives take.
    pub storage: Storage,
    /// What happened last.
    pub events: &'a [Event],
}

impl Overview<'_> {
    /// The page.
    pub fn page(&self, viewer: &Viewer) -> Page {
        let main = html! {
            h1 { "Administration" }
            @if let Some(complaint) = self.complaint { (complaint) }
            (self.state(viewer))
            (self.contents(viewer.now))
            (self.settings(viewer))
            (happened(self.events, viewer.now))
        };
        page(viewer, ADMIN, "Overview", &main)
    }

    fn contents(&self, now: Timestamp) -> Markup {
        let mut rows: Vec<(&str, Markup)> =
            self.counts.iter().map(|(name, count)| (*name, html! { (count) })).collect();
        rows.push(("Archives", bytes(self.storage.used)));
        rows.push(("Reclaimable", bytes(self.storage.reclaimable)));
        rows.push(("Measured", time(self.storage.measured_at, now)));
        html! {
            section #storage {
                h2 { "Contents and storage" }
                (facts(&rows))
                p.quiet { "What nothing refers to any more is deleted by " code { "cairn gc" } "." }
            }
        }
    }

    fn state(&self, viewer: &Viewer) -> Markup {
        let health = self.health;
        let ready = if health.is_ready {
            badge(Tone::Good, "ready")
        } else {
            badge(Tone::Bad, "not ready: the database is not open")
        };
        let registry = if viewer.registry { badge(Tone::Good, "on") } else { badge(Tone::Warn, "off") };
        html! {
            section #health {
                h2 { "Health" }
                (facts(&[
                    ("State", ready),
                    ("Package registry", registry),
                    ("Version", html! { (env!("CARGO_PKG_VERSION")) }),
                    ("Started", time(health.since, viewer.now)),
                ]))
            }
        }
    }

    fn settings(&self, viewer: &Viewer) -> Markup {
        let values = self.values;
        let visibilities: Vec<(&str, &str)> = Visibility::ALL
            .into_iter()
            .map(|visibility| (visibility.as_str(), visibility.as_str()))
            .collect();
        let size = Field {
            value: &values.max_file_size,
            hint: "Such as 512 MiB or 1 GiB. 0: only the limit that is built in holds.",
            problem: wrong(self.complaint, "settings", "max_file_size"),
            ..Field::text("max_file_size", "Maximum size of an archive")
        };
        let switches = html! {
            (choice("checkbox", "registry", "1", values.registry, &named(
                "Package registry",
                "Off: nobody can publish, list or download packages, Terraform included; menu entries are gone and pages say \
                 why. Nothing is deleted.",
            )))
            (choice("checkbox", "anyone", "1", values.anyone, &named(
                "Projects may let anyone pull",
                "Off: a registry that is public in a private project is only for those who see the project.",
            )))
        };
        let section = Section {
            id: "settings",
            title: "Settings of this server",
            lead: "",
            action: ADMIN,
            button: "Save settings",
        };
        let questions = html! {
            @if self.health.kept_off {
                div.notice.warn { p { "The server was started with " code { "--disable-registry" } ": the registry is off, whatever is set here." } }
            }
            (choices("Switches", None, &switches))
            (select("projects", "Visibility of new projects", &visibilities, values.projects.as_str()))
            (select("groups", "Visibility of new groups", &visibilities, values.groups.as_str()))
            (size)
        };
        section.asking(&viewer.csrf, &questions)
    }
}

fn happened(events: &[Event], now: Timestamp) -> Markup {
    let rows = html! {
        @for event in events {
            tr {
                (cell("", &html! { strong { (event.package) } " " (event.what) p.quiet { "by " (event.who) } }))
                (cell("Project", &html! {
                    @match &event.project {
                        Some(path) => a href=(format!("/{path}")) { (path) },
                        None => span.quiet { "gone" },
                    }
                }))
                (cell("When", &time(event.at, now)))
            }
        }
    };
    html! {
        section #events {
            h2 { "Recent events" }
            @if events.is_empty() {
                (empty_state("Nothing has happened yet", &html! { p { "Packages that are published or deleted appear here." } }))
            } @else { (table("Recent events", &["Package", "Project", "When"], &rows)) }
        }
    }
}
