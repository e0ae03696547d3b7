//! The registry from outside: the real program, real connections, what the contract promises.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod changes_meanwhile;
mod credentials;
mod harness;
mod openapi;
mod operations;
mod publishing;
mod reading;
