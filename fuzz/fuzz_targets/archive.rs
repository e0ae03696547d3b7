//! Bytes of a tar stream, wrapped in a correct gzip member, through the whole inspection.
//!
//! The first byte chooses: an even one wraps, an odd one takes the rest as the upload itself, so that the gzip header is
//! reached too.

#![no_main]

use std::io::Read;

use cairn::archive::inspect;
use cairn::domain::limits::{ArchiveLimits, ManifestLimits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let limits = ArchiveLimits {
        unpacked_bytes: 1 << 20,
        entry_bytes: 1 << 18,
        entries: 200,
        ..ArchiveLimits::default()
    };
    let upload = if choice % 2 == 0 { stored_gzip(data) } else { data.to_vec() };
    let mut reader = upload.as_slice();
    match inspect(reader.by_ref(), &limits, &ManifestLimits::default()) {
        Ok(report) => {
            assert!(reader.is_empty(), "an accepted upload was read to its end");
            assert!(report.entries <= limits.entries && report.unpacked_bytes <= limits.unpacked_bytes);
            for warning in &report.warnings {
                assert!(!warning.path.chars().chain(warning.message.chars()).any(char::is_control));
            }
        }
        Err(error) => assert!(!error.to_string().chars().any(char::is_control), "{error}"),
    }
});

/// A gzip member of stored blocks: nothing is compressed, so the fuzzer sees its own bytes.
fn stored_gzip(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for chunk in data.chunks(0xffff) {
        let length = u16::try_from(chunk.len()).unwrap_or(u16::MAX);
        out.push(0);
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(chunk);
    }
    out.extend([1, 0, 0, 0xff, 0xff]);
    out.extend(crc32(data).to_le_bytes());
    out.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    out
}

fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !data.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
