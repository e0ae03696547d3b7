//! Trusted publishers by number and by project; ID tokens that published once and must not again.

use std::ops::ControlFlow;

use jiff::Timestamp;

use super::tables::{
    PROJECT_TRUSTED_PUBLISHERS, Present, SPENT_BY_END, SPENT_ID_TOKENS, SpentUntil, TRUSTED_PUBLISHERS,
};
use super::{Change, Reader, StoreError};
use crate::domain::trusted_publisher::TrustedPublisher;
use crate::domain::{ProjectId, PublisherId, Sha256};

/// Ended entries that are removed whenever one is added: more than one, so that they become fewer.
const SWEPT: usize = 8;

/// A trusted publisher by number.
pub fn publisher(reader: &impl Reader, id: PublisherId) -> Result<Option<TrustedPublisher>, StoreError> {
    reader.get(&TRUSTED_PUBLISHERS, id.0)
}

/// The trusted publishers of a project, in order of number.
pub fn in_project(reader: &impl Reader, project: ProjectId) -> Result<Vec<TrustedPublisher>, StoreError> {
    let mut numbers = Vec::new();
    reader.scan(
        &PROJECT_TRUSTED_PUBLISHERS,
        (project.0, 0)..=(project.0, u64::MAX),
        |(_, id), Present| {
            numbers.push(id);
            ControlFlow::Continue(())
        },
    )?;
    numbers.into_iter().map(|id| reader.require(&TRUSTED_PUBLISHERS, id)).collect()
}

/// Those of every project that `wanted` says yes to.
pub fn every(
    reader: &impl Reader,
    wanted: impl Fn(&TrustedPublisher) -> bool,
) -> Result<Vec<TrustedPublisher>, StoreError> {
    let mut found = Vec::new();
    reader.scan(&TRUSTED_PUBLISHERS, .., |_, publisher| {
        found.extend(Some(publisher).filter(&wanted));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Writes a trusted publisher.
pub fn put(change: &mut Change<'_>, publisher: &TrustedPublisher) -> Result<(), StoreError> {
    change.put(&TRUSTED_PUBLISHERS, publisher.id.0, publisher)?;
    change.put(&PROJECT_TRUSTED_PUBLISHERS, (publisher.project.0, publisher.id.0), &Present)
}

/// Removes a trusted publisher.
pub fn remove(change: &mut Change<'_>, publisher: &TrustedPublisher) {
    change.remove(&TRUSTED_PUBLISHERS, publisher.id.0);
    change.remove(&PROJECT_TRUSTED_PUBLISHERS, (publisher.project.0, publisher.id.0));
}

pub(super) fn remove_all_of(change: &mut Change<'_>, project: ProjectId) -> Result<(), StoreError> {
    for publisher in in_project(change, project)? {
        remove(change, &publisher);
    }
    Ok(())
}

/// Whether a token, by the hash of its issuer and `jti`, published already.
pub fn is_spent(reader: &impl Reader, token: &Sha256) -> Result<bool, StoreError> {
    Ok(reader.get(&SPENT_ID_TOKENS, *token.as_bytes())?.is_some())
}

/// Remembers that a token published, until nobody would accept it anyway; forgets some that ended before.
pub fn spend(
    change: &mut Change<'_>,
    token: &Sha256,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut ended = Vec::new();
    change.scan(&SPENT_BY_END, ..=(now.as_millisecond(), [u8::MAX; 32]), |(end, hash), Present| {
        ended.push((end, hash));
        if ended.len() < SWEPT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    for (end, hash) in ended {
        change.remove(&SPENT_BY_END, (end, hash));
        change.remove(&SPENT_ID_TOKENS, hash);
    }
    let until = until.as_millisecond();
    change.put(&SPENT_ID_TOKENS, *token.as_bytes(), &SpentUntil(until))?;
    change.put(&SPENT_BY_END, (until, *token.as_bytes()), &Present)
}
