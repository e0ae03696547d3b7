//! The rules of access, as tables.

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
    let levels =
        [RegistryAccess::Disabled, RegistryAccess::Private, RegistryAccess::Enabled, RegistryAccess::Public];
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
            assert_eq!(letter(group(who, &facts, action)), expected, "{name}: {action:?} on {visibility:?}");
        }
    }
    let below = GroupFacts { visibility: V::Private, personal: false, role: None, connected: true };
    let member_below = Identity::User { admin: false, write: true };
    assert_eq!(group(member_below, &below, View), Ok(()), "a member of a project sees the groups above it");
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
    let outcomes: String = CALLERS.into_iter().map(|(_, who, ..)| letter(inspect_instance(who))).collect();
    assert_eq!(outcomes, "aaaaaaaaa++aaa");
}
