//! Sessions of browsers: by the hash of their secret, and by user.

use std::ops::ControlFlow;

use jiff::Timestamp;

use super::tables::{Present, SESSIONS, USER_SESSIONS};
use super::{Change, Reader, StoreError};
use crate::domain::session::Session;
use crate::domain::{Sha256, UserId};

/// The session whose secret has this hash.
pub fn by_hash(reader: &impl Reader, hash: &Sha256) -> Result<Option<Session>, StoreError> {
    reader.get(&SESSIONS, *hash.as_bytes())
}

/// The sessions of a user with the hashes of their secrets, in no order that means anything.
pub fn of_user(reader: &impl Reader, user: UserId) -> Result<Vec<(Sha256, Session)>, StoreError> {
    let mut hashes = Vec::new();
    reader.scan(&USER_SESSIONS, (user.0, [0; 32])..=(user.0, [u8::MAX; 32]), |(_, hash), Present| {
        hashes.push(hash);
        ControlFlow::Continue(())
    })?;
    let found = |hash| Ok((Sha256::new(hash), reader.require(&SESSIONS, hash)?));
    hashes.into_iter().map(found).collect()
}

/// Writes a session.
pub fn put(change: &mut Change<'_>, hash: &Sha256, session: &Session) -> Result<(), StoreError> {
    change.put(&SESSIONS, *hash.as_bytes(), session)?;
    change.put(&USER_SESSIONS, (session.user.0, *hash.as_bytes()), &Present)
}

/// Notes when a session was last used, unless it is gone.
pub fn put_last_use(change: &mut Change<'_>, hash: &Sha256, at: Timestamp) -> Result<(), StoreError> {
    match by_hash(change, hash)? {
        Some(session) => {
            let last_used_at = session.last_used_at.max(at);
            change.put(&SESSIONS, *hash.as_bytes(), &Session { last_used_at, ..session })
        }
        None => Ok(()),
    }
}

/// Removes a session of a user.
pub fn remove(change: &mut Change<'_>, hash: &Sha256, user: UserId) {
    change.remove(&SESSIONS, *hash.as_bytes());
    change.remove(&USER_SESSIONS, (user.0, *hash.as_bytes()));
}

/// Removes every session of a user.
pub fn remove_all_of(change: &mut Change<'_>, user: UserId) -> Result<(), StoreError> {
    for (hash, _) in of_user(change, user)? {
        remove(change, &hash, user);
    }
    Ok(())
}
