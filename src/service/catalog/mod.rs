//! What lists, searches and counts are answered from: every project, module and version of the instance, in memory.
//!
//! A page of a list is a few rows out of up to a million, in one of several orders, narrowed by words, and with an exact
//! count of what this caller may see. Indexes on disk cannot count what is visible without reading it; a compact copy
//! in memory can. It holds numbers and short texts only: the rows of a page are read from the store.
//!
//! It is read from the store in full once and follows each commit from then on, before anybody is told of the commit.

mod contents;
mod counts;
mod order;
mod pages;
mod places;
mod publishers;
mod ranked;
mod rows;
mod search;
mod text;
mod versions;

use std::sync::{Mutex, PoisonError, RwLock};

pub(super) use contents::{Contents, PlacedProject};
pub use pages::{PackageOrder, Window};
pub(super) use pages::{RowFilter, Scope};
pub use places::Extent;
pub(super) use places::{FoundProject, Sight};
pub use publishers::Manner;
pub(super) use publishers::PublishedBy;
pub(super) use ranked::{Fit, FoundMatch, SearchWord};
pub(super) use rows::FoundRow;
pub(super) use search::ModuleFilter;

use crate::store::{Note, Observer, Store, StoreError};

/// The contents, once they were read. Follows the store as its observer.
#[derive(Default)]
pub(super) struct Catalog {
    state: RwLock<State>,
    /// Held by whoever reads the store, so that nobody reads it twice.
    reading: Mutex<()>,
}

#[derive(Default)]
enum State {
    /// Nothing was read, or what was read may be wrong.
    #[default]
    Stale,
    /// The store is being read; what is committed meanwhile is kept for after.
    Reading(Vec<Note>),
    /// As the store is.
    Current(Box<Contents>),
}

impl Catalog {
    /// Answers from the contents, which are read first when they are not there. May take long: not on a thread that
    /// serves requests.
    pub(super) fn read<T>(&self, store: &Store, work: impl Fn(&Contents) -> T) -> Result<T, StoreError> {
        loop {
            if let State::Current(contents) = &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
                return Ok(work(contents));
            }
            self.fill(store)?;
        }
    }

    /// Reads the store unless somebody did meanwhile.
    fn fill(&self, store: &Store) -> Result<(), StoreError> {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            if matches!(*state, State::Current(_)) {
                return Ok(());
            }
            *state = State::Reading(Vec::new());
        }
        // The snapshot is taken after notes are being kept: what it misses is among them. What is in both is taken
        // twice, to the same effect.
        let loaded = store.read(Contents::load);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match (std::mem::take(&mut *state), loaded) {
            (State::Reading(missed), Ok(mut contents)) => {
                contents.follow(missed);
                *state = State::Current(Box::new(contents));
                Ok(())
            }
            // The database was opened anew while it was read: again.
            (State::Stale | State::Current(_), Ok(_)) => Ok(()),
            (_, Err(error)) => Err(error),
        }
    }
}

impl Observer for Catalog {
    fn committed(&self, notes: Vec<Note>) {
        if notes.is_empty() {
            return;
        }
        match &mut *self.state.write().unwrap_or_else(PoisonError::into_inner) {
            State::Stale => {}
            State::Reading(missed) => missed.extend(notes),
            State::Current(contents) => contents.follow(notes),
        }
    }

    fn reopened(&self) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = State::Stale;
    }
}

#[cfg(test)]
mod row_tests;
#[cfg(test)]
mod tests;
