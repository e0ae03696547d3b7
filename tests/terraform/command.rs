//! Terraform in a home, a work directory and a configuration of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::files::Files;
use crate::support::server::{RunToEnd, Server, write_file};
use crate::support::world::World;

/// The work directory of one person.
#[derive(Debug)]
pub(crate) struct Terraform {
    program: PathBuf,
    folder: TempDir,
    authority: Option<PathBuf>,
    configuration: Option<String>,
    variables: Vec<(String, String)>,
}

/// What a run of the command said.
#[derive(Debug)]
pub(crate) struct Run {
    code: Option<i32>,
    /// Both outputs, in one line: Terraform wraps and frames its messages.
    text: String,
}

/// The program, when this machine has it.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found =
        std::env::split_paths(&path).map(|folder| folder.join("terraform")).find(|path| path.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("CAIRN_REQUIRE_TERRAFORM").is_none(),
            "CAIRN_REQUIRE_TERRAFORM is set, but no terraform is on the path"
        );
        let said =
            "skipped: no terraform is on the path; install it, or see it fail with CAIRN_REQUIRE_TERRAFORM=1";
        writeln!(std::io::stderr(), "{said}").unwrap();
    }
    found
}

/// A server with TLS, when there is a Terraform to talk to it.
pub(crate) fn world() -> Option<World> {
    program().map(|_| World::on(Server::builder().flag("--tls-self-signed")))
}

/// The same with a configuration file.
pub(crate) fn world_with_config(text: &str) -> Option<World> {
    program().map(|_| World::on(Server::builder().flag("--tls-self-signed").config(text)))
}

/// The same without TLS.
pub(crate) fn plain_world() -> Option<World> {
    program().map(|_| World::start())
}

/// The same, told by its configuration file how it is reached from outside.
pub(crate) fn world_with_external_url() -> Option<World> {
    program()?;
    let world = World::on(Server::builder().flag("--tls-self-signed").config(""));
    let text = format!("external-url = \"{}\"\n", world.server.url());
    write_file(&world.server.config_file(), text.as_bytes());
    world.server.wait_for_log("the configuration was read again");
    Some(world)
}

impl Terraform {
    /// An empty work directory of somebody who trusts the server's authority.
    pub(crate) fn new(server: &Server) -> Self {
        let authority = Some(server.authority()).filter(|path| path.exists());
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        let program = program().expect("only worlds with a terraform get here");
        Self { program, folder, authority, configuration: Some(String::new()), variables: Vec::new() }
    }

    /// Adds to the command's own configuration file.
    pub(crate) fn configure(mut self, text: &str) -> Self {
        self.configuration.get_or_insert_default().push_str(text);
        self
    }

    /// Leaves the configuration where Terraform looks by itself: in the home. Only then does it read there what
    /// `terraform login` stored.
    pub(crate) fn at_home(mut self) -> Self {
        self.configuration = None;
        // Terraform makes this folder when it asks for news of itself, and else fails to store anything.
        fs::create_dir(self.folder.path().join(".terraform.d")).unwrap();
        self
    }

    /// Sets the token for a server.
    pub(crate) fn token(self, server: &Server, token: &str) -> Self {
        let block = format!("credentials \"{}\" {{\n  token = \"{token}\"\n}}\n", server.address());
        self.configure(&block)
    }

    /// Sets an environment variable.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes the `.netrc`.
    pub(crate) fn netrc(self, text: &str) -> Self {
        write_file(&self.folder.path().join("netrc"), text.as_bytes());
        self
    }

    /// Writes the configuration to be initialised.
    pub(crate) fn main(self, text: &str) -> Self {
        self.rewrite(text);
        self
    }

    /// Writes it anew.
    pub(crate) fn rewrite(&self, text: &str) {
        write_file(&self.work().join("main.tf"), text.as_bytes());
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Runs a subcommand.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.command();
        command.args(arguments).arg("-no-color").stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let outcome = command.outcome();
        Run::new(outcome.code, &(outcome.stdout + &outcome.stderr))
    }

