//! What changed between a package and another version of its module, and whether the numbers say so.

use maud::{Markup, html};

use super::{Shown, Tab};
use crate::domain::comparison::{Change, ChangeKind, Comparison, Impact, Verdict};
use crate::service::compare::Compared;
use crate::web::components::{empty_state, hidden};

/// Versions that can be chosen from.
const OFFERED: usize = 100;
/// Changes that are listed; a hostile pair of archives could have hundreds of thousands.
const LISTED: usize = 500;

/// The choice of another version, and what changed against it.
pub(super) fn changes(shown: Shown<'_>, compared: Option<&Compared>) -> Markup {
    if shown.details.versions.len() < 2 {
        return empty_state(
            "Only one version",
            &html! {
                p { "There is nothing to compare with: this is the only version of the module in its project." }
            },
        );
    }
    let own = shown.details.view.package.id;
    let other = compared.map(|compared| if compared.from == own { compared.to } else { compared.from });
    let others = shown.details.versions.iter().filter(|version| version.id != own);
    html! {
        form.switcher action=(shown.url()) {
            (hidden("tab", Tab::Changes.as_str()))
            label for="from" { "Compare " (shown.details.view.package.version) " with" }
            select #from name="from" {
                @for (place, version) in others.enumerate() {
                    @if place < OFFERED || Some(version.id) == other {
                        option value=(version.version) selected[Some(version.id) == other] { (version.version) }
                    }
                }
            }
            button.button.quiet { "Compare" }
        }
        @if let Some(compared) = compared { (comparison(&compared.comparison)) }
    }
}

fn comparison(comparison: &Comparison) -> Markup {
    html! {
        h2 { "From " (comparison.from) " to " (comparison.to) }
        (verdict(comparison))
        @for (impact, title) in [
            (Impact::Breaking, "Breaking"),
            (Impact::Feature, "New and changed"),
            (Impact::Fix, "Without effect on callers"),
        ] {
            @let count = comparison.count(impact);
            @if count > 0 {
                h3 { (title) " " span.count { (count) } }
                ul.changes {
                    @for change in comparison.changes.iter().filter(|change| change.kind.impact() == impact).take(LISTED) {
                        li { (one(change)) }
                    }
                }
                @if count > LISTED { p.quiet { "and " (count - LISTED) " more" } }
            }
        }
    }
}

fn verdict(comparison: &Comparison) -> Markup {
    let sentence = comparison.verdict.sentence();
    let (class, advice) = match comparison.verdict {
        Verdict::Unchanged => ("notice good", String::new()),
        Verdict::Announced { impact: Impact::Breaking, .. } => {
            ("notice warn", "Read what breaks before you take this version.".to_owned())
        }
        Verdict::Announced { .. } => ("notice good", "The numbers say what changed.".to_owned()),
        Verdict::Understated { impact, needed, .. } => {
            let class = if impact == Impact::Breaking { "notice bad" } else { "notice warn" };
            (class, format!("Semantic Versioning asks for a {} step.", needed.as_str()))
        }
        Verdict::NothingPromised { .. } => ("notice", String::new()),
    };
    html! {
        div class=(class) {
            p { strong { "Verdict: " (sentence) "." } " " (advice) }
        }
    }
}

/// A change in words.
fn one(change: &Change) -> Markup {
    let name = html! {
        code { (change.name) }
        @if !change.module.is_empty() { span.quiet { " in " (change.module) } }
    };
    let from_to = |from: &str, to: &str| {
        let any = |text: &str| if text.is_empty() { "none".to_owned() } else { shortened(text) };
        html! { ": " code { (any(from)) } " became " code { (any(to)) } }
    };
    let hidden = |now: &bool| if *now { " is sensitive now" } else { " is not sensitive any more" };
    html! {
        @match &change.kind {
            ChangeKind::InputAdded { required: true } => { "Input " (name) " was added and must be set" },
            ChangeKind::InputAdded { required: false } => { "Input " (name) " was added" },
            ChangeKind::InputRemoved => { "Input " (name) " was removed" },
            ChangeKind::InputRequired => { "Input " (name) " lost its default and must be set now" },
            ChangeKind::InputOptional => { "Input " (name) " got a default" },
            ChangeKind::InputType { from, to } => { "Type of input " (name) (from_to(from, to)) },
            ChangeKind::InputDefault { from, to } => { "Default of input " (name) (from_to(from, to)) },
            ChangeKind::InputSensitive { now } => { "Input " (name) (hidden(now)) },
            ChangeKind::OutputAdded => { "Output " (name) " was added" },
            ChangeKind::OutputRemoved => { "Output " (name) " was removed" },
            ChangeKind::OutputSensitive { now } => { "Output " (name) (hidden(now)) },
            ChangeKind::ProviderAdded => { "Provider " (name) " is needed now" },
            ChangeKind::ProviderRemoved => { "Provider " (name) " is not needed any more" },
            ChangeKind::ProviderSource { from, to } => { "Source of provider " (name) (from_to(from, to)) },
            ChangeKind::ProviderVersion { from, to } => { "Accepted versions of provider " (name) (from_to(from, to)) },
            ChangeKind::RequiredVersion { from, to } => { "Accepted versions of " (name) (from_to(from, to)) },
            ChangeKind::ResourceAdded { data } => { (kind(*data)) " " (name) " was added" },
            ChangeKind::ResourceRemoved { data } => { (kind(*data)) " " (name) " was removed or has another name" },
            ChangeKind::SubmoduleAdded => { "Submodule " (name) " was added" },
            ChangeKind::SubmoduleRemoved => { "Submodule " (name) " was removed" },
        }
    }
}

const fn kind(data: bool) -> &'static str {
    if data { "Data source" } else { "Resource" }
}

/// A type or a default may be long.
fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    match text.get(..text.floor_char_boundary(MOST)) {
        Some(cut) if cut.len() < text.len() => format!("{cut}…"),
        _ => text.to_owned(),
    }
}
