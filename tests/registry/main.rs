//! The registry from outside: the real program, real connections, what the contract promises.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod audit;
mod changes_meanwhile;
mod ci_jobs;
mod claims;
mod credentials;
mod gitlab_jobs;
mod harness;
mod identity_lists;
mod jwks_file;
mod lists;
mod login;
mod modules_api;
mod openapi;
mod operations;
mod people;
mod publishing;
mod reading;
mod ready_answers;
mod renames;
mod rights;
mod trusted_publishers;
mod webhooks;
