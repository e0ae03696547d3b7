//! The tables of one commit: each opened once, by the first change that needs it, for all the changes after it.
//!
//! To open a table is more work than to read a row or to write one: its name is looked up, its types are compared, and
//! where it begins is noted when it is closed. redb has a table open once at a time, so they are kept in one place, with
//! a shelf for each type of key: redb's code is made anew for every such type, and a table that is found with its type
//! needs only what is done with it.

use std::cell::RefCell;
use std::rc::Rc;

use redb::{TableHandle as _, WriteTransaction};

use super::StoreError;
use super::rows::open_to_write;
use super::tables::{Definition, ModuleTextKey, ModuleVersionKey, PackageEventKey, WordKey};

/// A table that is open for writing.
type OpenTable<'t, K> = RefCell<redb::Table<'t, K, &'static [u8]>>;

/// The open tables of one type of key.
type Shelf<'t, K> = RefCell<Vec<Rc<OpenTable<'t, K>>>>;

/// A type of key that a table can have.
pub trait StoreKey: redb::Key + Sized + 'static {
    /// Where tables of it are.
    fn shelf<'s, 't>(shelves: &'s Shelves<'t>) -> &'s Shelf<'t, Self>;
}

/// Makes a shelf for each type of key.
macro_rules! shelves {
    ($($shelf:ident: $key:ty,)*) => {
        /// The open tables by the type of their keys.
        #[derive(Default)]
        pub struct Shelves<'t> {
            $($shelf: Shelf<'t, $key>,)*
        }

        impl std::fmt::Debug for Shelves<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("Shelves(..)")
            }
        }

        $(impl StoreKey for $key {
            fn shelf<'s, 't>(shelves: &'s Shelves<'t>) -> &'s Shelf<'t, Self> {
                &shelves.$shelf
            }
        })*
    };
}

shelves! {
    text: &'static str,
    number: u64,
    numbers: (u64, u64),
    hash: [u8; 32],
    hash_and_number: ([u8; 32], u64),
    number_and_hash: (u64, [u8; 32]),
    time_and_hash: (i64, [u8; 32]),
    time_and_number: (i64, u64),
    time_between: (u64, i64, u64),
    kind_first: (u8, u64, u64),
    kind_between: (u64, u8, u64),
    former_name: (u64, &'static str),
    former_name_of: (u8, u64, u64, &'static str),
    module_version: ModuleVersionKey,
    module_text: ModuleTextKey,
    word: WordKey,
    package_event: PackageEventKey,
}

/// See the module's documentation. Clones share them; all are to be dropped before the transaction is committed.
#[derive(Clone)]
pub(super) struct OpenTables<'t> {
    transaction: &'t WriteTransaction,
    shelves: Rc<Shelves<'t>>,
}

impl<'t> OpenTables<'t> {
    /// None is open yet.
    pub(super) fn of_commit(transaction: &'t WriteTransaction) -> Self {
        Self { transaction, shelves: Rc::default() }
    }

    /// A table, opened if it was not.
    pub(super) fn of<K: StoreKey>(
        &self,
        definition: Definition<K>,
    ) -> Result<Rc<OpenTable<'t, K>>, StoreError> {
        let mut shelf = K::shelf(&self.shelves).borrow_mut();
        if let Some(known) = shelf.iter().find(|known| known.borrow().name() == definition.name()) {
            return Ok(Rc::clone(known));
        }
        let opened = Rc::new(RefCell::new(open_to_write(self.transaction, definition)?));
        shelf.push(Rc::clone(&opened));
        Ok(opened)
    }
}
