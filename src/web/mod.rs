//! Pages, written in maud. Nothing here knows HTTP: a page goes in as values and comes out as markup.

pub mod assets;
pub mod login;

use maud::{DOCTYPE, Markup, html};

use crate::service::Registry;

/// A finished page or file, for the HTTP layer to send.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub body: bytes::Bytes,
    /// Whether its URL changes with its content, so that it can be kept for ever.
    pub immutable: bool,
}

/// The first page: what this is, how to publish, how to use.
pub fn home(registry: &Registry, base_url: &str) -> Page {
    let open = registry.is_switched_on().unwrap_or(false);
    page(
        "cairn",
        &html! {
            h1 { "cairn" }
            p.lead { "A private registry for Terraform and OpenTofu modules, in one file." }
            @if open { (publishing(base_url)) (using(base_url)) } @else {
                p.notice { "The package registry is switched off on this server. Nothing was deleted; an administrator can switch it on again." }
            }
        },
    )
}

fn publishing(base_url: &str) -> Markup {
    html! {
        section {
            h2 { "Publish" }
            p { "Pack a module and send it, with a token of a developer of the project:" }
            pre tabindex="0" { code {
                "tar -czf module.tar.gz -C ./my-module .\n"
                "curl --header \"PRIVATE-TOKEN: $TOKEN\" --upload-file module.tar.gz \\\n"
                "  " (base_url) "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/1.0.0/file"
            } }
            p { "Or let the program do it:" }
            pre tabindex="0" { code {
                "cairn publish ./my-module \\\n"
                "  --project acme/network --name vpc --system aws --version 1.0.0"
            } }
        }
    }
}

fn using(base_url: &str) -> Markup {
    let host = base_url.split_once("://").map_or(base_url, |(_, host)| host);
    html! {
        section {
            h2 { "Use" }
            pre tabindex="0" { code {
                "module \"vpc\" {\n"
                "  source  = \"" (host) "/acme/vpc/aws\"\n"
                "  version = \"~> 1.0\"\n"
                "}"
            } }
            p { "Give Terraform a token for private modules in " code { "~/.terraformrc" } ":" }
            pre tabindex="0" { code {
                "credentials \"" (host) "\" {\n"
                "  token = \"cairn_pat_...\"\n"
                "}"
            } }
            @if !base_url.starts_with("https://") {
                p { "Terraform asks a registry over HTTPS only. Start the server with a certificate ("
                    code { "--tls-self-signed" } " or " code { "--tls-cert" } "), or name this address in a "
                    code { "host" } " block of the Terraform configuration." }
            }
        }
    }
}

/// The frame of every page.
fn page(title: &str, main: &Markup) -> Page {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href=(assets::url("app.css"));
                link rel="icon" href=(assets::url("icon.svg")) type="image/svg+xml";
            }
            body { main { (main) } }
        }
    };
    Page { media_type: "text/html; charset=utf-8", body: markup.into_string().into(), immutable: false }
}
