//! Names and paths: namespaces, groups, projects, modules and systems, compared without regard to ASCII case.
//!
//! The grammar of module addresses is Terraform's (`<namespace>/<name>/<system>`), that of nested group and project
//! paths is GitLab's. A value keeps the case it was created with; [`key`](ModuleName::key) is what indexes use.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name Terraform accepts for a namespace, a module or a system.
pub const MAX_NAME_LENGTH: usize = 64;
/// GitLab's bound for one segment of a group or project path.
pub const MAX_SEGMENT_LENGTH: usize = 255;
/// GitLab allows 20 levels of groups, and a project below them.
pub const MAX_PATH_SEGMENTS: usize = 21;

/// First segments that belong to the server itself, so that no group or user may take them.
const RESERVED_ROOTS: &[&str] = &[
    "api",
    "v1",
    "v2",
    "users",
    "groups",
    "admin",
    "search",
    "assets",
    "oauth",
    "login",
    "dashboard",
    "help",
    "projects",
];

/// Why a name or path was refused. The message says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// A module name Terraform could never address.
    #[error(
        "module name \"{0}\" is not usable in a Terraform address: use letters and digits, with - or _ inside, at most 64"
    )]
    Module(String),
    /// A system Terraform could never address.
    #[error(
        "system \"{0}\" is not usable in a Terraform address: use only a-z and 0-9, at most 64 (for example aws)"
    )]
    System(String),
    /// A root path that cannot be a Terraform namespace.
    #[error(
        "path \"{0}\" cannot be a Terraform namespace: use letters and digits, with - or _ inside, at most 64, not only digits"
    )]
    Root(String),
    /// A root path that the server uses itself.
    #[error("path \"{0}\" is reserved by the server: choose another")]
    Reserved(String),
    /// One segment of a nested path.
    #[error(
        "path \"{0}\" is not allowed: use letters, digits, _, - and . (not first or last), at most 255, not ending in .git or .atom"
    )]
    Segment(String),
    /// Too many levels.
    #[error("a path may have at most {MAX_PATH_SEGMENTS} segments")]
    TooDeep,
}

fn shown(text: &str) -> String {
    text.chars().take(MAX_NAME_LENGTH + 1).collect::<String>().escape_default().to_string()
}

/// Terraform's grammar for namespaces and module names: ASCII letters and digits, inner `-` and `_`, 1 to 64.
fn is_terraform_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= MAX_NAME_LENGTH
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn is_system(text: &str) -> bool {
    (1..=MAX_NAME_LENGTH).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn is_segment(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let lower = text.to_ascii_lowercase();
    bytes.len() <= MAX_SEGMENT_LENGTH
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && ![".git", ".atom"].iter().any(|ending| lower.ends_with(ending))
}

/// Declares a name type whose equality ignores ASCII case and whose only constructor is its parser.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as it was created.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text in lower case: what comparisons and indexes use.
            pub fn key(&self) -> String {
                self.0.to_ascii_lowercase()
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let judge: fn(&str) -> Result<(), InvalidName> = $parse;
                judge(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.eq_ignore_ascii_case(&other.0)
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.key().hash(state);
            }
        }
    };
}

name_type!(
    /// The name of a module in a Terraform address: `vpc` in `acme/vpc/aws`.
    ModuleName,
    |text| if is_terraform_name(text) { Ok(()) } else { Err(InvalidName::Module(shown(text))) }
);

name_type!(
    /// The target system (or main provider) in a Terraform address: `aws` in `acme/vpc/aws`.
    System,
    |text| if is_system(text) { Ok(()) } else { Err(InvalidName::System(shown(text))) }
);

name_type!(
    /// The path of a root group or of a user: what Terraform calls the namespace.
    RootPath,
    |text| {
        if RESERVED_ROOTS.iter().any(|word| word.eq_ignore_ascii_case(text)) {
            Err(InvalidName::Reserved(shown(text)))
        } else if is_terraform_name(text) && !text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(())
        } else {
            Err(InvalidName::Root(shown(text)))
        }
    }
);

