//! Where the keys of an issuer come from, and how they are kept fresh.

use std::sync::Arc;

use jiff::Timestamp;

use super::FetchKeys;
use super::file::FileKeys;
use super::jwks::KeySet;
use super::uri::UriKeys;
use crate::domain::issuer::{Issuer, KeyLocation};

/// Keys at hand.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) keys: Arc<KeySet>,
    /// Whether they were looked for just now, so that looking again is of no use.
    pub(super) is_fresh: bool,
}

/// The keys of one issuer. Lives as long as the issuer is configured with this location.
#[derive(Debug)]
pub(super) enum KeySource {
    /// From a file.
    File(FileKeys),
    /// From the issuer.
    Uri(UriKeys),
}

impl KeySource {
    /// Begins to keep the keys. Reads a file at once, fetches a URI in the background.
    pub(super) fn start(issuer: &Issuer, location: &KeyLocation, fetch: &Arc<dyn FetchKeys>) -> Self {
        match location {
            KeyLocation::File(path) => Self::File(FileKeys::read(issuer, path)),
            KeyLocation::Uri(url) => Self::Uri(UriKeys::start(issuer, url, Arc::clone(fetch))),
        }
    }

    /// Whether the keys come from a file.
    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// The keys now. Waits only if there are none yet. The error says why there are none.
    pub(super) async fn current(&self, now: Timestamp) -> Result<Known, String> {
        match self {
            // Looked at before every use.
            Self::File(file) => file.current(now).await.map(|keys| Known { keys, is_fresh: true }),
            Self::Uri(uri) => uri.current(now).await,
        }
    }

    /// The keys after one more look, for a token whose key is not among them. An error says why that look failed; nothing,
    /// that there was none, because the last one was a moment ago.
    pub(super) async fn newer(&self, now: Timestamp) -> Option<Result<Arc<KeySet>, String>> {
        match self {
            Self::File(_) => None,
            Self::Uri(uri) => uri.newer(now).await,
        }
    }
}
