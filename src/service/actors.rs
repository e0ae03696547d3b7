//! Who did something, as people are told.

use crate::domain::package::Publisher;
use crate::store::{Reader, StoreError, credentials, identity, trusted_publishers};

/// Somebody, for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A user.
    User {
        /// Its name in URLs.
        username: String,
        /// Its name for people.
        name: String,
    },
    /// A user who is gone.
    FormerUser,
    /// A deploy token.
    DeployToken {
        /// The name it was given.
        name: String,
    },
    /// A deploy token that is gone.
    FormerDeployToken,
    /// Whoever has the machine, through the command line.
    CommandLine,
    /// A trusted publisher of a project.
    TrustedPublisher {
        /// The name it was given.
        name: String,
    },
    /// A trusted publisher that is gone.
    FormerTrustedPublisher,
}

/// Who a stored publisher is.
pub(super) fn actor(reader: &impl Reader, publisher: Publisher) -> Result<Actor, StoreError> {
    Ok(match publisher {
        Publisher::User(user, _) | Publisher::Browser(user) | Publisher::Job(user, _) => {
            match identity::user(reader, user)? {
                Some(user) => Actor::User { username: user.username.to_string(), name: user.name },
                None => Actor::FormerUser,
            }
        }
        Publisher::DeployToken(token) => match credentials::token(reader, token)? {
            Some(token) => Actor::DeployToken { name: token.name },
            None => Actor::FormerDeployToken,
        },
        Publisher::Operator => Actor::CommandLine,
        Publisher::Trusted(publisher) => match trusted_publishers::publisher(reader, publisher)? {
            Some(publisher) => Actor::TrustedPublisher { name: publisher.name },
            None => Actor::FormerTrustedPublisher,
        },
    })
}
