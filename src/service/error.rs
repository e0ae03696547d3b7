//! Why a use case did not succeed: one enum with stable codes. Statuses are given to it in `http/error.rs`.

use std::io;
use std::time::Duration;

use super::gitlab_jobs::GitlabJobError;
use super::oidc::IdTokenError;
use crate::domain::access::Refusal;
use crate::domain::address::InvalidName;
use crate::domain::version::InvalidVersion;
use crate::store::StoreError;

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The registry is switched off for the instance.
    #[error("the package registry is switched off on this server: ask an administrator to switch it on")]
    RegistryDisabled,
    /// Two different credentials in one request.
    #[error("the request carries two different credentials: send only one")]
    ConflictingCredentials,
    /// A credential that is not, or no longer, valid.
    #[error("{0}")]
    Unauthenticated(BadCredential),
    /// A token was asked for in a way that gives none.
    #[error("{0}")]
    Grant(BadGrant),
    /// The access rules say no.
    #[error("{}", refusal_text(*refusal, *anonymous, subject))]
    Refused {
        /// Which rule.
        refusal: Refusal,
        /// Whether the caller sent no credential.
        anonymous: bool,
        /// What it was about: `Project`, `Group`, `Namespace`.
        subject: &'static str,
    },
    /// Nobody may do this, whatever the role; says why.
    #[error("Forbidden: {0}")]
    Forbidden(&'static str),
    /// Something below a thing the caller sees is not there.
    #[error("{0} Not Found")]
    NotFound(&'static str),
    /// The path named this before it was renamed, and the caller may see it.
    #[error("{} is called {} now: use that path", .0.from, .0.to)]
    Moved(Box<Moved>),
    /// A parameter is missing or malformed.
    #[error("{0}")]
    Invalid(String),
    /// A name or an archive breaks the rules for modules.
    #[error("{0}")]
    Unprocessable(String),
    /// The version is there already, or the module is in another project.
    #[error("{0}")]
    Duplicate(Box<Duplicate>),
    /// A user name, mail address or membership is taken, or something is still in use.
    #[error("{0}")]
    Taken(String),
    /// The upload is larger than allowed.
    #[error("File is too large: this server accepts at most {0} bytes")]
    TooLarge(u64),
    /// The client stopped sending.
    #[error("the upload ended before it was complete: nothing was stored")]
    Incomplete,
    /// No room for the upload.
    #[error("the server's disk is full: nothing was stored; free space and try again")]
    StorageFull,
    /// Too many uploads, or the database is being reopened.
    #[error("{0}")]
    Unavailable(&'static str),
    /// The caller alone asks for too much at once.
    #[error("too many {0} of yours at once: wait for some to end, then try again")]
    Crowded(&'static str),
    /// Too many failed sign-ins.
    #[error("too many failed sign-ins from this address: try again in {} seconds", .0.as_secs())]
    Throttled(Duration),
    /// The program or the disk is at fault. What happened is for the log, not for the client.
    #[error("the server could not do this: see its log")]
    Internal(#[source] InternalError),
}

/// What the log says about a failure that is not the caller's.
#[derive(Debug, thiserror::Error)]
pub enum InternalError {
    /// The metadata store.
    #[error(transparent)]
    Store(StoreError),
    /// A blob or another file.
    #[error("{context}: {error}")]
    Io {
        /// What was being done.
        context: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// Something else that should not happen.
    #[error("{0}")]
    Other(&'static str),
}

/// What is wrong with a credential. Short ASCII texts: Terraform shows them as the reason phrase.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCredential {
    /// There is none, and this cannot be done without.
    #[error("sign in or set a token for this host")]
    Missing,
    /// Nobody has this token.
    #[error("token unknown or revoked: create a new one and set it for this host")]
    Unknown,
    /// It was valid once.
    #[error("token expired: create a new one and set it for this host")]
    Expired,
    /// An ID token that proves nothing.
    #[error("{0}")]
    IdToken(Box<IdTokenError>),
    /// A job token of a GitLab that proves nothing.
    #[error("{0}")]
    GitlabJob(Box<GitlabJobError>),
    /// It is of a CI job that was closed.
    #[error("the CI job of this token is closed")]
    JobClosed,
    /// Its user is blocked.
    #[error("the user of this token is blocked: ask an administrator")]
    Blocked,
    /// `Basic` with a user name that does not go with the token.
    #[error("the user name does not belong to this token")]
    WrongUser,
    /// The header could not be read.
    #[error("the Authorization header is malformed")]
    Malformed,
    /// The ticket of a download URL.
    #[error("download ticket invalid or expired: run terraform init again")]
    Ticket,
    /// User name and password at sign-in.
    #[error("user name or password is wrong")]
    Password,
    /// The code of an authorization. Which of the checks it failed is not said.
    #[error(
        "the code is unknown, used or expired, or was given to another request: run terraform login again"
    )]
    Code,
}

/// Who asks for a token, or how, cannot get one here (RFC 6749, section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadGrant {
    /// A way to get a token that the server does not have.
    #[error("this server knows only the grant types authorization_code and password")]
    Type,
    /// A client that the code was not given to.
    #[error("client_id is not a client of this server")]
    Client,
}

impl BadGrant {
    /// The RFC's name for it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Type => "unsupported_grant_type",
            Self::Client => "invalid_client",
        }
    }
}

/// A path that led elsewhere, for a caller who may know.
#[derive(Debug)]
pub struct Moved {
    /// The path asked for.
    pub from: String,
    /// The full path of the same thing now.
    pub to: String,
    /// The answer where a new place is of no use: that of a path nothing ever had.
    pub unknown: ServiceError,
}

