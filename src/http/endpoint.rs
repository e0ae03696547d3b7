//! Every URL the server answers: parsed from a path, printed as a pattern for logs, and what each allows.
//!
//! Segments are bounded and decoded once, but not judged: whether a bad name is 404, 422 or an empty list is for the
//! use case to say.

use hyper::Method;
use percent_encoding::percent_decode_str;

use super::api::endpoint::Api;
use super::api::routes::Route;
use super::modules::endpoint::Modules;
use super::pages::routes::Page;
use crate::service::modules::Address;

/// Segments of a path at most. The longest endpoint of the API has eleven, with project paths as one encoded segment; a
/// page has a full path of up to 21 and what it is about behind that.
const MAX_SEGMENTS: usize = 40;

/// The path cannot be an endpoint: too many segments, or not UTF-8 once decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPath;

/// The decoded segments of a request path.
#[derive(Debug)]
pub struct Segments(Vec<String>);

impl Segments {
    /// Splits at `/` and decodes each segment once, so that `%2F` inside one stays part of it.
    pub fn split(path: &str) -> Result<Self, BadPath> {
        let path = path.strip_prefix('/').ok_or(BadPath)?;
        if path.split('/').count() > MAX_SEGMENTS {
            return Err(BadPath);
        }
        let decode =
            |segment: &str| percent_decode_str(segment).decode_utf8().map(std::borrow::Cow::into_owned);
        path.split('/').map(decode).collect::<Result<_, _>>().map(Self).map_err(|_not_utf8| BadPath)
    }

    /// The endpoint these segments name.
    pub fn endpoint(&self) -> Option<Endpoint<'_>> {
        let segments: Vec<&str> = self.0.iter().map(String::as_str).collect();
        Endpoint::parse(&segments).or_else(|| Page::parse(&self.0).map(Endpoint::Page))
    }
}

/// A resource of the server, with the unjudged parts of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// A page.
    Page(Page<'a>),
    /// An embedded file of `web/`: the hash in its URL and its name.
    Asset(&'a str, &'a str),
    /// `/.well-known/terraform.json`.
    Discovery,
    /// The page on which a person allows `terraform login`.
    Authorize,
    /// The description of the API.
    OpenApi,
    /// Health and metrics.
    Ops(Ops),
    /// The module registry protocol, under both bases.
    Terraform(Address<'a>, Terraform<'a>),
    /// What the public registry tells about modules besides the protocol.
    Modules(Modules<'a>),
    /// Modules of one project (GitLab).
    ProjectModule {
        /// Number or path of the project.
        project: &'a str,
        /// Name of the module.
        name: &'a str,
        /// Target system.
        system: &'a str,
        /// Which part.
        part: ProjectModule<'a>,
    },
    /// The REST API.
    Api(Api<'a>),
    /// Upkeep, through the control socket only.
    Control(Control),
}

/// Health and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ops {
    /// Alive and able to serve.
    Health,
    /// Alive.
    Liveness,
    /// Able to serve.
    Readiness,
    /// Prometheus text.
    Metrics,
}

/// The parts of the module registry protocol, below `:namespace/:name/:system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terraform<'a> {
    /// N1.
    Versions,
    /// N2.
    DownloadLatest,
    /// N3, as GitLab answers it: below `/v1/modules` it is [`Modules::Details`].
    Latest,
    /// N4, likewise.
    Version(&'a str),
    /// N5.
    Download(&'a str),
    /// N6: the archive, by the name in the URL.
    Archive(&'a str, &'a str),
}

/// The parts of a project's module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectModule<'a> {
    /// P1.
    Latest,
    /// P2.
    Version(&'a str),
    /// P4: the upload.
    File(&'a str),
}

/// Upkeep through the control socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// What the running server is.
    Status,
    /// Collect garbage.
    Collect,
    /// Verify everything.
    Verify,
    /// Copy the metadata.
    Backup,
}

/// Which of GitLab's ways to refuse an endpoint follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// The registry protocol: 401 or 403.
    Namespace,
    /// A project's modules: 401 or 404.
    Project,
    /// The packages API: always 404.
    Packages,
    /// The rest of the REST API.
    Api,
    /// Pages and operations.
    Page,
}

/// How the endpoint treats credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// Never looked at.
    Ignored,
    /// Checked when present.
    Optional,
    /// The cookie of a session, and nothing else. Nowhere else does that cookie count.
    Cookie,
}

