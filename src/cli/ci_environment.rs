//! What a CI system says in the environment of its jobs: the project, its name, the tag, and which run of which pipeline.
//!
//! Everything is read through a function from names to values, and an empty value is none: GitLab and Jenkins set some
//! variables to nothing.

mod id_token;

use crate::domain::provenance::{JobRun, Line, PageUrl, Pipeline, Provenance, VerifiedBy};

pub(super) use id_token::{IdTokenRequest, stored_token};

/// The environment: a variable by its name.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable that says something.
pub(super) fn filled(variables: Variables<'_>, name: &str) -> Option<String> {
    variables(name).filter(|value| !value.trim().is_empty())
}

/// A CI system whose variables are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    /// GitLab CI.
    Gitlab,
    /// GitHub Actions.
    Github,
    /// Jenkins.
    Jenkins,
}

impl System {
    /// Where one gets a token from there.
    pub(super) const fn token_hint(self) -> &'static str {
        match self {
            Self::Gitlab => {
                "set CAIRN_TOKEN as a masked variable, or let id_tokens of the job make CAIRN_ID_TOKEN"
            }
            Self::Github => {
                "give the job `permissions: id-token: write`, or set CAIRN_TOKEN from a secret of the repository"
            }
            Self::Jenkins => "set CAIRN_TOKEN with withCredentials",
        }
    }
}

/// A value and the variable it was taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The value.
    pub value: String,
    /// The name of the variable.
    pub variable: &'static str,
}

/// The job that this process runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CiEnvironment {
    /// Whose job it is.
    pub system: System,
    /// Path of the project or repository.
    pub project: Option<Found>,
    /// The last part of it.
    pub repository: Option<Found>,
    /// The tag that the pipeline runs for.
    pub tag: Option<String>,
    /// Where what is published comes from: this environment's word, which proves nothing.
    pub provenance: Provenance,
}

impl CiEnvironment {
    /// The environment of a job, if this is one.
    pub(super) fn detect(variables: Variables<'_>) -> Option<Self> {
        let is_set = |name| filled(variables, name).is_some_and(|value| value != "false");
        if is_set("GITLAB_CI") {
            Some(gitlab(variables))
        } else if is_set("GITHUB_ACTIONS") {
            Some(github(variables))
        } else if is_set("JENKINS_URL") {
            Some(jenkins(variables))
        } else {
            None
        }
    }
}

/// <https://docs.gitlab.com/ci/variables/predefined_variables/>
fn gitlab(variables: Variables<'_>) -> CiEnvironment {
    let mut provenance = Provenance::verified_by(VerifiedBy::Nobody);
    provenance.pipeline = parsed(variables, "CI_PIPELINE_ID").map(|id| Pipeline {
        id,
        iid: parsed(variables, "CI_PIPELINE_IID"),
        web_url: parsed(variables, "CI_PIPELINE_URL"),
        source: parsed(variables, "CI_PIPELINE_SOURCE"),
    });
    provenance.job = job(parsed(variables, "CI_JOB_NAME"), parsed(variables, "CI_JOB_URL"));
    provenance.git_ref = parsed(variables, "CI_COMMIT_REF_NAME");
    provenance.sha = parsed(variables, "CI_COMMIT_SHA");
    provenance.source_project = parsed(variables, "CI_PROJECT_PATH");
    provenance.user = parsed(variables, "GITLAB_USER_LOGIN");
    CiEnvironment {
        system: System::Gitlab,
        project: found(variables, "CI_PROJECT_PATH"),
        repository: found(variables, "CI_PROJECT_NAME"),
        tag: filled(variables, "CI_COMMIT_TAG"),
        provenance,
    }
}

/// <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>
fn github(variables: Variables<'_>) -> CiEnvironment {
    let repository = found(variables, "GITHUB_REPOSITORY");
    let server = filled(variables, "GITHUB_SERVER_URL");
    let run = filled(variables, "GITHUB_RUN_ID");
    let page = server.zip(repository.as_ref()).zip(run).and_then(|((server, repository), run)| {
        format!("{server}/{}/actions/runs/{run}", repository.value).parse().ok()
    });
    let mut provenance = Provenance::verified_by(VerifiedBy::Nobody);
    provenance.pipeline = parsed(variables, "GITHUB_RUN_ID").map(|id| Pipeline {
        id,
        iid: parsed(variables, "GITHUB_RUN_NUMBER"),
        web_url: page,
        source: parsed(variables, "GITHUB_EVENT_NAME"),
    });
    let name = parsed(variables, "GITHUB_WORKFLOW").or_else(|| parsed(variables, "GITHUB_JOB"));
    provenance.job = job(name, None);
    provenance.git_ref = parsed(variables, "GITHUB_REF_NAME");
    provenance.sha = parsed(variables, "GITHUB_SHA");
    provenance.source_project = parsed(variables, "GITHUB_REPOSITORY");
    provenance.user = parsed(variables, "GITHUB_ACTOR");
    let of_tag = filled(variables, "GITHUB_REF_TYPE").is_some_and(|kind| kind == "tag");
    let last = |path: &Found| {
        let value = path.value.rsplit('/').next().unwrap_or_default().to_owned();
        Found { value, ..path.clone() }
    };
    CiEnvironment {
        system: System::Github,
        repository: repository.as_ref().map(last),
        project: repository,
        tag: filled(variables, "GITHUB_REF_NAME").filter(|_| of_tag),
        provenance,
    }
}

/// <https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables>, with those of the Git plugin.
fn jenkins(variables: Variables<'_>) -> CiEnvironment {
    let mut provenance = Provenance::verified_by(VerifiedBy::Nobody);
    let page = || parsed(variables, "BUILD_URL");
    provenance.pipeline =
        parsed(variables, "BUILD_NUMBER").map(|id| Pipeline { id, iid: None, web_url: page(), source: None });
    provenance.job = job(parsed(variables, "JOB_NAME"), page());
    provenance.git_ref = parsed(variables, "TAG_NAME").or_else(|| parsed(variables, "GIT_BRANCH"));
    provenance.sha = parsed(variables, "GIT_COMMIT");
    CiEnvironment {
        system: System::Jenkins,
        project: None,
        repository: None,
        tag: filled(variables, "TAG_NAME"),
        provenance,
    }
}

fn found(variables: Variables<'_>, variable: &'static str) -> Option<Found> {
    filled(variables, variable).map(|value| Found { value, variable })
}

/// A value that can be part of a provenance. What cannot is left out: publishing does not fail for it.
fn parsed<T: std::str::FromStr>(variables: Variables<'_>, name: &str) -> Option<T> {
    filled(variables, name)?.parse().ok()
}

fn job(name: Option<Line>, web_url: Option<PageUrl>) -> Option<JobRun> {
    let run = JobRun { name, web_url };
    (run != JobRun::default()).then_some(run)
}

#[cfg(test)]
mod tests;
