//! What all workloads share: the instance, a folder for everything else, and the servers when they run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use tempfile::TempDir;

use crate::fetch;
use crate::instance::Size;
use crate::options::Run;
use crate::report::{self, Row};
use crate::rounds::{Contestant, Rules, Work};
use crate::seed;
use crate::servers::{self, Certificate, Cores, Server};
use crate::wire::Connection;
use crate::wrk::{self, Asked};

/// The instance, the options, and what was measured so far.
pub(crate) struct World {
    pub(crate) run: Run,
    pub(crate) size: Size,
    pub(crate) certificate: Certificate,
    pub(crate) program: PathBuf,
    pub(crate) rows: Vec<Row>,
    data: PathBuf,
    scratch: TempDir,
}

impl World {
    /// Makes or finds the instance.
    pub(crate) fn make(run: Run) -> Result<Self> {
        let beside = run.data.as_deref().and_then(Path::parent).map(Path::to_owned);
        let beside = beside.filter(|path| !path.as_os_str().is_empty()).unwrap_or_else(|| PathBuf::from("."));
        // Copies of the instance must be on a real disk, as the instance is.
        let root =
            if run.data.is_some() { beside } else { Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned() };
        std::fs::create_dir_all(&root)?;
        let scratch = tempfile::Builder::new().prefix("cairn-load-").tempdir_in(root)?;
        let data = run.data.clone().unwrap_or_else(|| scratch.path().join("seed"));
        let modules = run.modules.unwrap_or(if run.short { 10_000 } else { 100_000 });
        let size = seed::write(&data, Size { modules, versions: run.versions })?;
        std::fs::create_dir_all(scratch.path().join("files"))?;
        std::fs::write(scratch.path().join("files/ready"), "ready")?;
        let certificate = Certificate::make(scratch.path())?;
        let program = run.program.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_cairn")));
        Ok(Self { run, size, certificate, program, rows: Vec::new(), data, scratch })
    }

    /// A file or folder that is gone when the program ends.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A copy of the instance. It is on disk before anything is measured.
    pub(crate) fn copy(&self, name: &str) -> Result<PathBuf> {
        let copy = self.scratch(name);
        let status = Command::new("cp").args(["-a", "--reflink=auto"]).arg(&self.data).arg(&copy).status()?;
        if !status.success() || !Command::new("sync").arg("-f").arg(&copy).status()?.success() {
            bail!("the instance could not be copied");
        }
        Ok(copy)
    }

    /// Starts cairn and waits until it is ready and its lists are there.
    pub(crate) fn cairn(&self, data: &Path, cores: Cores, log_level: &str) -> Result<Server> {
        let mut server = servers::cairn(&self.program, data, &self.certificate, cores, log_level)?;
        server.wait_for("/-/readiness", &[])?;
        server.wait_for("/v1/modules/search?q=network", &token())?;
        Ok(server)
    }

    /// Starts nginx on `files` of the scratch folder.
    pub(crate) fn nginx(&self, log_requests: bool) -> Result<Server> {
        servers::nginx(self.scratch.path(), &self.certificate, log_requests)
    }

    /// Starts bare hyper with the answer that cairn gives to a request now.
    pub(crate) fn control(&self, cairn: &Server, path: &str, headers: &[String]) -> Result<Server> {
        let answer = Connection::open(cairn.plain)?.get(path, headers)?;
        if answer.status >= 400 {
            bail!("{path} is refused with {}", answer.status);
        }
        servers::control(self.scratch.path(), &answer)
    }

    /// Puts bytes where nginx serves them, and returns a file with that one path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        std::fs::write(self.scratch(&format!("files/{name}")), bytes)?;
        crate::paths::list(&self.scratch(&format!("{name}.path")), &[format!("/{name}")])
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules { rounds: self.run.rounds, quiet: self.run.quiet }
    }

    /// A contestant that `wrk` asks.
    pub(crate) fn wrk<'a>(&'a self, name: &'a str, server: &Server, asked: &Asked<'a>) -> Contestant<'a> {
        let server_address = if asked.tls { server.secure } else { server.plain };
        let asked = Asked { server: server_address, seconds: self.run.seconds, ..asked.clone() };
        let run = move || {
            let said = wrk::run(self.scratch.path(), &asked)?;
            let units = if asked.by_bytes { said.bytes } else { said.requests };
            Ok(Work { units, seconds: said.seconds, p50: said.p50, p99: said.p99 })
        };
        Contestant { name, pid: Some(server.pid()), run: Box::new(run) }
    }

    /// A contestant whose files are downloaded.
    pub(crate) fn fetch<'a>(
        &'a self,
        name: &'a str,
        server: &'a Server,
        path: &'a str,
        connections: usize,
    ) -> Contestant<'a> {
        let run = move || {
            let fetched = fetch::run(server.plain, path, connections, self.run.seconds)?;
            Ok(Work { units: fetched.bytes as f64, seconds: fetched.seconds, ..Work::default() })
        };
        Contestant { name, pid: Some(server.pid()), run: Box::new(run) }
    }

    /// Prints a row and keeps it.
    pub(crate) fn told(&mut self, row: Row) {
        report::print(&row);
        self.rows.push(row);
    }
}

/// The header lines of the user `loader`.
pub(crate) fn token() -> Vec<String> {
    vec![format!("Authorization: Bearer {}", seed::TOKEN)]
}
