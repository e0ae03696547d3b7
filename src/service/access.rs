//! From a credential to a caller, and what a caller may do to a thing.

use data_encoding::BASE64;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::error::{BadCredential, ServiceError};
pub use super::facts::{group_facts, project_facts};
use super::gitlab_jobs::GITLAB_JOB_PREFIX;
pub use super::lookup::{any_namespace, group_for, project_for};
use super::oidc::looks_like_id_token;
pub use super::standing::Standing;
use crate::blobs::sha256;
use crate::domain::access::{self, GroupAction, Identity, ProjectAction};
use crate::domain::ci::CiJob;
use crate::domain::credential::{DeployScope, MAX_TOKEN_LENGTH, PersonalScope, Token, TokenOwner};
use crate::domain::identity::{Group, Project, User};
use crate::domain::package::Publisher;
use crate::domain::provenance::Provenance;
use crate::domain::trusted_publisher::{TrustedPublisher, Workload};
use crate::domain::{JobId, Sha256, TokenId, UserId};
use crate::store::{Reader, ci_jobs, credentials, identity, sessions};

/// The user name that goes with the token of a CI job in `Basic` credentials (GitLab).
const JOB_USERNAME: &str = "gitlab-ci-token";

/// A credential as a request carried it.
#[derive(Debug, Clone)]
pub enum Presented {
    /// `PRIVATE-TOKEN`, `JOB-TOKEN`, `DEPLOY-TOKEN` or `Authorization: Bearer`.
    Token(SecretString),
    /// `Authorization: Basic`, decoded.
    Basic {
        /// User name.
        username: String,
        /// The token sent as password.
        secret: SecretString,
    },
    /// The job token of a GitLab, however it was sent.
    GitlabJob {
        /// The token.
        token: SecretString,
        /// The GitLab, when the request names it.
        server: Option<String>,
    },
}

impl Presented {
    /// Reads the value of an `Authorization` header (RFC 9110, 7617, 6750). An empty credential is none.
    pub fn from_authorization(value: &str) -> Result<Option<Self>, BadCredential> {
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok((!rest.is_empty()).then(|| Self::Token(rest.to_owned().into())));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(BadCredential::Malformed);
        }
        if rest.is_empty() {
            return Ok(None);
        }
        let decoded = BASE64.decode(rest.as_bytes()).map_err(|_not_base64| BadCredential::Malformed)?;
        let text = String::from_utf8(decoded).map_err(|_not_utf8| BadCredential::Malformed)?;
        let (username, secret) = text.split_once(':').ok_or(BadCredential::Malformed)?;
        if username.is_empty() && secret.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self::Basic { username: username.to_owned(), secret: secret.to_owned().into() }))
    }

    /// The ID token, if it is one: alone, or as the password of a CI job (`gitlab-ci-token`).
    pub fn id_token(&self) -> Option<&SecretString> {
        let secret = match self {
            Self::Token(secret) => secret,
            Self::Basic { username, secret } if username == JOB_USERNAME => secret,
            Self::Basic { .. } | Self::GitlabJob { .. } => return None,
        };
        looks_like_id_token(secret.expose_secret()).then_some(secret)
    }

    /// The same credential, known for what it is when it is the job token of a GitLab.
    #[must_use]
    pub fn of_gitlab(self, server: impl FnOnce() -> Option<String>) -> Self {
        match self {
            Self::Token(token) if is_gitlab_job(&token) => Self::GitlabJob { token, server: server() },
            Self::Basic { username, secret } if username == JOB_USERNAME && is_gitlab_job(&secret) => {
                Self::GitlabJob { token: secret, server: server() }
            }
            other => other,
        }
    }

    /// Whether both are the same token, so that sending it twice is not a conflict.
    pub fn same_secret(&self, other: &Self) -> bool {
        let secret = |presented: &Self| match presented {
            Self::Token(secret) | Self::Basic { secret, .. } | Self::GitlabJob { token: secret, .. } => {
                sha256(secret.expose_secret().as_bytes())
            }
        };
        secret(self) == secret(other)
    }
}

/// What proves that a request is a user's.
#[derive(Debug, Clone)]
pub enum Via {
    /// A personal token.
    Token(Box<Token>),
    /// The session of a browser, by the hash of its secret. It may do everything its user may.
    Session(Sha256),
}

