//! The configuration files and READMEs of an archive to a [`Manifest`]. Whatever cannot be read is left out with a
//! warning; nothing here refuses an archive.
//!
//! Read are the root, every directory below `modules/` and every directory below `examples/` that holds configuration
//! files; hidden directories are not. Where `x.tf` and `x.tofu` stand beside each other OpenTofu reads only the second
//! and Terraform only the first: both are shown, the first one's word counting where they differ.

mod bound;
mod facts;
mod guard;
mod hcl;
mod json;
mod literal;
mod plain;

use std::collections::{BTreeMap, BTreeSet};
use std::string::FromUtf8Error;

use crate::domain::limits::ManifestLimits;
use crate::domain::manifest::{Manifest, ModulePart};
use crate::domain::package::WarningCode;

use self::facts::{Assembly, Facts};
use super::entry;
use super::warnings::Warnings;

/// What the text of a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Configuration of its directory.
    Configuration,
    /// The README of its directory.
    Readme,
}

/// Where a directory stands in a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Root,
    Submodule,
    Example,
}

impl Place {
    /// The place of a directory, if its files are read.
    fn of(directory: &str) -> Option<Self> {
        let mut parts = directory.split('/');
        let place = match (parts.next(), parts.next()) {
            (Some(""), None) => return Some(Self::Root),
            (Some("modules"), Some(_)) => Self::Submodule,
            (Some("examples"), Some(_)) => Self::Example,
            _ => return None,
        };
        (!directory.split('/').any(|part| part.starts_with('.'))).then_some(place)
    }

    const fn index(self) -> usize {
        match self {
            Self::Root => 0,
            Self::Submodule => 1,
            Self::Example => 2,
        }
    }
}

/// Why a configuration file is not in the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    line: usize,
    column: usize,
    reason: String,
}

impl Unreadable {
    /// A reason at a byte offset.
    fn at(text: &str, offset: usize, reason: &str) -> Self {
        let before = text.as_bytes().get(..offset).unwrap_or_default();
        let line = before.split(|&byte| byte == b'\n').count();
        let column = before.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        let column = String::from_utf8_lossy(column).chars().count() + 1;
        Self { line, column, reason: reason.to_owned() }
    }
}

/// Reads one configuration file: JSON syntax when its name ends in `.json`, else native syntax.
fn read(path: &str, bytes: &[u8], depth: usize) -> Result<Facts, Unreadable> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            return Err(Unreadable::at(
                &String::from_utf8_lossy(valid),
                error.valid_up_to(),
                "it is not UTF-8",
            ));
        }
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if path.strip_suffix(".json").is_some() { json::read(text, depth) } else { hcl::read(text, depth) }
}

/// The text of the manifest's part, for tests and fuzzing: one file as if it were alone at the top.
pub fn read_file(path: &str, bytes: &[u8], limits: &ManifestLimits) -> Option<ModulePart> {
    let mut assembly = Assembly::default();
    assembly.add(read(path, bytes, limits.depth).ok()?, false);
    Some(assembly.finish(String::new(), None))
}

/// Whether native syntax is read the same with and without a syntax tree, for fuzzing.
pub fn readers_agree(text: &str, limits: &ManifestLimits) -> bool {
    hcl::readers_agree(text, limits.depth)
}

/// A file's place in the order in which its directory is put together.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    directory: String,
    overrides: bool,
    tofu: bool,
    name: String,
}

impl Order {
    fn of(path: &str) -> Self {
        let name = entry::file_name(path);
        let stem = name.strip_suffix(".json").unwrap_or(name);
        let (stem, kind) = stem.rsplit_once('.').unwrap_or((stem, ""));
        let tofu = kind == "tofu";
        let overrides = stem == "override" || stem.ends_with("_override");
        Self { directory: entry::parent(path).to_owned(), overrides, tofu, name: name.to_owned() }
    }
}

/// A README, and how well its name fits.
struct Readme {
    markdown: bool,
    text: String,
}

/// What was read so far.
pub(crate) struct Sources<'a> {
    limits: &'a ManifestLimits,
    files: usize,
    bytes: u64,
    /// Bytes of facts and READMEs kept, by place: a thousand examples must not crowd out the root.
    kept: [usize; 3],
    facts: BTreeMap<Order, Facts>,
    directories: BTreeSet<String>,
    readmes: BTreeMap<String, Readme>,
    incomplete: bool,
}

impl<'a> Sources<'a> {
    pub(crate) const fn new(limits: &'a ManifestLimits) -> Self {
        Self {
            limits,
            files: 0,
            bytes: 0,
            kept: [0; 3],
            facts: BTreeMap::new(),
            directories: BTreeSet::new(),
            readmes: BTreeMap::new(),
            incomplete: false,
        }
    }

