//! The users of the instance: a list, a form for a new one, and a page for each.

use maud::{Markup, html};

use super::{NEW_USER, USERS, page};
use crate::domain::identity::User;
use crate::service::holdings::Holdings;
use crate::web::Page;
use crate::web::components::{
    Confirm, Field, Pages, Tone, badge, cell, choice, day, empty_state, facts, pager, table, tabs, time,
};
use crate::web::forms::{Complaint, Deletion, Section, goes, in_words, named, wrong};
use crate::web::frame::Viewer;
use crate::web::search::{Search, listed_at};

/// Which users a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Among {
    /// All of them.
    #[default]
    All,
    /// Administrators.
    Administrators,
    /// Blocked ones.
    Blocked,
}

impl Among {
    /// All of them, in the order of the tabs.
    pub const ALL: [Self; 3] = [Self::All, Self::Administrators, Self::Blocked];

    /// The value of `filter` in the URL; empty for all.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Administrators => "administrators",
            Self::Blocked => "blocked",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Administrators => "Administrators",
            Self::Blocked => "Blocked",
        }
    }
}

/// The list of users.
pub fn list(viewer: &Viewer, users: &[User], pages: Pages, search: &str, among: Among) -> Page {
    let entries = Among::ALL.map(|entry| {
        (entry.label(), listed_at(USERS, &[("search", search), ("filter", entry.as_str())], 1), None)
    });
    let chosen = Among::ALL.iter().position(|entry| *entry == among).unwrap_or_default();
    let main = html! {
        h1 { "Users " span.count { (pages.total) } }
        p.actions { a.button href=(NEW_USER) { "New user" } }
        (Search { action: USERS, label: "Name, user name or whole mail address", words: search, hidden: &[("filter", among.as_str())] })
        (tabs("Which users", &entries, chosen))
        @if users.is_empty() {
            (empty_state("Nobody is found", &html! { p { "Search for another part of a name, or " a href=(USERS) { "list all users" } "." } }))
        } @else {
            (rows(viewer, users))
            (pager(pages, |page| listed_at(USERS, &[("search", search), ("filter", among.as_str())], page)))
        }
    };
    page(viewer, USERS, "Users", &main)
}

fn rows(viewer: &Viewer, users: &[User]) -> Markup {
    let rows = html! {
        @for user in users {
            tr {
                (cell("", &html! {
                    a.name href=(format!("{USERS}/{}", user.id)) { (user.name) }
                    (badges(user))
                    p.quiet { "@" (user.username) }
                }))
                (cell("Mail", &html! { (user.email) }))
                (cell("Created", &time(user.created_at, viewer.now)))
            }
        }
    };
    table("Users", &["User", "Mail", "Created"], &rows)
}

fn badges(user: &User) -> Markup {
    html! {
        @if user.admin { " " (badge(Tone::Accent, "administrator")) }
        @if user.blocked { " " (badge(Tone::Bad, "blocked")) }
    }
}

/// What the forms of a user hold. Passwords are never sent back.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// Its name in URLs.
    pub username: String,
    /// Its name for people.
    pub name: String,
    /// Its mail address.
    pub email: String,
    /// Whether it administers the instance.
    pub admin: bool,
    /// Whether it may create root groups.
    pub can_create_group: bool,
    /// What was typed to confirm that it goes.
    pub confirmation: String,
}

/// The form for a new user.
pub fn new(viewer: &Viewer, values: &Values, complaint: Option<&Complaint>) -> Page {
    let password = Field {
        hint: "8 to 128 characters. Without one the user signs in with tokens only.",
        problem: wrong(complaint, "new", "password"),
        optional: true,
        ..Field::password("password", "Password", "new-password")
    };
    let section = Section { id: "new", title: "Who it is", lead: "", action: USERS, button: "Create user" };
    let main = html! {
        h1 { "New user" }
        @if let Some(complaint) = complaint { (complaint) }
        (section.asking(&viewer.csrf, &html! { (questions(values, "new", complaint)) (password) }))
    };
    page(viewer, USERS, "New user", &main)
}

