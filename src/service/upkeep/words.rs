//! The indexes that searches and filtered lists use: words of modules, publishers of packages.

use std::ops::ControlFlow;

use super::{Verified, unless};
use crate::domain::package::Package;
use crate::store::tables::{MODULE_TEXTS, MODULE_WORDS, PACKAGES, PUBLICATIONS, WORDS, publisher_key};
use crate::store::{Reader, Snapshot, StoreError};

/// Whether a package is listed under its publisher.
pub(super) fn is_published(reader: &Snapshot, package: &Package) -> Result<bool, StoreError> {
    let (kind, publisher) = publisher_key(package.publisher);
    Ok(reader.get(&PUBLICATIONS, (kind, publisher, package.id.0))?.is_some())
}

/// Checks what leads from words to modules and back, and from publishers to packages.
pub(super) fn check(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, MODULE_TEXTS, |(project, name, system), _| {
        let found = reader.get(&MODULE_WORDS, (project, name, system))?.is_some();
        Ok(unless(found, || format!("{name}/{system} of project {project} has no list of words")))
    });
    check_each!(reader, verified, MODULE_WORDS, |(project, name, system), module| {
        let mut whole = reader.get(&MODULE_TEXTS, (project, name, system))?.is_some();
        for word in &module.words {
            let uses = reader.get(&WORDS, (word.text.as_str(), project, name, system))?;
            whole &= uses == Some(word.uses);
        }
        Ok(unless(whole, || format!("{name}/{system} of project {project} is not found by all its words")))
    });
    check_each!(reader, verified, WORDS, |(word, project, name, system), uses| {
        let module = reader.get(&MODULE_WORDS, (project, name, system))?.unwrap_or_default();
        let place = module.words.binary_search_by(|own| own.text.as_str().cmp(word)).ok();
        let same = place.and_then(|place| module.words.get(place)).is_some_and(|own| own.uses == uses);
        Ok(unless(same, || format!("{name}/{system} of project {project} does not have the word {word:?}")))
    });
    check_each!(reader, verified, PUBLICATIONS, |(kind, publisher, id), _| {
        let same = reader
            .get(&PACKAGES, id)?
            .is_some_and(|package| publisher_key(package.publisher) == (kind, publisher));
        Ok(unless(same, || format!("package {id} was not published by {publisher}")))
    });
    Ok(())
}
