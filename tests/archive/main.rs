//! The archive layer from outside: every known attack, the shapes of real modules, and what other tools make of them.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

#[path = "../support/archive.rs"]
mod support;

mod attacks;
mod bombs;
mod manifest;
mod packing;
mod tools;

use cairn::archive::{ArchiveError, Report, inspect};
use cairn::domain::limits::{ArchiveLimits, ManifestLimits};

/// Inspects bytes under the default limits.
fn check(bytes: &[u8]) -> Result<Report, ArchiveError> {
    inspect(bytes, &ArchiveLimits::default(), &ManifestLimits::default())
}

/// Inspects bytes that must be accepted.
fn accepted(bytes: &[u8]) -> Report {
    check(bytes).unwrap_or_else(|error| panic!("refused: {error}"))
}