fn is_gitlab_job(secret: &SecretString) -> bool {
    secret.expose_secret().starts_with(GITLAB_JOB_PREFIX)
}

/// Who makes a request.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Nobody we know.
    Anonymous,
    /// A user.
    User {
        /// The user.
        user: Box<User>,
        /// What proves it.
        via: Via,
    },
    /// A deploy token.
    Deploy {
        /// The token.
        token: Box<Token>,
    },
    /// A CI job opened here, by its token.
    Job {
        /// The job.
        job: Box<CiJob>,
        /// The user whose rights it has.
        user: Box<User>,
    },
    /// A CI job elsewhere, whose claims were found true. What it may do, the trusted publishers of each project say.
    Workload(Box<Workload>),
    /// A trusted publisher itself: what the ticket that was given to one of its jobs stands for.
    Trusted(Box<TrustedPublisher>),
    /// Somebody with access to the data directory, through the command line. Administers the instance.
    Operator,
}

impl Caller {
    /// What decisions depend on.
    pub fn identity(&self) -> Identity {
        match self {
            Self::Anonymous => Identity::Anonymous,
            Self::Operator => Identity::User { admin: true, write: true },
            Self::User { user, via } => {
                let write = match via {
                    Via::Token(token) => {
                        matches!(&token.owner, TokenOwner::Personal { scopes, .. } if scopes.contains(&PersonalScope::Api))
                    }
                    Via::Session(_) => true,
                };
                Identity::User { admin: user.admin, write }
            }
            Self::Deploy { token } => {
                let write = matches!(&token.owner, TokenOwner::Deploy { scopes, .. } if scopes.contains(&DeployScope::WritePackageRegistry));
                Identity::DeployToken { write }
            }
            Self::Job { .. } => Identity::Ci { user: true },
            Self::Workload(_) | Self::Trusted(_) => Identity::Ci { user: false },
        }
    }

    /// Whether the request carried no credential.
    pub const fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }

    /// The user, if it is one. A CI job is none, though it acts for one.
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::User { user, .. } => Some(user),
            Self::Anonymous
            | Self::Deploy { .. }
            | Self::Job { .. }
            | Self::Workload(_)
            | Self::Trusted(_)
            | Self::Operator => None,
        }
    }

    /// The token used, if there is one.
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::User { via: Via::Token(token), .. } | Self::Deploy { token } => Some(token),
            Self::User { via: Via::Session(_), .. }
            | Self::Anonymous
            | Self::Job { .. }
            | Self::Workload(_)
            | Self::Trusted(_)
            | Self::Operator => None,
        }
    }

    /// The session used, by the hash of its secret, if it is a browser's.
    pub const fn session(&self) -> Option<&Sha256> {
        match self {
            Self::User { via: Via::Session(hash), .. } => Some(hash),
            Self::User { via: Via::Token(_), .. }
            | Self::Anonymous
            | Self::Deploy { .. }
            | Self::Job { .. }
            | Self::Workload(_)
            | Self::Trusted(_)
            | Self::Operator => None,
        }
    }

    /// As what it is noted on the packages it publishes; nothing for nobody.
    pub fn publisher(&self) -> Option<Publisher> {
        match self {
            // What a job elsewhere publishes as depends on the project: see `trusted_publishers::acting`.
            Self::Anonymous | Self::Workload(_) => None,
            Self::User { user, via: Via::Token(token) } => Some(Publisher::User(user.id, token.id)),
            Self::User { user, via: Via::Session(_) } => Some(Publisher::Browser(user.id)),
            Self::Deploy { token } => Some(Publisher::DeployToken(token.id)),
            Self::Job { job, user } => Some(Publisher::Job(user.id, job.id)),
            Self::Trusted(publisher) => Some(Publisher::Trusted(publisher.id)),
            Self::Operator => Some(Publisher::Operator),
        }
    }

    /// Where what it publishes comes from, when somebody vouches for that.
    pub fn provenance(&self) -> Option<Provenance> {
        match self {
            Self::Job { job, .. } => Some(job.provenance()),
            Self::Workload(workload) => Some(workload.provenance()),
            Self::Anonymous | Self::User { .. } | Self::Deploy { .. } | Self::Trusted(_) | Self::Operator => {
                None
            }
        }
    }

    /// How log lines name it: never with a secret.
    pub fn label(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::User { user, via: Via::Token(token) } => {
                format!("user:{}/token:{}", user.username, token.id)
            }
            Self::User { user, via: Via::Session(_) } => format!("user:{}/browser", user.username),
            Self::Deploy { token } => format!("deploy-token:{}", token.id),
            Self::Job { job, user } => format!("user:{}/ci-job:{}", user.username, job.id),
            Self::Workload(workload) => workload.label(),
            Self::Trusted(publisher) => format!("trusted-publisher:{}", publisher.id),
            Self::Operator => "operator".to_owned(),
        }
    }
}

