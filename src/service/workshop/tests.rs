//! That places and threads go together, whatever becomes of the work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Waker};

use tokio::task::JoinSet;

use super::super::error::InternalError;
use super::super::fixture::World;
use super::*;
use crate::store::StoreError;

const LABEL: Label = Label { name: "things", what: "things", busy: "busy" };

fn who(last: u8) -> Who {
    Who::Network([192, 0, 2, last].into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_worked_off_by_its_own_places_and_all_by_all() {
    let workshop = Arc::new(Workshop::new(LABEL, Bounds::halved(4)));
    let (of_one, of_all) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let most = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let mut running = JoinSet::new();
    for number in 0..60_u8 {
        let (workshop, of_one, of_all) = (Arc::clone(&workshop), Arc::clone(&of_one), Arc::clone(&of_all));
        let most = Arc::clone(&most);
        let is_storm = number % 3 > 0;
        let who = who(if is_storm { 0 } else { number });
        running.spawn(async move {
            let work = move || {
                most.1.fetch_max(of_all.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                if is_storm {
                    most.0.fetch_max(of_one.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                }
                std::thread::yield_now();
                if is_storm {
                    of_one.fetch_sub(1, Ordering::SeqCst);
                }
                of_all.fetch_sub(1, Ordering::SeqCst);
            };
            workshop.run(who, work).await
        });
    }
    assert!(running.join_all().await.into_iter().all(|done| done.is_ok()));
    let (most_of_one, most_of_all) = (most.0.load(Ordering::SeqCst), most.1.load(Ordering::SeqCst));
    assert!((1..=2).contains(&most_of_one), "{most_of_one}");
    assert!((1..=4).contains(&most_of_all), "{most_of_all}");
    assert_eq!(workshop.lines().free(), 4);
}

#[tokio::test]
async fn work_that_panics_gives_its_place_back() {
    let workshop = Workshop::new(LABEL, Bounds::halved(1));
    for _ in 0..3 {
        let given_up = workshop.run(who(1), || panic!("a mistake")).await;
        let panicked = ServiceError::Internal(InternalError::Store(StoreError::Panicked));
        assert_eq!(
            given_up.map_err(|error: ServiceError| error.to_string()),
            Err::<(), _>(panicked.to_string())
        );
    }
    assert_eq!(workshop.run(who(1), || 7).await.unwrap(), 7);
    assert_eq!(workshop.lines().free(), 1);
}

#[tokio::test]
async fn whoever_goes_away_while_it_waits_has_nothing_done_and_holds_up_nobody() {
    let workshop = Workshop::new(LABEL, Bounds::halved(1));
    let (begins, begun) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let mut running = Box::pin(workshop.run(who(1), move || {
        begins.send(()).unwrap();
        let _told = ends.recv();
    }));
    let mut context = Context::from_waker(Waker::noop());
    assert!(running.as_mut().poll(&mut context).is_pending());
    begun.recv().unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&done);
    let mut waiting = Box::pin(workshop.run(who(2), move || counted.fetch_add(1, Ordering::SeqCst)));
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    drop(waiting);
    drop(running);
    assert_eq!(workshop.lines().free(), 0, "what has begun keeps its place, though nobody waits for it");
    drop(end);
    workshop.run(who(3), || ()).await.unwrap();
    assert_eq!(done.load(Ordering::SeqCst), 0);
    assert_eq!(workshop.lines().free(), 1);
}

#[tokio::test]
async fn a_search_that_goes_on_does_not_hold_up_the_end_of_the_server() {
    let world = World::empty().await;
    let (begins, begun) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let mut reading = Box::pin(world.registry.read_long(move |_snapshot| {
        begins.send(()).unwrap();
        let _told = ends.recv();
        Ok(7)
    }));
    assert!(reading.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    begun.recv().unwrap();
    world.registry.close().await;
    drop(end);
    assert_eq!(reading.await.unwrap(), 7, "and it is finished, from the state it began with");
}
