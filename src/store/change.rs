//! A change: reads through the tables of the commit it is part of, and queues what it wants written.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, RangeBounds};

use redb::ReadableTable as _;

use super::audit::{self, Unchained};
use super::codec::{Encoded, Record};
use super::notes::Note;
use super::open_tables::{OpenTables, StoreKey};
use super::rows::{get_in, insert, scan_in};
use super::stamps::Touched;
use super::tables::{self, Counter, Definition, Table};
use super::{Reader, StoreError};
use crate::domain::audit::Entry;
use crate::domain::{ModuleName, System};

type Operation = Box<dyn FnOnce(&OpenTables<'_>) -> Result<(), StoreError>>;

/// One change: reads what is committed (and what changes before it in the same commit wrote), queues what to write.
///
/// A change does not see its own queue.
pub struct Change<'t> {
    tables: OpenTables<'t>,
    operations: Vec<Operation>,
    counters: BTreeMap<&'static str, u64>,
    notes: Vec<Note>,
    audit: Vec<Unchained>,
    touched: Touched,
}

impl std::fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Change({} operations)", self.operations.len())
    }
}

impl<'t> Change<'t> {
    pub(super) fn new(tables: OpenTables<'t>) -> Self {
        Self {
            tables,
            operations: Vec::new(),
            counters: BTreeMap::new(),
            notes: Vec::new(),
            audit: Vec::new(),
            touched: Touched::default(),
        }
    }

    /// What it tells the observer, and what it touched.
    pub(super) fn take_effects(&mut self) -> (Vec<Note>, Touched) {
        (std::mem::take(&mut self.notes), std::mem::take(&mut self.touched))
    }
}

impl Change<'_> {
    /// Queues a record to be written under a key, in place of what is there.
    pub fn put<K, R>(
        &mut self,
        table: &'static Table<K, R>,
        key: K::SelfType<'_>,
        record: &R,
    ) -> Result<(), StoreError>
    where
        K: StoreKey,
        R: Record,
    {
        self.put_encoded(table, key, table.encode(record)?);
        Ok(())
    }

    /// The same for a record that was encoded before the change had its turn.
    #[expect(clippy::needless_pass_by_value, reason = "keys are small, and redb's own calls take them so")]
    pub(super) fn put_encoded<K, R>(
        &mut self,
        table: &'static Table<K, R>,
        key: K::SelfType<'_>,
        record: Encoded<R>,
    ) where
        K: StoreKey,
        R: Record,
    {
        self.touched.table(table.affects);
        let key = K::as_bytes(&key).as_ref().to_vec();
        self.operations.push(insertion(table.definition, key, record.into_bytes()));
    }

    /// Queues the removal of a key, whether or not it is there.
    #[expect(clippy::needless_pass_by_value, reason = "keys are small, and redb's own calls take them so")]
    pub fn remove<K, R>(&mut self, table: &'static Table<K, R>, key: K::SelfType<'_>)
    where
        K: StoreKey,
        R: Record,
    {
        self.touched.table(table.affects);
        let key = K::as_bytes(&key).as_ref().to_vec();
        self.operations.push(removal(table.definition, key));
    }

    /// Tells the store's observer about it, once it is durable.
    pub(super) fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// Says which module the packages are of that it writes or removes, so that only what is known of that is read again.
    pub(super) fn touch_module(&mut self, name: &ModuleName, system: &System) {
        self.touched.module(name.as_str(), system.as_str());
    }

    /// Whether that very record is under a key already, byte for byte.
    pub(super) fn holds<K, R>(
        &self,
        table: &'static Table<K, R>,
        key: K::SelfType<'_>,
        record: &Encoded<R>,
    ) -> Result<bool, StoreError>
    where
        K: StoreKey,
        R: Record,
    {
        let open = self.tables.of(table.definition)?;
        Ok(open.borrow().get(key)?.is_some_and(|found| found.value() == record.bytes()))
    }

    /// Queues an entry of the audit log: it is chained to those before it, in this commit too, when the change is applied.
    pub fn audit(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.audit.push(Unchained::new(entry)?);
        Ok(())
    }

    /// The next number of a series, starting at 1. Given out once and for all when the change succeeds.
    pub fn next_number(&mut self, series: &'static str) -> Result<u64, StoreError> {
        let last = match self.counters.get(series) {
            Some(&last) => last,
            None => self.get(&tables::COUNTERS, series)?.map_or(0, |Counter(last)| last),
        };
        let next = last.saturating_add(1);
        self.counters.insert(series, next);
        Ok(next)
    }

    /// Writes what was queued. Says whether that was anything.
    pub(super) fn apply(mut self) -> Result<bool, StoreError> {
        let entries = std::mem::take(&mut self.audit);
        audit::append(&mut self, entries)?;
        for (series, last) in std::mem::take(&mut self.counters) {
            self.put(&tables::COUNTERS, series, &Counter(last))?;
        }
        let any = !self.operations.is_empty();
        for operation in self.operations {
            operation(&self.tables)?;
        }
        Ok(any)
    }
}

/// Writes a row when it is run. Made here, so that its code is there once for a type of key, whatever the record.
fn insertion<K: StoreKey>(definition: Definition<K>, key: Vec<u8>, record: Vec<u8>) -> Operation {
    Box::new(move |tables| insert(&mut tables.of(definition)?.borrow_mut(), K::from_bytes(&key), &record))
}

/// Removes a row, likewise.
fn removal<K: StoreKey>(definition: Definition<K>, key: Vec<u8>) -> Operation {
    Box::new(move |tables| {
        tables.of(definition)?.borrow_mut().remove(K::from_bytes(&key))?;
        Ok(())
    })
}

impl Reader for Change<'_> {
    fn get<K: StoreKey, R: Record>(
        &self,
        table: &Table<K, R>,
        key: K::SelfType<'_>,
    ) -> Result<Option<R>, StoreError> {
        get_in(&*self.tables.of(table.definition)?.borrow(), table, key)
    }

    fn scan<'k, K: StoreKey, R: Record>(
        &self,
        table: &Table<K, R>,
        range: impl RangeBounds<K::SelfType<'k>> + 'k,
        visit: impl FnMut(K::SelfType<'_>, R) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        scan_in(&*self.tables.of(table.definition)?.borrow(), table, range, visit)
    }
}

#[cfg(test)]
mod tests;
