//! The first page: what this is and what is public, or what is one's own.

use maud::{Markup, html};

use super::Page;
use super::components::{Tone, cell, table};
use super::components::{badge, copy_block, empty_state, time};
use super::frame::{Frame, Viewer, sign_in_url};
use crate::domain::Visibility;
use crate::service::module_list::ListedModule;
use crate::service::packages::PackageView;

/// A group or project in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its full path.
    pub path: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who sees it.
    pub visibility: Visibility,
}

/// What the page of somebody who is signed in shows. The lists are cut; the counts are whole.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// The groups one has to do with.
    pub groups: Vec<Listed>,
    /// How many there are.
    pub groups_total: usize,
    /// The projects one is a member of.
    pub projects: Vec<Listed>,
    /// How many there are.
    pub projects_total: usize,
    /// What was published last, of all that one may pull.
    pub recent: Vec<PackageView>,
}

/// For whoever is not signed in.
pub fn signed_out(viewer: &Viewer, modules: &[ListedModule]) -> Page {
    let main = html! {
        div.hero {
            h1 { "Terraform modules, found and used in a minute" }
            p.lead { "A private registry for Terraform and OpenTofu: look for a module, read how to use it, copy four lines." }
            p.actions {
                a.button href=(sign_in_url("")) { "Sign in" }
                @if viewer.registry { a.button.quiet href="/search" { "Browse public modules" } }
            }
        }
        @if !viewer.registry { (switched_off()) } @else {
            section {
                h2 { "Public modules" }
                @if modules.is_empty() {
                    (empty_state("Nothing here is public", &html! { p { "Sign in to see the modules of your groups." } }))
                } @else { (public_modules(viewer, modules)) }
            }
            (how_to(viewer))
        }
    };
    Frame::new(viewer, "").page(&main)
}

/// For whoever is signed in.
pub fn signed_in(viewer: &Viewer, own: &Own) -> Page {
    let main = html! {
        h1 { "Your registry" }
        @if !viewer.registry { (switched_off()) }
        div.columns {
            div {
                section {
                    h2 { "Recently published" }
                    @if own.recent.is_empty() {
                        (empty_state("Nothing is published yet", &html! {
                            p { "Modules that you may use appear here. Publish the first one from a folder with Terraform files:" }
                            (copy_block(PUBLISH))
                        }))
                    } @else { (recent(viewer, &own.recent)) }
                }
            }
            div {
                section {
                    h2 { "Projects " span.count { (own.projects_total) } }
                    @if own.projects.is_empty() { p.quiet { "You are a member of no project." } }
                    (cards(&own.projects, own.projects_total))
                }
                section {
                    h2 { "Groups " span.count { (own.groups_total) } }
                    @if own.groups.is_empty() { p.quiet { "You have no group yet." } }
                    (cards(&own.groups, own.groups_total))
                }
            }
        }
    };
    Frame::new(viewer, "").page(&main)
}

const PUBLISH: &str =
    "cairn publish ./my-module \\\n  --project acme/network --name vpc --system aws --version 1.0.0";

/// What pages say while the registry is switched off.
pub fn switched_off() -> Markup {
    html! {
        div.notice.warn { p { "The package registry is switched off on this server. Nothing was deleted; an administrator can switch it on again." } }
    }
}

fn public_modules(viewer: &Viewer, modules: &[ListedModule]) -> Markup {
    let rows = html! {
        @for module in modules {
            tr {
                (cell("", &html! {
                    a.name href=(module_url(module)) { (module.namespace) "/" (module.name) "/" (module.system) }
                    @if !module.description.is_empty() { p.quiet { (module.description) } }
                }))
                (cell("Version", &html! { (module.version) }))
                (cell("Published", &time(module.published_at, viewer.now)))
            }
        }
    };
    table("Public modules", &["Module", "Version", "Published"], &rows)
}

/// The modules of that name in the list of their project.
fn module_url(module: &ListedModule) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.append_pair("search", &format!("{}/{}", module.name, module.system)).finish();
    format!("/{}/-/infrastructure_registry?{query}", module.project)
}

fn recent(viewer: &Viewer, packages: &[PackageView]) -> Markup {
    let rows = html! {
        @for view in packages {
            @let package = &view.package;
            tr {
                (cell("", &html! {
                    a.name href=(format!("/{}/-/infrastructure_registry/{}", view.project_path, package.id)) {
                        (package.name) "/" (package.system)
                    }
                    p.quiet { (view.project_path) }
                }))
                (cell("Version", &html! { (package.version) }))
                (cell("Published", &time(package.created_at, viewer.now)))
            }
        }
    };
    table("Recently published", &["Module", "Version", "Published"], &rows)
}

fn cards(places: &[Listed], total: usize) -> Markup {
    html! {
        ul.cards {
            @for place in places {
                li {
                    a.name href=(format!("/{}", place.path)) { (place.name) }
                    @if place.visibility == Visibility::Public { " " (badge(Tone::Accent, "public")) }
                    p.quiet { (place.path) }
                    @if !place.description.is_empty() { p { (place.description) } }
                }
            }
        }
        @if total > places.len() { p.quiet { "and " (total - places.len()) " more" } }
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
            p { "From a folder with Terraform files, with a token of a developer of the project:" }
            (copy_block(PUBLISH))
            p { "Or with nothing but tar and curl:" }
            (copy_block(&format!(
                "tar -czf module.tar.gz -C ./my-module .\ncurl --header \"PRIVATE-TOKEN: $TOKEN\" --upload-file module.tar.gz \\\n  \
                 {base_url}/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/1.0.0/file"
            )))
        }
    }
}
