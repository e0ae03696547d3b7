//! The history of packages: one entry a change, with who made it and where it came from.

use jiff::Timestamp;

use super::trusted_publishers::acting;
use super::{Caller, ServiceError, webhooks};
use crate::domain::Sha256;
use crate::domain::event::{PackageAction, PackageEvent};
use crate::domain::package::{Package, Publisher};
use crate::domain::provenance::Provenance;
use crate::store::{Change, packages};

/// Adds to the history of a package that the caller changed it, and tells the webhooks of its project.
pub(super) fn note(
    change: &mut Change<'_>,
    caller: &Caller,
    package: &Package,
    action: PackageAction,
    sha256: Sha256,
    now: Timestamp,
) -> Result<(), ServiceError> {
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
) -> Result<(), ServiceError> {
    let actor = acting(change, caller, package.project)?;
    packages::put_event(change, &event(package, action, actor, sha256, now), provenance)?;
    webhooks::package_changed(change, actor, package, (action, sha256), provenance, now)
}

/// Adds to the history of a package that it went with its project, whose webhooks go as well.
pub(super) fn note_gone(
    change: &mut Change<'_>,
    caller: &Caller,
    package: &Package,
    sha256: Sha256,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let actor = acting(change, caller, package.project)?;
    let gone = event(package, PackageAction::Deleted, actor, sha256, now);
    Ok(packages::put_event(change, &gone, caller.provenance().as_ref())?)
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
