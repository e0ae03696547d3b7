//! Resident memory at rest, under load and for each idle connection, and the size of the program.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::machine;
use crate::paths::{self, PROTOCOL};
use crate::report::{Goal, Row};
use crate::seed;
use crate::servers::Cores;
use crate::wire::Connection;
use crate::world::{World, token};
use crate::wrk::{self, Asked};

const MIB: f64 = 1024.0 * 1024.0;
/// Connections that are open and do nothing.
const IDLE: u32 = 4_000;
/// How long a server is left alone before its memory at rest is read.
const REST: Duration = Duration::from_secs(2);

fn mebibytes(workload: &str, bytes: u64, target: f64, floor: f64) -> Row {
    Row::value(workload, "MiB", vec![bytes as f64 / MIB], Goal::AtMost { target, floor })
}

pub(crate) fn memory(world: &mut World) -> Result<()> {
    let empty = world.scratch("memory-empty");
    std::fs::create_dir_all(&empty)?;
    seed::write_empty(&empty)?;
    let cairn = world.cairn(&empty, Cores::One, "warn")?;
    std::thread::sleep(REST);
    let bytes = machine::resident(cairn.pid())?;
    drop(cairn);
    world.told(mebibytes("memory: empty, idle", bytes, 12.0, 24.0));
    let data = world.copy("memory")?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    std::thread::sleep(REST);
    let bytes = machine::resident(cairn.pid())?;
    world.told(mebibytes("memory: full, idle", bytes, 64.0, 128.0));
    let path = |name: &str| format!("{PROTOCOL}/open/{name}/aws/versions");
    let paths = paths::zipf(&world.scratch("memory.paths"), world.size, "open", path)?;
    machine::forget_peak(cairn.pid())?;
    let token = token();
    let asked = Asked { server: cairn.plain, seconds: world.run.seconds, ..Asked::new(&paths, &token, 64) };
    wrk::run(&world.scratch(""), &asked)?;
    let bytes = machine::peak_resident(cairn.pid())?;
    world.told(mebibytes("memory: full, versions", bytes, 96.0, 192.0));
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

pub(crate) fn idle_connections(world: &mut World) -> Result<()> {
    machine::raise_file_limit()?;
    let data = world.scratch("idle");
    std::fs::create_dir_all(&data)?;
    seed::write_empty(&data)?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let open = |count: u32| -> Result<Vec<Connection>> {
        (0..count)
            .map(|_| {
                let mut connection = Connection::open(cairn.plain)?;
                connection.get("/-/liveness", &[])?.expect(200)?;
                Ok(connection)
            })
            .collect()
    };
    let first = open(100)?;
    let before = machine::resident(cairn.pid())?;
    let all = open(IDLE)?;
    let each = machine::resident(cairn.pid())?.saturating_sub(before) as f64 / f64::from(IDLE) / 1024.0;
    drop((first, all));
    world.told(
        Row::value("idle-connections", "KiB each", vec![each], Goal::AtMost { target: 14.0, floor: 20.0 })
            .absolute(format!("{IDLE} connections")),
    );
    Ok(())
}

pub(crate) fn binary(world: &mut World) -> Result<()> {
    let stripped = world.scratch("cairn-stripped");
    if !Command::new("strip").arg("-o").arg(&stripped).arg(&world.program).status()?.success() {
        bail!("the program could not be stripped");
    }
    let bytes = std::fs::metadata(stripped)?.len();
    world.told(mebibytes("binary, stripped", bytes, 12.0, 20.0));
    Ok(())
}
