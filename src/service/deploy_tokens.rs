//! Deploy tokens of projects (for maintainers) and groups (for owners).

use jiff::Timestamp;

use super::audit::Deed;
use super::members::Place;
use super::tokens::{Issued, distinct, issue};
use super::{Caller, Registry, ServiceError, input};
use crate::domain::TokenId;
use crate::domain::audit::{Action, Named};
use crate::domain::credential::{DeployScope, Token, TokenKind, TokenOwner};
use crate::domain::identity::Holder;
use crate::store::{Reader, credentials};

/// The longest user name of a deploy token, as in GitLab.
const MAX_USERNAME_LENGTH: usize = 255;

/// A deploy token to be created.
#[derive(Debug, Clone)]
pub struct NewDeployToken {
    /// Its name for people.
    pub name: String,
    /// The user name that goes with it in `Basic` credentials; `gitlab+deploy-token-<n>` when it does not say.
    pub username: Option<String>,
    /// What it may do; not empty.
    pub scopes: Vec<DeployScope>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl Registry {
    /// Creates a deploy token.
    pub async fn create_deploy_token(
        &self,
        caller: &Caller,
        place: Place,
        new: NewDeployToken,
    ) -> Result<Issued, ServiceError> {
        let (now, scribe, caller) = (self.now(), self.scribe(caller), caller.clone());
        self.store().read(|snapshot| place.administer(snapshot, &caller, now))?;
        let name = input::name("name", &new.name)?;
        let username = new.username.filter(|name| !name.is_empty());
        username.as_deref().map(judge_username).transpose()?;
        let scopes = distinct(new.scopes)?;
        let expires_at = new.expires_at.map(|end| input::future(end, now)).transpose()?;
        self.store()
            .write(move |change| {
                let found = place.administer(change, &caller, now)?;
                let holder = found.holder();
                let issued = issue(change, TokenKind::Deploy, |id, hash| {
                    let username = username.unwrap_or_else(|| format!("gitlab+deploy-token-{id}"));
                    let owner = TokenOwner::Deploy { holder, username, scopes };
                    Token { id, name, owner, hash, expires_at, revoked: false, created_at: now }
                })?;
                let deed = Deed::new(Action::DeployTokenCreated, Named::token(&issued.token));
                scribe.note(change, super::tokens::described(deed, &issued.token).of(found.named()))?;
                Ok(issued)
            })
            .await
    }

    /// The deploy tokens of a group or project, in order of number.
    pub fn deploy_tokens(&self, caller: &Caller, place: &Place) -> Result<Vec<Token>, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let holder = place.inspect(snapshot, caller, now)?.holder();
            Ok(credentials::deploy_tokens(snapshot, holder)?)
        })
    }

    /// Refuses whoever may not see a group's or project's deploy tokens.
    pub fn require_inspector(&self, caller: &Caller, place: &Place) -> Result<(), ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| place.inspect(snapshot, caller, now)).map(drop)
    }

    /// One of them.
    pub fn deploy_token(&self, caller: &Caller, place: &Place, id: TokenId) -> Result<Token, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let holder = place.inspect(snapshot, caller, now)?.holder();
            token_of(snapshot, holder, id)
        })
    }

    /// Deletes a deploy token: it is refused from then on.
    pub async fn delete_deploy_token(
        &self,
        caller: &Caller,
        place: Place,
        id: TokenId,
    ) -> Result<(), ServiceError> {
        let (now, scribe, caller) = (self.now(), self.scribe(caller), caller.clone());
        self.store().read(|snapshot| place.administer(snapshot, &caller, now))?;
        self.store()
            .write(move |change| {
                let found = place.administer(change, &caller, now)?;
                let token = token_of(change, found.holder(), id)?;
                credentials::remove(change, &token);
                let deed = Deed::new(Action::DeployTokenDeleted, Named::token(&token)).of(found.named());
                scribe.note(change, deed)
            })
            .await
    }
}

fn token_of(reader: &impl Reader, expected: Holder, id: TokenId) -> Result<Token, ServiceError> {
    let here = |token: &Token| matches!(token.owner, TokenOwner::Deploy { holder, .. } if holder == expected);
    credentials::token(reader, id)?.filter(here).ok_or(ServiceError::NotFound("Deploy Token"))
}

/// A colon would end the user name in `Basic` credentials (RFC 7617).
fn judge_username(name: &str) -> Result<(), ServiceError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+');
    if name.len() <= MAX_USERNAME_LENGTH && name.bytes().all(fits) {
        Ok(())
    } else {
        Err(ServiceError::Invalid(format!(
            "username may have letters, digits and . _ - +, at most {MAX_USERNAME_LENGTH}"
        )))
    }
}
