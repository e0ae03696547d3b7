//! From the start of the process to the first answers: after a clean stop, after a kill, and with nothing in the store.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::archives;
use crate::publisher::{Until, publish};
use crate::report::{Goal, Row, short};
use crate::rounds::{Contestant, Work, median, play};
use crate::seed;
use crate::servers::{self, Cores, Server};
use crate::world::{World, token};

/// Starts cairn: it itself, with the milliseconds until it was ready and until it answered a search.
fn timed(world: &World, data: &Path) -> Result<(Server, f64, f64)> {
    let start = Instant::now();
    let mut server = servers::cairn(&world.program, data, &world.certificate, Cores::All, "warn")?;
    server.wait_for("/-/readiness", &[])?;
    let ready = start.elapsed();
    server.wait_for("/v1/modules/search?q=network", &token())?;
    Ok((server, ready.as_secs_f64() * 1e3, start.elapsed().as_secs_f64() * 1e3))
}

/// Plays rounds of starts; `before` prepares each.
fn starts(
    world: &mut World,
    workload: &str,
    data: &Path,
    goals: (Goal, Goal),
    before: impl Fn(&World) -> Result<()>,
) -> Result<()> {
    let run = || {
        before(world)?;
        let (server, ready, search) = timed(world, data)?;
        server.stop()?;
        Ok(Work { units: 1.0, seconds: 1.0, p50: ready, p99: search })
    };
    let mut contestants = [Contestant { name: "cairn", pid: None, run: Box::new(run) }];
    let played = play(world.rules(), &mut contestants)?;
    drop(contestants);
    let ready = played.values(|round| Some(round.first()?.p50));
    let search = played.values(|round| Some(round.first()?.p99));
    let text = format!("ready after {} ms", short(median(&ready)));
    world.told(Row::value(workload, "ms", ready, goals.0).played(&played).absolute(text));
    let text = format!("search after {} ms", short(median(&search)));
    let row = Row::value(&format!("{workload}: search"), "ms", search, goals.1);
    world.told(row.played(&played).absolute(text));
    Ok(std::fs::remove_dir_all(data)?)
}

pub(crate) fn clean(world: &mut World) -> Result<()> {
    let data = world.copy("start")?;
    timed(world, &data)?.0.stop()?;
    let goals = (Goal::AtMost { target: 60.0, floor: 150.0 }, Goal::AtMost { target: 150.0, floor: 400.0 });
    starts(world, "start-clean", &data, goals, |_| Ok(()))
}

/// Each start finds what a server left that was killed while clients were publishing.
pub(crate) fn killed(world: &mut World) -> Result<()> {
    let data = world.copy("start")?;
    let archive = archives::module(10 << 10)?;
    let goals = (Goal::AtMost { target: 200.0, floor: 600.0 }, Goal::None);
    starts(world, "start-killed", &data.clone(), goals, |world| {
        let server = world.cairn(&data, Cores::All, "warn")?;
        let address = server.plain;
        std::thread::scope(|scope| {
            let clients =
                scope.spawn(|| publish(address, &archive, 8, Until::Passed(Duration::from_secs(2))));
            std::thread::sleep(Duration::from_secs(1));
            drop(server);
            // They lose their connections, as they should.
            drop(clients.join());
        });
        Ok(())
    })
}

pub(crate) fn empty(world: &mut World) -> Result<()> {
    let data = world.scratch("start-empty");
    std::fs::create_dir_all(&data)?;
    seed::write_empty(&data)?;
    timed(world, &data)?.0.stop()?;
    let goals = (Goal::AtMost { target: 15.0, floor: 50.0 }, Goal::None);
    starts(world, "start-empty", &data, goals, |_| Ok(()))
}
