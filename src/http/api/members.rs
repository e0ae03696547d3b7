//! Members of groups and projects over the API.

use hyper::StatusCode;

use super::fields::Fields;
use super::paging::Page;
use super::{Verb, number, numbers, shapes};
use crate::domain::UserId;
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, empty, json};
use crate::service::ServiceError;
use crate::service::members::{Member, Place};

/// `GET …/members` and, with the inherited ones, `GET …/members/all`.
pub(super) fn list(context: &Context<'_>, place: &Place, inherited: bool) -> Result<Reply, ServiceError> {
    let mut members = find(context, place, inherited)?;
    if let Some(query) = context.query("query").map(|query| query.to_lowercase()) {
        members.retain(|member| {
            member.user.username.key().contains(&query) || member.user.name.to_lowercase().contains(&query)
        });
    }
    let (only, except) = (numbers(context, "user_ids")?, numbers(context, "skip_users")?);
    members.retain(|member| {
        let id = member.user.id.0;
        (only.is_empty() || only.contains(&id)) && !except.contains(&id)
    });
    let page = Page::from_query(context)?;
    let rows = page.slice(&members).iter().map(|member| shapes::member(context, member)).collect();
    Ok(page.reply(context, rows, members.len()))
}

fn find(context: &Context<'_>, place: &Place, inherited: bool) -> Result<Vec<Member>, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    if inherited { registry.all_members(caller, place) } else { registry.members(caller, place) }
}

/// `GET …/members/:user_id` and `GET …/members/all/:user_id`.
pub(super) fn show(
    context: &Context<'_>,
    place: &Place,
    user: &str,
    inherited: bool,
) -> Result<Reply, ServiceError> {
    let members = find(context, place, inherited)?;
    let user = UserId(number("user_id", user)?);
    let member = members.iter().find(|member| member.user.id == user);
    let member = member.ok_or(ServiceError::NotFound("Member"))?;
    Ok(json(StatusCode::OK, &shapes::member(context, member)))
}

/// `POST …/members`.
pub(super) async fn add(
    context: &Context<'_>,
    place: Place,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_manager(caller, &place)?;
    let fields = Fields::read(context, body).await?;
    let user = match (fields.number("user_id")?, fields.filled_text("username")?) {
        (Some(id), _) => UserId(id),
        (None, Some(name)) => registry.user(caller, &name)?.id,
        (None, None) => {
            return Err(ServiceError::Invalid(
                "user_id, username are missing, exactly one parameter must be provided".to_owned(),
            ));
        }
    };
    let (role, end) = (fields.role("access_level")?, fields.end("expires_at")?);
    let member = registry.add_member(caller, place, user, role, end).await?;
    Ok(json(StatusCode::CREATED, &shapes::member(context, &member)))
}

/// `GET`, `PUT` and `DELETE …/members/:user_id`.
pub(super) async fn one(
    context: &Context<'_>,
    place: Place,
    user: &str,
    verb: Verb,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    match verb {
        Verb::Get | Verb::Post => show(context, &place, user, false),
        Verb::Put => {
            registry.require_manager(caller, &place)?;
            let user = UserId(number("user_id", user)?);
            let fields = Fields::read(context, body).await?;
            let (role, end) = (fields.role("access_level")?, fields.end("expires_at")?);
            let member = registry.update_member(caller, place, user, role, end).await?;
            Ok(json(StatusCode::OK, &shapes::member(context, &member)))
        }
        Verb::Delete => {
            let user = match number("user_id", user) {
                Ok(user) => UserId(user),
                // Who may not change members here is told that, not what is wrong with the number.
                Err(wrong) => return registry.require_manager(caller, &place).and(Err(wrong)),
            };
            registry.remove_member(caller, place, user).await?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
    }
}