impl<'a> Endpoint<'a> {
    fn parse(segments: &[&'a str]) -> Option<Self> {
        Some(match *segments {
            ["assets", hash, name] => Self::Asset(hash, name),
            [".well-known", "terraform.json"] => Self::Discovery,
            ["api", "openapi.json"] => Self::OpenApi,
            ["-", "health"] => Self::Ops(Ops::Health),
            ["-", "liveness"] => Self::Ops(Ops::Liveness),
            ["-", "readiness"] => Self::Ops(Ops::Readiness),
            ["-", "metrics"] => Self::Ops(Ops::Metrics),
            ["-", "control", "status"] => Self::Control(Control::Status),
            ["-", "control", "gc"] => Self::Control(Control::Collect),
            ["-", "control", "verify"] => Self::Control(Control::Verify),
            ["-", "control", "backup"] => Self::Control(Control::Backup),
            ["api", "v4", "packages", "terraform", "modules", "v1", ref rest @ ..] => {
                let (address, part) = terraform(rest)?;
                Self::Terraform(address, part)
            }
            ["v1", "modules", ref rest @ ..] => match Modules::parse_v1(rest) {
                Some(modules) => Self::Modules(modules),
                None => {
                    let (address, part) = terraform(rest)?;
                    Self::Terraform(address, part)
                }
            },
            ["v2", "modules", ref rest @ ..] => Self::Modules(Modules::parse_v2(rest)?),
            [
                "api",
                "v4",
                "projects",
                project,
                "packages",
                "terraform",
                "modules",
                name,
                system,
                ref rest @ ..,
            ] => {
                let part = match *rest {
                    [] => ProjectModule::Latest,
                    [version] => ProjectModule::Version(version),
                    [version, "file"] => ProjectModule::File(version),
                    _ => return None,
                };
                Self::ProjectModule { project, name, system, part }
            }
            ["api", "v4", ref rest @ ..] => Self::Api(Api::parse(rest)?),
            ["oauth", "authorize"] => Self::Authorize,
            ["oauth", "token"] => Self::Api(Api::Identity(Route::SignIn)),
            _ => return None,
        })
    }

    /// The path with its variable parts named: for logs, metrics and messages, where a real path must not appear.
    pub fn pattern(&self) -> &'static str {
        match self {
            Self::Page(page) => page.pattern(),
            Self::Asset(..) => "/assets/:hash/:name",
            Self::Discovery => "/.well-known/terraform.json",
            Self::Authorize => "/oauth/authorize",
            Self::OpenApi => "/api/openapi.json",
            Self::Ops(Ops::Health) => "/-/health",
            Self::Ops(Ops::Liveness) => "/-/liveness",
            Self::Ops(Ops::Readiness) => "/-/readiness",
            Self::Ops(Ops::Metrics) => "/-/metrics",
            Self::Control(Control::Status) => "/-/control/status",
            Self::Control(Control::Collect) => "/-/control/gc",
            Self::Control(Control::Verify) => "/-/control/verify",
            Self::Control(Control::Backup) => "/-/control/backup",
            Self::Terraform(_, part) => match part {
                Terraform::Versions => "modules/v1/:namespace/:name/:system/versions",
                Terraform::DownloadLatest => "modules/v1/:namespace/:name/:system/download",
                Terraform::Latest => "modules/v1/:namespace/:name/:system",
                Terraform::Version(_) => "modules/v1/:namespace/:name/:system/:version",
                Terraform::Download(_) => "modules/v1/:namespace/:name/:system/:version/download",
                Terraform::Archive(..) => "modules/v1/:namespace/:name/:system/:version/:file",
            },
            Self::ProjectModule { part, .. } => match part {
                ProjectModule::Latest => "/api/v4/projects/:id/packages/terraform/modules/:name/:system",
                ProjectModule::Version(_) => {
                    "/api/v4/projects/:id/packages/terraform/modules/:name/:system/:version"
                }
                ProjectModule::File(_) => {
                    "/api/v4/projects/:id/packages/terraform/modules/:name/:system/:version/file"
                }
            },
            Self::Modules(modules) => modules.pattern(),
            Self::Api(api) => api.pattern(),
        }
    }

