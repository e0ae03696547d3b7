//! Pages about oneself: signing in, the password, personal tokens.

use jiff::Timestamp;
use maud::{Markup, html};

use super::Page;
use super::components::{
    Confirm, Field, Tone, badge, cell, choice, choices, day, empty_state, hidden, table, time,
};
use super::frame::{Frame, Sidebar, Viewer};
use crate::domain::credential::{PersonalScope, TokenOwner};
use crate::service::tokens::KnownToken;

/// The page with one's personal tokens.
pub const TOKENS: &str = "/-/user_settings/personal_access_tokens";
/// The page with one's password.
pub const PASSWORD: &str = "/-/user_settings/password";

/// What the sign-in form is shown with.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignIn<'a> {
    /// Where to go afterwards: a checked local path, or nothing.
    pub redirect_to: &'a str,
    /// What was typed before, to be corrected.
    pub username: &'a str,
    /// What was wrong with it.
    pub problem: Option<&'a str>,
}

/// The sign-in form.
pub fn sign_in(viewer: &Viewer, form: SignIn<'_>) -> Page {
    let username =
        Field { value: form.username, autocomplete: "username", ..Field::text("username", "User name") };
    let main = html! {
        h1 { "Sign in" }
        @if let Some(problem) = form.problem { div.notice.bad role="alert" { p { (problem) "." } } }
        form.stack method="post" action="/users/sign_in" {
            (viewer.csrf)
            @if !form.redirect_to.is_empty() { (hidden("redirect_to", form.redirect_to)) }
            (username)
            (Field::password("password", "Password", "current-password"))
            button.button { "Sign in" }
        }
        p.quiet { "No account, or a forgotten password? An administrator can make the one and reset the other." }
    };
    Frame::new(viewer, "Sign in").narrow().page(&main)
}

/// What was wrong with a field of a form: its name and a sentence.
pub type Wrong<'a> = Option<(&'a str, &'a str)>;

fn wrong_with<'a>(wrong: Wrong<'a>, field: &str) -> Option<&'a str> {
    wrong.filter(|(name, _)| *name == field).map(|(_, sentence)| sentence)
}

/// The form for another password.
pub fn password(viewer: &Viewer, wrong: Wrong<'_>) -> Page {
    let current = Field {
        problem: wrong_with(wrong, "current_password"),
        ..Field::password("current_password", "Present password", "current-password")
    };
    let new = Field {
        hint: "8 to 128 characters. A sentence only you would say is better than one odd word.",
        problem: wrong_with(wrong, "new_password"),
        ..Field::password("new_password", "New password", "new-password")
    };
    let again = Field {
        problem: wrong_with(wrong, "password_confirmation"),
        ..Field::password("password_confirmation", "New password, again", "new-password")
    };
    let main = html! {
        h1 { "Change password" }
        p.lead { "You stay signed in here and are signed out everywhere else. Personal tokens go on working." }
        form.stack method="post" action=(PASSWORD) {
            (viewer.csrf) (current) (new) (again)
            button.button { "Change password" }
        }
    };
    settings(viewer, "Change password", PASSWORD).page(&main)
}

/// What the form for a new token holds: what was typed before, or the defaults.
#[derive(Debug, Clone, Default)]
pub struct TokenForm<'a> {
    /// Its name.
    pub name: &'a str,
    /// The day it ends.
    pub expires_at: &'a str,
    /// What it may do.
    pub scopes: Vec<PersonalScope>,
    /// What was wrong with it.
    pub wrong: Wrong<'a>,
}

/// One's personal tokens, and the form for a new one.
pub fn tokens(viewer: &Viewer, tokens: &[KnownToken], form: &TokenForm<'_>) -> Page {
    let (active, ended): (Vec<_>, Vec<_>) =
        tokens.iter().partition(|known| known.token.is_active(viewer.now));
    let main = html! {
        h1 { "Personal access tokens" }
        p.lead { "A token stands in for you where a program asks for modules or publishes them: Terraform, OpenTofu, curl, a pipeline." }
        section {
            h2 { "Active tokens " span.count { (active.len()) } }
            @if active.is_empty() {
                (empty_state("No active token", &html! { p { "Make one below: it is shown once, to be copied." } }))
            } @else { (active_tokens(viewer, &active)) }
        }
        section {
            h2 { "New token" }
            (new_token(viewer, form))
        }
        @if !ended.is_empty() {
            details.folded {
                summary { "Revoked and expired tokens " span.count { (ended.len()) } }
                (ended_tokens(&ended, viewer.now))
            }
        }
    };
    settings(viewer, "Personal access tokens", TOKENS).page(&main)
}

