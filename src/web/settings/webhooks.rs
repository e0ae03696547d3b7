//! The webhooks of a project.

use maud::{Markup, html};

use super::{Tab, page, settings_path};
use crate::domain::webhook::{Delivery, DeliveryState, Webhook};
use crate::service::places::PlaceView;
use crate::web::Page;
use crate::web::components::{Confirm, Field, Tone, badge, cell, choice, choices, empty_state, table, time};
use crate::web::forms::{Complaint, Section, named, wrong};
use crate::web::frame::Viewer;

/// A webhook and what it told last.
#[derive(Debug, Clone)]
pub struct Row {
    /// The webhook.
    pub hook: Webhook,
    /// What waits, then what ended, newest first.
    pub deliveries: Vec<Delivery>,
}

/// What the form for a new one holds. Never its secret.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// Its name.
    pub name: String,
    /// Where it goes.
    pub url: String,
    /// Whether it is told of packages.
    pub packages: bool,
    /// Whether it is told of settings.
    pub settings: bool,
}

/// The page of the webhooks.
#[derive(Debug)]
pub struct Webhooks<'a> {
    /// Of which project.
    pub place: &'a PlaceView,
    /// All of them.
    pub rows: &'a [Row],
    /// What the form holds.
    pub values: &'a Values,
    /// What was wrong with it.
    pub complaint: Option<&'a Complaint>,
}

impl Webhooks<'_> {
    /// The page.
    pub fn page(&self, viewer: &Viewer) -> Page {
        let here = format!("{}/webhooks", settings_path(self.place));
        let main = html! {
            p.lead { "A webhook tells another server of changes of this project, by a signed request. What that server does not take is sent again, less and less often, for two days." }
            section #webhooks {
                h2 { "Existing webhooks " span.count { (self.rows.len()) } }
                @if self.rows.is_empty() {
                    (empty_state("No webhook", &html! { p { "Add one below." } }))
                }
                @for row in self.rows { (hook(viewer, &here, row)) }
            }
            (self.form(viewer, &here))
        };
        page(viewer, self.place, Tab::Webhooks, self.complaint, &main)
    }

    fn form(&self, viewer: &Viewer, here: &str) -> Markup {
        let url = Field {
            value: &self.values.url,
            hint: "http or https. Addresses inside your own network work only where an administrator allows them.",
            problem: wrong(self.complaint, "new", "url"),
            ..Field::text("url", "URL")
        };
        let name = Field {
            value: &self.values.name,
            problem: wrong(self.complaint, "new", "name"),
            optional: true,
            ..Field::text("name", "Name")
        };
        let token = Field {
            hint: "Requests are signed with it. Without one it is made up, and shown once.",
            problem: wrong(self.complaint, "new", "token"),
            optional: true,
            ..Field::password("token", "Secret", "off")
        };
        let boxes = html! {
            (choice("checkbox", "packages", "1", self.values.packages, &named("Packages", "Versions published and deleted.")))
            (choice("checkbox", "settings", "1", self.values.settings, &named("Settings", "Name, path, description, visibility and registry access of the project.")))
        };
        let section =
            Section { id: "new", title: "New webhook", lead: "", action: here, button: "Add webhook" };
        let questions = html! { (url) (name) (token) (choices("What it is told of", None, &boxes)) };
        section.asking(&viewer.csrf, &questions)
    }
}

fn hook(viewer: &Viewer, here: &str, Row { hook, deliveries }: &Row) -> Markup {
    let title = if hook.name.is_empty() { hook.url.host() } else { hook.name.clone() };
    let button = |action: &str, text: &str| {
        html! {
            form.inline method="post" action=(format!("{here}/{}/{action}", hook.id)) {
                (viewer.csrf)
                button.button.quiet.small { (text) }
            }
        }
    };
    html! {
        section #(format!("webhook-{}", hook.id)) {
            h3 {
                (title) " "
                @if hook.events.packages { (badge(Tone::Plain, "packages")) " " }
                @if hook.events.settings { (badge(Tone::Plain, "settings")) " " }
                @if hook.disabled.is_some() { (badge(Tone::Bad, "switched off")) }
                @else if hook.failing_since.is_some() { (badge(Tone::Warn, "failing")) }
            }
            p { code { (hook.url.as_str()) } }
            @if let Some(reason) = &hook.disabled {
                p.wrong { "It is switched off and told of nothing: " (reason) "." }
                (button("enable", "Switch on"))
            }
            (button("test", "Send a test"))
            (Confirm {
                action: &format!("{here}/{}/remove", hook.id),
                csrf: &viewer.csrf,
                verb: "Remove",
                warning: &format!("{title} is told of nothing any more, and what still waits for it is dropped."),
            })
            @if deliveries.is_empty() { p.quiet { "Nothing was sent yet." } }
            @else { (last(viewer, &title, deliveries)) }
        }
    }
}

fn last(viewer: &Viewer, title: &str, deliveries: &[Delivery]) -> Markup {
    let rows = html! {
        @for delivery in deliveries {
            @let attempt = delivery.last.as_ref();
            tr {
                (cell("", &html! { strong { (delivery.kind.as_str()) } }))
                (cell("When", &time(delivery.created_at, viewer.now)))
                (cell("State", &html! {
                    (badge(tone(delivery), delivery.state.as_str()))
                    @if delivery.state == DeliveryState::Waiting && delivery.attempts > 0 {
                        " again " (time(delivery.due_at, viewer.now))
                    }
                }))
                (cell("Attempts", &html! { (delivery.attempts) }))
                (cell("Answer", &html! {
                    @match attempt.map(|attempt| (attempt.status, attempt.error.as_deref())) {
                        Some((_, Some(error))) => (error),
                        Some((Some(status), None)) => (status),
                        _ => "",
                    }
                }))
            }
        }
    };
    let caption = format!("What {title} was told last");
    table(&caption, &["Event", "When", "State", "Attempts", "Answer"], &rows)
}

const fn tone(delivery: &Delivery) -> Tone {
    match delivery.state {
        DeliveryState::Waiting if delivery.attempts > 0 => Tone::Warn,
        DeliveryState::Waiting => Tone::Plain,
        DeliveryState::Delivered => Tone::Good,
        DeliveryState::Failed => Tone::Bad,
    }
}
