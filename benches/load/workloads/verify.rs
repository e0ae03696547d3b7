//! `cairn verify` and `cairn gc`: how fast archives are hashed again, and what somebody notices of it who reads meanwhile.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use cairn::blobs::Hasher;

use crate::archives;
use crate::paths::{self, PROTOCOL};
use crate::publisher::{Until, publish};
use crate::report::{Goal, Row, short};
use crate::rounds::{Contestant, Work, median, play};
use crate::seed;
use crate::servers::{Cores, Server};
use crate::wire::Connection;
use crate::workloads::mixed::read_beside;
use crate::world::{World, token};
use crate::wrk::Asked;

/// Archives that are verified, of 1 MiB each.
const ARCHIVES: usize = 1_000;
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn verify(world: &mut World) -> Result<()> {
    let data = world.scratch("verify");
    std::fs::create_dir_all(&data)?;
    seed::write_empty(&data)?;
    let archive = archives::module(1 << 20)?;
    let cairn = world.cairn(&data, Cores::All, "warn")?;
    publish(cairn.plain, &archive, 4, Until::Count(ARCHIVES / 4))?;
    let units = (ARCHIVES * archive.len()) as f64;
    let played = play(
        world.rules(),
        &mut [
            Contestant {
                name: "cairn",
                pid: None,
                run: Box::new(|| {
                    let start = Instant::now();
                    let status = Command::new(&world.program)
                        .args(["verify", "--data-dir"])
                        .arg(&data)
                        .stdout(Stdio::null())
                        .status()?;
                    if !status.success() {
                        bail!("cairn verify failed");
                    }
                    Ok(Work { units, seconds: start.elapsed().as_secs_f64(), ..Work::default() })
                }),
            },
            Contestant {
                name: "SHA-256 in memory",
                pid: None,
                run: Box::new(|| {
                    let start = Instant::now();
                    for _ in 0..ARCHIVES {
                        let mut hash = Hasher::default();
                        hash.update(std::hint::black_box(&archive));
                        std::hint::black_box(hash.finish());
                    }
                    Ok(Work { units, seconds: start.elapsed().as_secs_f64(), ..Work::default() })
                }),
            },
        ],
    )?;
    let rate = median(&played.values(|round| Some(round.first()?.rate))) / MIB;
    let goal = Goal::AtLeast { target: 0.8, floor: 0.5 };
    world.told(
        Row::ratio("verify", "SHA-256", played.ratios(1), &played, goal)
            .absolute(format!("{} MiB/s", short(rate))),
    );
    read_meanwhile(world, &cairn, &data)?;
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

/// Readers of one of the modules that are verified.
fn read_meanwhile(world: &mut World, cairn: &Server, data: &Path) -> Result<()> {
    let token = token();
    let found = Connection::open(cairn.plain)?.get("/v1/modules/load?limit=1", &token)?.expect(200)?;
    let modules: serde_json::Value = serde_json::from_slice(&found.body)?;
    let name = modules.pointer("/modules/0/name").and_then(serde_json::Value::as_str).context("no module")?;
    let paths =
        paths::list(&world.scratch("verifying.paths"), &[format!("{PROTOCOL}/load/{name}/local/versions")])?;
    let program = world.program.clone();
    let run = |command: &str| -> Result<()> {
        let arguments = [command, "--data-dir"];
        let status = Command::new(&program).args(arguments).arg(data).stdout(Stdio::null()).status()?;
        if status.success() { Ok(()) } else { bail!("cairn {command} failed") }
    };
    let asked = Asked::new(&paths, &[], 16);
    for command in ["verify", "gc"] {
        let name = format!("read-while-{command}");
        read_beside(world, &name, cairn, &asked, (3.0, 3.0), || run(command))?;
    }
    Ok(())
}