fn active_tokens(viewer: &Viewer, tokens: &[&KnownToken]) -> Markup {
    let rows = html! {
        @for known in tokens {
            @let token = &known.token;
            tr {
                (cell("Name", &html! { strong { (token.name) } }))
                (cell("Scopes", &scopes(&token.owner)))
                (cell("Created", &time(token.created_at, viewer.now)))
                (cell("Last used", &html! {
                    @match known.last_used_at { Some(at) => (time(at, viewer.now)), None => span.quiet { "never" } }
                }))
                (cell("Expires", &html! {
                    @match token.expires_at { Some(at) => (day(at)), None => span.quiet { "never" } }
                }))
                (cell("", &html! {
                    (Confirm {
                        action: &format!("{TOKENS}/{}/revoke", token.id),
                        csrf: &viewer.csrf,
                        verb: "Revoke",
                        warning: &format!("“{}” stops working at once, wherever it is used. This cannot be undone.", token.name),
                    })
                }))
            }
        }
    };
    table("Active tokens", &["Name", "Scopes", "Created", "Last used", "Expires", ""], &rows)
}

fn ended_tokens(tokens: &[&KnownToken], now: Timestamp) -> Markup {
    let rows = html! {
        @for known in tokens {
            @let token = &known.token;
            tr {
                (cell("Name", &html! { (token.name) }))
                (cell("Scopes", &scopes(&token.owner)))
                (cell("Created", &time(token.created_at, now)))
                (cell("State", &badge(Tone::Plain, if token.revoked { "revoked" } else { "expired" })))
            }
        }
    };
    table("Revoked and expired tokens", &["Name", "Scopes", "Created", "State"], &rows)
}

fn scopes(owner: &TokenOwner) -> Markup {
    html! {
        @if let TokenOwner::Personal { scopes, .. } = owner {
            @for scope in scopes { (badge(Tone::Plain, scope.as_str())) " " }
        }
    }
}

fn new_token(viewer: &Viewer, form: &TokenForm<'_>) -> Markup {
    let name = Field {
        value: form.name,
        hint: "What it is for, so that you know later which one to revoke.",
        problem: wrong_with(form.wrong, "name"),
        ..Field::text("name", "Name")
    };
    let expires_at = Field {
        kind: "date",
        value: form.expires_at,
        hint: "It stops working at the beginning of that day (UTC).",
        problem: wrong_with(form.wrong, "expires_at"),
        optional: true,
        ..Field::text("expires_at", "Expires on")
    };
    let boxes = html! {
        @for (scope, explained) in [
            (PersonalScope::ReadApi, "Read: list and download what you may see. Enough for Terraform."),
            (PersonalScope::Api, "Everything you may do: publish, delete, administer."),
        ] {
            (choice("checkbox", "scopes", scope.as_str(), form.scopes.contains(&scope), &html! {
                code { (scope.as_str()) } " " span.quiet { (explained) }
            }))
        }
    };
    html! {
        form.stack.box method="post" action=(TOKENS) {
            (viewer.csrf) (name) (expires_at)
            (choices("Scopes", wrong_with(form.wrong, "scopes"), &boxes))
            button.button { "Create token" }
        }
    }
}

/// The frame of the pages about oneself.
fn settings<'a>(viewer: &'a Viewer, title: &str, current: &str) -> Frame<'a> {
    let bar = Sidebar::new("Your account")
        .entry("", "Access tokens", TOKENS.to_owned(), current == TOKENS)
        .entry("", "Password", PASSWORD.to_owned(), current == PASSWORD);
    Frame::new(viewer, title).sidebar(bar).crumb("Your account", Some(TOKENS.to_owned())).crumb(title, None)
}
