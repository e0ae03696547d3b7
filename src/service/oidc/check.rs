//! The claims of a token whose signature is good: is it for us, and is it time? (OpenID Connect Core, 3.1.3.7)

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::error::{IdTokenError, quote};
use crate::domain::claims::{CLOCK_LEEWAY, Claims};
use crate::domain::issuer::{Audience, Issuer};

/// Checks audience and times, and gives the claims back as verified.
pub(super) fn claims(
    issuer: &Issuer,
    audience: &Audience,
    values: Map<String, Value>,
    now: Timestamp,
) -> Result<Claims, IdTokenError> {
    if !is_for(audience, values.get("aud")) {
        return Err(IdTokenError::Audience {
            found: values.get("aud").map_or_else(|| "missing".to_owned(), show_audience),
            expected: audience.clone(),
        });
    }
    let expires_at = time(&values, "exp")?.ok_or(IdTokenError::Time("exp"))?;
    for name in ["nbf", "iat"] {
        if let Some(at) = time(&values, name)?
            && now.duration_until(at) > CLOCK_LEEWAY
        {
            return Err(IdTokenError::NotYetValid { at });
        }
    }
    if expires_at.duration_until(now) >= CLOCK_LEEWAY {
        return Err(IdTokenError::Expired { at: expires_at });
    }
    Ok(Claims::verified(issuer.clone(), expires_at, values))
}

/// `aud` is one name or a list of names (RFC 7519, 4.1.3).
fn is_for(audience: &Audience, found: Option<&Value>) -> bool {
    match found {
        Some(Value::String(name)) => name == audience.as_str(),
        Some(Value::Array(names)) => names.iter().any(|name| name == audience.as_str()),
        _ => false,
    }
}

fn show_audience(found: &Value) -> String {
    match found {
        Value::String(name) => quote(name),
        other => quote(&other.to_string()),
    }
}

/// A `NumericDate`: seconds, perhaps with a fraction (RFC 7519, 2). Fractions are cut off.
fn time(values: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, IdTokenError> {
    let Some(value) = values.get(name) else { return Ok(None) };
    let seconds = value.as_i64().or_else(|| whole(value.as_f64()?));
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map(Some).ok_or(IdTokenError::Time(name))
}

/// The whole seconds of a number with a fraction, if they are few enough to be a time.
fn whole(seconds: f64) -> Option<i64> {
    // Beyond that a timestamp cannot go either: the year 9999.
    const LIMIT: f64 = 1e12;
    #[expect(clippy::cast_possible_truncation, reason = "in range, and the fraction is meant to go")]
    (seconds.abs() < LIMIT).then_some(seconds as i64)
}
