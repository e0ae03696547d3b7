//! CI systems elsewhere that may act on a project: what their signed claims must say, and what they may do then.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::claims::{ClaimPatterns, Claims};
use super::issuer::Issuer;
use super::provenance::{JobRun, Line, PageUrl, Pipeline, Provenance, VerifiedBy};
use super::{ProjectId, PublisherId, Role, UserId};

/// Roles that a trusted publisher may have: pull, publish, delete.
pub const GRANTABLE: [Role; 3] = [Role::Reporter, Role::Developer, Role::Maintainer];

/// Whose jobs may act on a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedPublisher {
    /// Its number.
    pub id: PublisherId,
    /// The one project it may act on.
    pub project: ProjectId,
    /// Its name for people.
    pub name: String,
    /// Who signs or confirms.
    pub issuer: Issuer,
    /// What must be claimed.
    pub claims: ClaimPatterns,
    /// With which role.
    pub role: Role,
    /// Whether a token publishes only once: its `jti` is remembered until it expires.
    pub once: bool,
    /// Who added it.
    pub created_by: Option<UserId>,
    /// When it was added.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
}

impl TrustedPublisher {
    /// Whether a job with these claims is one of its.
    pub fn admits(&self, claims: &Claims) -> bool {
        self.issuer == *claims.issuer() && self.claims.matches(claims)
    }
}

/// How it was found that the claims of a job are true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The issuer signed them.
    IdToken,
    /// A GitLab was asked.
    Gitlab,
}

/// A job of a CI system elsewhere, with claims that were found true.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// How they were found true.
    pub proof: Proof,
    /// What is claimed.
    pub claims: Claims,
    /// The trusted publishers that were found for it, once they are looked for: lists ask about each of many groups.
    granted: OnceLock<Arc<[TrustedPublisher]>>,
}

impl Workload {
    /// A job whose claims were found true.
    pub const fn new(proof: Proof, claims: Claims) -> Self {
        Self { proof, claims, granted: OnceLock::new() }
    }

    /// The trusted publishers of any project that it matches, looked for once a request.
    pub fn granted<E>(
        &self,
        find: impl FnOnce() -> Result<Vec<TrustedPublisher>, E>,
    ) -> Result<Arc<[TrustedPublisher]>, E> {
        if let Some(known) = self.granted.get() {
            return Ok(Arc::clone(known));
        }
        let found = find()?.into();
        Ok(Arc::clone(self.granted.get_or_init(|| found)))
    }

    /// What log lines call it: who vouches, and for which project and job.
    pub fn label(&self) -> String {
        let source =
            self.line("project_path").or_else(|| self.line("repository")).or_else(|| self.line("sub"));
        let source = source.as_ref().map_or("-", Line::as_str);
        format!("ci:{}/{source}", self.claims.issuer())
    }

    /// Where what it publishes comes from, as far as its claims say so in GitLab's or GitHub's words.
    pub fn provenance(&self) -> Provenance {
        let issuer = self.claims.issuer().to_string();
        let mut provenance = Provenance::verified_by(match self.proof {
            Proof::IdToken => VerifiedBy::Issuer(issuer),
            Proof::Gitlab => VerifiedBy::Gitlab(issuer),
        });
        provenance.sha = self.parsed("sha");
        provenance.git_ref = self.line("ref").map(short_ref);
        if self.claims.get("repository").is_some() {
            self.add_github(&mut provenance);
        } else {
            self.add_gitlab(&mut provenance);
        }
        provenance.with_commit_url()
    }

    /// GitHub's claims: `repository`, `run_id`, `run_number`, `workflow`, `actor`, `event_name`.
    fn add_github(&self, provenance: &mut Provenance) {
        let repository = self.line("repository");
        let base = github_server(self.claims.issuer().as_str()).zip(repository.as_ref());
        let base = base.map(|(server, repository)| format!("{server}/{repository}"));
        let run = self.claims.number("run_id");
        let page = |run: u64| page(base.as_deref(), &format!("actions/runs/{run}"));
        provenance.pipeline = run.map(|id| Pipeline {
            id,
            iid: self.claims.number("run_number"),
            web_url: page(id),
            source: self.line("event_name"),
        });
        let name = self.line("workflow");
        provenance.job = name.map(|name| JobRun { name: Some(name), web_url: None });
        provenance.user = self.line("actor");
        provenance.source_project = repository;
    }

    /// GitLab's claims: `project_path`, `pipeline_id`, `pipeline_source`, `job_id`, `user_login`.
    fn add_gitlab(&self, provenance: &mut Provenance) {
        let project = self.line("project_path");
        let server = self.claims.issuer().as_str().trim_end_matches('/');
        let base = project.as_ref().map(|project| format!("{server}/{project}"));
        provenance.pipeline = self.claims.number("pipeline_id").map(|id| Pipeline {
            id,
            iid: self.claims.number("pipeline_iid"),
            web_url: page(base.as_deref(), &format!("-/pipelines/{id}")),
            source: self.line("pipeline_source"),
        });
        provenance.job = self.claims.number("job_id").map(|id| JobRun {
            name: self.line("job_name").or_else(|| format!("#{id}").parse().ok()),
            web_url: page(base.as_deref(), &format!("-/jobs/{id}")),
        });
        provenance.user = self.line("user_login");
        provenance.source_project = project;
    }

