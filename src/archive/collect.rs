//! What an archive's entries add up to: whether they can stand beside each other, what to warn about, and the texts the
//! manifest is read from.

use crate::domain::limits::{ArchiveLimits, ManifestLimits};
use crate::domain::manifest::Manifest;
use crate::domain::package::{Warning, WarningCode};

use super::entry;
use super::error::ArchiveError;
use super::escape::Escaped;
use super::inventory::{self, Inventory, Refused};
use super::links::{Accepted, Links};
use super::manifest::{Role, Sources};
use super::secrets::Scanner;
use super::walk::{Found, Visitor};
use super::warnings::Warnings;

/// Collects everything worth knowing about one archive while it is walked.
pub(crate) struct Collector<'a> {
    limits: &'a ArchiveLimits,
    inventory: Inventory,
    links: Links,
    warnings: Warnings,
    sources: Sources<'a>,
    top: Top,
    configured: bool,
    current: Option<Current>,
}

/// The file whose contents are streaming by.
struct Current {
    path: String,
    scanner: Scanner,
    /// What its text is for, and how much of it is kept.
    wanted: Option<(Role, Vec<u8>, usize)>,
    size: u64,
}

/// Which names there are at the top, as far as it matters: none, one directory, or more.
enum Top {
    Empty,
    OneDirectory(String),
    Fine,
}

impl Top {
    fn add(&mut self, path: &str) {
        // Copies of extended attributes that macOS puts beside files say nothing about the layout.
        if path.starts_with("._") {
            return;
        }
        let one = path.split_once('/').map(|(directory, _)| directory);
        let same = match (&*self, one) {
            (Self::Empty, Some(directory)) => {
                *self = Self::OneDirectory(directory.to_owned());
                return;
            }
            (Self::OneDirectory(known), Some(directory)) => known == directory,
            (Self::Empty | Self::OneDirectory(_) | Self::Fine, _) => false,
        };
        if !same {
            *self = Self::Fine;
        }
    }
}

impl<'a> Collector<'a> {
    pub(crate) fn new(limits: &'a ArchiveLimits, manifest_limits: &'a ManifestLimits) -> Self {
        Self {
            limits,
            inventory: Inventory::new(limits.entries),
            links: Links::default(),
            warnings: Warnings::new(manifest_limits.warnings),
            sources: Sources::new(manifest_limits),
            top: Top::Empty,
            configured: false,
            current: None,
        }
    }

    /// The verdict on the whole, once every entry has been seen.
    pub(crate) fn finish(mut self) -> Result<(Manifest, Vec<Warning>), ArchiveError> {
        let links = self.links.judge(&self.inventory, self.limits.path_bytes)?;
        match self.top {
            Top::Empty => return Err(ArchiveError::NoFiles),
            _ if !self.configured => return Err(ArchiveError::NoConfiguration),
            Top::OneDirectory(directory) if !matches!(directory.as_str(), "modules" | "examples") => {
                return Err(ArchiveError::ExtraDirectory { directory: Escaped::new(directory.as_bytes()) });
            }
            Top::OneDirectory(_) | Top::Fine => {}
        }
        for Accepted { path, target, dangling } in links {
            let where_to = if dangling { "which is not in the archive" } else { "in the archive" };
            let message = format!(
                "a link to {target}, {where_to}; Terraform installs an empty file here: pack with `tar --dereference`"
            );
            self.warnings.push(WarningCode::Link, &path, &message);
        }
        let manifest = self.sources.finish(&mut self.warnings);
        Ok((manifest, self.warnings.finish()))
    }

    fn add(&mut self, path: &str, found: inventory::Found) -> Result<(), ArchiveError> {
        self.inventory.add(path, found).map_err(|refused| match refused {
            Refused::Conflict(problem) => {
                ArchiveError::Conflict { path: Escaped::new(path.as_bytes()), problem }
            }
            Refused::TooMuchText => ArchiveError::TooMuchText,
            Refused::TooMany => ArchiveError::TooManyEntries { limit: self.limits.entries },
        })
    }

    fn file(&mut self, path: String, size: u64) -> Result<(), ArchiveError> {
        self.add(&path, inventory::Found::File)?;
        self.top.add(&path);
        self.configured |= entry::is_configuration(&path);
        if entry::is_state(&path) {
            let message =
                "a state file, which usually holds secrets; publish again without it and replace the secrets";
            self.warnings.push(WarningCode::StateFile, &path, message);
        }
        let wanted = self.sources.want(&path, size, &mut self.warnings);
        let wanted = wanted.map(|(role, keep)| {
            let text = Vec::with_capacity(keep.min(usize::try_from(size).unwrap_or(usize::MAX)));
            (role, text, keep)
        });
        self.current = Some(Current { path, scanner: Scanner::default(), wanted, size });
        Ok(())
    }
}

impl Visitor for Collector<'_> {
    fn entry(&mut self, found: Found) -> Result<(), ArchiveError> {
        match found {
            Found::File { path, size } => self.file(path, size),
            Found::Directory { path } => self.add(&path, inventory::Found::Directory),
            Found::Symlink { path, target } => {
                self.add(&path, inventory::Found::Link)?;
                self.top.add(&path);
                self.links.symlink(path, target)
            }
            Found::HardLink { path, target } => {
                // Before it is added, so that a link to itself is a link to nothing.
                self.links.hard_link(path.clone(), target, &self.inventory, self.limits.path_bytes)?;
                self.top.add(&path);
                self.add(&path, inventory::Found::Link)
            }
        }
    }

    fn contents(&mut self, bytes: &[u8]) {
        let Some(current) = &mut self.current else { return };
        current.scanner.feed(bytes);
        if let Some((_, text, keep)) = &mut current.wanted {
            let room = keep.saturating_sub(text.len());
            text.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
    }

    fn file_end(&mut self) {
        let Some(current) = self.current.take() else { return };
        if current.scanner.found() {
            let message = "something that looks like a private key; if it is one, replace it and publish again without it";
            self.warnings.push(WarningCode::PrivateKey, &current.path, message);
        }
        if let Some((role, text, _)) = current.wanted {
            let complete = u64::try_from(text.len()).is_ok_and(|length| length == current.size);
            self.sources.add(role, &current.path, text, complete, &mut self.warnings);
        }
    }
}