fn questions(values: &Values, form: &str, complaint: Option<&Complaint>) -> Markup {
    let username = Field {
        value: &values.username,
        hint: "Letters and digits, with - or _ inside. It is the path of the user's own namespace too.",
        problem: wrong(complaint, form, "username"),
        ..Field::text("username", "User name")
    };
    let name =
        Field { value: &values.name, problem: wrong(complaint, form, "name"), ..Field::text("name", "Name") };
    let email = Field {
        kind: "email",
        value: &values.email,
        problem: wrong(complaint, form, "email"),
        optional: true,
        ..Field::text("email", "Mail address")
    };
    html! {
        (username) (name) (email)
        div {
            (choice("checkbox", "can_create_group", "1", values.can_create_group, &named("May create groups", "Root groups, that is; in a group its roles decide.")))
            (choice("checkbox", "admin", "1", values.admin, &named("Administrator", "May do everything, everywhere on this server.")))
        }
    }
}

/// The page of a user.
#[derive(Debug)]
pub struct OneUser<'a> {
    /// Who.
    pub user: &'a User,
    /// Whether it is the viewer.
    pub is_self: bool,
    /// What its forms hold.
    pub values: &'a Values,
    /// What would go with it.
    pub holdings: Holdings,
    /// What was wrong.
    pub complaint: Option<&'a Complaint>,
}

impl OneUser<'_> {
    /// The page.
    pub fn page(&self, viewer: &Viewer) -> Page {
        let (user, base) = (self.user, format!("{USERS}/{}", self.user.id));
        let profile = Section {
            id: "profile",
            title: "Profile",
            lead: "",
            action: &format!("{base}/profile"),
            button: "Save",
        };
        let main = html! {
            h1 { (user.name) (badges(user)) }
            @if let Some(complaint) = self.complaint { (complaint) }
            (facts(&[
                ("User name", html! { a href=(format!("/{}", user.username)) { "@" (user.username) } }),
                ("Created", day(user.created_at)),
                ("Password", html! { @if user.password_hash.is_some() { "set" } @else { "none: signs in with tokens only" } }),
            ]))
            (profile.asking(&viewer.csrf, &questions(self.values, "profile", self.complaint)))
            (self.password(viewer, &base))
            (self.block(viewer, &base))
            (self.delete(viewer, &base))
        };
        page(viewer, USERS, &user.name, &main)
    }

    fn password(&self, viewer: &Viewer, base: &str) -> Markup {
        let password = Field {
            hint: "8 to 128 characters. Tell it to the user, who should change it at once.",
            problem: wrong(self.complaint, "password", "password"),
            ..Field::password("password", "New password", "new-password")
        };
        let section = Section {
            id: "password",
            title: "Reset the password",
            lead: "The user is signed out everywhere; personal tokens go on working.",
            action: &format!("{base}/password"),
            button: "Set password",
        };
        section.asking(&viewer.csrf, &html! { (password) })
    }

    fn block(&self, viewer: &Viewer, base: &str) -> Markup {
        let user = self.user;
        html! {
            section #block {
                h2 { "Block" }
                @if user.blocked {
                    p { "This user is blocked: passwords, sessions and tokens are refused. Memberships and packages are kept." }
                    form method="post" action=(format!("{base}/unblock")) { (viewer.csrf) button.button.quiet { "Unblock" } }
                } @else if self.is_self {
                    p { "You cannot block yourself." }
                } @else {
                    p { "A blocked user cannot sign in, and its tokens are refused. Memberships and packages are kept." }
                    (Confirm {
                        action: &format!("{base}/block"),
                        csrf: &viewer.csrf,
                        verb: "Block",
                        warning: &format!("{} is signed out at once, and its tokens are refused until it is unblocked.", user.name),
                    })
                }
            }
        }
    }

    fn delete(&self, viewer: &Viewer, base: &str) -> Markup {
        let user = self.user;
        html! {
            section #delete {
                h2 { "Danger zone" }
                p { "The user's own namespace holds " strong { (in_words(self.holdings)) } ". Whatever is in it goes with the user, memberships and tokens included. What it published elsewhere stays." }
                (Deletion {
                    action: &format!("{base}/delete"),
                    verb: "Delete this user",
                    warning: &format!("{} This cannot be undone.", goes(user.name.as_str(), self.holdings)),
                    name: user.username.as_str(),
                    typed: &self.values.confirmation,
                    problem: wrong(self.complaint, "delete", "confirmation"),
                }.asking(&viewer.csrf))
            }
        }
    }
}
