//! How things look in JSON: GitLab's attributes, as far as this server has them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::domain::credential::{Token, TokenOwner};
use crate::domain::identity::{Group, GroupKind, User};
use crate::domain::{RegistryAccess, Role};
use crate::http::request::Context;
use crate::service::ServiceError;
use crate::service::members::Member;
use crate::service::projects::PlacedProject;
use crate::service::tokens::KnownToken;

/// What a full path has besides letters and digits and stays as it is in a URL.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// GitLab's form of a time: ISO 8601 with milliseconds.
pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The day of a time, in UTC.
fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).date().to_string()
}

/// One object with the attributes of another added.
pub(super) fn with(mut value: Value, more: Value) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut value, more) {
        fields.extend(more);
    }
    value
}

fn url(context: &Context<'_>, path: &str) -> String {
    format!("{}/{}", context.absolute_base_url(), utf8_percent_encode(path, PATH))
}

/// What every signed-in user sees of another.
pub(super) fn user(context: &Context<'_>, user: &User) -> Value {
    json!({
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "state": if user.blocked { "blocked" } else { "active" },
        "locked": false,
        "avatar_url": null,
        "web_url": url(context, user.username.as_str()),
    })
}

/// The same with what is shown to administrators and to the user itself.
pub(super) fn full_user(context: &Context<'_>, shown: &User) -> Value {
    let shows_admin = shown.admin || context.registry().shows_all_to(&context.caller);
    let more = json!({
        "created_at": time(shown.created_at),
        "email": shown.email,
        "can_create_group": shown.can_create_group,
        "can_create_project": true,
        "namespace_id": shown.namespace,
    });
    let admin = if shows_admin { json!({ "is_admin": shown.admin }) } else { json!({}) };
    with(with(user(context, shown), more), admin)
}

/// A user as this caller may see it.
pub(super) fn user_for_caller(context: &Context<'_>, shown: &User) -> Value {
    let own = context.caller.user().is_some_and(|own| own.id == shown.id);
    if own || context.registry().shows_all_to(&context.caller) {
        full_user(context, shown)
    } else {
        user(context, shown)
    }
}

/// A group.
pub(super) fn group(context: &Context<'_>, group: &Group) -> Result<Value, ServiceError> {
    Ok(json!({
        "id": group.id,
        "web_url": url(context, &format!("groups/{}", group.path)),
        "name": group.name,
        "path": group.path.name(),
        "description": group.description,
        "visibility": group.visibility.as_str(),
        "full_name": context.registry().full_name(group)?,
        "full_path": group.path,
        "parent_id": group.parent(),
        "created_at": time(group.created_at),
        "avatar_url": null,
        "terraform_module_duplicates_allowed": group.duplicates.allowed,
        "terraform_module_duplicate_exception_regex": group.duplicates.exception_regex,
    }))
}

/// A group or personal namespace, as far as every kind of namespace goes.
pub(super) fn namespace(context: &Context<'_>, group: &Group) -> Value {
    let (kind, page) = match group.kind {
        GroupKind::Group => ("group", format!("groups/{}", group.path)),
        GroupKind::Personal(_) => ("user", group.path.to_string()),
    };
    json!({
        "id": group.id,
        "name": group.name,
        "path": group.path.name(),
        "kind": kind,
        "full_path": group.path,
        "parent_id": group.parent(),
        "avatar_url": null,
        "web_url": url(context, &page),
    })
}

/// What `simple` leaves of a project.
pub(super) fn simple_project(context: &Context<'_>, placed: &PlacedProject) -> Result<Value, ServiceError> {
    let (project, parent) = (&placed.project, &placed.namespace);
    Ok(json!({
        "id": project.id,
        "description": project.description,
        "name": project.name,
        "name_with_namespace": format!("{} / {}", context.registry().full_name(parent)?, project.name),
        "path": project.path.name(),
        "path_with_namespace": project.path,
        "created_at": time(project.created_at),
        "web_url": url(context, project.path.as_str()),
        "avatar_url": null,
        "namespace": namespace(context, parent),
    }))
}

/// A project, with the caller's own roles when that is a user.
pub(super) fn project(context: &Context<'_>, placed: &PlacedProject) -> Result<Value, ServiceError> {
    let project = &placed.project;
    let api = url(context, &format!("api/v4/projects/{}", project.id));
    let more = json!({
        "_links": { "self": api, "members": format!("{api}/members") },
        "visibility": project.visibility.as_str(),
        "packages_enabled": project.registry != RegistryAccess::Disabled,
        "package_registry_access_level": project.registry.as_str(),
        "creator_id": project.creator,
        "archived": false,
    });
    let value = with(simple_project(context, placed)?, more);
    if context.caller.user().is_none() {
        return Ok(value);
    }
    let roles = context.registry().roles(&context.caller, placed)?;
    let access = |role: Option<Role>| role.map(|role| json!({ "access_level": role.level() }));
    let permissions = json!({ "project_access": access(roles.project), "group_access": access(roles.group) });
    Ok(with(value, json!({ "permissions": permissions })))
}

/// A member of a group or project.
pub(super) fn member(context: &Context<'_>, member: &Member) -> Value {
    let membership = &member.membership;
    let more = json!({
        "access_level": membership.role.level(),
        "created_at": time(membership.created_at),
        "expires_at": membership.expires_at.map(day),
        "membership_state": "active",
    });
    with(user(context, &member.user), more)
}

/// A personal token, without its secret.
pub(super) fn personal_token(known: &KnownToken, now: Timestamp) -> Value {
    let token = &known.token;
    let (user, scopes) = match &token.owner {
        TokenOwner::Personal { user, scopes } => {
            (Some(*user), scopes.iter().map(|scope| scope.as_str()).collect())
        }
        TokenOwner::Deploy { .. } => (None, Vec::new()),
    };
    json!({
        "id": token.id,
        "name": token.name,
        "revoked": token.revoked,
        "created_at": time(token.created_at),
        "scopes": scopes,
        "user_id": user,
        "last_used_at": known.last_used_at.map(time),
        "active": token.is_active(now),
        "expires_at": token.expires_at.map(day),
    })
}

/// A deploy token, without its secret.
pub(super) fn deploy_token(token: &Token, now: Timestamp) -> Value {
    let (username, scopes) = match &token.owner {
        TokenOwner::Deploy { username, scopes, .. } => {
            (username.as_str(), scopes.iter().map(|scope| scope.as_str()).collect())
        }
        TokenOwner::Personal { .. } => ("", Vec::new()),
    };
    json!({
        "id": token.id,
        "name": token.name,
        "username": username,
        "expires_at": token.expires_at.map(time),
        "scopes": scopes,
        "revoked": token.revoked,
        "expired": token.expires_at.is_some_and(|end| end <= now),
    })
}
