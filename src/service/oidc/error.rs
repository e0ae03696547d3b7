//! Why an ID token is refused, in sentences for the author of the job. The token itself is never repeated.

use jiff::Timestamp;

use super::token::MAX_TOKEN_BYTES;
use crate::domain::issuer::{Audience, Issuer};

/// Characters of a foreign text in a message at most.
const MAX_QUOTED: usize = 200;

/// Why an ID token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// Too many bytes.
    #[error("the ID token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// Not a signed token.
    #[error("the ID token cannot be read: {0}; pass it on exactly as the CI system gave it")]
    Malformed(&'static str),
    /// Signed in a way that is not taken, or not at all.
    #[error("the ID token is signed with {found}; this server takes RS256, ES256 and EdDSA")]
    Algorithm {
        /// What it says.
        found: String,
    },
    /// It asks for something that must be understood (RFC 7515, 4.1.11), and nothing of that kind is.
    #[error("the ID token has critical extensions (crit), which this server does not know")]
    Critical,
    /// A token of another kind, such as an access token.
    #[error("this is a token of another kind (typ); ask the CI system for an ID token")]
    Kind,
    /// Nobody that is trusted, or nobody at all.
    #[error(
        "the ID token was issued by {found}, which this server does not trust; an administrator can add it as [[ci.issuer]], spelt just like that"
    )]
    UnknownIssuer {
        /// Its `iss`.
        found: String,
    },
    /// There are no keys to check it with.
    #[error("the keys of issuer {issuer} cannot be {}: {reason}; try again, or tell an administrator", if *.from_file { "read" } else { "fetched" })]
    KeysUnavailable {
        /// Who signed.
        issuer: Issuer,
        /// Whether they come from a file.
        from_file: bool,
        /// Why not.
        reason: String,
    },
    /// Signed with a key that is not among the issuer's.
    #[error("the ID token is signed with a key that issuer {issuer} does not publish{note}")]
    UnknownKey {
        /// Who is said to have signed.
        issuer: Issuer,
        /// The name of the key, and why there may be newer ones.
        note: String,
    },
    /// The key it names is for something else.
    #[error("the ID token is signed with {found}, but its key is for {expected} only")]
    KeyMismatch {
        /// What it says.
        found: &'static str,
        /// What the key is for.
        expected: &'static str,
    },
    /// Altered, or signed by somebody else.
    #[error("the signature of the ID token is not that of issuer {issuer}")]
    Signature {
        /// Who is said to have signed.
        issuer: Issuer,
    },
    /// Made for another server.
    #[error(
        "the audience of the ID token is {found}; this server expects {expected}: set aud to that in the job"
    )]
    Audience {
        /// Its `aud`.
        found: String,
        /// What it should be.
        expected: Audience,
    },
    /// It must be there, and say something else.
    #[error("the ID token has no {0} that is a time in seconds")]
    Time(&'static str),
    /// Too late.
    #[error("the ID token expired at {at}; ask for it in the job that uses it, or give it a longer life")]
    Expired {
        /// Its `exp`.
        at: Timestamp,
    },
    /// Too early.
    #[error("the ID token is not valid before {at}; do the clocks of issuer and server agree?")]
    NotYetValid {
        /// Its `nbf` or `iat`.
        at: Timestamp,
    },
}

/// A text from outside, fit for a message: bounded, on one line, in quotes.
pub(super) fn quote(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(MAX_QUOTED)
        .map(|character| if character.is_control() { '\u{fffd}' } else { character })
        .collect();
    if shown.len() < text.len() && text.chars().nth(MAX_QUOTED).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}
