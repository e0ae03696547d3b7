//! A search over what is known in memory and what an index of words found: which modules fit, and how well.
//!
//! A word of the search fits where it occurs in name, system, namespace or description, or where a word of the module
//! begins with it. A word that very many modules have is not looked up to its end in the index; modules that fit
//! otherwise are then handed out as unsure, to be looked at one by one.

use fixedbitset::FixedBitSet;

use std::sync::Arc;

use super::contents::Contents;
use super::hits::{Named, set_of};
use super::modules::{ModuleNumber, shown};
use super::pages::numbers;
use super::rows::FoundRow;
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

impl Fit {
    /// Every one that is for certain, best first.
    const KNOWN: [Self; 6] =
        [Self::Name, Self::Beginning, Self::Inside, Self::Description, Self::Declared, Self::Readme];
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
        let fits: Vec<Fits> = words.iter().map(|word| self.fits(word)).collect();
        let (mut sure, mut unsure) = (selected.clone(), selected.clone());
        for fits in &fits {
            sure.intersect_with(&fits.any);
            if !fits.is_cut {
                unsure.intersect_with(&fits.any);
            }
        }
        unsure.difference_with(&sure);
        let is_incomplete = unsure.count_ones(..) > bound;
        if is_incomplete {
            unsure.clear();
        }
        let sure_total = sure.count_ones(..);
        let window = if unsure.is_clear() { (offset, limit) } else { (0, offset.saturating_add(limit)) };
        let page = match fits.as_slice() {
            [only] => self.window(sure, &only.levels, window.0, window.1),
            several => self.best(&sure, several, window),
        };
        let unsure = self.window(unsure, &[], 0, bound);
        let found = |number: ModuleNumber| self.found_match(number, fits_of(&fits, number).collect());
        Matches {
            sure_total,
            sure: page.into_iter().filter_map(found).collect(),
            unsure: unsure.into_iter().filter_map(found).collect(),
            is_incomplete,
        }
    }

    /// The modules of a window of the order by rank; what is equal in rank comes by address.
    fn best(&self, found: &FixedBitSet, fits: &[Fits], (offset, limit): (usize, usize)) -> Vec<ModuleNumber> {
        let places = self.modules.places();
        let place = |number: ModuleNumber| places.get(number as usize).copied().unwrap_or(u32::MAX);
        let mut ranked: Vec<(u16, u32, ModuleNumber)> =
            numbers(found).map(|number| (rank(fits_of(fits, number)), place(number), number)).collect();
        let end = ranked.len().min(offset.saturating_add(limit));
        if end > 0 && end < ranked.len() {
            ranked.select_nth_unstable(end - 1);
        }
        ranked.truncate(end);
        ranked.sort_unstable();
        ranked.into_iter().skip(offset).map(|(_, _, number)| number).collect()
    }

    /// How well the modules fit one word, as far as it is known.
    fn fits(&self, word: &SearchWord) -> Fits {
        let Named { inside, elsewhere } = self.named(&word.text);
        let (exactly, beginning) = self.beginning_with(&word.text);
        let mut named = inside;
        named.union_with(&elsewhere);
        let mut about = FixedBitSet::with_capacity(self.modules.len());
        self.mark_about(&word.text, &mut about);
        let indexed = &word.indexed;
        let levels = [
            set_of(exactly),
            set_of(beginning),
            named,
            about,
            indexed.declared.clone(),
            indexed.readme.clone(),
        ];
        let mut any = FixedBitSet::with_capacity(self.modules.len());
        for level in &levels {
            any.union_with(level);
        }
        Fits { levels, any, is_cut: indexed.is_cut }
    }

    fn found_match(&self, number: ModuleNumber, fits: Vec<Fit>) -> Option<FoundMatch> {
        let project = self.modules.project(number)?;
        Some(FoundMatch { project, module: shown(self.modules.name(number)), fits, row: self.row_of(number) })
    }
}

/// How well the modules fit one word.
struct Fits {
    /// Those of each of [`Fit::KNOWN`]. A module is in the first that counts, and may be in later ones.
    levels: [FixedBitSet; 6],
    /// Those of all levels.
    any: FixedBitSet,
    /// There may be more.
    is_cut: bool,
}

/// How well a module that may fit all words fits each.
fn fits_of(fits: &[Fits], number: ModuleNumber) -> impl Iterator<Item = Fit> {
    fits.iter().map(move |fits| {
        let known = Fit::KNOWN.iter().zip(&fits.levels);
        known
            .filter(|(_, level)| level.contains(number as usize))
            .map(|(fit, _)| *fit)
            .next()
            .unwrap_or(Fit::Unsure)
    })
}
