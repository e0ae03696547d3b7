//! Clients that are slow, silent or too many, against a server in this process whose limits are short.

use std::time::Duration;

use cairn::domain::limits::HttpLimits;

use crate::quick::Quick;
use crate::support::archive::Module;
use crate::support::eventually;
use crate::support::server::ROOT_TOKEN;
use crate::support::wire::Wire;
use crate::{SENTINEL, upload};

/// Long enough for an honest client on this machine, and over before anybody loses patience.
const SHORT: Duration = Duration::from_millis(400);

#[test]
fn a_client_that_says_nothing_is_let_go() {
    let server = Quick::start(HttpLimits { head: SHORT, ..HttpLimits::default() });
    let mut silent = Wire::open(server.address);
    silent.rest();
    eventually("its place is free", || server.connections() == 0);
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let server = Quick::start(HttpLimits { head: SHORT, ..HttpLimits::default() });
    let mut wire = Wire::open(server.address);
    wire.send("GET /-/health HTTP/1.1\r\nHost: x\r\nX-Slow:");
    // One byte at a time keeps the connection busy and must not keep it alive.
    eventually("the connection is given up", || !wire.try_send("x"));
}

#[test]
fn a_connection_that_was_used_and_rests_is_let_go() {
    let server = Quick::start(HttpLimits { head: SHORT, ..HttpLimits::default() });
    let mut wire = Wire::open(server.address);
    wire.send("GET /-/health HTTP/1.1\r\nHost: x\r\n\r\n");
    wire.answer().unwrap().must(200);
    wire.rest();
    eventually("its place is free", || server.connections() == 0);
}

#[test]
fn an_upload_that_stops_is_given_up_and_cleared_away() {
    let limits = HttpLimits { body_chunk: SHORT, drain: SHORT, ..HttpLimits::default() };
    let server = Quick::start(limits).acme();
    for framing in ["Content-Length: 100000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n10\r\n"] {
        let mut wire = Wire::open(server.address);
        wire.send(upload(framing)).send(&Module::of("one").build()[..10]);
        let answer = wire.answer().unwrap().must(400);
        assert!(answer.text().contains("nothing was stored"), "{}", answer.text());
        wire.must_be_closed();
        eventually("nothing is staged", || server.staged() == 0);
    }
}

#[test]
fn a_refused_body_is_drained_for_a_while_only() {
    let limits = HttpLimits { drain: SHORT, body_chunk: SHORT, ..HttpLimits::default() };
    let server = Quick::start(limits).acme();
    let mut wire = Wire::open(server.address);
    wire.send("PUT /api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/one/file HTTP/1.1\r\n");
    wire.send("Host: x\r\nContent-Length: 100000\r\n\r\nsome");
    wire.answer().unwrap().must(401);
    wire.must_be_closed();
}

#[test]
fn a_refused_body_is_drained_up_to_a_bound_only() {
    let server = Quick::start(HttpLimits { drain_bytes: 1000, ..HttpLimits::default() }).acme();
    let mut wire = Wire::open(server.address);
    wire.send(
        "POST /api/v4/groups HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: bad\r\nContent-Length: 1000000\r\n\r\n",
    );
    wire.try_send(vec![b'x'; 5000]);
    wire.answer().unwrap().must(401);
}

#[test]
fn a_reader_that_takes_nothing_is_given_up() {
    let server = Quick::start(HttpLimits { write: SHORT, ..HttpLimits::default() }).acme();
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(24 * 1024 * 1024)
    .collect();
    let module = Module::of("one").file("noise", noise).build();
    let target = "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/1.0.0";
    server.root().put(&format!("{target}/file"), &module).must(201);
    eventually("no connection is open", || server.connections() == 0);
    let mut lazy = Wire::open(server.address);
    lazy.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {ROOT_TOKEN}\r\n\r\n"));
    eventually("it is connected", || server.connections() == 1);
    eventually("it is given up", || server.connections() == 0);
    assert!(lazy.answer().is_none(), "it did not get everything");
    assert_eq!(server.root().get(target).must(200).body.len(), module.len(), "others do");
}

#[test]
fn who_comes_when_all_places_are_taken_is_served_when_one_is_free() {
    let limits = HttpLimits { connections: 2, uploads: 1, ..HttpLimits::default() };
    let server = Quick::start(limits);
    let mut first = Wire::open(server.address);
    let second = Wire::open(server.address);
    first.send("GET /-/health HTTP/1.1\r\nHost: x\r\n\r\n");
    first.answer().unwrap().must(200);
    eventually("both have a place", || server.connections() == 2);
    let mut third = Wire::open(server.address);
    third.send(SENTINEL);
    assert_eq!(server.connections(), 2);
    drop(second);
    third.answer().unwrap().must(404);
}
