//! `cairn admin`: everything an owner needs without a browser.

#![expect(clippy::indexing_slicing, reason = "a key that a JSON answer lacks reads as null")]

mod args;
mod audit;
mod named;
mod trusted_publisher;

use std::path::Path;

use anyhow::{Result, bail};
use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::Usage;
use super::client::{Client, error_text};
use super::output::Output;
use crate::domain::Role;
pub(super) use args::{AdminCommand, visibility};
use args::{
    DeployTokenCommand, GroupCommand, MemberCommand, ProjectCommand, Switch, TokenCommand, UserCommand,
};
use named::{Named, delete, encode, found, group_number, namespace_number, user_number};

const USER_FIELDS: &[&str] = &["id", "username", "name", "email", "state", "is_admin", "created_at"];
const GROUP_FIELDS: &[&str] = &["id", "full_path", "name", "visibility", "created_at"];
const PROJECT_FIELDS: &[&str] =
    &["id", "path_with_namespace", "name", "visibility", "package_registry_access_level", "created_at"];
const MEMBER_FIELDS: &[&str] = &["id", "username", "role", "expires_at"];
const TOKEN_FIELDS: &[&str] = &["id", "name", "scopes", "active", "expires_at", "last_used_at"];
const DEPLOY_TOKEN_FIELDS: &[&str] = &["id", "name", "username", "scopes", "expires_at"];

/// Runs an administration command.
pub(super) async fn run(data_dir: &Path, command: AdminCommand, output: Output) -> Result<()> {
    let client = Client::open(data_dir).await?;
    let outcome = perform(&client, command, output).await;
    client.close().await;
    outcome
}

async fn perform(client: &Client, command: AdminCommand, output: Output) -> Result<()> {
    match command {
        AdminCommand::Registry { action, project: None } => instance_switch(client, action, output).await,
        AdminCommand::Registry { action, project: Some(project) } => {
            project_switch(client, action, &project, output).await
        }
        AdminCommand::User(command) => user(client, command, output).await,
        AdminCommand::Group(command) => group(client, command, output).await,
        AdminCommand::Project(command) => project(client, command, output).await,
        AdminCommand::Member(command) => member(client, command, output).await,
        AdminCommand::Token(command) => token(client, command, output).await,
        AdminCommand::DeployToken(command) => deploy_token(client, command, output).await,
        AdminCommand::TrustedPublisher(command) => trusted_publisher::perform(client, command, output).await,
        AdminCommand::Audit(asked) => audit::print(client, &asked, output).await,
    }
}

async fn instance_switch(client: &Client, action: Switch, output: Output) -> Result<()> {
    if action != Switch::Status {
        let body = json!({ "packages_enabled": action == Switch::Enable });
        client.call(Method::PUT, "/api/v4/application/settings", Some(&body)).await?;
    }
    let status = client.call(Method::GET, "/-/control/status", None).await?;
    let stored = status["registry_enabled"].as_bool().unwrap_or_default();
    let by_flag = status["registry_disabled_by_flag"].as_bool().unwrap_or_default();
    output.result(
        &json!({ "registry_enabled": stored && !by_flag, "stored": stored, "disabled_by_flag": by_flag }),
        || match (stored, by_flag) {
            (true, false) => "the registry is enabled".to_owned(),
            (false, _) => {
                "the registry is disabled; nothing was deleted, `cairn admin registry enable` switches it on"
                    .to_owned()
            }
            (true, true) => {
                "the registry is disabled by --disable-registry of the running server, whatever the stored switch \
                 (enabled) says; start it without that flag"
                    .to_owned()
            }
        },
    )?;
    Ok(())
}

async fn project_switch(client: &Client, action: Switch, project: &str, output: Output) -> Result<()> {
    let url = format!("/api/v4/projects/{}", encode(project));
    let mut answer = found(client, Method::GET, &url, &Named::project(project)).await?;
    if action != Switch::Status {
        let body = json!({ "packages_enabled": action == Switch::Enable });
        answer = client.call(Method::PUT, &url, Some(&body)).await?;
    }
    let level = answer["package_registry_access_level"].as_str().unwrap_or_default();
    let path = &answer["path_with_namespace"];
    output.result(&json!({ "project": path, "package_registry_access_level": level }), || {
        let state = if level == "disabled" { "disabled; nothing was deleted" } else { "enabled" };
        format!("the registry of {} is {state}", path.as_str().unwrap_or(project))
    })?;
    Ok(())
}

