//! The audit log in upkeep: its chain is verified, and a collection is noted in it.

use serde::Serialize;

use super::{Collected, Verified};
use crate::domain::audit::{Action, Kind, Named};
use crate::service::audit::Deed;
use crate::service::{Caller, Registry, ServiceError};
use crate::store::{Snapshot, StoreError, audit};

/// Where the audit log ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AuditEnd {
    /// Number of the last entry.
    pub number: u64,
    /// Its hash.
    pub hash: String,
}

impl Registry {
    /// Notes that blobs were collected. Only who has the machine can have it done.
    pub(super) async fn note_collection(&self, collected: &Collected) -> Result<(), ServiceError> {
        let deed = Deed::new(Action::BlobsCollected, Named::only(Kind::Instance))
            .with("blobs", collected.blobs.len())
            .with("bytes", collected.bytes);
        let scribe = self.scribe(&Caller::Operator);
        self.store().write(move |change| scribe.note(change, deed)).await
    }
}

/// Checks the chain of the audit log.
pub(super) fn check(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    let (head, wrong) = audit::check(reader)?;
    verified.audit = AuditEnd { number: head.number, hash: head.hash.to_hex() };
    verified.wrong.extend(wrong.into_iter().map(|sentence| format!("audit log: {sentence}")));
    Ok(())
}
