//! The table `[ci]` of the file: whose tokens are taken as proof of where a package came from.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

use super::file::One;
use super::value::Value;
use super::{ConfigError, Setting, Source};
use crate::domain::issuer::{Audience, Issuer, KeyLocation, SecureUrl, TrustedIssuer};

/// Whose tokens are taken from CI jobs, in the file only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ci {
    /// `[[ci.issuer]]`: issuers of OIDC ID tokens, each URL once.
    pub issuers: Setting<Vec<TrustedIssuer>>,
    /// `[[ci.gitlab]]`: base URLs of GitLab servers whose `CI_JOB_TOKEN` is taken, each once.
    pub gitlabs: Setting<Vec<SecureUrl>>,
}

/// The table as it is in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Table {
    issuer: Vec<IssuerEntry>,
    gitlab: Vec<GitLabEntry>,
}

/// One `[[ci.issuer]]`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "IssuerKeys")]
struct IssuerEntry(TrustedIssuer);

/// The keys of one `[[ci.issuer]]`. They are spelt as in OpenID Connect; the file's own way to write them is taken, too.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerKeys {
    url: One<Issuer>,
    audience: One<Audience>,
    #[serde(alias = "jwks-file")]
    jwks_file: Option<One<PathBuf>>,
    #[serde(alias = "jwks-uri")]
    jwks_uri: Option<One<SecureUrl>>,
}

/// One `[[ci.gitlab]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GitLabEntry {
    url: One<SecureUrl>,
}

impl TryFrom<IssuerKeys> for IssuerEntry {
    type Error = &'static str;

    fn try_from(entry: IssuerKeys) -> Result<Self, &'static str> {
        let keys = match (entry.jwks_file, entry.jwks_uri) {
            (Some(One(path)), None) => KeyLocation::File(path),
            (None, Some(One(url))) => KeyLocation::Uri(url),
            (None, None) => {
                return Err("this issuer has no keys: set jwks_uri, or jwks_file where there is no network");
            }
            (Some(_), Some(_)) => return Err("jwks_file excludes jwks_uri: drop one of the two"),
        };
        Ok(Self(TrustedIssuer { issuer: entry.url.0, audience: entry.audience.0, keys }))
    }
}

impl Ci {
    pub(super) fn resolve(table: Table) -> Self {
        let issuers = table.issuer.into_iter().map(|entry| entry.0).collect();
        let gitlabs = table.gitlab.into_iter().map(|entry| entry.url.0).collect();
        Self { issuers: list(issuers), gitlabs: list(gitlabs) }
    }

    /// What no single entry can tell.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let issuers = self.issuers.iter().map(|entry| entry.issuer.to_string());
        let gitlabs = self.gitlabs.iter().map(ToString::to_string);
        for (key, twice) in [("ci.issuer", repeated(issuers)), ("ci.gitlab", repeated(gitlabs))] {
            if let Some(url) = twice {
                let text = format!("{key}: the url {url} is there twice; drop one of the two entries");
                return Err(ConfigError::Conflict(text));
            }
        }
        Ok(())
    }
}

fn list<T>(value: Vec<T>) -> Setting<Vec<T>> {
    let source = if value.is_empty() { Source::Default } else { Source::File };
    Setting { value, source }
}

fn repeated(mut urls: impl Iterator<Item = String>) -> Option<String> {
    let mut seen = BTreeSet::new();
    urls.find(|url| !seen.insert(url.clone()))
}

/// How an issuer is printed by `cairn config show`.
pub(super) fn show_issuer(entry: &TrustedIssuer) -> String {
    let TrustedIssuer { issuer, audience, keys } = entry;
    match keys {
        KeyLocation::File(path) => format!("{issuer} (audience {audience}, jwks_file {})", path.display()),
        KeyLocation::Uri(url) => format!("{issuer} (audience {audience}, jwks_uri {url})"),
    }
}

fn parse<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

impl Value for Issuer {
    fn parse(text: &str) -> Result<Self, String> {
        parse(text)
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for Audience {
    fn parse(text: &str) -> Result<Self, String> {
        parse(text)
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for SecureUrl {
    fn parse(text: &str) -> Result<Self, String> {
        parse(text)
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::File;
    use super::*;

    const GITLAB: &str =
        "[[ci.issuer]]\nurl = \"https://gitlab.example\"\naudience = \"https://cairn.example\"\n";

    fn resolve(text: &str) -> Ci {
        Ci::resolve(File::parse(text).unwrap().ci)
    }

    #[test]
    fn issuers_and_gitlab_servers_are_read_in_order() {
        let ci = resolve(&format!(
            "{GITLAB}jwks_file = \"/etc/cairn/gitlab.jwks\"\n\
             [[ci.issuer]]\nurl = \"https://other.example\"\naudience = \"a\"\njwks-uri = \"https://other.example/keys\"\n\
             [[ci.gitlab]]\nurl = \"https://gitlab.example\"\n"
        ));
        let shown: Vec<_> = ci.issuers.iter().map(show_issuer).collect();
        assert_eq!(
            shown,
            [
                "https://gitlab.example (audience https://cairn.example, jwks_file /etc/cairn/gitlab.jwks)",
                "https://other.example (audience a, jwks_uri https://other.example/keys)",
            ]
        );
        assert_eq!(ci.gitlabs.iter().map(Value::show).collect::<Vec<_>>(), ["https://gitlab.example/"]);
        assert_eq!((ci.issuers.source, ci.gitlabs.source), (Source::File, Source::File));
        ci.check().unwrap();
        assert_eq!(resolve("").issuers.source, Source::Default);
    }

    #[test]
    fn errors_show_the_line_and_say_what_is_wrong() {
        let cases = [
            ("no keys", GITLAB.to_owned(), "line 1", "jwks_uri, or jwks_file"),
            (
                "keys from two places",
                format!("{GITLAB}jwks_file = \"a\"\njwks_uri = \"https://b\""),
                "line 1",
                "excludes",
            ),
            ("no audience", "\n[[ci.issuer]]\nurl = \"https://a\"".to_owned(), "line 2", "audience"),
            ("keys over plain HTTP", format!("{GITLAB}jwks_uri = \"http://a\""), "line 4", "https://"),
            ("an unknown key", format!("{GITLAB}jwks = \"a\""), "line 4", "jwks"),
            ("an issuer that is no URL", "[[ci.issuer]]\nurl = \"gitlab\"".to_owned(), "line 2", "iss"),
            (
                "a server over plain HTTP",
                "[[ci.gitlab]]\nurl = \"http://a\"".to_owned(),
                "line 2",
                "https://",
            ),
            ("a table of another name", "[ci]\nissuers = []".to_owned(), "line 2", "issuers"),
        ];
        for (situation, text, line, words) in cases {
            let error = File::parse(&text).expect_err(situation).to_string();
            assert!(error.contains(line) && error.contains(words), "{situation}: {error}");
        }
    }

    #[test]
    fn an_issuer_has_one_entry() {
        let entry = format!("{GITLAB}jwks_file = \"a\"\n");
        let error = resolve(&entry.repeat(2)).check().unwrap_err().to_string();
        assert!(error.contains("ci.issuer") && error.contains("https://gitlab.example"), "{error}");
        let error =
            resolve(&"[[ci.gitlab]]\nurl = \"https://a\"\n".repeat(2)).check().unwrap_err().to_string();
        assert!(error.contains("ci.gitlab") && error.contains("https://a"), "{error}");
    }
}
