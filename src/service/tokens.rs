//! Personal tokens: made for oneself (or by administrators for anyone), listed, revoked, rotated.
//!
//! What is printed is returned once; the store keeps its SHA-256.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use super::access::check_instance;
use super::audit::{self, Deed, Scribe};
use super::error::BadCredential;
use super::identity::{check_inspect, check_own, check_signed_in, is_administrator, user_for};
use super::sign_in::SESSION_NAME;
use super::{Caller, Registry, ServiceError, input};
use crate::blobs::sha256;
use crate::domain::audit::{Action, Named};
use crate::domain::credential::{
    MAX_TOKEN_LENGTH, MIN_CHOSEN_TOKEN_LENGTH, PersonalScope, Token, TokenKind, TokenOwner,
};
use crate::domain::{Sha256, TokenId, UserId};
use crate::store::{Change, Reader, StoreError, credentials, identity as records};

/// GitLab's life of a rotated token when the request does not say.
const ROTATED_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A new token together with what is printed, once.
#[derive(Debug)]
pub struct Issued {
    /// The token as stored.
    pub token: Token,
    /// What its owner sends.
    pub secret: SecretString,
}

/// A stored token and when it was last used.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownToken {
    /// The token.
    pub token: Token,
    /// When it was last used, if ever; a minute and a few seconds late at most.
    pub last_used_at: Option<Timestamp>,
}

/// A personal token to be created.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Its name for people.
    pub name: String,
    /// What it may do; not empty.
    pub scopes: Vec<PersonalScope>,
    /// The day it ends, at 00:00 UTC.
    pub expires_at: Option<Date>,
}

/// Which personal tokens to list.
#[derive(Debug, Clone, Default)]
pub struct TokenFilter {
    /// Of that user; administrators see everyone's, others only their own.
    pub user: Option<UserId>,
    /// Only those that are accepted (`true`) or not (`false`) now.
    pub active: Option<bool>,
    /// Only revoked (`true`) or not revoked (`false`) ones.
    pub revoked: Option<bool>,
    /// Part of the name.
    pub search: Option<String>,
}

/// Whether a token chosen by the operator can be one: long enough, and fit for a header.
pub(super) fn judge_chosen(secret: &str) -> Result<(), ServiceError> {
    let fits = (MIN_CHOSEN_TOKEN_LENGTH..=MAX_TOKEN_LENGTH).contains(&secret.len());
    if fits && secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(ServiceError::Invalid(format!(
            "the token must have {MIN_CHOSEN_TOKEN_LENGTH} to {MAX_TOKEN_LENGTH} printable ASCII characters and no spaces"
        )))
    }
}

