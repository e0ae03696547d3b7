//! The real program as a child process, and a small client of it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ureq::Agent;

/// The administrator's token of every server here.
pub(crate) const TOKEN: &str = "a-token-that-is-long-enough-to-be-chosen";

/// A running server. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) base: String,
}

/// The command that serves a data directory on a free port.
pub(crate) fn serve(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
    described(&mut command);
    command
}

/// Gives a command the environment of a server.
pub(crate) fn described(command: &mut Command) {
    command
        .env("CAIRN_ROOT_TOKEN", TOKEN)
        .env("CAIRN_ROOT_PASSWORD", "a password for the tests")
        .env("CAIRN_LOG_LEVEL", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
}

impl Server {
    /// Starts a command and waits until it says where it listens.
    pub(crate) fn start(mut command: Command) -> Result<Self, String> {
        let mut child = command.spawn().map_err(|error| format!("cannot start: {error}"))?;
        let Some(stdout) = child.stdout.take() else { return Err("no standard output".to_owned()) };
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(base) = line.strip_prefix("listening on ") {
                return Ok(Self { child, base: base.trim_end_matches('/').to_owned() });
            }
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        Err(format!("it ended without listening: {status}"))
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// SIGTERM, and whether it left in order.
    pub(crate) fn stop(mut self) -> bool {
        let stopped = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        stopped.success() && self.child.wait().expect("it ends").success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone when it was killed or stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client of one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
}

/// A connection that broke.
#[derive(Debug)]
pub(crate) struct Broken;

impl Client {
    pub(crate) fn of(server: &Server) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).build();
        Self { agent: config.into(), base: server.base.clone() }
    }

    /// Creates the group `acme` and the project `acme/modules`, unless they are there.
    pub(crate) fn set_up(&self) {
        let post = |path: &str, body: serde_json::Value| {
            let body = body.to_string();
            let answer = self
                .agent
                .post(format!("{}/api/v4/{path}", self.base))
                .header("PRIVATE-TOKEN", TOKEN)
                .header("Content-Type", "application/json")
                .send(body.as_bytes())
                .expect("it answers");
            answer.status().as_u16()
        };
        let (status, group) = self.get("/api/v4/groups/acme").expect("it answers");
        if status == 404 {
            assert_eq!(post("groups", serde_json::json!({ "name": "acme", "path": "acme" })), 201);
            return self.set_up();
        }
        let group: serde_json::Value = serde_json::from_slice(&group).expect("JSON");
        let project =
            serde_json::json!({ "name": "modules", "path": "modules", "namespace_id": group["id"] });
        assert!(matches!(post("projects", project), 201 | 400 | 409));
    }

    /// Publishes and returns the status.
    pub(crate) fn publish(&self, name: &str, version: &str, bytes: &[u8]) -> Result<u16, Broken> {
        let path =
            format!("/api/v4/projects/acme%2Fmodules/packages/terraform/modules/{name}/aws/{version}/file");
        let sent = self.agent.put(format!("{}{path}", self.base)).header("PRIVATE-TOKEN", TOKEN).send(bytes);
        sent.map(|answer| answer.status().as_u16()).map_err(|_broken| Broken)
    }

    /// Status and body.
    pub(crate) fn get(&self, path: &str) -> Result<(u16, Vec<u8>), Broken> {
        let sent = self.agent.get(format!("{}{path}", self.base)).header("PRIVATE-TOKEN", TOKEN).call();
        let mut answer = sent.map_err(|_broken| Broken)?;
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec().map_err(|_broken| Broken)?;
        Ok((answer.status().as_u16(), body))
    }

    /// The archive of a version.
    pub(crate) fn download(&self, name: &str, version: &str) -> Result<(u16, Vec<u8>), Broken> {
        self.get(&format!("/api/v4/projects/acme%2Fmodules/packages/terraform/modules/{name}/aws/{version}"))
    }

    /// The versions that Terraform would see.
    pub(crate) fn versions(&self, name: &str) -> Vec<String> {
        let (status, body) = self.get(&format!("/v1/modules/acme/{name}/aws/versions")).expect("it answers");
        assert_eq!(status, 200);
        let answer: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let versions = answer["modules"][0]["versions"].as_array().cloned().unwrap_or_default();
        versions.iter().filter_map(|one| one["version"].as_str().map(ToOwned::to_owned)).collect()
    }
}

/// Runs `cairn verify` on a data directory and returns what it says, which must be that nothing is wrong.
pub(crate) fn verify(data_dir: &Path) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_cairn"))
        .args(["--json", "verify", "--data-dir"])
        .arg(data_dir)
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["wrong"], serde_json::json!([]), "{text}");
    report
}
