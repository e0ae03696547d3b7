//! A registry in a temporary folder with a clock that tests set, and people in it.

pub(super) mod ci;
pub(crate) mod publishing;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use secrecy::SecretString;

use super::groups::NewGroup;
use super::identity::NewUser;
use super::members::{End, Place};
use super::projects::NewProject;
use super::tokens::{Issued, NewToken};
use super::{Caller, Clock, Options, Presented, Registry, ServiceError};
use crate::domain::access::Refusal;
use crate::domain::credential::PersonalScope;
use crate::domain::identity::{Group, Project, User};
use crate::domain::package::DuplicatesRule;
use crate::domain::{Role, Visibility};

/// 2026-03-01T00:00:00Z.
const START: i64 = 1_772_323_200;

pub(crate) struct World {
    pub(crate) registry: Registry,
    seconds: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl World {
    /// An instance nobody ever started.
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seconds = Arc::new(AtomicI64::new(START));
        let told = Arc::clone(&seconds);
        let clock = Clock::from_fn(move || Timestamp::from_second(told.load(Ordering::Relaxed)).unwrap());
        let registry = Registry::open(folder.path(), Options::default(), clock).await.unwrap();
        Self { registry, seconds, _folder: folder }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) async fn make_user(&self, name: &str, admin: bool) -> User {
        let new = NewUser {
            username: name.parse().unwrap(),
            name: name.to_owned(),
            email: String::new(),
            password: None,
            admin,
            can_create_group: true,
        };
        self.registry.create_user(&Caller::Operator, new).await.unwrap()
    }

    pub(crate) async fn token(&self, user: &User, scope: PersonalScope) -> Issued {
        let new = NewToken { name: "test".to_owned(), scopes: vec![scope], expires_at: None };
        self.registry.create_personal_token(&Caller::Operator, user.username.as_str(), new).await.unwrap()
    }

    pub(super) fn as_caller(&self, secret: &SecretString) -> Result<Caller, ServiceError> {
        self.registry.authenticate_stored(Some(&Presented::Token(secret.clone())))
    }

    /// A new user with a token that may write.
    pub(super) async fn user(&self, name: &str) -> Caller {
        let user = self.make_user(name, false).await;
        self.as_caller(&self.token(&user, PersonalScope::Api).await.secret).unwrap()
    }

    /// The same user with a token that only reads.
    pub(super) async fn reading(&self, caller: &Caller) -> Caller {
        let issued = self.token(caller.user().unwrap(), PersonalScope::ReadApi).await;
        self.as_caller(&issued.secret).unwrap()
    }

    pub(super) async fn admin(&self, name: &str) -> Caller {
        let user = self.make_user(name, true).await;
        self.as_caller(&self.token(&user, PersonalScope::Api).await.secret).unwrap()
    }

    /// A group made by the operator, so that it has no members.
    pub(crate) async fn group(&self, path: &str, visibility: Visibility) -> Group {
        let new = NewGroup { visibility: Some(visibility), ..new_group(path) };
        self.registry.create_group(&Caller::Operator, new).await.unwrap()
    }

    /// A project made by the operator.
    pub(crate) async fn project(&self, path: &str, visibility: Visibility) -> Project {
        let new = NewProject { visibility: Some(visibility), ..new_project(path) };
        self.registry.create_project(&Caller::Operator, new).await.unwrap().project
    }

    pub(super) async fn join(&self, place: &Place, caller: &Caller, role: Role) {
        let user = caller.user().unwrap().id;
        self.registry.add_member(&Caller::Operator, place.clone(), user, role, End::Never).await.unwrap();
    }
}

pub(super) fn new_group(path: &str) -> NewGroup {
    let (parent, path) = split(path);
    NewGroup {
        parent,
        name: path.clone(),
        path,
        description: String::new(),
        visibility: None,
        duplicates: DuplicatesRule::default(),
    }
}

pub(super) fn new_project(path: &str) -> NewProject {
    let (namespace, path) = split(path);
    NewProject {
        namespace,
        name: path.clone(),
        path,
        description: String::new(),
        visibility: None,
        registry: None,
    }
}

fn split(path: &str) -> (Option<String>, String) {
    match path.rsplit_once('/') {
        Some((parent, path)) => (Some(parent.to_owned()), path.to_owned()),
        None => (None, path.to_owned()),
    }
}

pub(super) fn at_group(path: &str) -> Place {
    Place::Group(path.to_owned())
}

pub(super) fn at_project(path: &str) -> Place {
    Place::Project(path.to_owned())
}

/// A short word for what came out, for tables.
pub(super) fn word<T>(outcome: &Result<T, ServiceError>) -> &'static str {
    match outcome {
        Ok(_) => "done",
        Err(ServiceError::Refused { refusal, .. }) => match refusal {
            Refusal::Hidden => "hidden",
            Refusal::Needs(_) => "role",
            Refusal::Scope => "scope",
            Refusal::NotForDeployTokens => "deploy",
            Refusal::NotForCi => "ci",
            Refusal::NotTrusted => "trust",
            Refusal::AdministratorsOnly => "admins",
            Refusal::MembersOnly | Refusal::RegistryOff => "registry",
        },
        Err(ServiceError::Unauthenticated(_)) => "credential",
        Err(ServiceError::Grant(_)) => "grant",
        Err(ServiceError::NotFound(_)) => "missing",
        Err(ServiceError::Invalid(_)) => "invalid",
        Err(ServiceError::Taken(_)) => "taken",
        Err(ServiceError::Forbidden(_)) => "forbidden",
        Err(ServiceError::Throttled(_)) => "throttled",
        Err(ServiceError::Crowded(_)) => "crowded",
        Err(error) => panic!("unexpected: {error:?}"),
    }
}
