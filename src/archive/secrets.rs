//! A cheap look for private keys in the text that streams by.

use memchr::{memchr_iter, memmem};

const BEGIN: &[u8] = b"-----BEGIN ";
/// A letter of it that is rare in text, and where it stands.
const LETTER: u8 = b'G';
const LETTER_AT: usize = 7;
const END: &[u8] = b"-----";
/// Bytes from the first dash to the last: the longest known label is `OPENSSH PRIVATE KEY`.
const MAX_LINE: usize = 64;
/// Bytes of each file that are looked at. Keys sit in small files; a scan must not double the cost of a big one.
const MAX_SCANNED: u64 = 1024 * 1024;

/// Looks at one file.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// The end of the previous piece, from where a marker may have begun.
    tail: Vec<u8>,
    scanned: u64,
    found: bool,
    binary: bool,
}

impl Scanner {
    /// Looks at the next piece of the file.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.found || self.binary || self.scanned >= MAX_SCANNED {
            return;
        }
        self.binary = self.scanned == 0 && memchr::memchr(0, bytes.get(..1024).unwrap_or(bytes)).is_some();
        self.scanned += bytes.len() as u64;
        self.found = holds_key(bytes) || self.is_cut(bytes);
    }

    /// Whether a key begins in the piece before, and goes on in this one.
    fn is_cut(&mut self, bytes: &[u8]) -> bool {
        let mut found = false;
        if !self.tail.is_empty() {
            self.tail.extend_from_slice(bytes.get(..MAX_LINE).unwrap_or(bytes));
            found = holds_key(&self.tail);
        }
        let text = if bytes.len() >= MAX_LINE || self.tail.is_empty() { bytes } else { &self.tail };
        let end = text.get(text.len().saturating_sub(MAX_LINE)..).unwrap_or_default();
        // Nothing else begins a marker, so that most ends are not worth keeping.
        let begun = memchr::memchr(b'-', end).and_then(|at| end.get(at..)).unwrap_or_default();
        self.tail = begun.to_vec();
        found
    }

    /// Whether something looked like a private key.
    pub(crate) const fn found(&self) -> bool {
        self.found
    }
}

/// Whether there is a line like `-----BEGIN RSA PRIVATE KEY-----` (RFC 7468) or its `OpenPGP` form.
fn holds_key(text: &[u8]) -> bool {
    let from = |at: Option<usize>| at.and_then(|at| text.get(at..)).unwrap_or_default();
    // One letter that most texts hardly use is found several times faster than the whole marker.
    for (count, at) in memchr_iter(LETTER, text).enumerate() {
        if count > text.len() / MAX_LINE {
            return memmem::find_iter(text, BEGIN).any(|at| begins_key(from(Some(at))));
        }
        if begins_key(from(at.checked_sub(LETTER_AT))) {
            return true;
        }
    }
    false
}

fn begins_key(text: &[u8]) -> bool {
    let Some(label) = text.strip_prefix(BEGIN) else { return false };
    let length =
        label.iter().take(MAX_LINE).take_while(|byte| byte.is_ascii_uppercase() || **byte == b' ').count();
    let (label, behind) = label.split_at(length);
    let names_key = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
    names_key && behind.starts_with(END)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pieces: &[&[u8]]) -> bool {
        let mut scanner = Scanner::default();
        for piece in pieces {
            scanner.feed(piece);
        }
        scanner.found()
    }

    #[test]
    fn private_keys_are_found_wherever_the_text_is_cut() {
        for label in ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"] {
            let text = format!("key = <<E\n-----BEGIN {label}-----\nMII…");
            assert!(found(&[text.as_bytes()]), "{label}");
            for cut in 0..text.len() {
                let (first, second) = text.as_bytes().split_at(cut);
                assert!(found(&[first, second]), "{label} cut at {cut}");
            }
            assert!(
                found(&text.bytes().collect::<Vec<_>>().chunks(1).collect::<Vec<_>>()),
                "{label} byte by byte"
            );
            let crowded = ["G-".repeat(10_000), text].concat();
            assert!(found(&[crowded.as_bytes()]), "{label} behind many letters of it");
        }
    }

    #[test]
    fn other_things_are_no_private_keys() {
        for text in
            ["-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----", "PRIVATE KEY", "----- BEGIN", ""]
        {
            assert!(!found(&[text.as_bytes()]), "{text}");
        }
    }
}
