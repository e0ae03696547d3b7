//! Where a package came from: the pipeline, commit and ref it was published from, and who vouches for that.
//!
//! Everything here comes from outside and is shown to people, some of it as links: it is parsed into bounded types that
//! cannot carry control characters, and links are only `http` and `https`.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// The longest text of one line.
const MAX_LINE: usize = 255;
/// The longest URL.
const MAX_URL: usize = 2048;

/// Bytes of JSON at most in which a publisher says where a package comes from.
pub const MAX_CLAIM: usize = 8 * 1024;

/// Why something cannot be part of a provenance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvenanceError {
    /// Not one line of text.
    #[error("must be one line of 1 to {MAX_LINE} characters")]
    Line,
    /// Not the name of a commit.
    #[error("must be the full name of a commit: 40 or 64 hexadecimal digits")]
    Commit,
    /// Not the URL of a page.
    #[error("must be an http or https URL of at most {MAX_URL} characters, without user name and password")]
    Url,
}

/// Declares a parsed text that is stored and compared as it was written.
macro_rules! parsed_text {
    ($(#[$doc:meta])* $name:ident, $accepts:expr, $error:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = ProvenanceError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if $accepts(text) { Ok(Self(text.to_owned())) } else { Err($error) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = ProvenanceError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

parsed_text!(
    /// One line of text: the name of a ref, a job, a person.
    Line,
    is_line,
    ProvenanceError::Line
);
parsed_text!(
    /// The full name of a Git commit, SHA-1 or SHA-256.
    CommitSha,
    is_commit,
    ProvenanceError::Commit
);
parsed_text!(
    /// The address of a page that people may be led to.
    PageUrl,
    is_page,
    ProvenanceError::Url
);

fn is_line(text: &str) -> bool {
    let fits = (1..=MAX_LINE).contains(&text.len());
    // Overrides of the writing direction make a line read as another.
    let deceives =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    fits && text.trim() == text && !text.chars().any(|c| c.is_control() || deceives(c))
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_page(text: &str) -> bool {
    let printable = text.len() <= MAX_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
    printable
        && url::Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
        })
}

impl CommitSha {
    /// As people write it.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

/// A run of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its number at the CI system (GitLab `pipeline_id`, GitHub `run_id`).
    pub id: u64,
    /// Its number within the source project (GitLab `iid`, GitHub `run_number`).
    pub iid: Option<u64>,
    /// Its page.
    pub web_url: Option<PageUrl>,
    /// What started it (GitLab `pipeline_source`, GitHub `event_name`).
    pub source: Option<Line>,
}

/// The job of a pipeline that published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRun {
    /// Its name (GitHub: the workflow).
    pub name: Option<Line>,
    /// Its page.
    pub web_url: Option<PageUrl>,
}

/// Who vouches for a provenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum VerifiedBy {
    /// A job opened here, by a developer of the project: its number.
    Job(u64),
    /// An OIDC issuer that signed an ID token: its URL.
    Issuer(String),
    /// A GitLab that confirmed a job token: its URL.
    Gitlab(String),
    /// Nobody: the publisher's own word.
    Nobody,
}

impl VerifiedBy {
    /// As the API names the kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Job(_) => "ci_job",
            Self::Issuer(_) => "issuer",
            Self::Gitlab(_) => "gitlab",
            Self::Nobody => "not_verified",
        }
    }

    /// The URL of who vouches, where there is one.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Issuer(url) | Self::Gitlab(url) => Some(url),
            Self::Job(_) | Self::Nobody => None,
        }
    }

    /// Whether anybody vouches.
    pub const fn is_verified(&self) -> bool {
        !matches!(self, Self::Nobody)
    }
}

/// Where something was published from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Who vouches for it.
    pub verified_by: VerifiedBy,
    /// The pipeline.
    pub pipeline: Option<Pipeline>,
    /// The job.
    pub job: Option<JobRun>,
    /// The branch or tag.
    pub git_ref: Option<Line>,
    /// The commit.
    pub sha: Option<CommitSha>,
    /// The page of the commit.
    pub commit_url: Option<PageUrl>,
    /// The project or repository at the CI system (`group/project`).
    pub source_project: Option<Line>,
    /// Who started the pipeline, as the CI system names the person.
    pub user: Option<Line>,
}

impl Provenance {
    /// One that says nothing yet.
    pub const fn verified_by(verified_by: VerifiedBy) -> Self {
        Self {
            verified_by,
            pipeline: None,
            job: None,
            git_ref: None,
            sha: None,
            commit_url: None,
            source_project: None,
            user: None,
        }
    }

    /// The page of the branch or tag, beside the page of the pipeline.
    pub fn ref_url(&self) -> Option<PageUrl> {
        let page = self.pipeline.as_ref()?.web_url.as_ref()?;
        let encoded = utf8_percent_encode(self.git_ref.as_ref()?.as_str(), REF).to_string();
        page_beside(page, "/-/tree/", "/tree/", &encoded)
    }

