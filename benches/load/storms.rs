//! Clients that take all they can get, from 127.0.0.1. A storm ends when it is dropped.

use std::any::Any;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::wire::{Connection, head};
use crate::wrk::{self, CLIENT_CORE};

/// How long a storm may last at most.
const LONGEST: &str = "600s";
/// Bytes that a slow reader takes a second, and about what its system keeps for it.
const SIPS: (usize, usize) = (4096, 16 * 1024);

/// A storm that goes on.
pub(crate) type Storm = Box<dyn Any>;

/// Signs in with names that nobody has.
const SIGN_IN: &str = r#"
local at = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
function request()
  at = at + 1
  return wrk.format(nil, "/oauth/token", nil, "grant_type=password&username=nobody-" .. at .. "&password=wrong-password")
end
"#;

/// A process that is killed when it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn wrk(server: SocketAddr, connections: usize, script: &Path, paths: Option<&Path>) -> Result<Storm> {
    let mut command = Command::new("taskset");
    command.args(["-c", CLIENT_CORE, "wrk", "-t", "1", "-d", LONGEST, "-c", &connections.to_string(), "-s"]);
    command.arg(script).arg(format!("http://{server}"));
    if let Some(paths) = paths {
        command.arg("--").arg(paths);
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Ok(Box::new(Killed(child.context("cannot start wrk (Debian: apt install wrk)")?)))
}

/// So many connections that ask for those paths without a pause.
pub(crate) fn flood(dir: &Path, server: SocketAddr, connections: usize, paths: &Path) -> Result<Storm> {
    wrk(server, connections, &wrk::script(dir)?, Some(paths))
}

/// So many connections that sign in without a pause.
pub(crate) fn sign_in(dir: &Path, server: SocketAddr, connections: usize) -> Result<Storm> {
    let script = dir.join("sign-in.lua");
    std::fs::write(&script, SIGN_IN)?;
    wrk(server, connections, &script, None)
}

/// So many connections that asked once and keep silent.
pub(crate) fn idle(server: SocketAddr, connections: usize) -> Result<Storm> {
    let open = || {
        let mut connection = Connection::open(server)?;
        connection.get("/-/liveness", &[])?.expect(200)?;
        anyhow::Ok(connection)
    };
    Ok(Box::new((0..connections).map(|_| open()).collect::<Result<Vec<_>>>()?))
}

/// So many downloads that are read a sip at a time.
pub(crate) fn slow_readers(server: SocketAddr, connections: usize, path: &str) -> Result<Storm> {
    let request = head("GET", path, &[], None);
    let (sip, kept) = SIPS;
    let open = || {
        let mut stream = Connection::socket_from(Ipv4Addr::LOCALHOST, server, Some(kept))?;
        stream.write_all(request.as_bytes())?;
        stream.set_nonblocking(true)?;
        anyhow::Ok(stream)
    };
    let streams = (0..connections).map(|_| open()).collect::<Result<Vec<_>>>()?;
    let is_over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&is_over);
    let thread = std::thread::spawn(move || sips(streams, sip, &ends));
    Ok(Box::new(SlowReaders { is_over, thread: Some(thread) }))
}

fn sips(mut streams: Vec<TcpStream>, sip: usize, is_over: &AtomicBool) {
    let mut buffer = vec![0; sip];
    while !is_over.load(Ordering::Relaxed) {
        let next = Instant::now() + Duration::from_secs(1);
        for stream in &mut streams {
            // Nothing there is as good as something: it stays open.
            drop(stream.read(&mut buffer));
        }
        std::thread::park_timeout(next.saturating_duration_since(Instant::now()));
    }
}

struct SlowReaders {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for SlowReaders {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            drop(thread.join());
        }
    }
}
