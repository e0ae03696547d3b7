//! Everything at once: reads, downloads, searches and publishes at half of what the server can do, and reads while others
//! publish as fast as they can.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;

use crate::archives;
use crate::machine;
use crate::paced::{self, Kinds};
use crate::paths::{self, PROTOCOL, SEARCHES};
use crate::publisher::{Until, publish};
use crate::report::{Goal, Row, short};
use crate::rounds::{Contestant, Work, median, play};
use crate::servers::{Cores, Server};
use crate::world::World;
use crate::wrk::Asked;

/// Requests a second that no server answers: what comes is the peak.
const MORE_THAN_ANY: f64 = 1e7;

pub(crate) fn mixed(world: &mut World) -> Result<()> {
    let data = world.copy("mixed")?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let kinds = kinds(world)?;
    let peak = paced::run(cairn.plain, MORE_THAN_ANY, world.run.seconds, &kinds, "peak")?;
    let pace = peak.requests / peak.seconds / 2.0;
    machine::forget_peak(cairn.pid())?;
    let (mut p999, mut count) = (Vec::new(), 0);
    let run = || {
        count += 1;
        let took = paced::run(cairn.plain, pace, world.run.seconds, &kinds, &count.to_string())?;
        p999.push(took.p999);
        Ok(Work { units: took.requests, seconds: took.seconds, p50: took.p50, p99: took.p99 })
    };
    let played =
        play(world.rules(), &mut [Contestant { name: "cairn", pid: Some(cairn.pid()), run: Box::new(run) }])?;
    let of = |at: fn(&crate::rounds::Sample) -> f64| played.values(|round| round.first().map(at));
    let (p50, p99) = (of(|sample| sample.p50), of(|sample| sample.p99));
    let rate = format!("{}/s, half of the peak", short(median(&of(|sample| sample.rate))));
    let goal = |target: f64, floor: f64| Goal::AtMost { target, floor };
    let row = |name: &str, values: Vec<f64>, goal: Goal| {
        Row::value(&format!("mixed: {name}"), "ms", values, goal).played(&played).absolute(rate.clone())
    };
    let rows = [
        row("p50", p50, goal(0.3, 0.3)),
        row("p99", p99, goal(3.0, 8.0)),
        row("p99.9", p999, goal(20.0, 20.0)),
    ];
    for row in rows {
        world.told(row);
    }
    let bytes = machine::peak_resident(cairn.pid())? as f64 / 1024.0 / 1024.0;
    world.told(Row::value("memory: mixed", "MiB", vec![bytes], goal(96.0, 192.0)));
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

fn kinds(world: &World) -> Result<Kinds> {
    let archive = world.scratch("mixed.tar.gz");
    std::fs::write(&archive, archives::module(10 << 10)?)?;
    let searches = SEARCHES.map(|words| format!("/v1/modules/search?q={words}"));
    Ok(Kinds {
        versions: versions(world, &world.scratch("mixed-versions.paths"))?,
        downloads: paths::zipf(&world.scratch("mixed-downloads.paths"), world.size, "all", |name| {
            format!("{PROTOCOL}/all/{name}/aws/1.0.0/download")
        })?,
        searches: paths::list(&world.scratch("mixed-searches.paths"), &searches)?,
        archive,
    })
}

fn versions(world: &World, file: &Path) -> Result<std::path::PathBuf> {
    paths::zipf(file, world.size, "open", |name| format!("{PROTOCOL}/open/{name}/aws/versions"))
}

/// The server has both processors here, as the publishers need some of it. The one set of readers is measured twice.
pub(crate) fn read_while_publishing(world: &mut World) -> Result<()> {
    let data = world.copy("read-while-publishing")?;
    let cairn = world.cairn(&data, Cores::All, "warn")?;
    let paths = versions(world, &world.scratch("reading.paths"))?;
    let archive = archives::module(10 << 10)?;
    let asked = Asked::new(&paths, &[], 16);
    let meanwhile = || publish(cairn.plain, &archive, 4, Until::Passed(Duration::from_millis(200))).map(drop);
    read_beside(world, "read-while-publishing", &cairn, &asked, (2.0, 4.0), meanwhile)?;
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

/// Readers beside something that is done again and again, and the same readers alone.
pub(super) fn read_beside(
    world: &mut World,
    name: &str,
    cairn: &Server,
    asked: &Asked<'_>,
    (target, floor): (f64, f64),
    meanwhile: impl Fn() -> Result<()> + Sync,
) -> Result<()> {
    let played = {
        let mut with = world.wrk("readers beside it", cairn, asked);
        let without = world.wrk("readers alone", cairn, asked);
        let mut read = with.run;
        with.run = Box::new(move || during(&meanwhile, &mut read));
        play(world.rules(), &mut [with, without])?
    };
    let ratios = played.values(|round| Some(round.first()?.p99 / round.get(1)?.p99));
    let p99 = |at: usize| median(&played.values(|round| Some(round.get(at)?.p99)));
    let text = format!("p99 {} ms and {} ms", short(p99(0)), short(p99(1)));
    let goal = Goal::AtMost { target, floor };
    world.told(Row::ratio(name, "reading alone", ratios, &played, goal).absolute(text));
    Ok(())
}

fn during(
    meanwhile: &(impl Fn() -> Result<()> + Sync),
    read: &mut impl FnMut() -> Result<Work>,
) -> Result<Work> {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let others = scope.spawn(|| -> Result<()> {
            while !is_over.load(Ordering::Relaxed) {
                meanwhile()?;
            }
            Ok(())
        });
        let work = read();
        is_over.store(true, Ordering::Relaxed);
        others.join().map_err(|_panic| anyhow::anyhow!("what was done meanwhile panicked"))??;
        work
    })
}
