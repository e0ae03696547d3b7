//! Short ways to ask for a verdict.

use cairn::archive::{ArchiveError, Report, inspect};
use cairn::domain::limits::{ArchiveLimits, ManifestLimits};

/// Inspects bytes under the default limits.
pub(crate) fn check(bytes: &[u8]) -> Result<Report, ArchiveError> {
    inspect(bytes, &ArchiveLimits::default(), &ManifestLimits::default())
}

/// Inspects bytes that must be accepted.
pub(crate) fn accepted(bytes: &[u8]) -> Report {
    check(bytes).unwrap_or_else(|error| panic!("refused: {error}"))
}
