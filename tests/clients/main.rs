//! Clients that others wrote, against the real server: what was made for GitLab works after changing the URL.
//!
//! They come from Python's package index into a virtual environment that is kept between runs. Without Python or a way to
//! the index these tests say so and pass; `CAIRN_REQUIRE_PYTHON` makes them fail instead.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod python;

mod python_gitlab;
mod schemathesis;
