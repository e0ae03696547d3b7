//! The writer thread: runs changes one after another and makes many of them durable with one commit.
//!
//! A change reads through its [`Change`] and queues what it wants written; only when it succeeds is the queue applied.
//! So one refused publish never spoils its neighbours, nothing is visible before it is durable, and a change cannot
//! see half of another. After a failed commit nothing is acknowledged and the database is opened again.

use std::collections::HashMap;
use std::ops::{ControlFlow, RangeBounds};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use redb::{Database, Durability, WriteTransaction};
use tokio::sync::oneshot;

use super::codec::{self, Record};
use super::tables::{self, Counter, Table};
use super::{Inner, Reader, StoreError, get_in, scan_in};

/// Changes that wait for the writer at most; more of them wait for a place.
const QUEUE: usize = 1024;
/// Changes that share a commit at most.
const GROUP: usize = 256;
/// How long to wait before the database is opened again after it could not be.
const REOPEN_PAUSE: Duration = Duration::from_millis(200);

/// How many changes the commits carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupSizes {
    /// Durable commits.
    pub commits: u64,
    /// Changes in them.
    pub changes: u64,
}

/// The way to the writer thread.
#[derive(Clone)]
pub struct Writer {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer(..)")
    }
}

struct Shared {
    /// Nothing once the store is closing.
    queue: Mutex<Option<mpsc::SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    closed: AtomicBool,
    commits: AtomicU64,
    changes: AtomicU64,
}

