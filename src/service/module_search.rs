//! The search page: modules by name, description, what they declare and the words of their README, the best first.
//!
//! Names and descriptions are searched in memory, everything else in an index on disk, of which at most
//! [`MAX_HITS`] entries a word are read. A word more common than that finds a module for certain when it is in its name or
//! description; otherwise at most [`MAX_UNSURE`] modules are looked at one by one, and beyond that the search says that it
//! is not complete.

use jiff::Timestamp;

use super::Registry;
use super::access::{Caller, Standing};
use super::catalog::{Fit, FoundMatch, FoundRow, Scope, SearchWord};
use super::error::ServiceError;
use super::module_rows::{ModuleRow, row};
use super::packages::Views;
use crate::domain::access::ProjectAction;
use crate::domain::limits::MAX_PER_PAGE;
use crate::domain::words::{self, Use, Word};
use crate::store::{Snapshot, StoreError, module_words};

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
    ) -> Result<SearchPage, ServiceError> {
        let (now, registry, caller) = (self.now(), self.clone(), caller.clone());
        let words = judged_words(words);
        let limit = limit.min(MAX_PER_PAGE);
        self.read_long(move |snapshot| {
            Search { registry: &registry, snapshot, bounds: (MAX_HITS, MAX_UNSURE) }.page(
                &caller,
                &words,
                (offset, limit),
                now,
            )
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
    fn page(
        &self,
        caller: &Caller,
        words: &[String],
        (offset, limit): (usize, usize),
        now: Timestamp,
    ) -> Result<SearchPage, ServiceError> {
        if words.is_empty() {
            return Ok(SearchPage::default());
        }
        let words = words.iter().map(|word| self.look_up(word)).collect::<Result<Vec<_>, _>>()?;
        let standing = Standing::of(self.snapshot, caller, now)?;
        let (_, max_unsure) = self.bounds;
        let catalog = &self.registry.shared.catalog;
        let (found, is_incomplete) = catalog.read(self.registry.store(), |contents| {
            let may = |project: &_| standing.may(project, ProjectAction::Pull);
            let selected = contents.select(Scope::Everything, may);
            contents.search(&selected, &words, max_unsure)
        })?;
        let mut matches = Vec::with_capacity(found.len());
        for candidate in found {
            matches.extend(self.settled(candidate, &words)?);
        }
        // Sorting keeps the order by address among equals that were sure from the start.
        matches.sort_by_cached_key(|found| {
            let sum: usize = found.fits.iter().map(|fit| *fit as usize).sum();
            (found.fits.iter().min().copied(), sum)
        });
        let total = matches.len();
        let mut views = Views::new(self.snapshot, caller, now);
        let mut rows = Vec::new();
        for found in matches.into_iter().skip(offset).take(limit) {
            let place = FoundRow { latest: found.latest, newest: found.newest, versions: found.versions };
            let Some(row) = row(&mut views, place)? else { continue };
            rows.push(SearchRow { row, reasons: self.reasons(&found, &words)? });
        }
        Ok(SearchPage { rows, total, is_incomplete })
    }

    /// What the index knows about a word.
    fn look_up(&self, word: &str) -> Result<SearchWord, StoreError> {
        let (max_hits, _) = self.bounds;
        let hits = module_words::beginning_with(self.snapshot, word, max_hits)?;
        Ok(SearchWord { text: word.to_owned(), is_cut: hits.len() >= max_hits, hits })
    }

    fn words_of(&self, found: &FoundMatch) -> Result<Vec<Word>, StoreError> {
        let (name, system) = found.module.split_once('/').unwrap_or((&found.module, ""));
        module_words::of(self.snapshot, found.project, name, system)
    }

    /// A match in which nothing is unsure; nothing when it is none.
    fn settled(&self, mut found: FoundMatch, words: &[SearchWord]) -> Result<Option<FoundMatch>, StoreError> {
        if !is_unsure(&found) {
            return Ok(Some(found));
        }
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
        let own = self.words_of(found)?;
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

fn is_unsure(found: &FoundMatch) -> bool {
    found.fits.contains(&Fit::Unsure)
}

#[cfg(test)]
mod tests;