async fn user(client: &Client, command: UserCommand, output: Output) -> Result<()> {
    match command {
        UserCommand::Create { username, name, email, password, admin } => {
            let body = fields([
                ("name", Some(json!(name.unwrap_or_else(|| username.clone())))),
                ("username", Some(json!(username))),
                ("email", email.map(Value::from)),
                ("password", password.map(Value::from)),
                ("admin", Some(json!(admin))),
            ]);
            let made = client.call(Method::POST, "/api/v4/users", Some(&body)).await?;
            Ok(output.record(&made, USER_FIELDS)?)
        }
        UserCommand::List => Ok(output.table(&client.list("/api/v4/users").await?, USER_FIELDS)?),
        UserCommand::Show { user } => {
            let id = user_number(client, &user).await?;
            let found =
                found(client, Method::GET, &format!("/api/v4/users/{id}"), &Named::user(&user)).await?;
            Ok(output.record(&found, USER_FIELDS)?)
        }
        UserCommand::Delete { user } => {
            let id = user_number(client, &user).await?;
            delete(client, &format!("/api/v4/users/{id}"), &Named::user(&user), output).await
        }
    }
}

async fn group(client: &Client, command: GroupCommand, output: Output) -> Result<()> {
    match command {
        GroupCommand::Create { path, name, visibility } => {
            let (parent, last) = match path.rsplit_once('/') {
                Some((parent, last)) => (Some(group_number(client, parent).await?), last),
                None => (None, path.as_str()),
            };
            let body = fields([
                ("path", Some(json!(last))),
                ("name", Some(json!(name.as_deref().unwrap_or(last)))),
                ("parent_id", parent),
                ("visibility", Some(json!(visibility.as_str()))),
            ]);
            let made = client.call(Method::POST, "/api/v4/groups", Some(&body)).await?;
            Ok(output.record(&made, GROUP_FIELDS)?)
        }
        GroupCommand::List => Ok(output.table(&client.list("/api/v4/groups").await?, GROUP_FIELDS)?),
        GroupCommand::Show { group } => {
            let url = format!("/api/v4/groups/{}", encode(&group));
            let found = found(client, Method::GET, &url, &Named::group(&group)).await?;
            Ok(output.record(&found, GROUP_FIELDS)?)
        }
        GroupCommand::Delete { group } => {
            let url = format!("/api/v4/groups/{}", encode(&group));
            delete(client, &url, &Named::group(&group), output).await
        }
    }
}

async fn project(client: &Client, command: ProjectCommand, output: Output) -> Result<()> {
    match command {
        ProjectCommand::Create { path, name, visibility } => {
            let Some((parent, last)) = path.rsplit_once('/') else {
                return Err(Usage(format!(
                    "a project lives in a group or user namespace: give its full path, such as acme/{path}"
                ))
                .into());
            };
            let body = fields([
                ("path", Some(json!(last))),
                ("name", Some(json!(name.as_deref().unwrap_or(last)))),
                ("namespace_id", Some(namespace_number(client, parent).await?)),
                ("visibility", Some(json!(visibility.as_str()))),
            ]);
            let made = client.call(Method::POST, "/api/v4/projects", Some(&body)).await?;
            Ok(output.record(&made, PROJECT_FIELDS)?)
        }
        ProjectCommand::List => Ok(output.table(&client.list("/api/v4/projects").await?, PROJECT_FIELDS)?),
        ProjectCommand::Show { project } => {
            let url = format!("/api/v4/projects/{}", encode(&project));
            let found = found(client, Method::GET, &url, &Named::project(&project)).await?;
            Ok(output.record(&found, PROJECT_FIELDS)?)
        }
        ProjectCommand::Delete { project } => {
            let url = format!("/api/v4/projects/{}", encode(&project));
            delete(client, &url, &Named::project(&project), output).await
        }
    }
}

