//! Noticing that the configuration file or a certificate has changed on disk, or that somebody asked to look again.
//!
//! The *parent directories* are watched: certificate tools, editors and Kubernetes replace files by rename or by
//! swapping a symbolic link, which ends a watch on the file itself. After a pause the files are read again and their
//! digests compared, so that a touch or an unrelated neighbour is no change. This only tells that something changed;
//! whoever listens reads, judges and keeps the old when the new is not valid.
//!
//! A directory that cannot be watched (network mounts, no inotify instances left) is reported once; SIGHUP still works.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{
    DebounceEventResult, DebouncedEvent, Debouncer, RecommendedCache, new_debouncer,
};
use ring::digest::{SHA256, digest};
use tokio::sync::mpsc;

use crate::domain::Sha256;

/// A certificate and its key are written one after the other: one reload for both.
const PAUSE: Duration = Duration::from_millis(500);
/// Bytes of a configuration file or a certificate chain at most; a larger file is not one.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Symbolic links followed from one path: more are a loop.
const MAX_LINKS: usize = 16;

/// What a watched file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The configuration file.
    Config,
    /// A certificate chain or its key.
    Certificate,
}

/// The order to read the files of these subjects again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reload {
    /// The configuration may have changed.
    pub config: bool,
    /// The certificate may have changed.
    pub certificate: bool,
}

/// Watches files until it is dropped.
#[derive(Debug)]
pub struct FileWatch {
    // The queue holds one order: a second one before the first is taken adds nothing, except the subjects it merges.
    pending: Arc<Pending>,
    wake: mpsc::Receiver<()>,
    _watcher: Option<Debouncer<RecommendedWatcher, RecommendedCache>>,
}

/// Asks for a reload from elsewhere, such as the handler of SIGHUP.
#[derive(Debug, Clone)]
pub struct ReloadTrigger {
    pending: Arc<Pending>,
}

#[derive(Debug)]
struct Pending {
    subjects: Mutex<HashSet<Subject>>,
    wake: mpsc::Sender<()>,
}

impl Pending {
    fn add(&self, subjects: impl IntoIterator<Item = Subject>) {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner).extend(subjects);
        // Full means that a wake-up is already on its way; closed, that nobody listens any more.
        let _ = self.wake.try_send(());
    }

    fn take(&self) -> HashSet<Subject> {
        std::mem::take(&mut *self.subjects.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ReloadTrigger {
    /// Orders everything to be read again, whether or not it seems to have changed.
    pub fn reload_all(&self) {
        self.pending.add([Subject::Config, Subject::Certificate]);
    }
}

impl FileWatch {
    /// Starts watching. Start before reading the files for use: then no change falls in between. A directory that cannot be watched is logged; the trigger works all the same.
    pub fn start(files: Vec<(PathBuf, Subject)>) -> Self {
        let (wake, woken) = mpsc::channel(1);
        let pending = Arc::new(Pending { subjects: Mutex::default(), wake });
        let watcher = (!files.is_empty()).then(|| watch(files, &pending));
        let watcher = watcher.and_then(|made| {
            made.inspect_err(|error| {
                tracing::warn!(%error, "files are not watched; send SIGHUP after a change");
            })
            .ok()
        });
        Self { pending, wake: woken, _watcher: watcher }
    }

    /// A handle that orders reloads.
    pub fn trigger(&self) -> ReloadTrigger {
        ReloadTrigger { pending: Arc::clone(&self.pending) }
    }

    /// The next order to reload. Changes that come close together are one order. May be cancelled without loss.
    pub async fn next(&mut self) -> Reload {
        loop {
            // Never `None`: `pending` holds a sender.
            self.wake.recv().await;
            let subjects = self.pending.take();
            if !subjects.is_empty() {
                return Reload {
                    config: subjects.contains(&Subject::Config),
                    certificate: subjects.contains(&Subject::Certificate),
                };
            }
        }
    }
}

fn watch(
    files: Vec<(PathBuf, Subject)>,
    pending: &Arc<Pending>,
) -> Result<Debouncer<RecommendedWatcher, RecommendedCache>, notify::Error> {
    let directories: HashSet<PathBuf> = files.iter().flat_map(|(path, _)| directories(path)).collect();
    let known = Arc::new(Mutex::new(Known::new(files)));
    let look = {
        let (known, pending) = (Arc::clone(&known), Arc::clone(pending));
        move || {
            let changed = known.lock().unwrap_or_else(PoisonError::into_inner).changed();
            if !changed.is_empty() {
                pending.add(changed);
            }
        }
    };
    let look_again = look.clone();
    let mut watcher = new_debouncer(PAUSE, None, move |result: DebounceEventResult| {
        // Our own reading is an event too, and must not make us read again. An error means that events were lost.
        let is_change = |event: &DebouncedEvent| !matches!(event.kind, EventKind::Access(_));
        if result.map_or(true, |events| events.iter().any(is_change)) {
            look();
        }
    })?;
    for directory in directories {
        if let Err(error) = watcher.watch(&directory, RecursiveMode::NonRecursive) {
            let directory = directory.display();
            tracing::warn!(%directory, %error, "the directory is not watched; send SIGHUP after a change");
        }
    }
    // What changed before the watch began made no event.
    look_again();
    Ok(watcher)
}

/// The files and what they last held.
struct Known {
    files: Vec<(PathBuf, Subject)>,
    digests: HashMap<PathBuf, Option<Sha256>>,
}

impl Known {
    fn new(files: Vec<(PathBuf, Subject)>) -> Self {
        let digests = files.iter().map(|(path, _)| (path.clone(), file_digest(path))).collect();
        Self { files, digests }
    }

    /// The subjects of files that hold something else than before. A file that is missing for a moment is no change.
    fn changed(&mut self) -> HashSet<Subject> {
        let mut subjects = HashSet::new();
        for (path, subject) in &self.files {
            let Some(now) = file_digest(path) else { continue };
            if self.digests.insert(path.clone(), Some(now)) != Some(Some(now)) {
                subjects.insert(*subject);
            }
        }
        subjects
    }
}

fn file_digest(path: &Path) -> Option<Sha256> {
    let bytes = read_bounded(path).ok()?;
    digest(&SHA256, &bytes).as_ref().try_into().ok().map(Sha256::new)
}

/// Reads a small file that somebody else may be replacing. Refuses what is not a plain file, or larger than
/// [`MAX_FILE_BYTES`].
pub fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    // Asked before opening: opening a named pipe would wait for its writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("it is larger than {MAX_FILE_BYTES} bytes")));
    }
    Ok(bytes)
}

