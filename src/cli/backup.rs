//! `cairn backup`: a data directory that is a copy of another, made while a server uses that one.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use hyper::Method;
use indicatif::HumanBytes;
use serde::Serialize;
use tempfile::TempDir;

use super::client::Client;
use super::output::{Output, line, note};
use crate::service::DATABASE_FILE;
use crate::service::backup::{Held, MetadataCopy, take_blobs};

/// What the help says below the arguments.
pub(super) const AFTERWARDS: &str = "\
DIR becomes a data directory of its own: `cairn verify --data-dir DIR` checks it, and `cairn serve --data-dir DIR` serves \
from it. In the same file system archives are further names of the same files and take no room; elsewhere they are copied \
and hashed on the way. It holds what the data directory holds, secret keys too: keep it as safe. The server goes on \
meanwhile; a copy of the metadata needs room in its data directory for a while.

Exit code 0: everything is there; 1: an archive was missing or damaged and is named, or nothing was written.";

/// How the directory is called until it is complete.
const STAGED_PREFIX: &str = ".cairn-backup-";
/// How often the metadata is copied at most, when something that it refers to is collected before it is taken.
const ATTEMPTS: usize = 10;
/// The authority and certificate that a server made for itself.
const TLS_DIR: &str = "tls";

/// What was written.
#[derive(Serialize)]
struct Report<'a> {
    directory: &'a Path,
    #[serde(flatten)]
    held: Held,
}

pub(super) async fn run(data_dir: &Path, backup: &Path, output: Output) -> Result<ExitCode> {
    let staged = stage(data_dir, backup)?;
    let client = Client::open(data_dir).await?;
    let held = fill(&client, data_dir, staged.path()).await;
    client.close().await;
    let held = held?;
    complete(staged, backup).with_context(|| format!("cannot write {}", backup.display()))?;
    for sentence in &held.wrong {
        note(&format!("wrong: {sentence}"));
    }
    let code = if held.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    let report = Report { directory: backup, held };
    if output.json {
        output.result(&report, String::new)?;
    } else {
        let Held { packages, blobs, bytes, .. } = report.held;
        line(&format!("{}: {packages} packages, {blobs} archives, {}", backup.display(), HumanBytes(bytes)))?;
    }
    Ok(code)
}

/// Makes the directory that will be the backup, beside where it will be.
fn stage(data_dir: &Path, backup: &Path) -> Result<TempDir> {
    match fs::read_dir(backup) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                bail!("{} is not empty: name a directory that does not exist yet", backup.display());
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot use {}", backup.display())),
    }
    let above = parent(backup);
    let absolute =
        |path: &Path| path.canonicalize().with_context(|| format!("cannot use {}", path.display()));
    if absolute(above)?.starts_with(absolute(data_dir)?) {
        bail!("{} is inside the data directory: name a directory outside it", backup.display());
    }
    let named = || format!("cannot write into {}", above.display());
    tempfile::Builder::new().prefix(STAGED_PREFIX).tempdir_in(above).with_context(named)
}

/// The directory above; the one we are in for a bare name.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Fills it. What a collection deleted meanwhile is not referred to by a newer copy of the metadata: only what is missing
/// twice is missing.
async fn fill(client: &Client, data_dir: &Path, staged: &Path) -> Result<Held> {
    let mut held = take(client, data_dir, staged).await?;
    for _ in 1..ATTEMPTS {
        if !held.lacks {
            break;
        }
        let again = take(client, data_dir, staged).await?;
        let is_the_same = again.wrong == held.wrong;
        held = again;
        if is_the_same {
            break;
        }
    }
    take_tls(&data_dir.join(TLS_DIR), &staged.join(TLS_DIR))
        .with_context(|| format!("cannot copy {}", data_dir.join(TLS_DIR).display()))?;
    Ok(held)
}

async fn take(client: &Client, data_dir: &Path, staged: &Path) -> Result<Held> {
    let copy: MetadataCopy =
        serde_json::from_value(client.call(Method::POST, "/-/control/backup", None).await?)?;
    let (from, to) = (data_dir.join(copy.file), staged.join(DATABASE_FILE));
    move_file(&from, &to).with_context(|| format!("cannot write {}", to.display()))?;
    Ok(take_blobs(staged.to_owned(), data_dir.to_owned()).await?)
}

/// Moves a file, into another file system too.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let copied = fs::copy(from, to);
            fs::remove_file(from)?;
            copied.map(drop)
        }
        moved => moved,
    }
}

/// Copies the files of the server's own authority, if it has one: clients trust it.
fn take_tls(from: &Path, to: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    fs::create_dir(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in entries {
        let entry = entry?;
        let copied = to.join(entry.file_name());
        fs::copy(entry.path(), &copied)?;
        File::open(copied)?.sync_all()?;
    }
    File::open(to)?.sync_all()
}

/// Gives the directory its name, now that everything is in it.
fn complete(staged: TempDir, backup: &Path) -> io::Result<()> {
    fs::set_permissions(staged.path(), fs::Permissions::from_mode(0o700))?;
    File::open(staged.path())?.sync_all()?;
    fs::rename(staged.path(), backup)?;
    let _: PathBuf = staged.keep();
    File::open(parent(backup))?.sync_all()
}
