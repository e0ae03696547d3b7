//! Webhooks: which URL is told of which changes of a project, with which secret, and how often that is tried.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{DeliveryId, HookId, ProjectId, UserId};

/// Bytes of a URL at most.
const MAX_URL_BYTES: usize = 2048;
/// Bytes of a secret: short ones can be guessed from one signed request.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=255;
/// Bytes of a key behind [`SECRET_PREFIX`] (Standard Webhooks).
const KEY_BYTES: std::ops::RangeInclusive<usize> = 16..=64;
/// What a secret begins with whose rest is the key in base64 (Standard Webhooks).
const SECRET_PREFIX: &str = "whsec_";
/// How often something is sent before it is given up: over about two days.
pub const MAX_ATTEMPTS: u32 = 15;
/// The longest pause between two attempts.
const MAX_PAUSE: SignedDuration = SignedDuration::from_hours(24);
/// How long everything a webhook sends may fail before it is switched off.
pub const FAILING_LONG: SignedDuration = SignedDuration::from_hours(4 * 24);

/// Why a text cannot be the URL of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHookUrl {
    /// Not a URL of the web, or endless.
    #[error(
        "must be an http or https URL of at most {MAX_URL_BYTES} bytes, such as https://hooks.example.com/cairn"
    )]
    NotAUrl,
    /// A password in a URL ends in logs.
    #[error("must hold no user name and no password: requests are signed instead")]
    Credentials,
}

/// Where a webhook is sent. May hold a secret in its path or query: only maintainers see it, and logs only its host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HookUrl(Url);

impl HookUrl {
    /// The URL, in the one spelling that the standard gives it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Host and port, for messages and to count connections.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

impl fmt::Debug for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HookUrl({})", self.host())
    }
}

impl FromStr for HookUrl {
    type Err = InvalidHookUrl;

    fn from_str(text: &str) -> Result<Self, InvalidHookUrl> {
        // The parser of URLs drops blanks and control characters; whoever sends some made a mistake.
        if text.len() > MAX_URL_BYTES || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(InvalidHookUrl::NotAUrl);
        }
        let mut url = Url::parse(text).map_err(|_not_a_url| InvalidHookUrl::NotAUrl)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(InvalidHookUrl::NotAUrl);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidHookUrl::Credentials);
        }
        url.set_fragment(None);
        if url.as_str().len() > MAX_URL_BYTES { Err(InvalidHookUrl::NotAUrl) } else { Ok(Self(url)) }
    }
}

impl TryFrom<String> for HookUrl {
    type Error = InvalidHookUrl;

    fn try_from(text: String) -> Result<Self, InvalidHookUrl> {
        text.parse()
    }
}

impl From<HookUrl> for String {
    fn from(url: HookUrl) -> Self {
        url.0.into()
    }
}

/// Why a text cannot be the secret of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHookSecret {
    /// Too short to protect anything, or endless.
    #[error("must have {} to {} characters, all of them visible ASCII", SECRET_BYTES.start(), SECRET_BYTES.end())]
    Shape,
    /// It says that it is base64 and is not.
    #[error("begins with {SECRET_PREFIX}: the rest must be {} to {} bytes in base64", KEY_BYTES.start(), KEY_BYTES.end())]
    NotBase64,
}

/// What requests are signed with. Kept, because signing needs it, and never shown: neither `Debug` nor any answer has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HookSecret(String);

impl HookSecret {
    /// The secret with that key, in the form that libraries for Standard Webhooks take.
    pub fn from_key(key: &[u8; 32]) -> Self {
        Self(format!("{SECRET_PREFIX}{}", BASE64.encode(key)))
    }

    /// As the receiver has to know it: shown once, where it was made up here.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The key of the HMAC: what is behind `whsec_`, decoded; of another secret its bytes.
    pub fn key(&self) -> Vec<u8> {
        let encoded = self.0.strip_prefix(SECRET_PREFIX).and_then(|text| BASE64.decode(text.as_bytes()).ok());
        encoded.unwrap_or_else(|| self.0.clone().into_bytes())
    }
}

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookSecret(..)")
    }
}

impl FromStr for HookSecret {
    type Err = InvalidHookSecret;

