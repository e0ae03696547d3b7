//! What describes each module in lists and searches, kept beside its versions: the text and the words of the latest of
//! them.

use std::ops::ControlFlow;

use super::codec::Encoded;
use super::tables::{MODULE_TEXTS, MODULE_WORDS, ModuleText, ModuleWords};
use super::{Change, Note, Reader, StoreError, module_words, packages};
use crate::domain::manifest::Manifest;
use crate::domain::package::Package;
use crate::domain::{ProjectId, Version, words};

/// Sorts after every name: none holds such a character.
const AFTER_ALL: &str = "\u{10FFFF}";

/// What a package says of its module, if it is the latest of it: made of its manifest alone, before or in a change.
#[derive(Debug)]
pub(super) struct Description {
    line: String,
    words: ModuleWords,
    encoded_words: Encoded<ModuleWords>,
}

impl Description {
    pub(super) fn of(manifest: &Manifest) -> Result<Self, StoreError> {
        let words = ModuleWords { words: words::of(manifest) };
        let encoded_words = MODULE_WORDS.encode(&words)?;
        Ok(Self { line: manifest.description(), words, encoded_words })
    }
}

/// Takes the text of a new package, when it is the latest of its module now.
pub(super) fn published(
    change: &mut Change<'_>,
    package: &Package,
    described: Description,
) -> Result<(), StoreError> {
    let name = package.name.key();
    let before = change.get(&MODULE_TEXTS, (package.project.0, name.as_str(), package.system.as_str()))?;
    match before {
        Some(before) if !is_later(&package.version, &before.version) => Ok(()),
        before => put(change, package, described, before),
    }
}

/// Takes the text of the version that is the latest when that package is gone.
pub(super) fn removed(change: &mut Change<'_>, package: &Package) -> Result<(), StoreError> {
    let (name, system) = (package.name.key(), package.system.as_str());
    let present = change.get(&MODULE_TEXTS, (package.project.0, name.as_str(), system))?;
    let Some(present) = present.filter(|text| text.package == package.id) else { return Ok(()) };
    let left: Vec<_> = packages::versions(change, package.root, &package.name, &package.system)?
        .into_iter()
        .filter(|listed| listed.project == package.project && listed.entry.package != package.id)
        .collect();
    let latest = Version::latest(&left, |listed| &listed.entry.version).map(|listed| listed.entry.package);
    match latest {
        Some(latest) => {
            let manifest = packages::manifest(change, latest)?.unwrap_or_default();
            let latest = change.require(&super::tables::PACKAGES, latest.0)?;
            put(change, &latest, Description::of(&manifest)?, Some(present))
        }
        None => remove(change, package.project, &name, system),
    }
}

/// Removes the texts of every module of a project.
pub(super) fn remove_all(change: &mut Change<'_>, project: ProjectId) -> Result<(), StoreError> {
    let mut keys = Vec::new();
    let range = (project.0, "", "")..=(project.0, AFTER_ALL, AFTER_ALL);
    change.scan(&MODULE_TEXTS, range, |(_, name, system), _| {
        keys.push((name.to_owned(), system.to_owned()));
        ControlFlow::Continue(())
    })?;
    for (name, system) in keys {
        remove(change, project, &name, &system)?;
    }
    Ok(())
}

fn remove(change: &mut Change<'_>, project: ProjectId, name: &str, system: &str) -> Result<(), StoreError> {
    change.remove(&MODULE_TEXTS, (project.0, name, system));
    change.note(Note::ModuleRemoved { project, name: name.to_owned(), system: system.to_owned() });
    module_words::replace(change, project, (name, system), None)?;
    Ok(())
}

fn put(
    change: &mut Change<'_>,
    package: &Package,
    described: Description,
    before: Option<ModuleText>,
) -> Result<(), StoreError> {
    let (name, system) = (package.name.key(), package.system.as_str());
    let Description { line, words, encoded_words } = described;
    let text = text(package, line);
    change.put(&MODULE_TEXTS, (package.project.0, name.as_str(), system), &text)?;
    let same_line = before.is_some_and(|before| before.description == text.description);
    let same_words =
        !module_words::replace(change, package.project, (&name, system), Some((&words, encoded_words)))?;
    // Most new versions say what the one before them said: then there is nothing to tell.
    if !(same_line && same_words) {
        change.note(Note::Described {
            project: package.project,
            name: package.name.clone(),
            system: package.system.clone(),
            description: text.description,
        });
    }
    Ok(())
}

/// The text a package gives its module.
pub(super) fn of(package: &Package, manifest: &Manifest) -> ModuleText {
    text(package, manifest.description())
}

fn text(package: &Package, description: String) -> ModuleText {
    ModuleText { package: package.id, version: package.version.clone(), description }
}

/// Whether a module with these two versions is described by the first.
pub(super) fn is_later(version: &Version, than: &Version) -> bool {
    Version::latest([than, version], |version| *version).is_some_and(|latest| std::ptr::eq(latest, version))
}
