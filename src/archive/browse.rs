//! What a stored archive holds: the list of its entries, and one of its files.
//!
//! The archive was judged when it was published. It is read with the same strict reader all the same, within the same
//! limits and tighter ones, and nothing of it is unpacked to disk.

use std::io::Read;

use super::error::ArchiveError;
use super::walk::{Found, Visitor, walk};
use crate::domain::limits::{ArchiveLimits, BrowseLimits};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A file.
    File,
    /// A directory with an entry of its own; many have none.
    Directory,
    /// A symbolic or hard link, which Terraform installs as an empty file.
    Link,
}

/// An entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its normalised path.
    pub path: String,
    /// Bytes of its contents: none but for a file.
    pub size: u64,
    /// What it is.
    pub kind: EntryKind,
}

/// The entries of an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// In order of their paths.
    pub entries: Vec<Entry>,
    /// Whether these are all.
    pub complete: bool,
}

impl Listing {
    /// Bytes of memory it takes, roughly.
    pub fn cost(&self) -> usize {
        self.entries.iter().map(|entry| entry.path.len().saturating_add(size_of::<Entry>())).sum()
    }
}

/// A picture that can be shown: one that holds no program. SVG does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageType {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
}

impl ImageType {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }

    /// By the extension of a file's name.
    pub fn of_path(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "png" => Some(Self::Png),
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "gif" => Some(Self::Gif),
            "webp" => Some(Self::Webp),
            _ => None,
        }
    }

    /// By the first bytes of a file.
    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }
}

/// What is in a file, as far as it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text.
    Text(String),
    /// A picture, by its name and by its first bytes. To be sent with its media type, `nosniff` and a sandboxing CSP.
    Image(ImageType, Vec<u8>),
    /// Something else: not UTF-8, or with control characters.
    Binary,
    /// More than is shown.
    TooLarge,
    /// The entry is a directory.
    Directory,
    /// The entry is a link.
    Link,
}

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileView {
    /// Its normalised path.
    pub path: String,
    /// Bytes of its contents.
    pub size: u64,
    /// What is in it.
    pub content: Content,
}

impl FileView {
    /// Bytes of memory it takes, roughly.
    pub fn cost(&self) -> usize {
        let content = match &self.content {
            Content::Text(text) => text.capacity(),
            Content::Image(_, bytes) => bytes.capacity(),
            Content::Binary | Content::TooLarge | Content::Directory | Content::Link => 0,
        };
        content.saturating_add(self.path.len()).saturating_add(size_of::<Self>())
    }
}

/// The entries of a stored archive.
///
/// # Errors
///
/// [`ArchiveError::UnpackedTooLarge`] when it is larger than is looked into; any other when it is not what was
/// published.
pub fn list<R: Read>(
    reader: R,
    archive: &ArchiveLimits,
    limits: &BrowseLimits,
) -> Result<Listing, ArchiveError> {
    let mut lister = Lister { entries: Vec::new(), names: 0, most: limits.names_bytes };
    walk(reader, &tightened(archive, limits), &mut lister)?;
    let complete = !lister.is_done();
    let mut entries = lister.entries;
    entries.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(Listing { entries, complete })
}

/// One file of a stored archive; nothing when no entry has that path. The archive is read no further than that entry.
///
/// # Errors
///
/// As for [`list`].
pub fn read<R: Read>(
    reader: R,
    path: &str,
    archive: &ArchiveLimits,
    limits: &BrowseLimits,
) -> Result<Option<FileView>, ArchiveError> {
    let mut finder = Finder { path, limits, found: None, bytes: Vec::new(), state: State::Searching };
    walk(reader, &tightened(archive, limits), &mut finder)?;
    Ok(finder.finish())
}

fn tightened(archive: &ArchiveLimits, limits: &BrowseLimits) -> ArchiveLimits {
    ArchiveLimits { unpacked_bytes: archive.unpacked_bytes.min(limits.unpacked_bytes), ..*archive }
}

fn entry(found: Found) -> Entry {
    let (path, size, kind) = match found {
        Found::File { path, size } => (path, size, EntryKind::File),
        Found::Directory { path } => (path, 0, EntryKind::Directory),
        Found::Symlink { path, .. } | Found::HardLink { path, .. } => (path, 0, EntryKind::Link),
    };
    Entry { path, size, kind }
}

struct Lister {
    entries: Vec<Entry>,
    names: usize,
    most: usize,
}

impl Visitor for Lister {
    fn entry(&mut self, found: Found) -> Result<(), ArchiveError> {
        let entry = entry(found);
        self.names = self.names.saturating_add(entry.path.len());
        // The top is no entry to people.
        if !entry.path.is_empty() && !self.is_done() {
            self.entries.push(entry);
        }
        Ok(())
    }

    fn contents(&mut self, _bytes: &[u8]) {}

    fn file_end(&mut self) {}

    fn is_done(&self) -> bool {
        self.names > self.most
    }
}

/// How far the search for a file has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Searching,
    /// Its contents are streaming by.
    Reading,
    Done,
}

struct Finder<'a> {
    path: &'a str,
    limits: &'a BrowseLimits,
    found: Option<Entry>,
    bytes: Vec<u8>,
    state: State,
}

impl Finder<'_> {
    /// Bytes of that file that are shown.
    fn most(&self) -> u64 {
        match ImageType::of_path(self.path) {
            Some(_) => self.limits.image_bytes,
            None => self.limits.text_bytes,
        }
    }

    fn finish(self) -> Option<FileView> {
        let most = self.most();
        let Entry { path, size, kind } = self.found?;
        let content = match kind {
            EntryKind::Directory => Content::Directory,
            EntryKind::Link => Content::Link,
            EntryKind::File if size > most => Content::TooLarge,
            EntryKind::File => content(&path, self.bytes),
        };
        Some(FileView { path, size, content })
    }
}

impl Visitor for Finder<'_> {
    fn entry(&mut self, found: Found) -> Result<(), ArchiveError> {
        let entry = entry(found);
        if self.state == State::Searching && entry.path == self.path && !entry.path.is_empty() {
            let is_wanted = entry.kind == EntryKind::File && entry.size <= self.most();
            self.state = if is_wanted { State::Reading } else { State::Done };
            self.found = Some(entry);
        }
        Ok(())
    }

    fn contents(&mut self, bytes: &[u8]) {
        if self.state == State::Reading {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn file_end(&mut self) {
        if self.state == State::Reading {
            self.state = State::Done;
        }
    }

    fn is_done(&self) -> bool {
        self.state == State::Done
    }
}

fn content(path: &str, bytes: Vec<u8>) -> Content {
    if let Some(image) = ImageType::of_path(path) {
        // A name that lies would make browsers guess.
        let is_so = ImageType::of_bytes(&bytes) == Some(image);
        return if is_so { Content::Image(image, bytes) } else { Content::Binary };
    }
    match String::from_utf8(bytes) {
        Ok(text) if text.chars().all(is_text) => Content::Text(text),
        _ => Content::Binary,
    }
}

fn is_text(char: char) -> bool {
    !char.is_control() || matches!(char, '\n' | '\r' | '\t' | '\u{c}')
}
