//! One module on its way to a server: packed, compared with what is published there, and sent.

#![expect(clippy::indexing_slicing, reason = "a key that a JSON answer lacks reads as null")]

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::client::{Client, Refused};
use super::places::encode;
use crate::archive::{self, ArchiveError, Report, pack};
use crate::blobs::Hasher;
use crate::domain::limits::{ArchiveLimits, ManifestLimits};
use crate::domain::provenance::{MAX_CLAIM, Provenance};
use crate::domain::{FullPath, ModuleName, Sha256, System, Version};
use crate::outbound::Body;

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;
/// The header in which a publisher says where a module comes from.
const PROVENANCE: HeaderName = HeaderName::from_static("x-cairn-provenance");

/// What is published, and where.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Full path of the project.
    pub project: FullPath,
    /// Name of the module.
    pub name: ModuleName,
    /// Target system.
    pub system: System,
    /// The version.
    pub version: Version,
}

impl Target {
    /// The name of the package: `vpc/aws`.
    pub(super) fn module(&self) -> String {
        format!("{}/{}", self.name, self.system)
    }

    fn packages(&self) -> String {
        format!("/api/v4/projects/{}/packages", encode(self.project.as_str()))
    }
}

/// A packed module, ready to be sent.
#[derive(Debug)]
pub(super) struct Packed {
    file: File,
    /// Its size in bytes.
    pub size: u64,
    /// Of its bytes.
    pub sha256: Sha256,
}

