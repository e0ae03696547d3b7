//! What happened, to what, by whom: kept when the thing itself is gone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::package::Publisher;
use super::{ModuleName, ProjectId, Sha256, System, Version};

/// One change of a package. A deletion is an event, and a recreated package continues its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackageEvent {
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub at: Timestamp,
    /// What.
    pub action: PackageAction,
    /// By whom.
    pub actor: Publisher,
    /// Where.
    pub project: ProjectId,
    /// Name of the module.
    pub name: ModuleName,
    /// Its system.
    pub system: System,
    /// Its version.
    pub version: Version,
    /// Digest of the archive concerned.
    pub sha256: Sha256,
}

/// The kinds of changes. Order is part of the stored format: add at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PackageAction {
    /// Published.
    Published,
    /// Deleted with its file.
    Deleted,
    /// Its file was deleted; the package stayed.
    FileDeleted,
}