    /// Fills in the page of the commit from the page of the pipeline, where that has a shape of GitLab's or GitHub's.
    #[must_use]
    pub fn with_commit_url(mut self) -> Self {
        if self.commit_url.is_none() {
            let page = self.pipeline.as_ref().and_then(|pipeline| pipeline.web_url.as_ref());
            self.commit_url = page.zip(self.sha.as_ref()).and_then(|(page, sha)| commit_page(page, sha));
        }
        self
    }
}

/// The page of a commit beside the page of a pipeline.
fn commit_page(pipeline: &PageUrl, sha: &CommitSha) -> Option<PageUrl> {
    page_beside(pipeline, "/-/commit/", "/commit/", sha.as_str())
}

/// A page of the project that a pipeline belongs to, where the page of the pipeline has a shape that says how: GitLab's
/// `…/-/pipelines/7` or GitHub's `…/actions/runs/7`.
fn page_beside(pipeline: &PageUrl, gitlab: &str, github: &str, rest: &str) -> Option<PageUrl> {
    [("/-/pipelines/", gitlab), ("/actions/runs/", github)].into_iter().find_map(|(runs, pages)| {
        let (project, _) = pipeline.as_str().split_once(runs)?;
        format!("{project}{pages}{rest}").parse().ok()
    })
}

/// What a ref has besides letters and digits and stays as it is in a URL.
const REF: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_shown_is_taken() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        for (situation, accepted) in [
            ("a ref", "feature/x-1".parse::<Line>().is_ok()),
            ("a name in Greek", "\u{3b1}\u{3b2}\u{3b3}".parse::<Line>().is_ok()),
            ("a commit", sha.parse::<CommitSha>().is_ok()),
            ("a SHA-256 commit", "ab".repeat(32).parse::<CommitSha>().is_ok()),
            ("a page", "https://gitlab.example/a/b/-/pipelines/7?x=1#y".parse::<PageUrl>().is_ok()),
            ("a page by address", "http://10.0.0.1:8080/job/1/".parse::<PageUrl>().is_ok()),
        ] {
            assert!(accepted, "{situation}");
        }
        for (situation, refused) in [
            ("nothing", "".parse::<Line>().is_err()),
            ("two lines", "a\nb".parse::<Line>().is_err()),
            ("a hidden turn of direction", "a\u{202e}b".parse::<Line>().is_err()),
            ("spaces around", " a ".parse::<Line>().is_err()),
            ("too long", "a".repeat(256).parse::<Line>().is_err()),
            ("a short commit", "0123456".parse::<CommitSha>().is_err()),
            ("a commit in capitals", sha.to_uppercase().parse::<CommitSha>().is_err()),
            ("a script", "javascript:alert(1)".parse::<PageUrl>().is_err()),
            ("data", "data:text/html,x".parse::<PageUrl>().is_err()),
            ("a password", "https://a:b@gitlab.example/".parse::<PageUrl>().is_err()),
            ("a space", "https://gitlab.example/a b".parse::<PageUrl>().is_err()),
            ("no host", "https:///a".parse::<PageUrl>().is_err() || "file:///a".parse::<PageUrl>().is_err()),
            ("too long a URL", format!("https://a/{}", "a".repeat(2048)).parse::<PageUrl>().is_err()),
        ] {
            assert!(refused, "{situation}");
        }
    }

    #[test]
    fn a_ref_is_found_beside_its_pipeline() {
        let mut provenance = Provenance::verified_by(VerifiedBy::Nobody);
        provenance.git_ref = Some("feature/a b?#\u{e9}".parse().unwrap());
        let web_url = Some("https://gitlab.example/a/-/pipelines/7".parse().unwrap());
        provenance.pipeline = Some(Pipeline { id: 7, iid: None, web_url, source: None });
        let found = provenance.ref_url().map(String::from);
        assert_eq!(found.as_deref(), Some("https://gitlab.example/a/-/tree/feature/a%20b%3F%23%C3%A9"));
    }

    #[test]
    fn a_commit_is_found_beside_its_pipeline() {
        let sha: CommitSha = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
        for (pipeline, commit) in [
            ("https://gitlab.example/a/b/-/pipelines/7", Some("https://gitlab.example/a/b/-/commit/")),
            ("https://github.com/a/b/actions/runs/7", Some("https://github.com/a/b/commit/")),
            ("https://jenkins.example/job/7/", None),
        ] {
            let mut provenance = Provenance::verified_by(VerifiedBy::Nobody);
            provenance.sha = Some(sha.clone());
            let web_url = Some(pipeline.parse().unwrap());
            provenance.pipeline = Some(Pipeline { id: 7, iid: None, web_url, source: None });
            let found = provenance.with_commit_url().commit_url.map(String::from);
            assert_eq!(found, commit.map(|commit| format!("{commit}{sha}")), "{pipeline}");
        }
    }
}