impl Writer {
    pub(super) fn start(inner: Arc<Inner>) -> Self {
        let (queue, jobs) = mpsc::sync_channel(QUEUE);
        let shared = Arc::new(Shared {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(None),
            closed: AtomicBool::new(false),
            commits: AtomicU64::new(0),
            changes: AtomicU64::new(0),
        });
        let counted = Arc::clone(&shared);
        let spawned = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            while let Ok(first) = jobs.recv() {
                let mut group = vec![first];
                group.extend(jobs.try_iter().take(GROUP - 1));
                if commit_group(&inner, group, &counted).is_err_and(|error| error.is_disk()) {
                    reopen(&inner);
                }
            }
            counted.closed.store(true, Ordering::Release);
        });
        match spawned {
            Ok(thread) => *lock(&shared.thread) = Some(thread),
            Err(error) => {
                tracing::error!(%error, "the store's writer thread could not be started");
                shared.closed.store(true, Ordering::Release);
                lock(&shared.queue).take();
            }
        }
        Self { shared }
    }

    pub(super) async fn run<T, E>(
        &self,
        work: impl FnOnce(&mut Change<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let queue = lock(&self.shared.queue).clone().ok_or(StoreError::Closed)?;
        let mut job: Box<dyn Job> = Box::new(Pending { work: Some(work), outcome: None, reply: Some(reply) });
        loop {
            match queue.try_send(job) {
                Ok(()) => break,
                Err(mpsc::TrySendError::Disconnected(_)) => return Err(StoreError::Closed.into()),
                // A thousand changes wait already: let the runtime do other work before asking again.
                Err(mpsc::TrySendError::Full(back)) => {
                    job = back;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
        drop(queue);
        answer.await.unwrap_or_else(|_gone| Err(StoreError::Closed.into()))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        lock(&self.shared.queue).take();
        let thread = lock(&self.shared.thread).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's writer thread had panicked");
        }
    }

    pub(super) fn group_sizes(&self) -> GroupSizes {
        GroupSizes {
            commits: self.shared.commits.load(Ordering::Relaxed),
            changes: self.shared.changes.load(Ordering::Relaxed),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tries until the database is open again. Readers and writers are answered "try again" meanwhile.
fn reopen(inner: &Inner) {
    let mut attempts = 0u32;
    loop {
        match inner.reopen() {
            Ok(()) => {
                tracing::warn!("the database was reopened after a failed commit");
                return;
            }
            Err(error) => {
                if attempts.is_multiple_of(50) {
                    tracing::error!(%error, "the database cannot be reopened; trying again");
                }
                attempts += 1;
                std::thread::sleep(REOPEN_PAUSE);
            }
        }
    }
}

fn commit_group(inner: &Inner, mut group: Vec<Box<dyn Job>>, counted: &Shared) -> Result<(), StoreError> {
    let outcome = {
        let slot = inner.database.read().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref()
            .ok_or(StoreError::Reopening)
            .and_then(|database| run_group(database, &mut group, counted))
    };
    for job in group {
        job.finish(outcome.clone());
    }
    outcome
}

fn run_group(database: &Database, group: &mut [Box<dyn Job>], counted: &Shared) -> Result<(), StoreError> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.set_quick_repair(true);
    let mut written = 0;
    for job in &mut *group {
        written += u64::from(job.run(&transaction)?);
    }
    if written == 0 {
        transaction.abort()?;
        return Ok(());
    }
    transaction.commit()?;
    counted.commits.fetch_add(1, Ordering::Relaxed);
    counted.changes.fetch_add(written, Ordering::Relaxed);
    Ok(())
}

/// Makes the tables that are missing, so that readers find every one of them.
pub(super) fn create_tables(database: &Database) -> Result<(), StoreError> {
    let transaction = database.begin_write()?;
    macro_rules! open {
        ($($table:ident),*) => { $(drop(transaction.open_table(tables::$table.definition)?);)* };
    }
    tables::every_table!(open);
    transaction.commit()?;
    Ok(())
}

/// A change of some kind, waiting for its turn.
trait Job: Send {
    /// Decides and, when it succeeds, applies. Says whether anything was written. An error spoils the commit.
    fn run(&mut self, transaction: &WriteTransaction) -> Result<bool, StoreError>;
    /// Answers, after the commit.
    fn finish(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Pending<F, T, E> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: Option<oneshot::Sender<Result<T, E>>>,
}

impl<F, T, E> Job for Pending<F, T, E>
where
    F: FnOnce(&mut Change<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, transaction: &WriteTransaction) -> Result<bool, StoreError> {
        let Some(work) = self.work.take() else { return Ok(false) };
        let mut change = Change { transaction, operations: Vec::new(), counters: HashMap::new() };
        // A panic in a change must not take the writer, and with it every later publish, down.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut change)));
        let Ok(outcome) = outcome else {
            tracing::error!("a change panicked and was dropped");
            self.outcome = Some(Err(StoreError::Closed.into()));
            return Ok(false);
        };
        let succeeded = outcome.is_ok();
        self.outcome = Some(outcome);
        if succeeded { change.apply() } else { Ok(false) }
    }

    fn finish(self: Box<Self>, commit: Result<(), StoreError>) {
        let answer = match (commit, self.outcome) {
            // A refusal stands whatever became of the commit: nothing of it was to be written.
            (_, Some(Err(refused))) => Err(refused),
            (Ok(()), Some(done)) => done,
            (Ok(()), None) => Err(StoreError::Closed.into()),
            (Err(error), _) => Err(error.into()),
        };
        if let Some(reply) = self.reply {
            // The caller may have gone away; what was committed stays committed.
            let _ = reply.send(answer);
        }
    }
}

type Operation = Box<dyn FnOnce(&WriteTransaction) -> Result<(), StoreError>>;

/// One change: reads what is committed (and what changes before it in the same commit wrote), queues what to write.
///
/// A change does not see its own queue.
pub struct Change<'t> {
    transaction: &'t WriteTransaction,
    operations: Vec<Operation>,
    counters: HashMap<&'static str, u64>,
}

impl std::fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Change({} operations)", self.operations.len())
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
        K: redb::Key + 'static,
        R: Record,
    {
        let key = K::as_bytes(&key).as_ref().to_vec();
        let value = codec::encode(record)
            .map_err(|error| StoreError::Record { table: table.name().to_owned(), error })?;
        self.operations.push(Box::new(move |transaction| {
            transaction.open_table(table.definition)?.insert(K::from_bytes(&key), value.as_slice())?;
            Ok(())
        }));
        Ok(())
    }

    /// Queues the removal of a key, whether or not it is there.
    pub fn remove<K, R>(&mut self, table: &'static Table<K, R>, key: K::SelfType<'_>)
    where
        K: redb::Key + 'static,
        R: Record,
    {
        let key = K::as_bytes(&key).as_ref().to_vec();
        self.operations.push(Box::new(move |transaction| {
            transaction.open_table(table.definition)?.remove(K::from_bytes(&key))?;
            Ok(())
        }));
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

    fn apply(mut self) -> Result<bool, StoreError> {
        for (series, last) in std::mem::take(&mut self.counters) {
            self.put(&tables::COUNTERS, series, &Counter(last))?;
        }
        let any = !self.operations.is_empty();
        for operation in self.operations {
            operation(self.transaction)?;
        }
        Ok(any)
    }
}

impl Reader for Change<'_> {
    fn get<'k, K: redb::Key + 'static, R: Record>(
        &self,
        table: &Table<K, R>,
        key: K::SelfType<'k>,
    ) -> Result<Option<R>, StoreError> {
        get_in(&self.transaction.open_table(table.definition)?, table, key)
    }

    fn scan<'k, K: redb::Key + 'static, R: Record>(
        &self,
        table: &Table<K, R>,
        range: impl RangeBounds<K::SelfType<'k>> + 'k,
        visit: impl FnMut(K::SelfType<'_>, R) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        scan_in(&self.transaction.open_table(table.definition)?, table, range, visit)
    }
}
