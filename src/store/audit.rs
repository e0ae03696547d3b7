//! The audit log: a chain of entries that only grows.
//!
//! The hash of an entry is the SHA-256 of the hash before it, 32 bytes that are zero for the first, followed by the text
//! of the entry. So whoever knows one hash notices when anything up to that entry was altered, removed or reordered.

use std::ops::ControlFlow;

use ring::digest;
use serde::{Deserialize, Serialize};

use super::codec::CodecError;
use super::tables::{AUDIT, AUDIT_HEAD};
use super::{Change, Reader, StoreError};
use crate::domain::Sha256;
use crate::domain::audit::{Action, Entry};

/// The key of the only entry of [`AUDIT_HEAD`].
const HEAD: &str = "head";
/// Entries that are read at once when the log is read from its end.
const CHUNK: u64 = 256;

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// The text of the entry.
    pub text: String,
    /// The hash of the chain up to it.
    pub hash: Sha256,
    /// The latest time of all entries up to it, in milliseconds since 1970: it never goes back, as clocks may.
    pub latest_ms: i64,
}

/// Where the chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The number of the last entry: how many there are.
    pub number: u64,
    /// Its hash.
    pub hash: Sha256,
    /// As in [`AuditRecord`].
    pub latest_ms: i64,
}

impl Default for AuditHead {
    fn default() -> Self {
        Self { number: 0, hash: Sha256::new([0; 32]), latest_ms: i64::MIN }
    }
}

impl AuditHead {
    /// What comes behind it.
    fn follow(self, entry: Unchained) -> (Self, AuditRecord) {
        let number = self.number.saturating_add(1);
        let hash = chained(&self.hash, &entry.text);
        let latest_ms = self.latest_ms.max(entry.at_ms);
        (Self { number, hash, latest_ms }, AuditRecord { text: entry.text, hash, latest_ms })
    }
}

/// An entry on its way to the end of the chain.
#[derive(Debug, Clone)]
pub(super) struct Unchained {
    text: String,
    at_ms: i64,
}

impl Unchained {
    pub(super) fn new(entry: &Entry) -> Result<Self, StoreError> {
        let text = entry.text().map_err(|error| StoreError::Record {
            table: AUDIT.name().to_owned(),
            error: CodecError::Malformed(error.to_string()),
        })?;
        Ok(Self { text, at_ms: entry.at.as_millisecond() })
    }
}

/// The hash of an entry behind another.
fn chained(before: &Sha256, text: &str) -> Sha256 {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(before.as_bytes());
    context.update(text.as_bytes());
    let mut hash = [0; 32];
    hash.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    Sha256::new(hash)
}

/// Puts entries at the end of the chain. Called when a change is applied: it sees what changes before it wrote.
pub(super) fn append(change: &mut Change<'_>, entries: Vec<Unchained>) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut end = head(change)?;
    for entry in entries {
        let (next, record) = end.follow(entry);
        change.put(&AUDIT, next.number, &record)?;
        end = next;
    }
    change.put(&AUDIT_HEAD, HEAD, &end)
}

/// Where the chain ends.
pub fn head(reader: &impl Reader) -> Result<AuditHead, StoreError> {
    Ok(reader.get(&AUDIT_HEAD, HEAD)?.unwrap_or_default())
}

/// An entry.
pub fn record(reader: &impl Reader, number: u64) -> Result<Option<AuditRecord>, StoreError> {
    reader.get(&AUDIT, number)
}

/// Visits entries from a number on towards the first, until `visit` breaks.
pub fn newest_first(
    reader: &impl Reader,
    from: u64,
    mut visit: impl FnMut(u64, AuditRecord) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let mut above = from.saturating_add(1);
    while above > 1 {
        let lowest = above.saturating_sub(CHUNK).max(1);
        let mut chunk = Vec::new();
        reader.scan(&AUDIT, lowest..above, |number, record| {
            chunk.push((number, record));
            ControlFlow::Continue(())
        })?;
        for (number, record) in chunk.into_iter().rev() {
            if visit(number, record).is_break() {
                return Ok(());
            }
        }
        above = lowest;
    }
    Ok(())
}

/// Visits entries from a number on towards the last, until `visit` breaks.
pub fn oldest_first(
    reader: &impl Reader,
    from: u64,
    visit: impl FnMut(u64, AuditRecord) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    reader.scan(&AUDIT, from.., visit)
}

/// How many entries, counted from the first, are all from before a time.
pub fn count_before(reader: &impl Reader, ms: i64) -> Result<u64, StoreError> {
    let (mut low, mut high) = (0, head(reader)?.number);
    while low < high {
        let middle = low + (high - low) / 2;
        match record(reader, middle + 1)? {
            Some(found) if found.latest_ms < ms => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// What is wrong with the chain, a sentence each, with where it should end.
pub fn check(reader: &impl Reader) -> Result<(AuditHead, Vec<String>), StoreError> {
    let kept = head(reader)?;
    let mut wrong = Vec::new();
    let mut end = AuditHead::default();
    let scanned = reader.scan(&AUDIT, .., |number, found| {
        let expected = end.number.saturating_add(1);
        if number > expected {
            wrong.push(missing(expected, number - 1));
        }
        let read = Entry::read(&found.text);
        // What a newer program wrote is not judged by a time that this one cannot read.
        let at_ms =
            if read.action == Action::Unreadable { found.latest_ms } else { read.at.as_millisecond() };
        let (_, computed) = end.follow(Unchained { text: found.text, at_ms });
        // Behind a gap nothing can be computed; that there is one was said.
        if number == expected && computed.hash != found.hash {
            wrong.push(format!(
                "entry {number} was altered, or the one before it was replaced: its hash does not follow from them"
            ));
        } else if number == expected && computed.latest_ms != found.latest_ms {
            wrong.push(format!("entry {number} is kept with a time that is not its own"));
        }
        end = AuditHead { number, hash: found.hash, latest_ms: found.latest_ms };
        ControlFlow::Continue(())
    });
    match scanned {
        Err(error @ StoreError::Record { .. }) => {
            let next = end.number.saturating_add(1);
            wrong.push(format!("entry {next} or one behind it cannot be read: {error}"));
            return Ok((kept, wrong));
        }
        outcome => outcome?,
    }
    if end.number < kept.number {
        wrong.push(missing(end.number.saturating_add(1), kept.number));
    } else if end != kept {
        wrong.push(format!(
            "the log ends with entry {} and hash {}, but should end with entry {} and hash {}",
            end.number, end.hash, kept.number, kept.hash
        ));
    }
    Ok((kept, wrong))
}

fn missing(from: u64, to: u64) -> String {
    if from == to {
        format!("entry {from} is missing")
    } else {
        format!("entries {from} to {to} are missing")
    }
}
