//! Who has which role in a group or project.

use maud::{Markup, html};

use super::{Tab, kind, page, settings_path};
use crate::domain::{Role, UserId};
use crate::service::members::Member;
use crate::service::places::PlaceView;
use crate::web::Page;
use crate::web::components::{Confirm, Field, Pages, cell, day, empty_state, pager, select, table};
use crate::web::forms::{Complaint, Section, role_name, wrong};
use crate::web::frame::Viewer;
use crate::web::search::{Search, listed_at};

/// A row of the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// Who, as what.
    pub member: Member,
    /// The group that gives the role, by name and path, when it is not this place; the name is empty when the viewer
    /// does not see that group.
    pub inherited: Option<(String, String)>,
}

/// What was typed for a member whose change was refused.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// Its user name, for a new member.
    pub username: String,
    /// Its user, for a change.
    pub user: Option<UserId>,
    /// The role that was chosen.
    pub role: Option<Role>,
    /// The day that was typed.
    pub expires_at: String,
}

/// The page of the members.
#[derive(Debug)]
pub struct Members<'a> {
    /// Of what.
    pub place: &'a PlaceView,
    /// This page of them: the direct ones before the inherited.
    pub rows: &'a [Row],
    /// Which page that is.
    pub pages: Pages,
    /// What was searched for.
    pub search: &'a str,
    /// What was typed before.
    pub typed: &'a Typed,
    /// What was wrong with it.
    pub complaint: Option<&'a Complaint>,
}

impl Members<'_> {
    /// The page.
    pub fn page(&self, viewer: &Viewer) -> Page {
        let here = format!("{}/members", settings_path(self.place));
        let main = html! {
            section #members {
                h2 { "Everyone with a role here " span.count { (self.pages.total) } }
                (Search { action: &here, label: "Find a member", words: self.search, hidden: &[] })
                @if self.rows.is_empty() {
                    (empty_state("Nobody is found", &html! {
                        p { @if self.search.is_empty() { "Add the first member below." } @else { "Search for another part of a name, or " a href=(here) { "list all members" } "." } }
                    }))
                } @else {
                    (self.table(viewer, &here))
                    (pager(self.pages, |page| listed_at(&here, &[("search", self.search)], page)))
                }
            }
            (self.add(viewer, &here))
        };
        page(viewer, self.place, Tab::Members, self.complaint, &main)
    }

    fn table(&self, viewer: &Viewer, here: &str) -> Markup {
        let rows = html! {
            @for row in self.rows {
                @let user = &row.member.user;
                tr {
                    (cell("", &html! {
                        strong { (user.name) }
                        p.quiet { "@" (user.username) @if user.blocked { " · blocked" } }
                    }))
                    (cell("Source", &source(row)))
                    @if row.inherited.is_some() {
                        (cell("Role", &html! { span { (role_name(row.member.membership.role)) (until(row)) } }))
                        (cell("", &html! {}))
                    } @else {
                        (cell("Role", &self.change(viewer, here, row)))
                        (cell("", &html! {
                            (Confirm {
                                action: &format!("{here}/{}/remove", user.id),
                                csrf: &viewer.csrf,
                                verb: "Remove",
                                warning: &format!("{} loses the role of {} here.", user.name, role_name(row.member.membership.role).to_lowercase()),
                            })
                        }))
                    }
                }
            }
        };
        table("Members", &["Member", "Source", "Role and end", ""], &rows)
    }

    fn change(&self, viewer: &Viewer, here: &str, row: &Row) -> Markup {
        let Member { user, membership } = &row.member;
        let typed = (self.typed.user == Some(user.id)).then_some(self.typed);
        let chosen = typed.and_then(|typed| typed.role).unwrap_or(membership.role);
        let stored = membership.expires_at.map(civil);
        let date = typed.map(|typed| typed.expires_at.clone()).or(stored).unwrap_or_default();
        // One row at most has it, so that its id is the only one.
        let problem = typed.and(wrong(self.complaint, "members", "expires_at"));
        html! {
            form.inline method="post" action=(format!("{here}/{}/change", user.id)) {
                (viewer.csrf)
                select name="role" aria-label=(format!("Role of {}", user.name)) {
                    @for role in Role::ALL { option value=(role.as_str()) selected[role == chosen] { (role_name(role)) } }
                }
                input type="date" name="expires_at" value=(date) aria-label=(format!("Membership of {} ends on (optional)", user.name))
                    aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| "member-problem")];
                button.button.quiet.small aria-label=(format!("Save {}", user.name)) { "Save" }
                @if let Some(text) = problem { p.wrong #member-problem { (text) } }
            }
        }
    }

    fn add(&self, viewer: &Viewer, here: &str) -> Markup {
        let new = self.typed.user.is_none();
        let username = Field {
            value: &self.typed.username,
            problem: wrong(self.complaint, "add", "username"),
            ..Field::text("username", "User name")
        };
        let expires_at = Field {
            kind: "date",
            value: if new { &self.typed.expires_at } else { "" },
            hint: "The membership ends at the beginning of that day (UTC).",
            problem: wrong(self.complaint, "add", "expires_at"),
            optional: true,
            ..Field::text("expires_at", "Ends on")
        };
        let roles: Vec<(&str, &str)> =
            Role::ALL.into_iter().map(|role| (role.as_str(), role_name(role))).collect();
        let chosen = self.typed.role.filter(|_| new).unwrap_or(Role::Developer);
        let section = Section {
            id: "add",
            title: "Add a member",
            lead: if self.place.is_project() {
                "Guests and reporters pull packages, developers publish them, maintainers delete them and change these \
                 settings, owners may also delete the project."
            } else {
                "A role counts in everything below the group. Guests and reporters pull packages, developers publish \
                 them and create projects, maintainers delete packages and create subgroups, owners change these settings."
            },
            action: here,
            button: &format!("Add to this {}", kind(self.place)),
        };
        let questions = html! { (username) (select("role", "Role", &roles, chosen.as_str())) (expires_at) };
        section.asking(&viewer.csrf, &questions)
    }
}

/// Where a role comes from.
fn source(row: &Row) -> Markup {
    html! {
        @match &row.inherited {
            None => "Direct member",
            Some((name, _)) if name.is_empty() => "A group above",
            Some((name, path)) => span { "Inherited from " a href=(format!("/{path}")) { (name) } },
        }
    }
}

/// Until when an inherited role lasts.
fn until(row: &Row) -> Markup {
    html! { @if let Some(end) = row.member.membership.expires_at { span.quiet { " until " (day(end)) } } }
}

/// A day as date fields take it.
fn civil(at: jiff::Timestamp) -> String {
    jiff::tz::Offset::UTC.to_datetime(at).date().to_string()
}
