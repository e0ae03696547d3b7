//! The URLs of the pages, in GitLab's shapes: groups and projects by their full path, what is inside them behind `/-/`.
//!
//! A full path is several segments here. A segment with a `/` inside (`%2F`) is part of no path, so that one place has
//! one URL.

use std::fmt;

use hyper::Method;

use crate::domain::address::MAX_PATH_SEGMENTS;

/// First segments below which there are no pages of groups and projects. What is not a page there is answered in JSON.
const NO_PLACES: &[&str] = &["-", "api", "v1", "v2", "oauth", "assets", ".well-known"];

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page<'a> {
    /// The first page.
    Home,
    /// The form with user name and password.
    SignIn,
    /// The end of a session.
    SignOut,
    /// Another password for oneself.
    Password,
    /// One's personal tokens.
    Tokens,
    /// The end of one of them.
    RevokeToken(&'a str),
    /// The search over all modules.
    Search,
    /// All groups.
    Groups,
    /// The form for a new group.
    NewGroup,
    /// The form for a new project.
    NewProject,
    /// Administration: the first page, a section, or something in it.
    Admin(Admin<'a>),
    /// A group below `/groups/`, or something in it.
    Group(Path<'a>, Part<'a>),
    /// A project or a group by its full path alone, or something in it.
    Place(Path<'a>, Part<'a>),
    /// Nothing: the path could name a place and names none.
    Unknown,
}

/// Pages of the administration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admin<'a> {
    /// `/admin`.
    Overview,
    /// `/admin/users`.
    Section(&'a str),
    /// `/admin/users/7`.
    Item(&'a str, &'a str),
    /// `/admin/users/7/block`: the form of something in a section.
    Form(&'a str, &'a str, &'a str),
}

/// What groups and projects have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// The place itself.
    Overview,
    /// `-/infrastructure_registry`: the list of modules.
    Registry,
    /// `-/infrastructure_registry/:package_id`.
    Package(&'a str),
    /// Below a package: `delete`, or whatever else it has.
    PackagePart(&'a str, &'a [String]),
    /// `-/package_files/:file_id/download`.
    Download(&'a str),
    /// `-/settings`.
    Settings,
    /// `-/settings/:section`.
    SettingsSection(&'a str),
    /// `-/settings/:section/:id/:form`: the form of something in a section, such as `members/7/remove`.
    SettingsForm(&'a str, &'a str, &'a str),
}

/// The segments of a full path, as they stood in the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<'a>(&'a [String]);

impl Path<'_> {
    /// How many segments.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: a path has at least one segment.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `acme/platform/vpc`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

impl<'a> Page<'a> {
    /// The page that segments name; nothing where there are no pages at all.
    pub fn parse(segments: &'a [String]) -> Option<Self> {
        let first = segments.first()?.as_str();
        let texts: Vec<&'a str> = segments.iter().map(String::as_str).collect();
        Some(match *texts {
            [""] => Self::Home,
            ["-", "user_settings", "password"] => Self::Password,
            ["-", "user_settings", "personal_access_tokens"] => Self::Tokens,
            ["-", "user_settings", "personal_access_tokens", id, "revoke"] => Self::RevokeToken(id),
            _ if first.is_empty() || NO_PLACES.contains(&first) => return None,
            ["users", "sign_in"] => Self::SignIn,
            ["users", "sign_out"] => Self::SignOut,
            ["search"] => Self::Search,
            ["dashboard", "groups"] => Self::Groups,
            ["admin"] => Self::Admin(Admin::Overview),
            ["admin", section] => Self::Admin(Admin::Section(section)),
            ["admin", section, item] => Self::Admin(Admin::Item(section, item)),
            ["admin", section, item, form] => Self::Admin(Admin::Form(section, item, form)),
            ["groups", "new"] => Self::NewGroup,
            ["projects", "new"] => Self::NewProject,
            ["users" | "search" | "admin" | "projects" | "dashboard", ..] => Self::Unknown,
            ["groups", ..] => match inside(segments.get(1..).unwrap_or_default()) {
                Some((path, part)) => Self::Group(path, part),
                None => Self::Unknown,
            },
            _ => match inside(segments) {
                Some((path, part)) => Self::Place(path, part),
                None => Self::Unknown,
            },
        })
    }

    /// The path with its variable parts named.
    pub const fn pattern(&self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::SignIn => "/users/sign_in",
            Self::SignOut => "/users/sign_out",
            Self::Password => "/-/user_settings/password",
            Self::Tokens => "/-/user_settings/personal_access_tokens",
            Self::RevokeToken(_) => "/-/user_settings/personal_access_tokens/:id/revoke",
            Self::Search => "/search",
            Self::Groups => "/dashboard/groups",
            Self::NewGroup => "/groups/new",
            Self::NewProject => "/projects/new",
            Self::Admin(Admin::Overview) => "/admin",
            Self::Admin(Admin::Section(_)) => "/admin/:section",
            Self::Admin(Admin::Item(..)) => "/admin/:section/:id",
            Self::Admin(Admin::Form(..)) => "/admin/:section/:id/:form",
            Self::Group(_, part) => match part {
                Part::Overview => "/groups/:path",
                Part::Registry => "/groups/:path/-/infrastructure_registry",
                Part::Package(_) => "/groups/:path/-/infrastructure_registry/:package_id",
                Part::PackagePart(..) => "/groups/:path/-/infrastructure_registry/:package_id/:part",
                Part::Download(_) => "/groups/:path/-/package_files/:file_id/download",
                Part::Settings => "/groups/:path/-/settings",
                Part::SettingsSection(_) => "/groups/:path/-/settings/:section",
                Part::SettingsForm(..) => "/groups/:path/-/settings/:section/:id/:form",
            },
            Self::Place(_, part) => match part {
                Part::Overview => "/:path",
                Part::Registry => "/:path/-/infrastructure_registry",
                Part::Package(_) => "/:path/-/infrastructure_registry/:package_id",
                Part::PackagePart(..) => "/:path/-/infrastructure_registry/:package_id/:part",
                Part::Download(_) => "/:path/-/package_files/:file_id/download",
                Part::Settings => "/:path/-/settings",
                Part::SettingsSection(_) => "/:path/-/settings/:section",
                Part::SettingsForm(..) => "/:path/-/settings/:section/:id/:form",
            },
            Self::Unknown => "/:path/-/:unknown",
        }
    }

    /// The methods it answers, besides `HEAD`. Forms are sent to the page that shows them, or to one of their own.
    pub const fn methods(&self) -> &'static [Method] {
        const SHOWN: &[Method] = &[Method::GET];
        const SENT: &[Method] = &[Method::POST];
        const BOTH: &[Method] = &[Method::GET, Method::POST];
        match self {
            Self::SignOut | Self::RevokeToken(_) | Self::Admin(Admin::Form(..)) => SENT,
            Self::SignIn
            | Self::Password
            | Self::Tokens
            | Self::NewGroup
            | Self::NewProject
            | Self::Admin(_) => BOTH,
            Self::Group(_, part) | Self::Place(_, part) => match part {
                Part::SettingsForm(..) => SENT,
                Part::PackagePart(..) | Part::SettingsSection(_) => BOTH,
                Part::Settings | Part::Overview | Part::Registry | Part::Package(_) | Part::Download(_) => {
                    SHOWN
                }
            },
            Self::Home | Self::Search | Self::Groups | Self::Unknown => SHOWN,
        }
    }

    /// The full path in it, and how many segments of the URL stand before that.
    pub const fn place(&self) -> Option<(Path<'a>, usize)> {
        match self {
            Self::Group(path, _) => Some((*path, 1)),
            Self::Place(path, _) => Some((*path, 0)),
            _ => None,
        }
    }
}

/// The full path before `-` and what stands behind it. One empty segment at the end (`/acme/`) is passed over.
fn inside(segments: &[String]) -> Option<(Path<'_>, Part<'_>)> {
    let segments = match segments {
        [before @ .., last] if last.is_empty() => before,
        all => all,
    };
    let mut halves = segments.splitn(2, |segment| segment == "-");
    let path = halves.next().filter(|path| (1..=MAX_PATH_SEGMENTS).contains(&path.len()))?;
    if path.iter().any(|segment| segment.is_empty() || segment.contains('/')) {
        return None;
    }
    let path = Path(path);
    let Some(behind) = halves.next() else { return Some((path, Part::Overview)) };
    let texts: Vec<&str> = behind.iter().map(String::as_str).collect();
    let part = match *texts {
        ["infrastructure_registry" | "terraform_module_registry"] => Part::Registry,
        ["infrastructure_registry" | "terraform_module_registry", id] => Part::Package(id),
        ["infrastructure_registry" | "terraform_module_registry", id, ..] => {
            Part::PackagePart(id, behind.get(2..).unwrap_or_default())
        }
        ["package_files", id, "download"] => Part::Download(id),
        ["settings"] => Part::Settings,
        ["settings", section] => Part::SettingsSection(section),
        ["settings", section, id, form] => Part::SettingsForm(section, id, form),
        _ => return None,
    };
    Some((path, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Vec<String> {
        path.split('/').skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn paths_name_pages() {
        let deep = "/a".repeat(MAX_PATH_SEGMENTS);
        for (path, pattern) in [
            ("/", Some("/")),
            ("/users/sign_in", Some("/users/sign_in")),
            ("/users/sign_out", Some("/users/sign_out")),
            ("/users/ada", Some("/:path/-/:unknown")),
            ("/-/user_settings/password", Some("/-/user_settings/password")),
            ("/-/user_settings/personal_access_tokens", Some("/-/user_settings/personal_access_tokens")),
            ("/-/user_settings/other", None),
            ("/-/nothing", None),
            ("/api/v4/nothing", None),
            ("/api", None),
            ("/v1/nothing", None),
            ("/v2", None),
            ("/oauth/nothing", None),
            ("/.well-known/security.txt", None),
            ("//", None),
            ("//evil.example", None),
            ("/search", Some("/search")),
            ("/dashboard/groups", Some("/dashboard/groups")),
            ("/dashboard", Some("/:path/-/:unknown")),
            ("/admin", Some("/admin")),
            ("/admin/users", Some("/admin/:section")),
            ("/admin/users/7", Some("/admin/:section/:id")),
            ("/admin/users/7/block", Some("/admin/:section/:id/:form")),
            ("/admin/a/b/c/d", Some("/:path/-/:unknown")),
            ("/groups", Some("/:path/-/:unknown")),
            ("/groups/new", Some("/groups/new")),
            ("/groups/new/-/settings", Some("/groups/:path/-/settings")),
            ("/projects/new", Some("/projects/new")),
            ("/projects/acme", Some("/:path/-/:unknown")),
            ("/groups/acme", Some("/groups/:path")),
            (
                "/groups/acme/platform/-/infrastructure_registry",
                Some("/groups/:path/-/infrastructure_registry"),
            ),
            ("/groups/acme/-/settings", Some("/groups/:path/-/settings")),
            ("/acme", Some("/:path")),
            ("/acme/", Some("/:path")),
            ("/acme/platform/vpc", Some("/:path")),
            ("/acme//vpc", Some("/:path/-/:unknown")),
            ("/acme/-", Some("/:path/-/:unknown")),
            ("/acme/vpc/-/terraform_module_registry", Some("/:path/-/infrastructure_registry")),
            ("/acme/vpc/-/infrastructure_registry/7", Some("/:path/-/infrastructure_registry/:package_id")),
            (
                "/acme/vpc/-/infrastructure_registry/7/delete",
                Some("/:path/-/infrastructure_registry/:package_id/:part"),
            ),
            ("/acme/vpc/-/package_files/7/download", Some("/:path/-/package_files/:file_id/download")),
            ("/acme/vpc/-/settings", Some("/:path/-/settings")),
            ("/acme/vpc/-/settings/members", Some("/:path/-/settings/:section")),
            ("/acme/vpc/-/settings/members/7/remove", Some("/:path/-/settings/:section/:id/:form")),
            ("/acme/vpc/-/settings/members/7", Some("/:path/-/:unknown")),
            ("/acme/vpc/-/nothing", Some("/:path/-/:unknown")),
            (&deep, Some("/:path")),
            (
                &format!("{deep}/-/infrastructure_registry/7"),
                Some("/:path/-/infrastructure_registry/:package_id"),
            ),
            (&format!("{deep}/a"), Some("/:path/-/:unknown")),
        ] {
            let segments = segments(path);
            assert_eq!(Page::parse(&segments).map(|page| page.pattern()), pattern, "{path}");
        }
    }

    #[test]
    fn an_encoded_slash_is_part_of_no_full_path() {
        let segments = vec!["acme/vpc".to_owned()];
        assert_eq!(Page::parse(&segments), Some(Page::Unknown));
    }
}
