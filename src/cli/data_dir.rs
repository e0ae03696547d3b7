//! The data directory: made with the right mode, and held by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::service::DATABASE_FILE;

/// File that the process which uses the data directory keeps locked. It holds that process's number.
const LOCK_FILE: &str = "cairn.lock";

/// A data directory that this process, and no other, may use.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory when it is missing, and takes hold of it.
    pub(super) fn create(path: &Path) -> Result<Self> {
        if !path.exists() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .with_context(|| format!("cannot create the data directory {}", path.display()))?;
        }
        let foreign = || format!("cannot read the data directory {}", path.display());
        if !is_ours(path) && fs::read_dir(path).with_context(foreign)?.next().is_some() {
            bail!(
                "{} holds other files and no data of ours: give an empty or new directory with --data-dir",
                path.display()
            );
        }
        Self::hold(path)
    }

    /// Takes hold of a directory that exists.
    pub(super) fn open(path: &Path) -> Result<Self> {
        // Holding it changes its mode and empties its tmp/: that must not happen to a directory named by mistake.
        if !is_ours(path) {
            bail!(
                "there is no data directory at {}: start `cairn serve` there first, or name another with --data-dir",
                path.display()
            );
        }
        Self::hold(path)
    }

    fn hold(path: &Path) -> Result<Self> {
        let named = || format!("cannot use the data directory {}", path.display());
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).with_context(named)?;
        let lock_path = path.join(LOCK_FILE);
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .with_context(|| format!("cannot open {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                lock.read_to_string(&mut holder).with_context(named)?;
                bail!(
                    "the data directory {} is in use by process {}: stop it first, or use another --data-dir",
                    path.display(),
                    holder.trim()
                );
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(named),
        }
        // Only for the message above: on a full disk the server must start all the same.
        let _ = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "{}", std::process::id()));
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a small file that only its owner may read, whole or not at all.
    pub(super) fn write_secret(&self, name: &str, contents: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        let mut staged = tempfile::NamedTempFile::new_in(&self.path)?;
        staged.write_all(contents.as_bytes())?;
        staged.as_file().sync_all()?;
        staged.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
        File::open(&self.path)?.sync_all()?;
        Ok(path)
    }
}

/// Whether a server was started here before. The lock comes first: a start that died may have left nothing else.
fn is_ours(path: &Path) -> bool {
    [LOCK_FILE, DATABASE_FILE].iter().any(|name| path.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_and_told_who_is_first() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        assert!(DataDir::open(&path).unwrap_err().to_string().contains("there is no data directory"));
        let first = DataDir::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        let refused = DataDir::open(&path).unwrap_err().to_string();
        assert!(refused.contains(&format!("in use by process {}", std::process::id())), "{refused}");
        drop(first);
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn a_directory_that_is_not_ours_is_left_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(parent.path().join("tmp")).unwrap();
        assert!(DataDir::open(parent.path()).unwrap_err().to_string().contains("there is no data directory"));
        assert!(DataDir::create(parent.path()).unwrap_err().to_string().contains("holds other files"));
        assert_eq!(fs::metadata(parent.path()).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_secret_file_is_for_its_owner_alone() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::create(parent.path()).unwrap();
        let path = data.write_secret("secret", "x\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(path).unwrap(), "x\n");
    }
}
