//! What people type about users, groups and tokens: display texts, mail addresses, end dates; bounded and judged.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::ServiceError;
use crate::domain::limits::MAX_TEXT_LENGTH;

/// Characters of a display name, as in GitLab.
const MAX_NAME_LENGTH: usize = 255;
/// RFC 5321: the longest address that can be delivered to.
const MAX_EMAIL_LENGTH: usize = 254;

/// A name for people: one line, not blank.
pub(super) fn name(field: &'static str, text: &str) -> Result<String, ServiceError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ServiceError::Invalid(format!("{field} is empty: give it a text")));
    }
    if text.chars().count() > MAX_NAME_LENGTH || text.chars().any(char::is_control) {
        return Err(ServiceError::Invalid(format!(
            "{field} must be one line of at most {MAX_NAME_LENGTH} characters"
        )));
    }
    Ok(text.to_owned())
}

/// A description: several lines, possibly empty.
pub(super) fn description(text: &str) -> Result<String, ServiceError> {
    let odd = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    if text.chars().count() > MAX_TEXT_LENGTH || text.chars().any(odd) {
        return Err(ServiceError::Invalid(format!(
            "description may have at most {MAX_TEXT_LENGTH} characters, and no control characters"
        )));
    }
    Ok(text.to_owned())
}

/// A mail address, or nothing. Only its shape is judged: nothing is sent to it.
pub(super) fn email(text: &str) -> Result<String, ServiceError> {
    let text = text.trim();
    let shaped = text.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
    });
    if text.is_empty() || shaped && text.len() <= MAX_EMAIL_LENGTH && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(ServiceError::Invalid("email is not a mail address (name@example.com)".to_owned()))
    }
}

/// The moment something with an end date ends: 00:00 UTC that day, as in GitLab. Must lie ahead.
pub(super) fn end(date: Date, now: Timestamp) -> Result<Timestamp, ServiceError> {
    let end = TimeZone::UTC
        .to_timestamp(date.to_datetime(Time::midnight()))
        .map_err(|_out_of_range| ServiceError::Invalid("expires_at is out of range".to_owned()))?;
    future(end, now)
}

/// An end given as a moment. Must lie ahead.
pub(super) fn future(end: Timestamp, now: Timestamp) -> Result<Timestamp, ServiceError> {
    if end > now {
        Ok(end)
    } else {
        Err(ServiceError::Invalid("expires_at is in the past: give a date after today (UTC)".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_and_hold_no_control_characters() {
        let long = "x".repeat(MAX_NAME_LENGTH + 1);
        for bad in ["", "  ", "a\nb", "a\u{0}b", long.as_str()] {
            assert!(name("name", bad).is_err(), "{bad:?}");
        }
        assert_eq!(name("name", " Grace Höpper ").unwrap(), "Grace Höpper");
        assert!(description("two\nlines").is_ok() && description("").is_ok());
        assert!(description("bell\u{7}").is_err());
        assert!(description(&"x".repeat(MAX_TEXT_LENGTH + 1)).is_err());
    }

    #[test]
    fn mail_addresses_have_the_shape_of_one() {
        for good in ["", "a@b", "grace.hopper+x@example.com"] {
            assert!(email(good).is_ok(), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(MAX_EMAIL_LENGTH));
        for bad in ["a", "@b", "a@", "a@b@c", "a b@c", "a@b\nc", long.as_str()] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_end_date_is_midnight_utc_and_lies_ahead() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(end(day("2026-03-02"), now).unwrap().to_string(), "2026-03-02T00:00:00Z");
        assert!(end(day("2026-03-01"), now).is_err(), "today's midnight is over");
        assert!(end(day("2025-01-01"), now).is_err());
    }
}
