//! What surrounds every page: head, header with search and menu, breadcrumbs, sidebar, message, footer.
//!
//! A page is made in one expression:
//!
//! ```ignore
//! Frame::new(viewer, "Members").around(&place, Item::Settings).crumb("Members", None).page(&html! { h1 { "Members" } })
//! ```

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, Render, html};
use secrecy::SecretString;

use super::components::{copy_field, hidden};
use super::{Page, assets};
use crate::service::places::PlaceView;

/// The name of the form field with the token against forged requests.
pub const CSRF_FIELD: &str = "authenticity_token";

/// The sidebar, as the button that opens it on narrow pages names it.
const SIDEBAR: &str = "sidebar";

/// The name of the product in titles.
const PRODUCT: &str = "cairn";

/// Who looks at a page, and from where.
#[derive(Debug)]
pub struct Viewer {
    /// The user who is signed in.
    pub person: Option<Person>,
    /// The token of this browser's forms.
    pub csrf: Csrf,
    /// Path and query of this page, to come back to after a sign-in.
    pub here: String,
    /// The words searched for, to be shown in the search box again.
    pub searched: String,
    /// What was just done.
    pub flash: Option<Flash>,
    /// Whether the registry is switched on for the instance.
    pub registry: bool,
    /// The URL that clients reach the server by, without a slash at its end.
    pub base_url: String,
    /// The time, for "2 days ago".
    pub now: Timestamp,
}

/// A user, as the header shows it.
#[derive(Debug, Clone)]
pub struct Person {
    /// The name in URLs.
    pub username: String,
    /// The name for people.
    pub name: String,
    /// Whether it administers the instance.
    pub admin: bool,
}

/// The token that every form with `method="post"` must carry: put it inside the form, `(viewer.csrf)`.
#[derive(Debug, Clone, Default)]
pub struct Csrf(pub String);

impl Render for Csrf {
    fn render(&self) -> Markup {
        hidden(CSRF_FIELD, &self.0)
    }
}

/// A message about what was just done, shown once.
#[derive(Debug, Clone)]
pub struct Flash {
    /// Whether it went well.
    pub good: bool,
    /// One or two sentences.
    pub text: String,
    /// A secret that is shown once: its label and itself.
    pub secret: Option<(&'static str, SecretString)>,
}

impl Flash {
    /// Something was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self { good: true, text: text.into(), secret: None }
    }

    /// Something could not be done.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { good: false, text: text.into(), secret: None }
    }

    /// Together with a secret that is shown this once.
    #[must_use]
    pub fn with_secret(mut self, label: &'static str, secret: SecretString) -> Self {
        self.secret = Some((label, secret));
        self
    }
}

impl Render for Flash {
    fn render(&self) -> Markup {
        html! {
            div.notice.good[self.good].bad[!self.good] role=(if self.good { "status" } else { "alert" }) {
                p { (self.text) }
                @if let Some((label, secret)) = &self.secret { (copy_field(label, secret)) }
            }
        }
    }
}

/// The entry of the sidebar that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// The group or project itself.
    Overview,
    /// Packages & Registries › Infrastructure Registry.
    Registry,
    /// Settings.
    Settings,
}

/// A list of links beside a page, with the current one marked.
#[derive(Debug, Clone, Default)]
pub struct Sidebar {
    title: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// What stands above it, once for entries that follow each other.
    group: &'static str,
    label: String,
    href: String,
    current: bool,
}

impl Sidebar {
    /// An empty one, titled with the name of what it is about.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), entries: Vec::new() }
    }

    /// Adds an entry, below a heading unless that is empty.
    #[must_use]
    pub fn entry(mut self, group: &'static str, label: &str, href: String, current: bool) -> Self {
        self.entries.push(Entry { group, label: label.to_owned(), href, current });
        self
    }

    /// That of a group or project: what the viewer may do there. A registry that is off has no entry.
    fn of(place: &PlaceView, current: Item) -> Self {
        let base = base_path(place);
        let kind = if place.is_project() { "Project overview" } else { "Group overview" };
        let mut bar =
            Self::new(&place.name).entry("", kind, format!("/{}", place.path), current == Item::Overview);
        if place.registry {
            let list = format!("{base}/-/infrastructure_registry");
            bar = bar.entry(
                "Packages & Registries",
                "Infrastructure Registry",
                list,
                current == Item::Registry,
            );
        }
        if place.may.administer {
            bar = bar.entry("Manage", "Settings", format!("{base}/-/settings"), current == Item::Settings);
        }
        bar
    }
}

