//! Job tokens of a real GitLab (`CI_JOB_TOKEN`): that GitLab is asked whose job it is, and believed.
//!
//! A token is shown to one GitLab only: the configured one, or of several the one that the request names. What comes back
//! is turned into the claims that the same GitLab would sign in an ID token, so that one trusted publisher fits both.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use url::Url;

use super::oidc::FetchError;
use crate::blobs::sha256;
use crate::domain::Sha256;
use crate::domain::claims::Claims;
use crate::domain::issuer::{Issuer, SecureUrl};
use crate::domain::trusted_publisher::{Proof, Workload};

/// How such a token begins.
pub const GITLAB_JOB_PREFIX: &str = "glcbt-";
/// How long a GitLab may take to answer.
pub const ASK_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of its answer at most.
pub const MAX_JOB_BYTES: usize = 256 * 1024;

/// How long an answer is believed. A job that ends is refused that much later.
const BELIEVED: SignedDuration = SignedDuration::from_secs(30);
/// How long it is believed that a token is none.
const DISBELIEVED: SignedDuration = SignedDuration::from_secs(10);
/// Answers that are remembered.
const MAX_KNOWN: usize = 4096;
/// Questions at once: anybody can make up a token.
const QUESTIONS: usize = 16;

/// Why a GitLab job token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitlabJobError {
    /// No GitLab is trusted.
    #[error("this server takes no GitLab job tokens; an administrator can add the GitLab as [[ci.gitlab]]")]
    NoServer,
    /// Several are, and the request names none or another.
    #[error("name the GitLab of this job token, one that this server trusts, in the header X-Gitlab-Url")]
    WhichServer,
    /// That GitLab does not know it, or its job is over.
    #[error("{0} knows no running job with this token")]
    Unknown(Issuer),
    /// It does not answer, or not as a GitLab does.
    #[error("{server} cannot be asked about this job token: {reason}; try again")]
    Unreachable {
        /// The GitLab.
        server: Issuer,
        /// Why not.
        reason: String,
    },
}

/// What a GitLab says about a job token, some time later; nothing when it knows no such job.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<Option<Bytes>, FetchError>> + Send + 'a>>;

/// Asks a GitLab over the network. Declared here so that no use case knows about HTTP.
pub trait AskGitlab: fmt::Debug + Send + Sync {
    /// The body of `GET /api/v4/job` with that token, at most [`MAX_JOB_BYTES`]. Redirects are not followed.
    fn job<'a>(&'a self, url: &'a Url, token: &'a SecretString) -> Asking<'a>;
}

/// Checks the job tokens of the configured GitLab servers.
#[derive(Debug)]
pub struct GitlabJobs {
    servers: ArcSwap<Vec<Server>>,
    ask: Arc<dyn AskGitlab>,
    known: Mutex<HashMap<Sha256, Known>>,
    questions: Semaphore,
}

/// A GitLab, by its base URL and as the issuer it is to trusted publishers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    issuer: Issuer,
    job: Url,
}

impl Server {
    fn of(url: &SecureUrl) -> Option<Self> {
        let base = url.as_url().as_str().trim_end_matches('/');
        Some(Self { issuer: base.parse().ok()?, job: Url::parse(&format!("{base}/api/v4/job")).ok()? })
    }
}

/// An answer that is believed for a while.
#[derive(Debug, Clone)]
struct Known {
    until: Timestamp,
    job: Option<Workload>,
}

/// What is read of a job (GitLab's jobs API). The rest is left alone.
#[derive(Debug, Deserialize)]
struct Job {
    id: u64,
    status: String,
    name: Option<String>,
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    tag: Option<bool>,
    web_url: String,
    user: Option<User>,
    commit: Option<Commit>,
    pipeline: Option<Pipeline>,
}

#[derive(Debug, Deserialize)]
struct User {
    username: String,
}

#[derive(Debug, Deserialize)]
struct Commit {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Pipeline {
    id: u64,
    iid: Option<u64>,
    source: Option<String>,
}

impl GitlabJobs {
    /// Trusts no GitLab yet: see [`GitlabJobs::set_servers`].
    pub fn new(ask: Arc<dyn AskGitlab>) -> Self {
        Self {
            servers: ArcSwap::default(),
            ask,
            known: Mutex::default(),
            questions: Semaphore::new(QUESTIONS),
        }
    }

    /// Replaces the servers that are asked, by their base URLs.
    pub fn set_servers(&self, urls: &[SecureUrl]) {
        let servers: Vec<Server> = urls.iter().filter_map(Server::of).collect();
        if **self.servers.load() != servers {
            self.servers.store(Arc::new(servers));
            self.lock().clear();
        }
    }