async fn member(client: &Client, command: MemberCommand, output: Output) -> Result<()> {
    match command {
        MemberCommand::Create { user, place, role, expires_at } => {
            let body = fields([
                ("user_id", Some(user_number(client, &user).await?)),
                ("access_level", Some(json!(role.level()))),
                ("expires_at", expires_at.map(|date| json!(date))),
            ]);
            place.check(client).await?;
            let url = format!("{}/members", place.url());
            let (status, answer) =
                client.send(Method::POST, &url, Bytes::from(serde_json::to_vec(&body)?)).await?;
            if status == StatusCode::CONFLICT {
                bail!(
                    "{user} is a member of {place} already: `cairn admin member delete {user} {}` first to change the role",
                    place.flag()
                );
            }
            if !status.is_success() {
                bail!("cannot make {user} a member of {place}: {}", error_text(status, &answer));
            }
            let made = serde_json::from_slice(&answer)?;
            Ok(output.record(&with_role(made), MEMBER_FIELDS)?)
        }
        MemberCommand::List { place } => {
            place.check(client).await?;
            let rows = client.list(&format!("{}/members/all", place.url())).await?;
            let rows: Vec<Value> = rows.into_iter().map(with_role).collect();
            Ok(output.table(&rows, MEMBER_FIELDS)?)
        }
        MemberCommand::Show { user, place } => {
            let id = user_number(client, &user).await?;
            place.check(client).await?;
            let url = format!("{}/members/all/{id}", place.url());
            let found = found(client, Method::GET, &url, &Named::member(&user, &place)).await?;
            Ok(output.record(&with_role(found), MEMBER_FIELDS)?)
        }
        MemberCommand::Delete { user, place } => {
            let id = user_number(client, &user).await?;
            place.check(client).await?;
            let url = format!("{}/members/{id}", place.url());
            delete(client, &url, &Named::member(&user, &place), output).await
        }
    }
}

async fn token(client: &Client, command: TokenCommand, output: Output) -> Result<()> {
    match command {
        TokenCommand::Create { user, name, scopes, expires_at } => {
            let id = user_number(client, &user).await?;
            let body = fields([
                ("name", Some(json!(name))),
                ("scopes", Some(json!(scopes))),
                ("expires_at", expires_at.map(|date| json!(date))),
            ]);
            let url = format!("/api/v4/users/{id}/personal_access_tokens");
            print_secret(&client.call(Method::POST, &url, Some(&body)).await?, output)
        }
        TokenCommand::List { user } => {
            let id = user_number(client, &user).await?;
            let rows = client.list(&format!("/api/v4/personal_access_tokens?user_id={id}")).await?;
            Ok(output.table(&rows, TOKEN_FIELDS)?)
        }
        TokenCommand::Show { id } => {
            let url = format!("/api/v4/personal_access_tokens/{id}");
            let found = found(client, Method::GET, &url, &Named::token(id)).await?;
            Ok(output.record(&found, TOKEN_FIELDS)?)
        }
        TokenCommand::Delete { id } => {
            let url = format!("/api/v4/personal_access_tokens/{id}");
            delete(client, &url, &Named::token(id), output).await
        }
    }
}

async fn deploy_token(client: &Client, command: DeployTokenCommand, output: Output) -> Result<()> {
    match command {
        DeployTokenCommand::Create { place, name, username, scopes, expires_at } => {
            let body = fields([
                ("name", Some(json!(name))),
                ("username", username.map(Value::from)),
                ("scopes", Some(json!(scopes))),
                ("expires_at", expires_at.map(|date| json!(date))),
            ]);
            place.check(client).await?;
            let url = format!("{}/deploy_tokens", place.url());
            print_secret(&client.call(Method::POST, &url, Some(&body)).await?, output)
        }
        DeployTokenCommand::List { place } => {
            place.check(client).await?;
            let rows = client.list(&format!("{}/deploy_tokens", place.url())).await?;
            Ok(output.table(&rows, DEPLOY_TOKEN_FIELDS)?)
        }
        DeployTokenCommand::Show { id, place } => {
            place.check(client).await?;
            let url = format!("{}/deploy_tokens/{id}", place.url());
            let found = found(client, Method::GET, &url, &Named::deploy_token(id, &place)).await?;
            Ok(output.record(&found, DEPLOY_TOKEN_FIELDS)?)
        }
        DeployTokenCommand::Delete { id, place } => {
            place.check(client).await?;
            let url = format!("{}/deploy_tokens/{id}", place.url());
            delete(client, &url, &Named::deploy_token(id, &place), output).await
        }
    }
}

/// A new token: the secret alone as text, so that a script can take it as it is.
fn print_secret(made: &Value, output: Output) -> Result<()> {
    Ok(output.result(made, || made["token"].as_str().unwrap_or_default().to_owned())?)
}

/// A member with its role by name, for people; the number is what the API calls `access_level`.
fn with_role(mut member: Value) -> Value {
    if let Some(role) = member["access_level"].as_u64().and_then(Role::from_level)
        && let Some(fields) = member.as_object_mut()
    {
        fields.insert("role".to_owned(), json!(role.as_str()));
    }
    member
}

fn fields<const N: usize>(given: [(&str, Option<Value>); N]) -> Value {
    let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect::<Map<_, _>>())
}
