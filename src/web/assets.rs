//! The files of `web/`, inside the binary. Their URLs carry a hash of their content, so browsers may keep them.

use bytes::Bytes;
use rust_embed::Embed;

use super::Page;

#[derive(Embed)]
#[folder = "web/"]
struct Files;

/// Digits of the content's hash in a URL.
const HASH_BYTES: usize = 8;

/// The URL of a file; of the plain name when there is no such file.
pub fn url(name: &str) -> String {
    let hash = Files::get(name).map_or_else(String::new, |file| {
        data_encoding::HEXLOWER.encode(file.metadata.sha256_hash().get(..HASH_BYTES).unwrap_or_default())
    });
    format!("/assets/{hash}/{name}")
}

/// A file by name.
pub fn find(name: &str) -> Option<Page> {
    let file = Files::get(name)?;
    let body = match file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let media_type = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    Some(Page { media_type, body, immutable: true })
}
