//! Module archives of a wanted size: valid gzip tar that compresses as modules do, five to one.

use std::io::Write;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Bytes of configuration that is parsed; the rest of an archive is other text.
const CONFIGURATION_BYTES: usize = 32 * 1024;
/// Bytes of a text file.
const FILE_BYTES: usize = 16 * 1024;
const WORDS: [&str; 24] = [
    "network", "subnet", "database", "cache", "queue", "bucket", "cluster", "role", "policy", "gateway",
    "record", "zone", "alarm", "function", "image", "secret", "enabled", "name", "tags", "region", "account",
    "timeout", "size", "key",
];

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn word(&mut self) -> &'static str {
        let at = usize::try_from(self.next() % WORDS.len() as u64).unwrap_or_default();
        WORDS.get(at).copied().unwrap_or("word")
    }
}

/// An archive of about that many bytes.
pub(crate) fn module(bytes: usize) -> Result<Vec<u8>> {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::with_capacity(bytes + 4096), Compression::default()));
    let configured = CONFIGURATION_BYTES.min(bytes);
    add(&mut tar, "main.tf", &configuration(&mut numbers, configured / 4 * 3))?;
    add(&mut tar, "README.md", &text(&mut numbers, configured / 4))?;
    let mut count = 0;
    // The last tenth is filled with what does not compress, to meet the size.
    while tar.get_ref().get_ref().len() < bytes / 10 * 9 {
        count += 1;
        add(&mut tar, &format!("files/{count}.txt"), &text(&mut numbers, FILE_BYTES.min(bytes)))?;
        if bytes < 1 << 20 {
            tar.get_mut().flush()?;
        }
    }
    tar.get_mut().flush()?;
    let missing = bytes.saturating_sub(tar.get_ref().get_ref().len() + 300);
    let filler: Vec<u8> = (0..missing.div_ceil(8)).flat_map(|_| numbers.next().to_le_bytes()).collect();
    add(&mut tar, "files/data.bin", &filler)?;
    Ok(tar.into_inner()?.finish()?)
}

/// Another archive with the same content: what differs is the time in the gzip header.
pub(crate) fn restamp(archive: &mut [u8], stamp: u32) {
    if let Some(time) = archive.get_mut(4..8) {
        time.copy_from_slice(&stamp.to_le_bytes());
    }
}

fn add(tar: &mut tar::Builder<impl Write>, path: &str, contents: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(contents.len() as u64);
    header.set_mode(0o644);
    Ok(tar.append_data(&mut header, path, contents)?)
}

fn configuration(numbers: &mut Numbers, bytes: usize) -> Vec<u8> {
    let mut text = String::new();
    let mut count = 0;
    while text.len() < bytes {
        count += 1;
        let (one, two, number) = (numbers.word(), numbers.word(), numbers.next() % 10_000);
        text.push_str(&format!(
            "variable \"{one}_{two}_{count}\" {{\n  type        = string\n  description = \"The {one} of the {two}, {number} at most.\"\n  default     = \"{number}\"\n}}\n\n"
        ));
    }
    text.into_bytes()
}

fn text(numbers: &mut Numbers, bytes: usize) -> Vec<u8> {
    let mut text = String::new();
    while text.len() < bytes {
        let (one, two, number) = (numbers.word(), numbers.word(), numbers.next());
        text.push_str(&format!(
            "The {one} has a {two} of its own, number {}, which is in use.\n",
            number % 100_000
        ));
    }
    text.into_bytes()
}