/// The caller that a credential stands for. No credential is anonymous; a bad one is refused.
pub fn authenticate(
    reader: &impl Reader,
    presented: Option<&Presented>,
    now: Timestamp,
) -> Result<Caller, ServiceError> {
    let (secret, username) = match presented {
        None => return Ok(Caller::Anonymous),
        Some(Presented::Token(secret) | Presented::GitlabJob { token: secret, .. }) => (secret, None),
        Some(Presented::Basic { username, secret }) => (secret, Some(username)),
    };
    let secret = secret.expose_secret();
    if secret.len() > MAX_TOKEN_LENGTH {
        return Err(ServiceError::Unauthenticated(BadCredential::Unknown));
    }
    // Tokens hold 256 random bits: finding one by its hash is the comparison, and leaks nothing by its time.
    let caller = caller_by_hash(reader, &sha256(secret.as_bytes()), now)?;
    match (&caller, username) {
        (Caller::Job { .. }, Some(name)) if name != JOB_USERNAME => {
            Err(ServiceError::Unauthenticated(BadCredential::WrongUser))
        }
        (Caller::User { user, .. }, Some(name)) if !user.username.as_str().eq_ignore_ascii_case(name) => {
            Err(ServiceError::Unauthenticated(BadCredential::WrongUser))
        }
        (Caller::Deploy { token }, Some(name)) if !matches!(&token.owner, TokenOwner::Deploy { username, .. } if username == name) => {
            Err(ServiceError::Unauthenticated(BadCredential::WrongUser))
        }
        _ => Ok(caller),
    }
}

/// The caller that the token with that hash stands for.
pub(super) fn caller_by_hash(
    reader: &impl Reader,
    hash: &Sha256,
    now: Timestamp,
) -> Result<Caller, ServiceError> {
    if let Some(token) = credentials::by_hash(reader, hash)? {
        return caller_of(reader, token, now);
    }
    let job = ci_jobs::by_hash(reader, hash)?;
    job_caller(reader, job.ok_or(ServiceError::Unauthenticated(BadCredential::Unknown))?, now)
}

/// The caller that a CI job, found again by number, stands for: used when a ticket is redeemed.
pub fn caller_by_job(reader: &impl Reader, id: JobId, now: Timestamp) -> Result<Caller, ServiceError> {
    let job = ci_jobs::job(reader, id)?.ok_or(ServiceError::Unauthenticated(BadCredential::Unknown))?;
    job_caller(reader, job, now)
}

fn job_caller(reader: &impl Reader, job: CiJob, now: Timestamp) -> Result<Caller, ServiceError> {
    if job.closed_at.is_some() {
        return Err(ServiceError::Unauthenticated(BadCredential::JobClosed));
    }
    if !job.is_open(now) {
        return Err(ServiceError::Unauthenticated(BadCredential::Expired));
    }
    let user = active_user(reader, job.user)?;
    Ok(Caller::Job { job: Box::new(job), user })
}

/// The user behind a credential, unless it is gone or blocked.
fn active_user(reader: &impl Reader, id: UserId) -> Result<Box<User>, ServiceError> {
    let user = identity::user(reader, id)?.ok_or(ServiceError::Unauthenticated(BadCredential::Unknown))?;
    if user.blocked {
        return Err(ServiceError::Unauthenticated(BadCredential::Blocked));
    }
    Ok(Box::new(user))
}

