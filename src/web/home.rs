//! The first page: what this is and what is public, or what is one's own.

use maud::{Markup, html};

use super::Page;
use super::components::{copy_block, empty_state};
use super::frame::{Frame, Viewer, sign_in_url};
use super::groups::ALL_GROUPS;
use super::module_search::SEARCH;
use super::modules::{Paths, counted, how_to_publish, module_table};
use super::new::{NEW_GROUP, NEW_PROJECT};
use super::places::{group_card, project_card};
use crate::service::browsing::Home;
use crate::service::module_rows::ModuleRow;

/// What somebody may make who is signed in.
#[derive(Debug, Clone, Copy, Default)]
pub struct New {
    /// A group of its own.
    pub group: bool,
    /// A project in the own namespace.
    pub project: bool,
}

/// What commands name where no project is meant.
const SOME_PROJECT: &str = "acme/network";

/// For whoever is not signed in.
pub fn signed_out(viewer: &Viewer, home: &Home) -> Page {
    let main = html! {
        div.hero {
            h1 { "Terraform modules, found and used in a minute" }
            p.lead { "A private registry for Terraform and OpenTofu: look for a module, read how to use it, copy four lines." }
            p.actions {
                a.button href=(sign_in_url("")) { "Sign in" }
                @if viewer.registry && home.modules_total > 0 {
                    a.button.quiet href=(SEARCH) { "Browse public modules" }
                    a.button.quiet href=(ALL_GROUPS) { "Browse groups" }
                }
            }
        }
        @if !viewer.registry { (switched_off()) } @else {
            section {
                h2 { "Public modules " span.count { (home.modules_total) } }
                @if home.recent.is_empty() {
                    (empty_state("Nothing here is public", &html! { p { "Sign in to see the modules of your groups." } }))
                } @else { (recent(viewer, "Public modules, last published first", home)) }
            }
            (how_to(viewer))
        }
    };
    Frame::new(viewer, "").page(&main)
}

/// For whoever is signed in.
pub fn signed_in(viewer: &Viewer, home: &Home, new: New) -> Page {
    let main = html! {
        h1 { "Your registry" }
        @if !viewer.registry { (switched_off()) }
        div.columns {
            @if viewer.registry {
                section {
                    h2 { "Recently published" }
                    @if home.recent.is_empty() { (nothing_published(viewer)) }
                    @else { (recent(viewer, "Recently published", home)) }
                }
            }
            div {
                (own_projects(viewer, home, new))
                (own_groups(viewer, home, new))
            }
        }
    };
    Frame::new(viewer, "").page(&main)
}

/// Modules published last, and the way to all others.
fn recent(viewer: &Viewer, caption: &str, home: &Home) -> Markup {
    let rows: Vec<&ModuleRow> = home.recent.iter().collect();
    html! {
        (module_table(viewer, caption, &rows, Paths::Whole, |_| html! {}))
        @if home.modules_total > rows.len() {
            p.actions { a.button.quiet href=(SEARCH) { "Browse all " (counted(home.modules_total, "module")) } }
        }
    }
}

fn nothing_published(viewer: &Viewer) -> Markup {
    let hint = html! {
        p { "Modules that you may use appear here." }
        (how_to_publish(viewer, SOME_PROJECT))
    };
    empty_state("Nothing is published yet", &hint)
}

fn own_projects(viewer: &Viewer, home: &Home, new: New) -> Markup {
    html! {
        section {
            h2 { "Projects " span.count { (home.projects_total) } }
            @if home.projects.is_empty() {
                p.quiet { "You have a role in no project. Ask an owner of a group for one" @if new.project { ", or make your own" } "." }
            } @else {
                ul.cards { @for card in &home.projects { (project_card(viewer, card, Paths::Whole)) } }
            }
            (more(home.projects_total, home.projects.len()))
            @if new.project { p.actions { a.button.quiet.small href=(NEW_PROJECT) { "New project" } } }
        }
    }
}

fn own_groups(viewer: &Viewer, home: &Home, new: New) -> Markup {
    html! {
        section {
            h2 { "Groups " span.count { (home.groups_total) } }
            @if home.groups.is_empty() { p.quiet { "You are a member of no group." } }
            @else { ul.cards { @for card in &home.groups { (group_card(viewer, card, Paths::Whole)) } } }
            (more(home.groups_total, home.groups.len()))
            p.actions {
                a.button.quiet.small href=(ALL_GROUPS) { "All groups" }
                @if new.group { a.button.quiet.small href=(NEW_GROUP) { "New group" } }
            }
        }
    }
}

/// How many there are beside those that are shown.
fn more(total: usize, shown: usize) -> Markup {
    html! { @if total > shown { p.quiet { "and " (total - shown) " more" } } }
}

/// What pages say while the registry is switched off.
pub fn switched_off() -> Markup {
    html! {
        div.notice.warn { p { "The package registry is switched off on this server. Nothing was deleted; an administrator can switch it on again." } }
    }
}

fn how_to(viewer: &Viewer) -> Markup {
    let base_url = &viewer.base_url;
    let host = base_url.split_once("://").map_or(base_url.as_str(), |(_, host)| host);
    html! {
        section {
            h2 { "Use a module" }
            (copy_block(&format!("module \"vpc\" {{\n  source  = \"{host}/acme/vpc/aws\"\n  version = \"~> 1.0\"\n}}")))
            p { "Private modules need a token. " code { "terraform login " (host) } " asks for your password and keeps one, or write it into " code { "~/.terraformrc" } ":" }
            (copy_block(&format!("credentials \"{host}\" {{\n  token = \"cairn_pat_...\"\n}}")))
            @if !base_url.starts_with("https://") {
                p.quiet { "Terraform asks a registry over HTTPS only. Start the server with a certificate ("
                    code { "--tls-self-signed" } " or " code { "--tls-cert" } "), or name this address in a "
                    code { "host" } " block of the Terraform configuration." }
            }
        }
        section {
            h2 { "Publish a module" }
            (how_to_publish(viewer, SOME_PROJECT))
        }
    }
}
