//! OIDC ID tokens of CI jobs: who signed one, is it for us, and what does it say about the job?
//!
//! A token is believed when its `iss` is an issuer the operator configured, one of that issuer's keys signed it with the
//! one algorithm that key is for, its audience is this server, and it is neither expired nor from the future. Before the
//! signature is checked only two things in it are used: `iss` and `kid`, to choose the key.
//!
//! The tokens are taken apart here and not by a library for JSON Web Tokens: those on offer choose their cryptography by a
//! setting of the whole process, read the system's clock themselves, and pass over parts of the head that must be refused.

mod check;
mod error;
mod file;
mod jwks;
mod source;
mod token;
mod uri;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use jiff::Timestamp;
use url::Url;

use crate::domain::claims::Claims;
use crate::domain::issuer::{Issuer, TrustedIssuer};

pub use error::IdTokenError;
pub use jwks::{Algorithm, BadSignature, InvalidKeySet, KeySet, MAX_JWKS_BYTES};
pub use token::{MAX_TOKEN_BYTES, looks_like_id_token};

use error::quote;
use source::KeySource;
use token::Token;

/// How long fetching a key set may take.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a key set could not be fetched: a sentence that names the host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);

/// A key set, or why there is none, some time later.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Bytes, FetchError>> + Send + 'a>>;

/// Fetches key sets over the network. Declared here so that no use case knows about HTTP.
pub trait FetchKeys: fmt::Debug + Send + Sync {
    /// The body of a successful answer, at most [`MAX_JWKS_BYTES`]. Redirects are not followed: the operator named the place.
    fn fetch<'a>(&'a self, url: &'a Url) -> Fetching<'a>;
}

/// Verifies the ID tokens of the configured issuers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct IdTokens {
    issuers: Arc<ArcSwap<Vec<Arc<Configured>>>>,
    fetch: Arc<dyn FetchKeys>,
}

/// An issuer and its keys.
#[derive(Debug)]
struct Configured {
    trusted: TrustedIssuer,
    keys: Arc<KeySource>,
}

impl IdTokens {
    /// Trusts nobody yet: see [`IdTokens::set_issuers`].
    pub fn new(fetch: Arc<dyn FetchKeys>) -> Self {
        Self { issuers: Arc::default(), fetch }
    }

    /// Replaces the issuers. Files are read at once, a missing one is logged; URIs are fetched in the background, which needs a
    /// tokio runtime. An issuer whose keys come from the same place as before keeps them.
    pub fn set_issuers(&self, issuers: &[TrustedIssuer]) {
        let old = self.issuers.load_full();
        let configured = issuers.iter().map(|trusted| {
            let known = old.iter().find(|configured| {
                configured.trusted.issuer == trusted.issuer && configured.trusted.keys == trusted.keys
            });
            let keys = match known {
                Some(known) => Arc::clone(&known.keys),
                None => Arc::new(KeySource::start(&trusted.issuer, &trusted.keys, &self.fetch)),
            };
            Arc::new(Configured { trusted: trusted.clone(), keys })
        });
        self.issuers.store(Arc::new(configured.collect()));
    }

    /// Whether tokens of this issuer are taken.
    pub fn trusts(&self, issuer: &Issuer) -> bool {
        self.issuers.load().iter().any(|configured| configured.trusted.issuer == *issuer)
    }

    /// The issuers, as configured.
    pub fn issuers(&self) -> Vec<TrustedIssuer> {
        self.issuers.load().iter().map(|configured| configured.trusted.clone()).collect()
    }

    /// Verifies a token. Waits, some seconds at most, only if the issuer's keys are not known or the token names one that is
    /// not among them.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, IdTokenError> {
        let token = Token::parse(token)?;
        let configured = self.issuer_of(&token)?;
        let issuer = &configured.trusted.issuer;
        let known = configured.keys.current(now).await.map_err(|reason| IdTokenError::KeysUnavailable {
            issuer: issuer.clone(),
            from_file: configured.keys.is_file(),
            reason,
        })?;
        let mut verified = check_signature(&known.keys, &token);
        let mut note = String::new();
        if verified == Err(BadSignature::UnknownKey) && !known.is_fresh {
            match configured.keys.newer(now).await {
                Some(Ok(keys)) => verified = check_signature(&keys, &token),
                Some(Err(reason)) => note = format!("; newer keys cannot be fetched: {reason}"),
                None => {}
            }
        }
        verified.map_err(|bad| refuse(bad, issuer, &token, &note))?;
        check::claims(issuer, &configured.trusted.audience, token.claims, now)
    }

    /// The issuer a token names, which so far only says where to look for keys.
    fn issuer_of(&self, token: &Token<'_>) -> Result<Arc<Configured>, IdTokenError> {
        let issuers = self.issuers.load();
        let known = issuers.iter().find(|configured| token.is_of(&configured.trusted.issuer));
        known.cloned().ok_or_else(|| token.unknown_issuer())
    }
}

/// Verifies a token with keys at hand: all that [`IdTokens::verify`] does, without looking for keys.
pub fn verify_with(
    keys: &KeySet,
    trusted: &TrustedIssuer,
    token: &str,
    now: Timestamp,
) -> Result<Claims, IdTokenError> {
    let token = Token::parse(token)?;
    if !token.is_of(&trusted.issuer) {
        return Err(token.unknown_issuer());
    }
    check_signature(keys, &token).map_err(|bad| refuse(bad, &trusted.issuer, &token, ""))?;
    check::claims(&trusted.issuer, &trusted.audience, token.claims, now)
}

fn check_signature(keys: &KeySet, token: &Token<'_>) -> Result<(), BadSignature> {
    keys.verify(token.algorithm, token.key_id.as_deref(), token.signed, &token.signature)
}

fn refuse(bad: BadSignature, issuer: &Issuer, token: &Token<'_>, note: &str) -> IdTokenError {
    let issuer = issuer.clone();
    match bad {
        BadSignature::UnknownKey => {
            let key = token.key_id.as_deref().map(|id| format!(" (kid {})", quote(id))).unwrap_or_default();
            IdTokenError::UnknownKey { issuer, note: format!("{key}{note}") }
        }
        BadSignature::OtherAlgorithm(key) => {
            IdTokenError::KeyMismatch { found: token.algorithm.name(), expected: key.name() }
        }
        BadSignature::Forged => IdTokenError::Signature { issuer },
    }
}

#[cfg(test)]
mod tests;