/// The caller of a request, as its credential is accepted now: a body may take long to arrive.
pub(super) fn still_valid(
    reader: &impl Reader,
    caller: &Caller,
    now: Timestamp,
) -> Result<Caller, ServiceError> {
    match caller {
        Caller::Job { job, .. } => caller_by_job(reader, job.id, now),
        Caller::User { via: Via::Token(token), .. } | Caller::Deploy { token } => {
            caller_by_token(reader, token.id, now)
        }
        Caller::User { user, via: Via::Session(hash) } => {
            let session = sessions::by_hash(reader, hash)?.filter(|session| session.is_live(now));
            session.ok_or(ServiceError::Unauthenticated(BadCredential::Missing))?;
            Ok(Caller::User { user: active_user(reader, user.id)?, via: Via::Session(*hash) })
        }
        Caller::Anonymous | Caller::Workload(_) | Caller::Trusted(_) | Caller::Operator => Ok(caller.clone()),
    }
}

/// Refuses a change whose caller lost its credential, or its rights over the instance, since the request began.
pub(super) fn check_unchanged(
    reader: &impl Reader,
    caller: &Caller,
    now: Timestamp,
) -> Result<(), ServiceError> {
    if still_valid(reader, caller, now)?.identity() == caller.identity() {
        Ok(())
    } else {
        Err(ServiceError::Forbidden("your rights changed while the request was being received: try again"))
    }
}

/// The caller that a stored token, found again by number, stands for: used when a ticket is redeemed.
pub fn caller_by_token(reader: &impl Reader, id: TokenId, now: Timestamp) -> Result<Caller, ServiceError> {
    let token =
        credentials::token(reader, id)?.ok_or(ServiceError::Unauthenticated(BadCredential::Unknown))?;
    caller_of(reader, token, now)
}

fn caller_of(reader: &impl Reader, token: Token, now: Timestamp) -> Result<Caller, ServiceError> {
    if token.revoked {
        return Err(ServiceError::Unauthenticated(BadCredential::Unknown));
    }
    if !token.is_active(now) {
        return Err(ServiceError::Unauthenticated(BadCredential::Expired));
    }
    let token = Box::new(token);
    match token.owner {
        TokenOwner::Deploy { .. } => Ok(Caller::Deploy { token }),
        TokenOwner::Personal { user, .. } => {
            Ok(Caller::User { user: active_user(reader, user)?, via: Via::Token(token) })
        }
    }
}

/// May the caller do that to the project? The refusal names the project only as "Project".
pub fn check_project(
    reader: &impl Reader,
    caller: &Caller,
    project: &Project,
    action: ProjectAction,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let facts = project_facts(reader, caller, project, &identity::settings(reader)?, now)?;
    access::project(caller.identity(), &facts, action).map_err(|refusal| ServiceError::Refused {
        refusal,
        anonymous: caller.is_anonymous(),
        subject: "Project",
    })
}

/// May the caller do that to the group?
pub fn check_group(
    reader: &impl Reader,
    caller: &Caller,
    group: &Group,
    action: GroupAction,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let facts = group_facts(reader, caller, group, now)?;
    access::group(caller.identity(), &facts, action).map_err(|refusal| ServiceError::Refused {
        refusal,
        anonymous: caller.is_anonymous(),
        subject: "Group",
    })
}

/// May the caller administer the instance?
pub fn check_instance(caller: &Caller) -> Result<(), ServiceError> {
    access::instance(caller.identity()).map_err(|refusal| ServiceError::Refused {
        refusal,
        anonymous: caller.is_anonymous(),
        subject: "Instance",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorization_headers_are_read_or_refused() {
        let token = |value: &str| match Presented::from_authorization(value) {
            Ok(Some(Presented::Token(secret))) => format!("token {}", secret.expose_secret()),
            Ok(Some(Presented::Basic { username, secret })) => {
                format!("basic {username} {}", secret.expose_secret())
            }
            Ok(Some(Presented::GitlabJob { .. })) => "gitlab".to_owned(),
            Ok(None) => "none".to_owned(),
            Err(error) => format!("{error:?}"),
        };
        for (value, expected) in [
            ("Bearer abc", "token abc"),
            ("bearer  abc ", "token abc"),
            ("Bearer ", "none"),
            ("Bearer", "none"),
            ("Basic YTpi", "basic a b"),
            ("basic YTpiOmM=", "basic a b:c"),
            ("Basic Og==", "none"),
            ("Basic ", "none"),
            ("Basic YQ==", "Malformed"),
            ("Basic !!", "Malformed"),
            ("Basic gICA", "Malformed"),
            ("Digest x", "Malformed"),
            ("", "Malformed"),
        ] {
            assert_eq!(token(value), expected, "{value:?}");
        }
    }
}
