//! Bytes of an upload to facts: is this an archive Terraform can install, what does it declare, what should its readers
//! be warned about.
//!
//! Nothing is unpacked to disk. [`inspect`] reads a gzip tar once, front to back, in bounded memory, and refuses whatever
//! two readers of archives could understand differently. [`pack`] makes archives that [`inspect`] accepts.
//!
//! | file | job |
//! | --- | --- |
//! | `kind` | what an upload is by its first bytes |
//! | `gzip` | one strict gzip member |
//! | `header`, `extension` | one strict tar header; PAX records and GNU long names |
//! | `walk` | the stream of entries, with the caps on bytes, entries and ratio |
//! | `entry`, `links`, `inventory` | names, links, and whether entries can stand beside each other |
//! | `collect`, `secrets`, `warnings` | what the entries add up to |
//! | `manifest` | configuration files to a [`Manifest`] |
//! | `manifest::plain` | native syntax as most files have it, in one pass over the text and without a tree |
//! | `manifest::hcl`, `manifest::json` | any native syntax, and JSON, by parsers; `guard` keeps what would cost too much from them |
//! | `pack` | a directory to an archive |
//! | `browse` | what a stored archive holds: its entries, one of its files |
//! | `readme` | Markdown of an archive to HTML that may stand in a page |

pub mod browse;
mod collect;
pub mod entry;
mod error;
mod escape;
mod extension;
mod gzip;
mod header;
mod inventory;
mod kind;
mod links;
pub mod manifest;
pub mod pack;
pub mod readme;
mod secrets;
pub mod walk;
mod warnings;

use std::io::Read;

use crate::domain::limits::{ArchiveLimits, ManifestLimits};
use crate::domain::manifest::Manifest;
use crate::domain::package::Warning;

pub use error::{ArchiveError, ConflictProblem, GzipProblem, HeaderProblem, LinkProblem};
pub use escape::Escaped;

/// What an accepted archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What its modules declare.
    pub manifest: Manifest,
    /// What its readers should know.
    pub warnings: Vec<Warning>,
    /// Its entries: files, directories, links, and global headers.
    pub entries: u64,
    /// Bytes of the tar inside, headers and padding included.
    pub unpacked_bytes: u64,
}

/// Reads a whole upload and judges it.
///
/// On success `reader` has been read to its end, so a reader that hashes or stores what passes through it has seen every
/// byte. An error of `reader` itself comes back as [`ArchiveError::Read`], untouched. The size of the upload
/// ([`ArchiveLimits::compressed_bytes`]) is the caller's to limit, in `reader`.
///
/// # Errors
///
/// [`ArchiveError`] says what is wrong, with which entry, and how to pack the module instead.
pub fn inspect<R: Read>(
    reader: R,
    limits: &ArchiveLimits,
    manifest_limits: &ManifestLimits,
) -> Result<Report, ArchiveError> {
    let mut collector = collect::Collector::new(limits, manifest_limits);
    let totals = walk::walk(reader, limits, &mut collector)?;
    let (manifest, warnings) = collector.finish()?;
    Ok(Report { manifest, warnings, entries: totals.entries, unpacked_bytes: totals.unpacked_bytes })
}
