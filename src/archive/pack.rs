//! A directory to an archive, for `cairn publish`: the same bytes for the same files, whoever packs them and when.
//!
//! `.terraformignore` at the top of the directory is honoured with git's rules (a directory that is left out is not
//! looked into). Links are packed as what they point to, because Terraform would install an empty file.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use tar::{Builder, EntryType, Header, HeaderMode};

use crate::domain::limits::ArchiveLimits;

use super::entry::{self, NameProblem};
use super::error::ConflictProblem;
use super::escape::Escaped;
use super::inventory::{Found, Inventory, Refused};

/// The file that names what is left out.
const IGNORE_FILE: &str = ".terraformignore";

/// One file or directory that would be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackEntry {
    /// Its path in the archive.
    pub path: String,
    /// Where its contents are, links resolved.
    pub source: PathBuf,
    /// What it is.
    pub kind: PackKind,
}

/// What is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackKind {
    /// A directory.
    Directory,
    /// A file.
    File {
        /// Its size in bytes when the plan was made.
        size: u64,
        /// Whether its owner may run it.
        executable: bool,
    },
}

/// Why a directory cannot be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file or directory cannot be read.
    #[error("{} cannot be read; check that it exists and that you may read it", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The archive cannot be written.
    #[error("the archive cannot be written")]
    Write(#[source] io::Error),
    /// `.terraformignore` cannot be understood.
    #[error("{} cannot be used; correct the pattern", path.display())]
    Ignore {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ignore::Error,
    },
    /// A link leads outside.
    #[error(
        "{path} is a link that leaves the directory; copy what it points to, or list it in {IGNORE_FILE}"
    )]
    Outside {
        /// The link.
        path: Escaped,
    },
    /// A link leads to a directory it is in.
    #[error("{path} is a link to a directory it is in itself; remove it, or list it in {IGNORE_FILE}")]
    Loop {
        /// The link.
        path: Escaped,
    },
    /// A device, FIFO or socket.
    #[error("{path} is neither a file nor a directory; remove it, or list it in {IGNORE_FILE}")]
    Special {
        /// Which.
        path: Escaped,
    },
    /// A name that a registry refuses.
    #[error("{path} {problem}; rename it, or list it in {IGNORE_FILE}")]
    Name {
        /// Which.
        path: Escaped,
        /// What is wrong.
        problem: NameProblem,
    },
    /// Two names that are one on some systems.
    #[error("{path} {problem}; rename one of the two, or list it in {IGNORE_FILE}")]
    Conflict {
        /// The later one.
        path: Escaped,
        /// How they meet.
        problem: ConflictProblem,
    },
    /// Too many files.
    #[error(
        "the directory holds more than {limit} files; list what the module does not need in {IGNORE_FILE}"
    )]
    TooMany {
        /// The limit.
        limit: u64,
    },
    /// All names together are too long.
    #[error("the names in the directory are too long all together; shorten them")]
    TooMuchText,
    /// A file changed while it was packed.
    #[error("{} changed while it was packed; try again when nothing writes to it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// Lists what would be packed from `dir`, in the order of the archive: by name, a directory before what is in it.
pub fn plan(dir: &Path) -> Result<Vec<PackEntry>, PackError> {
    let root = fs::canonicalize(dir).map_err(|source| PackError::Io { path: dir.to_owned(), source })?;
    let limits = ArchiveLimits::default();
    let mut plan = Plan {
        ignored: ignore_rules(&root)?,
        inventory: Inventory::new(limits.entries),
        limits,
        entries: Vec::new(),
        open: vec![root.clone()],
        root,
    };
    let top = plan.root.clone();
    plan.directory(&top, "")?;
    Ok(plan.entries)
}

fn ignore_rules(root: &Path) -> Result<Gitignore, PackError> {
    let path = root.join(IGNORE_FILE);
    let mut builder = GitignoreBuilder::new(root);
    if path.is_file()
        && let Some(source) = builder.add(&path)
    {
        return Err(PackError::Ignore { path, source });
    }
    builder.build().map_err(|source| PackError::Ignore { path, source })
}

/// Whether a path is never packed: version control, downloaded modules and providers, state.
fn is_never_packed(path: &str) -> bool {
    path.split('/').any(|part| part == ".git" || part == ".terraform")
        || entry::file_name(path).to_ascii_lowercase().contains(".tfstate")
}

struct Plan {
    root: PathBuf,
    ignored: Gitignore,
    inventory: Inventory,
    limits: ArchiveLimits,
    entries: Vec<PackEntry>,
    /// The real directories being looked into right now, so that a link back to one of them is seen.
    open: Vec<PathBuf>,
}

impl Plan {
    fn directory(&mut self, real: &Path, path: &str) -> Result<(), PackError> {
        let unreadable = |source| PackError::Io { path: real.to_owned(), source };
        let mut names = Vec::new();
        for item in fs::read_dir(real).map_err(unreadable)? {
            names.push(item.map_err(unreadable)?.file_name());
        }
        names.sort_unstable();
        for name in names {
            let Some(text) = name.to_str() else {
                let path = Escaped::new(name.as_encoded_bytes());
                return Err(PackError::Name { path, problem: NameProblem::NotUtf8 });
            };
            let path = if path.is_empty() { text.to_owned() } else { format!("{path}/{text}") };
            self.item(&real.join(&name), &path)?;
        }
        Ok(())
    }

