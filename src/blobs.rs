//! Archives on disk, each under the SHA-256 of its bytes: staged, made durable, opened, collected.
//!
//! A blob is written to `tmp/`, synced, renamed to `blobs/sha256/<2 hex>/<62 hex>` and its folder synced, in that
//! order, before anything refers to it. It is never changed afterwards. The path comes from the digest alone, never
//! from anything a user wrote.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use ring::digest;
use tempfile::NamedTempFile;

use crate::domain::Sha256;

mod adopt;
mod open;

pub use adopt::Adopted;
pub use open::OpenBlob;

const BLOBS_DIR: &str = "blobs/sha256";
const STAGING_DIR: &str = "tmp";
/// How the names of staged files begin.
const STAGED_PREFIX: &str = "upload-";
/// How the names of copies of the metadata begin, until who asked for one has taken it away.
const COPY_PREFIX: &str = "copy-";
/// What a start deletes from the folder: what an earlier run left there, and nothing else.
const LEFTOVERS: [&str; 2] = [STAGED_PREFIX, COPY_PREFIX];
/// Bytes read at a time when a blob is hashed again.
const HASH_CHUNK: usize = 256 * 1024;

/// The blob folder of a data directory.
#[derive(Debug, Clone)]
pub struct Blobs {
    root: PathBuf,
    staging: PathBuf,
    leases: Leases,
    kept: Arc<open::Kept>,
}

/// Digests that a publish is about to refer to, with how many do: the collector leaves them alone.
type Leases = Arc<Mutex<HashMap<Sha256, usize>>>;

/// A blob found on disk.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its digest, from its path.
    pub digest: Sha256,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written; nothing when the file system does not say.
    pub modified: Option<Timestamp>,
}

