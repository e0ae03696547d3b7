//! Users over the API.

use hyper::StatusCode;
use serde_json::json;

use super::fields::Fields;
use super::paging::Page;
use super::{Order, Verb, filled, flag, shapes};
use crate::domain::RootPath;
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, empty, json};
use crate::service::ServiceError;
use crate::service::identity::{NewUser, UserChange, UserFilter};

/// What users can be sorted by. When they were changed is not kept: by that they are sorted as by their creation.
pub(in crate::http) const ORDERS: &[&str] = &["id", "name", "username", "created_at", "updated_at"];

/// `GET /user`.
pub(super) fn current(context: &Context<'_>) -> Result<Reply, ServiceError> {
    let user = context.registry().current_user(&context.caller)?;
    Ok(json(StatusCode::OK, &shapes::full_user(context, &user)))
}

/// `GET /users`.
pub(super) async fn list(context: &Context<'_>) -> Result<Reply, ServiceError> {
    context.registry().require_signed_in(&context.caller)?;
    let filter = UserFilter {
        search: filled(context, "search"),
        username: filled(context, "username"),
        blocked: match (flag(context, "blocked")?, flag(context, "active")?) {
            (Some(true), _) => Some(true),
            (_, Some(true)) => Some(false),
            _ => None,
        },
        admins: flag(context, "admins")? == Some(true),
    };
    let order = Order::from_query(context, ORDERS, "id", true)?;
    let page = Page::from_query(context)?;
    let mut users = context.registry().users(&context.caller, filter).await?;
    order.sort(&mut users, |user, by| match by {
        "name" => Some(user.name.to_lowercase()),
        "username" => Some(user.username.key()),
        _ => None,
    });
    let rows = page.slice(&users).iter().map(|user| shapes::user_for_caller(context, user)).collect();
    Ok(page.reply(context, rows, users.len()))
}

/// `POST /users`.
pub(super) async fn create(context: &Context<'_>, body: &mut RequestBody) -> Result<Reply, ServiceError> {
    context.registry().require_administrator(&context.caller)?;
    let fields = Fields::read(context, body).await?;
    fields.require(&["username", "name"])?;
    let new = NewUser {
        username: fields.required_text("username")?.parse::<RootPath>()?,
        name: fields.required_text("name")?,
        email: fields.text("email")?.unwrap_or_default(),
        password: fields.filled_text("password")?.map(Into::into),
        admin: fields.boolean("admin")?.unwrap_or(false),
        can_create_group: fields.boolean("can_create_group")?.unwrap_or(true),
    };
    let user = context.registry().create_user(&context.caller, new).await?;
    Ok(json(StatusCode::CREATED, &shapes::full_user(context, &user)))
}

/// `GET`, `PUT` and `DELETE /users/:id`.
pub(super) async fn one(
    context: &Context<'_>,
    id: &str,
    verb: Verb,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    match verb {
        Verb::Get | Verb::Post => {
            let user = registry.user(caller, id)?;
            Ok(json(StatusCode::OK, &shapes::user_for_caller(context, &user)))
        }
        Verb::Put => {
            registry.require_administrator(caller)?;
            let fields = Fields::read(context, body).await?;
            let username = fields.filled_text("username")?;
            let wanted = UserChange {
                username: username.map(|name| name.parse::<RootPath>()).transpose()?,
                name: fields.text("name")?,
                email: fields.text("email")?,
                password: fields.filled_text("password")?.map(Into::into),
                admin: fields.boolean("admin")?,
                can_create_group: fields.boolean("can_create_group")?,
            };
            let user = registry.update_user(caller, id, wanted).await?;
            Ok(json(StatusCode::OK, &shapes::full_user(context, &user)))
        }
        Verb::Delete => {
            registry.delete_user(caller, id).await?;
            tracing::info!(user = id, by = caller.label(), "deleted a user");
            Ok(empty(StatusCode::NO_CONTENT))
        }
    }
}

/// `POST /users/:id/block` and `/unblock`.
pub(super) async fn block(context: &Context<'_>, id: &str, blocked: bool) -> Result<Reply, ServiceError> {
    let user = context.registry().set_blocked(&context.caller, id, blocked).await?;
    tracing::info!(user = %user.username, blocked, by = context.caller.label(), "changed whether a user is blocked");
    Ok(json(StatusCode::CREATED, &json!(true)))
}
