//! How much is worked on at once, in which order, and what becomes of work that panics or that nobody waits for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use tokio::task::JoinSet;

use super::*;

/// Work that says when it begins, and goes on until it is told to end.
fn held() -> (impl FnOnce() + Send + 'static, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (begins, begun) = mpsc::channel();
    let (end, ends) = mpsc::channel();
    let work = move || {
        begins.send(()).unwrap();
        // Ends as well when the other side is dropped.
        let _told = ends.recv();
    };
    (work, begun, end)
}

fn threads(workers: &Workers) -> usize {
    workers.0.state().threads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_much_comes_no_more_is_worked_on_at_once_than_was_asked_for() {
    let workers = Arc::new(Workers::new("test", 3));
    let (present, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut running = JoinSet::new();
    for number in 0..200 {
        let (workers, present, most) = (Arc::clone(&workers), Arc::clone(&present), Arc::clone(&most));
        running.spawn(async move {
            let work = move || {
                most.fetch_max(present.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                present.fetch_sub(1, Ordering::SeqCst);
                number
            };
            workers.run(work).await.unwrap()
        });
    }
    let mut answers = running.join_all().await;
    answers.sort_unstable();
    assert!(answers.into_iter().eq(0..200), "everybody had their own answer");
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
    assert!(threads(&workers) <= 3);
}

#[tokio::test]
async fn one_piece_after_another_needs_few_threads_and_one_of_many_that_wait_needs_another() {
    let workers = Workers::new("test", 8);
    let (first, first_begun, end_first) = held();
    let (second, second_begun, end_second) = held();
    let both = async {
        tokio::join!(workers.run(first), workers.run(second), async {
            first_begun.recv().unwrap();
            second_begun.recv().unwrap();
            assert_eq!(threads(&workers), 2, "neither waits for the other");
            drop((end_first, end_second));
        })
    };
    both.await.0.unwrap();
}

#[tokio::test]
async fn what_panics_is_told_so_and_the_next_is_worked_on() {
    let workers = Workers::new("test", 1);
    for _ in 0..3 {
        let given_up = workers.run(|| panic!("a mistake")).await;
        assert!(matches!(given_up, Err::<(), _>(StoreError::Panicked)));
    }
    assert_eq!(workers.run(|| 7).await.unwrap(), 7);
}

#[tokio::test]
async fn what_has_not_begun_is_dropped_when_its_caller_goes_away() {
    let workers = Workers::new("test", 1);
    let (first, begun, end) = held();
    let mut running = Box::pin(workers.run(first));
    assert!(waits(&mut running));
    begun.recv().unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&done);
    let mut waiting = Box::pin(workers.run(move || counted.fetch_add(1, Ordering::SeqCst)));
    assert!(waits(&mut waiting));
    drop(waiting);
    drop(end);
    running.await.unwrap();
    // One thread works in order: when this is done the one before it was passed over.
    workers.run(|| ()).await.unwrap();
    assert_eq!(done.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&done), 1, "and nothing is kept for it");
}

#[tokio::test]
async fn its_threads_end_with_it_after_what_was_begun() {
    let workers = Workers::new("test", 1);
    let shared = Arc::downgrade(&workers.0);
    let (work, begun, end) = held();
    let mut running = Box::pin(workers.run(work));
    assert!(waits(&mut running));
    begun.recv().unwrap();
    drop(running);
    drop(workers);
    assert!(shared.upgrade().is_some(), "dropping it does not wait for what has begun");
    drop(end);
    while shared.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn it_stands_back_behind_what_serves_requests() {
    let own_priority = || rustix::process::getpriority_process(None).unwrap();
    let before = own_priority();
    let workers = Workers::new("test", 1);
    assert!(workers.run(own_priority).await.unwrap() > before);
    assert_eq!(own_priority(), before);
}

/// Whether it waits.
fn waits<T>(running: &mut std::pin::Pin<Box<impl Future<Output = T>>>) -> bool {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    running.as_mut().poll(&mut context).is_pending()
}
