//! What no client library would send, byte by byte, and clients that come slowly or leave early.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod bodies;
mod direct;
mod downloads;
mod heads;
mod neighbours;
mod quick;
mod slow;

use support::client::Response;
use support::server::{ROOT_TOKEN, Server};
use support::wire::Wire;

/// A last request that asks for the end of the connection: its answer (404) shows that the server and the client agree
/// about where the request before it ended.
const SENTINEL: &str = "GET /api/sentinel HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Sends bytes and the sentinel, and reads every answer until the server closes.
fn answers(server: &Server, bytes: &[u8]) -> Vec<Response> {
    let mut wire = Wire::open(server.address());
    wire.try_send([bytes, SENTINEL.as_bytes()].concat());
    let to_head = bytes.starts_with(b"HEAD ");
    let mut found = Vec::new();
    while let Some(answer) = wire.answer_to(to_head && found.is_empty()) {
        found.push(answer);
    }
    assert_eq!(wire.rest(), b"", "bytes behind the last answer");
    found
}

/// The statuses of [`answers`].
fn statuses(server: &Server, bytes: &[u8]) -> Vec<u16> {
    answers(server, bytes).iter().map(|answer| answer.status).collect()
}

/// A request of the administrator to publish `vpc/aws` 1.0.0, up to its own headers and body.
fn upload(rest: &str) -> String {
    format!(
        "PUT /api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/1.0.0/file HTTP/1.1\r\n\
         Host: x\r\nPRIVATE-TOKEN: {ROOT_TOKEN}\r\n{rest}"
    )
}
