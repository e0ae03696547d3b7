//! The archive of a package, and the files in it.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Shown, Tab};
use crate::domain::highlight::Language;
use crate::domain::package::PackageFile;
use crate::service::contents::{Content, EntryKind, FileView, Listing};
use crate::web::code::numbered;
use crate::web::components::{bytes, cell, copy_block, empty_state, table, time};

/// Entries of a directory that are listed.
const LISTED: usize = 1_000;

/// Where a file of the package is downloaded.
pub(super) fn download_url(shown: Shown<'_>, file: &PackageFile) -> String {
    format!("/{}/-/package_files/{}/download", shown.details.view.project_path, file.id)
}

/// A directory of the archive: its path, empty for the top.
pub(super) fn directory(shown: Shown<'_>, listing: &Listing, path: &str) -> Markup {
    let urls = shown.urls();
    let entries = children(listing, path);
    let rows = html! {
        @for (name, child) in entries.iter().take(LISTED) {
            @let full = if path.is_empty() { name.to_string() } else { format!("{path}/{name}") };
            tr {
                (cell("", &html! {
                    @match child {
                        Child::Link => { (name) " " span.quiet { "(a link, which is not installed)" } },
                        Child::Directory => a.name href=(urls.page(&full)) { (name) "/" },
                        Child::File(_) => a href=(urls.page(&full)) { (name) },
                    }
                }))
                (cell("Size", &html! { @if let Child::File(size) = child { (bytes(*size)) } }))
            }
        }
    };
    html! {
        @if path.is_empty() { (archives(shown)) }
        section.browser {
            h2 { (trail(shown, path)) }
            (table("Files in the archive", &["Name", "Size"], &rows))
            @if entries.len() > LISTED { p.quiet { "and " (entries.len() - LISTED) " more: download the archive to see all." } }
            @if !listing.complete { p.quiet { "The archive has more files than are listed here: download it to see all." } }
        }
    }
}

/// Why the files cannot be listed; the archive can still be downloaded.
pub(super) fn unreadable(shown: Shown<'_>, why: &str) -> Markup {
    html! {
        (archives(shown))
        @if !why.is_empty() { div.notice { p { "The files in the archive are not shown: " (why) "." } } }
    }
}

/// The files of the package: one, or none any more.
fn archives(shown: Shown<'_>) -> Markup {
    let files = &shown.details.files;
    if files.is_empty() {
        return empty_state("No archive", &html! { p { "The archive of this version was deleted." } });
    }
    html! {
        @for file in files {
            div.archive {
                p {
                    a.name href=(download_url(shown, file)) download { (file.file_name) }
                    span.quiet { " " (bytes(file.size)) ", " (time(file.created_at, shown.viewer.now)) }
                }
                p.copy-label { "SHA-256" }
                (copy_block(&file.sha256.to_string()))
            }
        }
    }
}

/// The path of a file as links to the directories above it.
fn trail(shown: Shown<'_>, path: &str) -> Markup {
    let urls = shown.urls();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let above = segments.len().saturating_sub(1);
    html! {
        @if segments.is_empty() { "In the archive" } @else { a href=(shown.tab(Tab::Files)) { "Archive" } }
        @for (index, segment) in segments.iter().enumerate() {
            span.quiet { " / " }
            @if index < above {
                a href=(urls.page(&segments.get(..=index).unwrap_or_default().join("/"))) { (segment) }
            } @else { (segment) }
        }
    }
}

/// A file of the archive.
pub(super) fn file(shown: Shown<'_>, file: &FileView) -> Markup {
    let urls = shown.urls();
    html! {
        section.browser {
            h2 { (trail(shown, &file.path)) }
            p.quiet { (bytes(file.size)) }
            @match &file.content {
                Content::Text(text) if text.is_empty() => p.quiet { "This file is empty." },
                Content::Text(text) => (numbered(text, Language::of(&file.path))),
                Content::Image(..) => {
                    @if let Some(url) = urls.image(&file.path) { img.picture src=(url) alt=(file.path); }
                },
                Content::Binary => p { "This file is not text. Download the archive to look at it." },
                Content::TooLarge => p { "This file is too large to be shown. Download the archive to look at it." },
                Content::Directory => p { "This is a directory." },
                Content::Link => p { "This is a link, which Terraform does not install." },
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Child {
    Directory,
    File(u64),
    Link,
}

/// What is directly in a directory: directories first, then the rest, by name.
fn children<'l>(listing: &'l Listing, directory: &str) -> Vec<(&'l str, Child)> {
    let mut found: BTreeMap<&str, Child> = BTreeMap::new();
    for entry in &listing.entries {
        let below = match directory {
            "" => Some(entry.path.as_str()),
            _ => entry.path.strip_prefix(directory).and_then(|rest| rest.strip_prefix('/')),
        };
        let Some(below) = below.filter(|below| !below.is_empty()) else { continue };
        match below.split_once('/') {
            Some((name, _)) => found.insert(name, Child::Directory),
            None => {
                let child = match entry.kind {
                    EntryKind::File => Child::File(entry.size),
                    EntryKind::Directory => Child::Directory,
                    EntryKind::Link => Child::Link,
                };
                found.insert(below, child)
            }
        };
    }
    let mut children: Vec<(&str, Child)> = found.into_iter().collect();
    children.sort_by_key(|(_, child)| *child != Child::Directory);
    children
}

/// Whether the archive has something below that path.
pub fn is_directory(listing: &Listing, path: &str) -> bool {
    listing.entries.iter().any(|entry| {
        let is_below = entry.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        is_below || (entry.path == path && entry.kind == EntryKind::Directory)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::contents::ArchiveEntry;

    fn listing(paths: &[(&str, EntryKind)]) -> Listing {
        let entry = |(path, kind): &(&str, EntryKind)| ArchiveEntry {
            path: (*path).to_owned(),
            size: 3,
            kind: *kind,
        };
        Listing { entries: paths.iter().map(entry).collect(), complete: true }
    }

    #[test]
    fn a_directory_lists_what_is_directly_in_it() {
        use EntryKind::{Directory, File, Link};
        let all = listing(&[
            ("a", Link),
            ("main.tf", File),
            ("modules/x/main.tf", File),
            ("modules/y", Directory),
            ("modules-old/z.tf", File),
        ]);
        assert_eq!(
            children(&all, ""),
            [
                ("modules", Child::Directory),
                ("modules-old", Child::Directory),
                ("a", Child::Link),
                ("main.tf", Child::File(3))
            ]
        );
        assert_eq!(children(&all, "modules"), [("x", Child::Directory), ("y", Child::Directory)]);
        assert_eq!(children(&all, "main.tf"), []);
        for (path, expected) in
            [("modules", true), ("modules/y", true), ("modules/x", true), ("main.tf", false), ("mod", false)]
        {
            assert_eq!(is_directory(&all, path), expected, "{path}");
        }
    }
}