    /// The methods it answers. `HEAD` goes wherever `GET` does.
    pub fn methods(&self) -> &'static [Method] {
        match self {
            Self::Page(page) => page.methods(),
            Self::Asset(..)
            | Self::Discovery
            | Self::OpenApi
            | Self::Ops(_)
            | Self::Terraform(..)
            | Self::Modules(_)
            | Self::Control(Control::Status) => &[Method::GET],
            Self::Authorize => &[Method::GET, Method::POST],
            Self::ProjectModule { part, .. } => match part {
                ProjectModule::Latest | ProjectModule::Version(_) => &[Method::GET],
                ProjectModule::File(_) => &[Method::PUT],
            },
            Self::Control(Control::Collect | Control::Verify | Control::Backup) => &[Method::POST],
            Self::Api(api) => api.methods(),
        }
    }

    /// How it refuses.
    pub const fn family(&self) -> Family {
        match self {
            Self::Terraform(..) | Self::Modules(_) => Family::Namespace,
            Self::ProjectModule { .. } => Family::Project,
            Self::Api(api) => api.family(),
            Self::Page(_)
            | Self::Asset(..)
            | Self::Discovery
            | Self::Authorize
            | Self::OpenApi
            | Self::Ops(_)
            | Self::Control(_) => Family::Page,
        }
    }

    /// Whether the description of the API names it. Pages are for people, and the control socket for the program.
    pub const fn is_documented(&self) -> bool {
        match self {
            Self::Page(_) | Self::Asset(..) | Self::Authorize | Self::Control(_) => false,
            Self::Discovery
            | Self::OpenApi
            | Self::Ops(_)
            | Self::Terraform(..)
            | Self::Modules(_)
            | Self::ProjectModule { .. }
            | Self::Api(_) => true,
        }
    }

    /// Whether it belongs to the registry, and so is gone (404) while that is switched off.
    pub const fn needs_registry(&self) -> bool {
        matches!(self.family(), Family::Namespace | Family::Project | Family::Packages)
    }

    /// What it does with credentials.
    pub const fn credentials(&self) -> Credentials {
        match self {
            Self::Page(_) => Credentials::Cookie,
            Self::Asset(..)
            | Self::Discovery
            | Self::Authorize
            | Self::OpenApi
            | Self::Ops(Ops::Health | Ops::Liveness | Ops::Readiness)
            | Self::Control(_)
            // Its credential is in the body; what OAuth clients put into the header is no token.
            | Self::Api(Api::Identity(Route::SignIn)) => Credentials::Ignored,
            Self::Ops(Ops::Metrics)
            | Self::Terraform(..)
            | Self::Modules(_)
            | Self::ProjectModule { .. }
            | Self::Api(_) => Credentials::Optional,
        }
    }
}

