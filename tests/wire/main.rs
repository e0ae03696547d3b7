//! What no client library would send, byte by byte, and clients that come slowly or leave early.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

use support::server::Server;
use support::wire::Wire;

#[test]
fn two_requests_sent_at_once_are_answered_in_order() {
    let server = Server::start();
    let mut wire = Wire::open(server.address());
    wire.send("GET /-/health HTTP/1.1\r\nHost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(wire.answer().unwrap().status, 200);
    assert_eq!(wire.answer().unwrap().status, 404);
}
