//! Users: who they are, made and changed by administrators; and the administrator of the first start.

use secrecy::{ExposeSecret, SecretString};

use super::access::check_instance;
use super::audit::Deed;
use super::error::BadCredential;
use super::lookup::{former_namespace, moved};
use super::removal::remove_user;
use super::{Caller, Registry, ServiceError, input};
use crate::domain::access::{self, Refusal};
use crate::domain::audit::{Action, Changes, Named};
use crate::domain::credential::PersonalScope;
use crate::domain::identity::{Group, GroupKind, Holder, Membership, User};
use crate::domain::package::DuplicatesRule;
use crate::domain::{FullPath, GroupId, Role, RootPath, UserId, Visibility};
use crate::store::tables::{GROUPS, PathTarget};
use crate::store::{Change, Reader, identity as records, sessions};

/// The administrator of the first start.
const ROOT: &str = "root";

/// A user to be created.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its name in URLs and the path of its namespace.
    pub username: RootPath,
    /// Its name for people.
    pub name: String,
    /// Its mail address; may be empty.
    pub email: String,
    /// Its password; without one it signs in by tokens only.
    pub password: Option<SecretString>,
    /// Whether it administers the instance.
    pub admin: bool,
    /// Whether it may create root groups.
    pub can_create_group: bool,
}

/// What to change of a user; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// Its name in URLs. Its namespace is renamed too; the old path leads to the new one until somebody takes it.
    pub username: Option<RootPath>,
    /// Its name for people.
    pub name: Option<String>,
    /// Its mail address.
    pub email: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// Whether it administers the instance.
    pub admin: Option<bool>,
    /// Whether it may create root groups.
    pub can_create_group: Option<bool>,
}

/// Which users to list.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Part of the user name or the name, or the whole mail address when an administrator asks.
    pub search: Option<String>,
    /// The user name, exactly but for case.
    pub username: Option<String>,
    /// Only blocked (`true`) or only active (`false`) ones.
    pub blocked: Option<bool>,
    /// Only administrators. For those who see who is one.
    pub admins: bool,
}

/// Refuses whoever is not a signed-in user or the operator.
pub(super) fn check_signed_in(caller: &Caller) -> Result<(), ServiceError> {
    match caller {
        Caller::User { .. } | Caller::Operator => Ok(()),
        Caller::Anonymous => Err(ServiceError::Unauthenticated(BadCredential::Missing)),
        Caller::Deploy { .. } => Err(refused(caller, Refusal::NotForDeployTokens)),
        Caller::Job { .. } | Caller::Workload(_) | Caller::Trusted(_) => {
            Err(refused(caller, Refusal::NotForCi))
        }
    }
}

/// May the caller change what is its own?
pub(super) fn check_own(caller: &Caller) -> Result<(), ServiceError> {
    check_signed_in(caller)?;
    access::own(caller.identity()).map_err(|refusal| refused(caller, refusal))
}

/// May the caller see everything of users and settings?
pub(super) fn check_inspect(caller: &Caller) -> Result<(), ServiceError> {
    access::inspect_instance(caller.identity()).map_err(|refusal| refused(caller, refusal))
}

/// Whether the caller sees what only administrators see. For choosing what to show, not for deciding.
pub(super) fn is_administrator(caller: &Caller) -> bool {
    check_inspect(caller).is_ok()
}

fn refused(caller: &Caller, refusal: Refusal) -> ServiceError {
    ServiceError::Refused { refusal, anonymous: caller.is_anonymous(), subject: "User" }
}

/// The user that `:id` names, by number or user name. Callers are signed in: every user sees every other.
pub(super) fn user_for(reader: &impl Reader, id: &str) -> Result<User, ServiceError> {
    let found = if id.bytes().all(|byte| byte.is_ascii_digit()) {
        id.parse().ok().map(UserId).map(|id| records::user(reader, id)).transpose()?.flatten()
    } else {
        records::user_by_name(reader, id)?
    };
    if let Some(user) = found {
        return Ok(user);
    }
    let unknown = ServiceError::NotFound("User");
    Err(match former_namespace(reader, id)? {
        Some(Group { kind: GroupKind::Personal(_), path, .. }) => moved(id, path.as_str(), unknown),
        _ => unknown,
    })
}

