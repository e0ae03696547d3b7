//! What a ready answer says, put into bytes: the versions of a module, and where an archive is.

use std::cell::RefCell;

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use super::super::terraform;
use crate::service::ready::KeptVersions;

/// Bytes of the answer of `versions` besides the versions, about.
const FRAME_BYTES: usize = 256;
/// Bytes between two versions, when the system has no long name.
const USUAL_BETWEEN_BYTES: usize = 128;
/// Bytes that a version takes, with what stands behind it.
const USUAL_VERSION_BYTES: usize = 16;

/// Bytes that short answers are cut from.
const SHARED_BYTES: usize = 16 * 1024;

/// The answer of `versions`, from what is kept of it.
pub(super) fn versions_of(base_url: &str, system: &str, kept: &KeptVersions) -> Bytes {
    let mut lines = kept.lines();
    versions_json(base_url, system, lines.next(), (kept.count, lines))
}

/// The answer of `versions` (N1). Written by hand because it is asked for most of all, and long: nothing in it but the
/// source needs escaping. With the versions goes how many there are.
pub(in crate::http) fn versions_json<'v>(
    base_url: &str,
    system: &str,
    source: Option<&str>,
    (count, versions): (usize, impl Iterator<Item = &'v str>),
) -> Bytes {
    let mut between = SmallVec::<[u8; USUAL_BETWEEN_BYTES]>::new();
    between.extend_from_slice(b"\"},{\"root\":{\"dependencies\":[],\"providers\":[{\"name\":\"");
    between.extend_from_slice(system.as_bytes());
    between.extend_from_slice(b"\",\"version\":\"\"}]},\"submodules\":[],\"version\":\"");
    let bytes = FRAME_BYTES + base_url.len() + count * (between.len() + USUAL_VERSION_BYTES);
    if bytes > SHARED_BYTES / 4 {
        let mut json = Vec::with_capacity(bytes);
        write_versions(&mut json, (base_url, source), &between, versions);
        return Bytes::from(json);
    }
    SCRATCH.with_borrow_mut(|json| {
        json.clear();
        write_versions(json, (base_url, source), &between, versions);
        shared(&[json])
    })
}

/// The URL of an archive and the ticket that opens it, as [`terraform::archive_url`] writes them.
pub(super) fn with_ticket(url: &str, ticket: Option<&str>) -> Bytes {
    match ticket {
        Some(ticket) => shared(&[url.as_bytes(), terraform::TICKET.as_bytes(), ticket.as_bytes()]),
        None => shared(&[url.as_bytes()]),
    }
}

thread_local! {
    /// What short answers are cut from, one behind the other: cheaper than to ask for memory for each.
    static SHARED: RefCell<BytesMut> = RefCell::new(BytesMut::with_capacity(SHARED_BYTES));
    /// Where a short answer is put together. In a place of its own nothing has to be asked while it grows.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(SHARED_BYTES / 4));
}

/// These pieces, one behind the other.
fn shared(pieces: &[&[u8]]) -> Bytes {
    SHARED.with_borrow_mut(|shared| {
        shared.reserve(pieces.iter().map(|piece| piece.len()).sum());
        for piece in pieces {
            shared.extend_from_slice(piece);
        }
        shared.split().freeze()
    })
}

/// `between` stands between two versions; without what closes the one, before the first.
fn write_versions<'v>(
    json: &mut Vec<u8>,
    (base_url, source): (&str, Option<&str>),
    between: &[u8],
    mut versions: impl Iterator<Item = &'v str>,
) {
    json.extend_from_slice(b"{\"modules\":[{");
    if let Some(source) = source {
        json.extend_from_slice(b"\"source\":\"");
        push_escaped(json, base_url);
        json.extend_from_slice(b"/");
        push_escaped(json, source);
        json.extend_from_slice(b"\",");
    }
    json.extend_from_slice(b"\"versions\":[");
    if let Some(first) = versions.next() {
        json.extend_from_slice(between.strip_prefix(b"\"},").unwrap_or(between));
        json.extend_from_slice(first.as_bytes());
        for version in versions {
            json.extend_from_slice(between);
            json.extend_from_slice(version.as_bytes());
        }
        json.extend_from_slice(b"\"}");
    }
    json.extend_from_slice(b"]}]}");
}

/// Adds a text as it stands inside a JSON string.
fn push_escaped(json: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        return json.extend_from_slice(text.as_bytes());
    }
    // A string always serialises, in quotes.
    let quoted = serde_json::to_string(text).unwrap_or_default();
    json.extend_from_slice(quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_written_as_any_json_reader_reads_them() {
        for (base_url, source, versions) in [
            ("", Some("acme/network"), &["1.0.0", "0.9.0-rc.1+b"][..]),
            ("https://modules.example.com:8443/x", Some("acme/a.b_c"), &["1.0.0"]),
            ("https://\"\\\u{1}\u{e9}", Some("acme/network"), &[]),
            ("", None, &[]),
        ] {
            let listed = (versions.len(), versions.iter().copied());
            let written = versions_json(base_url, "aws", source, listed);
            let read: serde_json::Value = serde_json::from_slice(&written).unwrap();
            let module = &read["modules"][0];
            let expected = source.map(|source| format!("{base_url}/{source}"));
            assert_eq!(module["source"].as_str(), expected.as_deref());
            let shown: Vec<&str> = module["versions"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|one| one["version"].as_str())
                .collect();
            assert_eq!(shown, versions);
        }
    }
}
