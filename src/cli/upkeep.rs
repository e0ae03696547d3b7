//! `cairn verify` and `cairn gc`.

#![expect(clippy::indexing_slicing, reason = "a key that a JSON answer lacks reads as null")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use hyper::Method;
use serde_json::json;

use super::client::Client;
use super::output::{Output, line};

/// `cairn gc`.
pub(super) async fn collect(data_dir: &Path, dry_run: bool, grace: u64, output: Output) -> Result<()> {
    let client = Client::open(data_dir).await?;
    let body = json!({ "grace_seconds": grace, "dry_run": dry_run });
    let outcome = client.call(Method::POST, "/-/control/gc", Some(&body)).await;
    client.close().await;
    let collected = outcome?;
    output.result(&collected, || {
        let blobs = collected["blobs"].as_array().map_or(&[][..], Vec::as_slice);
        let names = blobs
            .iter()
            .map(|blob| format!("{}  {} bytes\n", blob["sha256"].as_str().unwrap_or_default(), blob["size"]));
        let verb = if dry_run { "would be deleted" } else { "deleted" };
        format!("{}{} blobs, {} bytes {verb}", names.collect::<String>(), blobs.len(), collected["bytes"])
    })?;
    Ok(())
}

/// `cairn verify`.
pub(super) async fn verify(data_dir: &Path, output: Output) -> Result<ExitCode> {
    let client = Client::open(data_dir).await?;
    let outcome = client.call(Method::POST, "/-/control/verify", None).await;
    client.close().await;
    let verified = outcome?;
    let wrong = verified["wrong"].as_array().map_or(&[][..], Vec::as_slice);
    if output.json {
        output.result(&verified, String::new)?;
    } else {
        for sentence in wrong {
            line(&format!("wrong: {}", sentence.as_str().unwrap_or_default()))?;
        }
        for orphan in verified["orphans"].as_array().map_or(&[][..], Vec::as_slice) {
            let sha256 = orphan["sha256"].as_str().unwrap_or_default();
            line(&format!(
                "orphan: blob {sha256} ({} bytes) is not referred to; `cairn gc` deletes it",
                orphan["size"]
            ))?;
        }
        line(&format!(
            "audit log: {} entries, the last with hash {}",
            verified["audit"]["number"],
            verified["audit"]["hash"].as_str().unwrap_or_default()
        ))?;
        line(&format!(
            "{} packages, {} blobs, {} bytes checked: {}",
            verified["packages"],
            verified["blobs"],
            verified["bytes"],
            if wrong.is_empty() { "all is well".to_owned() } else { format!("{} wrong", wrong.len()) }
        ))?;
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