impl Blobs {
    /// Opens the blob folder, makes what is missing, and deletes what interrupted uploads left behind.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let (root, staging) = (data_dir.join(BLOBS_DIR), data_dir.join(STAGING_DIR));
        fs::create_dir_all(&staging)?;
        fs::create_dir_all(&root)?;
        for first in 0..=u8::MAX {
            match fs::create_dir(root.join(format!("{first:02x}"))) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        // At every start, not only when something was made: the start that made it may have died before this.
        let data_dir = data_dir.canonicalize()?;
        let above = data_dir.parent().map(Path::to_owned);
        for folder in
            [Some(root.clone()), Some(data_dir.join("blobs")), Some(data_dir), above].iter().flatten()
        {
            sync_folder(folder)?;
        }
        for leftover in fs::read_dir(&staging)? {
            let leftover = leftover?;
            let name = leftover.file_name();
            if LEFTOVERS.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                fs::remove_file(leftover.path())?;
            }
        }
        Ok(Self { root, staging, leases: Leases::default(), kept: Arc::default() })
    }

    /// Begins a blob. Dropping it before [`commit`](Self::commit) removes every trace.
    pub fn stage(&self) -> io::Result<Staged> {
        let mut builder = tempfile::Builder::new();
        // What was opened to write may be written; nobody else opens it to.
        builder.prefix(STAGED_PREFIX).permissions(fs::Permissions::from_mode(0o400));
        Ok(Staged {
            file: builder.tempfile_in(&self.staging)?,
            hash: digest::Context::new(&digest::SHA256),
            size: 0,
        })
    }

    /// A file beside the uploads for a copy of the metadata. Dropping it removes it.
    pub fn stage_copy(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(COPY_PREFIX).tempfile_in(&self.staging)
    }

    /// Leaves it there for who asked for it, and says where: below the data directory.
    pub fn keep_copy(&self, copy: NamedTempFile) -> io::Result<PathBuf> {
        let (_, path) = copy.keep().map_err(|error| error.error)?;
        Ok(path.file_name().map_or(path.clone(), |name| Path::new(STAGING_DIR).join(name)))
    }

    /// Makes a staged blob durable under its digest.
    ///
    /// The lease must be kept until the metadata that refers to the blob is committed: as long as it lives, the
    /// collector does not touch the digest, even when the same bytes were an orphan before.
    pub fn commit(&self, staged: Staged) -> io::Result<Lease> {
        let digest = finish(staged.hash);
        staged.file.as_file().sync_all()?;
        let lease = Lease { digest, size: staged.size, leases: Arc::clone(&self.leases) };
        *lock(&self.leases).entry(digest).or_default() += 1;
        let path = self.path(&digest);
        staged.file.persist(&path).map_err(|error| error.error)?;
        if let Some(folder) = path.parent() {
            sync_folder(folder)?;
        }
        Ok(lease)
    }

    /// Opens a blob to read it.
    pub fn open_blob(&self, digest: &Sha256) -> io::Result<File> {
        File::open(self.path(digest))
    }

    /// A blob that many may be reading, if it is open already.
    pub fn kept_open(&self, digest: &Sha256) -> Option<Arc<OpenBlob>> {
        self.kept.get(digest)
    }

    /// Opens a blob and keeps it open for a while for others who read it.
    pub fn keep_open(&self, digest: &Sha256) -> io::Result<Arc<OpenBlob>> {
        self.kept.open(digest, || self.open_blob(digest))
    }

    /// Deletes a blob unless it is leased or `is_referenced` says that something holds it. Says whether it did.
    ///
    /// Leases cannot be taken meanwhile, so `is_referenced` must be quick.
    pub fn remove_unless<E: From<io::Error>>(
        &self,
        digest: &Sha256,
        is_referenced: impl FnOnce() -> Result<bool, E>,
    ) -> Result<bool, E> {
        let leases = lock(&self.leases);
        if leases.contains_key(digest) || is_referenced()? {
            return Ok(false);
        }
        match fs::remove_file(self.path(digest)) {
            Ok(()) => {
                self.kept.forget(digest);
                Ok(true)
            }
            // Another collection was quicker.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Calls `visit` for every blob on disk. Files that are not named like a blob are passed over.
    pub fn for_each<E: From<io::Error>>(
        &self,
        mut visit: impl FnMut(Found) -> Result<(), E>,
    ) -> Result<(), E> {
        for first in 0..=u8::MAX {
            let prefix = format!("{first:02x}");
            for entry in fs::read_dir(self.root.join(&prefix))? {
                let entry = entry?;
                let name = entry.file_name();
                let Ok(digest) = format!("{prefix}{}", name.to_string_lossy()).parse() else { continue };
                let metadata = match entry.metadata() {
                    Ok(metadata) => metadata,
                    // Collected since the folder was listed.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error.into()),
                };
                let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
                visit(Found { digest, size: metadata.len(), modified })?;
            }
        }
        Ok(())
    }

    /// Reads a blob again and returns the digest and size of what is there now.
    pub fn rehash(&self, digest: &Sha256) -> io::Result<(Sha256, u64)> {
        let mut file = self.open_blob(digest)?;
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut buffer = vec![0; HASH_CHUNK];
        let mut size = 0u64;
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                return Ok((finish(hash), size));
            }
            hash.update(buffer.get(..count).unwrap_or_default());
            size += count as u64;
        }
    }

    fn path(&self, digest: &Sha256) -> PathBuf {
        blob_path(&self.root, digest)
    }
}

fn blob_path(root: &Path, digest: &Sha256) -> PathBuf {
    let hex = digest.to_hex();
    let (folder, file) = hex.split_at(2);
    root.join(folder).join(file)
}

/// Makes the names in a folder durable. A folder above the data directory may belong to somebody else: if it cannot be
/// read, its owner made it long ago.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(opened) => opened.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

fn lock(leases: &Leases) -> std::sync::MutexGuard<'_, HashMap<Sha256, usize>> {
    leases.lock().unwrap_or_else(PoisonError::into_inner)
}

