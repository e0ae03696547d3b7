//! Request paths: every path is no endpoint, or one that can say all about itself without its variable parts.

#![no_main]

use cairn::http::endpoint::{Credentials, Endpoint, Segments};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|path: &str| {
    let Ok(segments) = Segments::split(path) else { return };
    let Some(endpoint) = segments.endpoint() else { return };
    assert!(path.starts_with('/'));
    assert!(!endpoint.pattern().is_empty() && endpoint.pattern().is_ascii());
    assert!(!endpoint.methods().is_empty());
    let _ = (endpoint.family(), endpoint.needs_registry());
    if let Endpoint::Discovery | Endpoint::Control(_) = endpoint {
        assert_eq!(endpoint.credentials(), Credentials::Ignored);
    }
});
