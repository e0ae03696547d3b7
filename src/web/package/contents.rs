//! What an archive declares: README, inputs, outputs, resources, dependencies, submodules and examples.

use maud::{Markup, html};

use super::{Shown, Tab};
use crate::domain::manifest::{Input, ModulePart, Output, Resource};
use crate::domain::safe_html::SafeHtml;
use crate::web::components::{Tone, badge, cell, copy_block, empty_state, table};

/// Bytes of a type or a default that are shown; the file has the rest.
const MAX_CODE: usize = 4_000;

/// The README, or how to have one.
pub(super) fn readme(readme: Option<&SafeHtml>) -> Markup {
    html! {
        @match readme {
            Some(readme) => article.readme { (readme) },
            None => (empty_state("No README", &html! {
                p { "This version has no README. A file " code { "README.md" } " at the top of the module is shown here when the next version is published." }
            })),
        }
    }
}

fn none(what: &str) -> Markup {
    empty_state(&format!("No {what}"), &html! { p { "This module declares none." } })
}

/// Variables, those that must be set first.
pub(super) fn inputs(inputs: &[Input]) -> Markup {
    if inputs.is_empty() {
        return none("inputs");
    }
    let (required, optional): (Vec<&Input>, Vec<&Input>) = inputs.iter().partition(|input| input.required);
    let rows = html! {
        @for input in required.into_iter().chain(optional) {
            tr {
                (cell("", &html! {
                    code.name { (input.name) }
                    @if input.required { " " (badge(Tone::Accent, "required")) }
                    @if input.sensitive { " " (badge(Tone::Warn, "sensitive")) }
                    @if !input.description.is_empty() { p.quiet.described { (input.description) } }
                }))
                (cell("Type", &html! { @if input.r#type.is_empty() { span.quiet { "any" } } @else { (code(&input.r#type)) } }))
                (cell("Default", &html! {
                    @match &input.default {
                        Some(default) => (code(default)),
                        None => span.quiet { "none" },
                    }
                }))
            }
        }
    };
    table("Inputs", &["Name", "Type", "Default"], &rows)
}

/// A piece of configuration that may be long.
fn code(text: &str) -> Markup {
    let cut = text.get(..text.floor_char_boundary(MAX_CODE)).unwrap_or_default();
    html! {
        @if text.contains('\n') { pre.small-code { code { (cut) @if cut.len() < text.len() { "…" } } } }
        @else { code { (cut) @if cut.len() < text.len() { "…" } } }
    }
}

/// Outputs.
pub(super) fn outputs(outputs: &[Output]) -> Markup {
    if outputs.is_empty() {
        return none("outputs");
    }
    let rows = html! {
        @for output in outputs {
            tr {
                (cell("", &html! {
                    code.name { (output.name) }
                    @if output.sensitive { " " (badge(Tone::Warn, "sensitive")) }
                }))
                (cell("Description", &html! { span.described { (output.description) } }))
            }
        }
    };
    table("Outputs", &["Name", "Description"], &rows)
}

/// Resources and data sources.
pub(super) fn resources(resources: &[Resource]) -> Markup {
    if resources.is_empty() {
        return none("resources");
    }
    let rows = html! {
        @for resource in resources {
            tr {
                (cell("", &html! { code.name { @if resource.data { "data." } (resource.r#type) "." (resource.name) } }))
                (cell("Kind", &html! { @if resource.data { "Data source" } @else { "Resource" } }))
            }
        }
    };
    table("Resources", &["Address", "Kind"], &rows)
}

/// Providers, the version of Terraform, and modules that are called.
pub(super) fn dependencies(part: &ModulePart) -> Markup {
    if part.providers.is_empty() && part.calls.is_empty() && part.required_version.is_empty() {
        return none("dependencies");
    }
    html! {
        @if !part.required_version.is_empty() {
            h3 { "Terraform" }
            p { code { (part.required_version.join(", ")) } }
        }
        @if !part.providers.is_empty() {
            h3 { "Providers" }
            (named("Providers", "Provider", part.providers.iter().map(|it| (&it.name, &it.source, &it.version))))
        }
        @if !part.calls.is_empty() {
            h3 { "Modules" }
            (named("Modules", "Module", part.calls.iter().map(|it| (&it.name, &it.source, &it.version))))
        }
    }
}

/// A table of names with sources and version constraints.
fn named<'a>(
    caption: &str,
    thing: &str,
    items: impl Iterator<Item = (&'a String, &'a String, &'a String)>,
) -> Markup {
    let rows = html! {
        @for (name, source, version) in items {
            tr {
                (cell("", &html! { code.name { (name) } }))
                (cell("Source", &html! { @if source.is_empty() { span.quiet { "not given" } } @else { code { (source) } } }))
                (cell("Version", &html! { @if version.is_empty() { span.quiet { "any" } } @else { code { (version) } } }))
            }
        }
    };
    table(caption, &[thing, "Source", "Version"], &rows)
}

/// The list of submodules or examples.
pub(super) fn parts(shown: Shown<'_>, tab: Tab, parts: &[ModulePart]) -> Markup {
    if parts.is_empty() {
        let (what, folder) =
            if tab == Tab::Examples { ("examples", "examples/") } else { ("submodules", "modules/") };
        return empty_state(
            &format!("No {what}"),
            &html! { p { "There is nothing below " code { (folder) } " in this module." } },
        );
    }
    let rows = html! {
        @for part in parts {
            tr {
                (cell("", &html! { a.name href=(part_url(shown, tab, &part.path)) { (part.path) } }))
                (cell("Inputs", &html! { (part.inputs.len()) }))
                (cell("Outputs", &html! { (part.outputs.len()) }))
                (cell("Resources", &html! { (part.resources.len()) }))
            }
        }
    };
    table(tab.label(), &["Path", "Inputs", "Outputs", "Resources"], &rows)
}

fn part_url(shown: Shown<'_>, tab: Tab, path: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("part", path).finish();
    format!("{}&{query}", shown.tab(tab))
}

/// A submodule or an example, with all that it declares.
pub(super) fn part(shown: Shown<'_>, tab: Tab, part: &ModulePart, readme: Option<&SafeHtml>) -> Markup {
    let details = shown.details;
    let base = &shown.viewer.base_url;
    let host = base.split_once("://").map_or(base.as_str(), |(_, host)| host);
    // What is copied into a configuration must not be able to leave its string.
    let is_plain = part.path.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.'));
    let label = part.path.rsplit('/').next().unwrap_or_default();
    html! {
        p { a href=(shown.tab(tab)) { "All " (tab.label().to_lowercase()) } }
        h2 { (part.path) }
        p { a href=(shown.urls().page(&part.path)) { "Browse its files" } }
        @if tab == Tab::Submodules && is_plain {
            (copy_block(&format!(
                "module \"{label}\" {{\n  source  = \"{host}/{}//{}\"\n  version = \"{}\"\n}}",
                details.address, part.path, details.view.package.version
            )))
        }
        @if let Some(readme) = readme { article.readme { (readme) } }
        @if !part.inputs.is_empty() { section { h3 { "Inputs" } (inputs(&part.inputs)) } }
        @if !part.outputs.is_empty() { section { h3 { "Outputs" } (outputs(&part.outputs)) } }
        @if !part.resources.is_empty() { section { h3 { "Resources" } (resources(&part.resources)) } }
        @if !part.providers.is_empty() || !part.calls.is_empty() { section { h3 { "Dependencies" } (dependencies(part)) } }
    }
}
