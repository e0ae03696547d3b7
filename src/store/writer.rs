//! The writer thread: runs changes one after another and makes many of them durable with one commit.
//!
//! A change reads through its [`Change`] and queues what it wants written; only when it succeeds is the queue applied.
//! So one refused publish never spoils its neighbours, nothing is visible before it is durable, and a change cannot
//! see half of another. After a failed commit nothing is acknowledged and the database is opened again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redb::{Database, Durability};
use tokio::sync::oneshot;

use super::change::Change;
use super::notes::Note;
use super::open_tables::OpenTables;
use super::stamps::Touched;
use super::{Inner, StoreError};

/// Changes that wait for the writer at most; more of them wait for a place.
const QUEUE: usize = 1024;
/// Changes that share a commit at most.
const GROUP: usize = 256;
/// How long to wait before the database is opened again after it could not be: twice as long each time, between these.
const REOPEN_PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

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
    /// Nothing once the store is closing. The thread ends when the last sender is gone.
    queue: Mutex<Option<mpsc::SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    counts: Arc<Counts>,
}

/// What the thread tells about itself. Apart from [`Shared`], so that the thread does not keep its own queue alive.
#[derive(Default)]
struct Counts {
    closed: AtomicBool,
    commits: AtomicU64,
    changes: AtomicU64,
}

impl Writer {
    pub(super) fn start(inner: Arc<Inner>) -> Self {
        let (queue, jobs) = mpsc::sync_channel(QUEUE);
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        let spawned = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            serve(&inner, &jobs, &counted);
            counted.closed.store(true, Ordering::Release);
            for late in jobs.try_iter() {
                late.finish(Err(StoreError::Closed));
            }
        });
        let shared = Shared { queue: Mutex::new(None), thread: Mutex::new(None), counts };
        match spawned {
            Ok(thread) => {
                *lock(&shared.thread) = Some(thread);
                *lock(&shared.queue) = Some(queue);
            }
            Err(error) => {
                tracing::error!(%error, "the store's writer thread could not be started");
                shared.counts.closed.store(true, Ordering::Release);
            }
        }
        Self { shared: Arc::new(shared) }
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
        let mut job: Box<dyn Job> = Box::new(Pending::new(work, reply));
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
        answer.await.unwrap_or_else(|_dropped| Err(StoreError::Closed.into()))
    }

    /// Lets the thread find out that the database needs to be opened again, without waiting for the next change.
    pub(super) fn wake(&self) {
        if let Some(queue) = &*lock(&self.shared.queue) {
            // A full queue wakes it just as well.
            let _ = queue.try_send(Box::new(Wake::default()));
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.shared.counts.closed.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        lock(&self.shared.queue).take();
        // Held while waiting, so that whoever closes at the same time waits as well.
        let mut thread = lock(&self.shared.thread);
        if thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's writer thread had panicked");
        }
    }

    pub(super) fn group_sizes(&self) -> GroupSizes {
        GroupSizes {
            commits: self.shared.counts.commits.load(Ordering::Relaxed),
            changes: self.shared.counts.changes.load(Ordering::Relaxed),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes changes from the queue and commits them in groups, until the store is closed.
fn serve(inner: &Inner, jobs: &mpsc::Receiver<Box<dyn Job>>, counts: &Counts) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        // A change's own panic is caught where it runs. One in the commit loses the commit, never the writer.
        let outcome = catch_unwind(AssertUnwindSafe(|| commit_group(inner, &mut group, counts)))
            .unwrap_or_else(|_panic| {
                tracing::error!("a commit panicked: its changes are not written");
                Err(StoreError::Panicked)
            });
        let broken = outcome.as_ref().is_err_and(StoreError::needs_reopening);
        // Before the answers, so that who reads or tries again upon one usually finds the store open.
        let open = !broken || try_reopen(inner, true);
        if outcome.is_ok() {
            for job in &group {
                inner.stamps.count(job.touched());
            }
            inner.tell(|observer| observer.committed(group.iter_mut().flat_map(|job| job.notes()).collect()));
            for job in &group {
                inner.stamps.count_for_lists(job.touched());
            }
        }
        for job in group {
            job.finish(outcome.clone());
        }
        if !open && !keep_reopening(inner, jobs) {
            return;
        }
    }
}

fn try_reopen(inner: &Inner, tell: bool) -> bool {
    match inner.reopen() {
        Ok(()) => {
            tracing::warn!("the database was reopened after a disk error");
            // What the failed commit left on disk is known only now.
            inner.stamps.count_everything();
            inner.tell(|observer| observer.reopened());
            // Once more, for lists that were made of what the observer knew until now.
            inner.stamps.count_everything();
            true
        }
        Err(error) => {
            if tell {
                tracing::error!(%error, "the database cannot be reopened; trying again");
            }
            false
        }
    }
}

