//! The rows of a registry page.

use maud::{Markup, html};

use super::Asked;
use crate::service::PackageOrder;
use crate::service::actors::Actor;
use crate::service::module_rows::ModuleRow;
use crate::web::components::{Tone, badge, cell, time};
use crate::web::frame::Viewer;
use crate::web::package::package_url;

/// The columns: their heads, and the order that each is a link to.
const COLUMNS: [(&str, Option<PackageOrder>); 4] = [
    ("Name", Some(PackageOrder::Name)),
    ("Version", Some(PackageOrder::Version)),
    ("Published", Some(PackageOrder::Created)),
    ("Project", Some(PackageOrder::ProjectPath)),
];

/// A table of modules, or of their versions.
pub(super) fn table(viewer: &Viewer, asked: &Asked, url: &str, is_group: bool, rows: &[ModuleRow]) -> Markup {
    let can_delete = rows.iter().any(|row| row.view.can_delete);
    let columns = COLUMNS.iter().filter(|(_, order)| is_group || *order != Some(PackageOrder::ProjectPath));
    html! {
        table.rows.modules {
            caption.unseen { @if asked.versions { "Versions" } @else { "Modules" } }
            thead {
                tr {
                    @for (label, order) in columns { (head(asked, url, label, *order)) }
                    @if can_delete { th scope="col" { span.unseen { "Delete" } } }
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        (cell("", &name(row)))
                        (cell("Version", &version(asked, row)))
                        (cell("Published", &published(viewer, row)))
                        @if is_group {
                            (cell("Project", &html! {
                                a.plain href=(format!("/{}/-/infrastructure_registry", row.view.project_path)) { (row.view.project_path) }
                            }))
                        }
                        @if can_delete { (cell("", &delete(viewer, row))) }
                    }
                }
            }
        }
    }
}

/// The head of a column, with a link that sorts by it.
fn head(asked: &Asked, url: &str, label: &str, order: Option<PackageOrder>) -> Markup {
    let Some(order) = order else { return html! { th scope="col" { (label) } } };
    let sorted = (asked.order == order).then_some(if asked.descends() { "descending" } else { "ascending" });
    html! {
        th scope="col" aria-sort=[sorted] { a.plain href=(asked.ordered(order).url(url)) { (label) } }
    }
}

fn name(row: &ModuleRow) -> Markup {
    let package = &row.view.package;
    html! {
        a.name href=(package_url(&row.view.project_path, package.id)) { (package.name) "/" (package.system) }
        @if row.has_warnings { " " (badge(Tone::Warn, "warnings")) }
        @if !row.description.is_empty() { p.quiet { (row.description) } }
    }
}

fn version(asked: &Asked, row: &ModuleRow) -> Markup {
    let version = &row.view.package.version;
    html! {
        div {
            (version)
            @if version.is_prerelease() { " " (badge(Tone::Plain, "prerelease")) }
            @if !asked.versions && row.versions > 1 { p.quiet { (row.versions) " versions" } }
        }
    }
}

fn published(viewer: &Viewer, row: &ModuleRow) -> Markup {
    html! {
        div {
            (time(row.last_published, viewer.now))
            p.quiet { "by " (who(&row.publisher)) }
        }
    }
}

/// Somebody, in a few words.
pub(crate) fn who(actor: &Actor) -> Markup {
    html! {
        @match actor {
            Actor::User { username, name } => span title=(format!("@{username}")) { (name) },
            Actor::FormerUser => "a user who is gone",
            Actor::DeployToken { name } => { "deploy token " (name) },
            Actor::FormerDeployToken => "a deploy token that is gone",
            Actor::CommandLine => "the command line",
            Actor::TrustedPublisher { name } => { "trusted publisher " (name) },
            Actor::FormerTrustedPublisher => "a trusted publisher that is gone",
        }
    }
}

/// The way to the question whether to delete a version, and back to this list.
fn delete(viewer: &Viewer, row: &ModuleRow) -> Markup {
    if !row.view.can_delete {
        return html! {};
    }
    let package = &row.view.package;
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("back", &viewer.here).finish();
    let href = format!("{}/delete?{query}", package_url(&row.view.project_path, package.id));
    let label = format!("Delete {} {}", package.full_name(), package.version);
    html! { a.button.danger-quiet.small href=(href) aria-label=(label) { "Delete" } }
}
