//! What survives: power cuts, full and failing disks, kills, races between publishers and collectors, old databases.

#![cfg(test)]

mod sample;
