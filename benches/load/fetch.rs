//! Downloads whose bodies are thrown away inside the kernel, so that the client is not what is measured.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;

use crate::options::Fetch;
use crate::wire::head;
use crate::wrk::CLIENT_CORE;

/// Bytes that may be thrown away with one call.
const PIECE: usize = 1 << 20;
/// Bytes of a head at most; more of the body than that is never copied.
const HEAD: usize = 2048;

/// What came.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Fetched {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
}

/// Downloads with a process of its own on the clients' core.
pub(crate) fn run(server: SocketAddr, path: &str, connections: usize, seconds: u64) -> Result<Fetched> {
    let output = Command::new("taskset")
        .args(["-c", CLIENT_CORE])
        .arg(std::env::current_exe()?)
        .args(["fetch", &server.to_string(), path, "--connections", &connections.to_string()])
        .args(["--seconds", &seconds.to_string()])
        .output()?;
    if !output.status.success() {
        bail!("downloads failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// That process.
pub(crate) fn main(asked: &Fetch) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let fetched = runtime.block_on(all(asked))?;
    println!("{}", serde_json::to_string(&fetched)?);
    Ok(())
}

async fn all(asked: &Fetch) -> Result<Fetched> {
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(asked.seconds);
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..asked.connections {
        clients.spawn(client(asked.server, head("GET", &asked.path, &[], None), end));
    }
    let mut fetched = Fetched { requests: 0, bytes: 0, seconds: 0.0 };
    while let Some(client) = clients.join_next().await {
        let (requests, bytes) = client??;
        fetched.requests += requests;
        fetched.bytes += bytes;
    }
    fetched.seconds = start.elapsed().as_secs_f64();
    Ok(fetched)
}

async fn client(server: SocketAddr, request: String, end: Instant) -> Result<(u64, u64)> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; PIECE];
    let (mut requests, mut bytes) = (0, 0);
    while Instant::now() < end {
        stream.write_all(request.as_bytes()).await?;
        bytes += discard(&stream, &mut buffer).await?;
        requests += 1;
    }
    Ok((requests, bytes))
}

/// Reads an answer and throws its body away; says how long that was.
pub(crate) async fn discard(stream: &TcpStream, buffer: &mut [u8]) -> Result<u64> {
    let (length, mut left) = begin(stream, buffer).await?;
    while left > 0 {
        let room = left.min(buffer.len());
        let piece = buffer.get_mut(..room).context("no buffer")?;
        left -= take(stream, piece, RecvFlags::TRUNC).await?;
    }
    Ok(length as u64)
}

/// Reads the head of an answer; says how long the body is, and how much of it is still to come.
async fn begin(stream: &TcpStream, buffer: &mut [u8]) -> Result<(usize, usize)> {
    let mut filled = 0;
    loop {
        let room = buffer.get_mut(filled..HEAD).context("the head is too long")?;
        filled += take(stream, room, RecvFlags::empty()).await?;
        let seen = buffer.get(..filled).context("no buffer")?;
        let Some(end) = memchr::memmem::find(seen, b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(seen.get(..end).unwrap_or_default())?.to_ascii_lowercase();
        if !text.starts_with("http/1.1 2") {
            bail!("refused: {text}");
        }
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.map_or(Ok(0), |length| length.trim().parse())?;
        let left = length.checked_sub(filled - end - 4).context("more than one answer")?;
        return Ok((length, left));
    }
}

async fn take(stream: &TcpStream, buffer: &mut [u8], flags: RecvFlags) -> Result<usize> {
    let received = stream.async_io(Interest::READABLE, || {
        let (_, count) = recv(stream, &mut *buffer, flags)?;
        Ok(count)
    });
    match received.await? {
        0 => bail!("the server closed the connection"),
        count => Ok(count),
    }
}
