//! The real program as a process of its own, on free ports and fresh data, gone when the test is over.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::client::Client;
use super::{PATIENCE, eventually};

/// The token of the administrator that every server is started with.
pub(crate) const ROOT_TOKEN: &str = "root-token-of-the-tests-0123456789abcdef";

/// How a server is to be started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Builder {
    flags: Vec<String>,
    environment: Vec<(String, String)>,
    config: Option<String>,
    data: Option<PathBuf>,
}

impl Builder {
    /// Adds an argument, such as `--disable-registry` or `--external-url=https://registry.example`.
    pub(crate) fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts with a configuration file of that text.
    pub(crate) fn config(mut self, text: &str) -> Self {
        self.config = Some(text.to_owned());
        self
    }

    /// Uses that data directory below the server's own folder, instead of `data`.
    pub(crate) fn data_dir(mut self, relative: impl Into<PathBuf>) -> Self {
        self.data = Some(relative.into());
        self
    }

    /// Starts the server and waits until it listens.
    pub(crate) fn start(self) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join(self.data.as_deref().unwrap_or(Path::new("data")));
        if let Some(config) = &self.config {
            write_file(&folder.path().join("cairn.toml"), config.as_bytes());
        }
        let running = Running::start(&self, folder.path(), &data);
        Server { builder: self, running: Some(running), data, folder }
    }
}

/// A server of a test.
#[derive(Debug)]
pub(crate) struct Server {
    builder: Builder,
    running: Option<Running>,
    data: PathBuf,
    folder: TempDir,
}

impl Server {
    /// Starts one with nothing special.
    pub(crate) fn start() -> Self {
        Self::builder().start()
    }

    /// How to start one.
    pub(crate) fn builder() -> Builder {
        Builder::default()
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the server runs")
    }

    /// Where it listens: the address of `--listen`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running().urls[0].1
    }

    /// The URL of `--listen`.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.running().urls[0].0, self.address())
    }

    /// All addresses it listens on with their schemes, in the order it printed them.
    pub(crate) fn addresses(&self) -> Vec<(String, SocketAddr)> {
        self.running().urls.clone()
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.running().process.id()
    }

    /// A client without a credential; over TLS when the server has a certificate of its own.
    pub(crate) fn client(&self) -> Client {
        let (scheme, address) = &self.running().urls[0];
        if scheme == "https" {
            Client::tls(*address, &fs::read(self.authority()).unwrap())
        } else {
            Client::new(*address)
        }
    }

    /// A client of the administrator.
    pub(crate) fn root(&self) -> Client {
        self.client().token(ROOT_TOKEN)
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// The folder around the data directory, for files of the test.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration file.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.folder.path().join("cairn.toml")
    }

    /// The certificate authority of `--tls-self-signed`.
    pub(crate) fn authority(&self) -> PathBuf {
        self.data.join("tls/ca.pem")
    }

    /// What it wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        self.running().log()
    }

    /// Waits until the log has a text.
    pub(crate) fn wait_for_log(&self, text: &str) {
        eventually(&format!("the log says {text:?}"), || self.log().contains(text));
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Stops it in order (SIGTERM), asserts that it succeeds, and returns its whole log.
    pub(crate) fn stop(&mut self) -> String {
        self.signal(Signal::TERM);
        let (status, log) = self.wait();
        assert!(status.success(), "the server ended with {status}: {log}");
        log
    }

    /// Waits until it has ended by itself, and returns how, with its whole log.
    pub(crate) fn wait(&mut self) -> (ExitStatus, String) {
        let mut running = self.running.take().expect("the server runs");
        let mut status = None;
        eventually("the server ends", || {
            status = running.process.try_wait().unwrap();
            status.is_some()
        });
        (status.unwrap(), running.finish())
    }

    /// Ends it at once (SIGKILL).
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.process.kill().unwrap();
            running.process.wait().unwrap();
            running.finish();
        }
    }

    /// Starts it again on the same data, stopping it first when it runs. Its address changes.
    pub(crate) fn restart(&mut self) {
        if self.running.is_some() {
            self.stop();
        }
        self.running = Some(Running::start(&self.builder, self.folder.path(), &self.data));
    }

    /// Starts it again with other flags.
    pub(crate) fn restart_with(&mut self, change: impl FnOnce(Builder) -> Builder) {
        self.builder = change(self.builder.clone());
        self.restart();
    }

    /// Runs `cairn` with these arguments and this data directory.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Outcome {
        cairn(arguments).arg("--data-dir").arg(&self.data).outcome()
    }

    /// Runs `cairn` like [`Self::cli`], and asserts that it succeeds. Returns what it printed.
    #[track_caller]
    pub(crate) fn cli_ok(&self, arguments: &[&str]) -> String {
        let outcome = self.cli(arguments);
        assert_eq!(outcome.code, Some(0), "cairn {arguments:?}: {outcome:?}");
        outcome.stdout
    }

    /// Uploads that are on their way, or were left behind.
    pub(crate) fn staged_files(&self) -> Vec<PathBuf> {
        list(&self.data.join("tmp"))
    }

    /// The SHA-256 of every archive on disk.
    pub(crate) fn blobs(&self) -> Vec<String> {
        let mut found: Vec<String> = list(&self.data.join("blobs/sha256"))
            .iter()
            .flat_map(|folder| list(folder))
            .map(|path| {
                let part = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
                part(path.parent().unwrap()) + &part(&path)
            })
            .collect();
        found.sort();
        found
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // A client may have left a moment ago, and its upload be about to be cleared away.
            eventually("no staged upload is left", || self.staged_files().is_empty());
        } else if let Some(running) = &self.running {
            let _ = writeln!(std::io::stderr(), "log of the server:\n{}", running.log());
        }
        self.kill();
    }
}

