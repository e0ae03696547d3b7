//! The one door to threads that may wait: long reads, files, archives, password hashes.

use std::cell::Cell;

use super::StoreError;

/// How much work in the background stands back (`nice`). A short answer, on a thread of the runtime, is not held up by an
/// archive or a search that computes for long.
const NICENESS: i32 = 10;

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
}