/// Writes a new personal token.
pub(super) fn issue_personal(
    change: &mut Change<'_>,
    user: UserId,
    name: String,
    scopes: Vec<PersonalScope>,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Issued, ServiceError> {
    let owner = TokenOwner::Personal { user, scopes };
    issue(change, TokenKind::Personal, |id, hash| Token {
        id,
        name,
        owner,
        hash,
        expires_at,
        revoked: false,
        created_at: now,
    })
}

/// Draws a secret, gives it a number and writes the token that `build` makes of both.
pub(super) fn issue(
    change: &mut Change<'_>,
    kind: TokenKind,
    build: impl FnOnce(TokenId, Sha256) -> Token,
) -> Result<Issued, ServiceError> {
    let secret = kind.print(super::clock::random_bits()?);
    let token = build(TokenId(change.next_number("token")?), sha256(secret.as_bytes()));
    credentials::put(change, &token)?;
    Ok(Issued { token, secret: secret.into() })
}

/// A personal token that the caller may know of, with its user.
fn token_for(
    reader: &impl Reader,
    caller: &Caller,
    id: TokenId,
) -> Result<(Token, UserId, Vec<PersonalScope>), ServiceError> {
    let token = credentials::token(reader, id)?.ok_or(ServiceError::NotFound("Personal access token"))?;
    match &token.owner {
        TokenOwner::Personal { user, scopes }
            if caller.user().is_some_and(|own| own.id == *user) || is_administrator(caller) =>
        {
            let (user, scopes) = (*user, scopes.clone());
            Ok((token, user, scopes))
        }
        TokenOwner::Personal { .. } | TokenOwner::Deploy { .. } => {
            Err(ServiceError::NotFound("Personal access token"))
        }
    }
}

fn known(reader: &impl Reader, token: Token) -> Result<KnownToken, StoreError> {
    let last = credentials::last_use(reader, token.id)?;
    Ok(KnownToken { last_used_at: last.and_then(|ms| Timestamp::from_millisecond(ms).ok()), token })
}

impl Registry {
    /// Creates a personal token: for oneself, or as an administrator for anyone.
    pub async fn create_personal_token(
        &self,
        caller: &Caller,
        user: &str,
        new: NewToken,
    ) -> Result<Issued, ServiceError> {
        check_own(caller)?;
        let now = self.now();
        let name = input::name("name", &new.name)?;
        if name.eq_ignore_ascii_case(SESSION_NAME) {
            return Err(ServiceError::Invalid(format!(
                "name \"{SESSION_NAME}\" is kept for sign-ins: choose another"
            )));
        }
        let scopes = distinct(new.scopes)?;
        let expires_at = new.expires_at.map(|date| input::end(date, now)).transpose()?;
        let (user, own) = (user.to_owned(), caller.user().map(|user| user.id));
        let (administrator, scribe) = (check_instance(caller), self.scribe(caller));
        self.store()
            .write(move |change| {
                let found = user_for(change, &user);
                let target = match found {
                    Ok(target) if Some(target.id) == own => target,
                    // For others than administrators, whether that user exists makes no difference.
                    found => administrator.and(found)?,
                };
                let issued = issue_personal(change, target.id, name, scopes, expires_at, now)?;
                note_issued(change, &scribe, &issued.token, Named::user(&target))?;
                Ok(issued)
            })
            .await
    }

    /// Refuses whoever may not see that user's personal tokens, or everyone's.
    pub fn check_tokens_of(&self, caller: &Caller, user: Option<UserId>) -> Result<(), ServiceError> {
        check_signed_in(caller)?;
        let own = caller.user().map(|user| user.id);
        match user {
            Some(user) if Some(user) != own => check_inspect(caller),
            _ => Ok(()),
        }
    }

    /// Personal tokens in order of number: one's own, or as an administrator anyone's.
    pub async fn personal_tokens(
        &self,
        caller: &Caller,
        filter: TokenFilter,
    ) -> Result<Vec<KnownToken>, ServiceError> {
        self.check_tokens_of(caller, filter.user)?;
        let own = caller.user().map(|user| user.id);
        let (now, everyone) = (self.now(), is_administrator(caller));
        self.read_long(move |snapshot| {
            let users = match filter.user {
                Some(user) => vec![user],
                None if everyone => records::users(snapshot)?.into_iter().map(|user| user.id).collect(),
                None => own.into_iter().collect(),
            };
            let mut found = Vec::new();
            for user in users {
                for token in credentials::personal_tokens(snapshot, user)? {
                    if filter.matches(&token, now) {
                        found.push(known(snapshot, token)?);
                    }
                }
            }
            found.sort_by_key(|known| known.token.id);
            Ok(found)
        })
        .await
    }

    /// The token of the request.
    pub fn current_token(&self, caller: &Caller) -> Result<KnownToken, ServiceError> {
        check_signed_in(caller)?;
        let token = caller.token().cloned().ok_or(ServiceError::NotFound("Personal access token"))?;
        self.store().read(|snapshot| Ok(known(snapshot, token)?))
    }

    /// A personal token by number.
    pub fn personal_token(&self, caller: &Caller, id: TokenId) -> Result<KnownToken, ServiceError> {
        check_signed_in(caller)?;
        self.store().read(|snapshot| {
            let (token, ..) = token_for(snapshot, caller, id)?;
            Ok(known(snapshot, token)?)
        })
    }

    /// Revokes a personal token. A token may always revoke itself.
    pub async fn revoke_personal_token(&self, caller: &Caller, id: TokenId) -> Result<(), ServiceError> {
        if caller.token().is_some_and(|own| own.id == id) {
            check_signed_in(caller)?;
        } else {
            check_own(caller)?;
        }
        let (scribe, caller) = (self.scribe(caller), caller.clone());
        self.store()
            .write(move |change| {
                let (mut token, user, _) = token_for(change, &caller, id)?;
                token.revoked = true;
                credentials::put(change, &token)?;
                let deed = Deed::new(Action::PersonalTokenRevoked, Named::token(&token));
                let user = audit::user(change, user)?;
                scribe.note(change, deed.of(user))
            })
            .await
    }

    /// Revokes a personal token and makes another with its name and scopes. Without a date, a token that ends is
    /// followed by one that ends in a week, and one that does not end by one that does not.
    pub async fn rotate_personal_token(
        &self,
        caller: &Caller,
        id: TokenId,
        expires_at: Option<Date>,
    ) -> Result<Issued, ServiceError> {
        check_own(caller)?;
        let now = self.now();
        let asked = expires_at.map(|date| input::end(date, now)).transpose()?;
        let (scribe, caller) = (self.scribe(caller), caller.clone());
        self.store()
            .write(move |change| {
                let (mut token, user, scopes) = token_for(change, &caller, id)?;
                if !token.is_active(now) {
                    return Err(ServiceError::Unauthenticated(BadCredential::Unknown));
                }
                let week = now.checked_add(ROTATED_LIFE).ok();
                let end = asked.or_else(|| token.expires_at.and(week));
                let issued = issue_personal(change, user, token.name.clone(), scopes, end, now)?;
                token.revoked = true;
                credentials::put(change, &token)?;
                let deed = Deed::new(Action::PersonalTokenRotated, Named::token(&token));
                let user = audit::user(change, user)?;
                scribe.note(
                    change,
                    described(deed, &issued.token).of(user).with("new_id", issued.token.id.0),
                )?;
                Ok(issued)
            })
            .await
    }

    /// Gives a user a token of a chosen value, unless it has it. One that was revoked stays revoked.
    pub(super) async fn ensure_chosen_token(
        &self,
        username: &'static str,
        name: String,
        scopes: Vec<PersonalScope>,
        secret: SecretString,
    ) -> Result<(), ServiceError> {
        judge_chosen(secret.expose_secret())?;
        let (hash, now) = (sha256(secret.expose_secret().as_bytes()), self.now());
        let scribe = self.scribe(&Caller::Operator);
        self.store()
            .write(move |change| {
                let Some(user) = records::user_by_name(change, username)? else {
                    tracing::warn!(username, "there is no such user any more: its token was not created");
                    return Ok(());
                };
                if let Some(token) = credentials::by_hash(change, &hash)? {
                    if token.revoked {
                        tracing::warn!(
                            token = token.id.0,
                            "the configured token was revoked and stays revoked"
                        );
                    }
                    return Ok(());
                }
                let id = TokenId(change.next_number("token")?);
                let owner = TokenOwner::Personal { user: user.id, scopes };
                let token =
                    Token { id, name, owner, hash, expires_at: None, revoked: false, created_at: now };
                credentials::put(change, &token)?;
                note_issued(change, &scribe, &token, Named::user(&user))
            })
            .await
    }
}

/// Notes that a user has a new token.
pub(super) fn note_issued(
    change: &mut Change<'_>,
    scribe: &Scribe,
    token: &Token,
    user: Named,
) -> Result<(), ServiceError> {
    let deed = Deed::new(Action::PersonalTokenCreated, Named::token(token));
    scribe.note(change, described(deed, token).of(user))
}

/// What the audit log says of a new token: what it may do, and for how long.
pub(super) fn described(deed: Deed, token: &Token) -> Deed {
    let scopes: Vec<&str> = match &token.owner {
        TokenOwner::Personal { scopes, .. } => scopes.iter().map(|scope| scope.as_str()).collect(),
        TokenOwner::Deploy { scopes, .. } => scopes.iter().map(|scope| scope.as_str()).collect(),
    };
    deed.with("scopes", scopes).with("expires_at", token.expires_at.map(|end| end.to_string()))
}

/// The scopes asked for, each once.
pub(super) fn distinct<S: Ord>(mut scopes: Vec<S>) -> Result<Vec<S>, ServiceError> {
    scopes.sort();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(ServiceError::Invalid("scopes are missing: name at least one".to_owned()));
    }
    Ok(scopes)
}

impl TokenFilter {
    fn matches(&self, token: &Token, now: Timestamp) -> bool {
        let named = |search: &str| token.name.to_lowercase().contains(&search.to_lowercase());
        self.active.is_none_or(|active| token.is_active(now) == active)
            && self.revoked.is_none_or(|revoked| token.revoked == revoked)
            && self.search.as_deref().is_none_or(named)
    }
}

#[cfg(test)]
mod tests;