    /// The program in its surroundings.
    fn command(&self) -> Command {
        let home = self.folder.path();
        let mut command = Command::new(&self.program);
        command.current_dir(self.work()).env_clear().env("HOME", home).env("NETRC", home.join("netrc"));
        command.env("CHECKPOINT_DISABLE", "1").envs(self.variables.iter().cloned());
        if let Some(text) = &self.configuration {
            let configuration = home.join("terraformrc");
            write_file(&configuration, text.as_bytes());
            command.env("TF_CLI_CONFIG_FILE", configuration);
        }
        if let Some(authority) = &self.authority {
            command.env("SSL_CERT_FILE", authority);
        }
        command
    }

    /// Begins `terraform login` for a server, says yes, and waits for the URL that it would open in a browser: without
    /// a `PATH` it finds none.
    pub(crate) fn login(&self, server: &Server) -> Login {
        let mut command = self.command();
        command.args(["login", "-no-color", &server.address().to_string()]);
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        process.stdin.take().unwrap().write_all(b"yes\n").unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut text = String::new();
        let url = loop {
            let mut line = String::new();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "no URL was printed: {text}");
            text.push_str(&line);
            if line.trim().starts_with("https://") {
                break line.trim().to_owned();
            }
        };
        Login { url, process, said, text }
    }

    /// The file in which `terraform login` keeps tokens.
    pub(crate) fn stored_credentials(&self) -> PathBuf {
        self.folder.path().join(".terraform.d/credentials.tfrc.json")
    }

    /// `terraform init`.
    pub(crate) fn init(&self) -> Run {
        self.run(&["init", "-input=false"])
    }

    /// What `modules.json` says about a module: its version, as far as it has one, and its directory.
    #[track_caller]
    fn record(&self, key: &str) -> Value {
        let text = fs::read_to_string(self.work().join(".terraform/modules/modules.json")).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        let all = json["Modules"].as_array().unwrap();
        let found = all.iter().find(|module| module["Key"] == key);
        found.unwrap_or_else(|| panic!("no module {key}: {text}")).clone()
    }

    /// The version that was installed for a module.
    #[track_caller]
    pub(crate) fn version(&self, key: &str) -> String {
        self.record(key)["Version"].as_str().unwrap_or_default().to_owned()
    }

    /// The files that were installed for a module.
    #[track_caller]
    pub(crate) fn installed(&self, key: &str) -> Files {
        let directory = self.work().join(self.record(key)["Dir"].as_str().unwrap());
        let mut found = BTreeMap::new();
        collect(&directory, "", &mut found);
        Files(found)
    }
}

fn collect(directory: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), found);
        } else {
            found.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// A `terraform login` that waits for somebody to allow it.
#[derive(Debug)]
pub(crate) struct Login {
    /// The page to open.
    pub(crate) url: String,
    process: Child,
    said: BufReader<ChildStdout>,
    text: String,
}

impl Login {
    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Run {
        self.said.read_to_string(&mut self.text).unwrap();
        self.process.stderr.take().unwrap().read_to_string(&mut self.text).unwrap();
        Run::new(self.process.wait().unwrap().code(), &self.text)
    }
}

impl Drop for Login {
    /// A login that nobody allows never ends by itself.
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped_already = self.process.wait();
    }
}

impl Run {
    fn new(code: Option<i32>, both: &str) -> Self {
        let frame = |c: char| c.is_whitespace() || matches!(c, '│' | '╷' | '╵');
        let words: Vec<&str> = both.split(frame).filter(|word| !word.is_empty()).collect();
        Self { code, text: words.join(" ") }
    }

    /// Fails the test unless the command succeeded.
    #[track_caller]
    pub(crate) fn succeeds(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self
    }

    /// Fails the test unless the command failed as commands fail: with code 1.
    #[track_caller]
    pub(crate) fn fails(&self) -> &Self {
        assert_eq!(self.code, Some(1), "{}", self.text);
        self
    }

    /// Fails the test unless the person could read that.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "not said: {text:?}\nsaid: {}", self.text);
        self
    }

    /// Fails the test when the person could read that.
    #[track_caller]
    pub(crate) fn never_says(&self, text: &str) -> &Self {
        assert!(!self.text.contains(text), "said: {}", self.text);
        self
    }
}
