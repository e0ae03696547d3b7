//! Pages: a session's cookie in, HTML out. Every form passes the same door before its handler sees it, and every error
//! becomes a page.
//!
//! A new page is an arm in `show` or `send`, a handler that asks the service for a view, and a function of `web` that
//! makes markup of it.

mod account;
mod admin;
mod complaints;
mod cookie;
mod flash;
mod forms;
mod groups;
mod home;
mod lists;
mod new;
mod package;
mod places;
mod redirect;
mod registry;
pub mod routes;
mod search;
mod settings;

use std::net::{IpAddr, Ipv4Addr};

use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, REFERRER_POLICY};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use super::App;
use super::request::{Client, Context, RequestBody};
use super::response::{Reply, empty};
use super::{error, file, upload};
use crate::service::error::BadCredential;
use crate::service::{Caller, Registry, ServiceError};
use crate::web::errors::problem;
use crate::web::frame::{Csrf, Flash, Person, Viewer};
use cookie::Cookie;
pub use flash::Flashes;
use forms::Form;
use routes::{Page, Part, Path};
use settings::Kind;

/// Scripts and styles are files of ours; a page asks nobody else for anything.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The last page of a list that is looked for: beyond, there is nothing in any list.
const MAX_PAGE: usize = 1_000_000;

/// Who the cookie of a request stands for. Without a live session that is nobody: pages then ask to sign in.
pub(super) fn identify(app: &App, client: Client, head: &Parts) -> Result<Caller, ServiceError> {
    match Cookie::Session.read(&head.headers, is_secure(app, client)) {
        Some(secret) => app.registry.caller_of_session(secret.expose_secret()),
        None => Ok(Caller::Anonymous),
    }
}

/// Whether cookies are for HTTPS only: the browser speaks it, or the configured address says that it should.
fn is_secure(app: &App, client: Client) -> bool {
    let configured = app.registry.options().external_url.clone();
    client.https || configured.is_some_and(|url| url.starts_with("https://"))
}

/// A visit of a page.
struct Visit<'a> {
    context: &'a Context<'a>,
    /// The secret of the cookie that belongs to the caller: of the session, or else of the visitor.
    secret: Option<SecretString>,
    secure: bool,
}

impl<'a> Visit<'a> {
    fn new(context: &'a Context<'a>, page: Page<'_>) -> Self {
        let secure = is_secure(context.app, context.client);
        // The sign-in form is the visitor's, also when somebody has signed in in another window meanwhile.
        let cookie = match context.caller.session() {
            Some(_) if page != Page::SignIn => Cookie::Session,
            _ => Cookie::Visitor,
        };
        Self { context, secret: cookie.read(&context.head.headers, secure), secure }
    }

    fn registry(&self) -> &Registry {
        self.context.registry()
    }

    fn caller(&self) -> &Caller {
        &self.context.caller
    }

