//! A cheap look for private keys in the text that streams by.

use memchr::memmem;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----";
/// Bytes from the first dash to the last: the longest known label is `OPENSSH PRIVATE KEY`.
const MAX_LINE: usize = 64;
/// Bytes of each file that are looked at. Keys sit in small files; a scan must not double the cost of a big one.
const MAX_SCANNED: u64 = 1024 * 1024;

/// Looks at one file.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// The end of the previous piece, where a marker may have begun.
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
        self.tail.extend_from_slice(bytes.get(..MAX_LINE).unwrap_or(bytes));
        self.found = holds_key(&self.tail) || holds_key(bytes);
        let keep = if bytes.len() >= MAX_LINE { bytes } else { &self.tail };
        self.tail = keep.get(keep.len().saturating_sub(MAX_LINE)..).unwrap_or_default().to_vec();
    }

    /// Whether something looked like a private key.
    pub(crate) const fn found(&self) -> bool {
        self.found
    }
}

/// Whether there is a line like `-----BEGIN RSA PRIVATE KEY-----` (RFC 7468) or its `OpenPGP` form.
fn holds_key(text: &[u8]) -> bool {
    memmem::find_iter(text, BEGIN).any(|at| {
        let label = text.get(at + BEGIN.len()..).unwrap_or_default();
        let length = label
            .iter()
            .take(MAX_LINE)
            .take_while(|byte| byte.is_ascii_uppercase() || **byte == b' ')
            .count();
        let (label, behind) = label.split_at(length);
        let names_key = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
        names_key && behind.starts_with(END)
    })
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
