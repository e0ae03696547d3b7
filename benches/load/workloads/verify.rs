//! `cairn verify`: how fast archives are hashed again.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};
use cairn::blobs::Hasher;

use crate::archives;
use crate::publisher::{Until, publish};
use crate::report::{Goal, Row, short};
use crate::rounds::{Contestant, Work, median, play};
use crate::seed;
use crate::servers::Cores;
use crate::world::World;

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
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}
