//! `cairn backup`: how long it takes to bring the metadata of the whole instance into another data directory.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};
use cairn::domain::Sha256;

use crate::report::{Goal, Row, short};
use crate::rounds::{Contestant, Work, median, play};
use crate::world::World;

/// Versions that the goal is for.
const MILLION: f64 = 1e6;

pub(crate) fn backup(world: &mut World) -> Result<()> {
    let data = world.copy("backup")?;
    // The one archive that all versions of the instance have: it is not there, and would be named as missing.
    let digest = Sha256::new([0; 32]).to_hex();
    let (folder, rest) = digest.split_at(2);
    std::fs::write(data.join("blobs/sha256").join(folder).join(rest), "x")?;
    let run = || {
        let made = world.scratch("backup-made");
        let start = Instant::now();
        let status = Command::new(&world.program)
            .args(["backup", "--data-dir"])
            .args([&data, &made])
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            bail!("cairn backup failed");
        }
        let seconds = start.elapsed().as_secs_f64();
        std::fs::remove_dir_all(made)?;
        Ok(Work { units: 1.0, seconds, ..Work::default() })
    };
    let mut contestants = [Contestant { name: "cairn", pid: None, run: Box::new(run) }];
    let played = play(world.rules(), &mut contestants)?;
    drop(contestants);
    let versions = (world.size.modules * world.size.versions) as f64;
    let seconds = played.values(|round| Some(round.first()?.rate.recip() * MILLION / versions));
    let text = format!("{} versions a second", short(MILLION / median(&seconds)));
    let goal = Goal::AtMost { target: 6.0, floor: 15.0 };
    world.told(Row::value("backup of a million versions", "s", seconds, goal).played(&played).absolute(text));
    Ok(std::fs::remove_dir_all(data)?)
}
