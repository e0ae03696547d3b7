//! Calls in a module that the registry it is mirrored in cannot answer: they leave the network, or ask another host.
//!
//! Terraform resolves a source in this order: a path, a registry address, and then whatever its downloader understands
//! (Git, archives by URL, buckets). Only registry addresses can be sent elsewhere by a `host` block.

use serde::Serialize;

use crate::archive::Escaped;
use crate::domain::manifest::{Manifest, ModulePart};
use crate::domain::{ModuleName, System};

/// The registry that an address without a host means.
const PUBLIC_REGISTRY: &str = "registry.terraform.io";
/// Hosts that Terraform never takes for registries.
const NO_REGISTRIES: [&str; 2] = ["github.com", "bitbucket.org"];

/// A call that needs more than this registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Outside {
    /// What it needs.
    kind: Kind,
    /// Where in the module it is: empty for the root, `modules/subnet` for a submodule.
    directory: String,
    /// Label of the `module` block.
    call: String,
    /// The source as written.
    source: String,
    /// What that means, in a sentence.
    message: String,
}

/// What a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A Git server.
    Git,
    /// Something else that is downloaded.
    Download,
    /// The registry of another host.
    OtherRegistry,
}

impl Outside {
    /// The sentence for people.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    fn new(part: &ModulePart, call: &str, source: &str, kind: Kind) -> Self {
        let place = match part.path.as_str() {
            "" => String::new(),
            path => format!(" in {}", Escaped::new(path.as_bytes())),
        };
        let what = format!("module {}{place} comes from", Escaped::new(call.as_bytes()));
        let shown = Escaped::new(source.as_bytes());
        let message = match kind {
            Kind::Git => format!(
                "{what} {shown}, which no registry can redirect: clients need that repository, or another one in its \
                 place by git's url.<base>.insteadOf"
            ),
            Kind::Download => format!(
                "{what} {shown}, which no registry can redirect: clients need that address, or the module another \
                 source"
            ),
            Kind::OtherRegistry => {
                format!("{what} {shown}, another registry: clients need a host block for that one too")
            }
        };
        Self { kind, directory: part.path.clone(), call: call.to_owned(), source: source.to_owned(), message }
    }
}

/// The calls of a module and its submodules that need more than a registry which answers for the public one and for
/// `own_host`. Examples are left out: nobody installs them.
pub(super) fn outside(manifest: &Manifest, own_host: &str) -> Vec<Outside> {
    let parts = std::iter::once(&manifest.root).chain(&manifest.submodules);
    let calls = parts.flat_map(|part| part.calls.iter().map(move |call| (part, call)));
    calls
        .filter_map(|(part, call)| {
            Some(Outside::new(part, &call.name, &call.source, kind(&call.source, own_host)?))
        })
        .collect()
}

/// What a source needs besides this registry; nothing when that is enough.
fn kind(source: &str, own_host: &str) -> Option<Kind> {
    let is_path =
        [".", ".."].contains(&source) || ["./", "../"].iter().any(|start| source.starts_with(start));
    if source.is_empty() || is_path {
        return None;
    }
    match registry_host(source) {
        Some(host) if host.eq_ignore_ascii_case(PUBLIC_REGISTRY) || host.eq_ignore_ascii_case(own_host) => {
            None
        }
        Some(_) => Some(Kind::OtherRegistry),
        None if is_git(source) => Some(Kind::Git),
        None => Some(Kind::Download),
    }
}

/// The host of a registry address.
fn registry_host(source: &str) -> Option<&str> {
    let address = source.split_once("//").map_or(source, |(address, _subfolder)| address);
    let parts: Vec<&str> = address.split('/').collect();
    let is_module = |namespace: &str, name: &str, system: &str| {
        namespace.parse::<ModuleName>().is_ok()
            && name.parse::<ModuleName>().is_ok()
            && system.parse::<System>().is_ok()
    };
    match *parts.as_slice() {
        [namespace, name, system] if is_module(namespace, name, system) => Some(PUBLIC_REGISTRY),
        [host, namespace, name, system] if is_host(host) && is_module(namespace, name, system) => Some(host),
        _ => None,
    }
}

fn is_host(text: &str) -> bool {
    let is_name = text.contains('.') || text.contains(':') || text.eq_ignore_ascii_case("localhost");
    is_name
        && !text.contains("::")
        && !text.contains('@')
        && !NO_REGISTRIES.iter().any(|host| host.eq_ignore_ascii_case(text))
}

/// Whether Terraform's downloader would call Git.
fn is_git(source: &str) -> bool {
    let address = source.split_once('?').map_or(source, |(address, _query)| address);
    source.starts_with("git::")
        || ["github.com/", "gitlab.com/", "bitbucket.org/"].iter().any(|host| source.starts_with(host))
        || source.starts_with("git@")
        || ["ssh://", "git://"].iter().any(|scheme| source.starts_with(scheme))
        || address.strip_suffix(".git").is_some()
        || address.contains(".git//")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::manifest::ModuleCall;

    #[test]
    fn sources_are_told_apart_as_terraform_does() {
        use Kind::{Download, Git, OtherRegistry};
        for (source, expected) in [
            ("./modules/a", None),
            ("../b", None),
            ("..", None),
            ("", None),
            ("terraform-aws-modules/vpc/aws", None),
            ("terraform-aws-modules/iam/aws//modules/iam-role", None),
            ("registry.terraform.io/hashicorp/consul/aws", None),
            ("Registry.Example.com/acme/vpc/aws", None),
            ("registry.example.com:8443/acme/vpc/aws", Some(OtherRegistry)),
            ("app.terraform.io/acme/vpc/aws", Some(OtherRegistry)),
            ("localhost/acme/vpc/aws", Some(OtherRegistry)),
            ("github.com/acme/vpc", Some(Git)),
            ("github.com/acme/vpc/aws/x", Some(Git)),
            ("github.com/acme/vpc//sub?ref=v1", Some(Git)),
            ("bitbucket.org/acme/vpc/aws", Some(Git)),
            ("git::https://example.com/vpc.git?ref=v1", Some(Git)),
            ("git::ssh://git@example.com/vpc.git", Some(Git)),
            ("git@github.com:acme/vpc.git", Some(Git)),
            ("example.com/vpc.git//sub", Some(Git)),
            ("https://example.com/vpc.zip", Some(Download)),
            ("s3::https://s3.amazonaws.com/bucket/vpc.zip", Some(Download)),
            ("hg::http://example.com/vpc.hg", Some(Download)),
            ("/opt/modules/vpc", Some(Download)),
            ("acme/vpc/AWS", Some(Download)),
        ] {
            assert_eq!(kind(source, "registry.example.com"), expected, "{source}");
        }
    }

    #[test]
    fn calls_of_the_root_and_of_submodules_are_named_and_those_of_examples_are_not() {
        let part = |path: &str, source: &str| ModulePart {
            path: path.to_owned(),
            calls: vec![ModuleCall {
                name: "x".to_owned(),
                source: source.to_owned(),
                version: String::new(),
            }],
            ..ModulePart::default()
        };
        let manifest = Manifest {
            root: part("", "acme/x/aws"),
            submodules: vec![part("modules/a", "git::https://h/\u{1b}[31m")],
            examples: vec![part("examples/b", "github.com/acme/x")],
        };
        let found = outside(&manifest, "");
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((only.kind, only.directory.as_str()), (Kind::Git, "modules/a"));
        let said = only.message();
        assert!(
            said.starts_with("module \"x\" in \"modules/a\" comes from \"git::https://h/\\u{1b}[31m\""),
            "{said}"
        );
    }
}