    /// Where failed passwords are counted.
    fn address(&self) -> IpAddr {
        self.context.client.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Refuses whoever is not signed in: a page then leads to the sign-in form and back.
    fn require_user(&self) -> Result<(), ServiceError> {
        match self.caller().user() {
            Some(_) => Ok(()),
            None => Err(ServiceError::Unauthenticated(BadCredential::Missing)),
        }
    }

    /// What the frame shows. Takes the message that waits for this browser.
    fn viewer(&self) -> Viewer {
        let flash = self.secret.as_ref().filter(|_| self.context.head.method == Method::GET);
        let flash = flash.and_then(|secret| self.context.app.flashes.take(secret, self.registry().now()));
        Viewer { flash, ..self.plain_viewer() }
    }

    /// The same without a message, for errors: it waits for the page it was meant for.
    fn plain_viewer(&self) -> Viewer {
        let uri = &self.context.head.uri;
        let person = self.caller().user().map(|user| Person {
            username: user.username.to_string(),
            name: user.name.clone(),
            admin: user.admin,
        });
        Viewer {
            person,
            csrf: Csrf(self.secret.as_ref().map(forms::token).unwrap_or_default()),
            here: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            searched: String::new(),
            flash: None,
            registry: self.registry().is_switched_on().unwrap_or(false),
            base_url: self.context.absolute_base_url(),
            now: self.registry().now(),
        }
    }

    /// Has the next page say something.
    fn say(&self, flash: Flash) {
        if let Some(secret) = &self.secret {
            self.context.app.flashes.put(secret, flash, self.registry().now());
        }
    }

    /// Which page of a list its URL names with a parameter, from 1. Nonsense is the first page.
    fn page_number(&self, parameter: &str) -> usize {
        let asked = self.context.query(parameter).and_then(|page| page.parse().ok());
        asked.filter(|page| (1..=MAX_PAGE).contains(page)).unwrap_or(1)
    }

    /// Leads on to the one path of a page. 301: who keeps links may change them; browsers do not, as the answer is not
    /// to be stored and the path may be somebody else's one day.
    fn moved_to(path: &str) -> Reply {
        let mut reply = Self::lead_to(path);
        *reply.status_mut() = StatusCode::MOVED_PERMANENTLY;
        reply
    }

    /// Leads on to a local path after a form was taken. 303: the browser loads it with `GET`.
    fn lead_to(path: &str) -> Reply {
        let mut reply = empty(StatusCode::SEE_OTHER);
        let path = redirect::local(path).and_then(|path| HeaderValue::from_str(path).ok());
        reply.headers_mut().insert(LOCATION, path.unwrap_or(HeaderValue::from_static("/")));
        reply
    }
}

/// Answers a request for a page.
pub(super) async fn answer(context: &Context<'_>, page: Page<'_>, body: &mut RequestBody) -> Reply {
    let visit = Visit::new(context, page);
    let outcome = if context.head.method == Method::POST {
        match Form::read(context, body, visit.secret.as_ref()).await {
            Ok(form) => send(&visit, page, &form).await,
            Err(refused) => Err(refused),
        }
    } else {
        show(&visit, page).await
    };
    let mut reply = match outcome {
        Ok(reply) => reply,
        Err(refused) => upload::refuse(context, body, refuse(&visit, page, &refused)).await,
    };
    protect(&mut reply);
    reply
}

/// The pages that are looked at.
async fn show(visit: &Visit<'_>, page: Page<'_>) -> Result<Reply, ServiceError> {
    if let Some(shorter) = redirect::without_empty_fields(&visit.context.head.uri) {
        return Ok(Visit::lead_to(&shorter));
    }
    match page {
        Page::Home => home::show(visit).await,
        Page::SignIn => account::sign_in_form(visit),
        Page::Password => account::password_form(visit),
        Page::Tokens => account::tokens(visit).await,
        Page::Search => search::show(visit).await,
        Page::Groups => groups::show(visit).await,
        Page::Group(path, Part::Overview) | Page::Place(path, Part::Overview) => {
            places::show(visit, page, &path.to_string()).await
        }
        Page::NewGroup => new::group_form(visit),
        Page::NewProject => new::project_form(visit),
        Page::Admin(admin) => admin::show(visit, admin).await,
        Page::Group(path, Part::Registry) => registry::show(visit, &path.to_string(), true).await,
        Page::Place(path, Part::Registry) => registry::show(visit, &path.to_string(), false).await,
        Page::Place(path, Part::Package(id)) => package::show(visit, &path.to_string(), id, &[]).await,
        Page::Place(path, Part::PackagePart(id, rest)) => {
            package::show(visit, &path.to_string(), id, rest).await
        }
        Page::Place(path, Part::Download(id)) => download(visit, &path.to_string(), id).await,
        Page::Group(path, part) => show_settings(visit, Kind::Group, path, part).await,
        Page::Place(path, part) => show_settings(visit, Kind::Project, path, part).await,
        _ => Err(nothing_here(visit)),
    }
}

async fn show_settings(
    visit: &Visit<'_>,
    kind: Kind,
    path: Path<'_>,
    part: Part<'_>,
) -> Result<Reply, ServiceError> {
    match part {
        Part::Settings => settings::show(visit, kind, &path.to_string(), None).await,
        Part::SettingsSection(section) => settings::show(visit, kind, &path.to_string(), Some(section)).await,
        _ => Err(nothing_here(visit)),
    }
}

/// The forms that are sent. Each leads on to a page.
async fn send(visit: &Visit<'_>, page: Page<'_>, form: &Form) -> Result<Reply, ServiceError> {
    match page {
        Page::SignIn => account::sign_in(visit, form).await,
        Page::SignOut => account::sign_out(visit).await,
        Page::Password => account::change_password(visit, form).await,
        Page::Tokens => account::create_token(visit, form).await,
        Page::RevokeToken(id) => account::revoke_token(visit, id).await,
        Page::NewGroup => new::create_group(visit, form).await,
        Page::NewProject => new::create_project(visit, form).await,
        Page::Admin(admin) => admin::send(visit, admin, form).await,
        Page::Place(path, Part::PackagePart(id, [part])) if part == "delete" => {
            package::delete(visit, &path.to_string(), id, form).await
        }
        Page::Group(path, part) => send_settings(visit, Kind::Group, path, part, form).await,
        Page::Place(path, part) => send_settings(visit, Kind::Project, path, part, form).await,
        _ => Err(nothing_here(visit)),
    }
}

async fn send_settings(
    visit: &Visit<'_>,
    kind: Kind,
    path: Path<'_>,
    part: Part<'_>,
    form: &Form,
) -> Result<Reply, ServiceError> {
    let path = path.to_string();
    match part {
        Part::SettingsSection(section) => settings::send(visit, kind, &path, section, form).await,
        Part::SettingsForm(section, id, action) => {
            settings::send_about(visit, kind, &path, (section, id, action), form).await
        }
        _ => Err(nothing_here(visit)),
    }
}

/// What a page that does not exist and one that may not be seen are both answered with.
fn nothing_here(visit: &Visit<'_>) -> ServiceError {
    ServiceError::hidden(visit.caller().is_anonymous(), "Page")
}

/// An archive, for a browser that is signed in: the API does not look at cookies.
async fn download(visit: &Visit<'_>, project: &str, id: &str) -> Result<Reply, ServiceError> {
    let file = id.parse().map_err(|_not_a_number| nothing_here(visit))?;
    visit.registry().check_switch()?;
    let archive = visit.registry().project_file(visit.caller(), project, file)?;
    let head = visit.context.head;
    file::send(visit.registry(), &archive, &head.method, &head.headers).await
}

/// An error as a page; or the way to the sign-in form, or to where a renamed thing is now.
fn refuse(visit: &Visit<'_>, page: Page<'_>, refused: &ServiceError) -> Reply {
    let head = visit.context.head;
    let shown = head.method != Method::POST;
    if shown && let ServiceError::Moved(moved) = refused {
        let renamed =
            page.place().and_then(|(path, before)| redirect::renamed(&head.uri, before, path.len(), moved));
        if let Some(target) = renamed {
            return Visit::moved_to(&target);
        }
    }
    if shown && error::needs_sign_in(refused) && !matches!(visit.caller(), Caller::Operator) {
        let here = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        return Visit::lead_to(&crate::web::frame::sign_in_url(&here));
    }
    let viewer = visit.plain_viewer();
    error::framed(refused, page.pattern(), |told| problem(&viewer, told))
}

/// The answer to a method that a page does not take, before anybody was identified.
pub(super) fn refuse_method(
    app: &App,
    client: Client,
    head: &Parts,
    page: Page<'_>,
    refused: &Reply,
) -> Reply {
    let context = Context { app, registry: &app.registry, head, client, caller: Caller::Anonymous };
    let viewer = Visit::new(&context, page).plain_viewer();
    let mut reply = error::reframed(refused, |told| problem(&viewer, told));
    protect(&mut reply);
    reply
}

/// What every answer of a page carries.
fn protect(reply: &mut Reply) {
    let headers = reply.headers_mut();
    // A picture has a stricter policy of its own.
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    // Our own forms are told by their origin, which browsers hide under `no-referrer`; other sites learn nothing.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
}
