//! Large answers: archives over plain connections and TLS, and a very long list of versions.

use anyhow::Result;

use crate::paths::{self, PROTOCOL};
use crate::report::{Goal, Row, short};
use crate::rounds::{Played, median, play};
use crate::servers::{Cores, Server};
use crate::wire::Connection;
use crate::world::World;
use crate::wrk::Asked;

pub(crate) fn archive_100k(world: &mut World) -> Result<()> {
    archive(world, "archive-100k", 64, Goal::AtLeast { target: 1.10, floor: 0.95 })
}

pub(crate) fn archive_10m(world: &mut World) -> Result<()> {
    archive(world, "archive-10m", 16, Goal::AtLeast { target: 1.00, floor: 0.90 })
}

fn archive(world: &mut World, name: &str, connections: usize, goal: Goal) -> Result<()> {
    fetched(world, name, &paths::archive(name), connections, goal)
}

pub(crate) fn versions_10000(world: &mut World) -> Result<()> {
    let goal = Goal::AtLeast { target: 0.90, floor: 0.75 };
    fetched(world, "versions-10000", &format!("{PROTOCOL}/load/many/aws/versions"), 16, goal)
}

/// Downloads the same bytes from both.
fn fetched(world: &mut World, workload: &str, path: &str, connections: usize, goal: Goal) -> Result<()> {
    let data = world.copy(workload)?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let nginx = nginx_with(world, &cairn, workload, path)?;
    let mirrored = format!("/{workload}");
    let played = play(
        world.rules(),
        &mut [
            world.fetch("cairn", &cairn, path, connections),
            world.fetch("nginx", &nginx, &mirrored, connections),
        ],
    )?;
    world.told(
        Row::ratio(workload, "nginx file", played.ratios(1), &played, goal)
            .guard(0.70)
            .per_cpu(played.ratios_per_cpu(1))
            .absolute(mebibytes(&played)),
    );
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

fn nginx_with(world: &World, cairn: &Server, name: &str, path: &str) -> Result<Server> {
    let answer = Connection::open(cairn.plain)?.get(path, &[])?.expect(200)?;
    world.file(name, &answer.body)?;
    world.nginx(false)
}

/// `wrk` decrypts the bodies and is slower than both servers, so what counts is their processor time for a byte.
pub(crate) fn archive_tls_1m(world: &mut World) -> Result<()> {
    let data = world.copy("archive-tls-1m")?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let path = paths::archive("archive-1m");
    let nginx = nginx_with(world, &cairn, "archive-tls-1m", &path)?;
    let file = world.scratch("archive-tls-1m.path");
    let paths = paths::list(&world.scratch("archive-1m.paths"), &[path])?;
    let asked = Asked { tls: true, by_bytes: true, ..Asked::new(&paths, &[], 16) };
    let played = play(
        world.rules(),
        &mut [
            world.wrk("cairn", &cairn, &asked),
            world.wrk("nginx", &nginx, &Asked { paths: &file, ..asked.clone() }),
        ],
    )?;
    let goal = Goal::AtLeast { target: 1.8, floor: 1.3 };
    world.told(
        Row::ratio("archive-tls-1m", "nginx TLS", played.ratios_per_cpu(1), &played, goal)
            .per_cpu(played.ratios_per_cpu(1))
            .absolute(mebibytes(&played)),
    );
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

fn mebibytes(played: &Played) -> String {
    let rate = median(&played.values(|round| Some(round.first()?.rate)));
    let per_cpu = median(&played.values(|round| Some(round.first()?.per_cpu)));
    let mebi = f64::from(1 << 20);
    format!("{} MiB/s, {} MiB a CPU second", short(rate / mebi), short(per_cpu / mebi))
}
