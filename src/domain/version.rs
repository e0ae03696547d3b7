//! Versions: strict `SemVer` 2.0, their order, and which one is the latest.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest version text accepted. Semantic versions people write are under 40 characters; the bound keeps keys,
/// file names and log lines short.
pub const MAX_VERSION_LENGTH: usize = 128;

/// A strict [Semantic Version 2.0](https://semver.org) as Terraform can ask for it.
///
/// Equality and order follow precedence: build metadata does not make another version, because Terraform ignores it
/// when it compares ([`identity`](Self::identity) is the text that must be unique).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(semver::Version);

/// Why a version text was refused. The message tells what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVersion {
    /// `v1.2.0`: a Git tag, not a version.
    #[error("version \"{0}\" starts with a \"v\"; semantic versions do not: publish it as \"{1}\"")]
    LeadingV(String, String),
    /// Longer than [`MAX_VERSION_LENGTH`].
    #[error("a version may have at most {MAX_VERSION_LENGTH} characters")]
    TooLong,
    /// A number that Terraform's 64-bit signed integers cannot hold.
    #[error("version \"{0}\" has a number that Terraform cannot read (more than 9223372036854775807)")]
    TooLarge(String),
    /// Not `MAJOR.MINOR.PATCH[-prerelease][+build]`.
    #[error("version \"{0}\" is not a semantic version (MAJOR.MINOR.PATCH, as in 1.2.0 or 2.0.0-rc.1)")]
    NotSemVer(String),
}

impl Version {
    /// The version without build metadata: two versions of equal identity cannot both be published.
    pub fn identity(&self) -> String {
        let mut core = self.0.clone();
        core.build = semver::BuildMetadata::EMPTY;
        core.to_string()
    }

    /// Its build metadata; empty when there is none.
    pub fn build(&self) -> &str {
        self.0.build.as_str()
    }

    /// Its major, minor and patch number.
    pub const fn core(&self) -> [u64; 3] {
        [self.0.major, self.0.minor, self.0.patch]
    }

    /// Whether it has a prerelease part (`2.0.0-rc.1`). Terraform picks those only when asked for by exact version.
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }

    /// The latest of some versions: the highest that is not a prerelease, or the highest prerelease if there is
    /// nothing else.
    pub fn latest<'a, T>(items: impl IntoIterator<Item = T>, version: impl Fn(&T) -> &'a Self) -> Option<T> {
        items.into_iter().max_by(|a, b| {
            let (a, b) = (version(a), version(b));
            (!a.is_prerelease()).cmp(&!b.is_prerelease()).then_with(|| a.cmp(b))
        })
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_VERSION_LENGTH {
            return Err(InvalidVersion::TooLong);
        }
        match semver::Version::parse(text) {
            Ok(version) => {
                let signed = |number: u64| i64::try_from(number).is_ok();
                if signed(version.major) && signed(version.minor) && signed(version.patch) {
                    Ok(Self(version))
                } else {
                    Err(InvalidVersion::TooLarge(text.to_owned()))
                }
            }
            Err(_) => match text.strip_prefix(['v', 'V']) {
                Some(rest) if semver::Version::parse(rest).is_ok() => {
                    Err(InvalidVersion::LeadingV(text.to_owned(), rest.to_owned()))
                }
                _ => Err(InvalidVersion::NotSemVer(text.escape_default().to_string())),
            },
        }
    }
}

impl TryFrom<String> for Version {
    type Error = InvalidVersion;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn accepts_semver_and_nothing_looser() {
        for good in [
            "0.0.0",
            "1.0.10",
            "1.0.0-rc.1",
            "1.0.0-0.3.7",
            "1.0.0+b5",
            "1.0.0-x+y",
            "9223372036854775807.0.0",
        ] {
            assert_eq!(v(good).to_string(), good);
        }
        for bad in [
            "",
            "1",
            "1.0",
            "01.0.0",
            "1.0.0.0",
            "1.x",
            " 1.0.0",
            "1.0.0 ",
            "1.0.0-",
            "1.0.0-01",
            "1.0.0+",
            "latest",
            "../1.0.0",
            "1.0.0\n",
            "1.0.0-\u{e9}",
            "\u{661}.0.0",
        ] {
            assert!(matches!(bad.parse::<Version>(), Err(InvalidVersion::NotSemVer(_))), "{bad}");
        }
        let long = format!("1.0.0-{}", "a".repeat(MAX_VERSION_LENGTH));
        assert_eq!(long.parse::<Version>(), Err(InvalidVersion::TooLong));
        assert!(matches!("9223372036854775808.0.0".parse::<Version>(), Err(InvalidVersion::TooLarge(_))));
    }

    #[test]
    fn a_leading_v_is_named_with_the_version_to_write() {
        let error = "v1.2.0".parse::<Version>().unwrap_err().to_string();
        assert!(error.contains("publish it as \"1.2.0\""), "{error}");
        assert!(matches!("vista".parse::<Version>(), Err(InvalidVersion::NotSemVer(_))));
    }

    #[test]
    fn order_is_precedence_not_text() {
        let mut versions = ["1.0.9", "1.0.10", "1.0.10-rc.2", "1.0.10-rc.10", "1.0.10-alpha"].map(v);
        versions.sort();
        assert_eq!(
            versions.map(String::from),
            ["1.0.9", "1.0.10-alpha", "1.0.10-rc.2", "1.0.10-rc.10", "1.0.10"]
        );
        assert_eq!(v("1.0.0+a"), v("1.0.0+b"));
        assert_eq!(v("1.0.0-rc.1+a").identity(), "1.0.0-rc.1");
    }

    #[test]
    fn latest_prefers_releases_and_falls_back_to_prereleases() {
        let latest = |texts: &[&str]| {
            let versions: Vec<_> = texts.iter().map(|text| v(text)).collect();
            Version::latest(versions.iter(), |version| version).map(ToString::to_string)
        };
        assert_eq!(latest(&["1.0.9", "1.0.10", "2.0.0-rc.1"]).as_deref(), Some("1.0.10"));
        assert_eq!(latest(&["2.0.0-rc.1", "2.0.0-rc.2"]).as_deref(), Some("2.0.0-rc.2"));
        assert_eq!(latest(&[]), None);
    }
}