impl Registry {
    /// Refuses whoever is not signed in as a user.
    pub fn require_signed_in(&self, caller: &Caller) -> Result<(), ServiceError> {
        check_signed_in(caller)
    }

    /// Refuses whoever is not a user with a token that may write.
    pub fn require_writer(&self, caller: &Caller) -> Result<(), ServiceError> {
        check_own(caller)
    }

    /// Refuses whoever cannot administer the instance.
    pub fn require_administrator(&self, caller: &Caller) -> Result<(), ServiceError> {
        check_instance(caller)
    }

    /// Whether the caller is shown what only administrators are shown.
    pub fn shows_all_to(&self, caller: &Caller) -> bool {
        is_administrator(caller)
    }

    /// The user who asks.
    pub fn current_user(&self, caller: &Caller) -> Result<User, ServiceError> {
        check_signed_in(caller)?;
        caller.user().cloned().ok_or(ServiceError::NotFound("User"))
    }

    /// A user by number or name. Every signed-in user sees every other; what of it, the reply decides.
    pub fn user(&self, caller: &Caller, id: &str) -> Result<User, ServiceError> {
        check_signed_in(caller)?;
        self.store().read(|snapshot| user_for(snapshot, id))
    }

    /// Users, in order of number.
    pub async fn users(&self, caller: &Caller, filter: UserFilter) -> Result<Vec<User>, ServiceError> {
        check_signed_in(caller)?;
        let by_mail = is_administrator(caller);
        self.read_long(move |snapshot| {
            let mut users = match &filter.username {
                Some(name) => records::user_by_name(snapshot, name)?.into_iter().collect(),
                None => records::users(snapshot)?,
            };
            users.retain(|user| filter.matches(user, by_mail) && !(filter.admins && by_mail && !user.admin));
            Ok(users)
        })
        .await
    }

    /// Creates a user with its own namespace. For administrators.
    pub async fn create_user(&self, caller: &Caller, new: NewUser) -> Result<User, ServiceError> {
        check_instance(caller)?;
        self.insert_user(caller, new).await
    }

    async fn insert_user(&self, caller: &Caller, new: NewUser) -> Result<User, ServiceError> {
        let user = Draft {
            name: input::name("name", &new.name)?,
            email: input::email(&new.email)?,
            password_hash: self.hash_if_given(new.password.clone()).await?,
            new,
        };
        let (now, scribe) = (self.now(), self.scribe(caller));
        self.store()
            .write(move |change| {
                let user = user.insert(change, now)?;
                let deed = Deed::new(Action::UserCreated, Named::user(&user)).with("admin", user.admin);
                scribe.note(change, deed)?;
                Ok(user)
            })
            .await
    }

    async fn hash_if_given(&self, password: Option<SecretString>) -> Result<Option<String>, ServiceError> {
        let Some(password) = password else { return Ok(None) };
        self.shared.passwords.hash(self.who(), password).await.map(Some)
    }

    /// Changes a user. For administrators.
    pub async fn update_user(
        &self,
        caller: &Caller,
        id: &str,
        wanted: UserChange,
    ) -> Result<User, ServiceError> {
        check_instance(caller)?;
        let name = wanted.name.as_deref().map(|name| input::name("name", name)).transpose()?;
        let email = wanted.email.as_deref().map(input::email).transpose()?;
        let password_hash = self.hash_if_given(wanted.password).await?;
        let (id, scribe) = (id.to_owned(), self.scribe(caller));
        self.store()
            .write(move |change| {
                let mut user = user_for(change, &id)?;
                let before = user.clone();
                if let Some(email) = email {
                    check_email_free(change, &email, Some(user.id))?;
                    user.email = email;
                }
                if wanted.admin == Some(false) {
                    check_other_administrator(change, &user)?;
                }
                user.admin = wanted.admin.unwrap_or(user.admin);
                user.can_create_group = wanted.can_create_group.unwrap_or(user.can_create_group);
                if let Some(name) = name {
                    user.name = name;
                }
                if password_hash.is_some() {
                    user.password_hash = password_hash;
                    super::sign_in::end_sessions(change, user.id)?;
                }
                if let Some(username) = wanted.username {
                    rename(change, &mut user, username)?;
                }
                records::put_user(change, &user)?;
                let deed = Deed::new(Action::UserChanged, Named::user(&user));
                scribe.note(change, deed.changing(changes(&before, &user)))?;
                Ok(user)
            })
            .await
    }

