//! Tokens, keys and the ways keys are renewed, against a stand-in issuer.

mod keys;
mod renewal;
mod tokens;

#[path = "../../../tests/support/issuer.rs"]
mod issuer;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::domain::issuer::KeyLocation;
use issuer::SigningKey;

const AUDIENCE: &str = "https://cairn.example";

/// The time of every test that does not say otherwise.
fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn trusted(issuer: &str, keys: KeyLocation) -> TrustedIssuer {
    TrustedIssuer { issuer: issuer.parse().unwrap(), audience: AUDIENCE.parse().unwrap(), keys }
}

/// Good claims of an issuer.
fn claims_of(issuer: &str) -> Value {
    json!({
        "iss": issuer, "aud": AUDIENCE, "sub": "project_path:acme/vpc:ref_type:tag:ref:v1", "jti": "job-1",
        "iat": now().as_second(), "nbf": now().as_second(), "exp": now().as_second() + 300,
        "project_path": "acme/vpc",
    })
}

/// The same object with other values; `null` takes one away.
fn with(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn key_set(keys: &[&SigningKey]) -> KeySet {
    KeySet::parse(issuer::jwks(keys.iter().copied()).as_bytes()).unwrap()
}
