//! What survives: power cuts, full and failing disks, kills, races between publishers and collectors, old databases.

#![cfg(test)]


mod disk;
mod power;
mod workload;
mod sample;
mod failures;
mod golden;
mod old_database;
mod upgrade;
