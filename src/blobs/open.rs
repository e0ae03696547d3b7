//! Blobs kept open, and reads of them that do not wait for the disk.
//!
//! A blob never changes, so an open file can serve any number of readers, at positions of their own.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::io::{Errno, ReadWriteFlags, preadv2, retry_on_intr};

use crate::domain::Sha256;

/// Files kept open at most.
const KEPT_FILES: usize = 256;
/// How long a file is kept open: after that it is opened again, so that one put in the place of a damaged one is
/// found, and one that nobody reads is closed.
const KEPT_FOR: Duration = Duration::from_secs(30);
/// Bytes between the places where a file is asked whether it is in memory: the system reads ahead this much or more.
const PROBE_STEP: u64 = 128 * 1024;
/// Bytes read at a time to bring a file into memory.
const LOAD_STEP: usize = 64 * 1024;

/// A blob that is open to be read.
#[derive(Debug)]
pub struct OpenBlob {
    file: File,
    size: u64,
    since: Instant,
    /// How much of its beginning was found in memory, with the second in which it was asked: what many read at once is
    /// asked for once a second.
    found: AtomicU64,
}

/// Bits of [`OpenBlob::found`] that hold a number of bytes; the others hold seconds.
const FOUND_BITS: u32 = 44;

impl OpenBlob {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file, size, since: Instant::now(), found: AtomicU64::new(0) })
    }

    /// Its size in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Reads what is in memory of the bytes from a position on, as many as fit. Nothing when the disk would have to be
    /// waited for.
    pub fn read_in_memory(&self, buffer: &mut [u8], from: u64) -> io::Result<Option<usize>> {
        let read = retry_on_intr(|| {
            preadv2(&self.file, &mut [IoSliceMut::new(buffer)], from, ReadWriteFlags::NOWAIT)
        });
        match read {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => Ok(Some(count)),
            // A file system that cannot say is waited for as well.
            Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Fills a buffer with the bytes from a position on. Waits for the disk.
    pub fn read(&self, buffer: &mut [u8], from: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, from)
    }

    /// Where the bytes end that are in memory from a position on, as far as a few looks tell.
    pub fn in_memory_to(&self, from: u64, to: u64) -> io::Result<u64> {
        let second = self.since.elapsed().as_secs() + 1;
        let found = self.found.load(Ordering::Relaxed);
        let known = if found >> FOUND_BITS == second { found & ((1 << FOUND_BITS) - 1) } else { 0 };
        if to <= known {
            return Ok(to);
        }
        let reached = self.look(if from <= known { known } else { from }, to)?;
        if from <= known && reached > known && reached >> FOUND_BITS == 0 {
            self.found.store(second << FOUND_BITS | reached, Ordering::Relaxed);
        }
        Ok(reached)
    }

    fn look(&self, from: u64, to: u64) -> io::Result<u64> {
        let mut at = from;
        while at < to {
            if self.read_in_memory(&mut [0], at)?.is_none() {
                return Ok(at);
            }
            // The last byte as well.
            at = if at + 1 == to { to } else { at.saturating_add(PROBE_STEP).min(to - 1) };
        }
        Ok(to)
    }

    /// Brings some bytes into memory. Waits for the disk.
    pub fn load(&self, from: u64, to: u64) -> io::Result<()> {
        let mut buffer = vec![0; LOAD_STEP];
        let mut at = from;
        while at < to {
            let wanted = usize::try_from(to - at).unwrap_or(LOAD_STEP).min(LOAD_STEP);
            self.read(buffer.get_mut(..wanted).unwrap_or_default(), at)?;
            at += wanted as u64;
        }
        Ok(())
    }
}

impl AsFd for OpenBlob {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// The blobs kept open.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Files>);

#[derive(Debug, Default)]
struct Files {
    by_digest: HashMap<Sha256, (Arc<OpenBlob>, Instant)>,
    /// How many blobs were deleted so far.
    removals: u64,
    /// When the old ones were closed.
    swept: Option<Instant>,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Files> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A blob that is open already.
    pub(super) fn get(&self, digest: &Sha256) -> Option<Arc<OpenBlob>> {
        let now = Instant::now();
        let mut files = self.lock();
        if files.swept.is_none_or(|swept| now.duration_since(swept) >= KEPT_FOR) {
            files.swept = Some(now);
            files.by_digest.retain(|_, (_, since)| now.duration_since(*since) < KEPT_FOR);
        }
        let (blob, since) = files.by_digest.get(digest)?;
        (now.duration_since(*since) < KEPT_FOR).then(|| Arc::clone(blob))
    }

