//! Groups over the API.

use hyper::StatusCode;
use serde_json::json;

use super::fields::Fields;
use super::paging::Page;
use super::{Order, Verb, filled, flag, number, numbers, shapes, visibility};
use crate::domain::identity::Group;
use crate::domain::package::DuplicatesRule;
use crate::domain::{GroupId, Role};
use crate::http::request::{Context, RequestBody};
use crate::http::response::{Reply, json};
use crate::service::ServiceError;
use crate::service::groups::{GroupChange, GroupFilter, NewGroup};
use crate::service::members::Place;

const ALLOWED: &str = "terraform_module_duplicates_allowed";
const EXCEPTION: &str = "terraform_module_duplicate_exception_regex";

/// Which groups a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Among<'a> {
    /// All.
    All,
    /// Those directly in a group.
    Children(&'a str),
    /// Those anywhere below a group.
    Descendants(&'a str),
}

/// `GET /groups`, `GET /groups/:id/subgroups` and `GET /groups/:id/descendant_groups`.
pub(super) async fn list(context: &Context<'_>, among: Among<'_>) -> Result<Reply, ServiceError> {
    let (registry, caller) = (context.registry(), &context.caller);
    if let Among::Children(parent) | Among::Descendants(parent) = among {
        registry.group(caller, parent)?;
    }
    let filter = filter(context, among == Among::All)?;
    let order = Order::from_query(context, &["name", "path", "id", "similarity"], "name", false)?;
    let page = Page::from_query(context)?;
    let mut groups = match among {
        Among::All => registry.groups(caller, filter).await?,
        Among::Children(parent) => registry.subgroups(caller, parent, false, filter).await?,
        Among::Descendants(parent) => registry.subgroups(caller, parent, true, filter).await?,
    };
    order.sort(&mut groups, |group, by| match by {
        "name" => Some(group.name.to_lowercase()),
        "path" => Some(group.path.key()),
        _ => None,
    });
    let rows = page.slice(&groups).iter().map(|group| shapes::group(context, group));
    Ok(page.reply(context, rows.collect::<Result<_, _>>()?, groups.len()))
}

/// `all_available`: users see the groups they have to do with in the list of all, unless they ask for more, as in GitLab.
fn filter(context: &Context<'_>, all: bool) -> Result<GroupFilter, ServiceError> {
    let available = flag(context, "all_available")?;
    let by_default = !all || context.caller.user().is_none();
    Ok(GroupFilter {
        search: filled(context, "search"),
        min_role: min_role(context, false)?,
        mine: !available.unwrap_or(by_default),
        top_level_only: flag(context, "top_level_only")? == Some(true),
        visibility: visibility(context)?,
        except: numbers(context, "skip_groups")?.into_iter().map(GroupId).collect(),
    })
}

/// The role that `owned`, `min_access_level` or something else asks the caller to have.
pub(super) fn min_role(context: &Context<'_>, mine: bool) -> Result<Option<Role>, ServiceError> {
    let named = match filled(context, "min_access_level") {
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
    let parent = fields.filled_text("parent_id")?;
    registry.check_new_group(caller, parent.as_deref())?;
    fields.require(&["name", "path"])?;
    let new = NewGroup {
        parent,
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
                path: fields.filled_text("path")?,
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