/// Why a version cannot be published where it was to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// `vpc/aws`.
    pub module: String,
    /// What is in the way.
    pub kind: DuplicateKind,
}

/// What is in the way of a publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DuplicateKind {
    /// The version is in this project already.
    SameVersion {
        /// The version.
        version: String,
        /// SHA-256 of the archive that is there.
        sha256: String,
        /// Whether the bytes sent are the same; nothing when they were not read.
        identical: Option<bool>,
    },
    /// Another project of the namespace has the module.
    OtherProject {
        /// Its path, for a caller who sees it.
        path: Option<String>,
    },
}

impl std::fmt::Display for Duplicate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            DuplicateKind::SameVersion { version, sha256, identical } => {
                write!(
                    f,
                    "A module with the same name & version already exists in the project: {} {version} ",
                    self.module
                )?;
                match identical {
                    Some(true) => {
                        write!(f, "is published with the same bytes (sha256 {sha256}); nothing to do")
                    }
                    Some(false) => write!(
                        f,
                        "is published with other bytes (sha256 {sha256}); versions never change: publish a new version"
                    ),
                    None => write!(
                        f,
                        "is published (sha256 {sha256}); versions never change: publish a new version"
                    ),
                }
            }
            DuplicateKind::OtherProject { path: Some(path) } => write!(
                f,
                "A module with the same name already exists in the namespace: project {path} publishes {}; choose \
                 another name, publish there, or let an owner allow duplicates",
                self.module
            ),
            DuplicateKind::OtherProject { path: None } => write!(
                f,
                "A module with the same name already exists in the namespace: another project publishes {}; choose \
                 another name or ask an owner of the namespace",
                self.module
            ),
        }
    }
}

fn refusal_text(refusal: Refusal, anonymous: bool, subject: &str) -> String {
    match refusal {
        Refusal::Hidden if anonymous => "Unauthorized: sign in or set a token for this host".to_owned(),
        Refusal::Hidden => format!("{subject} Not Found"),
        Refusal::Needs(role) if anonymous => {
            format!("Unauthorized: set a token of a member who is at least {}", role.as_str())
        }
        Refusal::Needs(role) => format!("Forbidden: this needs the role {} or higher", role.as_str()),
        Refusal::MembersOnly | Refusal::AdministratorsOnly if anonymous => {
            "Unauthorized: set a token for this host".to_owned()
        }
        Refusal::MembersOnly => "Forbidden: this registry is for members of the project".to_owned(),
        Refusal::Scope => {
            "Forbidden: the token's scopes do not allow this; create one with scope api".to_owned()
        }
        Refusal::NotForDeployTokens => {
            "Forbidden: a deploy token cannot do this; use a personal token".to_owned()
        }
        Refusal::NotTrusted => {
            "Forbidden: no trusted publisher of this project matches the claims of the ID token: ask a maintainer to add one".to_owned()
        }
        Refusal::NotForCi => {
            "Forbidden: a CI job reads, publishes and deletes packages, and nothing else; use a personal token".to_owned()
        }
        Refusal::AdministratorsOnly => "Forbidden: only administrators may do this".to_owned(),
        Refusal::RegistryOff => "Forbidden: the package registry is switched off for this project: ask a maintainer to switch it on".to_owned(),
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Reopening => {
                Self::Unavailable("the database is being reopened: try again in a moment")
            }
            StoreError::Closed => Self::Unavailable("the server is shutting down: try again in a moment"),
            StoreError::UnknownTable(_) => Self::Unprocessable(error.to_string()),
            error if error.is_disk_full() => Self::StorageFull,
            error => Self::Internal(InternalError::Store(error)),
        }
    }
}

/// Whether a write failed for want of space.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl ServiceError {
    /// A short stable name, for metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RegistryDisabled => "registry_disabled",
            Self::ConflictingCredentials => "conflicting_credentials",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Grant(_) => "grant",
            Self::Refused { .. } => "refused",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound(_) => "not_found",
            Self::Moved(_) => "moved",
            Self::Invalid(_) => "invalid",
            Self::Unprocessable(_) => "unprocessable",
            Self::Duplicate(_) => "duplicate",
            Self::Taken(_) => "taken",
            Self::TooLarge(_) => "too_large",
            Self::Incomplete => "incomplete",
            Self::StorageFull => "storage_full",
            Self::Unavailable(_) => "unavailable",
            Self::Crowded(_) => "crowded",
            Self::Throttled(_) => "throttled",
            Self::Internal(_) => "internal",
        }
    }

    /// A failed file operation: a full disk is something the caller can be told, anything else is for the log.
    pub fn io(context: &'static str, error: io::Error) -> Self {
        if is_full(&error) { Self::StorageFull } else { Self::Internal(InternalError::Io { context, error }) }
    }

    /// The caller learns no more than from a thing that does not exist.
    pub const fn hidden(anonymous: bool, subject: &'static str) -> Self {
        Self::Refused { refusal: Refusal::Hidden, anonymous, subject }
    }
}

impl From<InvalidName> for ServiceError {
    fn from(error: InvalidName) -> Self {
        match error {
            InvalidName::Module(_) | InvalidName::System(_) => Self::Unprocessable(error.to_string()),
            InvalidName::Root(_)
            | InvalidName::Reserved(_)
            | InvalidName::Segment(_)
            | InvalidName::TooDeep => Self::Invalid(error.to_string()),
        }
    }
}

impl From<InvalidVersion> for ServiceError {
    fn from(error: InvalidVersion) -> Self {
        Self::Invalid(error.to_string())
    }
}
