//! Who may do what: one pure function per kind of thing, from facts to allowed or refused.
//!
//! The rules are GitLab's for a package registry: everyone who sees a project pulls (guests too), developers publish,
//! maintainers delete and change the project, owners change the group. Callers gather the facts, ask here, and act;
//! nothing else in the program compares roles. A [`Refusal`] says why, not with which HTTP status: that depends on the
//! family of endpoints and is decided in `http/error.rs`.

use super::{RegistryAccess, Role, Visibility};

/// Who asks, reduced to what decisions depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
mod tests {
    use super::*;

    /// The columns of the tables below.
    const CALLERS: [(&str, Identity, Option<Role>, bool); 14] = {
        const fn user(admin: bool, write: bool) -> Identity {
            Identity::User { admin, write }
        }
        [
            ("anonymous", Identity::Anonymous, None, false),
            ("user, not a member", user(false, true), None, false),
            ("guest", user(false, true), Some(Role::Guest), false),
            ("reporter", user(false, true), Some(Role::Reporter), false),
            ("developer", user(false, true), Some(Role::Developer), false),
            ("developer, read_api", user(false, false), Some(Role::Developer), false),
            ("maintainer", user(false, true), Some(Role::Maintainer), false),
            ("maintainer, read_api", user(false, false), Some(Role::Maintainer), false),
            ("owner", user(false, true), Some(Role::Owner), false),
            ("administrator", user(true, true), None, false),
            ("administrator, read_api", user(true, false), None, false),
            ("deploy token of this project, read", Identity::DeployToken { write: false }, None, true),
            ("deploy token of this project, write", Identity::DeployToken { write: true }, None, true),
            ("deploy token of another project, write", Identity::DeployToken { write: true }, None, false),
        ]
    };

    fn letter(outcome: Result<(), Refusal>) -> char {
        match outcome {
            Ok(()) => '+',
            Err(Refusal::Hidden) => 'h',
            Err(Refusal::Needs(_)) => 'n',
            Err(Refusal::MembersOnly) => 'm',
            Err(Refusal::Scope) => 's',
            Err(Refusal::NotForDeployTokens) => 'd',
            Err(Refusal::NotForCi) => 'c',
            Err(Refusal::NotTrusted) => 't',
            Err(Refusal::AdministratorsOnly) => 'a',
            Err(Refusal::RegistryOff) => 'o',
        }
    }

