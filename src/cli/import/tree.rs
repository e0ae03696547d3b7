//! The folder that is imported: which modules lie in it, and what else, which is skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};

use crate::archive::Escaped;
use crate::domain::version::InvalidVersion;
use crate::domain::{ModuleName, RootPath, System, Version};

/// What an archive's name ends in.
const ENDINGS: [&str; 2] = [".tar.gz", ".tgz"];
/// What is expected below the folder.
const LAYOUT: &str = "<namespace>/<name>/<system>/<version>.tar.gz";

/// A module at a version, as an archive or an unpacked folder.
#[derive(Debug)]
pub(super) struct Found {
    /// First part of its Terraform address.
    pub namespace: RootPath,
    /// Its name.
    pub name: ModuleName,
    /// Its target system.
    pub system: System,
    /// Its version, without the `v` that its name may begin with.
    pub version: Version,
    /// Where it is, links resolved.
    pub source: PathBuf,
    /// Where it is below the folder, as it is called there.
    pub path: String,
}

/// Something that is no module.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Skipped {
    /// Where it is below the folder; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// Why it is none, and what to do.
    pub reason: String,
}

/// All of the folder.
#[derive(Debug)]
pub(super) struct Tree {
    /// In order of namespace, name, system and version.
    pub found: Vec<Found>,
    /// In order of path.
    pub skipped: Vec<Skipped>,
}

/// Reads a folder. Nothing outside of it is looked at, wherever links lead.
pub(super) fn read(folder: &Path) -> Result<Tree> {
    let root = fs::canonicalize(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut walk = Walk { root, tree: Tree { found: Vec::new(), skipped: Vec::new() } };
    let top = Item { name: String::new(), path: String::new(), real: walk.root.clone() };
    walk.namespaces(&top)?;
    let mut tree = walk.tree;
    tree.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    tree.found.sort_by(|a, b| {
        let names = |found: &Found| (found.namespace.key(), found.name.key(), found.system.key());
        names(a).cmp(&names(b)).then_with(|| a.version.cmp(&b.version)).then_with(|| a.path.cmp(&b.path))
    });
    Ok(tree)
}

/// A file or a folder that a part of a module's address was read from.
struct Item {
    name: String,
    path: String,
    real: PathBuf,
}

struct Walk {
    root: PathBuf,
    tree: Tree,
}

impl Walk {
    fn namespaces(&mut self, top: &Item) -> Result<()> {
        for item in self.folders(top, "of a namespace")? {
            let Some(namespace) = self.parsed::<RootPath>(&item) else { continue };
            for item in self.folders(&item, "of a module")? {
                let Some(name) = self.parsed::<ModuleName>(&item) else { continue };
                for item in self.folders(&item, "of a system")? {
                    let Some(system) = self.parsed::<System>(&item) else { continue };
                    self.versions(&item, (&namespace, &name, &system))?;
                }
            }
        }
        Ok(())
    }

    /// The archives and unpacked folders of one module.
    fn versions(
        &mut self,
        folder: &Item,
        (namespace, name, system): (&RootPath, &ModuleName, &System),
    ) -> Result<()> {
        for item in self.items(folder)? {
            let text = if item.real.is_dir() {
                item.name.as_str()
            } else if let Some(stem) = ENDINGS.iter().find_map(|ending| item.name.strip_suffix(ending)) {
                stem
            } else {
                let reason = match item.path.strip_suffix(".zip") {
                    Some(folder) => format!(
                        "a zip: modules are gzip tars; unpack it into the folder {}",
                        Escaped::new(folder.as_bytes())
                    ),
                    None => "neither a .tar.gz or .tgz nor the folder of a version".to_owned(),
                };
                self.skip(item.path, reason);
                continue;
            };
            match version(text) {
                Ok(version) => self.tree.found.push(Found {
                    namespace: namespace.clone(),
                    name: name.clone(),
                    system: system.clone(),
                    version,
                    source: item.real,
                    path: item.path,
                }),
                Err(problem) => self.skip(item.path, problem.to_string()),
            }
        }
        Ok(())
    }

    /// What is directly below a folder and a folder itself.
    fn folders(&mut self, folder: &Item, what: &str) -> Result<Vec<Item>> {
        let (folders, files): (Vec<Item>, Vec<Item>) =
            self.items(folder)?.into_iter().partition(|item| item.real.is_dir());
        for file in files {
            self.skip(file.path, format!("a file where the folder {what} is expected: {LAYOUT}"));
        }
        Ok(folders)
    }

    /// What is directly below a folder, as far as it can be anything of a module.
    fn items(&mut self, folder: &Item) -> Result<Vec<Item>> {
        let unreadable = || format!("cannot read {}", folder.real.display());
        let mut items = Vec::new();
        let mut is_empty = true;
        for entry in fs::read_dir(&folder.real).with_context(unreadable)? {
            let entry = entry.with_context(unreadable)?;
            is_empty = false;
            let file_name = entry.file_name();
            let shown = file_name.to_string_lossy();
            let path =
                if folder.path.is_empty() { shown.to_string() } else { format!("{}/{shown}", folder.path) };
            let Some(name) = file_name.to_str() else {
                self.skip(path, "its name is not UTF-8".to_owned());
                continue;
            };
            match self.real(&entry.path()) {
                Ok(real) => items.push(Item { name: name.to_owned(), path, real }),
                Err(reason) => self.skip(path, reason.to_owned()),
            }
        }
        if is_empty && !folder.path.is_empty() {
            self.skip(folder.path.clone(), "an empty folder".to_owned());
        }
        Ok(items)
    }

    /// Where something really is. A link may lead to a file inside of the folder and nowhere else.
    fn real(&self, path: &Path) -> Result<PathBuf, &'static str> {
        let unreadable = "cannot be read; check that you may, and that it is no link to nothing";
        let real = fs::canonicalize(path).map_err(|_unreadable| unreadable)?;
        let metadata = fs::metadata(&real).map_err(|_unreadable| unreadable)?;
        let is_link = path.is_symlink();
        if !real.starts_with(&self.root) {
            Err("a link that leads out of the folder; copy what it points to")
        } else if is_link && !metadata.is_file() {
            Err("a link to a folder; links are followed to files only")
        } else if metadata.is_file() || metadata.is_dir() {
            Ok(real)
        } else {
            Err("neither a file nor a folder")
        }
    }

    fn parsed<T: FromStr<Err: ToString>>(&mut self, item: &Item) -> Option<T> {
        match item.name.parse() {
            Ok(parsed) => Some(parsed),
            Err(problem) => {
                self.skip(item.path.clone(), problem.to_string());
                None
            }
        }
    }

    fn skip(&mut self, path: String, reason: String) {
        self.tree.skipped.push(Skipped { path, reason });
    }
}

/// A version as archives are named. Mirrors often name them by Git tag, so a leading `v` is dropped.
fn version(text: &str) -> Result<Version, InvalidVersion> {
    match text.parse() {
        Err(InvalidVersion::LeadingV(_, rest)) => rest.parse(),
        parsed => parsed,
    }
}
