//! The issuers of CI tokens an operator trusts, and where their keys come from.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Bytes of an issuer's name, of an audience and of a URL at most.
const MAX_ISSUER_BYTES: usize = 512;

/// Why a text cannot name an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuer {
    /// Empty or endless.
    #[error("the issuer must be 1 to {MAX_ISSUER_BYTES} bytes long")]
    Length,
    /// Not a URL of the web.
    #[error("the issuer must be a URL as in the token's iss, for example https://gitlab.example.com")]
    NotAUrl,
    /// More than the name of an issuer.
    #[error("the issuer's URL must have no user name, password, query or fragment (OpenID Connect Core, 2)")]
    Parts,
}

/// Who signs tokens: the `iss` claim (RFC 7519, 4.1.1), a URL, kept and compared byte for byte.
///
/// `http` is allowed beside `https`: this is only a name, and a GitLab inside a closed network may have no other. Where
/// keys are *fetched* from is another matter: see [`SecureUrl`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer(String);

impl Issuer {
    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Issuer {
    type Err = InvalidIssuer;

    fn from_str(text: &str) -> Result<Self, InvalidIssuer> {
        if text.is_empty() || text.len() > MAX_ISSUER_BYTES {
            return Err(InvalidIssuer::Length);
        }
        // The parser of URLs forgives blanks and control characters; a name that is compared must not.
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidIssuer::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_not_a_url| InvalidIssuer::NotAUrl)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(InvalidIssuer::NotAUrl);
        }
        if text.contains(['@', '?', '#']) {
            return Err(InvalidIssuer::Parts);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Issuer {
    type Error = InvalidIssuer;

    fn try_from(text: String) -> Result<Self, InvalidIssuer> {
        text.parse()
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a URL cannot be asked for anything that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Not a URL, or endless.
    #[error("not a URL; write for example https://gitlab.example.com/oauth/discovery/keys")]
    NotAUrl,
    /// Anybody on the way could answer in its place.
    #[error(
        "the URL must start with https://: whoever answers it decides who may publish (http:// is taken for localhost only)"
    )]
    Insecure,
    /// A user name, a password or a fragment.
    #[error("the URL must have no user name, password or fragment")]
    Parts,
}

/// A URL whose answer is believed: `https`, or `http` to this machine itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecureUrl(Url);

impl SecureUrl {
    /// The URL.
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for SecureUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let url = Url::parse(text).map_err(|_not_a_url| InvalidUrl::NotAUrl)?;
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(InvalidUrl::NotAUrl),
        };
        match url.scheme() {
            _ if text.len() > MAX_ISSUER_BYTES => Err(InvalidUrl::NotAUrl),
            "http" if !is_here => Err(InvalidUrl::Insecure),
            "http" | "https" => {
                let extra =
                    !url.username().is_empty() || url.password().is_some() || url.fragment().is_some();
                if extra { Err(InvalidUrl::Parts) } else { Ok(Self(url)) }
            }
            _ => Err(InvalidUrl::NotAUrl),
        }
    }
}

impl fmt::Display for SecureUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// Where the public keys of an issuer are found: a JSON Web Key Set (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyLocation {
    /// A file, read again when it changes. Needs no network.
    File(PathBuf),
    /// The issuer's own address for them.
    Uri(SecureUrl),
}

/// An issuer whose tokens are taken, as the operator configured it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// Must equal the token's `iss`.
    pub issuer: Issuer,
    /// Must be in the token's `aud`: the name of this server, so that no token made for another one is taken.
    pub audience: Audience,
    /// Where its keys are.
    pub keys: KeyLocation,
}

/// The name by which tokens are made for this server. Any text an issuer accepts, usually the server's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(String);

impl Audience {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an audience must be 1 to {MAX_ISSUER_BYTES} bytes without control characters, for example https://cairn.example.com"
)]
pub struct InvalidAudience;

impl FromStr for Audience {
    type Err = InvalidAudience;

    fn from_str(text: &str) -> Result<Self, InvalidAudience> {
        let fits = !text.is_empty() && text.len() <= MAX_ISSUER_BYTES && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidAudience) }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_plain_url_kept_as_written() {
        for good in [
            "https://gitlab.example",
            "https://a.example/",
            "http://gitlab.internal:8080/sub",
            "https://[::1]",
        ] {
            assert_eq!(good.parse::<Issuer>().unwrap().as_str(), good);
        }
        let long = format!("https://{}", "a".repeat(MAX_ISSUER_BYTES));
        let cases = [
            ("nothing", "", InvalidIssuer::Length),
            ("too long", &long, InvalidIssuer::Length),
            ("no URL", "gitlab.example", InvalidIssuer::NotAUrl),
            ("another scheme", "file:///etc/passwd", InvalidIssuer::NotAUrl),
            ("a blank", "https://a.example /", InvalidIssuer::NotAUrl),
            ("a line break", "https://a.example\n", InvalidIssuer::NotAUrl),
            ("a password", "https://me:pw@a.example", InvalidIssuer::Parts),
            ("a query", "https://a.example?x", InvalidIssuer::Parts),
            ("a fragment", "https://a.example#x", InvalidIssuer::Parts),
        ];
        for (situation, text, expected) in cases {
            assert_eq!(text.parse::<Issuer>(), Err(expected), "{situation}");
        }
    }

    #[test]
    fn an_issuer_is_judged_again_when_it_is_read_back() {
        assert_eq!(serde_json::from_str::<Issuer>("\"https://x\"").unwrap().as_str(), "https://x");
        serde_json::from_str::<Issuer>("\"ftp://x\"").unwrap_err();
    }

    #[test]
    fn only_an_encrypted_or_local_answer_is_believed() {
        let cases = [
            ("encrypted", "https://gitlab.example/oauth/discovery/keys?v=1", None),
            ("this machine", "http://127.0.0.1:8080/keys", None),
            ("this machine, by name", "http://localhost/keys", None),
            ("this machine, the other address", "http://[::1]/keys", None),
            ("another machine", "http://gitlab.example/keys", Some(InvalidUrl::Insecure)),
            ("a name that begins like this machine", "http://localhost.example/", Some(InvalidUrl::Insecure)),
            ("a user", "https://me@gitlab.example/", Some(InvalidUrl::Parts)),
            ("a fragment", "https://gitlab.example/#x", Some(InvalidUrl::Parts)),
            ("a file", "file:///keys", Some(InvalidUrl::NotAUrl)),
            ("another scheme", "ftp://localhost/", Some(InvalidUrl::NotAUrl)),
            ("no URL", "keys", Some(InvalidUrl::NotAUrl)),
        ];
        for (situation, text, expected) in cases {
            assert_eq!(text.parse::<SecureUrl>().err(), expected, "{situation}");
        }
    }

    #[test]
    fn an_audience_is_any_short_line() {
        "cairn".parse::<Audience>().unwrap();
        for bad in ["", "a\nb", &"a".repeat(MAX_ISSUER_BYTES + 1)] {
            assert_eq!(bad.parse::<Audience>(), Err(InvalidAudience));
        }
    }
}