    fn line(&self, claim: &str) -> Option<Line> {
        self.parsed(claim)
    }

    /// A claim as a value that can be shown. One that cannot be is left out: the token is good without it.
    fn parsed<T: std::str::FromStr>(&self, claim: &str) -> Option<T> {
        self.claims.text(claim)?.parse().ok()
    }
}

fn page(base: Option<&str>, rest: &str) -> Option<PageUrl> {
    format!("{}/{rest}", base?).parse().ok()
}

/// A ref without what Git keeps it under.
fn short_ref(full: Line) -> Line {
    let short = ["refs/heads/", "refs/tags/"].into_iter().find_map(|kept| full.as_str().strip_prefix(kept));
    short.and_then(|short| short.parse().ok()).unwrap_or(full)
}

/// The server whose Actions an issuer signs for: github.com, or a GitHub Enterprise Server.
fn github_server(issuer: &str) -> Option<&str> {
    match issuer {
        "https://token.actions.githubusercontent.com" => Some("https://github.com"),
        own => own.strip_suffix("/_services/token"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

    fn workload(issuer: &str, values: Value) -> Workload {
        let Value::Object(values) = values else { panic!("an object") };
        let claims = Claims::verified(issuer.parse().unwrap(), Timestamp::UNIX_EPOCH, values);
        Workload::new(Proof::IdToken, claims)
    }

    #[test]
    fn a_gitlab_job_leads_to_its_pages() {
        let claims = json!({
            "project_path": "acme/vpc", "pipeline_id": "77", "pipeline_source": "push", "job_id": "99",
            "ref": "v1.2.0", "sha": SHA, "user_login": "ada",
        });
        let job = workload("https://gitlab.example", claims);
        let found = job.provenance();
        let pipeline = found.pipeline.unwrap();
        assert_eq!(pipeline.id, 77);
        assert_eq!(pipeline.web_url.unwrap().as_str(), "https://gitlab.example/acme/vpc/-/pipelines/77");
        assert_eq!(pipeline.source.unwrap().as_str(), "push");
        let run = found.job.unwrap();
        assert_eq!(run.name.unwrap().as_str(), "#99");
        assert_eq!(run.web_url.unwrap().as_str(), "https://gitlab.example/acme/vpc/-/jobs/99");
        assert_eq!(
            found.commit_url.unwrap().as_str(),
            format!("https://gitlab.example/acme/vpc/-/commit/{SHA}")
        );
        assert_eq!(found.git_ref.unwrap().as_str(), "v1.2.0");
        assert_eq!(
            (found.user.unwrap().as_str(), found.source_project.unwrap().as_str()),
            ("ada", "acme/vpc")
        );
        assert_eq!(found.verified_by, VerifiedBy::Issuer("https://gitlab.example".to_owned()));
        assert_eq!(job.label(), "ci:https://gitlab.example/acme/vpc");
    }

    #[test]
    fn a_github_run_leads_to_its_pages() {
        for (issuer, server) in [
            ("https://token.actions.githubusercontent.com", Some("https://github.com")),
            ("https://git.acme.example/_services/token", Some("https://git.acme.example")),
            ("https://other.example", None),
        ] {
            let claims = json!({
                "repository": "acme/vpc", "run_id": "5", "run_number": "2", "ref": "refs/tags/v1", "sha": SHA,
                "actor": "ada", "workflow": "publish", "event_name": "push",
            });
            let found = workload(issuer, claims).provenance();
            let pipeline = found.pipeline.unwrap();
            assert_eq!((pipeline.id, pipeline.iid), (5, Some(2)));
            let page = server.map(|server| format!("{server}/acme/vpc/actions/runs/5"));
            assert_eq!(pipeline.web_url.map(String::from), page, "{issuer}");
            let commit = server.map(|server| format!("{server}/acme/vpc/commit/{SHA}"));
            assert_eq!(found.commit_url.map(String::from), commit, "{issuer}");
            assert_eq!(found.git_ref.unwrap().as_str(), "v1");
            assert_eq!(found.job.unwrap().name.unwrap().as_str(), "publish");
            assert_eq!(
                (found.user.unwrap().as_str(), found.source_project.unwrap().as_str()),
                ("ada", "acme/vpc")
            );
        }
    }

    #[test]
    fn claims_that_cannot_be_shown_are_left_out() {
        let claims = json!({
            "project_path": "a\u{202e}b", "pipeline_id": "x", "ref": "two\nlines", "sha": "short", "user_login": {},
        });
        let found = workload("https://gitlab.example", claims).provenance();
        assert_eq!(found, Provenance::verified_by(VerifiedBy::Issuer("https://gitlab.example".to_owned())));
    }
}
