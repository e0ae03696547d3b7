//! The arguments of `cairn admin`: a subcommand a noun, with the same four verbs.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::domain::credential::{DeployScope, PersonalScope};
use crate::domain::trusted_publisher::GRANTABLE;
use crate::domain::{Role, Visibility};

/// What can be administered.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AdminCommand {
    /// Switch the registry on or off, for the instance or for one project
    Registry {
        /// What to do
        #[arg(value_enum)]
        action: Switch,
        /// Only for this project (its full path or number)
        #[arg(long, value_name = "PATH")]
        project: Option<String>,
    },
    /// Users
    #[command(subcommand)]
    User(UserCommand),
    /// Groups
    #[command(subcommand)]
    Group(GroupCommand),
    /// Projects
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Members of groups and projects
    #[command(subcommand)]
    Member(MemberCommand),
    /// Personal access tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Deploy tokens of groups and projects
    #[command(subcommand)]
    DeployToken(DeployTokenCommand),
    /// CI systems elsewhere whose jobs may act on a project
    #[command(subcommand)]
    TrustedPublisher(TrustedPublisherCommand),
    /// The audit log: who did what, and what was refused
    Audit(AuditArgs),
}

/// Which entries of the audit log to print.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct AuditArgs {
    /// Only from that day or moment on, as YYYY-MM-DD or 2030-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) since: Option<String>,
    /// Only up to the end of that day, or to that moment
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) until: Option<String>,
    /// Only this action (`member.added`), or all of an area (`member`)
    #[arg(long)]
    pub(super) action: Option<String>,
    /// Only what this user did (user name or number)
    #[arg(long)]
    pub(super) user: Option<String>,
    /// At most so many entries, the newest [default: 100; with --json all, the oldest first]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) limit: Option<u64>,
}

/// What to do with the registry switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Switch {
    /// Switch it on
    Enable,
    /// Switch it off; nothing is deleted
    Disable,
    /// Say how it stands
    Status,
}

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum UserCommand {
    /// Create a user
    Create {
        /// Name in URLs, also the path of the user's own namespace
        username: String,
        /// Name for people [default: the user name]
        #[arg(long)]
        name: Option<String>,
        /// Mail address
        #[arg(long)]
        email: Option<String>,
        /// Password for signing in
        #[arg(long, env = "CAIRN_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        /// Make an administrator
        #[arg(long)]
        admin: bool,
    },
    /// List all users
    List,
    /// Show a user
    Show {
        /// User name or number
        user: String,
    },
    /// Delete a user with its namespace, memberships and tokens
    Delete {
        /// User name or number
        user: String,
    },
}

/// What to do with groups.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum GroupCommand {
    /// Create a group
    Create {
        /// Full path: `acme`, or `acme/platform` below an existing group
        path: String,
        /// Name for people [default: the last part of the path]
        #[arg(long)]
        name: Option<String>,
        /// Who sees it: its members, every signed-in user, or anyone
        #[arg(long, default_value = "private", value_parser = visibility())]
        visibility: Visibility,
    },
    /// List all groups
    List,
    /// Show a group
    Show {
        /// Full path or number
        group: String,
    },
    /// Delete a group with everything below it, packages included
    Delete {
        /// Full path or number
        group: String,
    },
}

/// What to do with projects.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ProjectCommand {
    /// Create a project in an existing group or user namespace
    Create {
        /// Full path: `acme/network`
        path: String,
        /// Name for people [default: the last part of the path]
        #[arg(long)]
        name: Option<String>,
        /// Who sees it: its members, every signed-in user, or anyone
        #[arg(long, default_value = "private", value_parser = visibility())]
        visibility: Visibility,
    },
    /// List all projects
    List,
    /// Show a project
    Show {
        /// Full path or number
        project: String,
    },
    /// Delete a project with its packages
    Delete {
        /// Full path or number
        project: String,
    },
}

/// A group or a project.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct Place {
    /// Of this group (full path or number)
    #[arg(long)]
    pub(super) group: Option<String>,
    /// Of this project (full path or number)
    #[arg(long)]
    pub(super) project: Option<String>,
}

/// What to do with members.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum MemberCommand {
    /// Add a member
    Create {
        /// User name or number
        user: String,
        #[command(flatten)]
        place: Place,
        /// What the member may do: developers publish, maintainers delete, owners change settings
        #[arg(long, default_value = "developer", value_parser = role())]
        role: Role,
        /// Last day of the membership, as YYYY-MM-DD
        #[arg(long, value_name = "DATE", value_parser = date)]
        expires_at: Option<Date>,
    },
    /// List the members, inherited ones included
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Show a member
    Show {
        /// User name or number
        user: String,
        #[command(flatten)]
        place: Place,
    },
    /// Remove a member
    Delete {
        /// User name or number
        user: String,
        #[command(flatten)]
        place: Place,
    },
}

