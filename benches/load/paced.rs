//! Requests of every kind at a given pace, each timed from when it should have been sent.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::archives::restamp;
use crate::fetch::discard;
use crate::options::Paced;
use crate::rounds::percentile;
use crate::wire::head;
use crate::world::token;
use crate::wrk::CLIENT_CORE;

/// Connections that take turns.
const CONNECTIONS: u64 = 64;
/// The greatest number that is drawn from all kinds of requests.
const DRAWN: u64 = 1000;

/// How long requests took, in milliseconds.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Took {
    pub(crate) requests: f64,
    pub(crate) seconds: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Kinds {
    pub(crate) versions: PathBuf,
    pub(crate) downloads: PathBuf,
    pub(crate) searches: PathBuf,
    pub(crate) archive: PathBuf,
}

/// Sends with a process of its own on the clients' core. `run` keeps what it publishes apart from other runs.
pub(crate) fn run(server: SocketAddr, rate: f64, seconds: u64, kinds: &Kinds, run: &str) -> Result<Took> {
    let output = Command::new("taskset")
        .args(["-c", CLIENT_CORE])
        .arg(std::env::current_exe()?)
        .args(["paced", &server.to_string(), "--rate", &rate.to_string()])
        .args(["--seconds", &seconds.to_string(), "--run", run, "--versions"])
        .arg(&kinds.versions)
        .arg("--downloads")
        .arg(&kinds.downloads)
        .arg("--searches")
        .arg(&kinds.searches)
        .arg("--archive")
        .arg(&kinds.archive)
        .output()?;
    if !output.status.success() {
        bail!("paced requests failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// That process. It never sleeps: timers are too coarse for this, and the processor is its own.
pub(crate) fn main(asked: &Paced) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().event_interval(16).build()?;
    let took = tokio::task::LocalSet::new().block_on(&runtime, all(asked))?;
    println!("{}", serde_json::to_string(&took)?);
    Ok(())
}

/// The requests, ready to be sent.
struct Requests {
    versions: Vec<String>,
    downloads: Vec<String>,
    searches: Vec<String>,
    archive: Vec<u8>,
    run: String,
}

impl Requests {
    fn read(asked: &Paced) -> Result<Self> {
        let lines = |file: &Path| -> Result<Vec<String>> {
            let text = std::fs::read_to_string(file)?;
            Ok(text.lines().map(|path| head("GET", path, &token(), None)).collect())
        };
        Ok(Self {
            versions: lines(&asked.versions)?,
            downloads: lines(&asked.downloads)?,
            searches: lines(&asked.searches)?,
            archive: std::fs::read(&asked.archive)?,
            run: asked.run.clone(),
        })
    }

    /// 90 % versions, 8 % downloads, 1.5 % searches, 0.5 % publishes, in no order that anyone could see.
    fn number(&self, number: u64) -> Result<Vec<u8>> {
        let pick = |from: &[String]| -> Result<Vec<u8>> {
            let at = usize::try_from(number.wrapping_mul(7919) % from.len().max(1) as u64)?;
            Ok(from.get(at).context("no paths")?.clone().into_bytes())
        };
        match number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20 & 0xFFFF_FFFF {
            drawn if drawn % DRAWN < 900 => pick(&self.versions),
            drawn if drawn % DRAWN < 980 => pick(&self.downloads),
            drawn if drawn % DRAWN < 995 => pick(&self.searches),
            _ => self.publish(number),
        }
    }

    fn publish(&self, number: u64) -> Result<Vec<u8>> {
        let mut archive = self.archive.clone();
        restamp(&mut archive, u32::try_from(number & 0xFFFF_FFFF)?);
        let path = format!(
            "/api/v4/projects/load%2Fmodules/packages/terraform/modules/mixed-{}/local/1.0.{number}/file",
            self.run
        );
        let mut request = head("PUT", &path, &token(), Some(archive.len())).into_bytes();
        request.extend_from_slice(&archive);
        Ok(request)
    }
}

async fn all(asked: &Paced) -> Result<Took> {
    let requests = Rc::new(Requests::read(asked)?);
    let start = Instant::now();
    let (rate, end) = (asked.rate, start + Duration::from_secs_f64(asked.seconds));
    let mut clients = tokio::task::JoinSet::new();
    for first in 0..CONNECTIONS {
        clients.spawn_local(client(asked.server, Rc::clone(&requests), first, rate, (start, end)));
    }
    let mut millis = Vec::new();
    while let Some(client) = clients.join_next().await {
        millis.extend(client??);
    }
    Ok(Took {
        requests: millis.len() as f64,
        seconds: start.elapsed().as_secs_f64(),
        p50: percentile(&millis, 0.50),
        p99: percentile(&millis, 0.99),
        p999: percentile(&millis, 0.999),
    })
}

async fn client(
    server: SocketAddr,
    requests: Rc<Requests>,
    first: u64,
    rate: f64,
    (start, end): (Instant, Instant),
) -> Result<Vec<f64>> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut millis = Vec::new();
    let mut number = first;
    loop {
        let due = start + Duration::from_secs_f64(number as f64 / rate);
        if due >= end || Instant::now() >= end {
            return Ok(millis);
        }
        let request = requests.number(number)?;
        while Instant::now() < due {
            tokio::task::yield_now().await;
        }
        stream.write_all(&request).await?;
        discard(&stream, &mut buffer).await?;
        millis.push(due.elapsed().as_secs_f64() * 1e3);
        number += CONNECTIONS;
    }
}
