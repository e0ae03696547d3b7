//! People, groups and projects, the roles between them, and the instance's settings.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::package::DuplicatesRule;
use super::{FullPath, RootPath};

/// Declares a number that identifies one kind of thing, so that a user's number cannot be taken for a group's.
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id_type!(
    /// Number of a user.
    UserId
);
id_type!(
    /// Number of a group or of a user's own namespace (one series, as in GitLab).
    GroupId
);
id_type!(
    /// Number of a project.
    ProjectId
);
id_type!(
    /// Number of a package.
    PackageId
);
id_type!(
    /// Number of a package's file.
    FileId
);
id_type!(
    /// Number of a personal or deploy token (one series).
    TokenId
);
id_type!(
    /// Number of a CI job opened here.
    JobId
);
id_type!(
    /// Number of a trusted publisher.
    PublisherId
);
id_type!(
    /// Number of a webhook.
    HookId
);
id_type!(
    /// Number of something a webhook tells.
    DeliveryId
);

/// What a member may do. Inherited down groups; the highest one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Sees the project and pulls its packages.
    Guest,
    /// As guest, for a package registry.
    Reporter,
    /// Publishes.
    Developer,
    /// Deletes packages, changes the project.
    Maintainer,
    /// Changes the group.
    Owner,
}

impl Role {
    /// All roles, lowest first.
    pub const ALL: [Self; 5] = [Self::Guest, Self::Reporter, Self::Developer, Self::Maintainer, Self::Owner];

    /// GitLab's `access_level`.
    pub const fn level(self) -> u8 {
        match self {
            Self::Guest => 10,
            Self::Reporter => 20,
            Self::Developer => 30,
            Self::Maintainer => 40,
            Self::Owner => 50,
        }
    }

    /// The role with that `access_level`.
    pub fn from_level(level: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| u64::from(role.level()) == level)
    }

    /// Lower-case name, as the command line takes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Reporter => "reporter",
            Self::Developer => "developer",
            Self::Maintainer => "maintainer",
            Self::Owner => "owner",
        }
    }
}

/// Who sees a group or project. A child is never more visible than its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Members.
    Private,
    /// Any signed-in user.
    Internal,
    /// Anyone.
    Public,
}

impl Visibility {
    /// All of them, least visible first.
    pub const ALL: [Self; 3] = [Self::Private, Self::Internal, Self::Public];

    /// As the API prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }

    /// The visibility of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|visibility| visibility.as_str() == name)
    }
}

/// Who may use a project's registry (GitLab's `package_registry_access_level`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistryAccess {
    /// Nobody, administrators included. The data is kept.
    Disabled,
    /// Members.
    Private,
    /// Whoever sees the project.
    Enabled,
    /// Anyone may pull, even from a private project.
    Public,
}

impl RegistryAccess {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Disabled, Self::Private, Self::Enabled, Self::Public];

    /// As the API prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Private => "private",
            Self::Enabled => "enabled",
            Self::Public => "public",
        }
    }

    /// The level of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

/// A person, or a machine account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Its number.
    pub id: UserId,
    /// Its name in URLs; also the path of its own namespace.
    pub username: RootPath,
    /// Its name for people.
    pub name: String,
    /// Its mail address; shown to administrators and to itself.
    pub email: String,
    /// Its own namespace.
    pub namespace: GroupId,
    /// Whether it administers the instance.
    pub admin: bool,
    /// Whether it may create root groups.
    pub can_create_group: bool,
    /// A blocked user's credentials are refused.
    pub blocked: bool,
    /// Argon2id hash in PHC string form; nothing when it cannot sign in with a password.
    pub password_hash: Option<String>,
    /// When it was created.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
}

/// What a namespace record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupKind {
    /// A group made by people.
    Group,
    /// A user's own namespace. It has projects, but no subgroups and no members besides that user.
    Personal(UserId),
}

/// A group, or a user's own namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// Group or personal namespace.
    pub kind: GroupKind,
    /// Its ancestors from the root to the parent; empty for a root.
    pub ancestors: Vec<GroupId>,
    /// Its full path.
    pub path: FullPath,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who sees it.
    pub visibility: Visibility,
    /// Its rule for duplicates.
    pub duplicates: DuplicatesRule,
    /// When it was created.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
}

impl Group {
    /// The root group above it, or itself.
    pub fn root(&self) -> GroupId {
        self.ancestors.first().copied().unwrap_or(self.id)
    }

    /// Itself and its ancestors, root first: the groups whose members count here.
    pub fn lineage(&self) -> impl DoubleEndedIterator<Item = GroupId> + '_ {
        self.ancestors.iter().copied().chain(std::iter::once(self.id))
    }

    /// The group above, or nothing for a root.
    pub fn parent(&self) -> Option<GroupId> {
        self.ancestors.last().copied()
    }

    /// Whether it is a user's own namespace.
    pub fn is_personal(&self) -> bool {
        matches!(self.kind, GroupKind::Personal(_))
    }
}

/// A project: it owns packages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Its number.
    pub id: ProjectId,
    /// The groups above it, root first. Never empty: a project lives in a group or personal namespace.
    pub groups: Vec<GroupId>,
    /// Its full path.
    pub path: FullPath,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who sees it.
    pub visibility: Visibility,
    /// Who may use its registry.
    pub registry: RegistryAccess,
    /// Who created it; nothing when it was made from the command line.
    pub creator: Option<UserId>,
    /// When it was created.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
}

impl Project {
    /// The root group: its namespace in Terraform addresses.
    pub fn root(&self) -> GroupId {
        self.groups.first().copied().unwrap_or(GroupId(0))
    }

    /// The group it lives in.
    pub fn parent(&self) -> GroupId {
        self.groups.last().copied().unwrap_or(GroupId(0))
    }
}

/// What a membership or a deploy token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Holder {
    /// A group and everything below it.
    Group(GroupId),
    /// One project.
    Project(ProjectId),
}

/// A user's role in a group or project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Where.
    pub holder: Holder,
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Role,
    /// From when on it no longer counts.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub expires_at: Option<Timestamp>,
    /// Since when.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
}

impl Membership {
    /// Whether it counts at that time.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// Settings of the whole instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceSettings {
    /// The registry switch (`packages_enabled`).
    pub registry_enabled: bool,
    /// Whether [`RegistryAccess::Public`] opens private projects (`package_registry_allow_anyone_to_pull_option`).
    pub allow_anyone_to_pull: bool,
    /// Visibility of new projects that do not say.
    pub default_project_visibility: Visibility,
    /// Visibility of new groups that do not say.
    pub default_group_visibility: Visibility,
    /// Largest upload in bytes (`terraform_module_max_file_size`); 0 means the built-in limit only.
    pub max_file_size: u64,
}

impl Default for InstanceSettings {
    fn default() -> Self {
        Self {
            registry_enabled: true,
            allow_anyone_to_pull: true,
            default_project_visibility: Visibility::Private,
            default_group_visibility: Visibility::Private,
            max_file_size: super::limits::ArchiveLimits::default().compressed_bytes,
        }
    }
}
