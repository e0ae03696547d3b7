//! Modules in lists that are for finding one: the first page, a project, the search.

use maud::{Markup, html};

use super::components::{Tone, badge, cell, copy_block, table, time};
use super::frame::Viewer;
use crate::service::module_rows::ModuleRow;

/// How much a list says of where its entries are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    /// All of it: they are in different places.
    Whole,
    /// What the page they are on does not say: they are in one place.
    Within,
}

/// Where the list of a project's modules is, or of a group's: `base` is its [`super::frame::base_path`].
pub fn registry_path(base: &str) -> String {
    format!("{base}/-/infrastructure_registry")
}

/// Where a module is read about: the page of its latest version.
pub fn module_path(row: &ModuleRow) -> String {
    format!("/{}/-/infrastructure_registry/{}", row.view.project_path, row.view.package.id)
}

/// What a module is called in Terraform, without the host: `acme/vpc/aws`.
pub fn address(row: &ModuleRow) -> String {
    let package = &row.view.package;
    let namespace = row.view.project_path.split('/').next().unwrap_or_default();
    format!("{namespace}/{}/{}", package.name, package.system)
}

/// Modules, each at its latest version. `below` adds a line of its own to one.
pub fn module_table(
    viewer: &Viewer,
    caption: &str,
    rows: &[&ModuleRow],
    paths: Paths,
    below: impl Fn(usize) -> Markup,
) -> Markup {
    let body = html! {
        @for (index, row) in rows.iter().enumerate() {
            tr {
                (cell("", &html! {
                    a.name href=(module_path(row)) { (address(row)) }
                    @if row.has_warnings { " " (badge(Tone::Warn, "warnings")) }
                    @if !row.description.is_empty() { p { (row.description) } }
                    @if paths == Paths::Whole { p.quiet.origin { (row.view.project_path) } }
                    (below(index))
                }))
                (cell("Version", &html! {
                    (row.view.package.version)
                    @if row.versions > 1 { p.quiet.origin { (counted(row.versions, "version")) } }
                }))
                (cell("Published", &time(row.last_published, viewer.now)))
            }
        }
    };
    table(caption, &["Module", "Version", "Published"], &body)
}

/// `1 module`, `2 modules`.
pub fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// How a module comes into a project, with commands to copy.
pub fn how_to_publish(viewer: &Viewer, project: &str) -> Markup {
    let base_url = &viewer.base_url;
    let encoded = project.replace('/', "%2F");
    html! {
        p { "From a folder with Terraform files, with a token of a developer of the project:" }
        (copy_block(&format!(
            "export CAIRN_URL={base_url} CAIRN_TOKEN=cairn_pat_...\n\
             cairn publish ./my-module \\\n  --project {project} --name vpc --system aws --version 1.0.0"
        )))
        p { "Or with nothing but tar and curl:" }
        (copy_block(&format!(
            "tar -czf module.tar.gz -C ./my-module .\n\
             curl --fail-with-body --header \"PRIVATE-TOKEN: $CAIRN_TOKEN\" --upload-file module.tar.gz \\\n  \
             {base_url}/api/v4/projects/{encoded}/packages/terraform/modules/vpc/aws/1.0.0/file"
        )))
        @if viewer.person.is_some() {
            p { a href=(super::account::TOKENS) { "Create a token" } " with the scope " code { "api" } " first, if you have none." }
        }
    }
}
