//! Groups and namespaces over the API.

use hyper::StatusCode;
use serde_json::json;

use super::fields::Fields;
use super::paging::Page;
use super::{Order, Verb, flag, number, shapes};
use crate::domain::Role;
use crate::domain::identity::Group;
use crate::domain::package::DuplicatesRule;
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, json};
use crate::service::ServiceError;
use crate::service::groups::{GroupChange, GroupFilter, NewGroup};
use crate::service::members::Place;

const ALLOWED: &str = "terraform_module_duplicates_allowed";
const EXCEPTION: &str = "terraform_module_duplicate_exception_regex";

/// `GET /groups` and `GET /groups/:id/subgroups`.
pub(super) async fn list(context: &Context<'_>, parent: Option<&str>) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    let filter = filter(context)?;
    let order = Order::from_query(context, &["name", "path", "id", "similarity"], "name", false)?;
    let page = Page::from_query(context)?;
    let mut groups = match parent {
        Some(parent) => registry.subgroups(caller, parent, filter).await?,
        None => registry.groups(caller, filter).await?,
    };
    order.sort(&mut groups, |group, by| match by {
        "name" => Some(group.name.to_lowercase()),
        "path" => Some(group.path.key()),
        _ => None,
    });
    let rows = page.slice(&groups).iter().map(|group| shapes::group(context, group));
    Ok(page.reply(context, rows.collect::<Result<_, _>>()?, groups.len()))
}

fn filter(context: &Context<'_>) -> Result<GroupFilter, ServiceError> {
    let mine = flag(context, "all_available")? == Some(false);
    Ok(GroupFilter {
        search: context.query("search").filter(|text| !text.is_empty()),
        min_role: min_role(context, mine)?,
        top_level_only: flag(context, "top_level_only")? == Some(true),
    })
}

/// The role that `owned`, `min_access_level` or something else asks the caller to have.
pub(super) fn min_role(context: &Context<'_>, mine: bool) -> Result<Option<Role>, ServiceError> {
    let named = match context.query("min_access_level").filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(Role::from_level(number("min_access_level", &text)?).ok_or_else(|| {
            ServiceError::Invalid("min_access_level does not have a valid value".to_owned())
        })?),
    };
    let owned = (flag(context, "owned")? == Some(true)).then_some(Role::Owner);
    Ok(named.max(owned).or(mine.then_some(Role::Guest)))
}

/// `POST /groups`.
pub(super) async fn create(context: &Context<'_>, body: &mut RequestBody) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    registry.require_writer(caller)?;
    let fields = Fields::read(context, body).await?;
    fields.require(&["name", "path"])?;
    let new = NewGroup {
        parent: fields.filled_text("parent_id")?,
        path: fields.required_text("path")?,
        name: fields.required_text("name")?,
        description: fields.text("description")?.unwrap_or_default(),
        visibility: fields.visibility("visibility")?,
        duplicates: DuplicatesRule {
            allowed: fields.boolean(ALLOWED)?.unwrap_or(false),
            exception_regex: fields.text(EXCEPTION)?.unwrap_or_default(),
        },
    };
    let group = registry.create_group(caller, new).await?;
    shown(context, StatusCode::CREATED, &group)
}

/// `GET`, `PUT` and `DELETE /groups/:id`.
pub(super) async fn one(
    context: &Context<'_>,
    id: &str,
    verb: Verb,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    match verb {
        Verb::Get | Verb::Post => shown(context, StatusCode::OK, &registry.group(caller, id)?),
        Verb::Put => {
            registry.require_manager(caller, &Place::Group(id.to_owned()))?;
            let fields = Fields::read(context, body).await?;
            let wanted = GroupChange {
                name: fields.text("name")?,
                description: fields.text("description")?,
                visibility: fields.visibility("visibility")?,
                duplicates_allowed: fields.boolean(ALLOWED)?,
                exception_regex: fields.text(EXCEPTION)?,
            };
            shown(context, StatusCode::OK, &registry.update_group(caller, id, wanted).await?)
        }
        Verb::Delete => {
            registry.delete_group(caller, id).await?;
            tracing::info!(group = id, by = caller.label(), "deleted a group");
            Ok(json(StatusCode::ACCEPTED, &json!({ "message": "202 Accepted" })))
        }
    }
}

fn shown(context: &Context<'_>, status: StatusCode, group: &Group) -> Result<Reply, ServiceError> {
    Ok(json(status, &shapes::group(context, group)?))
}

/// `GET /namespaces`.
pub(super) async fn namespaces(context: &Context<'_>) -> Result<Reply, ServiceError> {
    let page = Page::from_query(context);
    let search = context.query("search").filter(|text| !text.is_empty());
    let found = context.registry().namespaces(&context.caller, search).await?;
    let page = page?;
    let rows = page.slice(&found).iter().map(|group| shapes::namespace(context, group)).collect();
    Ok(page.reply(context, rows, found.len()))
}

/// `GET /namespaces/:id`.
pub(super) fn namespace(context: &Context<'_>, id: &str) -> Result<Reply, ServiceError> {
    let found = context.registry().namespace(&context.caller, id)?;
    Ok(json(StatusCode::OK, &shapes::namespace(context, &found)))
}
