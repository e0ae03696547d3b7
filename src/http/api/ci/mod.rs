//! What CI systems need of a project: jobs and their tokens, the projects whose jobs may use it, trusted publishers.

mod allowlist;
mod described;
mod jobs;
mod publishers;

use hyper::Method;

use super::Verb;
use crate::http::request::{Context, RequestBody};
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::error::BadCredential;
pub(in crate::http) use described::claimed;

/// Parts of a project that are about CI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ci<'a> {
    /// Jobs that are opened here.
    Jobs,
    /// One of them.
    Job(&'a str),
    /// The projects whose jobs may use this one while it is private.
    Allowlist,
    /// One of them.
    Allowed(&'a str),
    /// CI systems elsewhere whose jobs may act on the project.
    Publishers,
    /// One of them.
    Publisher(&'a str),
}

impl<'a> Ci<'a> {
    /// The part that the segments after the project name.
    pub fn parse(segments: &[&'a str]) -> Option<Self> {
        Some(match *segments {
            ["ci_jobs"] => Self::Jobs,
            ["ci_jobs", id] => Self::Job(id),
            ["job_token_scope", "allowlist"] => Self::Allowlist,
            ["job_token_scope", "allowlist", id] => Self::Allowed(id),
            ["trusted_publishers"] => Self::Publishers,
            ["trusted_publishers", id] => Self::Publisher(id),
            _ => return None,
        })
    }

    /// The path with its variable parts named.
    pub const fn pattern(&self) -> &'static str {
        match self {
            Self::Jobs => "/api/v4/projects/:id/ci_jobs",
            Self::Job(_) => "/api/v4/projects/:id/ci_jobs/:job_id",
            Self::Allowlist => "/api/v4/projects/:id/job_token_scope/allowlist",
            Self::Publishers => "/api/v4/projects/:id/trusted_publishers",
            Self::Publisher(_) => "/api/v4/projects/:id/trusted_publishers/:publisher_id",
            Self::Allowed(_) => "/api/v4/projects/:id/job_token_scope/allowlist/:target_project_id",
        }
    }

    /// The methods it answers, besides `HEAD`.
    pub const fn methods(&self) -> &'static [Method] {
        match self {
            Self::Jobs => &[Method::POST],
            Self::Job(_) | Self::Allowed(_) | Self::Publisher(_) => &[Method::DELETE],
            Self::Allowlist | Self::Publishers => &[Method::GET, Method::POST],
        }
    }
}

/// Answers a request about the CI of a project.
pub(super) async fn handle(
    context: &Context<'_>,
    project: &str,
    part: Ci<'_>,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let verb = Verb::of(&context.head.method);
    if verb != Verb::Get && context.caller.is_anonymous() {
        return Err(ServiceError::Unauthenticated(BadCredential::Missing));
    }
    match part {
        Ci::Jobs => jobs::open(context, project, body).await,
        Ci::Job(id) => jobs::close(context, project, id).await,
        Ci::Allowlist if verb == Verb::Post => allowlist::add(context, project, body).await,
        Ci::Allowlist => allowlist::list(context, project),
        Ci::Allowed(id) => allowlist::remove(context, project, id).await,
        Ci::Publishers if verb == Verb::Post => publishers::add(context, project, body).await,
        Ci::Publishers => publishers::list(context, project),
        Ci::Publisher(id) => publishers::remove(context, project, id).await,
    }
}
