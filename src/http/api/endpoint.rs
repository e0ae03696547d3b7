//! The URLs of the REST API, below `/api/v4`.

use hyper::Method;

use super::ci::Ci;
use super::hooks::Hooks;
use super::routes::Route;
use crate::http::endpoint::Family;

/// A resource of the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api<'a> {
    /// Packages of a project.
    ProjectPackages {
        /// Number or path of the project.
        project: &'a str,
        /// Which part.
        part: Packages<'a>,
    },
    /// What CI systems need of a project.
    ProjectCi {
        /// Number or path of the project.
        project: &'a str,
        /// Which part.
        part: Ci<'a>,
    },
    /// Webhooks of a project.
    ProjectHooks {
        /// Number or path of the project.
        project: &'a str,
        /// Which part.
        part: Hooks<'a>,
    },
    /// Packages of a group and the groups below.
    GroupPackages(&'a str),
    /// Users, groups, projects, members, tokens, settings.
    Identity(Route<'a>),
}

/// Parts of a project's packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packages<'a> {
    /// The list.
    List,
    /// One package.
    One(&'a str),
    /// Its files.
    Files(&'a str),
    /// The pipelines that made it.
    Pipelines(&'a str),
    /// One of its files.
    File(&'a str, &'a str),
    /// The bytes of one of its files.
    FileDownload(&'a str, &'a str),
}

impl<'a> Api<'a> {
    /// The resource that the segments after `/api/v4` name.
    pub fn parse(segments: &[&'a str]) -> Option<Self> {
        Some(match *segments {
            ["groups", group, "packages"] => Self::GroupPackages(group),
            ["projects", project, "packages", ref rest @ ..] => {
                let part = match *rest {
                    [] => Packages::List,
                    [package] => Packages::One(package),
                    [package, "package_files"] => Packages::Files(package),
                    [package, "pipelines"] => Packages::Pipelines(package),
                    [package, "package_files", file] => Packages::File(package, file),
                    [package, "package_files", file, "download"] => Packages::FileDownload(package, file),
                    _ => return None,
                };
                Self::ProjectPackages { project, part }
            }
            ["projects", project, ref rest @ ..] if let Some(part) = Ci::parse(rest) => {
                Self::ProjectCi { project, part }
            }
            ["projects", project, ref rest @ ..] if let Some(part) = Hooks::parse(rest) => {
                Self::ProjectHooks { project, part }
            }
            _ => Self::Identity(Route::parse(segments)?),
        })
    }

    /// The path with its variable parts named.
    pub const fn pattern(&self) -> &'static str {
        match self {
            Self::Identity(route) => route.pattern(),
            Self::ProjectCi { part, .. } => part.pattern(),
            Self::ProjectHooks { part, .. } => part.pattern(),
            Self::GroupPackages(_) => "/api/v4/groups/:id/packages",
            Self::ProjectPackages { part, .. } => match part {
                Packages::List => "/api/v4/projects/:id/packages",
                Packages::One(_) => "/api/v4/projects/:id/packages/:package_id",
                Packages::Files(_) => "/api/v4/projects/:id/packages/:package_id/package_files",
                Packages::Pipelines(_) => "/api/v4/projects/:id/packages/:package_id/pipelines",
                Packages::File(..) => "/api/v4/projects/:id/packages/:package_id/package_files/:file_id",
                Packages::FileDownload(..) => {
                    "/api/v4/projects/:id/packages/:package_id/package_files/:file_id/download"
                }
            },
        }
    }

    /// The methods it answers, besides `HEAD`.
    pub const fn methods(&self) -> &'static [Method] {
        match self {
            Self::Identity(route) => route.methods(),
            Self::ProjectCi { part, .. } => part.methods(),
            Self::ProjectHooks { part, .. } => part.methods(),
            Self::GroupPackages(_) => &[Method::GET],
            Self::ProjectPackages { part, .. } => match part {
                Packages::List | Packages::Files(_) | Packages::Pipelines(_) | Packages::FileDownload(..) => {
                    &[Method::GET]
                }
                Packages::One(_) => &[Method::GET, Method::DELETE],
                Packages::File(..) => &[Method::DELETE],
            },
        }
    }

    /// How it refuses.
    pub const fn family(&self) -> Family {
        match self {
            Self::GroupPackages(_) | Self::ProjectPackages { .. } => Family::Packages,
            Self::Identity(_) | Self::ProjectCi { .. } | Self::ProjectHooks { .. } => Family::Api,
        }
    }
}