    /// One row a (visibility, registry level): the outcome for each of [`CALLERS`], in order.
    /// `+` allowed, `h` hidden, `n` needs a higher role, `m` members only, `s` scope, `d` not for deploy tokens,
    /// `o` registry off.
    #[test]
    fn every_combination_of_project_caller_and_action() {
        use ProjectAction::{Administer, DeletePackage, Inspect, Publish, Pull, Remove, View};
        use RegistryAccess as R;
        use Visibility as V;
        #[rustfmt::skip]
        let table: &[(V, R, ProjectAction, &str)] = &[
            // anonymous, user, guest, reporter, developer(rw, r), maintainer(rw, r), owner, admin(rw, r), deploy(r, w, other)
            (V::Private,  R::Enabled,  View,          "hh+++++++++++h"),
            (V::Private,  R::Enabled,  Pull,          "hh+++++++++++h"),
            (V::Private,  R::Enabled,  Publish,       "hhnn+s+s++ss+h"),
            (V::Private,  R::Enabled,  DeletePackage, "hhnnnn+s++sddh"),
            (V::Private,  R::Enabled,  Inspect,       "hhnnnn+++++ddh"),
            (V::Private,  R::Enabled,  Administer,    "hhnnnn+s++sddh"),
            (V::Private,  R::Enabled,  Remove,        "hhnnnnnn++sddh"),
            (V::Internal, R::Enabled,  Inspect,       "hnnnnn+++++ddh"),
            (V::Public,   R::Enabled,  Inspect,       "nnnnnn+++++ddd"),
            (V::Private,  R::Disabled, Inspect,       "hhnnnn+++++ddh"),
            (V::Private,  R::Private,  View,          "hh+++++++++++h"),
            (V::Private,  R::Private,  Pull,          "hh+++++++++++h"),
            (V::Private,  R::Private,  Publish,       "hhnn+s+s++ss+h"),
            (V::Private,  R::Private,  DeletePackage, "hhnnnn+s++sddh"),
            (V::Private,  R::Private,  Administer,    "hhnnnn+s++sddh"),
            (V::Private,  R::Private,  Remove,        "hhnnnnnn++sddh"),
            (V::Private,  R::Disabled, View,          "hh+++++++++++h"),
            (V::Private,  R::Disabled, Pull,          "hhoooooooooooh"),
            (V::Private,  R::Disabled, Publish,       "hhnnososoossoh"),
            (V::Private,  R::Disabled, DeletePackage, "hhnnnnosoosddh"),
            (V::Private,  R::Disabled, Administer,    "hhnnnn+s++sddh"),
            (V::Private,  R::Disabled, Remove,        "hhnnnnnn++sddh"),
            (V::Private,  R::Public,   View,          "hh+++++++++++h"),
            (V::Private,  R::Public,   Pull,          "++++++++++++++"),
            (V::Private,  R::Public,   Publish,       "nnnn+s+s++ss+n"),
            (V::Private,  R::Public,   DeletePackage, "nnnnnn+s++sddd"),
            (V::Private,  R::Public,   Inspect,       "hhnnnn+++++ddh"),
            (V::Private,  R::Public,   Administer,    "hhnnnn+s++sddh"),
            (V::Private,  R::Public,   Remove,        "hhnnnnnn++sddh"),
            (V::Internal, R::Enabled,  View,          "h++++++++++++h"),
            (V::Internal, R::Enabled,  Pull,          "h++++++++++++h"),
            (V::Internal, R::Enabled,  Publish,       "hnnn+s+s++ss+h"),
            (V::Internal, R::Enabled,  DeletePackage, "hnnnnn+s++sddh"),
            (V::Internal, R::Enabled,  Administer,    "hnnnnn+s++sddh"),
            (V::Internal, R::Enabled,  Remove,        "hnnnnnnn++sddh"),
            (V::Internal, R::Private,  View,          "h++++++++++++h"),
            (V::Internal, R::Private,  Pull,          "hm+++++++++++h"),
            (V::Internal, R::Private,  Publish,       "hnnn+s+s++ss+h"),
            (V::Internal, R::Private,  DeletePackage, "hnnnnn+s++sddh"),
            (V::Internal, R::Disabled, View,          "h++++++++++++h"),
            (V::Internal, R::Disabled, Pull,          "hooooooooooooh"),
            (V::Internal, R::Disabled, Publish,       "hnnnososoossoh"),
            (V::Internal, R::Disabled, DeletePackage, "hnnnnnosoosddh"),
            (V::Internal, R::Public,   View,          "h++++++++++++h"),
            (V::Internal, R::Public,   Pull,          "++++++++++++++"),
            (V::Internal, R::Public,   Publish,       "nnnn+s+s++ss+n"),
            (V::Internal, R::Public,   DeletePackage, "nnnnnn+s++sddd"),
            (V::Internal, R::Public,   Administer,    "hnnnnn+s++sddh"),
            (V::Public,   R::Enabled,  View,          "++++++++++++++"),
            (V::Public,   R::Enabled,  Pull,          "++++++++++++++"),
            (V::Public,   R::Enabled,  Publish,       "nnnn+s+s++ss+n"),
            (V::Public,   R::Enabled,  DeletePackage, "nnnnnn+s++sddd"),
            (V::Public,   R::Enabled,  Inspect,       "nnnnnn+++++ddd"),
            (V::Public,   R::Enabled,  Administer,    "nnnnnn+s++sddd"),
            (V::Public,   R::Enabled,  Remove,        "nnnnnnnn++sddd"),
            (V::Public,   R::Private,  View,          "++++++++++++++"),
            (V::Public,   R::Private,  Pull,          "mm+++++++++++m"),
            (V::Public,   R::Private,  Publish,       "nnnn+s+s++ss+n"),
            (V::Public,   R::Private,  DeletePackage, "nnnnnn+s++sddd"),
            (V::Public,   R::Disabled, View,          "++++++++++++++"),
            (V::Public,   R::Disabled, Pull,          "oooooooooooooo"),
            (V::Public,   R::Disabled, Publish,       "nnnnososoosson"),
            (V::Public,   R::Disabled, DeletePackage, "nnnnnnosoosddd"),
            (V::Public,   R::Public,   View,          "++++++++++++++"),
            (V::Public,   R::Public,   Pull,          "++++++++++++++"),
            (V::Public,   R::Public,   Publish,       "nnnn+s+s++ss+n"),
            (V::Public,   R::Public,   DeletePackage, "nnnnnn+s++sddd"),
        ];
        for &(visibility, registry, action, expected) in table {
            for ((name, who, role, covered), expected) in CALLERS.into_iter().zip(expected.chars()) {
                let facts = ProjectFacts { visibility, registry, allow_anyone_to_pull: true, role, covered };
                let outcome = letter(project(who, &facts, action));
                assert_eq!(outcome, expected, "{name}: {action:?} on {visibility:?}, registry {registry:?}");
                // Switching "allow anyone to pull" off turns the public level back into the ordinary one.
                if registry == RegistryAccess::Public {
                    let closed = ProjectFacts { allow_anyone_to_pull: false, ..facts };
                    let ordinary = ProjectFacts { registry: RegistryAccess::Enabled, ..facts };
                    assert_eq!(project(who, &closed, action), project(who, &ordinary, action), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_ci_job_does_with_packages_what_its_role_may_and_nothing_else() {
        use ProjectAction::{Administer, DeletePackage, Inspect, Publish, Pull, Remove, View};
        let visibilities = [Visibility::Private, Visibility::Internal, Visibility::Public];
        let levels = [
            RegistryAccess::Disabled,
            RegistryAccess::Private,
            RegistryAccess::Enabled,
            RegistryAccess::Public,
        ];
        let roles = Role::ALL.into_iter().map(Some).chain([None]);
        for (visibility, registry) in visibilities.into_iter().flat_map(|v| levels.map(|level| (v, level))) {
            for role in roles.clone() {
                let facts =
                    ProjectFacts { visibility, registry, allow_anyone_to_pull: true, role, covered: false };
                let of = |who: Identity, action| project(who, &facts, action);
                let (job, user) = (Identity::Ci { user: true }, Identity::User { admin: false, write: true });
                let elsewhere = Identity::Ci { user: false };
                for action in [View, Pull, Publish, DeletePackage] {
                    assert_eq!(of(job, action), of(user, action), "{role:?}: {action:?} on {facts:?}");
                    // Without a user behind it, what is internal stays hidden unless a role was given.
                    let stranger = if role.is_some() || visibility != Visibility::Internal {
                        user
                    } else {
                        Identity::Anonymous
                    };
                    let expected = of(stranger, action).map_err(|refusal| match (refusal, role) {
                        (Refusal::Needs(_), None) => Refusal::NotTrusted,
                        (other, _) => other,
                    });
                    assert_eq!(of(elsewhere, action), expected, "{role:?}: {action:?} on {facts:?}");
                }
                for action in [Inspect, Administer, Remove] {
                    let refused = of(job, action);
                    assert!(
                        matches!(refused, Err(Refusal::NotForCi | Refusal::Hidden)),
                        "{role:?}: {action:?}, {refused:?}"
                    );
                }
            }
        }
        for who in [Identity::Ci { user: true }, Identity::Ci { user: false }] {
            let facts = GroupFacts {
                visibility: Visibility::Public,
                personal: false,
                role: Some(Role::Owner),
                connected: true,
            };
            assert!(group(who, &facts, GroupAction::View).is_ok());
            for action in [
                GroupAction::CreateProject,
                GroupAction::CreateSubgroup,
                GroupAction::Inspect,
                GroupAction::Administer,
            ] {
                assert_eq!(group(who, &facts, action), Err(Refusal::NotForCi), "{action:?}");
            }
            assert_eq!(instance(who), Err(Refusal::AdministratorsOnly));
            assert_eq!(own(who), Err(Refusal::NotForCi));
            assert_eq!(grant(who, Some(Role::Owner), Role::Guest), Err(Refusal::NotForCi));
        }
    }

    #[test]
    fn every_combination_of_group_caller_and_action() {
        use GroupAction::{Administer, CreateProject, CreateSubgroup, Inspect, View};
        use Visibility as V;
        #[rustfmt::skip]
        let table: &[(V, bool, GroupAction, &str)] = &[
            (V::Private,  false, View,           "hh+++++++++++h"),
            (V::Private,  false, CreateProject,  "hhnn+s+s++sddh"),
            (V::Private,  false, CreateSubgroup, "hhnnnn+s++sddh"),
            (V::Private,  false, Inspect,        "hhnnnnnn+++ddh"),
            (V::Private,  false, Administer,     "hhnnnnnn++sddh"),
            (V::Public,   false, Inspect,        "nnnnnnnn+++ddd"),
            (V::Internal, false, View,           "h++++++++++++h"),
            (V::Internal, false, CreateProject,  "hnnn+s+s++sddh"),
            (V::Internal, false, CreateSubgroup, "hnnnnn+s++sddh"),
            (V::Internal, false, Administer,     "hnnnnnnn++sddh"),
            (V::Public,   false, View,           "++++++++++++++"),
            (V::Public,   false, CreateProject,  "nnnn+s+s++sddd"),
            (V::Public,   false, CreateSubgroup, "nnnnnn+s++sddd"),
            (V::Public,   false, Administer,     "nnnnnnnn++sddd"),
            // A user's own namespace is never shown for being public.
            (V::Public,   true,  View,           "hh+++++++++++h"),
        ];
        for &(visibility, personal, action, expected) in table {
            for ((name, who, role, connected), expected) in CALLERS.into_iter().zip(expected.chars()) {
                let facts = GroupFacts { visibility, personal, role, connected };
                assert_eq!(
                    letter(group(who, &facts, action)),
                    expected,
                    "{name}: {action:?} on {visibility:?}"
                );
            }
        }
        let below = GroupFacts { visibility: V::Private, personal: false, role: None, connected: true };
        let member_below = Identity::User { admin: false, write: true };
        assert_eq!(
            group(member_below, &below, View),
            Ok(()),
            "a member of a project sees the groups above it"
        );
        assert_eq!(group(member_below, &below, CreateProject), Err(Refusal::Needs(Role::Developer)));
    }

    #[test]
    fn callers_change_what_is_their_own_and_grant_up_to_their_own_role() {
        let row = |judge: &dyn Fn(Identity, Option<Role>) -> Result<(), Refusal>| -> String {
            CALLERS.into_iter().map(|(_, who, role, _)| letter(judge(who, role))).collect()
        };
        assert_eq!(row(&|who, _| own(who)), "a++++s+s++sddd");
        assert_eq!(row(&|who, _| create_root_group(who, true)), "a++++s+s++sddd");
        assert_eq!(row(&|who, _| create_root_group(who, false)), "aaaaaaaaa+saaa");
        assert_eq!(row(&|who, role| grant(who, role, Role::Developer)), "nnnn+s+s++sddd");
        assert_eq!(row(&|who, role| grant(who, role, Role::Maintainer)), "nnnnnn+s++sddd");
        assert_eq!(row(&|who, role| grant(who, role, Role::Owner)), "nnnnnnnn++sddd");
    }

    #[test]
    fn only_administrators_with_a_writing_token_administer() {
        let outcomes: String = CALLERS.into_iter().map(|(_, who, ..)| letter(instance(who))).collect();
        assert_eq!(outcomes, "aaaaaaaaa+saaa");
        let outcomes: String =
            CALLERS.into_iter().map(|(_, who, ..)| letter(inspect_instance(who))).collect();
        assert_eq!(outcomes, "aaaaaaaaa++aaa");
    }
}
