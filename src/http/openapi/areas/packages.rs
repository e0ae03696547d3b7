//! The packages API.

use serde_json::{Value, json};

use super::ci;
use crate::http::api::packages::{PACKAGE_TYPES, STATUSES};
use crate::http::api::pipelines::MAX_PIPELINES;
use crate::http::openapi::operation::{Area, Operation, delete, get};
use crate::http::openapi::parameters::order;
use crate::http::openapi::schema::{
    array, boolean, constant, integer, may, must, nullable, object, reference, string, time, word,
};

/// Packages of projects and groups.
pub(in crate::http::openapi) fn area() -> Area {
    let orders = ["created_at", "name", "version", "type"];
    let group_orders = ["created_at", "name", "version", "type", "project_path"];
    Area {
        tag: "Packages",
        description: "Published versions with their files. Deleting is permanent.",
        operations: vec![
            filtered(get("/api/v4/projects/:id/packages", "listProjectPackages", "Packages of a project"))
                .shared(order(&orders, "created_at", false))
                .lists(reference("Package")),
            filtered(get(
                "/api/v4/groups/:id/packages",
                "listGroupPackages",
                "Packages of a group and the groups below",
            ))
            .query("exclude_subgroups", boolean(), "Only of the group's own projects")
            .shared(order(&group_orders, "created_at", false))
            .lists(reference("Package")),
            get("/api/v4/projects/:id/packages/:package_id", "showPackage", "One package")
                .shows(reference("Package")),
            delete("/api/v4/projects/:id/packages/:package_id", "deletePackage", "Delete a package")
                .empties(),
            get(
                "/api/v4/projects/:id/packages/:package_id/package_files",
                "listPackageFiles",
                "Files of a package",
            )
            .shared(order(&["id", "created_at", "file_name"], "id", false))
            .lists(reference("PackageFile")),
            get(
                "/api/v4/projects/:id/packages/:package_id/pipelines",
                "listPackagePipelines",
                "Pipelines that published a package",
            )
            .describe("Those that published it or touched it since, newest first. As in GitLab, the list has a cursor and no pages.")
            .query("per_page", json!({ "type": "integer", "minimum": 1, "maximum": MAX_PIPELINES }), "Rows at most")
            .query("cursor", string(), "Where to go on")
            .shows(array(reference("PackagePipeline"))),
            delete(
                "/api/v4/projects/:id/packages/:package_id/package_files/:file_id",
                "deletePackageFile",
                "Delete a file of a package",
            )
            .empties(),
            get(
                "/api/v4/projects/:id/packages/:package_id/package_files/:file_id/download",
                "downloadPackageFile",
                "The bytes of a file",
            )
            .sends_archive(),
        ],
        schemas: vec![
            ("Package", package()),
            ("PackageFile", file()),
            ("Pipeline", ci::pipeline()),
            ("PackagePipeline", ci::package_pipeline()),
            ("Provenance", ci::provenance()),
        ],
    }
}

fn filtered(operation: Operation) -> Operation {
    operation
        .query("package_type", word(&PACKAGE_TYPES), "Packages of other types than the first: none")
        .query("package_name", string(), "Only those whose name has this text")
        .query("package_version", string(), "Only this version")
        .query("status", word(&STATUSES), "Packages of other statuses than the first: none")
        .query("include_versionless", boolean(), "Taken, as in GitLab; every package has a version")
}

fn package() -> Value {
    let other = object(vec![
        must("id", integer()),
        must("version", string()),
        must("created_at", time()),
        must("tags", array(json!({}))),
    ]);
    let warning =
        object(vec![must("code", string()), must("path", nullable(string())), must("message", string())]);
    object(vec![
        must("id", integer()),
        must("name", string()),
        must("version", string()),
        must("package_type", constant("terraform_module")),
        must("status", string()),
        must("_links", object(vec![must("web_path", string()), may("delete_api_path", string())])),
        must("created_at", time()),
        must("last_downloaded_at", nullable(time())),
        must("creator_id", nullable(integer())),
        must("tags", array(json!({}))),
        must("warnings", array(warning)),
        may("project_id", integer()),
        may("project_path", string()),
        may("versions", array(other)),
        may("pipeline", reference("Pipeline")),
        may("pipelines", array(reference("PackagePipeline"))),
        may("provenance", reference("Provenance")),
    ])
}

fn file() -> Value {
    object(vec![
        must("id", integer()),
        must("package_id", integer()),
        must("created_at", time()),
        must("file_name", string()),
        must("size", integer()),
        must("file_md5", nullable(string())),
        must("file_sha1", nullable(string())),
        must("file_sha256", string()),
    ])
}
