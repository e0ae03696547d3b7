//! Discovery, the module registry protocol, and the modules of one project.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::http::openapi::operation::{Area, Operation, get, put};
use crate::http::openapi::refusals::Reason;
use crate::http::openapi::schema::{array, constant, integer, may, must, object, reference, string, word};

const ARCHIVE_URL: &[(&str, &str)] = &[("X-Terraform-Get", "URL of the archive; it may be relative.")];

/// What a publisher may say of itself.
const CLAIM: &str = "Where the module comes from, for publishers whose credential does not prove it: JSON of at most 8 KiB, \
    `{pipeline: {id, iid, web_url, source}, job: {name, web_url}, ref, sha, commit_url, source_project, user}`, all of it \
    optional except the pipeline's id. It is kept as not verified; of a CI job or an ID token it is ignored.";

/// What Terraform and OpenTofu ask.
pub(in crate::http::openapi) fn terraform() -> Area {
    let dependencies = || must("dependencies", array(json!({})));
    let root = || {
        let provider = object(vec![must("name", string()), must("version", string())]);
        object(vec![dependencies(), may("providers", array(provider))])
    };
    let version =
        object(vec![must("version", string()), must("root", root()), must("submodules", array(json!({})))]);
    let module = object(vec![may("source", string()), must("versions", array(version))]);
    Area {
        tag: "Module registry protocol",
        description: "What Terraform and OpenTofu ask. The lists of versions and the downloads also \
            answer below `/v1/modules/`.",
        operations: vec![
            get("/.well-known/terraform.json", "discover", "Where the module registry protocol is served")
                .shows(reference("Discovery")),
            get(
                "/api/v4/packages/terraform/modules/v1/:namespace/:name/:system/versions",
                "listModuleVersions",
                "All versions of a module",
            )
            .describe("Highest first. Of an unknown module in a namespace the caller may read: none.")
            .shows(reference("ModuleVersions")),
            get(
                "/api/v4/packages/terraform/modules/v1/:namespace/:name/:system/download",
                "downloadLatestModule",
                "Leads to the download of the latest version",
            )
            .answer(StatusCode::FOUND, "The latest version's download.", None)
            .headers(&[("Location", "URL of the download of the latest version.")]),
            get(
                "/api/v4/packages/terraform/modules/v1/:namespace/:name/:system",
                "showLatestModule",
                "The latest version of a module",
            )
            .shows(reference("Module")),
            get(
                "/api/v4/packages/terraform/modules/v1/:namespace/:name/:system/:version",
                "showModule",
                "One version of a module",
            )
            .shows(reference("Module")),
            get(
                "/api/v4/packages/terraform/modules/v1/:namespace/:name/:system/:version/download",
                "downloadModule",
                "Where the archive of a version is",
            )
            .answer(StatusCode::NO_CONTENT, "The archive's URL is in the header.", None)
            .headers(ARCHIVE_URL),
            get(
                "/api/v4/packages/terraform/modules/v1/:namespace/:name/:system/:version/:file",
                "downloadModuleArchive",
                "The archive of a version",
            )
            .query("token", string(), "The ticket of the URL that the download gave; it decides alone")
            .query("checksum", string(), "`sha256:` and the archive's SHA-256; not looked at")
            .sends_archive(),
        ],
        schemas: vec![
            ("Discovery", object(vec![must("modules.v1", string()), must("login.v1", login())])),
            ("ModuleVersions", object(vec![must("modules", array(module))])),
            (
                "Module",
                object(vec![
                    must("name", string()),
                    must("provider", string()),
                    must("providers", array(string())),
                    must("root", root()),
                    must("source", string()),
                    must("submodules", array(json!({}))),
                    must("version", string()),
                    must("versions", array(string())),
                ]),
            ),
        ],
    }
}

/// How `terraform login` gets a token.
fn login() -> Value {
    object(vec![
        must("client", string()),
        must("grant_types", array(string())),
        must("authz", string()),
        must("token", string()),
        must("ports", array(integer())),
    ])
}

/// Publishing and pulling in one project.
pub(in crate::http::openapi) fn project() -> Area {
    Area {
        tag: "Modules of a project",
        description: "Publishing, and pulling by the project's own URL.",
        operations: vec![
            pull(get(
                "/api/v4/projects/:id/packages/terraform/modules/:name/:system",
                "pullLatestProjectModule",
                "The archive of the latest version",
            )),
            pull(get(
                "/api/v4/projects/:id/packages/terraform/modules/:name/:system/:version",
                "pullProjectModule",
                "The archive of a version",
            )),
            put(
                "/api/v4/projects/:id/packages/terraform/modules/:name/:system/:version/file",
                "publishModule",
                "Publish a version",
            )
            .describe("201 means: on disk, synced. A version never changes.")
            .header("X-Cairn-Provenance", CLAIM)
            .archive()
            .creates(reference("Message"))
            .refuses(Reason::NoModule)
            .refuses(Reason::Duplicate),
        ],
        schemas: vec![("Message", object(vec![must("message", string())]))],
    }
}

fn pull(operation: Operation) -> Operation {
    operation
        .query("terraform-get", word(&["1"]), "Asks where the archive is instead of for the archive")
        .query("archive", constant("tgz"), "The format; there is one")
        .sends_archive()
        .answer(StatusCode::NO_CONTENT, "The archive's URL is in the header.", None)
        .headers(ARCHIVE_URL)
}
