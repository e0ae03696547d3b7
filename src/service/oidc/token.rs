//! A signed token in its compact form (RFC 7515, 7.1), taken apart strictly. Nothing in it is believed yet.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use super::error::{IdTokenError, quote};
use super::jwks::Algorithm;
use crate::domain::issuer::Issuer;

/// Bytes of a token at most. Those of GitLab and GitHub have about 2 KiB.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Whether a credential is worth reading as an ID token: three parts in base64url, the first one beginning as a JSON object
/// does. Our own tokens never look like that. Says nothing about whether the token is any good.
pub fn looks_like_id_token(text: &str) -> bool {
    let is_base64url = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let mut parts = text.split('.');
    // `{"` in base64.
    text.starts_with("eyJ")
        && parts.by_ref().take(3).filter(|part| is_base64url(part)).count() == 3
        && parts.next().is_none()
}

/// The parts of a token.
pub(super) struct Token<'a> {
    /// How it says it is signed.
    pub(super) algorithm: Algorithm,
    /// The name of the key it says it is signed with.
    pub(super) key_id: Option<String>,
    /// What it claims.
    pub(super) claims: Map<String, Value>,
    /// What the signature is of.
    pub(super) signed: &'a [u8],
    /// The signature.
    pub(super) signature: Vec<u8>,
}

impl<'a> Token<'a> {
    /// Takes a token apart. Refuses everything that is not asked for by OpenID Connect, rather than passing over it.
    pub(super) fn parse(text: &'a str) -> Result<Self, IdTokenError> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(IdTokenError::TooLong);
        }
        let no_parts = IdTokenError::Malformed("it is not three parts separated by dots");
        let (signed, signature) = text.rsplit_once('.').ok_or(no_parts.clone())?;
        let (head, claims) = signed.split_once('.').ok_or(no_parts.clone())?;
        if claims.contains('.') {
            return Err(no_parts);
        }
        let head = object(head, IdTokenError::Malformed("its head is not a JSON object in base64url"))?;
        let (algorithm, key_id) = judge_head(&head)?;
        let claims =
            object(claims, IdTokenError::Malformed("its claims are not a JSON object in base64url"))?;
        let signature = BASE64URL_NOPAD
            .decode(signature.as_bytes())
            .map_err(|_not_base64| IdTokenError::Malformed("its signature is not base64url"))?;
        Ok(Self { algorithm, key_id, claims, signed: signed.as_bytes(), signature })
    }

    /// Whether it says that this issuer made it.
    pub(super) fn is_of(&self, issuer: &Issuer) -> bool {
        self.issuer() == Some(issuer.as_str())
    }

    /// The refusal of a token whose issuer is not trusted.
    pub(super) fn unknown_issuer(&self) -> IdTokenError {
        let found = self.issuer().map_or_else(|| "nobody (it has no iss)".to_owned(), quote);
        IdTokenError::UnknownIssuer { found }
    }

    fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }
}

/// Decodes a part. Nesting is bounded by the JSON parser, at 128 levels.
fn object(part: &str, error: IdTokenError) -> Result<Map<String, Value>, IdTokenError> {
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).ok();
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(error)
}

/// What the head says about the signature. Keys that come with the token (`jwk`, `jku`, `x5u`, `x5c`) are never looked at.
fn judge_head(head: &Map<String, Value>) -> Result<(Algorithm, Option<String>), IdTokenError> {
    if head.contains_key("crit") {
        return Err(IdTokenError::Critical);
    }
    // Other kinds of tokens that the same keys sign say so here (RFC 8725, 3.11).
    match head.get("typ") {
        None => {}
        Some(Value::String(kind))
            if kind.eq_ignore_ascii_case("JWT") || kind.eq_ignore_ascii_case("application/jwt") => {}
        Some(_) => return Err(IdTokenError::Kind),
    }
    let Some(name) = head.get("alg").and_then(Value::as_str) else {
        return Err(IdTokenError::Malformed("its head has no alg"));
    };
    let algorithm =
        Algorithm::from_name(name).ok_or_else(|| IdTokenError::Algorithm { found: quote(name) })?;
    let key_id = match head.get("kid") {
        None => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(_) => return Err(IdTokenError::Malformed("the kid in its head is not a string")),
    };
    Ok((algorithm, key_id))
}