    /// Blocks a user, so that its credentials are refused, or lets it in again. For administrators.
    pub async fn set_blocked(&self, caller: &Caller, id: &str, blocked: bool) -> Result<User, ServiceError> {
        check_instance(caller)?;
        let (id, own) = (id.to_owned(), caller.user().map(|user| user.id));
        let scribe = self.scribe(caller);
        self.store()
            .write(move |change| {
                let mut user = user_for(change, &id)?;
                if blocked && own == Some(user.id) {
                    return Err(ServiceError::Forbidden("you cannot block yourself"));
                }
                if blocked {
                    check_other_administrator(change, &user)?;
                }
                user.blocked = blocked;
                if blocked {
                    sessions::remove_all_of(change, user.id)?;
                }
                records::put_user(change, &user)?;
                let action = if blocked { Action::UserBlocked } else { Action::UserUnblocked };
                scribe.note(change, Deed::new(action, Named::user(&user)))?;
                Ok(user)
            })
            .await
    }

    /// Deletes a user with its namespace, everything published there, its memberships and tokens. For administrators.
    pub async fn delete_user(&self, caller: &Caller, id: &str) -> Result<(), ServiceError> {
        check_instance(caller)?;
        let (now, scribe) = (self.now(), self.scribe(caller));
        let (caller, id) = (caller.clone(), id.to_owned());
        self.store()
            .write(move |change| {
                let user = user_for(change, &id)?;
                check_other_administrator(change, &user)?;
                for membership in records::memberships_of(change, user.id)? {
                    if super::members::is_last_owner(change, &membership)? {
                        return Err(ServiceError::Taken(
                            "User cannot be removed while it is the only owner of a group: add another owner or \
                             delete the group first"
                                .to_owned(),
                        ));
                    }
                }
                let packages = remove_user(change, &caller, &user, now)?;
                let deed = Deed::new(Action::UserDeleted, Named::user(&user)).with("packages", packages);
                scribe.note(change, deed)
            })
            .await
    }

    /// Makes the administrator `root` when there is no user yet, and its token when that is missing. Returns the
    /// password when one had to be made up; `keep` has written it down before it became the administrator's, so that
    /// no crash can lose it. Harmless when repeated.
    pub async fn bootstrap_root(
        &self,
        password: Option<SecretString>,
        token: Option<SecretString>,
        keep: impl FnOnce(&SecretString) -> std::io::Result<()>,
    ) -> Result<Option<SecretString>, ServiceError> {
        // A token that is too weak must not leave a half-made instance behind.
        if let Some(token) = &token {
            super::tokens::judge_chosen(token.expose_secret())?;
        }
        let first = self.read_long(|snapshot| Ok(records::users(snapshot)?.is_empty())).await?;
        let mut made_up = None;
        if first {
            let password = match password {
                Some(password) => password,
                None => {
                    let password = random_password()?;
                    keep(&password)
                        .map_err(|error| ServiceError::io("keeping root's first password", error))?;
                    made_up.insert(password).clone()
                }
            };
            let root = NewUser {
                username: ROOT.parse()?,
                name: "Administrator".to_owned(),
                email: String::new(),
                password: Some(password),
                admin: true,
                can_create_group: true,
            };
            self.insert_user(&Caller::Operator, root).await?;
        }
        if let Some(token) = token {
            let name = "CAIRN_ROOT_TOKEN".to_owned();
            self.ensure_chosen_token(ROOT, name, vec![PersonalScope::Api], token).await?;
        }
        Ok(made_up)
    }
}

impl UserFilter {
    fn matches(&self, user: &User, by_mail: bool) -> bool {
        let found = self.search.as_deref().is_none_or(|search| {
            let search = search.to_lowercase();
            user.username.key().contains(&search)
                || user.name.to_lowercase().contains(&search)
                || by_mail && !user.email.is_empty() && user.email.to_lowercase() == search
        });
        found && self.blocked.is_none_or(|blocked| user.blocked == blocked)
    }
}

