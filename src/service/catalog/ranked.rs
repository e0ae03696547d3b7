//! A search over what is known in memory and what an index of words found: which modules fit, and how well.
//!
//! A word of the search fits where it occurs in name, system, namespace or description, or where a word of the module
//! begins with it. A word that very many modules have is not looked up to its end in the index; modules that fit
//! otherwise are then handed out as unsure, to be looked at one by one.

use fixedbitset::FixedBitSet;

use super::contents::{Contents, ModuleNumber};
use crate::domain::{PackageId, ProjectId};
use crate::store::module_words::Hit;

/// A word of a search with what the index knows about it.
#[derive(Debug)]
pub(in crate::service) struct SearchWord {
    /// The word in lower case.
    pub(in crate::service) text: String,
    /// Modules that have it.
    pub(in crate::service) hits: Vec<Hit>,
    /// There are more of them.
    pub(in crate::service) is_cut: bool,
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
    /// Its latest version.
    pub(in crate::service) latest: PackageId,
    /// The version that was published last.
    pub(in crate::service) newest: PackageId,
    /// How many versions it has.
    pub(in crate::service) versions: usize,
}

impl Contents {
    /// The selected modules that fit all words, and whether some may be missing. Those that may lack a word come behind the
    /// others, and are left out when there are more than `bound` of them. Both parts are in order of address.
    pub(in crate::service) fn search(
        &self,
        selected: &FixedBitSet,
        words: &[SearchWord],
        bound: usize,
    ) -> (Vec<FoundMatch>, bool) {
        let fits: Vec<Vec<Option<Fit>>> = words.iter().map(|word| self.fits(word)).collect();
        let fit = |word: usize, module: usize| fits.get(word)?.get(module).copied().flatten();
        let mut sure = Vec::new();
        let mut unsure = Vec::new();
        for &number in &self.by_address {
            let module = number as usize;
            if !selected.contains(module) {
                continue;
            }
            let known = (0..words.len()).map(|word| fit(word, module));
            let judged: Option<Vec<Fit>> = known
                .zip(words)
                .map(|(fit, word)| fit.or_else(|| word.is_cut.then_some(Fit::Unsure)))
                .collect();
            match judged {
                Some(fits) if fits.contains(&Fit::Unsure) => unsure.push((number, fits)),
                Some(fits) => sure.push((number, fits)),
                None => {}
            }
        }
        let too_many = unsure.len() > bound;
        if !too_many {
            sure.append(&mut unsure);
        }
        let found = sure.into_iter().filter_map(|(number, fits)| self.found_match(number, fits));
        (found.collect(), too_many)
    }

    /// How well each module fits one word, as far as it is known.
    fn fits(&self, word: &SearchWord) -> Vec<Option<Fit>> {
        let mut fits: Vec<Option<Fit>> = vec![None; self.modules.len()];
        let mut note = |module: usize, fit: Fit| {
            if let Some(known) = fits.get_mut(module) {
                *known = Some(known.map_or(fit, |known| known.min(fit)));
            }
        };
        for hit in &word.hits {
            let fit = if hit.uses.is_declared() { Fit::Declared } else { Fit::Readme };
            // What was published or deleted between the two reads is passed over.
            if let Some(number) = self.numbers.get(&(hit.project, hit.module.clone())) {
                note(*number as usize, fit);
            }
        }
        let mut found = FixedBitSet::with_capacity(self.modules.len());
        self.about.mark(&word.text, &mut found);
        found.ones().for_each(|module| note(module, Fit::Description));
        found.clear();
        self.names.mark(&word.text, &mut found);
        for module in found.ones() {
            let Some(known) = self.modules.get(module) else { continue };
            note(module, name_fit(known.sort_key().0, &word.text));
        }
        fits
    }

    fn found_match(&self, number: ModuleNumber, fits: Vec<Fit>) -> Option<FoundMatch> {
        let module = self.modules.get(number as usize)?;
        Some(FoundMatch {
            project: module.project,
            module: module.name.clone(),
            fits,
            latest: self.package(module.latest)?,
            newest: self.package(*module.rows.last()?)?,
            versions: module.rows.len(),
        })
    }
}

fn name_fit(name: &str, word: &str) -> Fit {
    match name.strip_prefix(word) {
        Some("") => Fit::Name,
        Some(_) => Fit::Beginning,
        None => Fit::Inside,
    }
}
