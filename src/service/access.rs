//! From a credential to a caller, and from a caller and a thing to the facts that `domain::access` decides on.

use std::collections::{HashMap, HashSet};

use data_encoding::BASE64;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::catalog::PlacedProject;
use super::error::{BadCredential, ServiceError};
pub use super::lookup::{any_namespace, group_for, project_for};
use crate::blobs::sha256;
use crate::domain::access::{self, GroupAction, GroupFacts, Identity, ProjectAction, ProjectFacts};
use crate::domain::ci::CiJob;
use crate::domain::credential::{DeployScope, MAX_TOKEN_LENGTH, PersonalScope, Token, TokenOwner};
use crate::domain::identity::{Group, Holder, InstanceSettings, Project, User};
use crate::domain::package::Publisher;
use crate::domain::provenance::Provenance;
use crate::domain::{GroupId, JobId, ProjectId, Role, Sha256, TokenId, UserId, Visibility};
use crate::store::{Reader, StoreError, ci_jobs, credentials, identity};

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

    /// Whether both are the same token, so that sending it twice is not a conflict.
    pub fn same_secret(&self, other: &Self) -> bool {
        let secret = |presented: &Self| match presented {
            Self::Token(secret) | Self::Basic { secret, .. } => sha256(secret.expose_secret().as_bytes()),
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
            Self::Anonymous | Self::Deploy { .. } | Self::Job { .. } | Self::Operator => None,
        }
    }

    /// The token used, if there is one.
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::User { via: Via::Token(token), .. } | Self::Deploy { token } => Some(token),
            Self::User { via: Via::Session(_), .. } | Self::Anonymous | Self::Job { .. } | Self::Operator => {
                None
            }
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
            | Self::Operator => None,
        }
    }

    /// As what it is noted on the packages it publishes; nothing for nobody.
    pub fn publisher(&self) -> Option<Publisher> {
        match self {
            Self::Anonymous => None,
            Self::User { user, via: Via::Token(token) } => Some(Publisher::User(user.id, token.id)),
            Self::User { user, via: Via::Session(_) } => Some(Publisher::Browser(user.id)),
            Self::Deploy { token } => Some(Publisher::DeployToken(token.id)),
            Self::Job { job, user } => Some(Publisher::Job(user.id, job.id)),
            Self::Operator => Some(Publisher::Operator),
        }
    }

    /// Where what it publishes comes from, when somebody vouches for that.
    pub fn provenance(&self) -> Option<Provenance> {
        match self {
            Self::Job { job, .. } => Some(job.provenance()),
            Self::Anonymous | Self::User { .. } | Self::Deploy { .. } | Self::Operator => None,
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
        Some(Presented::Token(secret)) => (secret, None),
        Some(Presented::Basic { username, secret }) => (secret, Some(username)),
    };
    let secret = secret.expose_secret();
    if secret.len() > MAX_TOKEN_LENGTH {
        return Err(ServiceError::Unauthenticated(BadCredential::Unknown));
    }
    // Tokens hold 256 random bits: finding one by its hash is the comparison, and leaks nothing by its time.
    let hash = sha256(secret.as_bytes());
    let caller = match credentials::by_hash(reader, &hash)? {
        Some(token) => caller_of(reader, token, now)?,
        None => {
            let job = ci_jobs::by_hash(reader, &hash)?;
            job_caller(reader, job.ok_or(ServiceError::Unauthenticated(BadCredential::Unknown))?, now)?
        }
    };
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

/// The caller of a request that took long, as its credential is accepted now.
pub(super) fn still_valid(
    reader: &impl Reader,
    caller: &Caller,
    now: Timestamp,
) -> Result<Caller, ServiceError> {
    match caller {
        Caller::Job { job, .. } => caller_by_job(reader, job.id, now),
        _ => match caller.token() {
            Some(token) => caller_by_token(reader, token.id, now),
            None => Ok(caller.clone()),
        },
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

/// The highest active role of a user over some groups or projects.
pub(super) fn highest_role(
    reader: &impl Reader,
    user: UserId,
    holders: impl IntoIterator<Item = Holder>,
    now: Timestamp,
) -> Result<Option<Role>, StoreError> {
    let mut highest = None;
    for holder in holders {
        if let Some(membership) =
            identity::membership(reader, holder, user)?.filter(|found| found.is_active(now))
        {
            highest = highest.max(Some(membership.role));
        }
    }
    Ok(highest)
}

/// What is known about a caller and a project.
pub fn project_facts(
    reader: &impl Reader,
    caller: &Caller,
    project: &Project,
    settings: &InstanceSettings,
    now: Timestamp,
) -> Result<ProjectFacts, StoreError> {
    let holders = || {
        project.groups.iter().copied().map(Holder::Group).chain(std::iter::once(Holder::Project(project.id)))
    };
    let (role, covered) = match caller {
        Caller::Anonymous | Caller::Operator => (None, false),
        Caller::User { user, .. } => (highest_role(reader, user.id, holders(), now)?, false),
        Caller::Job { job, user } => (job_role(reader, (job, user), project, holders(), now)?, false),
        Caller::Deploy { token } => (
            None,
            matches!(&token.owner, TokenOwner::Deploy { holder, .. } if holders().any(|own| own == *holder)),
        ),
    };
    Ok(ProjectFacts {
        visibility: project.visibility,
        registry: project.registry,
        allow_anyone_to_pull: settings.allow_anyone_to_pull,
        role,
        covered,
    })
}

/// The role of a CI job in a project: that of its user, but in another private project only where its own is allowed.
fn job_role(
    reader: &impl Reader,
    (job, user): (&CiJob, &User),
    project: &Project,
    holders: impl IntoIterator<Item = Holder>,
    now: Timestamp,
) -> Result<Option<Role>, StoreError> {
    let open = job.project == project.id
        || project.visibility != Visibility::Private
        || ci_jobs::is_allowed(reader, project.id, job.project)?;
    match open {
        false => Ok(None),
        true if user.admin => Ok(Some(Role::Owner)),
        true => highest_role(reader, user.id, holders, now),
    }
}

/// What decides what a caller may see, gathered once for a list of many projects.
#[derive(Debug)]
pub struct Standing {
    identity: Identity,
    /// Active roles of a user, where they were given.
    roles: HashMap<Holder, Role>,
    /// What a deploy token is of.
    covers: Option<Holder>,
    /// What a CI job is of.
    job: Option<JobReach>,
    allow_anyone_to_pull: bool,
}

/// The private projects a CI job may use with its user's roles.
#[derive(Debug)]
struct JobReach {
    projects: HashSet<ProjectId>,
    /// Its user administers the instance.
    admin: bool,
}

impl Standing {
    /// Of a caller, now.
    pub fn of(reader: &impl Reader, caller: &Caller, now: Timestamp) -> Result<Self, StoreError> {
        let (mut roles, mut covers, mut job_reach) = (HashMap::new(), None, None);
        match caller {
            Caller::Anonymous | Caller::Operator => {}
            Caller::User { user, .. } => roles = active_roles(reader, user.id, now)?,
            Caller::Job { job, user } => {
                roles = active_roles(reader, user.id, now)?;
                let mut projects: HashSet<_> =
                    ci_jobs::allowed_in(reader, job.project)?.into_iter().collect();
                projects.insert(job.project);
                job_reach = Some(JobReach { projects, admin: user.admin });
            }
            Caller::Deploy { token } => {
                if let TokenOwner::Deploy { holder, .. } = token.owner {
                    covers = Some(holder);
                }
            }
        }
        let allow_anyone_to_pull = identity::settings(reader)?.allow_anyone_to_pull;
        Ok(Self { identity: caller.identity(), roles, covers, job: job_reach, allow_anyone_to_pull })
    }

    /// Whether the caller was given a role in a project of the catalog or in a group above it.
    pub(super) fn has_role(&self, project: &PlacedProject) -> bool {
        self.roles.contains_key(&Holder::Project(project.id))
            || project.groups.iter().any(|group| self.roles.contains_key(&Holder::Group(*group)))
    }

    /// Whether the caller may do that to a project of the catalog: the same rule as [`check_project`].
    pub(super) fn may(&self, project: &PlacedProject, action: ProjectAction) -> bool {
        let mut facts = project.facts(self.allow_anyone_to_pull);
        if let Some(job) = &self.job {
            let open = facts.visibility != Visibility::Private || job.projects.contains(&project.id);
            if !open {
                return access::project(self.identity, &facts, action).is_ok();
            }
            facts.role = job.admin.then_some(Role::Owner);
        }
        let own = std::iter::once(Holder::Project(project.id));
        let mut holders = own.chain(project.groups.iter().copied().map(Holder::Group));
        if let Some(covers) = self.covers {
            facts.covered = holders.any(|holder| holder == covers);
        } else if !self.roles.is_empty() {
            let role = holders.filter_map(|holder| self.roles.get(&holder).copied()).max();
            facts.role = facts.role.max(role);
        }
        access::project(self.identity, &facts, action).is_ok()
    }
}

fn active_roles(
    reader: &impl Reader,
    user: UserId,
    now: Timestamp,
) -> Result<HashMap<Holder, Role>, StoreError> {
    let memberships = identity::memberships_of(reader, user)?.into_iter();
    let active = memberships.filter(|membership| membership.is_active(now));
    Ok(active.map(|membership| (membership.holder, membership.role)).collect())
}

/// What is known about a caller and a group.
pub fn group_facts(
    reader: &impl Reader,
    caller: &Caller,
    group: &Group,
    now: Timestamp,
) -> Result<GroupFacts, StoreError> {
    let (role, connected) = match caller {
        Caller::Anonymous | Caller::Operator => (None, false),
        Caller::User { user, .. } | Caller::Job { user, .. } => {
            let role = highest_role(reader, user.id, group.lineage().map(Holder::Group), now)?;
            let connected = match role {
                Some(_) => true,
                None => member_below(reader, user.id, group.id, now)?,
            };
            (role, connected)
        }
        Caller::Deploy { token } => match token.owner {
            TokenOwner::Deploy { holder, .. } => {
                let above = group.lineage().any(|id| holder == Holder::Group(id));
                (None, above || is_below(reader, holder, group.id)?)
            }
            TokenOwner::Personal { .. } => (None, false),
        },
    };
    Ok(GroupFacts { visibility: group.visibility, personal: group.is_personal(), role, connected })
}

fn member_below(
    reader: &impl Reader,
    user: UserId,
    group: GroupId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    for membership in identity::memberships_of(reader, user)? {
        if membership.is_active(now) && is_below(reader, membership.holder, group)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_below(reader: &impl Reader, holder: Holder, group: GroupId) -> Result<bool, StoreError> {
    Ok(match holder {
        Holder::Group(id) => {
            identity::group(reader, id)?.is_some_and(|found| found.lineage().any(|up| up == group))
        }
        Holder::Project(id) => {
            identity::project(reader, id)?.is_some_and(|found| found.groups.contains(&group))
        }
    })
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
