//! The walk over a tar stream inside gzip: blocks, headers, caps. Entries that pass go to a [`Visitor`].

use std::io::Read;

use crate::domain::limits::ArchiveLimits;

use super::entry;
use super::error::{ArchiveError, HeaderProblem};
use super::escape::Escaped;
use super::extension::{Extensions, check_global};
use super::gzip::Member;
use super::header::{BLOCK, Block, Header, Kind, apparent_name, is_zero};

/// Small enough for the allocator to hand out memory that was used before: larger ones are mapped afresh each time.
const BUFFER_BYTES: usize = 64 * 1024;
/// Below this a size fits the ustar field, so a PAX record has no reason to say anything else.
const USTAR_MAX_SIZE: u64 = 8 << 30;

/// An entry whose header and name are in order. Whether it may be there beside the others is the visitor's to judge.
#[derive(Debug)]
pub enum Found {
    /// A regular file; its contents follow.
    File {
        /// Normalised path.
        path: String,
        /// Bytes of its contents.
        size: u64,
    },
    /// A directory; the empty path is the top.
    Directory {
        /// Normalised path.
        path: String,
    },
    /// A symbolic link.
    Symlink {
        /// Normalised path.
        path: String,
        /// Its target as written.
        target: Vec<u8>,
    },
    /// A hard link.
    HardLink {
        /// Normalised path.
        path: String,
        /// Its target as written.
        target: Vec<u8>,
    },
}

/// What is done with the entries of an archive.
pub trait Visitor {
    /// A new entry.
    fn entry(&mut self, found: Found) -> Result<(), ArchiveError>;
    /// Some bytes of the file whose entry came last.
    fn contents(&mut self, bytes: &[u8]);
    /// The file is complete.
    fn file_end(&mut self);
    /// Whether nothing more is wanted. Asked after every entry and every file; the rest is then not read, and not judged.
    fn is_done(&self) -> bool {
        false
    }
}

/// What a complete walk counted.
#[derive(Debug, Clone, Copy)]
pub struct Totals {
    /// Entries: files, directories, links, and global headers.
    pub entries: u64,
    /// Bytes of the tar stream.
    pub unpacked_bytes: u64,
}

/// Walks the whole upload: every entry, the end marker, the gzip trailer, the end of the reader; or up to where the
/// visitor is done.
///
/// Headers, names and sizes are judged; how entries stand beside each other is the visitor's business, and
/// [`inspect`](super::inspect) is what an upload must pass.
pub fn walk<R: Read>(
    reader: R,
    limits: &ArchiveLimits,
    visitor: &mut impl Visitor,
) -> Result<Totals, ArchiveError> {
    let mut walk = Walk { tape: Tape::open(reader, limits)?, limits, headers: 0, entries: 0 };
    walk.entries(visitor)?;
    if !visitor.is_done() {
        walk.tape.expect_only_zeros()?;
    }
    let totals = Totals { entries: walk.entries, unpacked_bytes: walk.tape.unpacked };
    if !visitor.is_done() {
        walk.tape.member.finish()?;
    }
    Ok(totals)
}

struct Walk<'a, R: Read> {
    tape: Tape<'a, R>,
    limits: &'a ArchiveLimits,
    /// Headers read, for messages.
    headers: u64,
    entries: u64,
}

