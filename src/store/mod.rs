//! The metadata store: typed tables in one redb file, snapshots to read, one writer thread to change.
//!
//! Reads take a [`Snapshot`]; changes are closures over a [`Change`] that the writer thread runs, many
//! to one durable commit. redb's calls are synchronous: short reads are made where they are needed, long ones go
//! through [`blocking()`].

pub mod audit;
mod blocking;
mod change;
pub mod ci_jobs;
pub mod codec;
mod copy;
pub mod credentials;
pub mod downloads;
pub mod former;
pub mod identity;
mod migrate;
mod module_texts;
pub mod module_words;
mod notes;
mod open_tables;
pub mod packages;
mod rows;
pub mod sessions;
mod stamps;
pub mod tables;
pub mod trusted_publishers;
pub mod webhooks;
mod workers;
mod writer;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::ops::{ControlFlow, RangeBounds, RangeInclusive};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTableMetadata};

pub use blocking::{background, blocking, side_by_side};
pub use change::Change;
pub use notes::{Note, Observer};
pub use stamps::{Affects, Stamp, Stamps};
pub use workers::Workers;
pub use writer::{GroupSizes, Writer};

use codec::{CodecError, Record, View};
use open_tables::StoreKey;
use rows::{get_in, open_to_read, scan_in, view_in};
use tables::{Definition, Table};

/// File of the database inside the data directory.
pub const DATABASE_FILE: &str = "cairn.redb";
/// Memory redb may keep of the file: resident memory runs to about twice this. What is not in it is in the system's page
/// cache, a microsecond away.
const CACHE_BYTES: usize = 12 * 1024 * 1024;

/// Why the store could not do something.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// redb refused: disk full, disk error, damaged file.
    #[error("the database failed: {0}")]
    Database(Arc<redb::Error>),
    /// A record does not decode. Names where.
    #[error("table {table}: {error}")]
    Record {
        /// The table.
        table: String,
        /// What is wrong with it.
        error: CodecError,
    },
    /// One record points at another that is not there.
    #[error("table {table} has no entry for {key}, which another table refers to: run `cairn verify`")]
    Missing {
        /// The table.
        table: String,
        /// The key.
        key: String,
    },
    /// The last commit failed and the database is being opened again.
    #[error("the database is being reopened after a disk error: try again in a moment")]
    Reopening,
    /// Written by a newer program. Nothing in the file was changed.
    #[error("the database has format {found}, this program knows up to {newest}: start the newer program")]
    NewerFormat {
        /// The format found.
        found: u64,
        /// The newest this program reads.
        newest: u64,
    },
    /// A newer program made a table, which this one cannot copy.
    #[error(
        "the database has table {0}, which this program does not know: use the program that made it, or copy the directory while no server runs"
    )]
    UnknownTable(String),
    /// A change panicked. Nothing of it was written.
    #[error("a change of the database was given up because of a mistake in this program: the log has more")]
    Panicked,
    /// The store is shutting down.
    #[error("the server is shutting down")]
    Closed,
    /// Another process has the database open.
    #[error("another process has {0} open")]
    InUse(PathBuf),
    /// The data directory cannot be used.
    #[error("{path}: {error}")]
    Io {
        /// What was being opened or written.
        path: PathBuf,
        /// What the system said.
        error: Arc<std::io::Error>,
    },
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        match error.into() {
            // An earlier error closed the file; the writer thread opens it again.
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => Self::Reopening,
            error => Self::Database(Arc::new(error)),
        }
    }
}

impl StoreError {
    fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), error: Arc::new(error) }
    }

    /// Whether a write failed for want of space.
    pub fn is_disk_full(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match self {
            Self::Database(error) => {
                matches!(&**error, redb::Error::Io(io) if matches!(io.kind(), StorageFull | QuotaExceeded))
            }
            Self::Io { error, .. } => matches!(error.kind(), StorageFull | QuotaExceeded),
            Self::Record { .. }
            | Self::Missing { .. }
            | Self::Reopening
            | Self::NewerFormat { .. }
            | Self::UnknownTable(_)
            | Self::Panicked
            | Self::Closed
            | Self::InUse(_) => false,
        }
    }

    /// Whether the disk or the database file is at fault, or the program, so that the file must be opened again.
    fn needs_reopening(&self) -> bool {
        matches!(self, Self::Database(_) | Self::Reopening | Self::Panicked)
    }
}

