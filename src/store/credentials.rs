//! Tokens by hash, by owner and by number; when they were last used; the instance's random keys.

use std::ops::ControlFlow;

use super::tables::{
    KEYS, LastUse, OWNER_TOKENS, OWNER_USER, Present, SecretKey, TOKEN_HASHES, TOKEN_USES, TOKENS, kind_of,
};
use super::{Change, Reader, StoreError, under};
use crate::domain::credential::{Token, TokenOwner};
use crate::domain::identity::Holder;
use crate::domain::{Sha256, TokenId, UserId};

/// The token whose printed form has this hash.
pub fn by_hash(reader: &impl Reader, hash: &Sha256) -> Result<Option<Token>, StoreError> {
    match reader.get(&TOKEN_HASHES, *hash.as_bytes())? {
        Some(id) => reader.require(&TOKENS, id.0).map(Some),
        None => Ok(None),
    }
}

/// A token by number.
pub fn token(reader: &impl Reader, id: TokenId) -> Result<Option<Token>, StoreError> {
    reader.get(&TOKENS, id.0)
}

/// The tokens of a user, in order of number, revoked ones included.
pub fn personal_tokens(reader: &impl Reader, user: UserId) -> Result<Vec<Token>, StoreError> {
    owned(reader, OWNER_USER, user.0)
}

/// The deploy tokens of a group or project, in order of number.
pub fn deploy_tokens(reader: &impl Reader, holder: Holder) -> Result<Vec<Token>, StoreError> {
    let (kind, id) = kind_of(holder);
    owned(reader, kind, id)
}

fn owned(reader: &impl Reader, kind: u8, id: u64) -> Result<Vec<Token>, StoreError> {
    let mut numbers = Vec::new();
    reader.scan(&OWNER_TOKENS, under(kind, id), |(_, _, token), Present| {
        numbers.push(token);
        ControlFlow::Continue(())
    })?;
    numbers.into_iter().map(|token| reader.require(&TOKENS, token)).collect()
}

/// How an owner appears in [`OWNER_TOKENS`].
pub const fn owner_key(owner: &TokenOwner) -> (u8, u64) {
    match owner {
        TokenOwner::Personal { user, .. } => (OWNER_USER, user.0),
        TokenOwner::Deploy { holder, .. } => kind_of(*holder),
    }
}

/// Writes a token.
pub fn put(change: &mut Change<'_>, token: &Token) -> Result<(), StoreError> {
    let (kind, owner) = owner_key(&token.owner);
    change.put(&TOKENS, token.id.0, token)?;
    change.put(&TOKEN_HASHES, *token.hash.as_bytes(), &token.id)?;
    change.put(&OWNER_TOKENS, (kind, owner, token.id.0), &Present)
}

/// Removes a token and every trace of it.
pub fn remove(change: &mut Change<'_>, token: &Token) {
    let (kind, owner) = owner_key(&token.owner);
    change.remove(&TOKENS, token.id.0);
    change.remove(&TOKEN_HASHES, *token.hash.as_bytes());
    change.remove(&OWNER_TOKENS, (kind, owner, token.id.0));
    change.remove(&TOKEN_USES, token.id.0);
}

pub(super) fn remove_all_of(change: &mut Change<'_>, kind: u8, id: u64) -> Result<(), StoreError> {
    for token in owned(change, kind, id)? {
        remove(change, &token);
    }
    Ok(())
}

/// When a token was last used, in milliseconds since 1970.
pub fn last_use(reader: &impl Reader, id: TokenId) -> Result<Option<i64>, StoreError> {
    Ok(reader.get(&TOKEN_USES, id.0)?.map(|LastUse(at)| at))
}

/// Notes when a token was last used, unless it is gone.
pub fn put_last_use(change: &mut Change<'_>, id: TokenId, at: i64) -> Result<(), StoreError> {
    match token(change, id)? {
        Some(_) => change.put(&TOKEN_USES, id.0, &LastUse(at)),
        None => Ok(()),
    }
}

/// One of the instance's random keys.
pub fn secret_key(reader: &impl Reader, purpose: &str) -> Result<Option<[u8; 32]>, StoreError> {
    Ok(reader.get(&KEYS, purpose)?.map(|SecretKey(key)| key))
}

/// Keeps a random key for a purpose.
pub fn put_secret_key(change: &mut Change<'_>, purpose: &str, key: [u8; 32]) -> Result<(), StoreError> {
    change.put(&KEYS, purpose, &SecretKey(key))
}
