//! Why an upload is not an acceptable archive: one typed error, each message naming the entry, the rule and the way out.

use std::io;

use super::entry::NameProblem;
use super::escape::Escaped;

/// How to pack a module so that it is accepted.
pub(crate) const PACK: &str = "pack it with `tar -czf module.tar.gz -C DIR .`";

/// Why an upload was refused.
///
/// [`ArchiveError::Read`] is about the upload (the client went away, the upload is too large, the disk is full) and
/// carries the reader's own error untouched. Everything else is about the archive itself.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The reader failed: not a verdict on the archive.
    #[error("the upload could not be read")]
    Read(#[source] io::Error),
    /// There was not a single byte.
    #[error("the upload is empty; send a gzip-compressed tar archive: {PACK}")]
    Empty,
    /// The bytes are something else than gzip.
    #[error("the upload is {what}, not a gzip-compressed tar archive; {advice}")]
    WrongType {
        /// What it looks like.
        what: &'static str,
        /// How to make it what is wanted.
        advice: &'static str,
    },
    /// The gzip wrapper is not one clean member.
    #[error("the gzip file {0}; {PACK}")]
    Gzip(GzipProblem),
    /// The archive unpacks to more than the limit.
    #[error(
        "the archive unpacks to more than {limit} bytes, the limit; leave out what the module does not need"
    )]
    UnpackedTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The archive unpacks to many times its compressed size.
    #[error(
        "the archive unpacks to more than {ratio} times its compressed size, the limit; leave out generated or sparse files"
    )]
    Ratio {
        /// The limit.
        ratio: u64,
    },
    /// There are too many entries.
    #[error(
        "the archive holds more than {limit} entries or directories, the limit; leave out what the module does not need"
    )]
    TooManyEntries {
        /// The limit.
        limit: u64,
    },
    /// All names together are too long.
    #[error("the names in the archive are too long all together; shorten them")]
    TooMuchText,
    /// All links together are too long.
    #[error("the archive holds too many links; pack with `tar --dereference`")]
    TooManyLinks,
    /// One entry is too large.
    #[error("entry {path} holds {size} bytes, more than the limit of {limit}; leave it out")]
    EntryTooLarge {
        /// The entry.
        path: Escaped,
        /// What its header says.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The tar stream ends early.
    #[error("the tar archive ends in the middle: {0}; upload it again, or pack it again")]
    Truncated(&'static str),
    /// Bytes follow the end of the tar archive.
    #[error("data follows the end of the tar archive; pack one archive, not several joined together")]
    DataAfterEnd,
    /// A header cannot be trusted.
    #[error("the tar header number {number}{} {problem}; {PACK}", name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default())]
    Header {
        /// Which header of the archive, from 1.
        number: u64,
        /// The name in it, where it can be read.
        name: Option<Escaped>,
        /// What is wrong.
        problem: HeaderProblem,
    },
    /// An entry's name cannot be installed safely everywhere.
    #[error("entry {path} {problem}; rename it, or {PACK}")]
    Name {
        /// The entry.
        path: Escaped,
        /// What is wrong.
        problem: NameProblem,
    },
    /// Two entries would be one file.
    #[error("entry {path} {problem}; rename or remove one of the two")]
    Conflict {
        /// The later entry.
        path: Escaped,
        /// How they meet.
        problem: ConflictProblem,
    },
    /// A link that is not accepted.
    #[error("link {path} to {target} {problem}; pack with `tar --dereference -czf module.tar.gz -C DIR .`")]
    Link {
        /// The link.
        path: Escaped,
        /// Where it points.
        target: Escaped,
        /// What is wrong.
        problem: LinkProblem,
    },
    /// An entry that is neither a file, a directory nor a link.
    #[error("entry {path} is {what}; a module holds only files and directories, so leave it out")]
    Special {
        /// The entry.
        path: Escaped,
        /// What it is.
        what: &'static str,
    },
    /// The archive holds no file at all.
    #[error("the archive holds no files; {PACK}")]
    NoFiles,
    /// No configuration file at all.
    #[error(
        "the archive holds no *.tf, *.tf.json or *.tofu file, so it is no module; pack the module's directory: `tar -czf module.tar.gz -C DIR .`"
    )]
    NoConfiguration,
    /// Everything is one directory too deep.
    #[error(
        "everything in the archive is below the directory {directory}, so Terraform would find an empty module; \
         pack its contents: `tar -czf module.tar.gz -C {directory} .` (or, with git, `git archive` without --prefix)"
    )]
    ExtraDirectory {
        /// The one directory at the top.
        directory: Escaped,
    },
}

