//! The URLs of the public registry's API about modules: below `/v1/modules` and `/v2/modules`.

use crate::service::modules::Address;

/// What the public registry tells about modules.
///
/// `search` is no namespace here: no group or user can have that path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modules<'a> {
    /// All of them.
    All,
    /// Those that fit some words.
    Search,
    /// Those of a namespace.
    Namespace(&'a str),
    /// Those of one name in a namespace: one a system.
    Name(&'a str, &'a str),
    /// One, at its latest version or at the version named.
    Details(Address<'a>, Option<&'a str>),
    /// One as a JSON:API document, with its versions when they are asked for.
    Document(Address<'a>),
    /// How often one was downloaded.
    Downloads(Address<'a>),
}

impl<'a> Modules<'a> {
    /// What the segments after `/v1/modules` name; nothing for those of the registry protocol, which is served below
    /// the same path. The protocol's words count as such only where it has them: `:namespace/:name/versions` is a
    /// module for a system called `versions`.
    pub fn parse_v1(segments: &[&'a str]) -> Option<Self> {
        Some(match *segments {
            [] | [""] => Self::All,
            ["search"] => Self::Search,
            [namespace] => Self::Namespace(namespace),
            [namespace, name] => Self::Name(namespace, name),
            [namespace, name, system] => Self::Details(Address { namespace, name, system }, None),
            [_, _, _, "versions" | "download"] => return None,
            [namespace, name, system, version] => {
                Self::Details(Address { namespace, name, system }, Some(version))
            }
            _ => return None,
        })
    }

    /// What the segments after `/v2/modules` name.
    pub fn parse_v2(segments: &[&'a str]) -> Option<Self> {
        Some(match *segments {
            [namespace, name, system] => Self::Document(Address { namespace, name, system }),
            [namespace, name, system, "downloads", "summary"] => {
                Self::Downloads(Address { namespace, name, system })
            }
            _ => return None,
        })
    }

    /// The path with its variable parts named.
    pub const fn pattern(&self) -> &'static str {
        match self {
            Self::All => "/v1/modules",
            Self::Search => "/v1/modules/search",
            Self::Namespace(_) => "/v1/modules/:namespace",
            Self::Name(..) => "/v1/modules/:namespace/:name",
            Self::Details(_, None) => "/v1/modules/:namespace/:name/:system",
            Self::Details(_, Some(_)) => "/v1/modules/:namespace/:name/:system/:version",
            Self::Document(_) => "/v2/modules/:namespace/:name/:system",
            Self::Downloads(_) => "/v2/modules/:namespace/:name/:system/downloads/summary",
        }
    }
}