impl Render for Sidebar {
    fn render(&self) -> Markup {
        let chunks = self.entries.chunk_by(|a, b| a.group == b.group);
        html! {
            // Beside a wide page it is always there; on a narrow one this opens it, without a script.
            button.button.quiet.small.sidebar-opener type="button" popovertarget=(SIDEBAR) { "Menu of " (self.title) }
            nav.sidebar #(SIDEBAR) popover aria-label=(self.title) {
                p.sidebar-title { (self.title) }
                @for chunk in chunks {
                    @if let Some(group) = chunk.first().map(|entry| entry.group).filter(|group| !group.is_empty()) {
                        p.sidebar-group { (group) }
                    }
                    ul {
                        @for entry in chunk {
                            li { a href=(entry.href) aria-current=[entry.current.then_some("page")] { (entry.label) } }
                        }
                    }
                }
            }
        }
    }
}

/// Where the pages inside a group or project are: `/acme/network`, `/groups/acme`.
pub fn base_path(place: &PlaceView) -> String {
    if place.is_project() { format!("/{}", place.path) } else { format!("/groups/{}", place.path) }
}

/// A page under construction.
#[derive(Debug)]
pub struct Frame<'a> {
    viewer: &'a Viewer,
    title: String,
    crumbs: Vec<(String, Option<String>)>,
    sidebar: Option<Sidebar>,
    narrow: bool,
    scripts: Vec<&'static str>,
    styles: Vec<&'static str>,
}

impl<'a> Frame<'a> {
    /// A page with that title for that viewer.
    pub fn new(viewer: &'a Viewer, title: impl Into<String>) -> Self {
        let title = title.into();
        Self {
            viewer,
            title,
            crumbs: Vec::new(),
            sidebar: None,
            narrow: false,
            scripts: Vec::new(),
            styles: Vec::new(),
        }
    }

    /// A page about a group or project: breadcrumbs down to it, and its sidebar.
    #[must_use]
    pub fn around(mut self, place: &PlaceView, current: Item) -> Self {
        for (name, path) in &place.above {
            self = self.crumb(name, Some(format!("/{path}")));
        }
        self = self.crumb(&place.name, Some(format!("/{}", place.path)));
        self.sidebar = Some(Sidebar::of(place, current));
        self
    }

    /// One more breadcrumb. The last one is this page: its link is not needed.
    #[must_use]
    pub fn crumb(mut self, label: &str, href: Option<String>) -> Self {
        self.crumbs.push((label.to_owned(), href));
        self
    }

    /// A sidebar of its own.
    #[must_use]
    pub fn sidebar(mut self, sidebar: Sidebar) -> Self {
        self.sidebar = Some(sidebar);
        self
    }

    /// One narrow column, for a form.
    #[must_use]
    pub fn narrow(mut self) -> Self {
        self.narrow = true;
        self
    }

    /// One more script of `web/`. Everything must work without it.
    #[must_use]
    pub fn script(mut self, name: &'static str) -> Self {
        self.scripts.push(name);
        self
    }

    /// One more stylesheet of `web/`.
    #[must_use]
    pub fn style(mut self, name: &'static str) -> Self {
        self.styles.push(name);
        self
    }

    /// The finished page. `main` begins with its `h1`.
    pub fn page(&self, main: &Markup) -> Page {
        let viewer = self.viewer;
        let title =
            if self.title.is_empty() { PRODUCT.to_owned() } else { format!("{} · {PRODUCT}", self.title) };
        document(
            &title,
            &html! {
                @for name in &self.styles { link rel="stylesheet" href=(assets::url(name)); }
                (scripts(&self.scripts))
            },
            &html! {
                a.skip href="#main" { "Skip to content" }
                (header(viewer))
                div.page.with-sidebar[self.sidebar.is_some()] {
                    @if let Some(sidebar) = &self.sidebar { (sidebar) }
                    main #main class=[self.narrow.then_some("narrow")] tabindex="-1" {
                        @if !self.crumbs.is_empty() { (breadcrumbs(&self.crumbs)) }
                        @if let Some(flash) = &viewer.flash { (flash) }
                        (main)
                    }
                }
                (footer())
            },
        )
    }
}

