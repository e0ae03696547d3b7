//! `cairn publish`: packs a module, sends it with a progress bar, prints the block to paste.

#![expect(clippy::indexing_slicing, reason = "a key that a JSON answer lacks reads as null")]

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use hyper::{Method, StatusCode};
use indicatif::{ProgressBar, ProgressStyle};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::Usage;
use super::client::{Client, error_text};
use super::output::{Output, note};
use crate::archive::pack::{self, PackKind};
use crate::blobs::Hasher;
use crate::domain::{FullPath, ModuleName, Sha256, System, Version};
use crate::outbound::Body;

/// Where `cairn serve` listens when it is not told.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";
/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;

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
    #[arg(
        long,
        env = "CAIRN_URL",
        help = "URL of the server, to go with a token [default: http://127.0.0.1:8080]"
    )]
    url: Option<String>,
    /// A token that may publish; without one, the server of --data-dir is used through its control socket
    #[arg(long, env = "CAIRN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Data directory of the server to use when there is no token
    #[arg(long, value_name = "DIR", env = "CAIRN_DATA_DIR", default_value = "./cairn-data")]
    data_dir: PathBuf,
    /// Trust the certificates in this PEM file beside the system's
    #[arg(long, value_name = "FILE", env = "CAIRN_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// Only list what would be packed
    #[arg(long)]
    dry_run: bool,
    /// Succeed when the version is there with the same bytes
    #[arg(long)]
    skip_existing: bool,
}

/// A packed module, ready to be sent.
struct Packed {
    file: File,
    size: u64,
    sha256: Sha256,
}

pub(super) async fn run(args: PublishArgs, output: Output) -> Result<()> {
    if args.dry_run {
        return dry_run(&args.source, output);
    }
    let token = args.token.clone().filter(|token| !token.is_empty());
    if let (Some(url), None) = (&args.url, &token) {
        return Err(Usage(format!(
            "publishing to {url} needs a token: give one with --token or CAIRN_TOKEN, or leave --url and CAIRN_URL out \
             to use the server of --data-dir"
        ))
        .into());
    }
    let packed = pack_source(&args.source)?;
    let client = match token {
        Some(token) => {
            let url = args.url.as_deref().unwrap_or(DEFAULT_URL);
            Client::remote(url, SecretString::from(token), args.ca_file.clone())?
        }
        None => Client::open(&args.data_dir)
            .await
            .context("no token was given (--token or CAIRN_TOKEN), and no local server could be used")?,
    };
    let outcome = publish(&client, &args, packed, output).await;
    client.close().await;
    outcome
}

async fn publish(client: &Client, args: &PublishArgs, packed: Packed, output: Output) -> Result<()> {
    let (size, sha256) = (packed.size, packed.sha256);
    ensure_project(client, &args.project).await?;
    if args.skip_existing && is_there(client, args, &sha256).await? {
        return report(client, args, (size, &sha256), false, output).await;
    }
    let path = format!(
        "/api/v4/projects/{}/packages/terraform/modules/{}/{}/{}/file",
        encode(args.project.as_str()),
        args.name,
        args.system,
        encode(&args.module_version.to_string())
    );
    let bar = progress_bar(size);
    let shown = bar.clone();
    let body = Body::stream(BufReader::with_capacity(CHUNK, packed.file), size, move |sent| {
        shown.set_position(sent);
    })?;
    let answered = client.send(Method::PUT, &path, body).await;
    bar.finish_and_clear();
    let (status, answer) = answered?;
    if status == StatusCode::FORBIDDEN && args.skip_existing && is_there(client, args, &sha256).await? {
        // Another job published it meanwhile.
        return report(client, args, (size, &sha256), false, output).await;
    }
    if status != StatusCode::CREATED {
        return Err(anyhow!("{}", error_text(status, &answer)).context("the server refused the module"));
    }
    report(client, args, (size, &sha256), true, output).await
}

/// Says how the module is used, and what was done.
async fn report(
    client: &Client,
    args: &PublishArgs,
    (size, sha256): (u64, &Sha256),
    published: bool,
    output: Output,
) -> Result<()> {
    let url = server_url(client, args).await;
    let block = module_block(&url, args);
    output.result(
        &json!({
            "published": published,
            "project": args.project,
            "module": module(args),
            "version": args.module_version,
            "sha256": sha256.to_hex(),
            "bytes": size,
            "module_block": block,
        }),
        || block.clone(),
    )?;
    if output.json {
        return Ok(());
    }
    let what = format!("{} {}", module(args), args.module_version);
    if published {
        note(&format!("published {what} ({size} bytes, sha256 {sha256})"));
    } else {
        note(&format!("{what} is published with the same bytes: nothing to do"));
    }
    if url.starts_with("http://") {
        note(&host_block(&url));
    }
    Ok(())
}

