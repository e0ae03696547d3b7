//! The workloads, by name.

mod backup;
mod files;
mod memory;
mod mixed;
mod neighbours;
mod publish;
mod search;
mod small;
mod start;
mod verify;

use anyhow::{Result, bail};

use crate::world::World;

/// A workload: its name, whether CI runs it, and what runs it.
type Workload = (&'static str, bool, fn(&mut World) -> Result<()>);

/// All of them, in the order they run. Each starts the servers it needs, on a copy of the instance when it writes.
const ALL: &[Workload] = &[
    ("versions", true, small::versions),
    ("versions-token", false, small::versions_token),
    ("versions-logged", false, small::versions_logged),
    ("download", false, small::download),
    ("not-modified", false, small::not_modified),
    ("archive-100k", true, files::archive_100k),
    ("archive-10m", false, files::archive_10m),
    ("versions-tls", false, small::versions_tls),
    ("archive-tls-1m", false, files::archive_tls_1m),
    ("handshake-tls", false, small::handshake_tls),
    ("versions-10000", false, files::versions_10000),
    ("publish-100k", true, publish::publish_100k),
    ("publish-10k", false, publish::publish_10k),
    ("publish-50m", true, publish::publish_50m),
    ("search", true, search::search),
    ("search-prefix", true, search::by_prefix),
    ("search-new", false, search::never_asked),
    ("pages", false, search::pages),
    ("read-while-publishing", false, mixed::read_while_publishing),
    ("mixed", false, mixed::mixed),
    ("neighbours", false, neighbours::neighbours),
    ("start-clean", true, start::clean),
    ("start-killed", false, start::killed),
    ("start-empty", false, start::empty),
    ("memory", true, memory::memory),
    ("idle-connections", false, memory::idle_connections),
    ("binary", false, memory::binary),
    ("verify", false, verify::verify),
    ("backup", false, backup::backup),
];

/// Their names.
pub(crate) fn names() -> Vec<&'static str> {
    ALL.iter().map(|(name, ..)| *name).collect()
}

/// Runs those that were asked for.
pub(crate) fn run(world: &mut World) -> Result<()> {
    if let Some(unknown) = world.run.only.iter().find(|name| !names().contains(&name.as_str())) {
        bail!("there is no workload {unknown}; there are {}", names().join(", "));
    }
    for (name, in_short, workload) in ALL {
        let is_wanted = if world.run.only.is_empty() {
            *in_short || !world.run.short
        } else {
            world.run.only.iter().any(|only| only == name)
        };
        if is_wanted {
            workload(world).map_err(|error| error.context(format!("workload {name}")))?;
        }
    }
    Ok(())
}