/// A user whose parts were judged, waiting for its numbers.
struct Draft {
    new: NewUser,
    name: String,
    email: String,
    password_hash: Option<String>,
}

impl Draft {
    fn insert(self, change: &mut Change<'_>, now: jiff::Timestamp) -> Result<User, ServiceError> {
        let path = FullPath::from(self.new.username.clone());
        if records::at_path(change, path.as_str())?.is_some() {
            return Err(username_taken());
        }
        check_email_free(change, &self.email, None)?;
        let user = User {
            id: UserId(change.next_number("user")?),
            username: self.new.username,
            name: self.name,
            email: self.email,
            namespace: GroupId(change.next_number("group")?),
            admin: self.new.admin,
            can_create_group: self.new.can_create_group,
            blocked: false,
            password_hash: self.password_hash,
            created_at: now,
        };
        let namespace = Group {
            id: user.namespace,
            kind: GroupKind::Personal(user.id),
            ancestors: Vec::new(),
            path,
            name: user.name.clone(),
            description: String::new(),
            visibility: Visibility::Public,
            duplicates: DuplicatesRule::default(),
            created_at: now,
        };
        let owner = Membership {
            holder: Holder::Group(namespace.id),
            user: user.id,
            role: Role::Owner,
            expires_at: None,
            created_at: now,
        };
        records::put_user(change, &user)?;
        records::put_group(change, &namespace)?;
        records::put_membership(change, &owner)?;
        Ok(user)
    }
}

/// What changed of a user. Of a password no more than that it did.
fn changes(before: &User, after: &User) -> Changes {
    let is_set = |user: &User| user.password_hash.clone().unwrap_or_default();
    let changed = if is_set(before) == is_set(after) { "unchanged" } else { "changed" };
    Changes::default()
        .of("username", &before.username.as_str(), &after.username.as_str())
        .of("name", &before.name, &after.name)
        .of("email", &before.email, &after.email)
        .of("admin", &before.admin, &after.admin)
        .of("can_create_group", &before.can_create_group, &after.can_create_group)
        .of("password", &"unchanged", &changed)
}

fn username_taken() -> ServiceError {
    ServiceError::Taken("Username has already been taken: choose another".to_owned())
}

/// Gives a user another name, and its namespace with everything in it the path of that name. Writing the user is left to
/// the caller.
fn rename(change: &mut Change<'_>, user: &mut User, username: RootPath) -> Result<(), ServiceError> {
    if username.as_str() == user.username.as_str() {
        return Ok(());
    }
    let path = FullPath::from(username.clone());
    let own = PathTarget::Group(user.namespace);
    if records::at_path(change, path.as_str())?.is_some_and(|found| found != own) {
        return Err(username_taken());
    }
    let mut namespace = change.require(&GROUPS, user.namespace.0)?;
    user.username = username;
    Ok(records::rename_group(change, &mut namespace, path)?)
}

fn check_email_free(reader: &impl Reader, email: &str, own: Option<UserId>) -> Result<(), ServiceError> {
    let taken = |user: &User| Some(user.id) != own && user.email.eq_ignore_ascii_case(email);
    if !email.is_empty() && records::users(reader)?.iter().any(taken) {
        return Err(ServiceError::Taken("Email has already been taken".to_owned()));
    }
    Ok(())
}

/// Refuses to take the last administrator who can still act away: nobody could make another through the API.
fn check_other_administrator(reader: &impl Reader, user: &User) -> Result<(), ServiceError> {
    let acts = |user: &User| user.admin && !user.blocked;
    if acts(user) && !records::users(reader)?.iter().any(|other| other.id != user.id && acts(other)) {
        return Err(ServiceError::Forbidden("this is the last active administrator: make another one first"));
    }
    Ok(())
}

fn random_password() -> Result<SecretString, ServiceError> {
    let text = data_encoding::BASE32_NOPAD.encode(&super::clock::random_bits()?).to_ascii_lowercase();
    Ok(text.chars().take(24).collect::<String>().into())
}

#[cfg(test)]
mod tests;
