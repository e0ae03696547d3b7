//! The parts that a request or an upload goes through, each by itself, with ordinary and with hostile input.
//!
//! `cargo bench --bench parts` runs all of them, `cargo bench --bench parts -- readme` those with that word in their name.
//! The whole is measured by `cargo bench --bench load`.

use criterion::{criterion_group, criterion_main};

mod archive;
mod domain;
mod module;
mod store;

criterion_group!(benches, domain::benches, module::benches, store::benches, archive::benches);
criterion_main!(benches);
