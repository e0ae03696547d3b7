//! The URLs of users, groups, projects, members, tokens and settings.

use hyper::Method;

/// A resource that is not about packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route<'a> {
    /// `/oauth/token`, outside `/api/v4`.
    SignIn,
    /// The user who asks.
    CurrentUser,
    /// Personal tokens of the user who asks.
    OwnTokens,
    /// Users.
    Users,
    /// One user.
    User(&'a str),
    /// Blocks a user.
    BlockUser(&'a str),
    /// Lets a blocked user in again.
    UnblockUser(&'a str),
    /// A user's personal tokens.
    UserTokens(&'a str),
    /// Personal tokens.
    Tokens,
    /// One of them, or `self`.
    Token(&'a str),
    /// Replaces one of them, or `self`.
    RotateToken(&'a str),
    /// Groups and personal namespaces.
    Namespaces,
    /// One namespace: a group or a user's own.
    Namespace(&'a str),
    /// Whether a path is taken.
    NamespaceExists(&'a str),
    /// Groups.
    Groups,
    /// One group.
    Group(&'a str),
    /// The groups directly in a group.
    Subgroups(&'a str),
    /// The groups anywhere below a group.
    DescendantGroups(&'a str),
    /// The projects of a group.
    GroupProjects(&'a str),
    /// Projects.
    Projects,
    /// One project.
    Project(&'a str),
    /// Something that groups and projects both have.
    In(Holder<'a>, Part<'a>),
    /// Settings of the instance.
    Settings,
    /// Limits of the instance.
    PlanLimits,
    /// The audit log.
    AuditEvents,
    /// One entry of it.
    AuditEvent(&'a str),
    /// The version of the server.
    Version,
    /// The same, and more.
    Metadata,
}

/// A group or a project, by number or path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder<'a> {
    /// A group.
    Group(&'a str),
    /// A project.
    Project(&'a str),
}

/// What groups and projects both have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Direct members.
    Members,
    /// One of them.
    Member(&'a str),
    /// Members, inherited ones included.
    AllMembers,
    /// One of them.
    AnyMember(&'a str),
    /// Deploy tokens.
    DeployTokens,
    /// One of them.
    DeployToken(&'a str),
}

impl<'a> Route<'a> {
    /// The resource that the segments after `/api/v4` name.
    pub fn parse(segments: &[&'a str]) -> Option<Self> {
        Some(match *segments {
            ["user"] => Self::CurrentUser,
            ["user", "personal_access_tokens"] => Self::OwnTokens,
            ["users"] => Self::Users,
            ["users", id] => Self::User(id),
            ["users", id, "block"] => Self::BlockUser(id),
            ["users", id, "unblock"] => Self::UnblockUser(id),
            ["users", id, "personal_access_tokens"] => Self::UserTokens(id),
            ["personal_access_tokens"] => Self::Tokens,
            ["personal_access_tokens", id] => Self::Token(id),
            ["personal_access_tokens", id, "rotate"] => Self::RotateToken(id),
            ["namespaces"] => Self::Namespaces,
            ["namespaces", id] => Self::Namespace(id),
            ["namespaces", path, "exists"] => Self::NamespaceExists(path),
            ["groups"] => Self::Groups,
            ["groups", id] => Self::Group(id),
            ["groups", id, "subgroups"] => Self::Subgroups(id),
            ["groups", id, "descendant_groups"] => Self::DescendantGroups(id),
            ["groups", id, "projects"] => Self::GroupProjects(id),
            ["groups", id, ref rest @ ..] => Self::In(Holder::Group(id), Part::parse(rest)?),
            ["projects"] => Self::Projects,
            ["projects", id] => Self::Project(id),
            ["projects", id, ref rest @ ..] => Self::In(Holder::Project(id), Part::parse(rest)?),
            ["application", "settings"] => Self::Settings,
            ["application", "plan_limits"] => Self::PlanLimits,
            ["audit_events"] => Self::AuditEvents,
            ["audit_events", id] => Self::AuditEvent(id),
            ["version"] => Self::Version,
            ["metadata"] => Self::Metadata,
            _ => return None,
        })
    }

    /// The path with its variable parts named.
    pub const fn pattern(&self) -> &'static str {
        match self {
            Self::SignIn => "/oauth/token",
            Self::CurrentUser => "/api/v4/user",
            Self::OwnTokens => "/api/v4/user/personal_access_tokens",
            Self::Users => "/api/v4/users",
            Self::User(_) => "/api/v4/users/:id",
            Self::BlockUser(_) => "/api/v4/users/:id/block",
            Self::UnblockUser(_) => "/api/v4/users/:id/unblock",
            Self::UserTokens(_) => "/api/v4/users/:id/personal_access_tokens",
            Self::Tokens => "/api/v4/personal_access_tokens",
            Self::Token(_) => "/api/v4/personal_access_tokens/:id",
            Self::RotateToken(_) => "/api/v4/personal_access_tokens/:id/rotate",
            Self::Namespaces => "/api/v4/namespaces",
            Self::Namespace(_) => "/api/v4/namespaces/:id",
            Self::NamespaceExists(_) => "/api/v4/namespaces/:path/exists",
            Self::Groups => "/api/v4/groups",
            Self::Group(_) => "/api/v4/groups/:id",
            Self::Subgroups(_) => "/api/v4/groups/:id/subgroups",
            Self::DescendantGroups(_) => "/api/v4/groups/:id/descendant_groups",
            Self::GroupProjects(_) => "/api/v4/groups/:id/projects",
            Self::Projects => "/api/v4/projects",
            Self::Project(_) => "/api/v4/projects/:id",
            Self::In(Holder::Group(_), part) => match part {
                Part::Members => "/api/v4/groups/:id/members",
                Part::Member(_) => "/api/v4/groups/:id/members/:user_id",
                Part::AllMembers => "/api/v4/groups/:id/members/all",
                Part::AnyMember(_) => "/api/v4/groups/:id/members/all/:user_id",
                Part::DeployTokens => "/api/v4/groups/:id/deploy_tokens",
                Part::DeployToken(_) => "/api/v4/groups/:id/deploy_tokens/:token_id",
            },
            Self::In(Holder::Project(_), part) => match part {
                Part::Members => "/api/v4/projects/:id/members",
                Part::Member(_) => "/api/v4/projects/:id/members/:user_id",
                Part::AllMembers => "/api/v4/projects/:id/members/all",
                Part::AnyMember(_) => "/api/v4/projects/:id/members/all/:user_id",
                Part::DeployTokens => "/api/v4/projects/:id/deploy_tokens",
                Part::DeployToken(_) => "/api/v4/projects/:id/deploy_tokens/:token_id",
            },
            Self::Settings => "/api/v4/application/settings",
            Self::PlanLimits => "/api/v4/application/plan_limits",
            Self::AuditEvents => "/api/v4/audit_events",
            Self::AuditEvent(_) => "/api/v4/audit_events/:id",
            Self::Version => "/api/v4/version",
            Self::Metadata => "/api/v4/metadata",
        }
    }

    /// The methods it answers, besides `HEAD`.
    pub const fn methods(&self) -> &'static [Method] {
        match self {
            Self::SignIn
            | Self::OwnTokens
            | Self::BlockUser(_)
            | Self::UnblockUser(_)
            | Self::RotateToken(_) => &[Method::POST],
            Self::CurrentUser
            | Self::Tokens
            | Self::Namespaces
            | Self::Namespace(_)
            | Self::NamespaceExists(_)
            | Self::Subgroups(_)
            | Self::DescendantGroups(_)
            | Self::GroupProjects(_)
            | Self::AuditEvents
            | Self::AuditEvent(_)
            | Self::Version
            | Self::Metadata
            | Self::In(_, Part::AllMembers | Part::AnyMember(_)) => &[Method::GET],
            Self::Users
            | Self::Groups
            | Self::Projects
            | Self::UserTokens(_)
            | Self::In(_, Part::Members | Part::DeployTokens) => &[Method::GET, Method::POST],
            Self::Token(_) | Self::In(_, Part::DeployToken(_)) => &[Method::GET, Method::DELETE],
            Self::User(_) | Self::Group(_) | Self::Project(_) | Self::In(_, Part::Member(_)) => {
                &[Method::GET, Method::PUT, Method::DELETE]
            }
            Self::Settings | Self::PlanLimits => &[Method::GET, Method::PUT],
        }
    }
}

impl<'a> Part<'a> {
    fn parse(segments: &[&'a str]) -> Option<Self> {
        Some(match *segments {
            ["members"] => Self::Members,
            ["members", "all"] => Self::AllMembers,
            ["members", "all", id] => Self::AnyMember(id),
            ["members", id] => Self::Member(id),
            ["deploy_tokens"] => Self::DeployTokens,
            ["deploy_tokens", id] => Self::DeployToken(id),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_routes_and_routes_print_their_pattern() {
        for (path, pattern, methods) in [
            ("user", "/api/v4/user", "GET"),
            ("user/personal_access_tokens", "/api/v4/user/personal_access_tokens", "POST"),
            ("namespaces/acme/exists", "/api/v4/namespaces/:path/exists", "GET"),
            ("groups/acme/descendant_groups", "/api/v4/groups/:id/descendant_groups", "GET"),
            ("users/1", "/api/v4/users/:id", "GET PUT DELETE"),
            ("users/1/block", "/api/v4/users/:id/block", "POST"),
            ("personal_access_tokens/self", "/api/v4/personal_access_tokens/:id", "GET DELETE"),
            ("personal_access_tokens/7/rotate", "/api/v4/personal_access_tokens/:id/rotate", "POST"),
            ("groups/acme/subgroups", "/api/v4/groups/:id/subgroups", "GET"),
            ("groups/acme/members/all", "/api/v4/groups/:id/members/all", "GET"),
            ("groups/acme/members/all/7", "/api/v4/groups/:id/members/all/:user_id", "GET"),
            ("projects/7/members/8", "/api/v4/projects/:id/members/:user_id", "GET PUT DELETE"),
            ("projects/7/deploy_tokens", "/api/v4/projects/:id/deploy_tokens", "GET POST"),
            ("application/settings", "/api/v4/application/settings", "GET PUT"),
        ] {
            let segments: Vec<&str> = path.split('/').collect();
            let route = Route::parse(&segments).unwrap();
            let found: Vec<&str> = route.methods().iter().map(Method::as_str).collect();
            assert_eq!((route.pattern(), found.join(" ").as_str()), (pattern, methods), "{path}");
        }
        for path in ["", "oauth/token", "users/1/x", "groups/a/b", "projects/a/members/1/2", "user/x"] {
            let segments: Vec<&str> = path.split('/').collect();
            assert_eq!(Route::parse(&segments), None, "{path}");
        }
    }
}
