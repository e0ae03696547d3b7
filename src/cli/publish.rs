//! `cairn publish`: packs a module, sends it with a progress bar, prints the block to paste.

mod plan;

use std::path::{Path, PathBuf};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::Usage;
use super::ci_environment::{CiEnvironment, IdTokenRequest, Variables, stored_token};
use super::client::{Client, Refused};
use super::destination::{Destination, host_of};
use super::output::{Output, note};
use super::places;
use super::upload::{self, Packed, Target};
use crate::archive::pack::{self, PackKind};
use crate::config::process_environment;
use crate::domain::provenance::Provenance;
use crate::domain::{FullPath, ModuleName, Sha256, System, Version, Visibility};
use plan::Plan;

/// Shown below the flags.
const IN_A_PIPELINE: &str = "\
In a job of GitLab CI, GitHub Actions or Jenkins, what no flag says is taken from:
  DIR      TERRAFORM_MODULE_DIR; the directory the job is in
  project  CAIRN_PROJECT; CI_PROJECT_PATH (GitLab), GITHUB_REPOSITORY (GitHub)
  name     TERRAFORM_MODULE_NAME; CI_PROJECT_NAME, or the repository of GITHUB_REPOSITORY, with
           hyphens for spaces and underscores; of terraform-<system>-<name>, the last part
  system   TERRAFORM_MODULE_SYSTEM; the middle part of such a name; local
  version  TERRAFORM_MODULE_VERSION; the tag: CI_COMMIT_TAG, GITHUB_REF_NAME, TAG_NAME (Jenkins);
           v1.2.0 becomes 1.2.0
  token    CAIRN_TOKEN; CAIRN_ID_TOKEN (GitLab's id_tokens); CI_JOB_TOKEN (GitLab); GitHub's ID
           token, when the job has the permission id-token: write. With CAIRN_URL or --url only
Pipeline, job, ref, commit and user go along as the module's provenance.";

/// What to publish, and where.
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true, after_help = IN_A_PIPELINE)]
pub(super) struct PublishArgs {
    /// The module's directory, or a finished .tar.gz
    #[arg(value_name = "DIR|ARCHIVE")]
    source: Option<PathBuf>,
    /// Full path of the project to publish in
    #[arg(long, value_name = "PATH", env = "CAIRN_PROJECT")]
    project: Option<FullPath>,
    /// Name of the module
    #[arg(long)]
    name: Option<ModuleName>,
    /// Target system, such as aws
    #[arg(long)]
    system: Option<System>,
    /// Version of the module, such as 1.2.0
    #[arg(long = "version", value_name = "VERSION")]
    module_version: Option<Version>,
    #[command(flatten)]
    destination: Destination,
    /// Only list what would be packed
    #[arg(long)]
    dry_run: bool,
    /// Succeed when the version is there with the same bytes
    #[arg(long)]
    skip_existing: bool,
}

pub(super) async fn run(mut args: PublishArgs, output: Output) -> Result<()> {
    let variables: Variables<'_> = &process_environment;
    let environment = CiEnvironment::detect(variables);
    let source = plan::source(&args, variables, environment.as_ref())?;
    if args.dry_run {
        return dry_run(&source, output);
    }
    let Plan { target, mut origins } = Plan::new(&args, variables, environment.as_ref())?;
    if let Some(origin) = find_token(&mut args.destination, variables, environment.as_ref()).await? {
        origins.push(format!("token from {origin}"));
    }
    args.destination.check()?;
    if !origins.is_empty() {
        let Target { project, version, .. } = &target;
        note(&format!("publishing {project} {} {version} ({})", target.module(), origins.join(", ")));
    }
    let packed = Packed::of(&source, progress_bar)?;
    let client = args.destination.open().await?;
    let provenance = environment.map(|environment| environment.provenance);
    let sending = Sending { target, provenance, skip_existing: args.skip_existing };
    let outcome = sending.publish(&client, packed).await;
    let url = args.destination.public_url(&client).await;
    client.close().await;
    let (published, size, sha256) = outcome?;
    report(&url, &sending.target, (size, &sha256), published, output)
}

/// Looks for a token in the environment of a job, where none was given for a URL that was. Says where it is from.
async fn find_token(
    destination: &mut Destination,
    variables: Variables<'_>,
    environment: Option<&CiEnvironment>,
) -> Result<Option<&'static str>> {
    let Some(url) = destination.url_without_token().map(str::to_owned) else {
        return match environment {
            // On a machine with a server of its own a job may use that; anything else is a slip.
            Some(_) if destination.is_nowhere() => Err(Usage(
                "to which registry? Set CAIRN_URL to its URL, such as https://registry.example.com"
                    .to_owned(),
            )
            .into()),
            _ => Ok(None),
        };
    };
    if let Some(stored) = stored_token(variables, environment) {
        destination.use_token(&stored.secret);
        return Ok(Some(stored.variable));
    }
    let Some(environment) = environment else { return Ok(None) };
    let Some(request) = IdTokenRequest::of(variables, environment) else {
        return Err(
            Usage(format!("publishing to {url} needs a token: {}", environment.system.token_hint())).into()
        );
    };
    let audience = url.trim_end_matches('/');
    destination.use_token(&request.fetch(audience, destination.ca_file()).await?);
    Ok(Some("GitHub's id-token permission"))
}

/// One module on its way.
struct Sending {
    target: Target,
    /// What the CI environment says of itself.
    provenance: Option<Provenance>,
    skip_existing: bool,
}

impl Sending {
    /// Publishes unless that is done already. Whether it did, and what.
    async fn publish(&self, client: &Client, packed: Packed) -> Result<(bool, u64, Sha256)> {
        let (target, size, sha256) = (&self.target, packed.size, packed.sha256);
        places::ensure(client, &target.project, Visibility::Private, &note).await?;
        if self.skip_existing && upload::is_there(client, target, &sha256).await? {
            return Ok((false, size, sha256));
        }
        let bar = progress_bar(size);
        let shown = bar.clone();
        let progress = move |bytes| shown.set_position(bytes);
        let sent = upload::send(client, target, self.provenance.as_ref(), packed, progress).await;
        bar.finish_and_clear();
        match sent {
            Ok(()) => Ok((true, size, sha256)),
            // Another job may have published it meanwhile.
            Err(error) if self.skip_existing && upload::may_be_there(&error) => {
                if !upload::is_there(client, target, &sha256).await? {
                    return Err(error.context("the server refused the module"));
                }
                Ok((false, size, sha256))
            }
            Err(error) if error.is::<Refused>() => Err(error.context("the server refused the module")),
            Err(error) => Err(error),
        }
    }
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