/// A page without a frame and without scripts, of one narrow column: for what a program opens in a browser.
pub fn bare(title: &str, main: &Markup) -> Page {
    document(title, &html! {}, &html! { main.bare { (main) } })
}

fn document(title: &str, scripts: &Markup, body: &Markup) -> Page {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                (scripts)
                link rel="stylesheet" href=(assets::url("app.css"));
                link rel="icon" href=(assets::url("icon.svg")) type="image/svg+xml";
            }
            body { (body) }
        }
    };
    markup.into()
}

/// The scripts of every page, and those of this one. The first is not deferred: it sets the theme before anything is
/// painted.
fn scripts(more: &[&str]) -> Markup {
    html! {
        script src=(assets::url("theme.js")) {}
        script src=(assets::url("copy.js")) defer {}
        @for name in more { script src=(assets::url(name)) defer {} }
    }
}

fn header(viewer: &Viewer) -> Markup {
    html! {
        header.top {
            a.brand href="/" {
                img src=(assets::url("icon.svg")) alt="" width="24" height="24";
                span { (PRODUCT) }
            }
            @if viewer.registry {
                form.find action="/search" role="search" aria-label="All modules" {
                    input type="search" name="q" value=(viewer.searched) placeholder="Search modules"
                        aria-label="Search modules" autocomplete="off" maxlength="200";
                }
            }
            nav.menu aria-label="Main" { (menu(viewer)) }
        }
    }
}

fn menu(viewer: &Viewer) -> Markup {
    let Some(person) = &viewer.person else {
        return html! { a.button.quiet href=(sign_in_url(&viewer.here)) { "Sign in" } };
    };
    html! {
        @if person.admin { a.plain href="/admin" { "Admin" } }
        details.drop {
            summary { span.avatar aria-hidden="true" { (initial(&person.name)) } span.who { (person.username) } }
            div.drop-panel {
                p { strong { (person.name) } br; span.quiet { "@" (person.username) } }
                ul {
                    li { a href=(format!("/{}", person.username)) { "Your projects" } }
                    li { a href="/-/user_settings/personal_access_tokens" { "Access tokens" } }
                    li { a href="/-/user_settings/password" { "Change password" } }
                }
                form method="post" action="/users/sign_out" { (viewer.csrf) button.button.quiet.small { "Sign out" } }
            }
        }
    }
}

/// Where to sign in, and come back from there.
pub fn sign_in_url(here: &str) -> String {
    if matches!(here, "" | "/") || here.starts_with("/users/") {
        return "/users/sign_in".to_owned();
    }
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("redirect_to", here).finish();
    format!("/users/sign_in?{query}")
}

fn initial(name: &str) -> String {
    name.chars().next().map(|first| first.to_uppercase().collect()).unwrap_or_default()
}

fn breadcrumbs(crumbs: &[(String, Option<String>)]) -> Markup {
    let last = crumbs.len().saturating_sub(1);
    html! {
        nav.crumbs aria-label="Breadcrumbs" {
            ol {
                @for (index, (label, href)) in crumbs.iter().enumerate() {
                    li {
                        @match href {
                            Some(href) if index < last => a href=(href) { (label) },
                            _ => span aria-current=[(index == last).then_some("page")] { (label) },
                        }
                    }
                }
            }
        }
    }
}

fn footer() -> Markup {
    html! {
        footer.bottom {
            p { (PRODUCT) " " (env!("CARGO_PKG_VERSION")) }
            // theme.js shows it: without scripts the system's setting decides.
            div.themes hidden role="group" aria-label="Theme" {
                @for (value, label) in [("auto", "Auto"), ("light", "Light"), ("dark", "Dark")] {
                    button type="button" data-theme-choice=(value) aria-pressed="false" { (label) }
                }
            }
        }
    }
}