    fn from_str(text: &str) -> Result<Self, InvalidHookSecret> {
        if !SECRET_BYTES.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidHookSecret::Shape);
        }
        if let Some(encoded) = text.strip_prefix(SECRET_PREFIX) {
            let key =
                BASE64.decode(encoded.as_bytes()).map_err(|_not_base64| InvalidHookSecret::NotBase64)?;
            if !KEY_BYTES.contains(&key.len()) {
                return Err(InvalidHookSecret::NotBase64);
            }
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for HookSecret {
    type Error = InvalidHookSecret;

    fn try_from(text: String) -> Result<Self, InvalidHookSecret> {
        text.parse()
    }
}

impl From<HookSecret> for String {
    fn from(secret: HookSecret) -> Self {
        secret.0
    }
}

/// Which changes a webhook is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriptions {
    /// Packages published and deleted.
    pub packages: bool,
    /// Settings of the project changed.
    pub settings: bool,
}

impl Subscriptions {
    /// Whether they have an event of that kind. A test is for everyone.
    pub const fn have(self, kind: EventKind) -> bool {
        match kind {
            EventKind::PackagePublished | EventKind::PackageDeleted | EventKind::PackageFileDeleted => {
                self.packages
            }
            EventKind::ProjectChanged => self.settings,
            EventKind::Test => true,
        }
    }
}

/// A webhook of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its number.
    pub id: HookId,
    /// The project whose changes it tells.
    pub project: ProjectId,
    /// Where to.
    pub url: HookUrl,
    /// Its name for people; may be empty.
    pub name: String,
    /// What requests are signed with.
    pub secret: HookSecret,
    /// What it is told of.
    pub events: Subscriptions,
    /// Who added it.
    pub created_by: Option<UserId>,
    /// When it was added.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
    /// Since when every attempt failed; nothing after one that succeeded.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub failing_since: Option<Timestamp>,
    /// Why it is switched off, if it is: nothing is queued for it then.
    pub disabled: Option<String>,
}

/// What happened. Order is part of the stored format: add at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// A package was published.
    PackagePublished,
    /// A package was deleted.
    PackageDeleted,
    /// The file of a package was deleted; the package stayed.
    PackageFileDeleted,
    /// Settings of the project are others.
    ProjectChanged,
    /// Somebody wants to see whether it works.
    Test,
}

impl EventKind {
    /// Its name in requests: `X-Cairn-Event`, and `event` of the body.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PackagePublished => "package.published",
            Self::PackageDeleted => "package.deleted",
            Self::PackageFileDeleted => "package.file_deleted",
            Self::ProjectChanged => "project.changed",
            Self::Test => "test",
        }
    }

    /// How often it is sent at most.
    pub const fn attempts(self) -> u32 {
        match self {
            // Whoever tests looks at the answer now.
            Self::Test => 1,
            Self::PackagePublished
            | Self::PackageDeleted
            | Self::PackageFileDeleted
            | Self::ProjectChanged => MAX_ATTEMPTS,
        }
    }
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    /// It will be sent, for the first time or again.
    Waiting,
    /// The receiver took it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// In one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub at: Timestamp,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// What went wrong, in a sentence without a secret; nothing when it succeeded.
    pub error: Option<String>,
}

/// One event on its way to one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its number.
    pub id: DeliveryId,
    /// Where it goes.
    pub hook: HookId,
    /// What happened.
    pub kind: EventKind,
    /// What the receiver knows it by, the same at every attempt (`webhook-id`).
    pub message: String,
    /// The body in JSON. URLs in it are still paths: what stands before them is known when it is sent.
    pub body: String,
    /// When it was queued.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
    /// When it is to be sent; of a finished one, when it ended.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub due_at: Timestamp,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: u32,
    /// How the last attempt ended.
    pub last: Option<Attempt>,
}

