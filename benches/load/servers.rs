//! The contestants as processes: cairn, nginx, and a program that has its answer in memory.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::wire::{Answer, Connection};

/// The processor a server runs on when it is measured against another one.
const SERVER_CORE: &str = "0";
/// How long a server may take to come up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A process that is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) plain: SocketAddr,
    pub(crate) secure: SocketAddr,
}

impl Server {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id())?;
        let pid = rustix::process::Pid::from_raw(pid).context("no process")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits until a path is answered with 200, asking again and again.
    pub(crate) fn wait_for(&mut self, path: &str, headers: &[String]) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Ok(mut connection) = Connection::open(self.plain)
                && let Ok(answer) = connection.get(path, headers)
                && answer.status == 200
            {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended: {status}");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        bail!("no answer to {path} in {PATIENCE:?}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Where a server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cores {
    /// On one, and its clients on the other.
    One,
    /// Wherever the kernel puts it.
    All,
}

/// Starts cairn on a data directory. It is not waited for.
pub(crate) fn cairn(
    program: &Path,
    data: &Path,
    certificate: &Certificate,
    cores: Cores,
    log_level: &str,
) -> Result<Server> {
    let (plain, secure) = (free_port()?, free_port()?);
    let log = File::options().create(true).append(true).open(data.join("load.log"))?;
    let child = command(program, cores)
        .arg("serve")
        .args(["--log-level", log_level, "--listen-http"])
        .arg(plain.to_string())
        .arg("--listen")
        .arg(secure.to_string())
        .arg("--tls-cert")
        .arg(&certificate.chain)
        .arg("--tls-key")
        .arg(&certificate.key)
        .arg("--data-dir")
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    Ok(Server { child, plain, secure })
}

/// Starts nginx on a folder of files.
pub(crate) fn nginx(dir: &Path, certificate: &Certificate, log_requests: bool) -> Result<Server> {
    let (plain, secure) = (free_port()?, free_port()?);
    let prefix = dir.display();
    let log = if log_requests {
        format!("{prefix}/access-{}.log combined buffer=64k flush=1s", plain.port())
    } else {
        "off".to_owned()
    };
    let config = format!(
        "daemon off; master_process off; worker_processes 1; user root; pid {prefix}/nginx-{port}.pid;
error_log {prefix}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  types {{ }}  default_type application/json;
  access_log {log};
  sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 75s;
  open_file_cache max=10000 inactive=600s; open_file_cache_valid 600s;
  client_body_temp_path {prefix}/body; proxy_temp_path {prefix}/proxy; fastcgi_temp_path {prefix}/fastcgi;
  uwsgi_temp_path {prefix}/uwsgi; scgi_temp_path {prefix}/scgi;
  server {{
    listen {plain} backlog=4096;
    listen {secure} ssl backlog=4096;
    ssl_certificate {chain}; ssl_certificate_key {key};
    ssl_protocols TLSv1.3; ssl_session_cache off; ssl_session_tickets off;
    root {prefix}/files;
  }}
}}
",
        port = plain.port(),
        chain = certificate.chain.display(),
        key = certificate.key.display(),
    );
    let file = dir.join(format!("nginx-{}.conf", plain.port()));
    std::fs::write(&file, config)?;
    let child = command(Path::new("/usr/sbin/nginx"), Cores::One)
        .arg("-p")
        .arg(dir)
        .arg("-e")
        .arg(dir.join("error.log"))
        .arg("-c")
        .arg(&file)
        .stdin(Stdio::null())
        .spawn()
        .context("cannot start nginx (Debian: apt install nginx-light)")?;
    let mut server = Server { child, plain, secure };
    server.wait_for("/ready", &[])?;
    Ok(server)
}

/// Starts this program again as a server that gives that answer to everything.
pub(crate) fn control(dir: &Path, answer: &Answer) -> Result<Server> {
    let plain = free_port()?;
    let file = dir.join(format!("answer-{}", plain.port()));
    std::fs::write(&file, crate::control::freeze(answer))?;
    let mut command = command(&std::env::current_exe()?, Cores::One);
    command.arg("control").arg(plain.to_string()).arg(&file);
    begin_control(command, plain)
}

/// Starts this program again as a server that takes archives and makes them durable in a folder, with a row in a
/// database for each or without.
pub(crate) fn receiver(dir: &Path, rows: bool) -> Result<Server> {
    let plain = free_port()?;
    let mut command = command(&std::env::current_exe()?, Cores::All);
    command.arg("receive").arg(plain.to_string()).arg(dir).args(rows.then_some("--rows"));
    begin_control(command, plain)
}

fn begin_control(mut command: Command, plain: SocketAddr) -> Result<Server> {
    let child = command.stdin(Stdio::null()).spawn()?;
    let mut server = Server { child, plain, secure: plain };
    let end = Instant::now() + PATIENCE;
    while Connection::open(plain).is_err() {
        if Instant::now() > end || server.child.try_wait()?.is_some() {
            bail!("the control server did not come up");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(server)
}

fn command(program: &Path, cores: Cores) -> Command {
    match cores {
        Cores::All => Command::new(program),
        Cores::One => {
            let mut command = Command::new("taskset");
            command.arg("-c").arg(SERVER_CORE).arg(program);
            command
        }
    }
}

fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A P-256 certificate for both servers.
pub(crate) struct Certificate {
    pub(crate) chain: std::path::PathBuf,
    pub(crate) key: std::path::PathBuf,
}

impl Certificate {
    /// Makes one for 127.0.0.1.
    pub(crate) fn make(dir: &Path) -> Result<Self> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.self_signed(&key)?;
        let made = Self { chain: dir.join("cert.pem"), key: dir.join("key.pem") };
        std::fs::write(&made.chain, certificate.pem())?;
        std::fs::write(&made.key, key.serialize_pem())?;
        Ok(made)
    }
}
