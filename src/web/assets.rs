//! The files of `web/`, inside the binary. Their URLs carry a hash of their content, so browsers may keep them for
//! ever; each is compressed once, when the first of them is asked for.

use std::io::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "web/"]
struct Files;

/// Bytes of the content's hash in a URL.
const HASH_BYTES: usize = 8;

/// A file that pages load.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its name below `web/`.
    pub name: String,
    /// The start of its SHA-256 in hexadecimal digits: part of its URL, and its entity tag.
    pub hash: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub body: Bytes,
    /// The same in gzip; nothing when that is not shorter.
    pub gzip: Option<Bytes>,
}

static ASSETS: LazyLock<Vec<Asset>> =
    LazyLock::new(|| Files::iter().filter_map(|name| Asset::load(&name)).collect());

impl Asset {
    fn load(name: &str) -> Option<Self> {
        let file = Files::get(name)?;
        let hash = file.metadata.sha256_hash();
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
        Some(Self {
            name: name.to_owned(),
            hash: data_encoding::HEXLOWER.encode(hash.get(..HASH_BYTES).unwrap_or_default()),
            media_type,
            gzip: gzip(&body).filter(|gzip| gzip.len() < body.len()),
            body,
        })
    }
}

fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// A file by name.
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The URL of a file.
pub fn url(name: &str) -> String {
    let hash = find(name).map_or("-", |asset| asset.hash.as_str());
    format!("/assets/{hash}/{name}")
}
