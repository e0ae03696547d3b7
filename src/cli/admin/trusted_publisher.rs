//! `cairn admin trusted-publisher`: which CI jobs elsewhere may act on a project.

use anyhow::Result;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::args::TrustedPublisherCommand;
use super::named::{Named, delete, encode, found};
use super::{fields, with_role};
use crate::cli::Usage;
use crate::cli::client::Client;
use crate::cli::output::Output;

const FIELDS: &[&str] = &["id", "name", "issuer", "claims", "role", "once", "created_at"];

pub(super) async fn perform(client: &Client, command: TrustedPublisherCommand, output: Output) -> Result<()> {
    match command {
        TrustedPublisherCommand::Create { project, issuer, claims, role, once, name } => {
            let body = fields([
                ("name", name.map(Value::from)),
                ("issuer", Some(json!(issuer))),
                ("claims", Some(patterns(claims)?)),
                ("access_level", Some(json!(role.level()))),
                ("once", Some(json!(once))),
            ]);
            let url = publishers(client, &project).await?;
            let made = client.call(Method::POST, &url, Some(&body)).await?;
            Ok(output.record(&with_role(made), FIELDS)?)
        }
        TrustedPublisherCommand::List { project } => {
            let rows = client.list(&publishers(client, &project).await?).await?;
            let rows: Vec<Value> = rows.into_iter().map(with_role).collect();
            Ok(output.table(&rows, FIELDS)?)
        }
        TrustedPublisherCommand::Delete { id, project } => {
            let url = format!("{}/{id}", publishers(client, &project).await?);
            delete(client, &url, &Named::trusted_publisher(id, &project), output).await
        }
    }
}

/// The URL of the publishers of a project, which must exist, so that what follows can only miss the thing in it.
async fn publishers(client: &Client, project: &str) -> Result<String> {
    let url = format!("/api/v4/projects/{}", encode(project));
    found(client, Method::GET, &url, &Named::project(project)).await?;
    Ok(format!("{url}/trusted_publishers"))
}

fn patterns(claims: Vec<(String, String)>) -> Result<Value> {
    let mut patterns = Map::new();
    for (claim, pattern) in claims {
        if patterns.contains_key(&claim) {
            return Err(Usage(format!("--claim {claim} is given twice: a claim has one pattern")).into());
        }
        patterns.insert(claim, pattern.into());
    }
    Ok(Value::Object(patterns))
}
