//! Who published each package: four bytes a package, so that lists can be narrowed by it without reading packages.

use std::collections::HashMap;

use fixedbitset::FixedBitSet;

use crate::domain::package::Publisher;
use crate::domain::{JobId, PublisherId, TokenId, UserId};
use crate::store::tables::publisher_key;

/// The number of a publisher.
pub(super) type PublisherNumber = u32;
/// Of a package whose publisher is not known.
pub(super) const UNKNOWN: PublisherNumber = PublisherNumber::MAX;

/// How a package was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// By a person, with a token.
    User,
    /// With a deploy token.
    DeployToken,
    /// From the command line of the machine.
    CommandLine,
    /// From a CI pipeline: by a job opened here, or by a trusted publisher.
    Ci,
}

impl Manner {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::User, Self::DeployToken, Self::CommandLine, Self::Ci];

    /// As URLs name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::DeployToken => "deploy_token",
            Self::CommandLine => "command_line",
            Self::Ci => "ci",
        }
    }

    /// The manner of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|manner| manner.as_str() == name)
    }

    /// How the keys of such publishers begin.
    const fn kinds(self) -> &'static [u8] {
        match self {
            Self::User => &[USER],
            Self::DeployToken => &[DEPLOY_TOKEN],
            Self::CommandLine => &[OPERATOR],
            Self::Ci => &[JOB, TRUSTED],
        }
    }
}

/// How the key of a user begins.
const USER: u8 = publisher_key(Publisher::User(UserId(0), TokenId(0))).0;
/// How the key of a deploy token begins.
const DEPLOY_TOKEN: u8 = publisher_key(Publisher::DeployToken(TokenId(0))).0;
/// How the key of the operator begins.
const OPERATOR: u8 = publisher_key(Publisher::Operator).0;
/// How the key of a trusted publisher begins.
const TRUSTED: u8 = publisher_key(Publisher::Trusted(PublisherId(0))).0;
/// How the key of a user's CI jobs begins.
const JOB: u8 = publisher_key(Publisher::Job(UserId(0), JobId(0))).0;

/// Whose packages are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::service) struct PublishedBy {
    /// That user's, its CI jobs included.
    pub(in crate::service) user: Option<UserId>,
    /// Those published so.
    pub(in crate::service) manner: Option<Manner>,
}

impl PublishedBy {
    fn admits(self, (kind, id): (u8, u64)) -> bool {
        self.manner.is_none_or(|manner| manner.kinds().contains(&kind))
            && self.user.is_none_or(|user| matches!(kind, USER | JOB) && id == user.0)
    }
}

#[derive(Debug, Default)]
pub(super) struct Publishers {
    numbers: HashMap<(u8, u64), PublisherNumber>,
    known: Vec<(u8, u64)>,
    of_rows: Vec<PublisherNumber>,
}

impl Publishers {
    /// The number of a publisher by its key, new if need be.
    pub(super) fn number(&mut self, key: (u8, u64)) -> PublisherNumber {
        *self.numbers.entry(key).or_insert_with(|| {
            self.known.push(key);
            PublisherNumber::try_from(self.known.len() - 1).unwrap_or(UNKNOWN)
        })
    }

    /// Adds a row behind all others.
    pub(super) fn push(&mut self, number: PublisherNumber) {
        self.of_rows.push(number);
    }

    /// Says who published a row.
    pub(super) fn set(&mut self, row: usize, number: PublisherNumber) {
        if let Some(place) = self.of_rows.get_mut(row) {
            *place = number;
        }
    }

    /// Makes room for so many rows, of whose publishers nothing is known yet.
    pub(super) fn set_rows(&mut self, rows: usize) {
        self.of_rows = vec![UNKNOWN; rows];
    }

    /// Keeps some rows only.
    pub(super) fn retain(&mut self, is_kept: impl Fn(u32) -> bool) {
        let mut rows = 0..;
        self.of_rows.retain(|_| rows.next().is_some_and(&is_kept));
        self.of_rows.shrink_to_fit();
    }

    /// The numbers of those wanted.
    pub(super) fn wanted(&self, by: PublishedBy) -> FixedBitSet {
        let places = self.known.iter().enumerate().filter(|(_, known)| by.admits(**known));
        places.map(|(place, _)| place).collect()
    }

    /// Whether a row is of one of them.
    pub(super) fn is_by(&self, row: u32, wanted: &FixedBitSet) -> bool {
        self.of_rows.get(row as usize).is_some_and(|number| wanted.contains(*number as usize))
    }
}
