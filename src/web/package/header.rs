//! The head of a package's page: what it is, and the way to its other versions.

use maud::{Markup, html};

use super::{Shown, Tab, package_url};
use crate::domain::PackageId;
use crate::service::package_page::PageVersion;
use crate::web::components::{Pages, Tone, badge, bytes, cell, day, hidden, pager, table, time};
use crate::web::registry::who;

/// Versions that the switcher offers; a module may have thousands.
const OFFERED: usize = 100;
/// Versions on a page of their list.
const VERSIONS_SHOWN: usize = 50;

/// Name, version, publication, downloads, size, warnings, and what can be done.
pub(super) fn header(shown: Shown<'_>, tab: Tab) -> Markup {
    let (details, now) = (shown.details, shown.viewer.now);
    let (view, package) = (&details.view, &details.view.package);
    let size: u64 = details.files.iter().map(|file| file.size).sum();
    let description = details.manifest.description();
    let downloads = view.downloads.count;
    html! {
        div.package-head {
            div {
                h1 { (package.name) "/" (package.system) " " span.version { (package.version) } }
                p.badges {
                    @if details.latest == package.id { (badge(Tone::Accent, "latest")) " " }
                    @if package.version.is_prerelease() { (badge(Tone::Warn, "prerelease")) " " }
                    @if details.is_public { (badge(Tone::Plain, "public")) " " }
                    @if !package.warnings.is_empty() { (badge(Tone::Warn, "warnings")) }
                }
                @if !description.is_empty() { p.lead { (description) } }
                p.quiet.meta {
                    span { "Published " (time(package.created_at, now)) " by " (who(&details.publisher)) }
                    span { (downloads) @if downloads == 1 { " download" } @else { " downloads" } }
                    @if size > 0 { span { (bytes(size)) } }
                    @if details.sees_project { span { "in " a href=(format!("/{}", view.project_path)) { (view.project_path) } } }
                    @else { span { "in " (view.project_path) } }
                }
            }
            div.package-actions {
                (switcher(shown, tab))
                @if let Some(lower) = details.lower.and_then(|id| version_of(shown, id)) {
                    a href=(changes_url(shown, lower)) { "What changed since " (lower.version) }
                }
                @if details.latest != package.id {
                    a href=(package_url(&view.project_path, details.latest)) { "Go to the latest version" }
                }
                @if view.can_delete { a.button.danger-quiet.small href=(format!("{}/delete", shown.url())) { "Delete" } }
            }
        }
        @if details.files.is_empty() {
            div.notice.bad { p { "The archive of this version was deleted: it cannot be installed any more." } }
        }
        (warnings(shown))
    }
}

fn version_of(shown: Shown<'_>, id: PackageId) -> Option<&PageVersion> {
    shown.details.versions.iter().find(|version| version.id == id)
}

/// The comparison with another version.
pub(super) fn changes_url(shown: Shown<'_>, other: &PageVersion) -> String {
    let version = other.version.to_string();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("tab", Tab::Changes.as_str())
        .append_pair("from", &version)
        .finish();
    format!("{}?{query}", shown.url())
}

/// A list of versions to go to.
fn switcher(shown: Shown<'_>, tab: Tab) -> Markup {
    let (versions, own) = (&shown.details.versions, shown.details.view.package.id);
    if versions.len() < 2 {
        return html! {};
    }
    let offered =
        versions.iter().enumerate().filter(|(place, version)| *place < OFFERED || version.id == own);
    html! {
        form.switcher action=(shown.url()) {
            @if tab != Tab::Readme { (hidden("tab", tab.as_str())) }
            label.unseen for="go" { "Version" }
            select #go name="go" {
                @for (_, version) in offered {
                    option value=(version.id) selected[version.id == own] {
                        (version.version) @if version.id == shown.details.latest { " (latest)" }
                    }
                }
            }
            button.button.quiet { "Go" }
        }
        @if versions.len() > OFFERED { a href=(shown.tab(Tab::Versions)) { "All " (versions.len()) " versions" } }
    }
}

fn warnings(shown: Shown<'_>) -> Markup {
    let warnings = &shown.details.view.package.warnings;
    if warnings.is_empty() {
        return html! {};
    }
    html! {
        details.notice.warn.warnings open[warnings.len() <= 3] {
            summary { (warnings.len()) @if warnings.len() == 1 { " warning" } @else { " warnings" } " about the archive" }
            ul {
                @for warning in warnings {
                    li { @if !warning.path.is_empty() { code { (warning.path) } ": " } (warning.message) }
                }
            }
        }
    }
}

/// A page of the list of versions.
pub(super) fn versions(shown: Shown<'_>, page: usize) -> Markup {
    let details = shown.details;
    let pages = Pages { current: page, per_page: VERSIONS_SHOWN, total: details.versions.len() };
    let page = page.clamp(1, pages.count());
    let listed = details.versions.iter().skip((page - 1) * VERSIONS_SHOWN).take(VERSIONS_SHOWN);
    let own = details.view.package.id;
    let rows = html! {
        @for version in listed {
            tr {
                (cell("", &html! {
                    a.name href=(package_url(&details.view.project_path, version.id)) aria-current=[(version.id == own).then_some("true")] { (version.version) }
                    @if version.id == details.latest { " " (badge(Tone::Accent, "latest")) }
                    @if version.is_prerelease { " " (badge(Tone::Warn, "prerelease")) }
                    @if version.id == own { " " (badge(Tone::Plain, "this one")) }
                }))
                (cell("Published", &html! { span { (time(version.published_at, shown.viewer.now)) ", " (day(version.published_at)) } }))
                (cell("Compare", &html! {
                    @if version.id != own { a href=(changes_url(shown, version)) { "What changed" } }
                }))
            }
        }
    };
    html! {
        (table("Versions", &["Version", "Published", "Compare"], &rows))
        (pager(Pages { current: page, ..pages }, |page| format!("{}&page={page}", shown.tab(Tab::Versions))))
    }
}
