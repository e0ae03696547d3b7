//! What an issuer says about a CI job in a signed token, and the patterns a trusted publisher expects of that.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::issuer::Issuer;

/// How far the clocks of an issuer and of this machine may be apart.
pub const CLOCK_LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// Bytes of a pattern at most.
const MAX_PATTERN_BYTES: usize = 512;
/// Bytes of a claim's name at most.
const MAX_NAME_BYTES: usize = 128;
/// Patterns of one publisher at most.
const MAX_PATTERNS: usize = 32;

/// Why patterns are refused. Says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// Empty or endless.
    #[error("a pattern must be 1 to {MAX_PATTERN_BYTES} bytes long")]
    Length,
    /// Characters that no claim holds on purpose.
    #[error("a pattern must not contain control characters")]
    Control,
    /// Nothing but stars.
    #[error("a pattern of nothing but * matches everything: write what you expect, or leave the claim out")]
    MatchesAnything,
    /// No pattern, or too many.
    #[error("there must be 1 to {MAX_PATTERNS} claims: without one, every job of the issuer could publish")]
    Count,
    /// Not the name of a claim.
    #[error("the name of a claim must be 1 to {MAX_NAME_BYTES} bytes without control characters")]
    Name,
    /// One of several patterns.
    #[error("{claim}: {reason}")]
    Of {
        /// The claim whose pattern it is.
        claim: String,
        /// What is wrong with it.
        reason: Box<InvalidPattern>,
    },
}

/// What the value of a claim must look like: `*` stands for any run of characters, `/` included, also for none; all other
/// characters stand for themselves, case-sensitively. A literal star cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimPattern(String);

impl ClaimPattern {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a value matches as a whole. Takes time in proportion to both lengths: each literal part is taken where
    /// it first occurs, which never has to be taken back.
    pub fn matches(&self, value: &str) -> bool {
        let Some((head, rest)) = self.0.split_once('*') else { return self.0 == value };
        let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
        let Some(mut left) = value.strip_prefix(head).and_then(|left| left.strip_suffix(tail)) else {
            return false;
        };
        for part in middle.split('*') {
            match left.split_once(part) {
                // An empty part occurs at once, before everything.
                Some((_skipped, after)) => left = after,
                None => return false,
            }
        }
        true
    }
}

impl FromStr for ClaimPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        if text.is_empty() || text.len() > MAX_PATTERN_BYTES {
            Err(InvalidPattern::Length)
        } else if text.chars().any(char::is_control) {
            Err(InvalidPattern::Control)
        } else if text.bytes().all(|byte| byte == b'*') {
            Err(InvalidPattern::MatchesAnything)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl TryFrom<String> for ClaimPattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        text.parse()
    }
}

impl From<ClaimPattern> for String {
    fn from(pattern: ClaimPattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for ClaimPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a trusted publisher expects: claims by name, each with its pattern; every one must match. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, ClaimPattern>", into = "BTreeMap<String, ClaimPattern>")]
pub struct ClaimPatterns(BTreeMap<String, ClaimPattern>);

impl ClaimPatterns {
    /// Reads patterns as they were sent. The error names the claim.
    pub fn parse<'a>(patterns: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, InvalidPattern> {
        let mut parsed = BTreeMap::new();
        for (claim, pattern) in patterns.into_iter().take(MAX_PATTERNS + 1) {
            check_name(claim)?;
            let pattern = pattern
                .parse()
                .map_err(|reason| InvalidPattern::Of { claim: claim.to_owned(), reason: Box::new(reason) })?;
            parsed.insert(claim.to_owned(), pattern);
        }
        Self::try_from(parsed)
    }

    /// The patterns, by the names of the claims.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ClaimPattern)> {
        self.0.iter().map(|(claim, pattern)| (claim.as_str(), pattern))
    }

    /// Whether every pattern matches its claim.
    pub fn matches(&self, claims: &Claims) -> bool {
        self.mismatch(claims).is_none()
    }

