//! Taking over the blobs of another data directory, for a backup.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::{BLOBS_DIR, Blobs, blob_path, finish};
use crate::domain::Sha256;

/// How a blob of another data directory came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopted {
    /// It was here.
    Present,
    /// As another name of the same file.
    Linked,
    /// As a file of its own.
    Copied,
}

impl Blobs {
    /// Takes over a blob of another data directory: as one more name of the same file where both are in one file system,
    /// else as a copy that is hashed on the way. A new name is durable after [`sync`](Self::sync).
    ///
    /// Says how it came, and its size in bytes. Fails with [`io::ErrorKind::NotFound`] when the other directory has no such blob, and with
    /// [`io::ErrorKind::InvalidData`] when the bytes that it would copy are not those of the digest.
    pub fn adopt(&self, data_dir: &Path, digest: &Sha256) -> io::Result<(Adopted, u64)> {
        let (from, to) = (blob_path(&data_dir.join(BLOBS_DIR), digest), self.path(digest));
        let adopted = match fs::hard_link(&from, &to) {
            Ok(()) => Adopted::Linked,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Adopted::Present,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
            // Another file system, or one that does not know links, or a file with too many of them.
            Err(_) => self.adopt_copy(&from, digest).map(|()| Adopted::Copied)?,
        };
        Ok((adopted, fs::metadata(to)?.len()))
    }

    fn adopt_copy(&self, from: &Path, digest: &Sha256) -> io::Result<()> {
        let mut staged = self.stage()?;
        io::copy(&mut File::open(from)?, &mut staged)?;
        let found = finish(staged.hash.clone());
        if found != *digest {
            let text = format!("blob {digest} has changed: its bytes hash to {found}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        self.commit(staged).map(drop)
    }

    /// Makes everything durable that the file system of the blobs was told.
    pub fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(&self.root)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::sha256;
    use crate::blobs::tests::{blobs, listed, staged};

    #[test]
    fn a_blob_is_taken_over_as_another_name_of_its_file_and_stays_when_the_other_goes() {
        let ((other_dir, other), (_dir, blobs)) = (blobs(), blobs());
        let digest = other.commit(staged(&other, b"module")).unwrap().digest();
        assert_eq!(blobs.adopt(other_dir.path(), &digest).unwrap(), (Adopted::Linked, 6));
        assert_eq!(blobs.adopt(other_dir.path(), &digest).unwrap(), (Adopted::Present, 6));
        assert!(other.remove_unless(&digest, || io::Result::Ok(false)).unwrap());
        assert_eq!(blobs.rehash(&digest).unwrap(), (digest, 6));
        let missing = sha256(b"nobody has it");
        let refused = blobs.adopt(other_dir.path(), &missing).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::NotFound);
        assert_eq!(listed(&blobs), [digest]);
    }

    #[test]
    fn a_blob_that_is_copied_is_hashed_on_the_way() {
        let ((_other_dir, other), (_dir, blobs)) = (blobs(), blobs());
        let digest = other.commit(staged(&other, b"module")).unwrap().digest();
        blobs.adopt_copy(&other.path(&digest), &digest).unwrap();
        assert_eq!(blobs.rehash(&digest).unwrap(), (digest, 6));
        let refused = blobs.adopt_copy(&other.path(&digest), &sha256(b"another")).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
        assert_eq!(listed(&blobs), [digest], "nothing is left of it");
    }
}
