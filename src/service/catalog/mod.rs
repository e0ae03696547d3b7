//! What lists, searches and counts are answered from: every project, module and version of the instance, in memory.
//!
//! A page of a list is a few rows out of up to a million, in one of several orders, narrowed by words, and with an exact
//! count of what this caller may see. Indexes on disk cannot count what is visible without reading it; a compact copy
//! in memory can. It holds numbers and short texts only: the rows of a page are read from the store.
//!
//! It is read from the store in full once and follows each commit from then on, before anybody is told of the commit.
//! It is read in two steps: searches are answered after the first, when the modules are known, and lists after the
//! second, when the versions of each are.

mod columns;
mod contents;
mod counts;
mod hits;
mod lists;
mod loading;
mod modules;
mod order;
mod pages;
mod places;
mod publishers;
mod ranked;
mod rows;
mod search;
mod text;
mod versions;
mod vocabulary;
mod words;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(super) use contents::{Contents, Generation, PlacedProject};
pub use pages::{PackageOrder, Window};
pub(super) use pages::{RowFilter, Scope};
pub use places::Extent;
pub(super) use places::{FoundProject, Sight};
pub use publishers::Manner;
pub(super) use publishers::PublishedBy;
pub(super) use ranked::{Fit, FoundMatch, Matches, SearchWord};
pub(super) use rows::FoundRow;
pub(super) use search::ModuleFilter;

use crate::store::{Note, Observer, Store, StoreError};
use loading::LoadedRows;

/// The contents, once they were read. Follows the store as its observer.
#[derive(Default)]
pub(super) struct Catalog {
    state: RwLock<State>,
    /// Whether everything was read. Apart, so that who asks does not wait for a long search to let a change in.
    is_complete: AtomicBool,
    /// Held by whoever reads the modules, so that nobody reads them twice. Counts how often they were read.
    reading_modules: Mutex<u64>,
    /// Held by whoever reads the rows.
    reading_rows: Mutex<()>,
}

#[derive(Default)]
enum State {
    /// Nothing was read, or what was read may be wrong.
    #[default]
    Stale,
    /// The modules are being read; what is committed meanwhile is kept for after.
    ReadingModules(Vec<Note>),
    /// The modules are as in the store. The rows are being read, or will be.
    WithoutRows(Box<WithoutRows>),
    /// As the store is.
    Current(Box<Contents>),
}

struct WithoutRows {
    contents: Contents,
    /// What was committed since the modules were read.
    missed: Vec<Note>,
    /// Which reading of the modules it was: their numbers mean something in this one only.
    reading: u64,
}

impl State {
    fn contents(&self, with_rows: bool) -> Option<&Contents> {
        match self {
            Self::Current(contents) => Some(contents),
            Self::WithoutRows(partly) if !with_rows => Some(&partly.contents),
            _ => None,
        }
    }

    fn without_rows(&self, reading: u64) -> Option<&WithoutRows> {
        match self {
            Self::WithoutRows(partly) if partly.reading == reading => Some(partly),
            _ => None,
        }
    }
}

impl Catalog {
    /// Answers from the contents, which are read first when they are not there. May take long: not on a thread that
    /// serves requests.
    pub(super) fn read<T>(&self, store: &Store, work: impl Fn(&Contents) -> T) -> Result<T, StoreError> {
        loop {
            if let Some(contents) = self.state().contents(true) {
                return Ok(work(contents));
            }
            self.fill_rows(store)?;
        }
    }

    /// Answers from what is known of projects and modules. The rows may not have been read yet.
    pub(super) fn read_modules<T>(
        &self,
        store: &Store,
        work: impl Fn(&Contents) -> T,
    ) -> Result<T, StoreError> {
        loop {
            if let Some(contents) = self.state().contents(false) {
                return Ok(work(contents));
            }
            self.fill_modules(store)?;
        }
    }

    /// Whether everything was read.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete.load(Ordering::Acquire)
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads projects and modules unless somebody did meanwhile.
    fn fill_modules(&self, store: &Store) -> Result<(), StoreError> {
        let mut readings = self.reading_modules.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut state = self.state_mut();
            if state.contents(false).is_some() {
                return Ok(());
            }
            *state = State::ReadingModules(Vec::new());
        }
        // The snapshot is taken after notes are being kept: what it misses is among them. What is in both is taken
        // twice, to the same effect.
        let loaded = store.read(Contents::load_modules);
        let mut state = self.state_mut();
        match (std::mem::take(&mut *state), loaded) {
            (State::ReadingModules(missed), Ok(mut contents)) => {
                contents.follow(missed);
                *readings += 1;
                let partly = WithoutRows { contents, missed: Vec::new(), reading: *readings };
                *state = State::WithoutRows(Box::new(partly));
                Ok(())
            }
            // The database was opened anew while it was read: again.
            (_, Ok(_)) => Ok(()),
            (_, Err(error)) => Err(error),
        }
    }

    /// Reads the rows unless somebody did meanwhile.
    fn fill_rows(&self, store: &Store) -> Result<(), StoreError> {
        let _reading = self.reading_rows.lock().unwrap_or_else(PoisonError::into_inner);
        self.fill_modules(store)?;
        let Some(reading) = self.reading_without_rows() else { return Ok(()) };
        let loaded = self.load_rows(store, reading)?;
        self.adopt(loaded, reading);
        Ok(())
    }

    fn reading_without_rows(&self) -> Option<u64> {
        match &*self.state() {
            State::WithoutRows(partly) => Some(partly.reading),
            _ => None,
        }
    }

    /// Reads the rows for modules as that reading numbered them. As above, notes were being kept before the snapshot is
    /// taken. Searches are answered meanwhile.
    fn load_rows(&self, store: &Store, reading: u64) -> Result<LoadedRows, StoreError> {
        store.read(|snapshot| {
            LoadedRows::load(snapshot, |project, key, near| {
                self.state().without_rows(reading)?.contents.find_near(project, key, near)
            })
        })
    }

    /// Puts rows to their modules, unless the database was opened anew while they were read.
    fn adopt(&self, loaded: LoadedRows, reading: u64) {
        let mut state = self.state_mut();
        if state.without_rows(reading).is_none() {
            return;
        }
        if let State::WithoutRows(partly) = std::mem::take(&mut *state) {
            let WithoutRows { mut contents, missed, .. } = *partly;
            contents.adopt(loaded);
            contents.follow(missed);
            *state = State::Current(Box::new(contents));
            self.is_complete.store(true, Ordering::Release);
        }
    }
}

impl Observer for Catalog {
    fn committed(&self, notes: Vec<Note>) {
        if notes.is_empty() {
            return;
        }
        match &mut *self.state_mut() {
            State::Stale => {}
            State::ReadingModules(missed) => missed.extend(notes),
            State::WithoutRows(partly) => {
                partly.missed.extend_from_slice(&notes);
                partly.contents.follow(notes);
            }
            State::Current(contents) => contents.follow(notes),
        }
    }

    fn reopened(&self) {
        let mut state = self.state_mut();
        *state = State::Stale;
        self.is_complete.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod row_tests;
#[cfg(test)]
mod search_tests;
#[cfg(test)]
mod stage_tests;
#[cfg(test)]
mod tests;