    /// The first claim, by name, that is missing or does not match: what to tell the author of a job.
    pub fn mismatch(&self, claims: &Claims) -> Option<(&str, &ClaimPattern)> {
        self.iter().find(|(name, pattern)| !claims.matches(name, pattern))
    }
}

fn check_name(name: &str) -> Result<(), InvalidPattern> {
    let fits = !name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(InvalidPattern::Name) }
}

impl TryFrom<BTreeMap<String, ClaimPattern>> for ClaimPatterns {
    type Error = InvalidPattern;

    fn try_from(patterns: BTreeMap<String, ClaimPattern>) -> Result<Self, InvalidPattern> {
        if patterns.is_empty() || patterns.len() > MAX_PATTERNS {
            return Err(InvalidPattern::Count);
        }
        patterns.keys().try_for_each(|name| check_name(name))?;
        Ok(Self(patterns))
    }
}

impl From<ClaimPatterns> for BTreeMap<String, ClaimPattern> {
    fn from(patterns: ClaimPatterns) -> Self {
        patterns.0
    }
}

/// What a token says, after its signature, issuer, audience and times were found good.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    issuer: Issuer,
    id: Option<String>,
    expires_at: Timestamp,
    values: Map<String, Value>,
}

impl Claims {
    /// Puts verified claims together. Only who has checked the signature may say that.
    pub fn verified(issuer: Issuer, expires_at: Timestamp, values: Map<String, Value>) -> Self {
        let id = values.get("jti").and_then(Value::as_str).map(str::to_owned);
        Self { issuer, id, expires_at, values }
    }

    /// Who signed.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The token's own name (`jti`; RFC 7519, 4.1.7), unique for its issuer. By this a token is known again.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The token's `exp`.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Until when the token is taken: [`CLOCK_LEEWAY`] after it expires. A `jti` must be remembered that long.
    pub fn accepted_until(&self) -> Timestamp {
        self.expires_at.saturating_add(CLOCK_LEEWAY).unwrap_or(Timestamp::MAX)
    }

    /// The value of a claim that is a string.
    pub fn string(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.as_str()
    }

    /// The value of a claim as text: a string as it is, a number or boolean as in JSON. GitLab writes ids as strings, others as
    /// numbers. Nothing for lists, objects and `null`.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        as_text(self.values.get(name)?)
    }

    /// A number, written as a number or as a string of digits.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// The value of a claim as it arrived.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Whether a claim matches: its text, or one string of a list. Objects, lists in lists and `null` never do.
    fn matches(&self, name: &str, pattern: &ClaimPattern) -> bool {
        match self.values.get(name) {
            Some(Value::Array(items)) => {
                items.iter().filter_map(Value::as_str).any(|item| pattern.matches(item))
            }
            Some(value) => as_text(value).is_some_and(|text| pattern.matches(&text)),
            None => false,
        }
    }
}

