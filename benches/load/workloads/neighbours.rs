//! Whether one client's storm is felt by another one, who has a little work of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::machine;
use crate::paths::{self, PROTOCOL, SEARCHES};
use crate::report::{Goal, Row, short};
use crate::rounds::{Contestant, median, play};
use crate::servers::Cores;
use crate::storms::{self, Storm};
use crate::victim;
use crate::world::World;

/// How long a storm blows before it is measured who feels it, and how long its end may take.
const BEFORE: Duration = Duration::from_millis(500);
/// How many times longer the victim's slowest requests may take.
const MOST: f64 = 3.0;

/// What storms need.
struct Target {
    dir: PathBuf,
    server: SocketAddr,
    /// Paths to the versions of public modules.
    versions: PathBuf,
    searches: PathBuf,
    archive: String,
}

type Begin = fn(&Target) -> Result<Storm>;

const STORMS: [(&str, Begin); 6] = [
    ("a flood, 64 connections", |target| storms::flood(&target.dir, target.server, 64, &target.versions)),
    ("a flood, 512 connections", |target| storms::flood(&target.dir, target.server, 512, &target.versions)),
    ("4,000 idle connections", |target| storms::idle(target.server, 4_000)),
    ("1,000 slow readers", |target| storms::slow_readers(target.server, 1_000, &target.archive)),
    ("16 who search", |target| storms::flood(&target.dir, target.server, 16, &target.searches)),
    ("32 who guess passwords", |target| storms::sign_in(&target.dir, target.server, 32)),
];

pub(crate) fn neighbours(world: &mut World) -> Result<()> {
    machine::raise_file_limit()?;
    let data = world.copy("neighbours")?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let target = Target {
        dir: world.scratch(""),
        server: cairn.plain,
        versions: paths::zipf(&world.scratch("storm-versions.paths"), world.size, "open", |name| {
            format!("{PROTOCOL}/open/{name}/aws/versions")
        })?,
        searches: searches(&world.scratch("storm-searches.paths"))?,
        archive: paths::archive("archive-10m"),
    };
    let asked = paths::zipf(&world.scratch("victim.paths"), world.size, "all", |name| {
        format!("{PROTOCOL}/all/{name}/aws/versions")
    })?;
    let asked = paths::first(&asked)?;
    let seconds = world.run.seconds;
    let measured = |begin: Option<Begin>| {
        let storm = begin.map(|begin| begin(&target)).transpose()?;
        std::thread::sleep(BEFORE);
        let work = victim::run(target.server, &asked, seconds);
        drop(storm);
        std::thread::sleep(BEFORE);
        work
    };
    let measured = &measured;
    let mut contestants = vec![Contestant { name: "alone", pid: None, run: Box::new(|| measured(None)) }];
    contestants.extend(STORMS.map(|(name, begin)| Contestant {
        name,
        pid: None,
        run: Box::new(move || measured(Some(begin))),
    }));
    // The storms are others' work: whether the machine is quiet cannot be told.
    let played = play(crate::rounds::Rules { quiet: 1.0, ..world.rules() }, &mut contestants)?;
    drop(contestants);
    let alone = median(&played.values(|round| Some(round.first()?.p99)));
    for (at, (name, _)) in STORMS.iter().enumerate() {
        let ratios = played.values(|round| Some(round.get(at + 1)?.p99 / round.first()?.p99));
        let beside = median(&played.values(|round| Some(round.get(at + 1)?.p99)));
        let goal = Goal::AtMost { target: MOST, floor: MOST };
        let text = format!("p99 {} ms, alone {} ms", short(beside), short(alone));
        world.told(Row::ratio(&format!("beside {name}"), "alone", ratios, &played, goal).absolute(text));
    }
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

/// Searches that were not made before, as far as that goes.
fn searches(file: &Path) -> Result<PathBuf> {
    let numbered = |number: usize| SEARCHES.map(|words| format!("/v1/modules/search?q={words}+{number}"));
    let all: Vec<String> = (0..1000).flat_map(numbered).collect();
    paths::list(file, &all)
}
