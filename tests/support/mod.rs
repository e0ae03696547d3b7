//! What tests of the running program share: the server as a process, a client that shows every byte, and a world of
//! users, projects and modules.
//!
//! Each test target includes it with `#[path = "../support/mod.rs"] mod support;`.
#![expect(dead_code, reason = "each test target uses its own part of this")]

pub(crate) mod archive;
pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod issuer;
pub(crate) mod receiver;
pub(crate) mod server;
pub(crate) mod wire;
pub(crate) mod world;

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it. Never how long a test takes.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until a condition holds, looking again and again. Fails the test when it never does.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited too long until {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