    fn item(&mut self, found: &Path, path: &str) -> Result<(), PackError> {
        let shown = Escaped::new(path.as_bytes());
        let unreadable = |source| PackError::Io { path: found.to_owned(), source };
        let is_link = fs::symlink_metadata(found).map_err(unreadable)?.is_symlink();
        // Left out before it is followed: an ignored link may lead anywhere.
        if is_never_packed(path) || self.is_ignored(path, !is_link && found.is_dir()) {
            return Ok(());
        }
        let real = if is_link { self.follow(found, &shown)? } else { Some(found.to_owned()) };
        let Some(real) = real else { return Ok(()) };
        let metadata = fs::metadata(&real).map_err(unreadable)?;
        if is_link && self.is_ignored(path, metadata.is_dir()) {
            return Ok(());
        }
        if metadata.is_dir() {
            self.add(path, &real, PackKind::Directory)?;
            if self.open.contains(&real) {
                return Err(PackError::Loop { path: shown });
            }
            self.open.push(real.clone());
            self.directory(&real, path)?;
            self.open.pop();
            Ok(())
        } else if metadata.is_file() {
            let kind = PackKind::File { size: metadata.len(), executable: is_executable(&metadata) };
            self.add(path, &real, kind)
        } else {
            Err(PackError::Special { path: shown })
        }
    }

    /// The real path behind a link, which must be inside; nothing when it is something that is never packed.
    fn follow(&self, link: &Path, shown: &Escaped) -> Result<Option<PathBuf>, PackError> {
        let real =
            fs::canonicalize(link).map_err(|source| PackError::Io { path: link.to_owned(), source })?;
        let Ok(inside) = real.strip_prefix(&self.root) else {
            return Err(PackError::Outside { path: shown.clone() });
        };
        let never = is_never_packed(&inside.to_string_lossy());
        Ok((!never).then_some(real))
    }

    fn is_ignored(&self, path: &str, is_dir: bool) -> bool {
        self.ignored.matched(path, is_dir).is_ignore()
    }

    fn add(&mut self, path: &str, source: &Path, kind: PackKind) -> Result<(), PackError> {
        let shown = || Escaped::new(path.as_bytes());
        entry::parse_path(path.as_bytes(), self.limits.path_bytes)
            .map_err(|problem| PackError::Name { path: shown(), problem })?;
        let found = if kind == PackKind::Directory { Found::Directory } else { Found::File };
        let limit = self.limits.entries;
        self.inventory.add(path, found).map_err(|refused| match refused {
            Refused::Conflict(problem) => PackError::Conflict { path: shown(), problem },
            Refused::TooMuchText => PackError::TooMuchText,
            Refused::TooMany => PackError::TooMany { limit },
        })?;
        if u64::try_from(self.entries.len()).is_ok_and(|count| count >= limit) {
            return Err(PackError::TooMany { limit });
        }
        self.entries.push(PackEntry { path: path.to_owned(), source: source.to_owned(), kind });
        Ok(())
    }
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &fs::Metadata) -> bool {
    false
}

/// Writes a plan as a gzip tar and gives `output` back, flushed. `progress` hears of every entry before it is read.
///
/// Times, owners and modes (but for the right to run a file) do not go in, so the same files give the same bytes.
pub fn write<W: Write>(
    entries: &[PackEntry],
    output: W,
    mut progress: impl FnMut(&PackEntry),
) -> Result<W, PackError> {
    let gzip = GzBuilder::new().mtime(0).write(output, Compression::default());
    let mut builder = Builder::new(gzip);
    builder.mode(HeaderMode::Deterministic);
    for entry in entries {
        progress(entry);
        append(&mut builder, entry)?;
    }
    let gzip = builder.into_inner().map_err(PackError::Write)?;
    let mut output = gzip.finish().map_err(PackError::Write)?;
    output.flush().map_err(PackError::Write)?;
    Ok(output)
}

fn append(builder: &mut Builder<impl Write>, entry: &PackEntry) -> Result<(), PackError> {
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    let PackKind::File { executable, .. } = entry.kind else {
        header.set_entry_type(EntryType::Directory);
        header.set_mode(0o755);
        header.set_size(0);
        let path = format!("{}/", entry.path);
        return builder.append_data(&mut header, path, io::empty()).map_err(PackError::Write);
    };
    let unreadable = |source| PackError::Io { path: entry.source.clone(), source };
    let mut file = File::open(&entry.source).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(if executable { 0o755 } else { 0o644 });
    header.set_size(size);
    let mut contents = Contents { file: &mut file, rest: size, failure: None };
    let written = builder.append_data(&mut header, &entry.path, &mut contents);
    match (contents.failure.take(), contents.rest) {
        (Some(failure), _) => return Err(unreadable(failure)),
        (None, 0) => written.map_err(PackError::Write)?,
        (None, _) => {
            written.map_err(PackError::Write)?;
            return Err(PackError::Changed { path: entry.source.clone() });
        }
    }
    match file.read(&mut [0]).map_err(unreadable)? {
        0 => Ok(()),
        _ => Err(PackError::Changed { path: entry.source.clone() }),
    }
}

/// The contents of a file, as many bytes as its header promised.
struct Contents<'a> {
    file: &'a mut File,
    rest: u64,
    failure: Option<io::Error>,
}

impl Read for Contents<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.file.take(self.rest).read(buffer) {
            Ok(count) => {
                self.rest -= count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.failure = Some(error);
                Err(io::Error::other("the file cannot be read"))
            }
        }
    }
}
