//! The audit log of the instance: who did what, and what was refused.

use maud::{Markup, html};
use serde_json::Value;

use super::{AUDIT, page};
use crate::domain::audit::{Action, Entry, Kind, Named, Outcome};
use crate::service::audit::LoggedEntry;
use crate::web::Page;
use crate::web::components::{Tone, badge, cell, empty_state, select, table, time};
use crate::web::frame::Viewer;
use crate::web::search::listed_at;

/// What the form above the list asks for, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// An action.
    pub action: String,
    /// Name or number of a user.
    pub user: String,
    /// Part of the name of what an entry is about.
    pub target: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// What of it was wrong: the name of the field and a sentence.
    pub problem: Option<(&'static str, &'static str)>,
}

impl Asked {
    /// The URL of the list behind that entry.
    fn url(&self, cursor: Option<u64>) -> String {
        let cursor = cursor.map(|number| number.to_string()).unwrap_or_default();
        let asked = [
            ("action", self.action.as_str()),
            ("user", &self.user),
            ("target", &self.target),
            ("from", &self.from),
            ("to", &self.to),
            ("cursor", &cursor),
        ];
        listed_at(AUDIT, &asked, 1)
    }

    fn form(&self) -> Markup {
        let mut actions = vec![("", "Everything")];
        actions.extend(Action::ALL.iter().map(|action| (action.as_str(), action.as_str())));
        html! {
            form.inline role="search" action=(AUDIT) {
                (select("action", "Action", &actions, &self.action))
                (self.field("user", "User", "text", &self.user))
                (self.field("target", "Name or path has", "text", &self.target))
                (self.field("from", "From (UTC)", "date", &self.from))
                (self.field("to", "To (UTC)", "date", &self.to))
                button.button.quiet { "Filter" }
            }
        }
    }

    /// A field that narrows the list. All of them may be left empty, which need not be said of each.
    fn field(&self, name: &str, label: &str, kind: &str, value: &str) -> Markup {
        let problem = self.problem.filter(|(wrong, _)| *wrong == name).map(|(_, sentence)| sentence);
        let described = problem.map(|_| format!("{name}-problem"));
        html! {
            div.field {
                label for=(name) { (label) }
                input id=(name) name=(name) type=(kind) value=(value) autocomplete="off" autocapitalize="none"
                    spellcheck="false" aria-invalid=[problem.map(|_| "true")] aria-describedby=[described.as_deref()];
                @if let Some(text) = problem { p.wrong id=[described.as_deref()] { (text) } }
            }
        }
    }
}

/// The list.
pub fn list(
    viewer: &Viewer,
    asked: &Asked,
    entries: &[LoggedEntry],
    (cursor, next): (Option<u64>, Option<u64>),
) -> Page {
    let rows = html! { @for logged in entries { (row(viewer, logged)) } };
    let main = html! {
        h1 { "Audit log" }
        p.quiet { "Every change and every refused change. Entries are never altered or removed; " code { "cairn verify" } " checks that." }
        (asked.form())
        @if entries.is_empty() {
            (empty_state("Nothing is found here", &html! {
                @if next.is_some() { p { "No entry of this part of the log fits. There are older ones below." } }
                @else { p { "Ask for less, or " a href=(AUDIT) { "list everything" } "." } }
            }))
        } @else {
            (table("Audit log", &["When", "What", "Who", "From", "No."], &rows))
        }
        @if cursor.is_some() || next.is_some() {
            nav.pager aria-label="Pages" {
                @if cursor.is_some() { a href=(asked.url(None)) { "Newest" } }
                @if next.is_some() { a rel="next" href=(asked.url(next)) { "Older" } }
            }
        }
    };
    page(viewer, AUDIT, "Audit log", &main)
}

fn row(viewer: &Viewer, logged: &LoggedEntry) -> Markup {
    let entry = &logged.entry;
    html! {
        tr #{ "entry-" (logged.number) } {
            (cell("When", &html! {
                (time(entry.at, viewer.now))
                p.quiet { (entry.at.strftime("%Y-%m-%d %H:%M:%S").to_string()) }
            }))
            (cell("", &what(entry)))
            (cell("Who", &html! {
                (who(&entry.actor))
                @if let Some(used) = &entry.credential { p.quiet { (named(used)) } }
            }))
            (cell("From", &html! {
                @match &entry.address { Some(address) => { (address) } None => { span.quiet { "this machine" } } }
                @if let Some(id) = &entry.request_id { p.quiet { (id) } }
            }))
            (cell("No.", &html! { span title=(logged.hash) { (logged.number) } }))
        }
    }
}

fn what(entry: &Entry) -> Markup {
    html! {
        span.name { (entry.action.as_str()) }
        @if entry.outcome == Outcome::Refused { " " (badge(Tone::Bad, "refused")) }
        @if let Some(target) = &entry.target { p { (named(target)) } }
        @if let Some(scope) = &entry.scope { p.quiet { "in " (named(scope)) } }
        @if let Some(refusal) = &entry.refusal {
            p.quiet { (refusal.method) " " (refusal.route) ": " (refusal.status) ", " (refusal.reason) }
        }
        @for (name, value) in &entry.details { (detail(name, value)) }
    }
}

/// A detail; of changes, each attribute before and after.
fn detail(name: &str, value: &Value) -> Markup {
    let changes = value.as_object().filter(|_| name == "changes");
    let side = |change: &Value, side| plain(change.get(side).unwrap_or(&Value::Null));
    html! {
        @match changes {
            Some(changes) => {
                @for (attribute, change) in changes {
                    p.quiet { (attribute) ": " (side(change, "from")) " → " (side(change, "to")) }
                }
            }
            None => { @if !value.is_null() { p.quiet { (name) ": " (plain(value)) } } }
        }
    }
}

/// A value as people write it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn who(actor: &Named) -> Markup {
    html! {
        @match actor.kind {
            Kind::User => { "@" (actor.name) }
            Kind::Operator => { "the command line" }
            Kind::Anonymous => { span.quiet { "nobody" } }
            _ => { (named(actor)) }
        }
    }
}

fn named(thing: &Named) -> String {
    let kind = thing.kind.as_str().replace('_', " ");
    match (thing.id, thing.name.as_str()) {
        (_, name) if thing.kind == Kind::Path => name.to_owned(),
        (None, "") => kind,
        (Some(id), "") => format!("{kind} {id}"),
        (None, name) => format!("{kind} {name}"),
        (Some(id), name) => format!("{kind} {name} ({id})"),
    }
}
