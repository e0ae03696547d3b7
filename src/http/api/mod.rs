//! The REST API, in GitLab's shapes.

mod audit;
pub mod ci;
mod deploy_tokens;
pub mod endpoint;
mod fields;
mod groups;
mod keyset;
mod members;
mod namespaces;
pub(super) mod packages;
pub mod paging;
pub mod pipelines;
pub(super) mod projects;
pub mod routes;
mod settings;
mod shapes;
mod sign_in;
mod tokens;
pub(super) mod users;

use hyper::Method;

use super::request::{Context, RequestBody};
use super::response::Reply;
use crate::domain::Visibility;
use crate::service::ServiceError;
use crate::service::error::BadCredential;
use crate::service::members::Place;
use endpoint::Api;
use groups::Among;
use routes::{Holder, Part, Route};

/// Answers a request to the REST API.
pub async fn handle(
    context: &Context<'_>,
    api: Api<'_>,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    match api {
        Api::ProjectPackages { project, part } => packages::project(context, project, part).await,
        Api::ProjectCi { project, part } => ci::handle(context, project, part, body).await,
        Api::GroupPackages(group) => packages::group(context, group).await,
        Api::Identity(route) => identity(context, route, body).await,
    }
}

/// What a method asks for. The pipeline has refused those a route does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    fn of(method: &Method) -> Self {
        match *method {
            Method::POST => Self::Post,
            Method::PUT => Self::Put,
            Method::DELETE => Self::Delete,
            _ => Self::Get,
        }
    }
}

async fn identity(
    context: &Context<'_>,
    route: Route<'_>,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let verb = Verb::of(&context.head.method);
    // Without a credential there is nothing to do here but to read, and to sign in: said before anything is looked up.
    if verb != Verb::Get && route != Route::SignIn && context.caller.is_anonymous() {
        return Err(ServiceError::Unauthenticated(BadCredential::Missing));
    }
    match route {
        Route::SignIn => sign_in::token(context, body).await,
        Route::CurrentUser => users::current(context),
        Route::OwnTokens => tokens::create_own(context, body).await,
        Route::Users if verb == Verb::Post => users::create(context, body).await,
        Route::Users => users::list(context).await,
        Route::User(id) => users::one(context, id, verb, body).await,
        Route::BlockUser(id) => users::block(context, id, true).await,
        Route::UnblockUser(id) => users::block(context, id, false).await,
        Route::UserTokens(id) if verb == Verb::Post => tokens::create(context, id, body).await,
        Route::UserTokens(id) => tokens::list(context, Some(id)).await,
        Route::Tokens => tokens::list(context, None).await,
        Route::Token(id) => tokens::one(context, id, verb).await,
        Route::RotateToken(id) => tokens::rotate(context, id, body).await,
        Route::Namespaces => namespaces::list(context).await,
        Route::Namespace(id) => namespaces::one(context, id),
        Route::NamespaceExists(path) => namespaces::exists(context, path),
        Route::Groups if verb == Verb::Post => groups::create(context, body).await,
        Route::Groups => groups::list(context, Among::All).await,
        Route::Group(id) => groups::one(context, id, verb, body).await,
        Route::Subgroups(id) => groups::list(context, Among::Children(id)).await,
        Route::DescendantGroups(id) => groups::list(context, Among::Descendants(id)).await,
        Route::GroupProjects(id) => projects::list(context, Some(id)).await,
        Route::Projects if verb == Verb::Post => projects::create(context, body).await,
        Route::Projects => projects::list(context, None).await,
        Route::Project(id) => projects::one(context, id, verb, body).await,
        Route::In(holder, part) => inside(context, holder.into(), part, body).await,
        Route::Settings => settings::settings(context, verb, body).await,
        Route::PlanLimits => settings::plan_limits(context, verb, body).await,
        Route::AuditEvents => audit::list(context).await,
        Route::AuditEvent(id) => audit::one(context, id).await,
        Route::Version => settings::version(context),
        Route::Metadata => settings::metadata(context),
    }
}

async fn inside(
    context: &Context<'_>,
    place: Place,
    part: Part<'_>,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let verb = Verb::of(&context.head.method);
    match part {
        Part::Members if verb == Verb::Post => members::add(context, place, body).await,
        Part::Members => members::list(context, &place, false),
        Part::AllMembers => members::list(context, &place, true),
        Part::Member(user) => members::one(context, place, user, verb, body).await,
        Part::AnyMember(user) => members::show(context, &place, user, true),
        Part::DeployTokens if verb == Verb::Post => deploy_tokens::create(context, place, body).await,
        Part::DeployTokens => deploy_tokens::list(context, &place),
        Part::DeployToken(id) => deploy_tokens::one(context, place, id, verb).await,
    }
}

impl From<Holder<'_>> for Place {
    fn from(holder: Holder<'_>) -> Self {
        match holder {
            Holder::Group(id) => Self::Group(id.to_owned()),
            Holder::Project(id) => Self::Project(id.to_owned()),
        }
    }
}

/// A number in a path.
fn number(name: &str, text: &str) -> Result<u64, ServiceError> {
    text.parse().map_err(|_not_a_number| ServiceError::Invalid(format!("{name} is invalid")))
}

/// A query parameter that says yes or no.
fn flag(context: &Context<'_>, name: &str) -> Result<Option<bool>, ServiceError> {
    let judge = |text: String| {
        fields::boolean(&text).ok_or_else(|| ServiceError::Invalid(format!("{name} is invalid")))
    };
    filled(context, name).map(judge).transpose()
}

/// A query parameter that is not empty.
fn filled(context: &Context<'_>, name: &str) -> Option<String> {
    context.query(name).filter(|text| !text.is_empty())
}

/// The query parameter `visibility`.
fn visibility(context: &Context<'_>) -> Result<Option<Visibility>, ServiceError> {
    let unknown = || ServiceError::Invalid("visibility does not have a valid value".to_owned());
    filled(context, "visibility").map(|name| Visibility::from_name(&name).ok_or_else(unknown)).transpose()
}

/// A query parameter that lists numbers: `name[]=1&name[]=2`, or `name=1,2`.
fn numbers(context: &Context<'_>, name: &str) -> Result<Vec<u64>, ServiceError> {
    let query = context.head.uri.query().unwrap_or_default();
    let mut found = Vec::new();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if key.strip_suffix("[]").unwrap_or(&key) == name {
            for part in value.split(',').filter(|part| !part.is_empty()) {
                found.push(number(name, part.trim())?);
            }
        }
    }
    Ok(found)
}

/// By which attribute a list is to be sorted, and whether backwards.
struct Order {
    by: String,
    descending: bool,
}

impl Order {
    fn from_query(
        context: &Context<'_>,
        allowed: &[&str],
        by: &str,
        descending: bool,
    ) -> Result<Self, ServiceError> {
        let unknown = |name: &str| ServiceError::Invalid(format!("{name} does not have a valid value"));
        let by = context.query("order_by").unwrap_or_else(|| by.to_owned());
        if !allowed.contains(&by.as_str()) {
            return Err(unknown("order_by"));
        }
        let descending = match context.query("sort").as_deref() {
            None => descending,
            Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(unknown("sort")),
        };
        Ok(Self { by, descending })
    }

    /// Sorts rows that are in order of number; equal ones keep that order, or its reverse.
    fn sort<T>(&self, rows: &mut [T], key: impl Fn(&T, &str) -> Option<String>) {
        rows.sort_by_cached_key(|row| key(row, &self.by));
        if self.descending {
            rows.reverse();
        }
    }
}
