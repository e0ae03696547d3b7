//! Pages of lists and searches, kept for who asks for the same again while nothing changed.
//!
//! A page is kept for one pair of eyes, with a stamp of everything that it could show. What ends by the clock is checked each
//! time, as it is for what is kept of callers (see [`super::ready`]).

use std::sync::Arc;

use jiff::Timestamp;

use super::Registry;
use super::cache::Cache;
use super::module_list::{ListedModule, ModulePage, ModuleQuery};
use super::module_search::{SearchPage, SearchRow};
use super::sights::Eyes;
use crate::store::Stamp;

/// Bytes of pages that are kept.
const BYTES: usize = 4 * 1024 * 1024;
/// What a row of a search takes besides its texts, about: the records of package and project.
const ROW_BYTES: usize = 1024;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// A list of modules.
    List(ModuleQuery),
    /// A search by these words, and which of its rows.
    Search(Vec<String>, usize, usize),
}

/// What was answered.
#[derive(Debug, Clone)]
pub(super) enum Page {
    List(Arc<ModulePage>),
    Search(Arc<SearchPage>),
}

struct Kept {
    page: Page,
    /// When a role ends by the clock that it was made with.
    until: Option<Timestamp>,
    stamp: Stamp,
}

/// See the module's documentation.
pub(super) struct KeptLists(Cache<(Eyes, Question), Kept>);

impl Default for KeptLists {
    fn default() -> Self {
        Self(Cache::new(BYTES))
    }
}

/// A question whose answer may be kept. Made before anything is read to answer it.
pub(super) struct Asking {
    key: Option<(Eyes, Question)>,
    stamp: Stamp,
}

impl Registry {
    /// Somebody asks.
    pub(super) fn asking(&self, eyes: Option<Eyes>, question: impl FnOnce() -> Question) -> Asking {
        Asking { key: eyes.map(|eyes| (eyes, question())), stamp: self.store().stamps().lists() }
    }

    /// What was answered to that, if it would be answered again.
    pub(super) fn kept_page(&self, asking: &Asking, now: Timestamp) -> Option<Page> {
        let kept = self.shared.kept_lists.0.get(asking.key.as_ref()?)?;
        let is_current = self.store().stamps().is_current(&kept.stamp);
        (is_current && kept.until.is_none_or(|until| now < until)).then(|| kept.page.clone())
    }

    /// Keeps an answer. `until` is when the standing it was made with ends by the clock.
    pub(super) fn keep_page(&self, asking: Asking, page: Page, until: Option<Timestamp>) {
        let Asking { key: Some(key), stamp } = asking else { return };
        let bytes = size_of::<Kept>() + key.1.bytes() + page.bytes();
        self.shared.kept_lists.0.put(key, Arc::new(Kept { page, until, stamp }), bytes);
    }
}

impl Question {
    fn bytes(&self) -> usize {
        let texts = match self {
            Self::List(query) => {
                let one = [&query.words, &query.namespace, &query.name];
                let lengths = one.into_iter().flatten().chain(&query.providers).map(String::len);
                lengths.sum::<usize>() + query.providers.len() * size_of::<String>()
            }
            Self::Search(words, ..) => words.iter().map(|word| word.len() + size_of::<String>()).sum(),
        };
        size_of::<(Eyes, Self)>() + texts
    }
}

impl Page {
    /// What it takes, about.
    fn bytes(&self) -> usize {
        match self {
            Self::List(page) => page.modules.iter().map(listed_bytes).sum(),
            Self::Search(page) => page.rows.iter().map(found_bytes).sum(),
        }
    }
}

fn listed_bytes(module: &ListedModule) -> usize {
    let texts = [&module.owner, &module.namespace, &module.description, &module.project];
    size_of::<ListedModule>() + 128 + texts.iter().map(|text| text.len()).sum::<usize>()
}

fn found_bytes(row: &SearchRow) -> usize {
    size_of::<SearchRow>() + ROW_BYTES + row.row.description.len()
}

#[cfg(test)]
mod tests;
