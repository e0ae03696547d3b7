//! Forms: bounded, read once, and only taken when they were sent from a page of ours to the browser that was given it.
//!
//! Two things must agree. The browser says where a form comes from (`Sec-Fetch-Site`, or else `Origin`); and the form
//! carries a token, an HMAC under the secret of the browser's cookie, which no other site can know or compute.

use data_encoding::BASE64URL_NOPAD;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, ORIGIN};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use crate::http::request::{Context, RequestBody, small_body};
use crate::service::ServiceError;
use crate::web::frame::CSRF_FIELD;

/// What the token is the HMAC of: the secret is a cookie's, and its other use is to be hashed.
const PURPOSE: &[u8] = b"cairn form token 1";

/// What is said of a form that is not taken. It does not say which check failed.
const REFUSED: ServiceError = ServiceError::Forbidden(
    "this form was not sent from a page of this site, or the page was older than your sign-in: nothing was changed; go \
     back, load the page again and repeat it",
);

/// The token that the forms of a page carry.
pub(super) fn token(secret: &SecretString) -> String {
    BASE64URL_NOPAD.encode(hmac::sign(&key(secret), PURPOSE).as_ref())
}

fn key(secret: &SecretString) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes())
}

/// The fields of a form. A password may be among them, so it has no `Debug`.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form that was sent by our page in this browser, whose cookie has that secret; refuses any other.
    pub(super) async fn read(
        context: &Context<'_>,
        body: &mut RequestBody,
        secret: Option<&SecretString>,
    ) -> Result<Self, ServiceError> {
        if !is_from_here(context) {
            return Err(REFUSED);
        }
        let secret = secret.ok_or(REFUSED)?;
        let declared = context.head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = declared.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(ServiceError::Invalid(
                "the content type must be application/x-www-form-urlencoded".to_owned(),
            ));
        }
        let limits = &context.app.limits;
        let bytes = small_body(body, limits.body_bytes, limits.body_chunk).await?;
        let form = Self::parse(&bytes);
        let given =
            BASE64URL_NOPAD.decode(form.text(CSRF_FIELD).as_bytes()).map_err(|_not_base64| REFUSED)?;
        hmac::verify(&key(secret), PURPOSE, &given).map_err(|_differs| REFUSED)?;
        Ok(form)
    }

    fn parse(bytes: &[u8]) -> Self {
        let owned =
            form_urlencoded::parse(bytes).map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self(owned.collect())
    }

    /// The first value of a field; empty when there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a field, as checkboxes of one name send them.
    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A value that is not logged.
    pub(super) fn secret(&self, name: &str) -> SecretString {
        self.text(name).to_owned().into()
    }
}

/// Whether the browser says that the form comes from this site. One that says nothing (a program) is left to the token.
fn is_from_here(context: &Context<'_>) -> bool {
    let external = context.registry().options().external_url.clone();
    comes_from_here(&context.head.headers, external.as_deref())
}

fn comes_from_here(headers: &HeaderMap, external: Option<&str>) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text(ORIGIN) else { return true };
    let Ok(origin) = Url::parse(origin) else { return false };
    let configured = external.and_then(|url| Url::parse(url).ok());
    if configured.is_some_and(|configured| configured.origin() == origin.origin()) {
        return true;
    }
    // Which scheme the client speaks is not always known behind a proxy; the name and the port are.
    let scheme = origin.scheme();
    let own = text(HOST).and_then(|host| Url::parse(&format!("{scheme}://{host}")).ok());
    own.is_some_and(|own| own.origin().is_tuple() && own.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn forms_come_from_this_site() {
        for (situation, headers, external, expected) in [
            ("a program says nothing", &[("host", "a.example")][..], None, true),
            ("same origin", &[("host", "a.example"), ("sec-fetch-site", "same-origin")], None, true),
            ("a neighbouring host", &[("host", "a.example"), ("sec-fetch-site", "same-site")], None, false),
            ("another site", &[("host", "a.example"), ("sec-fetch-site", "cross-site")], None, false),
            ("a bookmark sends no forms", &[("host", "a.example"), ("sec-fetch-site", "none")], None, false),
            ("origin", &[("host", "a.example"), ("origin", "https://a.example")], None, true),
            (
                "origin with the usual port",
                &[("host", "a.example:443"), ("origin", "https://a.example")],
                None,
                true,
            ),
            (
                "origin with a port",
                &[("host", "a.example:8080"), ("origin", "http://a.example:8080")],
                None,
                true,
            ),
            ("another port", &[("host", "a.example:8080"), ("origin", "http://a.example:8081")], None, false),
            ("another origin", &[("host", "a.example"), ("origin", "https://b.example")], None, false),
            ("a hidden origin", &[("host", "a.example"), ("origin", "null")], None, false),
            ("an opaque origin", &[("host", "a.example"), ("origin", "data:x")], None, false),
            (
                "behind a proxy that changes the host",
                &[("host", "10.0.0.1"), ("origin", "https://a.example")],
                Some("https://a.example"),
                true,
            ),
            (
                "the browser knows better than the origin",
                &[("host", "a.example"), ("origin", "https://a.example"), ("sec-fetch-site", "cross-site")],
                None,
                false,
            ),
        ] {
            let headers: HeaderMap = headers
                .iter()
                .map(|(name, value)| {
                    (hyper::header::HeaderName::from_static(name), HeaderValue::from_static(value))
                })
                .collect();
            assert_eq!(comes_from_here(&headers, external), expected, "{situation}");
        }
    }

    #[test]
    fn a_token_belongs_to_one_secret() {
        let [one, other] = ["one", "other"].map(SecretString::from);
        assert_eq!(token(&one), token(&one));
        assert_ne!(token(&one), token(&other));
        assert!(!token(&one).contains("one"));
    }
}
