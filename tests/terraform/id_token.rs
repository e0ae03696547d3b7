//! Pipelines with an ID token and no stored secret: `cairn publish` and `terraform init`, with the token of a real length.

use std::process::Command;

use cairn::service::Clock;
use serde_json::{Value, json};

use crate::command::{Terraform, world_with_config};
use crate::files::{Files, block};
use crate::support::issuer::{Issuer, SigningKey};
use crate::support::server::{Outcome, RunToEnd, cairn, write_file};
use crate::support::world::{World, encoded};

const AUDIENCE: &str = "https://registry.example";
const PROJECT: &str = "acme/network";

/// A server that trusts an issuer whose keys are RSA, as those of GitLab and GitHub are.
struct Ci {
    world: World,
    issuer: Issuer,
    key: SigningKey,
}

impl Ci {
    fn start() -> Option<Self> {
        let key = SigningKey::rsa("one");
        let issuer = Issuer::with_keys(&[&key]);
        let config = format!(
            "[[ci.issuer]]\nurl = \"{}\"\naudience = \"{AUDIENCE}\"\njwks_uri = \"{}\"\n",
            issuer.url(),
            issuer.jwks_uri()
        );
        let world = world_with_config(&config)?;
        world.group("acme").project(PROJECT);
        Some(Self { world, issuer, key })
    }

    /// Trusts the pipelines of a project at the issuer, with a role.
    fn trust(&self, source: &str, level: u8) {
        let publisher = json!({
            "issuer": self.issuer.url(), "access_level": level, "claims": { "project_path": source },
        });
        let publishers = format!("/api/v4/projects/{}/trusted_publishers", encoded(PROJECT));
        self.world.root().post(&publishers, &publisher).must(201);
    }

    /// A token with everything that GitLab puts into one.
    fn token(&self, source: &str, life: i64) -> String {
        let now = Clock::system().now().as_second();
        self.key.token(&json!({
            "iss": self.issuer.url(), "aud": AUDIENCE, "iat": now, "nbf": now - 5, "exp": now + life,
            "sub": format!("project_path:{source}:ref_type:tag:ref:v1.0.0"), "project_path": source,
            "jti": "0b1d3c3a-95a6-4e0c-b7f9-7a3f3b9f7a10", "namespace_id": "123", "namespace_path": "acme",
            "project_id": "456", "project_visibility": "private", "user_id": "7", "user_login": "ada",
            "user_email": "ada@acme.example", "user_access_level": "maintainer",
            "pipeline_id": "77", "pipeline_source": "push", "job_id": "99", "ref": "v1.0.0", "ref_type": "tag",
            "ref_path": "refs/tags/v1.0.0", "ref_protected": "true", "groups_direct": ["acme", "acme/platform"],
            "runner_id": 12, "runner_environment": "self-hosted",
            "sha": "0123456789abcdef0123456789abcdef01234567", "ci_config_sha": "0123456789abcdef0123456789abcdef01234567",
            "ci_config_ref_uri": format!("gitlab.example/{source}//.gitlab-ci.yml@refs/tags/v1.0.0"),
        }))
    }

    /// `cairn publish` of a folder with those files as `vpc/aws` 1.0.0, as a pipeline runs it.
    fn publish(&self, token: &str, files: &Files) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in &files.0 {
            write_file(&folder.path().join(name), text.as_bytes());
        }
        let mut command: Command = cairn(&["publish"]);
        command.arg(folder.path()).args(["--url", &self.world.server.url(), "--project", PROJECT]);
        command.args(["--name", "vpc", "--system", "aws", "--version", "1.0.0", "--ca-file"]);
        command.arg(self.world.server.authority()).env("CAIRN_TOKEN", token).outcome()
    }

    fn source(&self) -> String {
        format!("{}/acme/vpc/aws", self.world.server.address())
    }

    fn packages(&self) -> Vec<Value> {
        self.world.packages(PROJECT)
    }
}

#[test]
fn a_pipeline_publishes_and_another_one_installs() {
    let Some(ci) = Ci::start() else { return };
    ci.trust("acme/vpc", 30);
    ci.trust("acme/live", 20);
    let (publishing, reading) = (ci.token("acme/vpc", 300), ci.token("acme/live", 300));
    assert!(reading.len() > 1000, "as long as real ones are: {}", reading.len());
    let files = Files::saying("by a pipeline");

    let refused = ci.publish(&reading, &files);
    assert_eq!(refused.code, Some(1), "a reporter publishes nothing: {refused:?}");
    let published = ci.publish(&publishing, &files);
    assert_eq!(published.code, Some(0), "{published:?}");
    assert_eq!(ci.packages().len(), 1);
    assert_eq!(ci.packages()[0]["pipeline"]["id"], 77, "{:?}", ci.packages());

    let server = &ci.world.server;
    let main = block("vpc", &ci.source(), Some("1.0.0"));
    let by_file = Terraform::new(server).token(server, &reading);
    let host = server.address().to_string().replace('.', "_");
    let by_environment = Terraform::new(server).variable(&format!("TF_TOKEN_{host}"), &reading);
    for (form, terraform) in [("a credentials block", by_file), ("the environment", by_environment)] {
        let terraform = terraform.main(&main);
        terraform.init().succeeds();
        assert_eq!(terraform.installed("vpc"), files, "{form}");
    }
    let log = server.log();
    for token in [&publishing, &reading] {
        assert!(!log.contains(token.as_str()), "no token is logged");
    }
}

#[test]
fn a_token_that_proves_nothing_installs_and_publishes_nothing() {
    let Some(ci) = Ci::start() else { return };
    ci.trust("acme/vpc", 30);
    let files = Files::saying("nothing");
    ci.world.publish(PROJECT, "vpc/aws", "0.9.0", files.archive());
    let server = &ci.world.server;
    for (situation, token, said) in [
        ("expired", ci.token("acme/vpc", -120), "401"),
        ("of a project nobody trusts", ci.token("acme/other", 300), "has no versions"),
    ] {
        let published = ci.publish(&token, &files);
        assert_eq!(published.code, Some(1), "{situation}: {published:?}");
        assert!(!published.stderr.contains(&token), "{situation}");
        let terraform = Terraform::new(server).token(server, &token).main(&block("vpc", &ci.source(), None));
        terraform.init().fails().says(said).never_says(&token);
    }
    assert_eq!(ci.packages().len(), 1);
}
