//! Packages: one module at one version, its file, its status and its warnings; and the duplicates rule.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    FileId, GroupId, JobId, ModuleName, PackageId, ProjectId, PublisherId, Sha256, System, TokenId, UserId,
    Version,
};

/// One module at one version, published in a project. Never changed after it was published, only deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// Its number.
    pub id: PackageId,
    /// The project it was published in.
    pub project: ProjectId,
    /// The root group of that project: its namespace in Terraform addresses.
    pub root: GroupId,
    /// Module name, in the case of the first version published in the project.
    pub name: ModuleName,
    /// Target system.
    pub system: System,
    /// Version, build metadata included.
    pub version: Version,
    /// Whether it can be installed.
    pub status: Status,
    /// When it was published.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
    /// Who published it.
    pub publisher: Publisher,
    /// What its readers should know about its archive.
    pub warnings: Vec<Warning>,
}

impl Package {
    /// The name GitLab's API gives a package: `vpc/aws`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.name, self.system)
    }

    /// The name GitLab's API gives the file of a package.
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}.tgz", self.name, self.system, self.version)
    }
}

/// GitLab's package status. Order is part of the stored format: add at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Listed and installable.
    Default,
}

impl Status {
    /// As GitLab's API prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
        }
    }
}

/// Who published a package. Order of the variants is part of the stored format: add at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Publisher {
    /// A person, with the personal token used.
    User(UserId, TokenId),
    /// A deploy token.
    DeployToken(TokenId),
    /// Somebody with access to the machine, through the command line.
    Operator,
    /// A person, in the web interface.
    Browser(UserId),
    /// A CI job opened here, with the rights of a person.
    Job(UserId, JobId),
    /// A CI system elsewhere, by the trusted publisher that it matched.
    Trusted(PublisherId),
}

impl Publisher {
    /// The user, if it was one.
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(user, _) | Self::Browser(user) | Self::Job(user, _) => Some(user),
            Self::DeployToken(_) | Self::Operator | Self::Trusted(_) => None,
        }
    }
}

/// The one file of a package: its archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackageFile {
    /// Its number.
    pub id: FileId,
    /// The package it belongs to.
    pub package: PackageId,
    /// `<name>-<system>-<version>.tgz`, as in GitLab.
    pub file_name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, exactly as the publisher sent them.
    pub sha256: Sha256,
    /// When it was published.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
}

/// Something worth knowing about an accepted archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What kind.
    pub code: WarningCode,
    /// The entry it is about; empty when it is about the archive.
    pub path: String,
    /// A sentence for people.
    pub message: String,
}

/// The kinds of warnings. Order is part of the stored format: add at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WarningCode {
    /// A link inside the archive, which Terraform installs as an empty file.
    Link,
    /// A configuration file that does not parse.
    InvalidConfiguration,
    /// A state file, which usually holds secrets.
    StateFile,
    /// Something that looks like a private key.
    PrivateKey,
    /// A file or a list was longer than what is read, so the documentation is incomplete.
    Incomplete,
}

impl WarningCode {
    /// As the API prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::InvalidConfiguration => "invalid_configuration",
            Self::StateFile => "state_file",
            Self::PrivateKey => "private_key",
            Self::Incomplete => "incomplete",
        }
    }
}

/// A group's rule for the same module in several projects of one namespace (GitLab's package settings).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DuplicatesRule {
    /// `terraform_module_duplicates_allowed`.
    pub allowed: bool,
    /// `terraform_module_duplicate_exception_regex`: forbids when `allowed`, permits when not.
    pub exception_regex: String,
}

/// Memory one exception pattern may take once compiled.
const MAX_REGEX_BYTES: usize = 256 * 1024;

impl DuplicatesRule {
    /// Compiles an exception pattern, anchored at both ends as GitLab does.
    pub fn compile(pattern: &str) -> Result<regex::Regex, Box<regex::Error>> {
        regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
            .size_limit(MAX_REGEX_BYTES)
            .case_insensitive(true)
            .build()
            .map_err(Box::new)
    }

    /// Whether this row, alone, allows duplicates of `full_name` (`vpc/aws`); nothing when the row says nothing.
    fn verdict(&self, full_name: &str) -> bool {
        let exception = !self.exception_regex.is_empty()
            && Self::compile(&self.exception_regex).is_ok_and(|regex| regex.is_match(full_name));
        self.allowed != exception
    }

    /// Whether any group from the project's up to the root allows duplicates of `full_name`: one that does is enough.
    pub fn any_allows<'a>(rules: impl IntoIterator<Item = &'a Self>, full_name: &str) -> bool {
        rules.into_iter().any(|rule| rule.verdict(full_name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_follow_gitlabs_table() {
        let rule = |allowed, regex: &str| DuplicatesRule { allowed, exception_regex: regex.to_owned() };
        let cases = [
            ("nothing set", vec![rule(false, "")], false),
            ("allowed", vec![rule(true, "")], true),
            ("allowed, but excepted", vec![rule(true, "vpc/.*")], false),
            ("forbidden, but excepted", vec![rule(false, "vpc/aws")], true),
            ("the pattern is anchored", vec![rule(false, "vpc")], false),
            ("names ignore case", vec![rule(false, "VPC/aws")], true),
            ("a parent's permission is enough", vec![rule(false, ""), rule(true, "")], true),
            (
                "a child's exception beats a parent's refusal",
                vec![rule(false, "vpc/aws"), rule(true, "vpc/aws")],
                true,
            ),
            ("a broken pattern permits nothing", vec![rule(false, "(")], false),
        ];
        for (situation, rules, expected) in cases {
            assert_eq!(DuplicatesRule::any_allows(&rules, "vpc/aws"), expected, "{situation}");
        }
    }
}