impl<R: Read> Walk<'_, R> {
    /// Everything up to and including the end marker, or up to where the visitor is done.
    fn entries(&mut self, visitor: &mut impl Visitor) -> Result<(), ArchiveError> {
        let mut extensions = Extensions::default();
        loop {
            let Some(block) = self.tape.block()? else {
                return Err(ArchiveError::Truncated(if self.headers == 0 {
                    "it holds nothing at all"
                } else {
                    "its end marker is missing"
                }));
            };
            if is_zero(&block) {
                return self.end_marker(&extensions);
            }
            self.headers += 1;
            let header = Header::parse(&block).map_err(|problem| self.refuse(&block, problem))?;
            if header.kind.is_extension() {
                self.extension(&header, &mut extensions).map_err(|error| self.place(&block, error))?;
            } else {
                let extensions = std::mem::take(&mut extensions);
                let entry =
                    Merged::new(header, extensions).map_err(|problem| self.refuse(&block, problem))?;
                self.entry(entry, visitor)?;
                if visitor.is_done() {
                    return Ok(());
                }
            }
        }
    }

    /// The first zero block was read: a second one must follow, and no extension may be left over.
    fn end_marker(&mut self, extensions: &Extensions) -> Result<(), ArchiveError> {
        if !extensions.is_empty() {
            let (number, problem) = (self.headers, HeaderProblem::ExtensionAlone);
            return Err(ArchiveError::Header { number, name: None, problem });
        }
        match self.tape.block()? {
            None => Err(ArchiveError::Truncated("the second block of its end marker is missing")),
            Some(block) if is_zero(&block) => Ok(()),
            Some(block) => {
                self.headers += 1;
                Err(self.refuse(&block, HeaderProblem::LoneZeroBlock))
            }
        }
    }

    fn extension(&mut self, header: &Header, extensions: &mut Extensions) -> Result<(), Problem> {
        extensions.bytes = extensions.bytes.saturating_add(header.size);
        if extensions.bytes > self.limits.extension_bytes {
            return Err(HeaderProblem::ExtensionTooLarge.into());
        }
        let mut body = Vec::new();
        self.tape.data(header.size, |bytes| body.extend_from_slice(bytes))?;
        match header.kind {
            Kind::Pax => extensions.pax(&body)?,
            Kind::LongName => extensions.long_name(&body)?,
            Kind::LongLink => extensions.long_link(&body)?,
            // Nothing may stand between an extension and its entry.
            Kind::PaxGlobal if !extensions.is_empty() => return Err(HeaderProblem::ExtensionConflict.into()),
            Kind::PaxGlobal => {
                check_global(&body)?;
                extensions.bytes = 0;
                self.count()?;
            }
            Kind::File | Kind::Directory | Kind::Symlink | Kind::HardLink | Kind::Special(_) => {}
        }
        Ok(())
    }

    fn entry(&mut self, entry: Merged, visitor: &mut impl Visitor) -> Result<(), ArchiveError> {
        self.count()?;
        let shown = || Escaped::new(&entry.name);
        if let Kind::Special(what) = entry.kind {
            return Err(ArchiveError::Special { path: shown(), what });
        }
        let path = entry::parse_path(&entry.name, self.limits.path_bytes)
            .and_then(|path| match (entry.kind, path.as_str()) {
                (Kind::Directory, _) => Ok(path),
                (_, "") => Err(entry::NameProblem::Empty),
                _ if entry.name.ends_with(b"/") => Err(entry::NameProblem::TrailingSlash),
                _ => Ok(path),
            })
            .map_err(|problem| ArchiveError::Name { path: shown(), problem })?;
        if entry.size > self.limits.entry_bytes {
            let (size, limit) = (entry.size, self.limits.entry_bytes);
            return Err(ArchiveError::EntryTooLarge { path: shown(), size, limit });
        }
        let found = match entry.kind {
            Kind::Directory => Found::Directory { path },
            Kind::Symlink => Found::Symlink { path, target: entry.link },
            Kind::HardLink => Found::HardLink { path, target: entry.link },
            Kind::File | Kind::Special(_) | Kind::Pax | Kind::PaxGlobal | Kind::LongName | Kind::LongLink => {
                visitor.entry(Found::File { path, size: entry.size })?;
                if visitor.is_done() {
                    return Ok(());
                }
                self.tape.data(entry.size, |bytes| visitor.contents(bytes))?;
                visitor.file_end();
                return Ok(());
            }
        };
        visitor.entry(found)
    }

    fn count(&mut self) -> Result<(), ArchiveError> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(ArchiveError::TooManyEntries { limit: self.limits.entries });
        }
        Ok(())
    }

    fn refuse(&self, block: &Block, problem: HeaderProblem) -> ArchiveError {
        let name = Some(apparent_name(block)).filter(|name| !name.is_empty()).map(Escaped::new);
        ArchiveError::Header { number: self.headers, name, problem }
    }

    fn place(&self, block: &Block, problem: Problem) -> ArchiveError {
        match problem {
            Problem::Header(problem) => self.refuse(block, problem),
            Problem::Archive(error) => error,
        }
    }
}

/// A header problem that does not know its header yet, or any other error.
enum Problem {
    Header(HeaderProblem),
    Archive(ArchiveError),
}

