//! The things that commands name: where they are in the API, and what to say when there is no such thing.

#![expect(clippy::indexing_slicing, reason = "a key that a JSON answer lacks reads as null")]

use anyhow::{Result, bail};
use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::args::Place;
use crate::cli::client::Client;
use crate::cli::output::Output;

/// What a command is about, and the command that lists such things.
pub(super) struct Named {
    what: String,
    list: String,
}

impl Named {
    fn new(what: String, noun: &str) -> Self {
        Self { what, list: format!("cairn admin {noun} list") }
    }

    pub(super) fn user(user: &str) -> Self {
        Self::new(format!("user {user}"), "user")
    }

    pub(super) fn group(group: &str) -> Self {
        Self::new(format!("group {group}"), "group")
    }

    pub(super) fn project(project: &str) -> Self {
        Self::new(format!("project {project}"), "project")
    }

    pub(super) fn token(id: u64) -> Self {
        Self { what: format!("token {id}"), list: "cairn admin token list --user NAME".to_owned() }
    }

    pub(super) fn member(user: &str, place: &Place) -> Self {
        Self {
            what: format!("member {user} of {place}"),
            list: format!("cairn admin member list {}", place.flag()),
        }
    }

    pub(super) fn deploy_token(id: u64, place: &Place) -> Self {
        Self {
            what: format!("deploy token {id} of {place}"),
            list: format!("cairn admin deploy-token list {}", place.flag()),
        }
    }

    pub(super) fn trusted_publisher(id: u64, project: &str) -> Self {
        Self {
            what: format!("trusted publisher {id} of project {project}"),
            list: format!("cairn admin trusted-publisher list --project {project}"),
        }
    }
}

/// Makes a request about one thing, which must exist.
pub(super) async fn found(client: &Client, method: Method, url: &str, named: &Named) -> Result<Value> {
    match client.find(method, url).await? {
        Some(found) => Ok(found),
        None => bail!("there is no {}: see `{}`", named.what, named.list),
    }
}

pub(super) async fn delete(client: &Client, url: &str, named: &Named, output: Output) -> Result<()> {
    found(client, Method::DELETE, url, named).await?;
    Ok(output.result(&json!({ "deleted": named.what }), || format!("deleted {}", named.what))?)
}

impl Place {
    pub(super) fn url(&self) -> String {
        match (&self.group, &self.project) {
            (Some(group), _) => format!("/api/v4/groups/{}", encode(group)),
            (None, project) => format!("/api/v4/projects/{}", encode(project.as_deref().unwrap_or_default())),
        }
    }

    /// As it was given.
    pub(super) fn flag(&self) -> String {
        match (&self.group, &self.project) {
            (Some(group), _) => format!("--group {group}"),
            (None, project) => format!("--project {}", project.as_deref().unwrap_or_default()),
        }
    }

    /// Refuses a place that does not exist, so that what follows can only miss the thing in it.
    pub(super) async fn check(&self, client: &Client) -> Result<()> {
        let named = match (&self.group, &self.project) {
            (Some(group), _) => Named::group(group),
            (None, project) => Named::project(project.as_deref().unwrap_or_default()),
        };
        found(client, Method::GET, &self.url(), &named).await.map(drop)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.group, &self.project) {
            (Some(group), _) => write!(f, "group {group}"),
            (None, project) => write!(f, "project {}", project.as_deref().unwrap_or_default()),
        }
    }
}

/// A user's number: given as such, or found by user name.
pub(super) async fn user_number(client: &Client, user: &str) -> Result<Value> {
    if let Ok(number) = user.parse::<u64>() {
        return Ok(json!(number));
    }
    let found = client.list(&format!("/api/v4/users?username={}", encode(user))).await?;
    match found.first().and_then(|user| user.get("id")) {
        Some(id) => Ok(id.clone()),
        None => bail!("there is no user {user}: see `cairn admin user list`"),
    }
}

/// The number of a group, by full path or number.
pub(super) async fn group_number(client: &Client, group: &str) -> Result<Value> {
    let url = format!("/api/v4/groups/{}", encode(group));
    Ok(found(client, Method::GET, &url, &Named::group(group)).await?["id"].clone())
}

/// The number of a group or of a user's own namespace.
pub(super) async fn namespace_number(client: &Client, path: &str) -> Result<Value> {
    let users = client.list(&format!("/api/v4/users?username={}", encode(path))).await?;
    match users.first().and_then(|user| user.get("namespace_id")) {
        Some(id) => Ok(id.clone()),
        None => group_number(client, path).await,
    }
}

pub(super) fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, NON_ALPHANUMERIC).to_string()
}
