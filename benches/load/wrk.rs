//! `wrk` on the second core: many small answers, and how long they took.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The processor the clients run on.
pub(crate) const CLIENT_CORE: &str = "1";

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    pub(crate) server: SocketAddr,
    pub(crate) tls: bool,
    /// A file of paths, one a line, asked for in turn.
    pub(crate) paths: &'a Path,
    /// Whole header lines.
    pub(crate) headers: &'a [String],
    pub(crate) connections: usize,
    pub(crate) seconds: u64,
    /// The work is counted in bytes and not in answers.
    pub(crate) by_bytes: bool,
}

impl<'a> Asked<'a> {
    /// Those paths over plain connections; which server and how long is filled in later.
    pub(crate) fn new(paths: &'a Path, headers: &'a [String], connections: usize) -> Self {
        let server = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { server, tls: false, paths, headers, connections, seconds: 1, by_bytes: false }
    }
}

/// What wrk says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Said {
    pub(crate) requests: f64,
    pub(crate) seconds: f64,
    pub(crate) bytes: f64,
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Reads the paths once, makes the requests of them. `wrk` counts refusals and computes
/// percentiles itself.
const SCRIPT: &str = r#"
local requests, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do requests[#requests + 1] = wrk.format("GET", line) end
end
function request()
  at = at + 1
  if at > #requests then at = 1 end
  return requests[at]
end
function done(summary, latency)
  io.write(string.format("LOAD %d %d %d %d %d %d %d\n", summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"#;

/// Writes the script that asks for the paths of a file.
pub(crate) fn script(dir: &Path) -> Result<PathBuf> {
    let script = dir.join("paths.lua");
    std::fs::write(&script, SCRIPT)?;
    Ok(script)
}

/// Runs it.
pub(crate) fn run(dir: &Path, asked: &Asked<'_>) -> Result<Said> {
    let script = script(dir)?;
    let scheme = if asked.tls { "https" } else { "http" };
    let mut command = Command::new("taskset");
    command.args(["-c", CLIENT_CORE, "wrk", "-t", "1", "-c"]).arg(asked.connections.to_string());
    command.arg("-d").arg(format!("{}s", asked.seconds)).arg("--timeout").arg("20s").arg("-s").arg(&script);
    for header in asked.headers {
        command.arg("-H").arg(header);
    }
    command.arg(format!("{scheme}://{}", asked.server)).arg("--").arg(asked.paths);
    let output = command.output().context("cannot start wrk (Debian: apt install wrk)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("wrk: {}{text}", String::from_utf8_lossy(&output.stderr));
    }
    let line = text.lines().find_map(|line| line.strip_prefix("LOAD ")).context("wrk said nothing")?;
    let numbers: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [requests, micros, bytes, p50, p99, status, broken] = *numbers.as_slice() else {
        bail!("wrk said something else: {line}")
    };
    if status > 0.0 || requests < 1.0 {
        bail!("{status} of {requests} answers of {} were refusals", asked.server);
    }
    // Connections that were closed on purpose count as broken when the time is over.
    if broken > requests / 1000.0 {
        bail!("{broken} connections of {} broke", asked.server);
    }
    Ok(Said { requests, seconds: micros / 1e6, bytes, p50: p50 / 1e3, p99: p99 / 1e3 })
}
