//! Pages that say why there is no other page, and what to do now. They never say what exists.

use maud::html;

use super::Page;
use super::frame::{Frame, Viewer, sign_in_url};

/// What went wrong, as a page tells it.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// A sentence about this very case; empty when there is nothing to say that the page does not.
    pub sentence: String,
    /// Whether a higher role would do.
    pub needs_role: bool,
}

/// The page of a problem.
pub fn problem(viewer: &Viewer, problem: &Problem) -> Page {
    let (title, hint) = told(problem, viewer.person.is_some());
    let signed_out = viewer.person.is_none();
    let main = html! {
        div.problem-page {
            p.status aria-hidden="true" { (problem.status) }
            h1 { (title) }
            @if !problem.sentence.is_empty() { p.lead { (capital(&problem.sentence)) "." } }
            p { (hint) }
            p.actions {
                @if signed_out && matches!(problem.status, 401 | 403 | 404) {
                    a.button href=(sign_in_url(&viewer.here)) { "Sign in" }
                }
                a.button.quiet href="/" { "Start page" }
            }
        }
    };
    Frame::new(viewer, title).narrow().page(&main)
}

/// A title, and what to do.
const fn told(problem: &Problem, signed_in: bool) -> (&'static str, &'static str) {
    match (problem.status, signed_in) {
        (401, _) => {
            ("Sign in first", "This needs a user. What you sent was not taken: sign in and repeat it.")
        }
        (403, false) => ("Not allowed", "Sign in, load the page again and repeat it."),
        (403, true) if !problem.needs_role => ("Not allowed", "Nothing was changed."),
        (403, true) => (
            "Not allowed",
            "If you need this, ask an owner or maintainer of the group or project for a role that may.",
        ),
        (404, true) => (
            "Page not found",
            "There is nothing at this address, or you may not see it. Check the spelling, or ask whoever gave you the \
             link for access.",
        ),
        (404, false) => (
            "Page not found",
            "There is nothing at this address, or it is not public. Check the spelling, or sign in to see more.",
        ),
        (405, _) => {
            ("Not possible", "This address does not take such a request. Go back and use the links there.")
        }
        (400 | 409 | 422, _) => {
            ("This did not work", "Nothing was changed. Go back, correct it and send it again.")
        }
        (429, _) => ("Too many attempts", "Wait a while, then try again."),
        (503, _) => {
            ("Not available right now", "Try again in a moment. If this stays, tell an administrator.")
        }
        (507, _) => ("The server's disk is full", "Nothing was changed. Tell an administrator."),
        _ => ("Something went wrong", "It is not your fault. Try again; if it stays, tell an administrator."),
    }
}

/// Sentences of errors begin in lower case and end without a full stop.
fn capital(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
