//! Somebody with a little work of their own, two hundred requests a second from an address of their own, whom others should
//! not disturb.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::options::Victim;
use crate::rounds::{Work, percentile};
use crate::wire::Connection;
use crate::world::token;
use crate::wrk::CLIENT_CORE;

/// Where the victim comes from; storms come from 127.0.0.1.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Requests a second.
const RATE: f64 = 200.0;
/// Requests that do not count: the first ones find their way.
const FIRST: usize = 20;

/// Asks with a process of its own on the clients' core, before everybody else there: what is measured is the server.
pub(crate) fn run(server: SocketAddr, path: &str, seconds: u64) -> Result<Work> {
    let output = Command::new("nice")
        .args(["-n", "-20", "taskset", "-c", CLIENT_CORE])
        .arg(std::env::current_exe()?)
        .args(["victim", &server.to_string(), path, "--seconds", &seconds.to_string()])
        .output()?;
    if !output.status.success() {
        bail!("the victim was refused: {}", String::from_utf8_lossy(&output.stderr));
    }
    let [units, seconds, p50, p99] = serde_json::from_slice(&output.stdout)?;
    Ok(Work { units, seconds, p50, p99 })
}

/// That process. Latency counts from when a request was sent: the victim's own lateness is not the server's.
pub(crate) fn main(asked: &Victim) -> Result<()> {
    let mut connection = Connection::open_from(ADDRESS, asked.server)?;
    let token = token();
    for _ in 0..FIRST {
        connection.get(&asked.path, &token)?.expect(200)?;
    }
    let start = Instant::now();
    let mut millis = Vec::new();
    while start.elapsed().as_secs_f64() < asked.seconds {
        let due = start + Duration::from_secs_f64(millis.len() as f64 / RATE);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let sent = Instant::now();
        connection.get(&asked.path, &token)?.expect(200)?;
        millis.push(sent.elapsed().as_secs_f64() * 1e3);
    }
    let took = start.elapsed().as_secs_f64();
    let said = [millis.len() as f64, took, percentile(&millis, 0.50), percentile(&millis, 0.99)];
    println!("{}", serde_json::to_string(&said)?);
    Ok(())
}