/// Tries until the database is open again. Says whether it is: it gives up when the store is closed.
fn keep_reopening(inner: &Inner, jobs: &mpsc::Receiver<Box<dyn Job>>) -> bool {
    let (mut pause, longest) = REOPEN_PAUSE;
    let mut attempts = 0u32;
    loop {
        if !refuse_for(jobs, pause) {
            return false;
        }
        attempts = attempts.saturating_add(1);
        if try_reopen(inner, attempts.is_power_of_two()) {
            return true;
        }
        pause = longest.min(pause * 2);
    }
}

/// Tells whoever comes during that time to try again, so that nobody hangs on a broken disk. False when the store is
/// being closed.
fn refuse_for(jobs: &mpsc::Receiver<Box<dyn Job>>, pause: Duration) -> bool {
    let end = Instant::now() + pause;
    loop {
        match jobs.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(job) => job.finish(Err(StoreError::Reopening)),
            Err(mpsc::RecvTimeoutError::Timeout) => return true,
            Err(mpsc::RecvTimeoutError::Disconnected) => return false,
        }
    }
}

fn commit_group(inner: &Inner, group: &mut [Box<dyn Job>], counts: &Counts) -> Result<(), StoreError> {
    let slot = inner.database.read().unwrap_or_else(PoisonError::into_inner);
    run_group(slot.as_ref().ok_or(StoreError::Reopening)?, group, counts)
}

fn run_group(database: &Database, group: &mut [Box<dyn Job>], counts: &Counts) -> Result<(), StoreError> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.set_quick_repair(true);
    let mut written = 0;
    let tables = OpenTables::of_commit(&transaction);
    for job in group {
        written += u64::from(job.run(&tables)?);
    }
    drop(tables);
    if written == 0 {
        transaction.abort()?;
        return Ok(());
    }
    transaction.commit()?;
    counts.commits.fetch_add(1, Ordering::Relaxed);
    counts.changes.fetch_add(written, Ordering::Relaxed);
    Ok(())
}

/// A change of some kind, waiting for its turn.
trait Job: Send {
    /// Decides and, when it succeeds, applies. Says whether anything was written. An error spoils the commit.
    fn run(&mut self, tables: &OpenTables<'_>) -> Result<bool, StoreError>;
    /// What it did, for the observer: asked for once, after the commit.
    fn notes(&mut self) -> Vec<Note>;
    /// What it touched.
    fn touched(&self) -> &Touched;
    /// Answers, after the commit.
    fn finish(self: Box<Self>, commit: Result<(), StoreError>);
}

/// Changes nothing. Beginning its commit shows whether the database is still usable.
#[derive(Default)]
struct Wake(Touched);

impl Job for Wake {
    fn run(&mut self, _tables: &OpenTables<'_>) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn notes(&mut self) -> Vec<Note> {
        Vec::new()
    }

    fn touched(&self) -> &Touched {
        &self.0
    }

    fn finish(self: Box<Self>, _commit: Result<(), StoreError>) {}
}

struct Pending<F, T, E> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    notes: Vec<Note>,
    touched: Touched,
    reply: Option<oneshot::Sender<Result<T, E>>>,
}

impl<F, T, E> Pending<F, T, E> {
    fn new(work: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            work: Some(work),
            outcome: None,
            notes: Vec::new(),
            touched: Touched::default(),
            reply: Some(reply),
        }
    }
}

impl<F, T, E> Job for Pending<F, T, E>
where
    F: FnOnce(&mut Change<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tables: &OpenTables<'_>) -> Result<bool, StoreError> {
        let Some(work) = self.work.take() else { return Ok(false) };
        let mut change = Change::new(tables.clone());
        // A panic in a change must not take the writer, and with it every later publish, down.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut change)));
        let Ok(outcome) = outcome else {
            tracing::error!("a change panicked: nothing of it is written");
            self.outcome = Some(Err(StoreError::Panicked.into()));
            return Ok(false);
        };
        let succeeded = outcome.is_ok();
        self.outcome = Some(outcome);
        if !succeeded {
            return Ok(false);
        }
        (self.notes, self.touched) = change.take_effects();
        change.apply()
    }

    fn notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    fn touched(&self) -> &Touched {
        &self.touched
    }

    fn finish(self: Box<Self>, commit: Result<(), StoreError>) {
        let answer = match (commit, self.outcome) {
            (Ok(()), Some(decided)) => decided,
            (Ok(()), None) => Err(StoreError::Panicked.into()),
            // Refusals too: one may rest on a change before it in the group that was not written after all.
            (Err(error), _) => Err(error.into()),
        };
        if let Some(reply) = self.reply {
            // The caller may have gone away; what was committed stays committed.
            let _ = reply.send(answer);
        }
    }
}