fn module(args: &PublishArgs) -> String {
    format!("{}/{}", args.name, args.system)
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

/// The server refuses a module without any of these; better said before groups are made for it.
fn is_terraform(path: &str) -> bool {
    [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|ending| path.ends_with(ending))
}

/// A directory is packed into a file without a name; an archive is taken as it is.
fn pack_source(source: &Path) -> Result<Packed> {
    let cannot_read = || format!("cannot read {}", source.display());
    let mut file = if source.is_dir() {
        let entries = pack::plan(source)?;
        if !entries.iter().any(|entry| is_terraform(&entry.path)) {
            bail!(
                "{} holds no *.tf, *.tf.json or *.tofu files: name the directory of a module",
                source.display()
            );
        }
        let staged = BufWriter::with_capacity(CHUNK, tempfile::tempfile()?);
        let bar = progress_bar(entries.len() as u64);
        let packed = pack::write(&entries, staged, |_| bar.inc(1))?;
        bar.finish_and_clear();
        packed.into_inner().map_err(std::io::IntoInnerError::into_error)?
    } else {
        File::open(source).with_context(cannot_read)?
    };
    file.rewind().with_context(cannot_read)?;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; CHUNK];
    let mut size = 0;
    loop {
        let count = file.read(&mut buffer).with_context(cannot_read)?;
        if count == 0 {
            break;
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
        size += count as u64;
    }
    file.rewind().with_context(cannot_read)?;
    Ok(Packed { file, size, sha256: hasher.finish() })
}

/// Creates the groups and the project when they are missing and the token is an administrator's.
async fn ensure_project(client: &Client, project: &FullPath) -> Result<()> {
    let url = |path: &FullPath| format!("/api/v4/projects/{}", encode(path.as_str()));
    let (status, answer) = client.send(Method::GET, &url(project), Body::empty()).await?;
    if status != StatusCode::NOT_FOUND {
        // Whatever else it is, the upload itself will say it better.
        return if status == StatusCode::UNAUTHORIZED {
            Err(anyhow!("{}", error_text(status, &answer)))
        } else {
            Ok(())
        };
    }
    if !is_administrator(client).await? {
        bail!(
            "project {project} does not exist, or this token may not see it: create it or ask its owner for a role"
        );
    }
    let Some(parent) = project.parent() else {
        bail!("a project lives in a group: use a path such as acme/{project}")
    };
    let namespace = ensure_group(client, &parent).await?;
    let body = json!({ "path": project.name(), "name": project.name(), "namespace_id": namespace, "visibility": "private" });
    client
        .call(Method::POST, "/api/v4/projects", Some(&body))
        .await
        .with_context(|| format!("cannot create the project {project}"))?;
    note(&format!("created the private project {project}"));
    Ok(())
}

async fn is_administrator(client: &Client) -> Result<bool> {
    if client.is_operator() {
        return Ok(true);
    }
    let (status, answer) = client.send(Method::GET, "/api/v4/user", Body::empty()).await?;
    let user: Value = serde_json::from_slice(&answer).unwrap_or_default();
    Ok(status.is_success() && user["is_admin"].as_bool().unwrap_or_default())
}

/// The number of a group or personal namespace; a group is made with its parents when it is missing.
async fn ensure_group(client: &Client, path: &FullPath) -> Result<Value> {
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
            json!({ "path": path.name(), "name": path.name(), "parent_id": found, "visibility": "private" });
        let made = client
            .call(Method::POST, "/api/v4/groups", Some(&body))
            .await
            .with_context(|| format!("cannot create the group {path}"))?;
        note(&format!("created the private group {path}"));
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

/// Whether the version is published with these bytes. With other bytes the upload will be refused, and say so.
async fn is_there(client: &Client, args: &PublishArgs, sha256: &Sha256) -> Result<bool> {
    let project = format!("/api/v4/projects/{}/packages", encode(args.project.as_str()));
    for package in client.list(&format!("{project}?package_name={}", encode(&module(args)))).await? {
        let text = |field: &str| package[field].as_str().unwrap_or_default().to_owned();
        // Build metadata does not make another version.
        let same_version =
            text("version").parse::<Version>().is_ok_and(|version| version == args.module_version);
        if same_version && text("name").eq_ignore_ascii_case(&module(args)) {
            let files = client.list(&format!("{project}/{}/package_files", package["id"])).await?;
            return Ok(files.iter().any(|file| file["file_sha256"].as_str() == Some(&sha256.to_hex())));
        }
    }
    Ok(false)
}

/// The URL people will use the server by.
async fn server_url(client: &Client, args: &PublishArgs) -> String {
    if client.is_operator()
        && let Ok(status) = client.call(Method::GET, "/-/control/status", None).await
        && let Some(url) = status["url"].as_str().filter(|url| !url.is_empty())
    {
        return url.to_owned();
    }
    // Terraform takes a host only when there is a dot in it.
    let url = args.url.as_deref().unwrap_or(DEFAULT_URL);
    url.trim_end_matches('/').replacen("://localhost", "://127.0.0.1", 1)
}

fn host_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, host)| host)
}

fn module_block(url: &str, args: &PublishArgs) -> String {
    let host = host_of(url);
    format!(
        "module \"{name}\" {{\n  source  = \"{host}/{namespace}/{name}/{system}\"\n  version = \"{version}\"\n}}",
        name = args.name,
        namespace = args.project.root(),
        system = args.system,
        version = args.module_version,
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

fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, NON_ALPHANUMERIC).to_string()
}