    /// Opens a blob and keeps it, unless a blob was deleted meanwhile: it may have been this one.
    pub(super) fn open(
        &self,
        digest: &Sha256,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<Arc<OpenBlob>> {
        let removals = self.lock().removals;
        let blob = Arc::new(OpenBlob::new(open()?)?);
        let mut files = self.lock();
        if files.removals == removals {
            if files.by_digest.len() >= KEPT_FILES {
                let oldest = files.by_digest.iter().min_by_key(|(_, (_, since))| *since);
                let oldest = oldest.map(|(digest, _)| *digest);
                oldest.and_then(|digest| files.by_digest.remove(&digest));
            }
            files.by_digest.insert(*digest, (Arc::clone(&blob), Instant::now()));
        }
        Ok(blob)
    }

    /// Closes a blob that was deleted, so that its space is free when those who read it are done.
    pub(super) fn forget(&self, digest: &Sha256) {
        let mut files = self.lock();
        files.removals += 1;
        files.by_digest.remove(digest);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;
    use crate::blobs::sha256;

    fn file(bytes: &[u8]) -> File {
        let mut named = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut named, bytes).unwrap();
        named.into_file()
    }

    fn nothing() -> io::Result<File> {
        Err(io::ErrorKind::NotFound.into())
    }

    #[test]
    fn bytes_are_read_from_any_position_and_never_past_the_end() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|at| at.to_be_bytes()[3]).collect();
        let blob = OpenBlob::new(file(&bytes)).unwrap();
        assert_eq!(blob.size(), 300_000);
        blob.load(0, 300_000).unwrap();
        let mut buffer = vec![0; 1000];
        blob.read(&mut buffer, 123_456).unwrap();
        assert_eq!(buffer, bytes[123_456..124_456]);
        assert_eq!(blob.read(&mut buffer, 299_999).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(blob.load(299_999, 300_001).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        // Some file systems cannot say what is in memory.
        if let Some(count) = blob.read_in_memory(&mut buffer, 299_900).unwrap() {
            assert_eq!(buffer[..count], bytes[299_900..299_900 + count]);
            for (from, to) in
                [(5, 10), (0, 1), (7, 7), (0, 299_999), (0, 300_000), (299_999, 300_000), (4, 5)]
            {
                assert_eq!(blob.in_memory_to(from, to).unwrap(), to, "{from} to {to}");
            }
            assert!(blob.in_memory_to(0, 300_001).is_err());
        }
    }

    #[test]
    fn a_blob_is_opened_once_and_closed_when_it_is_deleted() {
        let (kept, digest) = (Kept::default(), sha256(b"x"));
        assert!(kept.open(&digest, nothing).is_err());
        assert!(kept.get(&digest).is_none());
        let opened: Weak<OpenBlob> = Arc::downgrade(&kept.open(&digest, || Ok(file(b"x"))).unwrap());
        assert!(Weak::ptr_eq(&opened, &Arc::downgrade(&kept.get(&digest).unwrap())));
        kept.forget(&digest);
        assert!(kept.get(&digest).is_none());
        assert!(opened.upgrade().is_none(), "nothing holds the file");
    }

    #[test]
    fn a_blob_that_was_deleted_while_it_was_opened_is_not_kept() {
        let (kept, digest) = (Kept::default(), sha256(b"x"));
        let reader = kept
            .open(&digest, || {
                let opened = file(b"x");
                kept.forget(&digest);
                Ok(opened)
            })
            .unwrap();
        assert_eq!(reader.size(), 1, "who opened it in time reads it");
        assert!(kept.get(&digest).is_none());
    }

    #[test]
    fn a_bounded_number_is_kept_open() {
        let kept = Kept::default();
        let digests: Vec<Sha256> = (0..KEPT_FILES + 10).map(|n| sha256(&n.to_be_bytes())).collect();
        for digest in &digests {
            kept.open(digest, || File::open("/dev/null")).unwrap();
        }
        let open = digests.iter().filter(|digest| kept.get(digest).is_some()).count();
        assert_eq!(open, KEPT_FILES);
        assert!(kept.get(digests.last().unwrap()).is_some(), "the newest among them");
    }
}
