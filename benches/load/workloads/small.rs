//! Small answers: versions, downloads, files that have not changed, over plain connections and TLS.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::paths::{self, PROTOCOL};
use crate::report::{Goal, Row, short};
use crate::rounds::{Played, Sample, median, play};
use crate::servers::{Cores, Server};
use crate::wire::Connection;
use crate::world::{World, token};
use crate::wrk::Asked;

/// Connections that ask at once.
const CONNECTIONS: usize = 64;

fn versions_of(world: &World, namespace: &str) -> Result<PathBuf> {
    let file = world.scratch(&format!("versions-{namespace}.paths"));
    paths::zipf(&file, world.size, namespace, |name| format!("{PROTOCOL}/{namespace}/{name}/aws/versions"))
}

/// Puts the answer to the first of some requests where nginx serves it. The paths to ask for it are as many, as different
/// and nearly as long as those, because the client is as busy as the servers and must not have less to do for one of them.
fn mirrored(world: &World, cairn: &Server, paths: &Path) -> Result<PathBuf> {
    let answer = Connection::open(cairn.plain)?.get(&paths::first(paths)?, &[])?.expect(200)?;
    world.file("versions.json", &answer.body)?;
    paths::each(&world.scratch("mirrored.paths"), paths, |path| format!("/versions.json?{path}"))
}

pub(crate) fn versions(world: &mut World) -> Result<()> {
    let data = world.copy("versions")?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let paths = versions_of(world, "open")?;
    let sample = paths::first(&paths)?;
    let hyper = world.control(&cairn, &sample, &[])?;
    let (nginx, file) = (world.nginx(false)?, mirrored(world, &cairn, &paths)?);
    let asked = Asked::new(&paths, &[], CONNECTIONS);
    let played = play(
        world.rules(),
        &mut [
            world.wrk("cairn", &cairn, &asked),
            world.wrk("hyper", &hyper, &asked),
            world.wrk("nginx", &nginx, &Asked { paths: &file, ..asked.clone() }),
        ],
    )?;
    let (beside_hyper, beside_nginx) =
        (Goal::AtLeast { target: 0.95, floor: 0.88 }, Goal::AtLeast { target: 1.40, floor: 1.20 });
    world.told(compared("versions", "bare hyper", &played, 1, beside_hyper).guard(0.65));
    world.told(compared("versions", "nginx file", &played, 2, beside_nginx).guard(0.80));
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

pub(crate) fn versions_token(world: &mut World) -> Result<()> {
    let paths = versions_of(world, "all")?;
    against_hyper(world, "versions-token", &paths, &token(), Goal::AtLeast { target: 0.90, floor: 0.80 })
}

pub(crate) fn download(world: &mut World) -> Result<()> {
    let path = |name: &str| format!("{PROTOCOL}/all/{name}/aws/1.0.0/download");
    let paths = paths::zipf(&world.scratch("download.paths"), world.size, "all", path)?;
    against_hyper(world, "download", &paths, &token(), Goal::AtLeast { target: 0.90, floor: 0.80 })
}

pub(crate) fn not_modified(world: &mut World) -> Result<()> {
    let data = world.copy("not-modified-sample")?;
    let tag = {
        let cairn = world.cairn(&data, Cores::One, "warn")?;
        let answer = Connection::open(cairn.plain)?.get(&paths::archive("archive-100k"), &[])?.expect(200)?;
        answer.header("etag").context("archives have no ETag")?.to_owned()
    };
    std::fs::remove_dir_all(data)?;
    let paths = paths::list(&world.scratch("not-modified.paths"), &[paths::archive("archive-100k")])?;
    let headers = [format!("If-None-Match: {tag}")];
    against_hyper(world, "not-modified", &paths, &headers, Goal::AtLeast { target: 0.93, floor: 0.85 })
}

fn against_hyper(
    world: &mut World,
    workload: &'static str,
    paths: &Path,
    headers: &[String],
    goal: Goal,
) -> Result<()> {
    let data = world.copy(workload)?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let hyper = world.control(&cairn, &paths::first(paths)?, headers)?;
    let asked = Asked::new(paths, headers, CONNECTIONS);
    let played =
        play(world.rules(), &mut [world.wrk("cairn", &cairn, &asked), world.wrk("hyper", &hyper, &asked)])?;
    world.told(compared(workload, "bare hyper", &played, 1, goal));
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

/// The same with a line of log for every request on both sides.
pub(crate) fn versions_logged(world: &mut World) -> Result<()> {
    let data = world.copy("versions-logged")?;
    let cairn = world.cairn(&data, Cores::One, "info")?;
    let paths = versions_of(world, "open")?;
    let file = mirrored(world, &cairn, &paths)?;
    let nginx = world.nginx(true)?;
    let asked = Asked::new(&paths, &[], CONNECTIONS);
    let played = play(
        world.rules(),
        &mut [
            world.wrk("cairn", &cairn, &asked),
            world.wrk("nginx", &nginx, &Asked { paths: &file, ..asked.clone() }),
        ],
    )?;
    world.told(compared("versions-logged", "nginx logged", &played, 1, Goal::None));
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

pub(crate) fn versions_tls(world: &mut World) -> Result<()> {
    tls(world, "versions-tls", &[], Goal::AtLeast { target: 1.20, floor: 1.05 }, Played::ratios)
}

/// A connection for every request: what counts is the server's processor time, as the client is slower than both.
pub(crate) fn handshake_tls(world: &mut World) -> Result<()> {
    let headers = ["Connection: close".to_owned()];
    let goal = Goal::AtLeast { target: 1.6, floor: 1.2 };
    tls(world, "handshake-tls", &headers, goal, Played::ratios_per_cpu)
}

fn tls(
    world: &mut World,
    workload: &'static str,
    headers: &[String],
    goal: Goal,
    ratios: fn(&Played, usize) -> Vec<f64>,
) -> Result<()> {
    let data = world.copy(workload)?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let paths = versions_of(world, "open")?;
    let file = mirrored(world, &cairn, &paths)?;
    let nginx = world.nginx(false)?;
    let asked = Asked { tls: true, ..Asked::new(&paths, headers, CONNECTIONS) };
    let played = play(
        world.rules(),
        &mut [
            world.wrk("cairn", &cairn, &asked),
            world.wrk("nginx", &nginx, &Asked { paths: &file, ..asked.clone() }),
        ],
    )?;
    world.told(Row { values: ratios(&played, 1), ..compared(workload, "nginx TLS", &played, 1, goal) });
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

/// The row of the first contestant against another one.
fn compared(workload: &str, control: &str, played: &Played, other: usize, goal: Goal) -> Row {
    let of = |value: fn(&Sample) -> f64| median(&played.values(|round| round.first().map(value)));
    let (rate, p99) = (of(|sample| sample.rate), of(|sample| sample.p99));
    Row::ratio(workload, control, played.ratios(other), played, goal)
        .per_cpu(played.ratios_per_cpu(other))
        .absolute(format!("{}/s, p99 {} ms", short(rate), short(p99)))
}
