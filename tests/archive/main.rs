//! The archive layer from outside: every known attack, the shapes of real modules, and what other tools make of them.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

// Clippy lets tests unwrap and panic; it takes helpers for tests only where it is told so.
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod bombs;
#[cfg(test)]
mod browse;
#[cfg(test)]
mod manifest;
#[cfg(test)]
mod packing;
#[cfg(test)]
#[path = "../support/archive.rs"]
mod support;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod verdict;

use verdict::{accepted, check};
