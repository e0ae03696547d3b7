//! A few threads of their own for long work of one kind.
//!
//! Of the runtime's threads for blocking work one that has just finished is not yet there for the next piece, so another is
//! started: a long row of short pieces, never more than two at a time, ends with dozens of threads that take turns. Each
//! has memory of its own; and each has slept for long when its turn comes, for which the scheduler owes it time, so that
//! a low priority does not count. Here there are never more threads than were asked for, and what comes beyond waits.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::StoreError;
use super::blocking::stand_back;

/// As large as that of the runtime's threads: what is read from archives nests.
const STACK_BYTES: usize = 8 * 1024 * 1024;

type Piece = Box<dyn FnOnce() + Send>;

/// Threads that begin when there is work for them. They end when this is dropped, after what was handed to them.
pub struct Workers(Arc<Shared>);

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Workers(..)")
    }
}

struct Shared {
    name: &'static str,
    most: usize,
    state: Mutex<State>,
    /// Told when there is work, and when there will be none any more.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Piece>,
    threads: usize,
    idle: usize,
    is_over: bool,
}

impl Workers {
    /// No threads yet, and never more than so many.
    pub fn new(name: &'static str, most: usize) -> Self {
        let (state, changed) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Shared { name, most: most.max(1), state, changed }))
    }

    /// Runs synchronous work that computes for long, at a lower priority than what serves requests, in the order in which it
    /// was handed over.
    ///
    /// What has begun is finished even when the caller goes away; what has not is dropped then. A panic in it becomes
    /// [`StoreError::Panicked`] for the caller. It must not start threads: they would stand back for ever, as the one it
    /// runs on does.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, outcome) = oneshot::channel();
        self.hand_over(Box::new(move || {
            if !answer.is_closed() {
                // Nobody may be there any more to hear it.
                drop(answer.send(work()));
            }
        }))?;
        // All that was handed over is done or panics.
        outcome.await.map_err(|_dropped| StoreError::Panicked)
    }

    fn hand_over(&self, piece: Piece) -> Result<(), StoreError> {
        let mut state = self.0.state();
        // Those that were told of work are idle until they come for it.
        if state.idle <= state.waiting.len() && state.threads < self.0.most {
            match self.0.begin_thread() {
                Ok(()) => state.threads += 1,
                // Others come to it later.
                Err(_) if state.threads > 0 => {}
                Err(error) => {
                    tracing::error!(%error, thread = self.0.name, "a thread could not be started");
                    return Err(StoreError::Closed);
                }
            }
        }
        state.waiting.push_back(piece);
        drop(state);
        self.0.changed.notify_one();
        Ok(())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.state().is_over = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_thread(self: &Arc<Self>) -> std::io::Result<()> {
        let shared = Arc::clone(self);
        let builder = std::thread::Builder::new().name(self.name.to_owned()).stack_size(STACK_BYTES);
        builder.spawn(move || shared.work()).map(drop)
    }

    /// What a thread does until it is over.
    fn work(&self) {
        stand_back();
        while let Some(piece) = self.next() {
            if catch_unwind(AssertUnwindSafe(piece)).is_err() {
                tracing::error!(thread = self.name, "work was given up because of a mistake in this program");
            }
        }
    }

    fn next(&self) -> Option<Piece> {
        let mut state = self.state();
        loop {
            if let Some(piece) = state.waiting.pop_front() {
                return Some(piece);
            }
            if state.is_over {
                return None;
            }
            state.idle += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
