//! Who gets a place, who waits, who is refused, and what is remembered of them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::*;

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Place, ServiceError>> + 'a>>;

const LABEL: Label = Label { name: "things", what: "things", busy: "busy" };

fn lines(bounds: Bounds) -> Lines {
    Lines::new(LABEL, bounds)
}

fn who(last: u8) -> Who {
    Who::Network([192, 0, 2, last].into())
}

fn poll(waiting: &mut Waiting<'_>) -> Option<Result<Place, ServiceError>> {
    match waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// One who came and waits.
fn one_waiting(lines: &Lines, who: Who) -> Waiting<'_> {
    let mut waiting: Waiting<'_> = Box::pin(lines.take(who));
    assert!(poll(&mut waiting).is_none(), "it waits");
    waiting
}

/// One who came and has a place.
fn placed(lines: &Lines, who: Who) -> Place {
    let mut waiting: Waiting<'_> = Box::pin(lines.take(who));
    poll(&mut waiting).unwrap().unwrap()
}

#[test]
fn one_caller_has_half_of_the_places_and_others_the_rest() {
    let lines = lines(Bounds::halved(4));
    let (first, _second) = (placed(&lines, who(1)), placed(&lines, who(1)));
    let mut third = one_waiting(&lines, who(1));
    let _other = placed(&lines, who(2));
    drop(first);
    assert!(poll(&mut third).unwrap().is_ok(), "it is served when one of its own ends");
    assert_eq!((lines.counts().waits, lines.counts().refusals), (1, 0));
}

#[test]
fn where_there_is_one_place_a_storm_is_in_front_of_others_with_one_request_only() {
    let lines = lines(Bounds::halved(1));
    let running = placed(&lines, who(1));
    let mut storm: Vec<_> = (0..10).map(|_| one_waiting(&lines, who(1))).collect();
    let mut other = one_waiting(&lines, who(2));
    drop(running);
    // One of the storm may have come to the head of its line before the other did; no second one.
    let place = poll(&mut other).unwrap();
    assert!(storm.iter_mut().all(|waiting| poll(waiting).is_none()));
    drop(place);
    assert!(storm.iter_mut().any(|waiting| poll(waiting).is_some_and(|outcome| outcome.is_ok())));
}

#[tokio::test(start_paused = true)]
async fn a_place_given_back_slowly_is_free_for_others_at_once_and_for_its_own_line_later() {
    let (lines, pause) = (lines(Bounds::halved(2)), Duration::from_secs(7));
    let place = placed(&lines, who(1));
    let mut own = one_waiting(&lines, who(1));
    place.give_back_slowly(&Handle::current(), pause);
    assert_eq!(lines.free(), 2);
    assert!(poll(&mut own).is_none());
    let began = tokio::time::Instant::now();
    let place = own.await.unwrap();
    assert_eq!(began.elapsed(), pause);
    place.give_back_slowly(&Handle::current(), pause);
    drop(placed(&lines, who(1)));
    assert!(lines.0.present().lines.is_empty(), "nobody waited: it was free at once");
}

#[test]
fn beyond_its_line_a_caller_is_refused_and_nobody_else() {
    let lines = lines(Bounds { waiting: 2, ..Bounds::halved(2) });
    let _running = placed(&lines, who(1));
    let line = [one_waiting(&lines, who(1)), one_waiting(&lines, who(1))];
    let refused = poll(&mut (Box::pin(lines.take(who(1))) as Waiting<'_>)).unwrap();
    assert!(matches!(refused, Err(ServiceError::Crowded("things"))));
    assert_eq!((lines.counts().waits, lines.counts().refusals), (2, 1));
    let _other = placed(&lines, who(2));
    drop(line);
    let _room_again = one_waiting(&lines, who(1));
}

#[test]
fn more_callers_than_there_is_room_for_are_told_that_the_server_is_busy() {
    let lines = lines(Bounds { everyone: 2, ..Bounds::halved(1) });
    let _running = placed(&lines, who(1));
    let _second = one_waiting(&lines, who(2));
    let refused = poll(&mut (Box::pin(lines.take(who(3))) as Waiting<'_>)).unwrap();
    assert!(matches!(refused, Err(ServiceError::Unavailable("busy"))));
}

#[test]
fn nothing_is_remembered_of_who_left() {
    let lines = lines(Bounds::halved(2));
    let places = [placed(&lines, who(1)), placed(&lines, who(2))];
    let waiting = [one_waiting(&lines, who(1)), one_waiting(&lines, who(3))];
    drop(waiting);
    drop(places);
    let present = lines.0.present();
    assert!(present.lines.is_empty());
    assert_eq!(present.everyone, 0);
    assert_eq!(lines.free(), 2);
}

#[test]
fn addresses_of_one_network_are_one_caller_however_they_are_written() {
    for (a, b, same) in [
        ("2001:db8::1", "2001:db8::ffff:2", true),
        ("2001:db8::1", "2001:db8:0:1::1", false),
        ("::ffff:192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
    ] {
        let who = |address: &str| Who::of(&Caller::Anonymous, Some(address.parse().unwrap()));
        assert_eq!(who(a) == who(b), same, "{a} and {b}");
    }
    assert_eq!(Who::of(&Caller::Operator, None), Who::Program);
}
