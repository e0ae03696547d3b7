//! A search over what is known in memory and what an index of words found: which modules fit, and how well.
//!
//! A word of the search fits where it occurs in name, system, namespace or description, or where a word of the module
//! begins with it. A word that very many modules have is not looked up to its end in the index; modules that fit
//! otherwise are then handed out as unsure, to be looked at one by one.

use fixedbitset::FixedBitSet;

use std::sync::Arc;

use super::contents::Contents;
use super::modules::{ModuleNumber, parts, shown};
use super::rows::FoundRow;
use super::search::best;
use super::text::Hit;
use super::words::Indexed;
use crate::domain::ProjectId;

/// A word of a search with what the index knows about it.
#[derive(Debug)]
pub(in crate::service) struct SearchWord {
    /// The word in lower case.
    pub(in crate::service) text: String,
    /// What the index knows.
    pub(in crate::service) indexed: Arc<Indexed>,
}

/// How well a module fits a word, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::service) enum Fit {
    /// It is the name.
    Name,
    /// The name begins with it.
    Beginning,
    /// It is in the name or system.
    Inside,
    /// It is in the namespace or the description.
    Description,
    /// An input, output, resource type or provider begins with it.
    Declared,
    /// A word of the README does.
    Readme,
    /// It may be, or not.
    Unsure,
}

/// A module that may fit a search.
#[derive(Debug)]
pub(in crate::service) struct FoundMatch {
    /// Its project.
    pub(in crate::service) project: ProjectId,
    /// `vpc/aws` in lower case.
    pub(in crate::service) module: String,
    /// How well it fits each word.
    pub(in crate::service) fits: Vec<Fit>,
    /// Its versions in short; nothing when they were not read yet.
    pub(in crate::service) row: Option<FoundRow>,
}

impl FoundMatch {
    /// Its place among matches, best first.
    pub(in crate::service) fn rank(&self) -> u16 {
        rank(self.fits.iter().copied())
    }
}

/// What a search found.
#[derive(Debug)]
pub(in crate::service) struct Matches {
    /// Those that fit for certain, the best first; what is equal in rank in order of address. Only those of the window
    /// that was asked for, unless there are unsure ones: then all before it too.
    pub(in crate::service) sure: Vec<FoundMatch>,
    /// How many fit for certain.
    pub(in crate::service) sure_total: usize,
    /// Those that may lack a word, in order of address.
    pub(in crate::service) unsure: Vec<FoundMatch>,
    /// There are so many of those that they were left out.
    pub(in crate::service) is_incomplete: bool,
}

/// By the word that fits best, then by all words.
fn rank(fits: impl Iterator<Item = Fit>) -> u16 {
    let (best, sum) = fits.fold((Fit::Unsure as u16, 0), |(best, sum), fit| {
        let fit = fit as u16;
        (best.min(fit), sum + fit)
    });
    best * MAX_SUM + sum
}

/// More than the fits of all words come to.
const MAX_SUM: u16 = 64;

impl Contents {
    /// The selected modules that fit all words: the `limit` from `offset` on. Those that may lack a word are found too,
    /// unless there are more than `bound` of them.
    pub(in crate::service) fn search(
        &self,
        selected: &FixedBitSet,
        words: &[SearchWord],
        (offset, limit): (usize, usize),
        bound: usize,
    ) -> Matches {
        let fits: Vec<Vec<Option<Fit>>> = words.iter().map(|word| self.fits(word)).collect();
        let fits_of = |number: ModuleNumber| {
            let known = fits.iter().map(move |fits| fits.get(number as usize).copied().flatten());
            known.zip(words).map(|(fit, word)| fit.or(word.indexed.is_cut.then_some(Fit::Unsure)))
        };
        let (mut sure, mut unsure, mut is_incomplete) = (Vec::new(), Vec::new(), false);
        for &number in self.modules.by_address.iter().filter(|number| selected.contains(**number as usize)) {
            if fits_of(number).any(|fit| fit.is_none()) {
                continue;
            }
            if !fits_of(number).any(|fit| fit == Some(Fit::Unsure)) {
                sure.push((rank(fits_of(number).flatten()), number));
            } else if unsure.len() < bound {
                unsure.push(number);
            } else {
                is_incomplete = true;
            }
        }
        if is_incomplete {
            unsure.clear();
        }
        let window = if unsure.is_empty() { (offset, limit) } else { (0, offset.saturating_add(limit)) };
        let found = |number: ModuleNumber| self.found_match(number, fits_of(number).flatten().collect());
        Matches {
            sure_total: sure.len(),
            sure: best(&sure, window.0, window.1).into_iter().filter_map(found).collect(),
            unsure: unsure.into_iter().filter_map(found).collect(),
            is_incomplete,
        }
    }

    /// How well each module fits one word, as far as it is known.
    fn fits(&self, word: &SearchWord) -> Vec<Option<Fit>> {
        let mut fits: Vec<Option<Fit>> = vec![None; self.modules.len()];
        // The best comes first, and nothing better after it.
        let mut note = |module: usize, fit: Fit| {
            if let Some(known @ None) = fits.get_mut(module) {
                *known = Some(fit);
            }
        };
        self.each_named(&word.text, |hit| note(hit.owner as usize, name_fit(&hit, &word.text)));
        self.each_about(&word.text, |module| note(module as usize, Fit::Description));
        word.indexed.declared.ones().for_each(|module| note(module, Fit::Declared));
        word.indexed.readme.ones().for_each(|module| note(module, Fit::Readme));
        fits
    }

    fn found_match(&self, number: ModuleNumber, fits: Vec<Fit>) -> Option<FoundMatch> {
        let project = self.modules.project(number)?;
        Some(FoundMatch { project, module: shown(self.modules.name(number)), fits, row: self.row_of(number) })
    }
}

fn name_fit(hit: &Hit<'_>, word: &str) -> Fit {
    match hit.at {
        0 if parts(hit.text).0.len() == word.len() => Fit::Name,
        0 if parts(hit.text).0.len() > word.len() => Fit::Beginning,
        _ => Fit::Inside,
    }
}