impl Delivery {
    /// The pause before the next attempt: `first`, doubled for each attempt since, a day at most; and up to a fifth more, so
    /// that what failed together does not come back together.
    pub fn pause(&self, first: SignedDuration) -> SignedDuration {
        let doublings = self.attempts.saturating_sub(1).min(30);
        let seconds = first.as_secs().saturating_mul(1 << doublings).min(MAX_PAUSE.as_secs());
        // A spread that needs no chance: neighbouring numbers end far from each other (Knuth's multiplier).
        let spread =
            self.id.0.wrapping_add(u64::from(self.attempts)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44;
        let more = i128::from(seconds) * 1000 * i128::from(spread % 200) / 1000;
        SignedDuration::from_secs(seconds)
            .saturating_add(SignedDuration::from_millis(i64::try_from(more).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_of_the_web_and_hold_no_credentials() {
        for (text, expected) in [
            ("https://hooks.example/a?b=c#d", Ok("https://hooks.example/a?b=c")),
            ("http://0x7f.1/", Ok("http://127.0.0.1/")),
            ("http://2130706433", Ok("http://127.0.0.1/")),
            ("http://0177.0.0.1/", Ok("http://127.0.0.1/")),
            ("http://127.1./", Ok("http://127.0.0.1/")),
            ("http://①②⑦.0.0.1/", Ok("http://127.0.0.1/")),
            ("http://[::FFFF:127.0.0.1]/", Ok("http://[::ffff:7f00:1]/")),
            ("https://ada@hooks.example", Err(InvalidHookUrl::Credentials)),
            ("https://:secret@hooks.example", Err(InvalidHookUrl::Credentials)),
            ("ftp://hooks.example", Err(InvalidHookUrl::NotAUrl)),
            ("file:///etc/passwd", Err(InvalidHookUrl::NotAUrl)),
            ("https://", Err(InvalidHookUrl::NotAUrl)),
            ("https://hooks.example/a b", Err(InvalidHookUrl::NotAUrl)),
            ("https://hooks.example/\r\nx: y", Err(InvalidHookUrl::NotAUrl)),
            ("hooks.example", Err(InvalidHookUrl::NotAUrl)),
            ("", Err(InvalidHookUrl::NotAUrl)),
        ] {
            let parsed = text.parse::<HookUrl>();
            assert_eq!(parsed.as_ref().map(HookUrl::as_str).map_err(|error| *error), expected, "{text}");
        }
        let long = format!("https://hooks.example/{}", "a".repeat(MAX_URL_BYTES));
        assert_eq!(long.parse::<HookUrl>(), Err(InvalidHookUrl::NotAUrl));
        let url: HookUrl = "https://hooks.example:444/services/secret?token=secret".parse().unwrap();
        assert_eq!(format!("{url:?}"), "HookUrl(hooks.example:444)");
    }

    #[test]
    fn secrets_are_long_enough_and_never_printed() {
        for (text, expected) in [
            ("whsec_MDEyMzQ1Njc4OWFiY2RlZg==", Ok("0123456789abcdef")),
            ("a plain one has no blanks", Err(InvalidHookSecret::Shape)),
            ("plain-0123456789", Ok("plain-0123456789")),
            ("whsec_MDEyMzQ1Njc4", Err(InvalidHookSecret::NotBase64)),
            ("whsec_not+base64+at+all", Err(InvalidHookSecret::NotBase64)),
            ("short", Err(InvalidHookSecret::Shape)),
            ("0123456789abcd\r\n", Err(InvalidHookSecret::Shape)),
        ] {
            let parsed = text.parse::<HookSecret>();
            let key = parsed.map(|secret| secret.key());
            assert_eq!(key, expected.map(|key| key.as_bytes().to_vec()), "{text}");
        }
        let secret = HookSecret::from_key(&[7; 32]);
        assert_eq!(secret.key(), [7; 32]);
        assert_eq!(secret.reveal().parse::<HookSecret>().unwrap(), secret);
        assert_eq!(format!("{secret:?}"), "HookSecret(..)");
    }

    #[test]
    fn pauses_double_up_to_a_day_and_are_spread_by_a_fifth() {
        let delivery = |id, attempts| Delivery {
            id: DeliveryId(id),
            hook: HookId(1),
            kind: EventKind::Test,
            message: String::new(),
            body: String::new(),
            created_at: Timestamp::UNIX_EPOCH,
            due_at: Timestamp::UNIX_EPOCH,
            state: DeliveryState::Waiting,
            attempts,
            last: None,
        };
        let first = SignedDuration::from_secs(10);
        for (attempts, seconds) in
            [(0, 10), (1, 10), (2, 20), (5, 160), (13, 40_960), (15, 86_400), (99, 86_400)]
        {
            let pauses: Vec<i128> =
                (1..50).map(|id| delivery(id, attempts).pause(first).as_millis()).collect();
            let (least, most) = (seconds * 1000, seconds * 1200);
            assert!(pauses.iter().all(|pause| (least..most).contains(pause)), "{attempts}: {pauses:?}");
            let mut others = pauses.clone();
            others.sort_unstable();
            others.dedup();
            assert!(others.len() > 30, "{attempts}: {pauses:?}");
        }
    }
}
