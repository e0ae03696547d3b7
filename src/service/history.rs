//! The history of packages: one entry a change, with who made it and where it came from.

use jiff::Timestamp;

use super::Caller;
use super::trusted_publishers::acting;
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
    let actor = acting(change, caller, package.project)?;
    packages::put_event(change, &event(package, action, actor, sha256, now), provenance)
}

/// An entry of a package's history.
pub(super) fn event(
    package: &Package,
    action: PackageAction,
    actor: Publisher,
    sha256: Sha256,
    at: Timestamp,
) -> PackageEvent {
    PackageEvent {
        at,
        action,
        actor,
        project: package.project,
        name: package.name.clone(),
        system: package.system.clone(),
        version: package.version.clone(),
        sha256,
    }
}