impl Packed {
    /// A directory is packed into a file without a name; an archive is taken as it is. `bar` makes the bar that counts
    /// the files of a directory.
    pub(super) fn of(source: &Path, bar: impl FnOnce(u64) -> ProgressBar) -> Result<Self> {
        let cannot_read = || format!("cannot read {}", source.display());
        let mut file = if source.is_dir() {
            pack_directory(source, bar)?
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
        Ok(Self { file, size, sha256: hasher.finish() })
    }

    /// Judges the archive as a server with the default limits does.
    pub(super) fn inspect(&mut self) -> Result<Report, ArchiveError> {
        // Nothing is stored, so nothing has to be left out to fit.
        let manifest = ManifestLimits { manifest_bytes: usize::MAX, ..ManifestLimits::default() };
        let reader = BufReader::with_capacity(CHUNK, &self.file);
        let report = archive::inspect(reader, &ArchiveLimits::default(), &manifest);
        self.file.rewind().map_err(ArchiveError::Read)?;
        report
    }
}

fn pack_directory(source: &Path, bar: impl FnOnce(u64) -> ProgressBar) -> Result<File> {
    let entries = pack::plan(source)?;
    if !entries.iter().any(|entry| is_terraform(&entry.path)) {
        bail!(
            "{} holds no *.tf, *.tf.json or *.tofu files: name the directory of a module",
            source.display()
        );
    }
    let staged = BufWriter::with_capacity(CHUNK, tempfile::tempfile()?);
    let bar = bar(entries.len() as u64);
    let packed = pack::write(&entries, staged, |_| bar.inc(1))?;
    bar.finish_and_clear();
    Ok(packed.into_inner().map_err(io::IntoInnerError::into_error)?)
}

/// The server refuses a module without any of these; better said before groups are made for it.
fn is_terraform(path: &str) -> bool {
    [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|ending| path.ends_with(ending))
}

/// Publishes a version, with what a CI environment says of where it comes from. `progress` hears how many bytes were
/// sent so far. Fails with [`Refused`] when the server says no.
pub(super) async fn send(
    client: &Client,
    target: &Target,
    provenance: Option<&Provenance>,
    packed: Packed,
    progress: impl FnMut(u64) + Clone + Send + 'static,
) -> Result<()> {
    let path = format!(
        "{}/terraform/modules/{}/{}/{}/file",
        target.packages(),
        target.name,
        target.system,
        encode(&target.version.to_string())
    );
    let (file, size) = (Arc::new(packed.file), packed.size);
    let body = || {
        let reader = FromStart { file: Arc::clone(&file), at: 0 };
        Ok(Body::stream(BufReader::with_capacity(CHUNK, reader), size, progress.clone())?)
    };
    let claim = provenance.and_then(claim).map(|value| (PROVENANCE, value));
    match client.put(&path, claim, body).await? {
        (StatusCode::CREATED, _) => Ok(()),
        (status, answer) => Err(Refused::new(status, &answer).into()),
    }
}

/// Reads a file from its beginning, wherever others are in it: an upload that is refused may still be reading when the
/// next try begins.
struct FromStart {
    file: Arc<File>,
    at: u64,
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// A provenance as the header that carries it: JSON in ASCII. What is too long is left out, as it proves nothing anyway.
fn claim(provenance: &Provenance) -> Option<HeaderValue> {
    let Provenance { pipeline, job, git_ref, sha, source_project, user, .. } = provenance;
    let mut said = serde_json::Map::new();
    let mut say = |name: &str, value: Value| {
        if !value.is_null() {
            said.insert(name.to_owned(), value);
        }
    };
    say("pipeline", json!(pipeline));
    say("job", json!(job));
    say("ref", json!(git_ref));
    say("sha", json!(sha));
    say("source_project", json!(source_project));
    say("user", json!(user));
    let mut ascii = String::new();
    for c in Value::Object(said).to_string().chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            // Outside of ASCII a character can only be in a string, where JSON takes it in UTF-16 as well.
            ascii.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    (ascii.len() <= MAX_CLAIM && ascii != "{}").then(|| HeaderValue::from_str(&ascii).ok()).flatten()
}

/// Whether an upload was refused as one of something that is there is.
pub(super) fn may_be_there(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == StatusCode::FORBIDDEN)
}

/// A published version of a module.
#[derive(Debug, Clone)]
pub(super) struct Published {
    /// The version.
    pub version: Version,
    package: Value,
}

/// The versions of the target's module that its project has.
pub(super) async fn versions(client: &Client, target: &Target) -> Result<Vec<Published>> {
    let module = target.module();
    let found = client.list(&format!("{}?package_name={}", target.packages(), encode(&module))).await?;
    let of_module = found
        .into_iter()
        .filter(|package| package["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(&module)));
    let published = of_module.filter_map(|package| {
        let version = package["version"].as_str()?.parse().ok()?;
        Some(Published { version, package: package["id"].clone() })
    });
    Ok(published.collect())
}

/// SHA-256 of the archives of a published version.
pub(super) async fn digests(client: &Client, target: &Target, published: &Published) -> Result<Vec<String>> {
    let url = format!("{}/{}/package_files", target.packages(), published.package);
    let files = client.list(&url).await?;
    Ok(files.iter().filter_map(|file| file["file_sha256"].as_str().map(str::to_owned)).collect())
}

/// Whether the version is published with these bytes. With other bytes the upload will be refused, and say so.
pub(super) async fn is_there(client: &Client, target: &Target, sha256: &Sha256) -> Result<bool> {
    // Build metadata does not make another version: their comparison ignores it.
    let found = versions(client, target).await?.into_iter().find(|other| other.version == target.version);
    match found {
        Some(found) => Ok(digests(client, target, &found).await?.contains(&sha256.to_hex())),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provenance::VerifiedBy;

    #[test]
    fn a_provenance_fits_into_a_header_whatever_its_letters() {
        let mut provenance = Provenance::verified_by(VerifiedBy::Nobody);
        assert_eq!(claim(&provenance), None, "nothing to say");
        provenance.user = Some("\u{3b1}\u{1f600}".parse().unwrap());
        let value = claim(&provenance).unwrap();
        assert_eq!(value.to_str().unwrap(), r#"{"user":"\u03b1\ud83d\ude00"}"#);
        let back: Value = serde_json::from_slice(value.as_bytes()).unwrap();
        assert_eq!(back["user"], "\u{3b1}\u{1f600}");
    }
}