impl ArchiveError {
    /// Whether this is a verdict on the archive, and not a failure to receive it.
    pub const fn is_refusal(&self) -> bool {
        !matches!(self, Self::Read(_))
    }
}

/// What is wrong with the gzip wrapper (RFC 1952).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GzipProblem {
    /// It ends early.
    #[error("is truncated")]
    Truncated,
    /// The compressed data makes no sense.
    #[error("is corrupt")]
    Corrupt,
    /// A compression method other than deflate.
    #[error("uses an unknown compression method")]
    Method,
    /// Reserved flag bits.
    #[error("has reserved flag bits set")]
    ReservedFlags,
    /// Name, comment or extra field out of proportion.
    #[error("has an oversized name, comment or extra field in its header")]
    LongHeader,
    /// The header's own checksum.
    #[error("has a header with a wrong checksum")]
    HeaderChecksum,
    /// CRC-32 of the contents.
    #[error("has contents that do not match their checksum")]
    Checksum,
    /// ISIZE.
    #[error("has contents that do not match their recorded length")]
    Length,
    /// A second member.
    #[error("holds a second compressed member after the first")]
    SecondMember,
    /// Anything else after the first member.
    #[error("is followed by other bytes")]
    TrailingBytes,
}

/// What is wrong with a tar header or an extension header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// The checksum.
    #[error("has a wrong checksum")]
    Checksum,
    /// Neither ustar, GNU nor the old format.
    #[error("is of an unknown tar format")]
    Format,
    /// A numeric field that is no plain number.
    #[error("has an unreadable, negative or overflowing number in its field `{0}`")]
    Number(&'static str),
    /// Bytes behind the NUL that ends a text field.
    #[error("has hidden bytes behind the text of its field `{0}`")]
    HiddenBytes(&'static str),
    /// A type this format does not define, or that nothing but backups use.
    #[error("is of the unknown or unsupported entry type `{}`", char::from(*.0).escape_default())]
    Type(u8),
    /// Sparse files in any dialect.
    #[error("is a sparse file, which archive readers disagree about")]
    Sparse,
    /// A directory or link that claims contents.
    #[error("claims contents although it is a directory or a link")]
    UnexpectedSize,
    /// PAX and ustar sizes differ.
    #[error("gives two different sizes")]
    SizesDiffer,
    /// Extension records past their bound.
    #[error("has oversized extension records or an oversized long name")]
    ExtensionTooLarge,
    /// Two extensions that say the same thing.
    #[error("repeats or mixes extension headers")]
    ExtensionConflict,
    /// An extension without an entry.
    #[error("is an extension without an entry behind it")]
    ExtensionAlone,
    /// A PAX record that cannot be parsed.
    #[error("has a malformed PAX record")]
    Pax,
    /// A PAX key that is not known to be harmless.
    #[error("has a PAX record that is not accepted")]
    PaxKey,
    /// A global header with more than a comment.
    #[error("is a global PAX header that changes every entry; only a comment is accepted")]
    GlobalHeader,
    /// A GNU long name that is empty or has bytes behind its end.
    #[error("has a malformed GNU long name")]
    LongName,
    /// A zero block, then more entries.
    #[error("follows a lone zero block")]
    LoneZeroBlock,
}

/// How two entries meet in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConflictProblem {
    /// The same path.
    #[error("is in the archive twice")]
    Duplicate,
    /// The same path on a file system that ignores case or Unicode form.
    #[error("differs from another entry or directory only by letter case or Unicode form")]
    Twin,
    /// A file where a directory is, or the reverse.
    #[error("is a file and a directory at once")]
    FileAndDirectory,
    /// A path through a link.
    #[error("would be written through a link")]
    ThroughLink,
}

/// What is wrong with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkProblem {
    /// Its target is not an acceptable relative path.
    #[error("points to a path that {0}")]
    Target(NameProblem),
    /// Its target is outside.
    #[error("leaves the archive")]
    Outside,
    /// Its target is, or passes through, another link or itself.
    #[error("leads to or through another link")]
    Chain,
    /// A directory.
    #[error("leads to a directory, which Terraform would install as an empty file")]
    Directory,
    /// A configuration file.
    #[error("is named like a configuration file, which Terraform would install empty")]
    Configuration,
    /// A hard link whose target is not an earlier file.
    #[error("is a hard link without its file")]
    Missing,
}