/// What to do with personal tokens.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TokenCommand {
    /// Create a token and print it, this once
    Create {
        /// Whose (user name or number)
        #[arg(long, default_value = "root")]
        user: String,
        /// What it is for
        #[arg(long)]
        name: String,
        /// What it may do (repeatable)
        #[arg(long = "scope", value_name = "SCOPE", default_value = "api", value_parser = PersonalScope::ALL.map(PersonalScope::as_str))]
        scopes: Vec<String>,
        /// Day from which on it is refused, as YYYY-MM-DD
        #[arg(long, value_name = "DATE", value_parser = date)]
        expires_at: Option<Date>,
    },
    /// List a user's tokens
    List {
        /// Whose (user name or number)
        #[arg(long, default_value = "root")]
        user: String,
    },
    /// Show a token
    Show {
        /// Its number
        id: u64,
    },
    /// Revoke a token
    Delete {
        /// Its number
        id: u64,
    },
}

/// What to do with deploy tokens.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DeployTokenCommand {
    /// Create a deploy token and print it, this once
    Create {
        #[command(flatten)]
        place: Place,
        /// What it is for
        #[arg(long)]
        name: String,
        /// User name for Basic credentials [default: gitlab+deploy-token-NUMBER]
        #[arg(long)]
        username: Option<String>,
        /// What it may do (repeatable)
        #[arg(
            long = "scope",
            value_name = "SCOPE",
            default_value = "read_package_registry",
            value_parser = DeployScope::ALL.map(DeployScope::as_str)
        )]
        scopes: Vec<String>,
        /// Day from which on it is refused, as YYYY-MM-DD
        #[arg(long, value_name = "DATE", value_parser = date)]
        expires_at: Option<Date>,
    },
    /// List the deploy tokens
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Show a deploy token
    Show {
        /// Its number
        id: u64,
        #[command(flatten)]
        place: Place,
    },
    /// Delete a deploy token
    Delete {
        /// Its number
        id: u64,
        #[command(flatten)]
        place: Place,
    },
}

/// What to do with trusted publishers.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TrustedPublisherCommand {
    /// Let the jobs of a CI system act on a project
    #[command(visible_alias = "add")]
    Create {
        /// The project (full path or number)
        #[arg(long)]
        project: String,
        /// Who vouches for the jobs: the iss of their ID tokens, or the URL of a GitLab
        #[arg(long, value_name = "URL")]
        issuer: String,
        /// What must be claimed, as NAME=PATTERN with * for any characters (repeatable; all must match)
        #[arg(long = "claim", value_name = "NAME=PATTERN", required = true, value_parser = claim)]
        claims: Vec<(String, String)>,
        /// What the jobs may do: reporters pull, developers publish, maintainers delete
        #[arg(long, default_value = "developer", value_parser = granted_role())]
        role: Role,
        /// Let a token publish only once
        #[arg(long)]
        once: bool,
        /// Name for people [default: the issuer]
        #[arg(long)]
        name: Option<String>,
    },
    /// List the trusted publishers of a project
    List {
        /// The project (full path or number)
        #[arg(long)]
        project: String,
    },
    /// Remove a trusted publisher
    #[command(visible_alias = "remove")]
    Delete {
        /// Its number
        id: u64,
        /// The project (full path or number)
        #[arg(long)]
        project: String,
    },
}

/// A name out of a fixed list, so that a wrong one is a usage error that shows the right ones.
fn one_of<T: Clone + Send + Sync + 'static>(
    names: impl IntoIterator<Item = &'static str>,
    find: impl Fn(&str) -> Option<T> + Clone + Send + Sync + 'static,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names).try_map(move |name| find(&name).ok_or("no such name"))
}

fn time(text: &str) -> Result<String, String> {
    let known = date(text).is_ok() || text.parse::<jiff::Timestamp>().is_ok();
    known
        .then(|| text.to_owned())
        .ok_or_else(|| "write a day as YYYY-MM-DD or a moment as 2030-01-31T12:00:00Z".to_owned())
}

fn date(text: &str) -> Result<Date, String> {
    Date::strptime("%Y-%m-%d", text)
        .map_err(|_not_a_date| "write a day as YYYY-MM-DD, such as 2030-01-31".to_owned())
}

/// The names of the visibilities.
pub(in crate::cli) fn visibility() -> impl TypedValueParser<Value = Visibility> {
    one_of(Visibility::ALL.map(Visibility::as_str), Visibility::from_name)
}

fn role() -> impl TypedValueParser<Value = Role> {
    one_of(Role::ALL.map(Role::as_str), |name| Role::ALL.into_iter().find(|role| role.as_str() == name))
}

fn granted_role() -> impl TypedValueParser<Value = Role> {
    one_of(GRANTABLE.map(Role::as_str), |name| GRANTABLE.into_iter().find(|role| role.as_str() == name))
}

fn claim(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, pattern)| !name.is_empty() && !pattern.is_empty());
    let (name, pattern) = parts.ok_or("write a claim as NAME=PATTERN, such as project_path=acme/vpc")?;
    Ok((name.to_owned(), pattern.to_owned()))
}