fn terraform<'a>(rest: &[&'a str]) -> Option<(Address<'a>, Terraform<'a>)> {
    let &[namespace, name, system, ref rest @ ..] = rest else { return None };
    let part = match *rest {
        [] => Terraform::Latest,
        ["versions"] => Terraform::Versions,
        ["download"] => Terraform::DownloadLatest,
        [version] => Terraform::Version(version),
        [version, "download"] => Terraform::Download(version),
        [version, file] => Terraform::Archive(version, file),
        _ => return None,
    };
    Some((Address { namespace, name, system }, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_endpoints() {
        for (path, pattern) in [
            ("/", Some("/")),
            ("/.well-known/terraform.json", Some("/.well-known/terraform.json")),
            ("/oauth/authorize", Some("/oauth/authorize")),
            ("/oauth/token", Some("/oauth/token")),
            ("/api/openapi.json", Some("/api/openapi.json")),
            ("/v1/modules/acme/vpc/aws/versions", Some("modules/v1/:namespace/:name/:system/versions")),
            (
                "/api/v4/packages/terraform/modules/v1/acme/vpc/aws/1.0.0/download",
                Some("modules/v1/:namespace/:name/:system/:version/download"),
            ),
            (
                "/api/v4/packages/terraform/modules/v1/acme/vpc/aws/1.0.0%2Bb/vpc-aws-1.0.0%2Bb.tar.gz",
                Some("modules/v1/:namespace/:name/:system/:version/:file"),
            ),
            (
                "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/1.0.0/file",
                Some("/api/v4/projects/:id/packages/terraform/modules/:name/:system/:version/file"),
            ),
            ("", None),
            ("*", None),
            ("//", None),
            ("/users/sign_in", Some("/users/sign_in")),
            ("/acme/network/-/settings", Some("/:path/-/settings")),
            ("/api/v4/nothing", None),
            ("/v1/modules", Some("/v1/modules")),
            ("/v1/modules/", Some("/v1/modules")),
            ("/v1/modules/search", Some("/v1/modules/search")),
            ("/v1/modules/acme", Some("/v1/modules/:namespace")),
            ("/v1/modules/acme/vpc", Some("/v1/modules/:namespace/:name")),
            ("/v1/modules/acme/vpc/aws", Some("/v1/modules/:namespace/:name/:system")),
            ("/v1/modules/search/vpc/aws", Some("/v1/modules/:namespace/:name/:system")),
            ("/v1/modules/acme/vpc/versions", Some("/v1/modules/:namespace/:name/:system")),
            ("/v1/modules/acme/vpc/download", Some("/v1/modules/:namespace/:name/:system")),
            ("/v1/modules/acme/vpc/aws/1.0.0", Some("/v1/modules/:namespace/:name/:system/:version")),
            ("/v1/modules/acme/vpc/versions/versions", Some("modules/v1/:namespace/:name/:system/versions")),
            ("/v1/modules/acme/vpc/aws/download", Some("modules/v1/:namespace/:name/:system/download")),
            ("/v2/modules/acme/vpc/aws", Some("/v2/modules/:namespace/:name/:system")),
            (
                "/v2/modules/acme/vpc/aws/downloads/summary",
                Some("/v2/modules/:namespace/:name/:system/downloads/summary"),
            ),
            ("/v2/modules", None),
            ("/v2/modules/acme/vpc/aws/downloads", None),
            (
                "/api/v4/packages/terraform/modules/v1/acme/vpc/aws",
                Some("modules/v1/:namespace/:name/:system"),
            ),
            ("/api/v4/packages/terraform/modules/v1/acme/vpc", None),
            ("/api/v4/packages/terraform/modules/v1", None),
            ("/v1/modules/acme/vpc/aws/1.0.0/file/x", None),
            ("/v1/modules/acme%2Fvpc%2Faws", Some("/v1/modules/:namespace")),
            ("/.well-known/terraform.json/", None),
            ("/%ff", None),
            (&"/a".repeat(MAX_SEGMENTS + 1), None),
        ] {
            let segments = Segments::split(path);
            let found =
                segments.as_ref().ok().and_then(Segments::endpoint).map(|endpoint| endpoint.pattern());
            assert_eq!(found, pattern, "{path}");
        }
    }

    #[test]
    fn encoded_separators_stay_inside_their_segment() {
        let segments =
            Segments::split("/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/..%2F..")
                .unwrap();
        let Some(Endpoint::ProjectModule { project, part, .. }) = segments.endpoint() else {
            panic!("{segments:?}")
        };
        assert_eq!((project, part), ("acme/network", ProjectModule::Version("../..")));
    }
}