    /// Whether the contents of a file are wanted, for what, and how many bytes of them.
    pub(crate) fn want(&mut self, path: &str, size: u64, warnings: &mut Warnings) -> Option<(Role, usize)> {
        let directory = entry::parent(path);
        Place::of(directory)?;
        if is_readme(path) {
            return Some((Role::Readme, usize::try_from(self.limits.readme_bytes).unwrap_or(usize::MAX)));
        }
        if !entry::is_configuration(path) {
            return None;
        }
        if self.files >= self.limits.files || self.bytes.saturating_add(size) > self.limits.total_bytes {
            self.incomplete = true;
            return None;
        }
        self.directories.insert(directory.to_owned());
        if size > self.limits.file_bytes {
            let message = format!("larger than {} bytes, so it is not read", self.limits.file_bytes);
            warnings.push(WarningCode::Incomplete, path, &message);
            return None;
        }
        self.files += 1;
        self.bytes += size;
        Some((Role::Configuration, usize::try_from(size).unwrap_or(usize::MAX)))
    }

    /// Takes in the contents of a wanted file; `complete` when nothing was cut off.
    pub(crate) fn add(
        &mut self,
        role: Role,
        path: &str,
        bytes: Vec<u8>,
        complete: bool,
        warnings: &mut Warnings,
    ) {
        match role {
            Role::Configuration => self.add_configuration(path, &bytes, warnings),
            Role::Readme => self.add_readme(path, bytes, complete, warnings),
        }
    }

    fn add_configuration(&mut self, path: &str, bytes: &[u8], warnings: &mut Warnings) {
        match read(path, bytes, self.limits.depth) {
            Ok(facts) if self.keep(path, facts.cost()) => drop(self.facts.insert(Order::of(path), facts)),
            Ok(_) => self.incomplete = true,
            Err(Unreadable { line, column, reason }) => {
                let name = entry::file_name(path);
                let message = format!("{name}:{line}:{column}: cannot be read: {reason}");
                warnings.push(WarningCode::InvalidConfiguration, path, &message);
            }
        }
    }

    fn add_readme(&mut self, path: &str, bytes: Vec<u8>, complete: bool, warnings: &mut Warnings) {
        let markdown = entry::file_name(path).len() > "README".len();
        let directory = entry::parent(path);
        if self.readmes.get(directory).is_some_and(|known| known.markdown && !markdown) {
            return;
        }
        if !self.keep(path, bytes.len()) {
            self.incomplete = true;
            return;
        }
        let lossy = |error: FromUtf8Error| String::from_utf8_lossy(error.as_bytes()).into_owned();
        let mut text = String::from_utf8(bytes).unwrap_or_else(lossy);
        if !complete {
            // The cut may have gone through a character.
            text.truncate(text.trim_end_matches('\u{FFFD}').len());
            warnings.push(
                WarningCode::Incomplete,
                path,
                "longer than what is kept of a README, so its end is missing",
            );
        }
        let text = text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text);
        self.readmes.insert(directory.to_owned(), Readme { markdown, text });
    }

    /// Whether `cost` more bytes may be kept for the place of `path`.
    fn keep(&mut self, path: &str, cost: usize) -> bool {
        let place = Place::of(entry::parent(path)).unwrap_or(Place::Example);
        let Some(kept) = self.kept.get_mut(place.index()) else { return false };
        let fits = kept.saturating_add(cost) <= self.limits.manifest_bytes;
        if fits {
            *kept += cost;
        }
        fits
    }

    /// Puts everything together, within the limit of the whole.
    pub(crate) fn finish(mut self, warnings: &mut Warnings) -> Manifest {
        let mut parts: BTreeMap<String, Assembly> = BTreeMap::new();
        parts.insert(String::new(), Assembly::default());
        parts.extend(
            std::mem::take(&mut self.directories).into_iter().map(|path| (path, Assembly::default())),
        );
        for (order, facts) in std::mem::take(&mut self.facts) {
            parts.entry(order.directory).or_default().add(facts, order.overrides);
        }
        let mut manifest = Manifest::default();
        for (path, assembly) in parts {
            let readme = self.readmes.remove(&path).map(|readme| readme.text);
            let part = assembly.finish(path, readme);
            match Place::of(&part.path) {
                Some(Place::Root) => manifest.root = part,
                Some(Place::Submodule) => manifest.submodules.push(part),
                Some(Place::Example) => manifest.examples.push(part),
                None => {}
            }
        }
        if bound::shrink(&mut manifest, self.limits.manifest_bytes) || self.incomplete {
            let message = "the module declares more than what is read, so its documentation is incomplete";
            warnings.push(WarningCode::Incomplete, "", message);
        }
        manifest
    }
}

fn is_readme(path: &str) -> bool {
    let name = entry::file_name(path);
    name.eq_ignore_ascii_case("README.md") || name.eq_ignore_ascii_case("README")
}
