//! Publishing: many clients at once, and one that sends a very large archive.

use std::time::Duration;

use anyhow::Result;

use crate::archives;
use crate::machine;
use crate::publisher::{Until, publish, publish_plainly};
use crate::report::{Goal, Row, short};
use crate::rounds::{Contestant, Work, median, play};
use crate::servers::{self, Cores};
use crate::world::World;

/// Clients that publish at once.
const CLIENTS: usize = 16;
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn publish_100k(world: &mut World) -> Result<()> {
    at_once(world, "publish-100k", 100 << 10)
}

pub(crate) fn publish_10k(world: &mut World) -> Result<()> {
    at_once(world, "publish-10k", 10 << 10)
}

fn at_once(world: &mut World, workload: &str, bytes: usize) -> Result<()> {
    let (data, plain) = (world.copy(workload)?, world.scratch("plain"));
    let cairn = world.cairn(&data, Cores::All, "warn")?;
    let archive = archives::module(bytes)?;
    let until = Until::Passed(Duration::from_secs(world.run.seconds));
    let received = ["received", "received-rows"].map(|name| world.scratch(name));
    let [bare, noting] = &received;
    let (bare, noting) = (servers::receiver(bare, false)?, servers::receiver(noting, true)?);
    let played = play(
        world.rules(),
        &mut [
            Contestant {
                name: "cairn",
                pid: Some(cairn.pid()),
                run: Box::new(|| publish(cairn.plain, &archive, CLIENTS, until)),
            },
            Contestant {
                name: "plain publisher",
                pid: None,
                run: Box::new(|| publish_plainly(&plain, &archive, CLIENTS, until)),
            },
            Contestant {
                name: "bare hyper",
                pid: Some(bare.pid()),
                run: Box::new(|| publish(bare.plain, &archive, CLIENTS, until)),
            },
            Contestant {
                name: "bare hyper and redb",
                pid: Some(noting.pid()),
                run: Box::new(|| publish(noting.plain, &archive, CLIENTS, until)),
            },
        ],
    )?;
    let (rate, p99) = (
        median(&played.values(|round| Some(round.first()?.rate))),
        median(&played.values(|round| Some(round.first()?.p99))),
    );
    let goal = Goal::AtLeast { target: 0.85, floor: 0.65 };
    let done = format!("{}/s, p99 {} ms", short(rate), short(p99));
    // The plain publisher speaks no HTTP, reads no configuration and keeps no metadata.
    let row = Row::ratio(workload, "hash and sync", played.ratios(1), &played, goal).guard(0.20);
    world.told(row.absolute(done));
    for (at, control) in [(2, "hyper, hash and sync"), (3, "hyper, hash, sync, one row in redb")] {
        let other = median(&played.values(|round| Some(round.get(at)?.rate)));
        let row = Row::ratio(workload, control, played.ratios(at), &played, Goal::None);
        world.told(row.absolute(format!("the other {}/s", short(other))));
    }
    // What was written stays until the program ends: for some seconds after many files were deleted, ext4 without a
    // journal takes long to make new ones, which the next workload would pay for.
    drop(cairn);
    Ok(())
}

pub(crate) fn publish_50m(world: &mut World) -> Result<()> {
    let (data, plain) = (world.copy("publish-50m")?, world.scratch("plain"));
    let cairn = world.cairn(&data, Cores::All, "warn")?;
    let (small, large) = (archives::module(10 << 10)?, archives::module(50 << 20)?);
    publish(cairn.plain, &small, 1, Until::Count(20))?;
    let mut extra = Vec::new();
    let by_bytes = |work: Work| Work { units: work.units * large.len() as f64, ..work };
    let played = play(
        world.rules(),
        &mut [
            Contestant {
                name: "cairn",
                pid: Some(cairn.pid()),
                run: Box::new(|| {
                    let before = machine::resident(cairn.pid())?;
                    machine::forget_peak(cairn.pid())?;
                    let work = publish(cairn.plain, &large, 1, Until::Count(1))?;
                    extra.push(machine::peak_resident(cairn.pid())?.saturating_sub(before) as f64 / MIB);
                    Ok(by_bytes(work))
                }),
            },
            Contestant {
                name: "plain publisher",
                pid: None,
                run: Box::new(|| Ok(by_bytes(publish_plainly(&plain, &large, 1, Until::Count(1))?))),
            },
        ],
    )?;
    let rate = median(&played.values(|round| Some(round.first()?.rate))) / MIB;
    let goal = Goal::AtLeast { target: 0.85, floor: 0.65 };
    world.told(
        Row::ratio("publish-50m", "hash and sync", played.ratios(1), &played, goal)
            .guard(0.55)
            .absolute(format!("{} MiB/s", short(rate))),
    );
    // The first upload counts most: what it took may still be there when the next one begins.
    let most = extra.iter().copied().fold(0.0, f64::max);
    let goal = Goal::AtMost { target: 8.0, floor: 16.0 };
    world.told(
        Row::value("publish-50m memory", "MiB", vec![most], goal)
            .absolute("the most of all uploads".to_owned()),
    );
    // What was written stays until the program ends: for some seconds after many files were deleted, ext4 without a
    // journal takes long to make new ones, which the next workload would pay for.
    drop(cairn);
    Ok(())
}
