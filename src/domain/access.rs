//! Who may do what: one pure function per kind of thing, from facts to allowed or refused.
//!
//! The rules are GitLab's for a package registry: everyone who sees a project pulls (guests too), developers publish,
//! maintainers delete and change the project, owners change the group. Callers gather the facts, ask here, and act;
//! nothing else in the program compares roles. A [`Refusal`] says why, not with which HTTP status: that depends on the
//! family of endpoints and is decided in `http/error.rs`.

use super::{RegistryAccess, Role, Visibility};

/// Who asks, reduced to what decisions depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// No credential.
    Anonymous,
    /// A user, by a personal token.
    User {
        /// Administers the instance.
        admin: bool,
        /// The token may write (`api`, not only `read_api`).
        write: bool,
    },
    /// A deploy token.
    DeployToken {
        /// The token may publish (`write_package_registry`).
        write: bool,
    },
    /// A CI job. It does with packages what its role allows, and nothing else.
    Ci {
        /// It acts for a user of the instance, so that it sees what is internal.
        user: bool,
    },
}

impl Identity {
    const fn is_admin(self) -> bool {
        matches!(self, Self::User { admin: true, .. })
    }

    const fn may_write(self) -> bool {
        match self {
            Self::Anonymous => false,
            Self::User { write, .. } | Self::DeployToken { write } => write,
            Self::Ci { .. } => true,
        }
    }

    /// Whether it is, or acts for, a user of the instance.
    const fn is_user(self) -> bool {
        matches!(self, Self::User { .. } | Self::Ci { user: true })
    }
}

/// What a decision about a project depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectFacts {
    /// Who sees the project.
    pub visibility: Visibility,
    /// Who may use its registry.
    pub registry: RegistryAccess,
    /// The instance lets [`RegistryAccess::Public`] open private projects.
    pub allow_anyone_to_pull: bool,
    /// The caller's highest active role here, inherited ones included.
    pub role: Option<Role>,
    /// The caller is a deploy token of this project or of a group above it.
    pub covered: bool,
}

/// What a decision about a group depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupFacts {
    /// Who sees the group.
    pub visibility: Visibility,
    /// It is a user's own namespace: not listed to others, whatever is public in it.
    pub personal: bool,
    /// The caller's highest active role here, inherited ones included.
    pub role: Option<Role>,
    /// The caller is a member of something below, or a deploy token of this group, of one above or of something below.
    pub connected: bool,
}

/// What somebody wants to do with a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectAction {
    /// See that it exists and how it is set up.
    View,
    /// List, read and download its packages.
    Pull,
    /// Publish a package.
    Publish,
    /// Delete a package or a file.
    DeletePackage,
    /// Close a CI job: also while the registry is off, because its token reaches other projects.
    CloseJob,
    /// See its deploy tokens.
    Inspect,
    /// Change its settings, members and deploy tokens.
    Administer,
    /// Delete it.
    Remove,
}

/// What somebody wants to do with a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupAction {
    /// See that it exists, and that something in it does not.
    View,
    /// Create a project in it.
    CreateProject,
    /// Create a subgroup in it.
    CreateSubgroup,
    /// See its deploy tokens.
    Inspect,
    /// Change its settings, members and deploy tokens; delete it.
    Administer,
}

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// To this caller it does not exist. Must look exactly like a thing that does not exist.
    Hidden,
    /// The caller sees it and lacks this role.
    Needs(Role),
    /// The caller sees the project, but its registry is for members.
    MembersOnly,
    /// The caller's token has no scope for this.
    Scope,
    /// A deploy token cannot do this, whatever its scopes.
    NotForDeployTokens,
    /// A CI job cannot do this, whatever its role.
    NotForCi,
    /// The caller sees it, and nobody here trusts CI jobs with its claims.
    NotTrusted,
    /// Only administrators of the instance may.
    AdministratorsOnly,
    /// The project's registry is switched off.
    RegistryOff,
}

/// Whether the caller may know that the project exists.
fn sees_project(who: Identity, project: &ProjectFacts) -> bool {
    who.is_admin()
        || project.role.is_some()
        || project.covered
        || match project.visibility {
            Visibility::Public => true,
            Visibility::Internal => who.is_user(),
            Visibility::Private => false,
        }
}

/// Whether the registry would let this caller pull, were it not switched off.
fn registry_admits(who: Identity, project: &ProjectFacts) -> bool {
    match project.registry {
        RegistryAccess::Disabled => false,
        RegistryAccess::Private => who.is_admin() || project.role.is_some() || project.covered,
        RegistryAccess::Enabled => sees_project(who, project),
        RegistryAccess::Public => project.allow_anyone_to_pull || sees_project(who, project),
    }
}

