//! What the kernel says: processor time of processes and of the whole machine, and resident memory.

use std::path::Path;

use anyhow::{Context, Result};

/// Clock ticks of `/proc` in a second; the kernel's `USER_HZ` is 100 everywhere.
const TICKS: f64 = 100.0;

/// Seconds of processor time a process has used.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    let ticks = ticks(format!("/proc/{pid}/stat"))?;
    Ok((ticks.own) as f64 / TICKS)
}

/// Resident memory in bytes.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    status(pid, "VmRSS:")
}

/// The most that was resident since [`forget_peak`].
pub(crate) fn peak_resident(pid: u32) -> Result<u64> {
    status(pid, "VmHWM:")
}

/// Begins a new peak.
pub(crate) fn forget_peak(pid: u32) -> Result<()> {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").context("cannot reset the peak of memory")
}

/// Lets this program, and servers it starts from now on, have as many files and connections as the system allows.
pub(crate) fn raise_file_limit() -> Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

fn status(pid: u32, field: &str) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)).context("no such field")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

struct Ticks {
    parent: u32,
    own: u64,
    waited: u64,
}

/// Fields 4 and 14 to 17; the name in field 2 may have anything in it, even brackets.
fn ticks(path: impl AsRef<Path>) -> Result<Ticks> {
    let text = std::fs::read_to_string(path)?;
    let (_, rest) = text.rsplit_once(')').context("no name")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| -> Result<u64> { Ok(fields.get(at).context("too few fields")?.parse()?) };
    Ok(Ticks {
        parent: u32::try_from(number(1)?)?,
        own: number(11)? + number(12)?,
        waited: number(13)? + number(14)?,
    })
}

/// A moment from which the processor time of others is counted.
pub(crate) struct Watch {
    busy: u64,
    all: u64,
    ours: u64,
}

impl Watch {
    /// Begins to count.
    pub(crate) fn start() -> Result<Self> {
        let (busy, all) = whole()?;
        Ok(Self { busy, all, ours: ours()? })
    }

    /// The share of the machine that others have used since then: 1.0 is all of it.
    pub(crate) fn foreign_share(&self) -> Result<f64> {
        let now = Self::start()?;
        let ours = now.ours.saturating_sub(self.ours);
        let foreign = now.busy.saturating_sub(self.busy).saturating_sub(ours);
        Ok(foreign as f64 / now.all.saturating_sub(self.all).max(1) as f64)
    }
}

/// Ticks in which the machine did something, and all ticks. Interrupts are left out: most of them are our own packets.
fn whole() -> Result<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("/proc/stat is empty")?;
    let ticks: Vec<u64> =
        line.split_whitespace().skip(1).take(8).map(str::parse).collect::<Result<_, _>>()?;
    let [user, nice, system, idle, wait, hard, soft, stolen] = ticks.as_slice() else {
        anyhow::bail!("/proc/stat has too few fields")
    };
    let busy = user + nice + system + stolen;
    Ok((busy, busy + idle + wait + hard + soft))
}

/// Ticks of this process and of its children, living and gone.
fn ours() -> Result<u64> {
    let own = ticks("/proc/self/stat")?;
    let mut sum = own.own + own.waited;
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().parse::<u32>().is_err() {
            continue;
        }
        // One that ended since the folder was listed is in what was waited for the next time.
        if let Ok(child) = ticks(entry.path().join("stat"))
            && child.parent == std::process::id()
        {
            sum += child.own + child.waited;
        }
    }
    Ok(sum)
}
