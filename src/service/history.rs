//! The history of packages: one entry a change, with who made it and where it came from.

use jiff::Timestamp;

use super::Caller;
use crate::domain::Sha256;
use crate::domain::event::{PackageAction, PackageEvent};
use crate::domain::package::{Package, Publisher};
use crate::domain::provenance::Provenance;
use crate::store::{Change, StoreError, packages};

/// Adds to the history of a package that the caller changed it.
pub(super) fn note(
    change: &mut Change<'_>,
    caller: &Caller,
    package: &Package,
    action: PackageAction,
    sha256: Sha256,
    now: Timestamp,
) -> Result<(), StoreError> {
    note_from(change, caller, package, (action, sha256), caller.provenance().as_ref(), now)
}

/// The same with a provenance of its own.
pub(super) fn note_from(
    change: &mut Change<'_>,
    caller: &Caller,
    package: &Package,
    (action, sha256): (PackageAction, Sha256),
    provenance: Option<&Provenance>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let event = PackageEvent {
        at: now,
        action,
        actor: caller.publisher().unwrap_or(Publisher::Operator),
        project: package.project,
        name: package.name.clone(),
        system: package.system.clone(),
        version: package.version.clone(),
        sha256,
    };
    packages::put_event(change, &event, provenance)
}
