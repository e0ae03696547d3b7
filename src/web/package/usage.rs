//! How to use a package: the block to copy, and the credentials it takes.

use maud::{Markup, html};

use super::Shown;
use crate::domain::Version;
use crate::domain::manifest::Input;
use crate::web::components::copy_block;

/// Required inputs that the block names.
const NAMED: usize = 8;

/// The block to copy, and how to be let in.
pub(super) fn usage(shown: Shown<'_>) -> Markup {
    let details = shown.details;
    let (base, package) = (shown.viewer.base_url.as_str(), &details.view.package);
    let host = host_of(base);
    let exact = block(shown, host, &package.version.to_string());
    html! {
        section.usage aria-label="How to use it" {
            div {
                h2 { "Use it" }
                (copy_block(&exact))
                @match compatible(&package.version) {
                    Some(range) => {
                        p.hint { "Or, to take updates that are meant to be compatible: " code { "version = \"" (range) "\"" } }
                    },
                    None => {
                        p.hint { "A prerelease is installed only when it is asked for by its exact number: a range such as " code { "~> " (core(&package.version)) } " never finds it." }
                    },
                }
            }
            div {
                @if details.is_public {
                    h2 { "No credentials needed" }
                    p { "Anyone may install this module." }
                } @else {
                    h2 { "Credentials" }
                    (credentials(base, host))
                }
                @if !base.starts_with("https://") { (host_override(base, host)) }
            }
        }
    }
}

/// What a module address begins with: the URL without its scheme.
fn host_of(base: &str) -> &str {
    base.split_once("://").map_or(base, |(_, host)| host)
}

fn block(shown: Shown<'_>, host: &str, version: &str) -> String {
    let address = &shown.details.address;
    let mut block = format!(
        "module \"{}\" {{\n  source  = \"{host}/{address}\"\n  version = \"{version}\"\n",
        address.name
    );
    block.push_str(&required(&shown.details.manifest.root.inputs));
    block + "}"
}

/// A comment that names the inputs that have to be set. A name that is no identifier could end the comment.
fn required(inputs: &[Input]) -> String {
    let is_name = |name: &&str| {
        name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    };
    let names: Vec<&str> = inputs
        .iter()
        .filter(|input| input.required)
        .map(|input| input.name.as_str())
        .filter(is_name)
        .collect();
    match names.get(NAMED..).map_or(0, <[&str]>::len) {
        _ if names.is_empty() => String::new(),
        0 => format!("  # to be set: {}\n", names.join(", ")),
        more => {
            let shown = names.get(..NAMED).unwrap_or_default().join(", ");
            format!("  # to be set: {shown} and {more} more\n")
        }
    }
}

/// The constraint that takes later versions which promise to be compatible; nothing for a prerelease.
fn compatible(version: &Version) -> Option<String> {
    let [major, minor, patch] = version.core();
    if version.is_prerelease() {
        return None;
    }
    // `~>` lets the last number grow: below 1.0.0 only patches promise nothing new.
    Some(if major == 0 { format!("~> {major}.{minor}.{patch}") } else { format!("~> {major}.{minor}") })
}

fn core(version: &Version) -> String {
    let [major, minor, patch] = version.core();
    format!("{major}.{minor}.{patch}")
}

fn credentials(base: &str, host: &str) -> Markup {
    html! {
        @if base.starts_with("https://") {
            p { "Once for each machine:" }
            (copy_block(&format!("terraform login {host}")))
            p { "In a pipeline, write a token into " code { "~/.terraformrc" } ":" }
        } @else {
            p { "Write an access token into " code { "~/.terraformrc" } ":" }
        }
        (copy_block(&format!("credentials \"{host}\" {{\n  token = \"cairn_pat_...\"\n}}")))
        p.hint { "Tokens are made under " a href="/-/user_settings/personal_access_tokens" { "Access tokens" } "; " code { "read_api" } " is enough." }
    }
}

/// Terraform asks registries over HTTPS only, unless it is told where their modules are.
fn host_override(base: &str, host: &str) -> Markup {
    html! {
        details.folded {
            summary { "This server speaks plain HTTP" }
            p { "Terraform asks a registry over HTTPS only. Until the server has a certificate, tell it in " code { "~/.terraformrc" } " where the modules are:" }
            (copy_block(&format!(
                "host \"{host}\" {{\n  services = {{\n    \"modules.v1\" = \"{base}/api/v4/packages/terraform/modules/v1/\"\n  }}\n}}"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_offered_that_stays_compatible() {
        for (version, expected) in [
            ("1.2.3", Some("~> 1.2")),
            ("0.4.1", Some("~> 0.4.1")),
            ("10.0.0", Some("~> 10.0")),
            ("2.0.0-rc.1", None),
            ("1.0.0+build", Some("~> 1.0")),
        ] {
            assert_eq!(compatible(&version.parse().unwrap()).as_deref(), expected, "{version}");
        }
    }

    #[test]
    fn the_comment_names_inputs_and_cannot_be_left() {
        let input = |name: &str| Input { name: name.to_owned(), required: true, ..Input::default() };
        let optional = Input { name: "tags".to_owned(), ..Input::default() };
        assert_eq!(required(&[]), "");
        assert_eq!(required(&[input("cidr"), optional, input("name")]), "  # to be set: cidr, name\n");
        assert_eq!(required(&[input("a\n  evil = 1")]), "");
        let many: Vec<Input> = (0..10).map(|number| input(&format!("v{number}"))).collect();
        assert!(required(&many).ends_with("v7 and 2 more\n"));
    }
}
