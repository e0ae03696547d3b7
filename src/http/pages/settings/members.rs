//! Who has which role in a group or project: listed, added, changed, removed.

use super::{done, end, named};
use crate::domain::identity::Holder;
use crate::domain::{Role, UserId};
use crate::http::error;
use crate::http::pages::Visit;
use crate::http::pages::complaints;
use crate::http::pages::forms::Form;
use crate::http::pages::lists::Listing;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::members::Member;
use crate::service::places::PlaceView;
use crate::web::Page;
use crate::web::forms::{Complaint, role_name};
use crate::web::frame::Flash;
use crate::web::settings::members::{Members, Row, Typed};
use crate::web::settings::settings_path;

/// The words that messages about fields begin with, and the fields.
const FIELDS: &[(&str, &str)] =
    &[("username", "username"), ("Member", "username"), ("expires_at", "expires_at")];

pub(super) fn show(visit: &Visit<'_>, place: &PlaceView) -> Result<Reply, ServiceError> {
    Ok(page(visit, place, &Typed::default(), None)?.into())
}

fn page(
    visit: &Visit<'_>,
    place: &PlaceView,
    typed: &Typed,
    complaint: Option<&Complaint>,
) -> Result<Page, ServiceError> {
    let listing = Listing::asked(visit);
    let (registry, caller, named) = (visit.registry(), visit.caller(), named(place));
    let mut members = registry.members(caller, &named)?;
    let inherited = registry.all_members(caller, &named)?;
    members.extend(inherited.into_iter().filter(|member| member.membership.holder != place.holder));
    let words = listing.search.to_lowercase();
    members.retain(|Member { user, .. }| {
        user.username.key().contains(&words) || user.name.to_lowercase().contains(&words)
    });
    let shown = listing.slice(&members);
    let rows = shown.iter().map(|member| Row {
        member: member.clone(),
        inherited: (member.membership.holder != place.holder).then(|| source(visit, member)),
    });
    let rows: Vec<Row> = rows.collect();
    let pages = listing.pages(members.len());
    let members = Members { place, rows: &rows, pages, search: &listing.search, typed, complaint };
    Ok(members.page(&visit.viewer()))
}

/// Name and path of the group that gives a role; nothing of one that the viewer does not see.
fn source(visit: &Visit<'_>, member: &Member) -> (String, String) {
    let Holder::Group(group) = member.membership.holder else { return Default::default() };
    let group = visit.registry().group(visit.caller(), &group.to_string());
    group.map(|group| (group.name, group.path.to_string())).unwrap_or_default()
}

pub(super) async fn add(visit: &Visit<'_>, place: &PlaceView, form: &Form) -> Result<Reply, ServiceError> {
    let username = form.text("username").trim();
    let outcome = match asked_for(visit, username, form) {
        Ok((user, role)) => {
            let end = end(form);
            match end {
                Ok(end) => visit.registry().add_member(visit.caller(), named(place), user, role, end).await,
                Err(refused) => Err(refused),
            }
        }
        Err(refused) => Err(refused),
    };
    match outcome {
        Ok(member) => {
            let role = role_name(member.membership.role).to_lowercase();
            Ok(done(visit, &here(place), format!("{} is {role} now.", member.user.name)))
        }
        Err(refused) => {
            let typed = Typed {
                username: username.to_owned(),
                user: None,
                role: role(form).ok(),
                expires_at: form.text("expires_at").to_owned(),
            };
            again(visit, place, "add", &typed, refused)
        }
    }
}

/// The user and the role of the form for a new member.
fn asked_for(visit: &Visit<'_>, username: &str, form: &Form) -> Result<(UserId, Role), ServiceError> {
    let unknown = || ServiceError::Unprocessable("username is nobody's: check the spelling".to_owned());
    // A number would be taken for the number of a user.
    if username.is_empty() || username.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(unknown());
    }
    let user = match visit.registry().user(visit.caller(), username) {
        Ok(user) => user.id,
        Err(ServiceError::NotFound(_)) => return Err(unknown()),
        Err(ServiceError::Moved(moved)) => {
            return Err(ServiceError::Unprocessable(format!("username is {} now: use that", moved.to)));
        }
        Err(other) => return Err(other),
    };
    Ok((user, role(form)?))
}

fn role(form: &Form) -> Result<Role, ServiceError> {
    let found = Role::ALL.into_iter().find(|role| role.as_str() == form.text("role"));
    found.ok_or_else(|| ServiceError::Unprocessable("role is not chosen".to_owned()))
}

pub(super) async fn change(
    visit: &Visit<'_>,
    place: &PlaceView,
    user: u64,
    form: &Form,
) -> Result<Reply, ServiceError> {
    let user = UserId(user);
    let outcome = match (role(form), end(form)) {
        (Ok(role), Ok(end)) => {
            visit.registry().update_member(visit.caller(), named(place), user, role, end).await
        }
        (Err(refused), _) | (_, Err(refused)) => Err(refused),
    };
    match outcome {
        Ok(member) => {
            let role = role_name(member.membership.role).to_lowercase();
            let left = member.user.id == user && is_self(visit, user);
            // Who has lowered the own role may not come back here.
            let next = if left && visit.registry().require_manager(visit.caller(), &named(place)).is_err() {
                format!("/{}", place.path)
            } else {
                here(place)
            };
            Ok(done(visit, &next, format!("{} is {role} now.", member.user.name)))
        }
        Err(refused) => {
            let expires_at = form.text("expires_at").to_owned();
            let typed =
                Typed { username: String::new(), user: Some(user), role: role(form).ok(), expires_at };
            again(visit, place, "members", &typed, refused)
        }
    }
}

pub(super) async fn remove(visit: &Visit<'_>, place: &PlaceView, user: u64) -> Result<Reply, ServiceError> {
    let user = UserId(user);
    match visit.registry().remove_member(visit.caller(), named(place), user).await {
        Ok(()) if is_self(visit, user) => {
            visit.say(Flash::done(format!("You left {}.", place.path)));
            Ok(Visit::lead_to("/"))
        }
        Ok(()) => Ok(done(visit, &here(place), "The member was removed.")),
        Err(refused) => again(visit, place, "members", &Typed::default(), refused),
    }
}

fn is_self(visit: &Visit<'_>, user: UserId) -> bool {
    visit.caller().user().is_some_and(|own| own.id == user)
}

fn here(place: &PlaceView) -> String {
    format!("{}/members", settings_path(place))
}

fn again(
    visit: &Visit<'_>,
    place: &PlaceView,
    form: &'static str,
    typed: &Typed,
    refused: ServiceError,
) -> Result<Reply, ServiceError> {
    let refused = complaints::told(form, FIELDS, refused)?;
    Ok(error::page(&refused.error, page(visit, place, typed, Some(&refused.complaint))?))
}
