//! What is true without a disk, a clock or a socket: names, versions, roles, packages and the rules between them.
//!
//! Nothing here does I/O. Time comes in as an argument. Every value that came from outside is a parsed type: holding
//! a [`ModuleName`] or a [`Version`] is proof that the text was valid.

pub mod access;
pub mod address;
pub mod audit;
pub mod authorization;
pub mod ci;
pub mod claims;
pub mod comparison;
pub mod credential;
pub mod digest;
pub mod event;
pub mod highlight;
pub mod identity;
pub mod issuer;
pub mod limits;
pub mod manifest;
pub mod package;
pub mod provenance;
pub mod safe_html;
pub mod session;
pub mod summary;
pub mod trusted_publisher;
pub mod version;
pub mod words;

pub use address::{FullPath, ModuleName, PathSegment, RootPath, System};
pub use digest::Sha256;
pub use identity::{
    FileId, GroupId, JobId, PackageId, ProjectId, PublisherId, RegistryAccess, Role, TokenId, UserId,
    Visibility,
};
pub use version::Version;
