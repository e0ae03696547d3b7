//! The groups and the project that modules are published in: found, or made by an administrator.

#![expect(clippy::indexing_slicing, reason = "a key that a JSON answer lacks reads as null")]

use anyhow::{Context, Result};
use bytes::Bytes;
use hyper::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::client::{Client, Refused};
use crate::domain::{FullPath, Visibility};

/// Creates the project and the groups above it when they are missing and the token is an administrator's. `say` hears
/// of each.
pub(super) async fn ensure(
    client: &Client,
    project: &FullPath,
    visibility: Visibility,
    say: &impl Fn(&str),
) -> Result<()> {
    if !is_missing(client, project).await? {
        return Ok(());
    }
    let Some(parent) = project.parent() else {
        let text = format!("a project lives in a group: use a path such as acme/{project}");
        return Err(Refused::saying(StatusCode::NOT_FOUND, text).into());
    };
    let visible = visibility.as_str();
    let namespace = ensure_group(client, &parent, visibility, say).await?;
    let body = json!({ "path": project.name(), "name": project.name(), "namespace_id": namespace, "visibility": visible });
    client
        .call(Method::POST, "/api/v4/projects", Some(&body))
        .await
        .with_context(|| format!("cannot create the project {project}"))?;
    say(&format!("created the {visible} project {project}"));
    Ok(())
}

/// Whether the project is still to be created. It is refused when it is, and the caller may not.
pub(super) async fn is_missing(client: &Client, project: &FullPath) -> Result<bool> {
    let url = format!("/api/v4/projects/{}", encode(project.as_str()));
    let (status, answer) = client.send(Method::GET, &url, Bytes::new()).await?;
    match status {
        StatusCode::UNAUTHORIZED => Err(Refused::new(status, &answer).into()),
        StatusCode::NOT_FOUND if is_administrator(client).await? => Ok(true),
        StatusCode::NOT_FOUND => {
            let text = format!(
                "project {project} does not exist, or this token may not see it: create it or ask its owner for a role"
            );
            Err(Refused::saying(status, text).into())
        }
        // Whatever else it is, the upload itself will say it better.
        _ => Ok(false),
    }
}

async fn is_administrator(client: &Client) -> Result<bool> {
    if client.is_operator() {
        return Ok(true);
    }
    let (status, answer) = client.send(Method::GET, "/api/v4/user", Bytes::new()).await?;
    let user: Value = serde_json::from_slice(&answer).unwrap_or_default();
    Ok(status.is_success() && user["is_admin"].as_bool().unwrap_or_default())
}

/// The number of a group or personal namespace; a group is made with its parents when it is missing.
async fn ensure_group(
    client: &Client,
    path: &FullPath,
    visibility: Visibility,
    say: &impl Fn(&str),
) -> Result<Value> {
    let visible = visibility.as_str();
    let mut missing = vec![path.clone()];
    let mut found = Value::Null;
    while let Some(lowest) = missing.last().cloned() {
        if let Some(id) = namespace_number(client, &lowest).await? {
            found = id;
            missing.pop();
            break;
        }
        match lowest.parent() {
            Some(parent) => missing.push(parent),
            None => break,
        }
    }
    while let Some(path) = missing.pop() {
        let body =
            json!({ "path": path.name(), "name": path.name(), "parent_id": found, "visibility": visible });
        let made = client
            .call(Method::POST, "/api/v4/groups", Some(&body))
            .await
            .with_context(|| format!("cannot create the group {path}"))?;
        say(&format!("created the {visible} group {path}"));
        found = made["id"].clone();
    }
    Ok(found)
}

async fn namespace_number(client: &Client, path: &FullPath) -> Result<Option<Value>> {
    if let Some(group) =
        client.find(Method::GET, &format!("/api/v4/groups/{}", encode(path.as_str()))).await?
    {
        return Ok(Some(group["id"].clone()));
    }
    let users = client.list(&format!("/api/v4/users?username={}", encode(path.as_str()))).await?;
    Ok(users.first().and_then(|user| user.get("namespace_id")).cloned())
}

/// Text as one segment of a URL.
pub(super) fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, NON_ALPHANUMERIC).to_string()
}
