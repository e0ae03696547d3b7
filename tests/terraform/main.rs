//! The real Terraform command line against the real server: what gets installed, and what a person reads when it is not.
//!
//! Without a `terraform` on the path these tests say so and pass; `CAIRN_REQUIRE_TERRAFORM` makes them fail instead.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod command;
mod files;
mod front;

mod ci;
mod direct;
mod id_token;
mod install;
mod login;
mod mirror;
mod refusals;
mod renamed;
mod shapes;
mod versions;