/// May this caller do that to a project?
pub fn project(who: Identity, project: &ProjectFacts, action: ProjectAction) -> Result<(), Refusal> {
    let sees = sees_project(who, project);
    let admitted = registry_admits(who, project);
    // A registry that is open to anyone shows its packages, and nothing else of a project.
    let of_packages =
        matches!(action, ProjectAction::Pull | ProjectAction::Publish | ProjectAction::DeletePackage);
    if !(sees || of_packages && admitted) {
        return Err(Refusal::Hidden);
    }
    match action {
        ProjectAction::View => Ok(()),
        ProjectAction::Pull if project.registry == RegistryAccess::Disabled => Err(Refusal::RegistryOff),
        ProjectAction::Pull if admitted => Ok(()),
        ProjectAction::Pull => Err(Refusal::MembersOnly),
        ProjectAction::Publish => {
            match who {
                Identity::DeployToken { write: true } if project.covered => Ok(()),
                Identity::DeployToken { write: false } if project.covered => Err(Refusal::Scope),
                _ => needs(who, project.role, Role::Developer),
            }?;
            registry_on(project)
        }
        ProjectAction::DeletePackage => {
            match who {
                Identity::Ci { .. } => needs(who, project.role, Role::Maintainer),
                _ => manage(who, project.role, Role::Maintainer),
            }?;
            registry_on(project)
        }
        ProjectAction::CloseJob => manage(who, project.role, Role::Developer),
        ProjectAction::Inspect => inspect(who, project.role, Role::Maintainer),
        ProjectAction::Administer => manage(who, project.role, Role::Maintainer),
        ProjectAction::Remove => manage(who, project.role, Role::Owner),
    }
}

fn registry_on(project: &ProjectFacts) -> Result<(), Refusal> {
    if project.registry == RegistryAccess::Disabled { Err(Refusal::RegistryOff) } else { Ok(()) }
}

/// May this caller do that to a group?
pub fn group(who: Identity, group: &GroupFacts, action: GroupAction) -> Result<(), Refusal> {
    let visible = who.is_admin()
        || group.role.is_some()
        || group.connected
        || !group.personal
            && match group.visibility {
                Visibility::Public => true,
                Visibility::Internal => who.is_user(),
                Visibility::Private => false,
            };
    if !visible {
        return Err(Refusal::Hidden);
    }
    match action {
        GroupAction::View => Ok(()),
        GroupAction::CreateProject => manage(who, group.role, Role::Developer),
        GroupAction::CreateSubgroup => manage(who, group.role, Role::Maintainer),
        GroupAction::Inspect => inspect(who, group.role, Role::Owner),
        GroupAction::Administer => manage(who, group.role, Role::Owner),
    }
}

/// May this caller administer the instance?
pub fn instance(who: Identity) -> Result<(), Refusal> {
    match who {
        Identity::User { admin: true, write: true } => Ok(()),
        Identity::User { admin: true, write: false } => Err(Refusal::Scope),
        _ => Err(Refusal::AdministratorsOnly),
    }
}

/// May this caller see how the instance is set up, and everything of its users?
pub fn inspect_instance(who: Identity) -> Result<(), Refusal> {
    if who.is_admin() { Ok(()) } else { Err(Refusal::AdministratorsOnly) }
}

/// May this caller create a root group? `permitted`: its user may (`can_create_group`).
pub fn create_root_group(who: Identity, permitted: bool) -> Result<(), Refusal> {
    if permitted || who.is_admin() { own(who) } else { Err(Refusal::AdministratorsOnly) }
}

/// May this caller give, change or take away the role `other`, where its own highest is `role`?
pub fn grant(who: Identity, role: Option<Role>, other: Role) -> Result<(), Refusal> {
    manage(who, role, other)
}

/// May this caller change what is its own: its tokens, its memberships?
pub fn own(who: Identity) -> Result<(), Refusal> {
    match who {
        Identity::Anonymous => Err(Refusal::AdministratorsOnly),
        Identity::DeployToken { .. } => Err(Refusal::NotForDeployTokens),
        Identity::Ci { .. } => Err(Refusal::NotForCi),
        Identity::User { write: true, .. } => Ok(()),
        Identity::User { write: false, .. } => Err(Refusal::Scope),
    }
}

fn manage(who: Identity, role: Option<Role>, lowest: Role) -> Result<(), Refusal> {
    match who {
        Identity::DeployToken { .. } => Err(Refusal::NotForDeployTokens),
        Identity::Ci { .. } => Err(Refusal::NotForCi),
        Identity::Anonymous | Identity::User { .. } => needs(who, role, lowest),
    }
}

/// The same for what is only read, which a token that may only read may too.
fn inspect(who: Identity, role: Option<Role>, lowest: Role) -> Result<(), Refusal> {
    match who {
        Identity::DeployToken { .. } => Err(Refusal::NotForDeployTokens),
        Identity::Ci { .. } => Err(Refusal::NotForCi),
        Identity::Anonymous | Identity::User { .. } => has(who, role, lowest),
    }
}

fn needs(who: Identity, role: Option<Role>, lowest: Role) -> Result<(), Refusal> {
    has(who, role, lowest)?;
    if who.may_write() { Ok(()) } else { Err(Refusal::Scope) }
}

fn has(who: Identity, role: Option<Role>, lowest: Role) -> Result<(), Refusal> {
    match role {
        _ if who.is_admin() => Ok(()),
        Some(role) if role >= lowest => Ok(()),
        None if matches!(who, Identity::Ci { user: false }) => Err(Refusal::NotTrusted),
        Some(_) | None => Err(Refusal::Needs(lowest)),
    }
}

#[cfg(test)]
mod tests;
