//! `terraform login`: a person allows, with the password, what a program asked for; a code carries the answer through
//! the browser; the program turns the code into a token (RFC 6749, section 4.1, with the proof of RFC 7636).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use super::audit::Deed;
use super::error::{BadCredential, BadGrant};
use super::tokens::{Issued, issue_personal, note_issued};
use super::{Registry, ServiceError, clock};
use crate::blobs::sha256;
use crate::domain::audit::{Action, Kind, Named};
use crate::domain::authorization::{Authorization, CLIENT, Challenge, check_verifier};
use crate::domain::credential::PersonalScope;
use crate::domain::identity::User;
use crate::domain::{Sha256, UserId};
use crate::store::identity as records;

/// The name of the tokens that are given.
pub const TOKEN_NAME: &str = "terraform login";
/// How long they live. Terraform keeps nothing by which it could ask for another one.
pub const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);

/// How long a code can be used (RFC 6749, 4.1.2: ten minutes at most). A browser takes a second; a person who carries
/// the URL from the browser of one machine to the terminal of another takes longer.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// Codes of one user at a time; with one more the oldest is given up.
const CODES_OF_A_USER: usize = 5;
/// Codes of all users at a time: less than 1 MB.
const CODES: usize = 1_000;

/// Codes that were given and not used yet, by their SHA-256. Only in memory: after a restart one signs in again.
#[derive(Debug, Default)]
pub(super) struct Codes(Mutex<HashMap<Sha256, Grant>>);

/// What a code stands for.
#[derive(Debug, Clone)]
struct Grant {
    user: UserId,
    /// SHA-256 of the stored password it was allowed with: a new password ends what was begun with the old one.
    password: Sha256,
    redirect: String,
    challenge: Challenge,
    given_at: Timestamp,
}

impl Grant {
    fn is_live(&self, now: Timestamp) -> bool {
        now.duration_since(self.given_at) < CODE_LIFE
    }

    fn is_of(&self, user: &User) -> bool {
        self.user == user.id && !user.blocked && self.password == password_digest(user)
    }
}

fn password_digest(user: &User) -> Sha256 {
    sha256(user.password_hash.as_deref().unwrap_or_default().as_bytes())
}

impl Codes {
    fn put(&self, code: Sha256, grant: Grant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, other| other.is_live(grant.given_at));
        let own = known.values().filter(|other| other.user == grant.user).count();
        let user = (own >= CODES_OF_A_USER).then_some(grant.user);
        if user.is_some() || known.len() >= CODES {
            let mine = |other: &Grant| user.is_none_or(|user| other.user == user);
            let oldest =
                known.iter().filter(|(_, other)| mine(other)).min_by_key(|(_, other)| other.given_at);
            if let Some(oldest) = oldest.map(|(code, _)| *code) {
                known.remove(&oldest);
            }
        }
        known.insert(code, grant);
    }

    /// The grant of a code, once.
    fn take(&self, code: &Sha256, now: Timestamp) -> Option<Grant> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(code);
        taken.filter(|grant| grant.is_live(now))
    }
}

/// What a program sends to get its token.
#[derive(Debug)]
pub struct Exchange {
    /// The code from the browser.
    pub code: SecretString,
    /// The text that the challenge was made of.
    pub verifier: SecretString,
    /// Where the code was sent, as it was asked for.
    pub redirect_uri: String,
    /// Which client.
    pub client_id: String,
}

impl Registry {
    /// Allows a request in the name of whoever knows the password, and returns the code for it.
    pub async fn allow_login(
        &self,
        address: IpAddr,
        username: &str,
        password: SecretString,
        request: &Authorization,
    ) -> Result<SecretString, ServiceError> {
        let now = self.now();
        let user = self.check_password(address, username, password, now).await?;
        let code = BASE64URL_NOPAD.encode(&clock::random_bits()?);
        // A code is kept in memory only, but that it was given is remembered, and before it is.
        let (scribe, named) = (self.scribe_by(&user, Kind::Password), Named::user(&user));
        let noted =
            self.store().write(move |change| scribe.note(change, Deed::new(Action::LoginAllowed, named)));
        noted.await?;
        let grant = Grant {
            user: user.id,
            password: password_digest(&user),
            redirect: request.redirect().to_string(),
            challenge: request.challenge(),
            given_at: now,
        };
        self.shared.codes.put(sha256(code.as_bytes()), grant);
        Ok(code.into())
    }

    /// A personal token for a code. The code is used up, whatever comes out.
    ///
    /// A second use does not revoke the token of the first: without the verifier nobody but the program itself can
    /// have made the first, and whoever merely saw the code could take the token away.
    pub async fn exchange_code(&self, exchange: Exchange) -> Result<Issued, ServiceError> {
        let now = self.now();
        let code = sha256(exchange.code.expose_secret().as_bytes());
        let grant = self.shared.codes.take(&code, now);
        if exchange.client_id != CLIENT {
            return Err(ServiceError::Grant(BadGrant::Client));
        }
        let verifier = exchange.verifier.expose_secret();
        check_verifier(verifier).map_err(|invalid| ServiceError::Invalid(invalid.to_string()))?;
        let proven = |grant: &Grant| {
            grant.challenge.is_met_by(&sha256(verifier.as_bytes())) && grant.redirect == exchange.redirect_uri
        };
        let refused = || ServiceError::Unauthenticated(BadCredential::Code);
        let grant = grant.filter(proven).ok_or_else(refused)?;
        let registry = self.clone();
        self.store()
            .write(move |change| {
                let user = records::user(change, grant.user)?.filter(|user| grant.is_of(user));
                let user = user.ok_or_else(refused)?;
                let scopes = vec![PersonalScope::Api];
                let name = TOKEN_NAME.to_owned();
                let issued = issue_personal(change, user.id, name, scopes, token_end(now), now)?;
                let scribe = registry.scribe_by(&user, Kind::LoginCode);
                note_issued(change, &scribe, &issued.token, Named::user(&user))?;
                Ok(issued)
            })
            .await
    }

    /// When a token ends that is given now.
    pub fn login_token_end(&self) -> Option<Timestamp> {
        token_end(self.now())
    }
}

fn token_end(now: Timestamp) -> Option<Timestamp> {
    now.checked_add(TOKEN_LIFE).ok()
}

#[cfg(test)]
mod tests;
