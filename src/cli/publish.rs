//! `cairn publish`: packs a module, sends it with a progress bar, prints the block to paste.

use std::path::{Path, PathBuf};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::Usage;
use super::client::{Client, Refused};
use super::destination::{Destination, host_of};
use super::output::{Output, note};
use super::places;
use super::upload::{self, Packed, Target};
use crate::archive::pack::{self, PackKind};
use crate::domain::{FullPath, ModuleName, Sha256, System, Version, Visibility};

/// What to publish, and where.
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(super) struct PublishArgs {
    /// The module's directory, or a finished .tar.gz
    source: PathBuf,
    /// Full path of the project to publish in
    #[arg(long, value_name = "PATH")]
    project: FullPath,
    /// Name of the module
    #[arg(long)]
    name: ModuleName,
    /// Target system, such as aws
    #[arg(long)]
    system: System,
    /// Version of the module, such as 1.2.0
    #[arg(long = "version", value_name = "VERSION")]
    module_version: Version,
    #[command(flatten)]
    destination: Destination,
    /// Only list what would be packed
    #[arg(long)]
    dry_run: bool,
    /// Succeed when the version is there with the same bytes
    #[arg(long)]
    skip_existing: bool,
}

impl PublishArgs {
    fn target(&self) -> Target {
        Target {
            project: self.project.clone(),
            name: self.name.clone(),
            system: self.system.clone(),
            version: self.module_version.clone(),
        }
    }
}

pub(super) async fn run(args: PublishArgs, output: Output) -> Result<()> {
    if args.dry_run {
        return dry_run(&args.source, output);
    }
    args.destination.check()?;
    let packed = Packed::of(&args.source, progress_bar)?;
    let client = args.destination.open().await?;
    let outcome = publish(&client, &args, packed, output).await;
    client.close().await;
    outcome
}

async fn publish(client: &Client, args: &PublishArgs, packed: Packed, output: Output) -> Result<()> {
    let (target, size, sha256) = (args.target(), packed.size, packed.sha256);
    places::ensure(client, &target.project, Visibility::Private, &note).await?;
    let published = if args.skip_existing && upload::is_there(client, &target, &sha256).await? {
        false
    } else {
        let bar = progress_bar(size);
        let shown = bar.clone();
        let sent = upload::send(client, &target, packed, move |bytes| shown.set_position(bytes)).await;
        bar.finish_and_clear();
        match sent {
            Ok(()) => true,
            // Another job may have published it meanwhile.
            Err(error) if args.skip_existing && upload::may_be_there(&error) => {
                if !upload::is_there(client, &target, &sha256).await? {
                    return Err(error.context("the server refused the module"));
                }
                false
            }
            Err(error) if error.is::<Refused>() => return Err(error.context("the server refused the module")),
            Err(error) => return Err(error),
        }
    };
    let url = args.destination.public_url(client).await;
    report(&url, &target, (size, &sha256), published, output)
}

/// Says how the module is used, and what was done.
fn report(
    url: &str,
    target: &Target,
    (size, sha256): (u64, &Sha256),
    published: bool,
    output: Output,
) -> Result<()> {
    let block = module_block(url, target);
    output.result(
        &json!({
            "published": published,
            "project": target.project,
            "module": target.module(),
            "version": target.version,
            "sha256": sha256.to_hex(),
            "bytes": size,
            "module_block": block,
        }),
        || block.clone(),
    )?;
    if output.json {
        return Ok(());
    }
    let what = format!("{} {}", target.module(), target.version);
    if published {
        note(&format!("published {what} ({size} bytes, sha256 {sha256})"));
    } else {
        note(&format!("{what} is published with the same bytes: nothing to do"));
    }
    if url.starts_with("http://") {
        note(&host_block(url));
    }
    Ok(())
}

fn dry_run(source: &Path, output: Output) -> Result<()> {
    if !source.is_dir() {
        return Err(Usage(format!(
            "{} is not a directory: an archive is published as it is",
            source.display()
        ))
        .into());
    }
    let entries = pack::plan(source)?;
    let rows: Vec<Value> = entries
        .iter()
        .filter_map(|entry| match entry.kind {
            PackKind::Directory => None,
            PackKind::File { size, .. } => Some(json!({ "path": entry.path, "size": size })),
        })
        .collect();
    Ok(output.table(&rows, &["size", "path"])?)
}

fn module_block(url: &str, target: &Target) -> String {
    let host = host_of(url);
    format!(
        "module \"{name}\" {{\n  source  = \"{host}/{namespace}/{name}/{system}\"\n  version = \"{version}\"\n}}",
        name = target.name,
        namespace = target.project.root(),
        system = target.system,
        version = target.version,
    )
}

fn host_block(url: &str) -> String {
    let host = host_of(url);
    format!(
        "\nThis server speaks plain HTTP. Terraform asks registries over HTTPS unless its configuration file\n\
         (~/.terraformrc) names the host:\n\n\
         host \"{host}\" {{\n  services = {{ \"modules.v1\" = \"{url}/v1/modules/\" }}\n}}\n"
    )
}

fn progress_bar(length: u64) -> ProgressBar {
    // It draws on standard error, and only when that is a terminal.
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec}") {
        bar.set_style(style);
    }
    bar
}