/// How the database file is opened, also after a failed commit.
type Opener = Box<dyn Fn() -> Result<Database, StoreError> + Send + Sync>;

struct Inner {
    /// Nothing while it is being reopened. Readers hold the lock for one short read.
    database: RwLock<Option<Database>>,
    opener: Opener,
    observer: OnceLock<Arc<dyn Observer>>,
    stamps: Stamps,
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    writer: Writer,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(..)")
    }
}

impl Store {
    /// Opens the database of a data directory, or creates it.
    ///
    /// A new file is made under another name, filled, synced and renamed: a crash on the way leaves nothing that a
    /// later start could trip over.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let path = data_dir.join(DATABASE_FILE);
        if !path.try_exists().map_err(|error| StoreError::io(&path, error))? {
            create(data_dir, &path)?;
        }
        Self::open_with(Box::new(move || {
            builder().open(&path).map_err(|error| match error {
                redb::DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(path.clone()),
                error => error.into(),
            })
        }))
    }

    /// Opens a database that `opener` provides: for tests that put a simulated disk below redb.
    pub fn open_with(opener: Opener) -> Result<Self, StoreError> {
        let database = opener()?;
        migrate::run(&database)?;
        let inner = Arc::new(Inner {
            database: RwLock::new(Some(database)),
            opener,
            observer: OnceLock::new(),
            stamps: Stamps::default(),
        });
        let writer = Writer::start(Arc::clone(&inner));
        Ok(Self { inner, writer })
    }

    /// Reads from one consistent state. Must not block: a few lookups, or inside [`blocking()`].
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Snapshot) -> Result<T, E>) -> Result<T, E> {
        let begun = {
            let guard = self.inner.database.read().unwrap_or_else(PoisonError::into_inner);
            guard.as_ref().ok_or(StoreError::Reopening)?.begin_read().map_err(StoreError::from)
        };
        let snapshot = match begun {
            Ok(transaction) => Snapshot { transaction, tables: RefCell::default(), failed: Cell::new(false) },
            Err(error) => {
                self.writer.wake();
                return Err(error.into());
            }
        };
        let outcome = work(&snapshot);
        if snapshot.failed.get() {
            self.writer.wake();
        }
        outcome
    }

    /// Runs a change on the writer thread and returns once it is durable.
    ///
    /// `work` sees everything committed and queues what it wants written. When it fails nothing of it is written, and
    /// the changes that share its commit are not affected.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Change<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.run(work).await
    }

    /// Has an observer told about every change from now on. There is one; a second is not taken.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        if self.inner.observer.set(observer).is_err() {
            tracing::error!("the store is observed already");
        }
    }

    /// What changed since something was read.
    pub fn stamps(&self) -> &Stamps {
        &self.inner.stamps
    }

    /// Whether the database can be read and written.
    pub fn is_ready(&self) -> bool {
        self.inner.database.read().unwrap_or_else(PoisonError::into_inner).is_some()
            && !self.writer.is_closed()
    }

    /// How many changes the commits so far carried.
    pub fn group_sizes(&self) -> GroupSizes {
        self.writer.group_sizes()
    }

    /// Finishes the changes under way, refuses new ones and closes the file.
    pub fn close(&self) {
        self.writer.close();
        drop(self.inner.database.write().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Inner {
    /// A panic of the observer must not take the writer down; what it missed it reads from the database.
    fn tell(&self, what: impl FnOnce(&dyn Observer)) {
        let Some(observer) = self.observer.get() else { return };
        if catch_unwind(AssertUnwindSafe(|| what(&**observer))).is_err() {
            tracing::error!("the store's observer panicked");
            observer.reopened();
        }
    }

    /// Drops a database whose commit failed and opens the file again: redb refuses to write after such an error.
    fn reopen(&self) -> Result<(), StoreError> {
        let slot = || self.database.write().unwrap_or_else(PoisonError::into_inner);
        // Closing and opening may take long on a bad disk: readers are told so instead of waiting for it.
        let broken = slot().take();
        drop(broken);
        let database = (self.opener)()?;
        *slot() = Some(database);
        Ok(())
    }
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

fn create(data_dir: &Path, path: &Path) -> Result<(), StoreError> {
    let staged = data_dir.join(format!("{DATABASE_FILE}.new"));
    match std::fs::remove_file(&staged) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StoreError::io(&staged, error));
        }
        _ => {}
    }
    let database = builder().create(&staged)?;
    migrate::run(&database)?;
    database.close()?;
    let synced = File::open(&staged)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&staged, path))
        .and_then(|()| File::open(data_dir)?.sync_all());
    synced.map_err(|error| StoreError::io(path, error))
}

