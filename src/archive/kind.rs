//! What an upload is by its first bytes, so that a wrong file is refused with the right advice.

use super::error::ArchiveError;

/// Bytes that decide: a plain tar shows itself only at offset 257.
pub(crate) const SNIFF_BYTES: usize = 512;

const REPACK_ZIP: &str = "unpack it and pack it again: \
    `unzip -d DIR module.zip && tar -czf module.tar.gz -C DIR .`";
const REPACK_TAR: &str = "compress it: `gzip module.tar`";
const REPACK_OTHER: &str = "compress the tar with gzip instead: `tar -czf module.tar.gz -C DIR .`";
const NOT_A_FILE: &str =
    "check the file or URL it came from, and pack the module with `tar -czf module.tar.gz -C DIR .`";

/// Checks that `head`, the first bytes of an upload, can be a gzip member.
pub(crate) fn expect_gzip(head: &[u8]) -> Result<(), ArchiveError> {
    if head.starts_with(&[0x1f, 0x8b]) || (head.len() == 1 && head.starts_with(&[0x1f])) {
        return Ok(());
    }
    let (what, advice) = match head {
        [] => return Err(ArchiveError::Empty),
        [b'P', b'K', 3 | 5 | 7, 4 | 6 | 8, ..] => ("a zip file", REPACK_ZIP),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => ("an xz file", REPACK_OTHER),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("a zstd file", REPACK_OTHER),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => ("a bzip2 file", REPACK_OTHER),
        [b'7', b'z', 0xbc, 0xaf, ..] => ("a 7z file", REPACK_OTHER),
        [0x1f, 0x9d | 0xa0, ..] => ("a file of the old `compress` program", REPACK_OTHER),
        [0x04, 0x22, 0x4d, 0x18, ..] => ("an lz4 file", REPACK_OTHER),
        [0x7f, b'E', b'L', b'F', ..] => ("a program", NOT_A_FILE),
        _ if head.get(257..262) == Some(b"ustar") => ("an uncompressed tar archive", REPACK_TAR),
        _ if looks_like_markup(head) => ("a web page", NOT_A_FILE),
        _ if looks_like_text(head) => ("a text file", NOT_A_FILE),
        _ => ("a file of an unknown kind", NOT_A_FILE),
    };
    Err(ArchiveError::WrongType { what, advice })
}

fn looks_like_markup(head: &[u8]) -> bool {
    let text = head.trim_ascii_start().to_ascii_lowercase();
    [b"<!doctype".as_slice(), b"<html", b"<?xml", b"<head", b"<body"]
        .iter()
        .any(|start| text.starts_with(start))
}

fn looks_like_text(head: &[u8]) -> bool {
    head.utf8_chunks().next().is_some_and(|chunk| {
        !chunk.valid().is_empty()
            && chunk.valid().len() + 4 > head.len()
            && chunk.valid().chars().all(|char| !char.is_control() || char.is_whitespace())
    })
}