fn as_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(values: Value) -> Claims {
        let Value::Object(values) = values else { panic!("an object") };
        Claims::verified("https://ci.example".parse().unwrap(), Timestamp::UNIX_EPOCH, values)
    }

    #[test]
    fn a_pattern_matches_the_whole_value_and_a_star_any_run() {
        let cases = [
            ("the same text", "acme/vpc", "acme/vpc", true),
            ("a part of the text", "acme/vpc", "acme/vpc2", false),
            ("another case", "acme/vpc", "Acme/vpc", false),
            ("a star at the end", "refs/tags/*", "refs/tags/v1/x", true),
            ("a star for nothing", "refs/tags/*", "refs/tags/", true),
            ("a star at the start", "*/vpc", "acme/net/vpc", true),
            ("a prefix that is not there", "refs/tags/*", "refs/heads/refs/tags/v1", false),
            ("stars between", "acme/*/mod-*-x", "acme/a/b/mod-1-x", true),
            ("parts in another order", "*b*a*", "ab", false),
            ("head and tail must not share characters", "aba*aba", "ababa", false),
            ("the tail wins over an earlier match", "*a*ab", "aab", true),
            ("a middle part must fit before the tail", "a*b*b", "ab", false),
            ("stars side by side are one", "a**b", "a-b", true),
            ("other signs are literal", "v1.?[0]", "v1.?[0]", true),
            ("other signs match nothing else", "v1.?[0]", "v1.x0", false),
            ("characters beyond ASCII", "grün/*", "grün/é", true),
            ("an empty value", "*a", "", false),
        ];
        for (situation, pattern, value, expected) in cases {
            let pattern: ClaimPattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(value), expected, "{situation}: {pattern} on {value}");
        }
    }

    #[test]
    fn a_pattern_says_something_and_is_short() {
        assert_eq!("".parse::<ClaimPattern>(), Err(InvalidPattern::Length));
        "a".repeat(MAX_PATTERN_BYTES).parse::<ClaimPattern>().unwrap();
        assert_eq!("a".repeat(MAX_PATTERN_BYTES + 1).parse::<ClaimPattern>(), Err(InvalidPattern::Length));
        assert_eq!("**".parse::<ClaimPattern>(), Err(InvalidPattern::MatchesAnything));
        assert_eq!("a\n".parse::<ClaimPattern>(), Err(InvalidPattern::Control));
    }

    #[test]
    fn patterns_are_counted_and_their_errors_name_the_claim() {
        assert_eq!(ClaimPatterns::parse([]), Err(InvalidPattern::Count));
        let names: Vec<String> = (0..=MAX_PATTERNS).map(|number| number.to_string()).collect();
        let all = |count: usize| ClaimPatterns::parse(names[..count].iter().map(|name| (name.as_str(), "x")));
        all(MAX_PATTERNS).unwrap();
        assert_eq!(all(MAX_PATTERNS + 1), Err(InvalidPattern::Count));
        assert_eq!(ClaimPatterns::parse([("", "x")]), Err(InvalidPattern::Name));
        let error = ClaimPatterns::parse([("ref", "*")]).unwrap_err().to_string();
        assert!(error.starts_with("ref: "), "{error}");
    }

    #[test]
    fn every_claim_must_match_by_its_text() {
        let claims = claims(json!({
            "project_path": "acme/vpc", "ref_protected": "true", "run_id": 17, "fork": false, "none": null,
            "groups": ["ops", "dev", ["inner"], 5], "nested": {"a": "b"}, "jti": "one",
        }));
        let cases = [
            ("a string", vec![("project_path", "acme/*")], None),
            ("a number", vec![("run_id", "17")], None),
            ("a boolean", vec![("fork", "false")], None),
            ("one string of a list", vec![("groups", "dev")], None),
            ("a list within a list", vec![("groups", "inner")], Some("groups")),
            ("a number in a list", vec![("groups", "5")], Some("groups")),
            ("an object", vec![("nested", "*b*")], Some("nested")),
            ("null", vec![("none", "null*")], Some("none")),
            ("a claim that is missing", vec![("ref", "main*")], Some("ref")),
            ("one of two", vec![("project_path", "acme/*"), ("run_id", "18")], Some("run_id")),
        ];
        for (situation, patterns, expected) in cases {
            let patterns = ClaimPatterns::parse(patterns).unwrap();
            let found = patterns.mismatch(&claims).map(|(name, _)| name);
            assert_eq!(found, expected, "{situation}");
            assert_eq!(patterns.matches(&claims), expected.is_none(), "{situation}");
        }
        assert_eq!(claims.id(), Some("one"));
        assert_eq!((claims.number("run_id"), claims.number("project_path")), (Some(17), None));
        assert_eq!(claims.accepted_until().as_second(), 30);
    }

    #[test]
    fn patterns_are_judged_again_when_they_are_read_back() {
        let patterns = ClaimPatterns::parse([("ref", "v*")]).unwrap();
        let text = serde_json::to_string(&patterns).unwrap();
        assert_eq!(text, r#"{"ref":"v*"}"#);
        assert_eq!(serde_json::from_str::<ClaimPatterns>(&text).unwrap(), patterns);
        for bad in ["{}", r#"{"ref":"*"}"#, r#"{"":"x"}"#] {
            serde_json::from_str::<ClaimPatterns>(bad).unwrap_err();
        }
    }
}
