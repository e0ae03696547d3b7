//! The tables of one commit: each opened once, by the first change that needs it, for all the changes after it.
//!
//! To open a table is more work than to read a row or to write one: its name is looked up, its types are compared, and
//! where it begins is noted when it is closed. redb has a table open once at a time, so they are kept in one place,
//! behind keys and rows as bytes, as tables of different keys have no type in common.

use std::cell::RefCell;
use std::ops::{Bound, ControlFlow};
use std::rc::Rc;

use redb::{ReadableTable as _, WriteTransaction};

use super::StoreError;
use super::codec::Record;
use super::tables::Table;

/// See the module's documentation. Clones share them; all are to be dropped before the transaction is committed.
#[derive(Clone)]
pub(super) struct OpenTables<'t> {
    transaction: &'t WriteTransaction,
    open: Rc<RefCell<Vec<(&'static str, Rc<dyn Rows + 't>)>>>,
}

impl<'t> OpenTables<'t> {
    /// None is open yet.
    pub(super) fn of_commit(transaction: &'t WriteTransaction) -> Self {
        Self { transaction, open: Rc::default() }
    }

    /// A table, opened if it was not.
    pub(super) fn of<K: redb::Key + 'static, R: Record>(
        &self,
        table: &Table<K, R>,
    ) -> Result<Rc<dyn Rows + 't>, StoreError> {
        let mut open = self.open.borrow_mut();
        if let Some((_, known)) = open.iter().find(|(name, _)| *name == table.name()) {
            return Ok(Rc::clone(known));
        }
        let opened: Rc<dyn Rows + 't> = Rc::new(RefCell::new(self.transaction.open_table(table.definition)?));
        open.push((table.name(), Rc::clone(&opened)));
        Ok(opened)
    }
}

/// The rows of one table. Keys are what the table's own key type makes of them.
pub(super) trait Rows {
    /// Shows the row under a key, if there is one.
    fn read(&self, key: &[u8], seen: &mut dyn FnMut(&[u8])) -> Result<(), StoreError>;
    /// Shows the rows of a range in the order of their keys, until told to stop.
    fn scan(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        seen: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;
    /// Writes a row, in place of the one that is there.
    fn insert(&self, key: &[u8], row: &[u8]) -> Result<(), StoreError>;
    /// Removes a row, whether or not it is there.
    fn remove(&self, key: &[u8]) -> Result<(), StoreError>;
}

impl<K: redb::Key + 'static> Rows for RefCell<redb::Table<'_, K, &'static [u8]>> {
    fn read(&self, key: &[u8], seen: &mut dyn FnMut(&[u8])) -> Result<(), StoreError> {
        if let Some(row) = self.borrow().get(K::from_bytes(key))? {
            seen(row.value());
        }
        Ok(())
    }

    fn scan(
        &self,
        (from, to): (Bound<&[u8]>, Bound<&[u8]>),
        seen: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let range = (from.map(K::from_bytes), to.map(K::from_bytes));
        for entry in self.borrow().range::<K::SelfType<'_>>(range)? {
            let (key, row) = entry?;
            if seen(K::as_bytes(&key.value()).as_ref(), row.value()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn insert(&self, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        self.borrow_mut().insert(K::from_bytes(key), row)?;
        Ok(())
    }

    fn remove(&self, key: &[u8]) -> Result<(), StoreError> {
        self.borrow_mut().remove(K::from_bytes(key))?;
        Ok(())
    }
}
