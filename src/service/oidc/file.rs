//! Keys from a file: read again when it changes, so that an operator without network can rotate them by replacing it.

use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::jwks::{KeySet, MAX_JWKS_BYTES};
use crate::domain::issuer::Issuer;
use crate::store;

/// How often the file is looked at, at most.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// The keys in a file.
#[derive(Debug)]
pub(super) struct FileKeys {
    issuer: Issuer,
    path: PathBuf,
    /// Held while the file is read, which only tokens of this issuer wait for.
    state: Mutex<State>,
}

#[derive(Debug, Clone)]
struct State {
    looked_at: Option<Timestamp>,
    stamp: Option<Stamp>,
    keys: Option<Arc<KeySet>>,
    /// Why the last look gave no keys.
    problem: Option<String>,
}

/// What tells one content of the file from another. A replaced file has another inode, an edited one another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileKeys {
    /// Reads the file. That it is missing or bad is no error: it is logged, and the file is picked up when it is repaired.
    pub(super) fn read(issuer: &Issuer, path: &Path) -> Self {
        let mut state = State { looked_at: None, stamp: None, keys: None, problem: None };
        look(issuer, path, &mut state);
        Self { issuer: issuer.clone(), path: path.to_owned(), state: Mutex::new(state) }
    }

    /// The keys that are in the file now, or those that were in it before it became unusable.
    pub(super) async fn current(&self, now: Timestamp) -> Result<Arc<KeySet>, String> {
        let mut state = self.state.lock().await;
        let age = state.looked_at.map(|last| last.duration_until(now));
        // A clock that was set back must not keep us from looking.
        if age.is_none_or(|age| age >= LOOK_EVERY || age.is_negative()) {
            let (issuer, path, mut next) = (self.issuer.clone(), self.path.clone(), state.clone());
            next.looked_at = Some(now);
            let looked = store::blocking(move || {
                look(&issuer, &path, &mut next);
                next
            });
            if let Ok(next) = looked.await {
                *state = next;
            }
        }
        let problem = || state.problem.clone().unwrap_or_else(|| "the file was not read yet".to_owned());
        state.keys.clone().ok_or_else(problem)
    }
}

/// Reads the file if it is another one than before. What cannot be used leaves the old keys in place.
fn look(issuer: &Issuer, path: &Path, state: &mut State) {
    let read = open(path).and_then(|(file, stamp)| {
        if state.stamp == Some(stamp) { Ok(None) } else { content(file).map(|bytes| Some((bytes, stamp))) }
    });
    let problem = match read {
        Ok(None) => return,
        Ok(Some((bytes, stamp))) => {
            state.stamp = Some(stamp);
            match KeySet::parse(&bytes) {
                Ok(keys) => {
                    tracing::info!(%issuer, file = %path.display(), keys = keys.count(), "keys of a CI issuer were read");
                    state.keys = Some(Arc::new(keys));
                    state.problem = None;
                    return;
                }
                Err(error) => format!("{}: {error}", path.display()),
            }
        }
        Err(error) => {
            state.stamp = None;
            format!("{}: {error}", path.display())
        }
    };
    if state.problem.as_ref() != Some(&problem) {
        let old = if state.keys.is_some() { "the old ones stay valid" } else { "its tokens are refused" };
        tracing::warn!(%issuer, problem, "keys of a CI issuer cannot be read: {old}");
    }
    state.problem = Some(problem);
}

fn open(path: &Path) -> io::Result<(std::fs::File, Stamp)> {
    // Asked before opening: opening a named pipe would wait for its writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let file = std::fs::File::open(path)?;
    let meta = file.metadata()?;
    let stamp = Stamp {
        device: meta.dev(),
        inode: meta.ino(),
        length: meta.len(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
    };
    Ok((file, stamp))
}

fn content(file: std::fs::File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One more than is allowed, so that the parser sees that there is too much.
    file.take(MAX_JWKS_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
