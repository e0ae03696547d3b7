//! Other people's programs against the server, installed from where people install them.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod schemathesis;
mod venv;
