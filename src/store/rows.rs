//! Rows of an open table, of a snapshot or in the middle of a commit.
//!
//! What is done with redb is in functions that know the type of the key and not the record: redb's code for a table is
//! large, and would otherwise be in the program once more for every kind of record and for every use of it.

use std::ops::{Bound, ControlFlow, RangeBounds};

use redb::{AccessGuard, ReadOnlyTable, ReadTransaction, ReadableTable, WriteTransaction};

use super::StoreError;
use super::codec::{self, CodecError, Record, View};
use super::tables::{Definition, Table};

/// From where to where: keys as redb writes them.
type Bounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// What is called with each key and what is stored under it.
type Visit<'v, K> =
    dyn FnMut(<K as redb::Value>::SelfType<'_>, &[u8]) -> Result<ControlFlow<()>, StoreError> + 'v;

/// The record under a key.
pub(super) fn get_in<K: redb::Key + 'static, R: Record>(
    open: &impl ReadableTable<K, &'static [u8]>,
    table: &Table<K, R>,
    key: K::SelfType<'_>,
) -> Result<Option<R>, StoreError> {
    match row(open, key)? {
        None => Ok(None),
        Some(bytes) => decode(table, bytes.value()).map(Some),
    }
}

/// Calls `visit` for each entry of a range, in order of the keys, until it breaks.
pub(super) fn scan_in<'k, K: redb::Key + 'static, R: Record>(
    open: &impl ReadableTable<K, &'static [u8]>,
    table: &Table<K, R>,
    range: impl RangeBounds<K::SelfType<'k>> + 'k,
    mut visit: impl FnMut(K::SelfType<'_>, R) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    each_row(open, &bounds_of::<K>(&range), &mut |key, bytes| Ok(visit(key, decode(table, bytes)?)))
}

/// The same with records read in place.
pub(super) fn view_in<'k, K: redb::Key + 'static, R: View>(
    open: &impl ReadableTable<K, &'static [u8]>,
    table: &Table<K, R>,
    range: impl RangeBounds<K::SelfType<'k>> + 'k,
    mut visit: impl FnMut(K::SelfType<'_>, R::Of<'_>) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    each_row(open, &bounds_of::<K>(&range), &mut |key, bytes| {
        let record = codec::view::<R>(bytes).map_err(|error| undecoded(table.name(), error))?;
        Ok(visit(key, record))
    })
}

/// What is stored under a key.
#[inline(never)]
fn row<'t, K: redb::Key + 'static>(
    open: &'t impl ReadableTable<K, &'static [u8]>,
    key: K::SelfType<'_>,
) -> Result<Option<AccessGuard<'t, &'static [u8]>>, StoreError> {
    Ok(open.get(key)?)
}

/// The bounds of a range of keys.
fn bounds_of<'k, K: redb::Key + 'static>(range: &impl RangeBounds<K::SelfType<'k>>) -> Bounds {
    let written = |key: &K::SelfType<'k>| K::as_bytes(key).as_ref().to_vec();
    (range.start_bound().map(written), range.end_bound().map(written))
}

/// Calls `visit` with each key of a range and what is stored under it.
pub(super) fn each_row<K: redb::Key + 'static>(
    open: &impl ReadableTable<K, &'static [u8]>,
    bounds: &Bounds,
    visit: &mut Visit<'_, K>,
) -> Result<(), StoreError> {
    let (start, end) = (bounds.0.as_ref(), bounds.1.as_ref());
    let range = (start.map(|key| K::from_bytes(key)), end.map(|key| K::from_bytes(key)));
    walk(open.range::<K::SelfType<'_>>(range)?, visit)
}

#[inline(never)]
fn walk<K: redb::Key + 'static>(
    range: redb::Range<'_, K, &'static [u8]>,
    visit: &mut Visit<'_, K>,
) -> Result<(), StoreError> {
    for entry in range {
        let (key, bytes) = entry?;
        if visit(key.value(), bytes.value())?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Writes a row, in place of what is there.
#[inline(never)]
pub(super) fn insert<K: redb::Key + 'static>(
    open: &mut redb::Table<'_, K, &'static [u8]>,
    key: K::SelfType<'_>,
    record: &[u8],
) -> Result<(), StoreError> {
    open.insert(key, record)?;
    Ok(())
}

/// A table of a snapshot.
#[inline(never)]
pub(super) fn open_to_read<K: redb::Key + 'static>(
    transaction: &ReadTransaction,
    definition: Definition<K>,
) -> Result<ReadOnlyTable<K, &'static [u8]>, StoreError> {
    Ok(transaction.open_table(definition)?)
}

/// A table of a commit, made when it is not there.
#[inline(never)]
pub(super) fn open_to_write<K: redb::Key + 'static>(
    transaction: &WriteTransaction,
    definition: Definition<K>,
) -> Result<redb::Table<'_, K, &'static [u8]>, StoreError> {
    Ok(transaction.open_table(definition)?)
}

#[inline(never)]
fn decode<K: redb::Key + 'static, R: Record>(table: &Table<K, R>, bytes: &[u8]) -> Result<R, StoreError> {
    codec::decode(bytes).map_err(|error| undecoded(table.name(), error))
}

fn undecoded(table: &str, error: CodecError) -> StoreError {
    StoreError::Record { table: table.to_owned(), error }
}
