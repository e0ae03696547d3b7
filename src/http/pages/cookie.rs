//! The two cookies of the pages: the secret of a session, and that of a visitor who has not signed in yet, which only
//! ties the sign-in form to a browser.
//!
//! Over TLS their names begin with `__Host-`: browsers then take them only from this very host, with `Secure` and for
//! all paths, so that no neighbouring host can plant one.

use data_encoding::BASE64URL_NOPAD;
use hyper::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use secrecy::{ExposeSecret, SecretString};

use crate::domain::limits::SESSION_LIFE;
use crate::http::response::Reply;
use crate::service::sessions::SECRET_LENGTH;
use crate::service::{ServiceError, clock};

/// How long the cookie of a visitor is kept, in seconds: longer than anybody looks at a sign-in form.
const VISITOR_SECONDS: i64 = 24 * 60 * 60;

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// The secret of a session.
    Session,
    /// The secret of a visitor.
    Visitor,
}

impl Cookie {
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-cairn-session",
            (Self::Session, false) => "cairn-session",
            (Self::Visitor, true) => "__Host-cairn-visitor",
            (Self::Visitor, false) => "cairn-visitor",
        }
    }

    const fn seconds(self) -> i64 {
        match self {
            Self::Session => SESSION_LIFE.as_secs(),
            Self::Visitor => VISITOR_SECONDS,
        }
    }

    /// Its value in a request. Two different ones are none: one of them was planted, and which is not known.
    pub(super) fn read(self, headers: &HeaderMap, secure: bool) -> Option<SecretString> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(name, _)| *name == self.name(secure)).map(|(_, value)| value);
        let value = values.next().filter(|value| is_secret(value))?;
        values.all(|other| other == value).then(|| value.to_owned().into())
    }

    /// Gives it to the browser.
    pub(super) fn set(self, reply: &mut Reply, secret: &SecretString, secure: bool) {
        self.write(reply, secret.expose_secret(), self.seconds(), secure);
    }

    /// Takes it from the browser.
    pub(super) fn clear(self, reply: &mut Reply, secure: bool) {
        self.write(reply, "", 0, secure);
    }

    fn write(self, reply: &mut Reply, value: &str, seconds: i64, secure: bool) {
        let name = self.name(secure);
        let marked = if secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{marked}");
        // Base64 and numbers always fit.
        if let Ok(mut value) = HeaderValue::from_str(&text) {
            value.set_sensitive(true);
            reply.headers_mut().append(SET_COOKIE, value);
        }
    }
}

/// A new secret.
pub(super) fn draw() -> Result<SecretString, ServiceError> {
    Ok(BASE64URL_NOPAD.encode(&clock::random_bits()?).into())
}

fn is_secret(text: &str) -> bool {
    text.len() == SECRET_LENGTH
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_read_by_its_name_and_two_different_ones_are_none() {
        let (a, b) = ("a".repeat(SECRET_LENGTH), "b".repeat(SECRET_LENGTH));
        for (situation, lines, secure, expected) in [
            ("none", vec![], false, None),
            ("one", vec![format!("cairn-session={a}")], false, Some(&a)),
            ("among others", vec![format!("x=1; cairn-session={a};y")], false, Some(&a)),
            ("twice the same", vec![format!("cairn-session={a}; cairn-session={a}")], false, Some(&a)),
            ("two in one line", vec![format!("cairn-session={a}; cairn-session={b}")], false, None),
            (
                "two in two lines",
                vec![format!("cairn-session={a}"), format!("cairn-session={b}")],
                false,
                None,
            ),
            ("not a secret", vec!["cairn-session=x".to_owned()], false, None),
            ("the name without TLS, over TLS", vec![format!("cairn-session={a}")], true, None),
            ("over TLS", vec![format!("__Host-cairn-session={a}")], true, Some(&a)),
            ("a longer name", vec![format!("xcairn-session={a}")], false, None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, HeaderValue::from_str(&line).unwrap());
            }
            let found = Cookie::Session.read(&headers, secure);
            assert_eq!(
                found.as_ref().map(ExposeSecret::expose_secret),
                expected.map(String::as_str),
                "{situation}"
            );
        }
    }
}