fn finish(hash: digest::Context) -> Sha256 {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    Sha256::new(bytes)
}

/// The digest of some bytes in memory.
pub fn sha256(bytes: &[u8]) -> Sha256 {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(bytes);
    finish(hash)
}

/// Hashes bytes that arrive piece by piece.
pub struct Hasher(digest::Context);

impl Default for Hasher {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hasher(..)")
    }
}

impl Hasher {
    /// Adds a piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces.
    pub fn finish(self) -> Sha256 {
        finish(self.0)
    }
}

/// A blob being written. Hashes what passes through.
pub struct Staged {
    file: NamedTempFile,
    hash: digest::Context,
    size: u64,
}

impl std::fmt::Debug for Staged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Staged({} bytes)", self.size)
    }
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A durable blob that the collector leaves alone while this lives.
#[derive(Debug)]
pub struct Lease {
    digest: Sha256,
    size: u64,
    leases: Leases,
}

impl Lease {
    /// The blob's digest.
    pub const fn digest(&self) -> Sha256 {
        self.digest
    }

    /// Its size in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut leases = lock(&self.leases);
        if let Some(count) = leases.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                leases.remove(&self.digest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn blobs() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path()).unwrap();
        (dir, blobs)
    }

    pub(super) fn staged(blobs: &Blobs, bytes: &[u8]) -> Staged {
        let mut staged = blobs.stage().unwrap();
        staged.write_all(bytes).unwrap();
        staged
    }

    pub(super) fn listed(blobs: &Blobs) -> Vec<Sha256> {
        let mut found = Vec::new();
        blobs
            .for_each(|blob| -> io::Result<()> {
                found.push(blob.digest);
                Ok(())
            })
            .unwrap();
        found
    }

    #[test]
    fn a_committed_blob_is_found_under_its_digest_with_its_bytes() {
        let (_dir, blobs) = blobs();
        let lease = blobs.commit(staged(&blobs, b"module")).unwrap();
        let digest = sha256(b"module");
        assert_eq!((lease.digest(), lease.size()), (digest, 6));
        assert_eq!(listed(&blobs), [digest]);
        assert_eq!(blobs.rehash(&digest).unwrap(), (digest, 6));
    }

    #[test]
    fn an_abandoned_upload_leaves_nothing_now_or_at_the_next_start() {
        let (dir, blobs) = blobs();
        drop(staged(&blobs, b"half"));
        assert_eq!(fs::read_dir(dir.path().join(STAGING_DIR)).unwrap().count(), 0);
        fs::copy("/proc/self/status", dir.path().join(STAGING_DIR).join("upload-killed")).unwrap();
        let again = Blobs::open(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path().join(STAGING_DIR)).unwrap().count(), 0);
        assert_eq!(listed(&again), []);
    }

    #[test]
    fn the_collector_spares_leased_and_referenced_blobs() {
        let (_dir, blobs) = blobs();
        let (first, second) =
            (blobs.commit(staged(&blobs, b"x")).unwrap(), blobs.commit(staged(&blobs, b"x")).unwrap());
        let digest = first.digest();
        let remove = |referenced| blobs.remove_unless(&digest, || io::Result::Ok(referenced)).unwrap();
        assert!(!remove(false), "two leases");
        drop(first);
        assert!(!remove(false), "one lease");
        drop(second);
        assert!(!remove(true), "referenced");
        assert!(remove(false));
        assert_eq!(listed(&blobs), []);
    }

    #[test]
    fn a_changed_byte_is_noticed_when_hashed_again() {
        let (_dir, blobs) = blobs();
        let digest = blobs.commit(staged(&blobs, b"module")).unwrap().digest();
        let path = blobs.path(&digest);
        fs::remove_file(&path).unwrap();
        fs::copy("/proc/self/status", &path).unwrap();
        assert_ne!(blobs.rehash(&digest).unwrap().0, digest);
    }
}
