//! What the forms of settings share: the complaint about what was sent, and the questions that several of them ask.

use maud::{Markup, Render, html};

use super::components::{Field, choice, choices};
use super::frame::Csrf;
use super::modules::counted;
use crate::domain::{Role, Visibility};
use crate::service::holdings::Holdings;

/// What was wrong with a form that was sent. It is told at its field, or at the top of the page where it has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The id of the form's section.
    pub form: &'static str,
    /// The name of the field; empty when it is about all of it.
    pub field: &'static str,
    /// A sentence.
    pub sentence: String,
}

/// What was wrong with a field of a form, if that was it.
pub fn wrong<'a>(complaint: Option<&'a Complaint>, form: &str, field: &str) -> Option<&'a str> {
    let found = complaint.filter(|complaint| complaint.form == form && complaint.field == field);
    found.map(|complaint| complaint.sentence.as_str())
}

/// The complaint at the top of a page, with the way to its form.
impl Render for Complaint {
    fn render(&self) -> Markup {
        html! {
            div.notice.bad role="alert" {
                p {
                    strong { "Nothing was changed." } " "
                    // Beside its field the sentence is clear, and only there.
                    @if self.field.is_empty() { (self.sentence) } @else { "One of the answers cannot be used." }
                    " " a href=(format!("#{}", self.form)) { "Go to the form" }
                }
            }
        }
    }
}

/// Part of a page with one form in it: a heading, an explanation, and what the form asks.
#[derive(Debug)]
pub struct Section<'a> {
    /// Its id, and the name of its form.
    pub id: &'a str,
    /// Its heading.
    pub title: &'a str,
    /// What stands above the form; empty when nothing needs to.
    pub lead: &'a str,
    /// Where the form is sent.
    pub action: &'a str,
    /// On its button.
    pub button: &'a str,
}

impl Section<'_> {
    /// The section with these questions.
    pub fn asking(&self, csrf: &Csrf, questions: &Markup) -> Markup {
        html! {
            section id=(self.id) {
                h2 { (self.title) }
                @if !self.lead.is_empty() { p { (self.lead) } }
                form.stack.box method="post" action=(self.action) {
                    (csrf) (questions)
                    button.button { (self.button) }
                }
            }
        }
    }
}

/// The field `description`: several lines.
pub fn description(value: &str, problem: Option<&str>) -> Markup {
    let described = problem.map(|_| "description-problem");
    html! {
        div.field {
            label for="description-field" { "Description" span.quiet { " (optional)" } }
            // A browser drops one line feed behind the tag.
            textarea #description-field name="description" rows="3" aria-invalid=[problem.map(|_| "true")] aria-describedby=[described] {
                "\n" (value)
            }
            @if let Some(text) = problem { p.wrong #description-problem { (text) } }
        }
    }
}

/// The question who sees a group or project.
pub fn visibility(chosen: Visibility, problem: Option<&str>) -> Markup {
    let boxes = html! {
        @for (visibility, name, explained) in [
            (Visibility::Private, "Private", "Members only."),
            (Visibility::Internal, "Internal", "Every signed-in user."),
            (Visibility::Public, "Public", "Everyone, without signing in."),
        ] {
            (choice("radio", "visibility", visibility.as_str(), chosen == visibility, &named(name, explained)))
        }
    };
    choices("Visibility", problem, &boxes)
}

/// The label of a choice: its name, and a sentence about it.
pub fn named(name: &str, explained: &str) -> Markup {
    html! { strong { (name) } br; span.quiet { (explained) } }
}

/// The name of a role.
pub const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Guest => "Guest",
        Role::Reporter => "Reporter",
        Role::Developer => "Developer",
        Role::Maintainer => "Maintainer",
        Role::Owner => "Owner",
    }
}

/// What goes, in words: "2 subgroups, 3 projects and 41 packages".
pub fn in_words(holdings: Holdings) -> String {
    let parts =
        [(holdings.subgroups, "subgroup"), (holdings.projects, "project"), (holdings.packages, "package")];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, thing)| counted(count, thing))
        .collect();
    match parts.as_slice() {
        [] => "no packages".to_owned(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// How a warning names it: "acme goes for good, and with it 3 projects.".
pub fn goes(name: &str, holdings: Holdings) -> String {
    if holdings == Holdings::default() {
        format!("{name} goes for good.")
    } else {
        format!("{name} goes for good, and with it {}.", in_words(holdings))
    }
}

/// The question before something is deleted for good: what goes, and its name to be typed.
#[derive(Debug)]
pub struct Deletion<'a> {
    /// Where the form is sent.
    pub action: &'a str,
    /// "Delete this project".
    pub verb: &'a str,
    /// What goes and what that does to others.
    pub warning: &'a str,
    /// What has to be typed.
    pub name: &'a str,
    /// What was typed before, and what was wrong with it.
    pub typed: &'a str,
    /// What was wrong.
    pub problem: Option<&'a str>,
}

impl Deletion<'_> {
    /// The folded question; open when it was answered wrongly.
    pub fn asking(&self, csrf: &Csrf) -> Markup {
        let label = format!("Type {} to confirm", self.name);
        let confirmation =
            Field { value: self.typed, problem: self.problem, ..Field::text("confirmation", &label) };
        html! {
            details.confirm open[self.problem.is_some()] {
                summary.button.danger { (self.verb) }
                form.stack method="post" action=(self.action) {
                    (csrf)
                    p { (self.warning) }
                    (confirmation)
                    button.button.danger { (self.verb) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_is_told_in_words() {
        for (holdings, expected) in [
            (Holdings::default(), "no packages"),
            (Holdings { packages: 1, ..Holdings::default() }, "1 package"),
            (Holdings { projects: 2, packages: 41, ..Holdings::default() }, "2 projects and 41 packages"),
            (Holdings { subgroups: 1, projects: 2, packages: 3 }, "1 subgroup, 2 projects and 3 packages"),
        ] {
            assert_eq!(in_words(holdings), expected);
        }
    }
}
