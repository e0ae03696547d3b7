//! The deploy tokens of a group or project.

use maud::{Markup, html};

use super::{Tab, kind, page, settings_path};
use crate::domain::credential::{DeployScope, Token, TokenOwner};
use crate::service::places::PlaceView;
use crate::web::Page;
use crate::web::components::{
    Confirm, Field, Tone, badge, cell, choice, choices, day, empty_state, table, time,
};
use crate::web::forms::{Complaint, Section, named, wrong};
use crate::web::frame::Viewer;

/// What the form for a new one holds.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// Its name.
    pub name: String,
    /// The user name that goes with it.
    pub username: String,
    /// The day it ends.
    pub expires_at: String,
    /// What it may do.
    pub scopes: Vec<DeployScope>,
}

/// The page of the deploy tokens.
#[derive(Debug)]
pub struct DeployTokens<'a> {
    /// Of what.
    pub place: &'a PlaceView,
    /// All of them.
    pub tokens: &'a [Token],
    /// What the form holds.
    pub values: &'a Values,
    /// What was wrong with it.
    pub complaint: Option<&'a Complaint>,
}

impl DeployTokens<'_> {
    /// The page.
    pub fn page(&self, viewer: &Viewer) -> Page {
        let here = format!("{}/deploy_tokens", settings_path(self.place));
        let reach = if self.place.is_project() { "this project" } else { "every project below this group" };
        let main = html! {
            p.lead { "A deploy token stands for a machine, not for a person: it pulls or publishes the packages of " (reach) ", and nothing else." }
            section #deploy-tokens {
                h2 { "Existing deploy tokens " span.count { (self.tokens.len()) } }
                @if self.tokens.is_empty() {
                    (empty_state("No deploy token", &html! { p { "Create one below: it is shown once, to be copied." } }))
                } @else { (self.table(viewer, &here)) }
            }
            (self.form(viewer, &here))
        };
        page(viewer, self.place, Tab::DeployTokens, self.complaint, &main)
    }

    fn table(&self, viewer: &Viewer, here: &str) -> Markup {
        let rows = html! {
            @for token in self.tokens {
                tr {
                    (cell("", &html! { strong { (token.name) } @if !token.is_active(viewer.now) { " " (badge(Tone::Warn, "expired")) } }))
                    (owner_cells(&token.owner))
                    (cell("Created", &time(token.created_at, viewer.now)))
                    (cell("Expires", &html! {
                        @match token.expires_at { Some(at) => (day(at)), None => span.quiet { "never" } }
                    }))
                    (cell("", &html! {
                        (Confirm {
                            action: &format!("{here}/{}/revoke", token.id),
                            csrf: &viewer.csrf,
                            verb: "Revoke",
                            warning: &format!("“{}” stops working at once, wherever it is used. This cannot be undone.", token.name),
                        })
                    }))
                }
            }
        };
        table("Deploy tokens", &["Name", "User name", "Scopes", "Created", "Expires", ""], &rows)
    }

    fn form(&self, viewer: &Viewer, here: &str) -> Markup {
        let name = Field {
            value: &self.values.name,
            hint: "What it is for, so that you know later which one to revoke.",
            problem: wrong(self.complaint, "new", "name"),
            ..Field::text("name", "Name")
        };
        let username = Field {
            value: &self.values.username,
            hint: "For clients that ask for one. Without it: gitlab+deploy-token- and a number.",
            problem: wrong(self.complaint, "new", "username"),
            optional: true,
            ..Field::text("username", "User name")
        };
        let expires_at = Field {
            kind: "date",
            value: &self.values.expires_at,
            hint: "It stops working at the beginning of that day (UTC).",
            problem: wrong(self.complaint, "new", "expires_at"),
            optional: true,
            ..Field::text("expires_at", "Expires on")
        };
        let boxes = html! {
            @for (scope, explained) in [
                (DeployScope::ReadPackageRegistry, "List and pull packages. Enough for Terraform."),
                (DeployScope::WritePackageRegistry, "Publish packages, and pull them."),
            ] {
                (choice("checkbox", "scopes", scope.as_str(), self.values.scopes.contains(&scope), &named(scope.as_str(), explained)))
            }
        };
        let section = Section {
            id: "new",
            title: "New deploy token",
            lead: "",
            action: here,
            button: &format!("Create deploy token for this {}", kind(self.place)),
        };
        let questions = html! {
            (name) (username) (expires_at)
            (choices("Scopes", wrong(self.complaint, "new", "scopes"), &boxes))
        };
        section.asking(&viewer.csrf, &questions)
    }
}

fn owner_cells(owner: &TokenOwner) -> Markup {
    html! {
        @if let TokenOwner::Deploy { username, scopes, .. } = owner {
            (cell("User name", &html! { (username) }))
            (cell("Scopes", &html! { span { @for scope in scopes { (badge(Tone::Plain, scope.as_str())) " " } } }))
        }
    }
}
