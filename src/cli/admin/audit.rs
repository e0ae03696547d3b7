//! `cairn admin audit`: the audit log as a table for people, or as JSON lines by which the chain can be checked.

#![expect(clippy::indexing_slicing, reason = "a key that a JSON answer lacks reads as null")]

use anyhow::Result;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::args::AuditArgs;
use super::named::user_number;
use crate::cli::client::Client;
use crate::cli::output::{Output, line};

/// Entries of the table when nothing else is said.
const SHOWN: u64 = 100;
/// Entries asked for at a time.
const PER_PAGE: u64 = 100;
const FIELDS: &[&str] =
    &["id", "created_at", "action", "outcome", "who", "credential", "address", "target", "request_id"];

/// Prints what was asked for.
pub(super) async fn print(client: &Client, asked: &AuditArgs, output: Output) -> Result<()> {
    let limit = asked.limit.or((!output.json).then_some(SHOWN)).unwrap_or(u64::MAX);
    // A table begins with what happened last; the chain is followed from its beginning.
    let oldest_first = output.json && asked.limit.is_none();
    let mut next = Some(path(client, asked, oldest_first, limit.min(PER_PAGE)).await?);
    let (mut rows, mut count) = (Vec::new(), 0);
    while let Some(path) = next.filter(|_| count < limit) {
        let (page, behind) = client.page(&path).await?;
        next = behind;
        for entry in page {
            if count == limit {
                break;
            }
            count += 1;
            if output.json {
                line(&exported(&entry).to_string())?;
            } else {
                rows.push(row(&entry));
            }
        }
    }
    if !output.json {
        output.table(&rows, FIELDS)?;
    }
    Ok(())
}

async fn path(client: &Client, asked: &AuditArgs, oldest_first: bool, size: u64) -> Result<String> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("per_page", &size.to_string());
    if oldest_first {
        query.append_pair("sort", "asc");
    }
    if let Some(since) = &asked.since {
        query.append_pair("created_after", since);
    }
    if let Some(until) = &asked.until {
        // A day is meant to its end.
        let end = if until.contains('T') { until.clone() } else { format!("{until}T23:59:59.999Z") };
        query.append_pair("created_before", &end);
    }
    if let Some(action) = &asked.action {
        query.append_pair("action", action);
    }
    if let Some(user) = &asked.user {
        query.append_pair("author_id", &user_number(client, user).await?.to_string());
    }
    Ok(format!("/api/v4/audit_events?{}", query.finish()))
}

/// An entry by which the chain can be checked: its text is a JSON string, so that it comes out byte for byte.
fn exported(entry: &Value) -> Value {
    json!({ "number": entry["id"], "entry": entry["entry"], "hash": entry["hash"] })
}

fn row(entry: &Value) -> Value {
    let details = &entry["details"];
    let named = |thing: &Value, kind: &str, name: &str, id: &str| {
        let kind = thing[kind].as_str()?;
        let name = thing[name].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
        let name = name.or_else(|| thing[id].as_u64().map(|id| id.to_string()));
        Some(
            name.map_or(kind.to_owned(), |name| if kind == "path" { name } else { format!("{kind} {name}") }),
        )
    };
    let outcome = match entry["refusal"]["status"].as_u64() {
        Some(status) => format!("{} {status}", entry["outcome"].as_str().unwrap_or_default()),
        None => entry["outcome"].as_str().unwrap_or_default().to_owned(),
    };
    json!({
        "id": entry["id"],
        "created_at": entry["created_at"],
        "action": entry["action"],
        "outcome": outcome,
        "who": details["author_name"],
        "credential": named(&entry["credential"], "kind", "name", "id"),
        "address": details["ip_address"],
        "target": named(details, "target_type", "target_details", "target_id"),
        "request_id": entry["request_id"],
    })
}
