//! The one door to threads that may wait: long reads, files, archives, password hashes.

use std::cell::Cell;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

use super::StoreError;

/// How much work in the background stands back (`nice`). A short answer, on a thread of the runtime, is not held up by an
/// archive or a search that computes for long.
const NICENESS: i32 = 10;
/// Threads for one piece of work in the background at most: the disk has no more to give.
const MOST_THREADS: usize = 4;

thread_local! {
    static STANDS_BACK: Cell<bool> = const { Cell::new(false) };
}

/// Runs synchronous work without holding up a thread of the runtime.
///
/// The work is finished even when the caller goes away. A panic in it becomes [`StoreError::Panicked`] for the caller.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    #[expect(clippy::disallowed_methods, reason = "this is the one door to blocking threads")]
    let running = tokio::task::spawn_blocking(work);
    running.await.map_err(|error| if error.is_panic() { StoreError::Panicked } else { StoreError::Closed })
}

/// The same for work that computes for long, at a lower priority than what serves requests.
///
/// It must not start threads: they would stand back for ever, as the one it runs on does.
pub async fn background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    blocking(move || {
        stand_back();
        work()
    })
    .await
}

/// Does pieces of work side by side, the last first, and returns what they came to in any order.
///
/// For long work in the background: the threads stand back as the one does that calls it, and end with the work.
pub fn side_by_side<P: Send, T: Send>(
    pieces: Vec<P>,
    work: impl Fn(P) -> T + Sync,
) -> Result<Vec<T>, StoreError> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(MOST_THREADS).min(pieces.len());
    let waiting = Mutex::new(pieces);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let until_done = || std::iter::from_fn(next).map(&work).collect::<Vec<T>>();
    let done: std::thread::Result<Vec<_>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(until_done)).collect();
        running.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    Ok(done.map_err(|_panic| StoreError::Panicked)?.into_iter().flatten().collect())
}

/// Once a thread: whoever is not root cannot take it back. On Linux the priority of "process 0" is that of the calling thread alone; where the system refuses,
/// everything works as well, less evenly.
pub(super) fn stand_back() {
    if !STANDS_BACK.replace(true) {
        let _ = rustix::process::setpriority_process(None, NICENESS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_priority() -> i32 {
        rustix::process::getpriority_process(None).unwrap()
    }

    #[tokio::test]
    async fn work_that_may_take_long_stands_back_behind_who_asked_for_it() {
        let before = own_priority();
        let [first, second] =
            [background(own_priority).await.unwrap(), background(own_priority).await.unwrap()];
        assert_eq!((first, second), (NICENESS, NICENESS));
        assert_eq!(own_priority(), before, "and nobody else does");
    }

    #[test]
    fn pieces_are_all_done_once_and_a_panic_in_one_is_told() {
        let mut doubled = side_by_side((0..1000).collect(), |piece: u32| piece * 2).unwrap();
        doubled.sort_unstable();
        assert_eq!(doubled, (0..1000).map(|piece| piece * 2).collect::<Vec<_>>());
        assert!(side_by_side(Vec::<u32>::new(), |piece| piece).unwrap().is_empty());
        let panicked = side_by_side(vec![1, 0], |piece: u32| 1_u32.checked_div(piece).unwrap());
        assert!(matches!(panicked, Err(StoreError::Panicked)));
    }
}
