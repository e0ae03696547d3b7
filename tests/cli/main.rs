//! The commands as people and scripts use them: what they print, where, and how they exit.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod admin;
mod audit;
mod backup;
mod ci;
mod config;
mod import;
mod processes;
mod publish;
mod surface;
mod switch;
mod templates;
mod upkeep;

use std::sync::LazyLock;

use regex::Regex;

use support::server::{Outcome, Server};

/// A server that runs, and one that was stopped: commands about a data directory work the same with both.
fn running_and_stopped() -> [Server; 2] {
    let mut stopped = Server::start();
    stopped.stop();
    [Server::start(), stopped]
}

/// What a command printed as data, without what differs from run to run.
fn shown(text: &str) -> String {
    static TIME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").unwrap());
    TIME.replace_all(text, "TIME").into_owned()
}

impl Outcome {
    /// Fails the test unless the command failed with that code, printed no data, and said that.
    #[track_caller]
    fn refused(&self, code: i32, said: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "data of a command that failed");
        assert!(self.stderr.contains(said), "not said: {said}\n{}", self.stderr);
    }
}