name_type!(
    /// One segment of a group or project path.
    PathSegment,
    |text| if is_segment(text) { Ok(()) } else { Err(InvalidName::Segment(shown(text))) }
);

name_type!(
    /// The full path of a group or project, `acme/platform/modules`: a root path, then segments, joined by `/`.
    FullPath,
    |text| {
        let mut segments = text.split('/');
        segments.next().unwrap_or_default().parse::<RootPath>()?;
        for segment in segments {
            segment.parse::<PathSegment>()?;
        }
        if text.split('/').count() > MAX_PATH_SEGMENTS { Err(InvalidName::TooDeep) } else { Ok(()) }
    }
);

impl FullPath {
    /// The path of something directly below this one. Fails when that would be too deep.
    pub fn join(&self, segment: &PathSegment) -> Result<Self, InvalidName> {
        format!("{}/{segment}", self.0).parse()
    }

    /// The path of the same thing when its parent has that path, which must be as deep as the parent's was.
    #[must_use]
    pub fn moved_below(&self, parent: &Self) -> Self {
        Self(format!("{}/{}", parent.0, self.name()))
    }

    /// The first segment: the Terraform namespace.
    pub fn root(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The path of the parent, or nothing for a root.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }
}

impl From<RootPath> for FullPath {
    fn from(root: RootPath) -> Self {
        Self(root.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_terraforms_grammar() {
        let longest = "a".repeat(MAX_NAME_LENGTH);
        for good in ["vpc", "VPC", "a", "0", "a-b", "a_b", "a--b", &longest] {
            assert_eq!(good.parse::<ModuleName>().unwrap().as_str(), good);
        }
        let too_long = "a".repeat(MAX_NAME_LENGTH + 1);
        for bad in ["", "-a", "a-", "_a", "a.b", "a/b", "a b", "caf\u{e9}", "a\0", "..", &too_long] {
            assert!(matches!(bad.parse::<ModuleName>(), Err(InvalidName::Module(_))), "{bad}");
        }
        for bad in ["", "AWS", "a-b", "a_b", "\u{430}ws", &too_long] {
            assert!(matches!(bad.parse::<System>(), Err(InvalidName::System(_))), "{bad}");
        }
        assert_eq!("aws2".parse::<System>().unwrap().as_str(), "aws2");
    }

    #[test]
    fn roots_are_namespaces_and_not_reserved() {
        for bad in ["api", "API", "v1", "projects"] {
            assert_eq!(bad.parse::<RootPath>(), Err(InvalidName::Reserved(bad.to_owned())));
        }
        for bad in ["", "123", "a.b", "-", "a/b"] {
            assert!(matches!(bad.parse::<RootPath>(), Err(InvalidName::Root(_))), "{bad}");
        }
        assert_eq!("acme-1".parse::<RootPath>().unwrap().as_str(), "acme-1");
    }

    #[test]
    fn full_paths_nest_and_never_hold_a_lone_dash() {
        let path: FullPath = "acme/Platform.x/vpc".parse().unwrap();
        assert_eq!((path.root(), path.name()), ("acme", "vpc"));
        assert_eq!(path.parent().unwrap().as_str(), "acme/Platform.x");
        assert_eq!(path.key(), "acme/platform.x/vpc");
        for bad in ["acme//x", "acme/-", "/acme", "acme/", "acme/..", "acme/a.git", "acme/.a", "acme/a\n"] {
            assert!(bad.parse::<FullPath>().is_err(), "{bad}");
        }
        assert_eq!(vec!["a"; MAX_PATH_SEGMENTS + 1].join("/").parse::<FullPath>(), Err(InvalidName::TooDeep));
    }

    #[test]
    fn comparison_ignores_case_and_keeps_the_text() {
        let (shown, other): (ModuleName, ModuleName) = ("Vpc".parse().unwrap(), "vPC".parse().unwrap());
        assert_eq!(shown, other);
        assert_eq!(shown.to_string(), "Vpc");
    }
}
