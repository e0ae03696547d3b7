//! The audit log over the API: GitLab's audit events of an instance, and what the chain over them is made of.

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue, LINK};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::paging::Page;
use super::{filled, number};
use crate::domain::UserId;
use crate::domain::audit::{Kind, Named};
use crate::http::request::Context;
use crate::http::response::{Reply, json};
use crate::service::ServiceError;
use crate::service::audit::log::{ENTITY_TYPES, entity_type, is_action};
use crate::service::audit::{AuditFilter, AuditPage, LoggedEntry, Start};

/// GitLab's numbers of authors that are no users.
const NOBODY: i64 = -1;
const DEPLOY_TOKEN: i64 = -2;

/// `GET /audit_events`.
pub(super) async fn list(context: &Context<'_>) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    // Who may not read it is told that first.
    registry.require_auditor(caller)?;
    let filter = filter(context)?;
    let page = Page::from_query(context)?;
    let cursor = filled(context, "cursor").map(|text| number("cursor", &text)).transpose()?;
    let oldest_first = match filled(context, "sort").as_deref() {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(_) => return Err(ServiceError::Invalid("sort does not have a valid value".to_owned())),
    };
    let skip = if cursor.is_some() { 0 } else { page.offset() };
    let start = Start { behind: cursor, skip, oldest_first };
    let found = registry.audit_log(caller, filter, start, page.size).await?;
    Ok(reply(context, page, cursor, &found))
}

/// `GET /audit_events/:id`.
pub(super) async fn one(context: &Context<'_>, id: &str) -> Result<Reply, ServiceError> {
    context.registry().require_auditor(&context.caller)?;
    let found = context.registry().audit_entry(&context.caller, number("id", id)?).await?;
    Ok(json(StatusCode::OK, &shape(&found)))
}

fn filter(context: &Context<'_>) -> Result<AuditFilter, ServiceError> {
    let invalid = |name: &str| ServiceError::Invalid(format!("{name} does not have a valid value"));
    let time =
        |name: &str| filled(context, name).map(|text| moment(&text).ok_or_else(|| invalid(name))).transpose();
    let numeric = |name: &str| filled(context, name).map(|text| number(name, &text)).transpose();
    let kind_of = |name: String| {
        let known = ENTITY_TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
        known.map(|(_, kind)| *kind).ok_or_else(|| invalid("entity_type"))
    };
    let entity_kind = filled(context, "entity_type").map(kind_of).transpose()?;
    let entity_id = numeric("entity_id")?;
    if entity_id.is_some() && entity_kind.is_none() {
        return Err(ServiceError::Invalid(
            "entity_type is missing: entity_id is a number of that type".to_owned(),
        ));
    }
    let action = filled(context, "action").or_else(|| filled(context, "event_name"));
    if action.as_deref().is_some_and(|word| !is_action(word)) {
        return Err(invalid("action"));
    }
    Ok(AuditFilter {
        since: time("created_after")?,
        until: time("created_before")?,
        entity_kind,
        // There is one instance, and GitLab gives it a number.
        entity_id: entity_id.filter(|_| entity_kind != Some(Kind::Instance)),
        action,
        author: numeric("author_id")?.map(UserId),
        about: filled(context, "target"),
    })
}

/// A moment, or the beginning of a day in UTC.
pub(in crate::http) fn moment(text: &str) -> Option<Timestamp> {
    let day = || {
        let day = text.parse::<Date>().ok()?;
        TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight())).ok()
    };
    text.parse::<Timestamp>().ok().or_else(day)
}

fn reply(context: &Context<'_>, page: Page, cursor: Option<u64>, found: &AuditPage) -> Reply {
    let mut reply = json(StatusCode::OK, &Value::Array(found.entries.iter().map(shape).collect()));
    let next = found.next.filter(|_| cursor.is_none()).map(|_| page.number + 1);
    let previous = (cursor.is_none() && page.number > 1).then(|| page.number - 1);
    let optional = |number: Option<usize>| number.map(|number| number.to_string()).unwrap_or_default();
    let mut headers = vec![
        ("x-page", page.number.to_string()),
        ("x-per-page", page.size.to_string()),
        ("x-next-page", optional(next)),
        ("x-prev-page", optional(previous)),
    ];
    if let Some(total) = found.total {
        let pages = total.div_ceil(page.size as u64).max(1);
        headers.extend([("x-total", total.to_string()), ("x-total-pages", pages.to_string())]);
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            reply.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    let mut links = vec![format!("<{}>; rel=\"first\"", url(context, page, None))];
    if let Some(next) = found.next {
        links.push(format!("<{}>; rel=\"next\"", url(context, page, Some(next))));
    }
    if let Ok(value) = HeaderValue::from_str(&links.join(", ")) {
        reply.headers_mut().insert(LINK, value);
    }
    reply
}

/// The same list from another place on. Places are entries and not pages: a list that grows does not move them.
fn url(context: &Context<'_>, page: Page, cursor: Option<u64>) -> String {
    let query = context.head.uri.query().unwrap_or_default();
    let mut kept = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if !matches!(&*name, "page" | "per_page" | "cursor") {
            kept.append_pair(&name, &value);
        }
    }
    kept.append_pair("per_page", &page.size.to_string());
    if let Some(cursor) = cursor {
        kept.append_pair("cursor", &cursor.to_string());
    }
    format!("{}{}?{}", context.absolute_base_url(), context.head.uri.path(), kept.finish())
}

fn shape(logged: &LoggedEntry) -> Value {
    let entry = &logged.entry;
    let entity = entry.entity();
    let author = match (entry.actor.kind, entry.actor.id) {
        (Kind::User, Some(id)) => json!(id),
        (Kind::DeployToken, _) => json!(DEPLOY_TOKEN),
        _ => json!(NOBODY),
    };
    let target = entry.target.as_ref();
    json!({
        "id": logged.number,
        "author_id": author,
        "entity_id": entity.id.unwrap_or(1),
        "entity_type": entity_type(&entity),
        "event_name": entry.action.as_str(),
        "details": {
            "event_name": entry.action.as_str(),
            "author_name": who(&entry.actor),
            "author_class": entry.actor.kind.as_str(),
            "target_id": target.and_then(|target| target.id),
            "target_type": target.map(|target| target.kind.as_str()),
            "target_details": target.map(|target| target.name.as_str()),
            "custom_message": entry.action.as_str().replace(['.', '_'], " "),
            "ip_address": entry.address,
            "entity_path": entity.name,
        },
        "created_at": entry.at.to_string(),
        "action": entry.action.as_str(),
        "outcome": entry.outcome.as_str(),
        "refusal": entry.refusal.as_ref().map(|refusal| json!({
            "status": refusal.status,
            "reason": refusal.reason,
            "method": refusal.method,
            "route": refusal.route,
        })),
        "credential": entry.credential.as_ref().map(|used| json!({
            "kind": used.kind.as_str(),
            "id": used.id,
            "name": used.name,
        })),
        "request_id": entry.request_id,
        "data": entry.details,
        "entry": logged.text,
        "hash": logged.hash.to_hex(),
    })
}

/// Somebody in a word.
fn who(actor: &Named) -> &str {
    if actor.name.is_empty() { actor.kind.as_str() } else { &actor.name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_moment_or_the_beginning_of_a_day() {
        for (text, expected) in [
            ("2026-03-01T10:00:00Z", Some("2026-03-01T10:00:00Z")),
            ("2026-03-01T10:00:00+02:00", Some("2026-03-01T08:00:00Z")),
            ("2026-03-01", Some("2026-03-01T00:00:00Z")),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(moment(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
    }
}