/// The directories in which a change can make the path lead to something else: its own, and that of every symbolic
/// link on the way to the file. They are those of the start; a link that later leads elsewhere is still seen to change.
fn directories(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next.filter(|_| found.len() < MAX_LINKS) {
        let directory = parent(&path);
        next = std::fs::read_link(&path).ok().map(|target| directory.join(target));
        found.push(directory);
    }
    found
}

/// The directory whose entry the file is.
fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn replace(path: &Path, text: &str) {
        let mut next = tempfile::NamedTempFile::new_in(parent(path)).unwrap();
        next.write_all(text.as_bytes()).unwrap();
        next.persist(path).unwrap();
    }

    #[tokio::test]
    async fn a_file_replaced_by_rename_orders_a_reload_of_its_subject() {
        let dir = tempfile::tempdir().unwrap();
        let (config, cert) = (dir.path().join("cairn.toml"), dir.path().join("cert.pem"));
        replace(&config, "one");
        replace(&cert, "one");
        let mut watch =
            FileWatch::start(vec![(config.clone(), Subject::Config), (cert.clone(), Subject::Certificate)]);
        replace(&cert, "two");
        assert_eq!(watch.next().await, Reload { config: false, certificate: true });
        replace(&config, "two");
        assert_eq!(watch.next().await, Reload { config: true, certificate: false });
    }

    #[tokio::test]
    async fn a_symbolic_link_that_is_swapped_counts_as_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("..1"), dir.path().join("..2"));
        for (version, text) in [(&old, "one"), (&new, "two")] {
            std::fs::create_dir(version).unwrap();
            replace(&version.join("cert.pem"), text);
        }
        std::os::unix::fs::symlink(&old, dir.path().join("..data")).unwrap();
        let cert = dir.path().join("cert.pem");
        std::os::unix::fs::symlink("..data/cert.pem", &cert).unwrap();
        let mut watch = FileWatch::start(vec![(cert, Subject::Certificate)]);
        std::os::unix::fs::symlink(&new, dir.path().join("..next")).unwrap();
        std::fs::rename(dir.path().join("..next"), dir.path().join("..data")).unwrap();
        assert_eq!(watch.next().await, Reload { config: false, certificate: true });
    }

    #[tokio::test]
    async fn a_file_behind_a_link_to_another_directory_is_watched_there() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = there.path().join("cert.pem");
        replace(&target, "one");
        let cert = here.path().join("cert.pem");
        std::os::unix::fs::symlink(&target, &cert).unwrap();
        let mut watch = FileWatch::start(vec![(cert, Subject::Certificate)]);
        replace(&target, "two");
        assert_eq!(watch.next().await, Reload { config: false, certificate: true });
    }

    #[test]
    fn a_loop_of_links_ends() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        std::os::unix::fs::symlink(&a, &b).unwrap();
        std::os::unix::fs::symlink(&b, &a).unwrap();
        assert_eq!(directories(&a).len(), MAX_LINKS);
    }

    #[test]
    fn the_same_bytes_again_and_a_missing_file_are_no_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cert.pem");
        replace(&path, "one");
        let mut known = Known::new(vec![(path.clone(), Subject::Certificate)]);
        replace(&path, "one");
        assert!(known.changed().is_empty());
        std::fs::remove_file(&path).unwrap();
        assert!(known.changed().is_empty());
        replace(&path, "one");
        assert!(known.changed().is_empty());
        replace(&path, "two");
        assert_eq!(known.changed(), HashSet::from([Subject::Certificate]));
    }

    #[tokio::test]
    async fn the_trigger_orders_everything_even_when_nothing_is_watched() {
        let mut watch = FileWatch::start(Vec::new());
        let trigger = watch.trigger();
        trigger.reload_all();
        trigger.reload_all();
        assert_eq!(watch.next().await, Reload { config: true, certificate: true });
    }

    #[test]
    fn only_plain_files_of_a_sensible_size_are_read() {
        let dir = tempfile::tempdir().unwrap();
        read_bounded(dir.path()).unwrap_err();
        let path = dir.path().join("large");
        replace(&path, &"x".repeat(1024 * 1024));
        assert_eq!(read_bounded(&path).unwrap().len(), 1024 * 1024);
        replace(&path, &"x".repeat(1024 * 1024 + 1));
        read_bounded(&path).unwrap_err();
    }
}
