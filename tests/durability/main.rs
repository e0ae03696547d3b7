//! What survives: power cuts, full and failing disks, kills, races between publishers and collectors, old databases.

#![cfg(test)]

#[path = "../support/archive.rs"]
#[expect(dead_code, reason = "the hostile half of the builder is for the tests of archives")]
mod archives;
mod audit;
mod blobs;
mod disk;
mod failures;
mod full_disk;
mod golden;
mod kill;
mod old_database;
mod power;
mod sample;
mod server;
mod upgrade;
mod workload;
