//! The search page: modules by name, description, what they declare and the words of their README, the best first.
//!
//! Names and descriptions are searched in memory, everything else in an index on disk, of which at most
//! [`MAX_HITS`] entries a word are read. A word more common than that finds a module for certain when it is in its name or
//! description; otherwise at most [`MAX_UNSURE`] modules are looked at one by one, and beyond that the search says that it
//! is not complete.

use std::sync::Arc;

use jiff::Timestamp;

use super::Registry;
use super::access::Caller;
use super::catalog::{Contents, Fit, FoundMatch, FoundRow, Matches, SearchWord};
use super::error::ServiceError;
use super::kept_lists::{Page, Question};
use super::module_rows::{ModuleRow, row};
use super::packages::Views;
use super::sights::{Eyes, Looking};
use crate::domain::Version;
use crate::domain::limits::MAX_PER_PAGE;
use crate::domain::words::{self, Use, Word};
use crate::store::{Snapshot, StoreError, identity, module_words, packages};

/// Words of a search that count.
pub const MAX_WORDS: usize = 6;
/// Bytes of a word that count.
const MAX_WORD_BYTES: usize = 64;
/// Entries of the index that are read for one word.
pub const MAX_HITS: usize = 20_000;
/// Modules that are looked at one by one.
pub const MAX_UNSURE: usize = 4_000;

/// Why a module was found by a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is in its name or system.
    Name,
    /// It is in its namespace or description.
    Description,
    /// This begins with it.
    Word {
        /// What it is in the module.
        used_as: Use,
        /// The whole of it, in lower case: `cidr_block`.
        text: String,
    },
}

/// A module that was found.
#[derive(Debug, Clone)]
pub struct SearchRow {
    /// The module at its latest version.
    pub row: ModuleRow,
    /// Why it was found: a reason for each word of the search.
    pub reasons: Vec<Reason>,
}

/// A part of what was found.
#[derive(Debug, Clone, Default)]
pub struct SearchPage {
    /// The modules, the best first.
    pub rows: Vec<SearchRow>,
    /// How many were found.
    pub total: usize,
    /// There may be more: a word was too common to be followed to its end.
    pub is_incomplete: bool,
}

impl Registry {
    /// The modules that the caller may pull in which every word occurs. Without words nothing is found.
    pub async fn search(
        &self,
        caller: &Caller,
        words: &str,
        offset: usize,
        limit: usize,
    ) -> Result<Arc<SearchPage>, ServiceError> {
        let words = judged_words(words);
        let limit = limit.min(MAX_PER_PAGE);
        let asking = self.asking(Eyes::of(caller), || Question::Search(words.clone(), offset, limit));
        let looking = self.looking(caller);
        if let Some(Page::Search(page)) = self.kept_page(&asking, looking.now) {
            return Ok(page);
        }
        let registry = self.clone();
        self.read_long(move |snapshot| {
            let search = Search { registry: &registry, snapshot, bounds: (MAX_HITS, MAX_UNSURE) };
            let (page, until) = search.page(&looking, &words, (offset, limit))?;
            let page = Arc::new(page);
            registry.keep_page(asking, Page::Search(Arc::clone(&page)), until);
            Ok(page)
        })
        .await
    }
}

/// The words of a search in lower case, each once.
fn judged_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = word.to_lowercase();
        let word = word.get(..word.floor_char_boundary(MAX_WORD_BYTES)).unwrap_or_default();
        if words.len() < MAX_WORDS && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

struct Search<'s> {
    registry: &'s Registry,
    snapshot: &'s Snapshot,
    /// [`MAX_HITS`] and [`MAX_UNSURE`].
    bounds: (usize, usize),
}