    /// The servers, as the issuers they are to trusted publishers.
    pub fn servers(&self) -> Vec<Issuer> {
        self.servers.load().iter().map(|server| server.issuer.clone()).collect()
    }

    /// The job that a token is of. `named` is the GitLab that the request names.
    pub async fn check(
        &self,
        token: &SecretString,
        named: Option<&str>,
        now: Timestamp,
    ) -> Result<Workload, GitlabJobError> {
        let server = self.server(named)?;
        let key = sha256(format!("{}\0{}", server.issuer, token.expose_secret()).as_bytes());
        let known = self.lock().get(&key).filter(|known| now < known.until).cloned();
        let job = match known {
            Some(known) => known.job,
            None => self.ask(&server, token, key, now).await?,
        };
        job.ok_or(GitlabJobError::Unknown(server.issuer))
    }

    fn server(&self, named: Option<&str>) -> Result<Server, GitlabJobError> {
        let servers = self.servers.load();
        let wanted = named.map(|url| url.trim().trim_end_matches('/'));
        match (servers.as_slice(), wanted) {
            ([], _) => Err(GitlabJobError::NoServer),
            ([only], None) => Ok(only.clone()),
            (all, Some(wanted)) if all.iter().any(|server| server.issuer.as_str() == wanted) => {
                let found = all.iter().find(|server| server.issuer.as_str() == wanted);
                found.cloned().ok_or(GitlabJobError::NoServer)
            }
            _ => Err(GitlabJobError::WhichServer),
        }
    }

    async fn ask(
        &self,
        server: &Server,
        token: &SecretString,
        key: Sha256,
        now: Timestamp,
    ) -> Result<Option<Workload>, GitlabJobError> {
        let unreachable =
            |reason: String| GitlabJobError::Unreachable { server: server.issuer.clone(), reason };
        let asking = async {
            let _place = self.questions.acquire().await;
            self.ask.job(&server.job, token).await
        };
        let answer = tokio::time::timeout(ASK_TIMEOUT, asking)
            .await
            .map_err(|_elapsed| unreachable(format!("no answer within {} s", ASK_TIMEOUT.as_secs())))?
            .map_err(|error| unreachable(error.0))?;
        let job = match answer {
            None => None,
            Some(body) => {
                let job: Job = serde_json::from_slice(&body)
                    .map_err(|_not_a_job| unreachable("its answer is not a job".to_owned()))?;
                workload(server, &job, now)
            }
        };
        self.remember(key, job.clone(), now);
        Ok(job)
    }

    fn remember(&self, key: Sha256, job: Option<Workload>, now: Timestamp) {
        let life = if job.is_some() { BELIEVED } else { DISBELIEVED };
        let until = now.checked_add(life).unwrap_or(Timestamp::MAX);
        let mut known = self.lock();
        if known.len() >= MAX_KNOWN {
            known.retain(|_, entry| now < entry.until);
        }
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(key, Known { until, job });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Sha256, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running job in the words of GitLab's ID tokens. Nothing for one that does not run, or whose project is not known.
fn workload(server: &Server, job: &Job, now: Timestamp) -> Option<Workload> {
    if job.status != "running" {
        return None;
    }
    let rest = job.web_url.strip_prefix(server.issuer.as_str())?.strip_prefix('/')?;
    let (project, _) = rest.split_once("/-/jobs/")?;
    let mut claims = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value);
        }
    };
    put("project_path", Some(project.into()));
    put("job_id", Some(job.id.to_string().into()));
    put("job_name", job.name.clone().map(Value::from));
    put("ref", job.git_ref.clone().map(Value::from));
    put("ref_type", job.tag.map(|tag| if tag { "tag" } else { "branch" }.into()));
    put("sha", job.commit.as_ref().map(|commit| commit.id.clone().into()));
    put("user_login", job.user.as_ref().map(|user| user.username.clone().into()));
    if let Some(pipeline) = &job.pipeline {
        put("pipeline_id", Some(pipeline.id.to_string().into()));
        put("pipeline_iid", pipeline.iid.map(|iid| iid.to_string().into()));
        put("pipeline_source", pipeline.source.clone().map(Value::from));
    }
    // A job publishes once, where the trusted publisher says so, as a token with a name of its own does.
    put("jti", Some(format!("job-{}", job.id).into()));
    let until = now.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
    let claims = Claims::verified(server.issuer.clone(), until, claims);
    Some(Workload::new(Proof::Gitlab, claims))
}
