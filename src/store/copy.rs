//! A copy of one state of the database in a file of its own, made while the database is in use.
//!
//! A file that is written to cannot be copied as it is: its pages would be of different commits. So the rows are read in
//! one transaction and written anew, in the order of their keys, which is also the quickest way to fill a file.

use std::fs::File;
use std::ops::{Bound, ControlFlow};

use redb::backends::FileBackend;
use redb::{Database, ReadTransaction, ReadableTableMetadata, WriteTransaction};

use super::rows::{each_row, insert, open_to_read, open_to_write};
use super::tables::{self, Definition};
use super::{Store, StoreError, migrate, side_by_side};

/// Pages of the copy that are kept in memory. What is beyond is written out at once, so that less is left for the end.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// The rows of one table, to be copied.
type Piece<'c> = Box<dyn FnOnce() -> Result<(), StoreError> + Send + 'c>;

impl Store {
    /// Writes everything that is committed now into an empty file that is open for reading and writing. It is a whole
    /// database once this returns, and durable. Nothing is left out: a table of a newer program is an error. Takes seconds for millions of rows: to be called in the background.
    pub fn copy_into(&self, file: File) -> Result<(), StoreError> {
        self.read(|snapshot| {
            if let Some(table) = migrate::unknown_table(&snapshot.transaction)? {
                return Err(StoreError::UnknownTable(table));
            }
            let copy = Database::builder()
                .set_cache_size(CACHE_BYTES)
                .create_with_backend(FileBackend::new(file)?)?;
            let mut transaction = copy.begin_write()?;
            transaction.set_quick_repair(true);
            migrate::copy_format(&snapshot.transaction, &transaction)?;
            let pieces = pieces(&snapshot.transaction, &transaction)?;
            side_by_side(pieces, |piece| piece())?.into_iter().collect::<Result<(), _>>()?;
            transaction.commit()?;
            Ok(copy.close()?)
        })
    }
}

/// What there is to copy, the most rows last: what takes longest begins first.
fn pieces<'c>(from: &'c ReadTransaction, to: &'c WriteTransaction) -> Result<Vec<Piece<'c>>, StoreError> {
    let mut counted = Vec::new();
    macro_rules! all {
        ($($table:ident),*) => { $(counted.push(piece(from, to, tables::$table.definition)?);)* };
    }
    tables::every_table!(all);
    counted.sort_by_key(|(rows, _)| *rows);
    Ok(counted.into_iter().map(|(_, piece)| piece).collect())
}

/// One table: how many rows it has, and what copies them.
#[inline(never)]
fn piece<'c, K: redb::Key + Send + 'static>(
    from: &'c ReadTransaction,
    to: &'c WriteTransaction,
    definition: Definition<K>,
) -> Result<(u64, Piece<'c>), StoreError> {
    let rows = open_to_read(from, definition)?;
    let count = rows.len()?;
    let copy = move || {
        let mut copied = open_to_write(to, definition)?;
        each_row(&rows, &(Bound::Unbounded, Bound::Unbounded), &mut |key, record| {
            insert(&mut copied, key, record)?;
            Ok(ControlFlow::Continue(()))
        })
    };
    Ok((count, Box::new(copy)))
}

#[cfg(test)]
mod tests {
    use super::super::DATABASE_FILE;
    use super::super::tables::{COUNTERS, Counter};
    use super::*;
    use crate::store::Reader as _;

    fn counter(store: &Store, series: &str) -> Option<Counter> {
        store.read(|snapshot| snapshot.get(&COUNTERS, series)).unwrap()
    }

    async fn count(store: &Store, series: &'static str) {
        store.write(move |change| change.next_number(series)).await.unwrap();
    }

    #[tokio::test]
    async fn a_copy_has_what_was_committed_before_it_and_goes_its_own_way() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = Store::open(from.path()).unwrap();
        count(&store, "before").await;
        let file = File::options()
            .create_new(true)
            .read(true)
            .write(true)
            .open(to.path().join(DATABASE_FILE))
            .unwrap();
        store.copy_into(file).unwrap();
        count(&store, "after").await;
        let copy = Store::open(to.path()).unwrap();
        assert_eq!((counter(&copy, "before"), counter(&copy, "after")), (Some(Counter(1)), None));
        count(&copy, "before").await;
        assert_eq!(
            (counter(&copy, "before"), counter(&store, "before")),
            (Some(Counter(2)), Some(Counter(1)))
        );
    }

    #[tokio::test]
    async fn a_copy_that_finds_no_room_says_so_and_spoils_nothing() {
        let from = tempfile::tempdir().unwrap();
        let store = Store::open(from.path()).unwrap();
        let full = File::options().read(true).write(true).open("/dev/full").unwrap();
        assert!(store.copy_into(full).is_err());
        count(&store, "after").await;
        assert_eq!(counter(&store, "after"), Some(Counter(1)));
    }

    #[tokio::test]
    async fn a_table_of_a_newer_program_is_not_left_out_silently() {
        let from = tempfile::tempdir().unwrap();
        Store::open(from.path()).unwrap().close();
        let database = Database::open(from.path().join(DATABASE_FILE)).unwrap();
        let transaction = database.begin_write().unwrap();
        let later = redb::TableDefinition::<u64, &[u8]>::new("later.v1");
        drop(transaction.open_table(later).unwrap());
        transaction.commit().unwrap();
        drop(database);
        let store = Store::open(from.path()).unwrap();
        let refused = store.copy_into(tempfile::tempfile().unwrap()).unwrap_err();
        assert!(matches!(&refused, StoreError::UnknownTable(name) if name == "later.v1"), "{refused}");
    }
}
