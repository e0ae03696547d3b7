//! Hashing every blob again: as many at once as there are processors, at the priority of work in the background.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::{BlobReport, CollectError, Verified};
use crate::blobs::Blobs;
use crate::domain::Sha256;
use crate::domain::package::PackageFile;
use crate::service::error::ServiceError;
use crate::store::{self, Store, StoreError, packages};

/// Blobs that are hashed before any of them is judged.
const BATCH: usize = 256;

/// Hashes every blob again, and looks for what is missing.
pub(super) fn check(
    blobs: &Blobs,
    store: &Store,
    verified: &mut Verified,
    mut expected: BTreeMap<Sha256, PackageFile>,
) -> Result<(), ServiceError> {
    let mut seen = BTreeSet::new();
    let mut batch = Vec::with_capacity(BATCH);
    let outcome: Result<(), CollectError> = blobs.for_each(|found| {
        seen.insert(found.digest);
        batch.push(found.digest);
        if batch.len() == BATCH {
            check_batch(blobs, store, verified, &mut expected, &mut batch)?;
        }
        Ok(())
    });
    outcome.map_err(|error| error.0)?;
    check_batch(blobs, store, verified, &mut expected, &mut batch)?;
    for (digest, file) in expected {
        let gone = !seen.contains(&digest) && blobs.open_blob(&digest).is_err();
        if gone && store.read(|snapshot| packages::is_referenced(snapshot, &digest))? {
            verified.wrong.push(format!("blob {digest} of {} is missing", file.file_name));
        }
    }
    Ok(())
}

/// Hashes some blobs side by side and judges each.
fn check_batch(
    blobs: &Blobs,
    store: &Store,
    verified: &mut Verified,
    expected: &mut BTreeMap<Sha256, PackageFile>,
    batch: &mut Vec<Sha256>,
) -> Result<(), StoreError> {
    let mut hashed = store::side_by_side(std::mem::take(batch), |digest| (digest, blobs.rehash(&digest)))?;
    hashed.sort_unstable_by_key(|(digest, _)| *digest);
    for (digest, outcome) in hashed {
        let (found, size) = match outcome {
            Ok(hashed) => hashed,
            // Collected since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                verified.wrong.push(format!("blob {digest} cannot be read: {error}"));
                continue;
            }
        };
        verified.blobs += 1;
        verified.bytes += size;
        let file = expected.remove(&digest);
        if found != digest {
            verified.wrong.push(format!("blob {digest} has changed: its bytes hash to {found}"));
        } else if let Some(file) = file.filter(|file| file.size != size) {
            verified
                .wrong
                .push(format!("blob {digest} has {size} bytes, {} says {}", file.file_name, file.size));
        } else if !store.read(|snapshot| packages::is_referenced(snapshot, &digest))? {
            verified.orphans.push(BlobReport { sha256: digest.to_hex(), size });
        }
    }
    Ok(())
}
