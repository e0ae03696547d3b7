//! Backups: a copy of the metadata, made while the server goes on, and the blobs that it refers to.
//!
//! The blobs come after the metadata, so that none is missing that it refers to: only a blob that was collected in
//! between is, and a newer copy of the metadata does not refer to that.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Registry;
use super::error::ServiceError;
use crate::blobs::{Adopted, Blobs};
use crate::domain::Sha256;
use crate::store::tables::{BLOB_FILES, FILES, PACKAGES, Present};
use crate::store::{self, Reader as _, Store, StoreError};

/// A copy of the metadata as it was at one moment.
#[derive(Debug, Serialize, Deserialize)]
pub struct MetadataCopy {
    /// Its file, below the data directory. Who asked for it moves it away; the next start deletes what is left.
    pub file: PathBuf,
}

impl Registry {
    /// Copies the metadata into a file of its own, while everything else goes on.
    ///
    /// The file is in the data directory, for there a server may write, whoever it runs as.
    pub async fn copy_metadata(&self) -> Result<MetadataCopy, ServiceError> {
        let (blobs, store) = (self.blobs().clone(), self.store().clone());
        store::background(move || {
            let io = |error| ServiceError::io("copying the metadata", error);
            let copy = blobs.stage_copy().map_err(io)?;
            store.copy_into(copy.reopen().map_err(io)?)?;
            Ok(MetadataCopy { file: blobs.keep_copy(copy).map_err(io)? })
        })
        .await?
    }
}

/// What a backup holds.
#[derive(Debug, Default, Serialize)]
pub struct Held {
    /// Packages.
    pub packages: u64,
    /// Their blobs. Packages with the same bytes share one.
    pub blobs: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// How many of these are files of their own, and not further names of the files they came from.
    pub copied: u64,
    /// Blobs it should hold, and why it does not, a sentence each.
    pub wrong: Vec<String>,
    /// Whether one of these was not there to be taken.
    #[serde(skip)]
    pub lacks: bool,
}

/// Completes a copy of the metadata, which is where a data directory has it, with the blobs of the directory that it came
/// from, and makes all of it durable.
pub async fn take_blobs(backup: PathBuf, data_dir: PathBuf) -> Result<Held, ServiceError> {
    store::blocking(move || {
        let io = |error| ServiceError::io("writing the backup", error);
        let store = Store::open(&backup)?;
        let blobs = Blobs::open(&backup).map_err(io)?;
        let held = take_each(&store, &blobs, &data_dir);
        store.close();
        let held = held?;
        blobs.sync().map_err(io)?;
        Ok(held)
    })
    .await?
}

fn take_each(store: &Store, blobs: &Blobs, data_dir: &Path) -> Result<Held, ServiceError> {
    let (mut held, mut last) = (Held::default(), None);
    let mut failure = None;
    store.read::<_, StoreError>(|snapshot| {
        held.packages = snapshot.count(&PACKAGES)?;
        // In the order of the digests, so that a blob of several files is met once after the other.
        snapshot.scan(&BLOB_FILES, .., |(digest, file), Present| {
            if last.replace(digest) == Some(digest) {
                return ControlFlow::Continue(());
            }
            let digest = Sha256::new(digest);
            match take(blobs, data_dir, &digest, &mut held) {
                Ok(None) => ControlFlow::Continue(()),
                Ok(Some(fault)) => {
                    let name = snapshot.get(&FILES, file).ok().flatten().map(|file| file.file_name);
                    let name = name.unwrap_or_else(|| format!("file {file}"));
                    held.wrong.push(format!("blob {digest} of {name} {fault}"));
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        })
    })?;
    match failure {
        Some(error) => Err(ServiceError::io("writing the backup", error)),
        None => Ok(held),
    }
}

/// Takes one blob over and counts it, or says what is wrong with it.
fn take(
    blobs: &Blobs,
    data_dir: &Path,
    digest: &Sha256,
    held: &mut Held,
) -> io::Result<Option<&'static str>> {
    match blobs.adopt(data_dir, digest) {
        Ok((adopted, size)) => {
            held.blobs += 1;
            held.bytes += size;
            held.copied += u64::from(adopted == Adopted::Copied);
            Ok(None)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            held.lacks = true;
            Ok(Some("is missing"))
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Ok(Some("has changed: its bytes hash to something else"))
        }
        Err(error) => Err(error),
    }
}