/// A process and what it says.
#[derive(Debug)]
struct Running {
    process: Child,
    urls: Vec<(String, SocketAddr)>,
    log: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    fn start(builder: &Builder, folder: &Path, data: &Path) -> Self {
        let mut command = cairn(&["serve", "--listen", "127.0.0.1:0"]);
        command.arg("--data-dir").arg(data).env("CAIRN_ROOT_TOKEN", ROOT_TOKEN);
        command.current_dir(folder).args(&builder.flags).envs(builder.environment.iter().cloned());
        if builder.config.is_some() {
            command.arg("--config").arg(folder.join("cairn.toml"));
        }
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let reader = collect(process.stderr.take().unwrap(), Arc::clone(&log));
        let expected = 1 + builder.flags.iter().filter(|flag| flag.starts_with("--listen-http")).count();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut urls = Vec::new();
        let mut line = String::new();
        while urls.len() < expected {
            line.clear();
            if stdout.read_line(&mut line).unwrap() == 0 {
                reader.join().unwrap();
                panic!("the server did not start: {}", String::from_utf8_lossy(&log.lock().unwrap()));
            }
            if let Some((scheme, address)) =
                line.trim().strip_prefix("listening on ").and_then(|url| url.split_once("://"))
            {
                urls.push((scheme.to_owned(), address.parse().unwrap()));
            }
        }
        let rest = collect(stdout, Arc::default());
        Self { process, urls, log, readers: vec![reader, rest] }
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&self.log.lock().unwrap()).into_owned()
    }

    /// The whole log of a process that has ended.
    fn finish(self) -> String {
        for reader in self.readers {
            reader.join().unwrap();
        }
        String::from_utf8_lossy(&self.log.lock().unwrap()).into_owned()
    }
}

/// Keeps what a process writes, so that it never waits for a reader.
fn collect(mut from: impl Read + Send + 'static, into: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            into.lock().unwrap().extend_from_slice(&buffer[..count]);
        }
    })
}

/// The program with arguments, and nothing of the surroundings' configuration.
pub(crate) fn cairn(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
    for (name, _) in std::env::vars_os() {
        // Tests may run in a job of a CI system, which `cairn publish` would notice.
        let known =
            ["CAIRN_", "TERRAFORM_MODULE_", "GITLAB_CI", "GITHUB_", "ACTIONS_ID_TOKEN_", "JENKINS_URL"];
        if known.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What a command that ended said.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Exit code; nothing when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) trait RunToEnd {
    /// Runs it and returns what it said.
    fn outcome(&mut self) -> Outcome;
}

impl RunToEnd for Command {
    fn outcome(&mut self) -> Outcome {
        let output = self.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Outcome { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Writes a file that is there as a whole or not at all, as tools that renew certificates do.
pub(crate) fn write_file(path: &Path, contents: &[u8]) {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
    file.write_all(contents).unwrap();
    file.persist(path).unwrap();
}

fn list(folder: &Path) -> Vec<PathBuf> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_not_there) => Vec::new(),
    }
}

const _: () = assert!(PATIENCE.as_secs() > 20, "longer than the server takes to stop");
