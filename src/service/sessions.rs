//! Sessions of browsers: begun with a password, found again by the secret in a cookie, ended in several ways.
//!
//! The secret is 256 random bits; only its SHA-256 is stored, and finding it is the comparison. Every sign-in and
//! every new password draws another one, so that a secret somebody else planted or saw is worth nothing afterwards.

use std::net::IpAddr;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use secrecy::SecretString;

use super::access::Via;
use super::activity::Used;
use super::audit::{self, Deed};
use super::error::BadCredential;
use super::{Caller, Registry, ServiceError, clock};
use crate::blobs::sha256;
use crate::domain::audit::{Action, Kind, Named};
use crate::domain::identity::User;
use crate::domain::limits::SESSIONS_OF_A_USER;
use crate::domain::session::Session;
use crate::domain::{Sha256, UserId};
use crate::store::{Change, Reader, identity as records, sessions};

/// Characters of a secret: 256 bits in base64url.
pub const SECRET_LENGTH: usize = 43;

impl Registry {
    /// Begins a session for a user name and a password, and returns its secret. Ends the session that the browser had.
    pub async fn begin_session(
        &self,
        address: IpAddr,
        username: &str,
        password: SecretString,
        former: Option<Sha256>,
    ) -> Result<SecretString, ServiceError> {
        let now = self.now();
        let checked = self.check_password(address, username, password, now).await?;
        let (secret, hash) = draw()?;
        let scribe = self.scribe_by(&checked, Kind::Password);
        self.store()
            .write(move |change| {
                let user = unchanged(change, &checked)?.id;
                if let Some(former) = former
                    && let Some(session) = sessions::by_hash(change, &former)?
                {
                    sessions::remove(change, &former, session.user);
                }
                make_room(change, user, now)?;
                let deed = Deed::new(Action::SessionOpened, audit::session(&hash));
                scribe.note(change, deed.of(Named::user(&checked)))?;
                sessions::put(change, &hash, &Session::begin(user, now)).map_err(ServiceError::from)
            })
            .await?;
        Ok(secret)
    }

    /// Who a secret from a cookie stands for: the user of a live session, or nobody. Notes that it was used.
    pub fn caller_of_session(&self, secret: &str) -> Result<Caller, ServiceError> {
        if secret.len() != SECRET_LENGTH {
            return Ok(Caller::Anonymous);
        }
        let (now, hash) = (self.now(), sha256(secret.as_bytes()));
        let caller = self.store().read(|snapshot| caller(snapshot, hash, now))?;
        if !caller.is_anonymous() {
            self.shared.activity.used(Used::Session(hash), now);
        }
        Ok(caller)
    }

    /// Ends the session of the request. Harmless when there is none.
    pub async fn end_session(&self, caller: &Caller) -> Result<(), ServiceError> {
        let (Some(hash), Some(user)) = (caller.session().copied(), caller.user()) else { return Ok(()) };
        let (scribe, named, user) = (self.scribe(caller), Named::user(user), user.id);
        self.store()
            .write(move |change| {
                sessions::remove(change, &hash, user);
                let deed = Deed::new(Action::SessionClosed, audit::session(&hash)).of(named);
                scribe.note(change, deed)
            })
            .await
    }

    /// Gives the user of the request another password, for the present one. All sessions end; the secret returned is
    /// that of a new one for this browser.
    pub async fn change_own_password(
        &self,
        caller: &Caller,
        address: IpAddr,
        present: SecretString,
        new: SecretString,
    ) -> Result<SecretString, ServiceError> {
        let missing = || ServiceError::Unauthenticated(BadCredential::Missing);
        caller.session().ok_or_else(missing)?;
        let user = caller.user().ok_or_else(missing)?;
        let now = self.now();
        let checked = self.check_password(address, user.username.as_str(), present, now).await?;
        let password_hash = self.shared.passwords.hash(self.who(), new).await?;
        let (secret, hash) = draw()?;
        let scribe = self.scribe(caller);
        self.store()
            .write(move |change| {
                let mut user = unchanged(change, &checked)?;
                user.password_hash = Some(password_hash);
                records::put_user(change, &user)?;
                super::sign_in::end_sessions(change, user.id)?;
                scribe.note(change, Deed::new(Action::PasswordChanged, Named::user(&user)))?;
                sessions::put(change, &hash, &Session::begin(user.id, now)).map_err(ServiceError::from)
            })
            .await?;
        Ok(secret)
    }
}

/// A new secret and its hash.
fn draw() -> Result<(SecretString, Sha256), ServiceError> {
    let secret = BASE64URL_NOPAD.encode(&clock::random_bits()?);
    let hash = sha256(secret.as_bytes());
    Ok((secret.into(), hash))
}

/// The user as it is now, unless it was meanwhile deleted or blocked, or given another password: then whoever did that
/// has the last word.
fn unchanged(reader: &impl Reader, checked: &User) -> Result<User, ServiceError> {
    let same = |user: &User| !user.blocked && user.password_hash == checked.password_hash;
    let user = records::user(reader, checked.id)?.filter(same);
    user.ok_or(ServiceError::Unauthenticated(BadCredential::Password))
}

fn caller(reader: &impl Reader, hash: Sha256, now: Timestamp) -> Result<Caller, ServiceError> {
    let live = sessions::by_hash(reader, &hash)?.filter(|session| session.is_live(now));
    let Some(session) = live else { return Ok(Caller::Anonymous) };
    let user = records::user(reader, session.user)?.filter(|user| !user.blocked);
    Ok(user.map_or(Caller::Anonymous, |user| Caller::User { user: Box::new(user), via: Via::Session(hash) }))
}

/// Removes what has ended, and the least recently used while there are too many.
fn make_room(change: &mut Change<'_>, user: UserId, now: Timestamp) -> Result<(), ServiceError> {
    let mut known = sessions::of_user(change, user)?;
    known.sort_by_key(|(_, session)| std::cmp::Reverse((session.is_live(now), session.last_used_at)));
    let kept = known.iter().take_while(|(_, session)| session.is_live(now)).count();
    for (hash, _) in known.iter().skip(kept.min(SESSIONS_OF_A_USER.saturating_sub(1))) {
        sessions::remove(change, hash, user);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