impl From<HeaderProblem> for Problem {
    fn from(problem: HeaderProblem) -> Self {
        Self::Header(problem)
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

/// A header together with the extensions in front of it.
struct Merged {
    kind: Kind,
    name: Vec<u8>,
    link: Vec<u8>,
    size: u64,
}

impl Merged {
    fn new(header: Header, extensions: Extensions) -> Result<Self, HeaderProblem> {
        let is_file = header.kind == Kind::File;
        let size = match extensions.size {
            None => header.size,
            Some(size) if size == header.size => size,
            // The ustar field cannot hold it; writers put 0 there.
            Some(size) if is_file && size >= USTAR_MAX_SIZE && header.size == 0 => size,
            Some(_) => return Err(HeaderProblem::SizesDiffer),
        };
        Ok(Self {
            kind: header.kind,
            name: extensions.path.unwrap_or(header.name),
            link: extensions.link.unwrap_or(header.link),
            size,
        })
    }
}

/// The unpacked stream in blocks, with the caps on its size checked as it grows.
struct Tape<'a, R: Read> {
    member: Member<R>,
    limits: &'a ArchiveLimits,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    unpacked: u64,
}

impl<'a, R: Read> Tape<'a, R> {
    fn open(reader: R, limits: &'a ArchiveLimits) -> Result<Self, ArchiveError> {
        let member = Member::open(reader)?;
        Ok(Self { member, limits, buffer: vec![0; BUFFER_BYTES], start: 0, end: 0, unpacked: 0 })
    }

    /// At most `most` of the next bytes; none at the end.
    fn chunk(&mut self, most: usize) -> Result<&[u8], ArchiveError> {
        if self.start == self.end {
            self.fill()?;
        }
        let end = self.end.min(self.start.saturating_add(most));
        let chunk = self.buffer.get(self.start..end).unwrap_or_default();
        self.start = end;
        Ok(chunk)
    }

    fn fill(&mut self) -> Result<(), ArchiveError> {
        (self.start, self.end) = (0, self.member.read(&mut self.buffer)?);
        self.unpacked += self.end as u64;
        let ArchiveLimits { unpacked_bytes, ratio, ratio_free_bytes, .. } = *self.limits;
        if self.unpacked > unpacked_bytes {
            return Err(ArchiveError::UnpackedTooLarge { limit: unpacked_bytes });
        }
        if self.unpacked > ratio_free_bytes
            && self.unpacked > ratio.saturating_mul(self.member.compressed_bytes())
        {
            return Err(ArchiveError::Ratio { ratio });
        }
        Ok(())
    }

    /// The next block; nothing at the end of the stream.
    fn block(&mut self) -> Result<Option<Block>, ArchiveError> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let chunk = self.chunk(BLOCK - filled)?;
            match block.get_mut(filled..filled + chunk.len()) {
                Some(space) if !chunk.is_empty() => space.copy_from_slice(chunk),
                _ if filled == 0 => return Ok(None),
                _ => return Err(ArchiveError::Truncated("its last block is incomplete")),
            }
            filled += chunk.len();
        }
        Ok(Some(block))
    }

    /// Hands `size` bytes to `sink` and skips the padding behind them.
    fn data(&mut self, size: u64, mut sink: impl FnMut(&[u8])) -> Result<(), ArchiveError> {
        let mut rest = size;
        while rest > 0 {
            let chunk = self.chunk(usize::try_from(rest).unwrap_or(usize::MAX))?;
            if chunk.is_empty() {
                return Err(ArchiveError::Truncated("the contents of an entry are incomplete"));
            }
            sink(chunk);
            rest -= chunk.len() as u64;
        }
        let mut padding = size.next_multiple_of(BLOCK as u64) - size;
        while padding > 0 {
            let skipped = self.chunk(usize::try_from(padding).unwrap_or(usize::MAX))?.len() as u64;
            if skipped == 0 {
                return Err(ArchiveError::Truncated("the padding of an entry is incomplete"));
            }
            padding -= skipped;
        }
        Ok(())
    }

    /// Behind the end marker: `tar` fills its last record with zero blocks.
    fn expect_only_zeros(&mut self) -> Result<(), ArchiveError> {
        while let Some(block) = self.block()? {
            if !is_zero(&block) {
                return Err(ArchiveError::DataAfterEnd);
            }
        }
        Ok(())
    }
}
