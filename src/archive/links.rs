//! Links of an archive, judged once all its entries are known.

use super::entry::{self, NameProblem, Resolved};
use super::error::{ArchiveError, LinkProblem};
use super::escape::Escaped;
use super::inventory::{Found, Inventory};

/// Bytes of all links' names and targets.
const MAX_LINK_BYTES: usize = 4 * 1024 * 1024;

/// A link as the archive lists it.
#[derive(Debug)]
struct Link {
    path: String,
    target: Vec<u8>,
    /// Where a hard link leads, found when it was listed: its file must come first.
    hard: bool,
}

/// The links of one archive.
#[derive(Debug, Default)]
pub(crate) struct Links {
    list: Vec<Link>,
    bytes: usize,
}

/// A link that is accepted, for the warning about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) path: String,
    pub(crate) target: String,
    /// Whether its target is in the archive.
    pub(crate) dangling: bool,
}

impl Links {
    /// Remembers a symbolic link.
    pub(crate) fn symlink(&mut self, path: String, target: Vec<u8>) -> Result<(), ArchiveError> {
        self.push(Link { path, target, hard: false })
    }

    /// Checks and remembers a hard link: its target is an earlier regular file, named from the top of the archive.
    pub(crate) fn hard_link(
        &mut self,
        path: String,
        target: Vec<u8>,
        inventory: &Inventory,
        limit: usize,
    ) -> Result<(), ArchiveError> {
        let link = Link { path, target, hard: true };
        let target =
            entry::parse_path(&link.target, limit).map_err(|problem| link.refuse(target_problem(problem)))?;
        match inventory.get(&target) {
            _ if target == link.path || inventory.passes_link(&target) => {
                Err(link.refuse(LinkProblem::Chain))
            }
            Some(Found::File) => self.push(link),
            Some(Found::Directory) => Err(link.refuse(LinkProblem::Directory)),
            Some(Found::Link) | None => Err(link.refuse(LinkProblem::Missing)),
        }
    }

    fn push(&mut self, link: Link) -> Result<(), ArchiveError> {
        if entry::is_configuration(&link.path) {
            return Err(link.refuse(LinkProblem::Configuration));
        }
        self.bytes += link.path.len() + link.target.len();
        if self.bytes > MAX_LINK_BYTES {
            return Err(ArchiveError::TooManyLinks);
        }
        self.list.push(link);
        Ok(())
    }

    /// Judges every link against the complete archive.
    ///
    /// A symbolic link to something that is not in the archive is accepted like one to a file that is: Terraform makes
    /// an empty file of both, so neither does more harm than the other, and the warning tells which it is.
    pub(crate) fn judge(self, inventory: &Inventory, limit: usize) -> Result<Vec<Accepted>, ArchiveError> {
        self.list.into_iter().map(|link| link.judge(inventory, limit)).collect()
    }
}

impl Link {
    fn judge(self, inventory: &Inventory, limit: usize) -> Result<Accepted, ArchiveError> {
        let dangling =
            !self.hard && self.is_dangling(inventory, limit).map_err(|problem| self.refuse(problem))?;
        let target = String::from_utf8_lossy(&self.target).into_owned();
        Ok(Accepted { path: self.path, target, dangling })
    }

    fn is_dangling(&self, inventory: &Inventory, limit: usize) -> Result<bool, LinkProblem> {
        let resolved = entry::resolve_link(&self.path, &self.target, limit).map_err(target_problem)?;
        let Resolved { path, passed } = resolved.ok_or(LinkProblem::Outside)?;
        if passed.iter().chain([&path]).any(|path| inventory.passes_link(path)) {
            return Err(LinkProblem::Chain);
        }
        match inventory.get(&path) {
            Some(Found::File) => Ok(false),
            Some(Found::Directory) => Err(LinkProblem::Directory),
            Some(Found::Link) => Err(LinkProblem::Chain),
            None => Ok(true),
        }
    }

    fn refuse(&self, problem: LinkProblem) -> ArchiveError {
        let path = Escaped::new(self.path.as_bytes());
        ArchiveError::Link { path, target: Escaped::new(&self.target), problem }
    }
}

fn target_problem(problem: NameProblem) -> LinkProblem {
    match problem {
        NameProblem::Absolute | NameProblem::Parent => LinkProblem::Outside,
        NameProblem::TooLong(_)
        | NameProblem::LongComponent
        | NameProblem::NotUtf8
        | NameProblem::Turns
        | NameProblem::Empty
        | NameProblem::TrailingSlash
        | NameProblem::Control
        | NameProblem::Backslash
        | NameProblem::Invisible
        | NameProblem::Colon
        | NameProblem::TrailingDotOrSpace
        | NameProblem::Device => LinkProblem::Target(problem),
    }
}
