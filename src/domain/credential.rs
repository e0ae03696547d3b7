//! Tokens: their kinds, scopes and expiry, and the printed form with a prefix and a checksum.
//!
//! A token is 256 random bits. What is printed is `<prefix>_<52 characters of the bits>_<6 of their checksum>`, so that
//! secret scanners can find it and tell a typing error from a real one. Only its SHA-256 is stored.

use data_encoding::{BASE32_NOPAD, Encoding};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::identity::Holder;
use super::{Sha256, TokenId, UserId};

/// The fewest characters an administrator may choose as a token.
pub const MIN_CHOSEN_TOKEN_LENGTH: usize = 32;
/// The longest text that is looked up as a token.
pub const MAX_TOKEN_LENGTH: usize = 512;

/// Characters behind a prefix that are no token yet.
const LONGEST_HARMLESS: usize = 20;

/// The kinds of tokens the server makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Belongs to a user.
    Personal,
    /// Belongs to a group or project.
    Deploy,
    /// Belongs to a CI job.
    Job,
}

impl TokenKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Personal => "cairn_pat",
            Self::Deploy => "cairn_dt",
            Self::Job => "cairn_job",
        }
    }

    /// Prints 256 random bits as a token of this kind.
    pub fn print(self, random: [u8; 32]) -> String {
        let body = lower(&BASE32_NOPAD.encode(&random));
        let unchecked = format!("{}_{body}", self.prefix());
        let sum = checksum(&unchecked);
        format!("{unchecked}_{sum}")
    }
}

/// Whether a token of ours may be part of a text.
pub fn may_hold_token(text: &str) -> bool {
    [TokenKind::Personal, TokenKind::Deploy, TokenKind::Job].iter().any(|kind| {
        let behind = text.split(kind.prefix()).skip(1);
        let mut runs =
            behind.map(|rest| rest.chars().skip(1).take_while(char::is_ascii_alphanumeric).count());
        runs.any(|run| run >= LONGEST_HARMLESS)
    })
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// CRC-32 of the printed text before it: a scanner can tell a token from a look-alike without asking us.
fn checksum(text: &str) -> String {
    let crc = crc32fast::hash(text.as_bytes()).to_be_bytes();
    let encoding: &Encoding = &BASE32_NOPAD;
    lower(&encoding.encode(&crc)).chars().take(6).collect()
}

/// What a personal token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonalScope {
    /// Everything its user may.
    Api,
    /// Everything its user may read.
    ReadApi,
}

impl PersonalScope {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Api, Self::ReadApi];

    /// As the API prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::ReadApi => "read_api",
        }
    }

    /// The scope of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// What a deploy token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeployScope {
    /// Pull packages.
    ReadPackageRegistry,
    /// Publish packages (and pull them, as in GitLab).
    WritePackageRegistry,
}

impl DeployScope {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::ReadPackageRegistry, Self::WritePackageRegistry];

    /// As the API prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadPackageRegistry => "read_package_registry",
            Self::WritePackageRegistry => "write_package_registry",
        }
    }

    /// The scope of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// Whose a token is, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenOwner {
    /// A personal token.
    Personal {
        /// Its user.
        user: UserId,
        /// What it may do.
        scopes: Vec<PersonalScope>,
    },
    /// A deploy token.
    Deploy {
        /// The group or project whose packages it opens.
        holder: Holder,
        /// The user name that goes with it in `Basic` credentials.
        username: String,
        /// What it may do.
        scopes: Vec<DeployScope>,
    },
}

/// A stored token: everything but the secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// Its name for people.
    pub name: String,
    /// Whose it is.
    pub owner: TokenOwner,
    /// SHA-256 of the printed token.
    pub hash: Sha256,
    /// From when on it is refused.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub expires_at: Option<Timestamp>,
    /// Whether it was revoked.
    pub revoked: bool,
    /// When it was created.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
}

impl Token {
    /// Whether it is accepted at that time.
    pub fn is_active(&self, now: Timestamp) -> bool {
        !self.revoked && self.expires_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_token_is_recognisable_and_checksummed() {
        let token = TokenKind::Personal.print([7; 32]);
        let (unchecked, sum) = token.rsplit_once('_').unwrap();
        assert!(unchecked.starts_with("cairn_pat_") && unchecked.len() == "cairn_pat_".len() + 52, "{token}");
        assert_eq!(checksum(unchecked), sum);
        assert_ne!(token, TokenKind::Personal.print([8; 32]));
        assert!(TokenKind::Deploy.print([7; 32]).starts_with("cairn_dt_"));
    }

    #[test]
    fn the_checksum_is_that_of_iso_3309() {
        // Its published check value is cb f4 39 26.
        assert_eq!(checksum("123456789"), "zp2dsj");
    }
}