/// Something that reads tables: a [`Snapshot`], or a [`Change`] in the middle of a commit.
pub trait Reader {
    /// The record under a key.
    fn get<K: StoreKey, R: Record>(
        &self,
        table: &Table<K, R>,
        key: K::SelfType<'_>,
    ) -> Result<Option<R>, StoreError>;

    /// Calls `visit` for each entry of a range, in order of the keys, until it breaks.
    fn scan<'k, K: StoreKey, R: Record>(
        &self,
        table: &Table<K, R>,
        range: impl RangeBounds<K::SelfType<'k>> + 'k,
        visit: impl FnMut(K::SelfType<'_>, R) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// The record under a key that another record refers to.
    fn require<K: StoreKey, R: Record>(
        &self,
        table: &Table<K, R>,
        key: K::SelfType<'_>,
    ) -> Result<R, StoreError> {
        let bytes = K::as_bytes(&key);
        self.get(table, K::from_bytes(bytes.as_ref()))?
            .ok_or_else(|| StoreError::Missing { table: table.name().to_owned(), key: format!("{key:?}") })
    }
}

/// A table that is read.
type OpenTable<K> = redb::ReadOnlyTable<K, &'static [u8]>;

/// A consistent state of the database, as of when it was taken.
pub struct Snapshot {
    transaction: ReadTransaction,
    /// What was opened so far, by name: to open a table is more work than to read from it.
    tables: RefCell<Vec<(&'static str, Rc<dyn Any>)>>,
    /// Whether the disk failed a read: redb answers nothing more until the file is opened again.
    failed: Cell<bool>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot(..)")
    }
}

impl Snapshot {
    /// How many entries a table has: without reading them.
    pub fn count<K: redb::Key + 'static, R: Record>(&self, table: &Table<K, R>) -> Result<u64, StoreError> {
        self.noting(self.open(table.name(), table.definition).and_then(|open| Ok(open.len()?)))
    }

    /// As [`scan`](Reader::scan), with records read in place.
    pub fn view<'k, K: redb::Key + 'static, R: View>(
        &self,
        table: &Table<K, R>,
        range: impl RangeBounds<K::SelfType<'k>> + 'k,
        visit: impl FnMut(K::SelfType<'_>, R::Of<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.noting(
            self.open(table.name(), table.definition).and_then(|open| view_in(&*open, table, range, visit)),
        )
    }

    fn noting<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if outcome.as_ref().is_err_and(StoreError::needs_reopening) {
            self.failed.set(true);
        }
        outcome
    }

    /// A table, opened if it was not. It knows nothing of records, so that there is one such function for a type of key.
    fn open<K: redb::Key + 'static>(
        &self,
        name: &'static str,
        definition: Definition<K>,
    ) -> Result<Rc<OpenTable<K>>, StoreError> {
        let known =
            self.tables.borrow().iter().find(|(known, _)| *known == name).map(|(_, open)| Rc::clone(open));
        if let Some(Ok(open)) = known.map(Rc::downcast) {
            return Ok(open);
        }
        let open = Rc::new(open_to_read(&self.transaction, definition)?);
        self.tables.borrow_mut().push((name, Rc::<OpenTable<K>>::clone(&open)));
        Ok(open)
    }
}

impl Reader for Snapshot {
    fn get<K: StoreKey, R: Record>(
        &self,
        table: &Table<K, R>,
        key: K::SelfType<'_>,
    ) -> Result<Option<R>, StoreError> {
        self.noting(self.open(table.name(), table.definition).and_then(|open| get_in(&*open, table, key)))
    }

    fn scan<'k, K: StoreKey, R: Record>(
        &self,
        table: &Table<K, R>,
        range: impl RangeBounds<K::SelfType<'k>> + 'k,
        visit: impl FnMut(K::SelfType<'_>, R) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.noting(
            self.open(table.name(), table.definition).and_then(|open| scan_in(&*open, table, range, visit)),
        )
    }
}

/// The entries of a composite key that start with `(a, b)`, as a range over the last number.
pub(crate) fn under(kind: u8, id: u64) -> RangeInclusive<(u8, u64, u64)> {
    (kind, id, 0)..=(kind, id, u64::MAX)
}