impl Search<'_> {
    /// The part of what was found that was asked for, and how long the caller sees just that.
    fn page(
        &self,
        looking: &Looking,
        words: &[String],
        (offset, limit): (usize, usize),
    ) -> Result<(SearchPage, Option<Timestamp>), ServiceError> {
        if words.is_empty() {
            return Ok((SearchPage::default(), None));
        }
        let (_, max_unsure) = self.bounds;
        let store = self.registry.store();
        let (words, found, sight) = self.registry.shared.catalog.read_modules(store, |contents| {
            let words =
                words.iter().map(|word| self.look_up(contents, word)).collect::<Result<Vec<_>, _>>()?;
            let sight = self.registry.sight(self.snapshot, contents, looking)?;
            let found = contents.search(&sight.pulled, &words, (offset, limit), max_unsure);
            Ok::<_, StoreError>((words, found, sight))
        })??;
        let is_incomplete = found.is_incomplete;
        let (matches, total) = self.settled(found, &words, (offset, limit))?;
        let mut views = Views::new(self.snapshot, &looking.caller, looking.now);
        let mut rows = Vec::new();
        for found in matches {
            let Some(place) = self.place_of(&found)? else { continue };
            let Some(row) = row(&mut views, place)? else { continue };
            rows.push(SearchRow { row, reasons: self.reasons(&found, &words)? });
        }
        Ok((SearchPage { rows, total, is_incomplete }, sight.standing.until()))
    }

    /// What the index knows about a word.
    fn look_up(&self, contents: &Contents, word: &str) -> Result<SearchWord, StoreError> {
        let (max_hits, _) = self.bounds;
        // What the contents were told is in a snapshot of now for certain.
        let indexed = contents.indexed(word, max_hits, |gathering| {
            self.registry.store().read(|snapshot| {
                module_words::beginning_with(snapshot, word, max_hits, |project, name, system, uses| {
                    gathering.add(project, name, system, uses);
                })
            })
        })?;
        Ok(SearchWord { text: word.to_owned(), indexed })
    }

    /// The matches of the window that was asked for, with nothing unsure among them, and how many there are in all.
    fn settled(
        &self,
        found: Matches,
        words: &[SearchWord],
        (offset, limit): (usize, usize),
    ) -> Result<(Vec<FoundMatch>, usize), StoreError> {
        if found.unsure.is_empty() {
            return Ok((found.sure, found.sure_total));
        }
        let (mut matches, mut total) = (found.sure, found.sure_total);
        for candidate in found.unsure {
            if let Some(settled) = self.looked_at(candidate, words)? {
                matches.push(settled);
                total += 1;
            }
        }
        // Sorting keeps the order by address among equals that were sure from the start.
        matches.sort_by_cached_key(FoundMatch::rank);
        Ok((matches.into_iter().skip(offset).take(limit).collect(), total))
    }

    /// The versions of a match in short. While the catalog does not know them they are read.
    fn place_of(&self, found: &FoundMatch) -> Result<Option<FoundRow>, StoreError> {
        if found.row.is_some() {
            return Ok(found.row);
        }
        let (name, system) = parts(found);
        let (Ok(name), Ok(system)) = (name.parse(), system.parse()) else { return Ok(None) };
        let Some(project) = identity::project(self.snapshot, found.project)? else { return Ok(None) };
        let Some(root) = project.groups.first() else { return Ok(None) };
        let mut versions = packages::versions(self.snapshot, *root, &name, &system)?;
        versions.retain(|listed| listed.project == found.project);
        let latest = Version::latest(&versions, |listed| &listed.entry.version);
        let newest = versions.iter().map(|listed| listed.entry.package).max();
        Ok(latest.zip(newest).map(|(latest, newest)| FoundRow {
            latest: latest.entry.package,
            newest,
            versions: versions.len(),
        }))
    }

    fn words_of(&self, found: &FoundMatch) -> Result<Vec<Word>, StoreError> {
        let (name, system) = parts(found);
        module_words::of(self.snapshot, found.project, name, system)
    }

    /// A match in which nothing is unsure; nothing when it is none.
    fn looked_at(
        &self,
        mut found: FoundMatch,
        words: &[SearchWord],
    ) -> Result<Option<FoundMatch>, StoreError> {
        let own = self.words_of(&found)?;
        for (fit, word) in found.fits.iter_mut().zip(words).filter(|(fit, _)| **fit == Fit::Unsure) {
            match words::beginning_with(&own, &word.text) {
                Some(known) if known.uses.is_declared() => *fit = Fit::Declared,
                Some(_) => *fit = Fit::Readme,
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// Why a module was found by each word.
    fn reasons(&self, found: &FoundMatch, words: &[SearchWord]) -> Result<Vec<Reason>, StoreError> {
        let is_by_word = found.fits.iter().any(|fit| *fit > Fit::Description);
        let own = if is_by_word { self.words_of(found)? } else { Vec::new() };
        let reason = |(fit, word): (&Fit, &SearchWord)| match fit {
            Fit::Name | Fit::Beginning | Fit::Inside => Some(Reason::Name),
            Fit::Description => Some(Reason::Description),
            Fit::Declared | Fit::Readme | Fit::Unsure => {
                let known = words::beginning_with(&own, &word.text)?;
                Some(Reason::Word { used_as: known.uses.first()?, text: known.text.clone() })
            }
        };
        Ok(found.fits.iter().zip(words).filter_map(reason).collect())
    }
}

/// Name and system of a match.
fn parts(found: &FoundMatch) -> (&str, &str) {
    found.module.split_once('/').unwrap_or((&found.module, ""))
}

#[cfg(test)]
mod tests;
