//! What the public registry tells about modules: lists, search, details, download counts.

use serde_json::{Value, json};

use crate::http::modules::paging::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::http::openapi::operation::{Area, Operation, Parameter, get};
use crate::http::openapi::schema::{
    Field, array, boolean, constant, default, integer, may, must, object, reference, string, time, word,
};

/// Modules as the public registry shows them.
pub(in crate::http::openapi) fn area() -> Area {
    Area {
        tag: "Modules",
        description: "What the public registry tells about modules, in its shapes: those the caller may pull.",
        operations: operations(),
        schemas: vec![
            ("ListedModule", object(row())),
            ("ModulePage", page()),
            ("ModuleDetails", details()),
            ("ModulePart", part()),
            ("ModuleDocument", document()),
            ("DownloadSummary", summary()),
            ("Errors", object(vec![must("errors", array(string()))])),
        ],
    }
}

fn operations() -> Vec<Operation> {
    let words = || Parameter::query("q", string(), "Words of the namespace, name, system or description");
    let inside = || Parameter::query("namespace", string(), "Only those of this namespace");
    let shows = |operation: Operation| operation.shows(reference("ModuleDetails"));
    vec![
        list(get("/v1/modules", "listModules", "Modules at their latest version").shared(vec![inside()])),
        list(
            get("/v1/modules/search", "searchModules", "Modules that have all of some words")
                .shared(vec![words().required(), inside()]),
        ),
        list(get("/v1/modules/:namespace", "listNamespaceModules", "Modules of a namespace")),
        list(get(
            "/v1/modules/:namespace/:name",
            "listModuleSystems",
            "The modules of one name, one a system",
        )),
        shows(get("/v1/modules/:namespace/:name/:system", "describeLatestModule", "A module in full")),
        shows(get(
            "/v1/modules/:namespace/:name/:system/:version",
            "describeModule",
            "A version of a module in full",
        )),
        get("/v2/modules/:namespace/:name/:system", "showModuleDocument", "A module as a JSON:API document")
            .shared(vec![Parameter::list("include", word(&["module-versions"]), "Also these resources")])
            .shows(reference("ModuleDocument")),
        get(
            "/v2/modules/:namespace/:name/:system/downloads/summary",
            "summarizeDownloads",
            "How often a module was downloaded",
        )
        .shows(reference("DownloadSummary")),
    ]
}

fn list(operation: Operation) -> Operation {
    let size = json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT });
    operation
        .query("provider", array(string()), "Only those of one of these systems")
        .query("verified", boolean(), "`true`: only those somebody vouches for, so none")
        .query("offset", default(integer(), 0), "Rows to leave out at the beginning")
        .query("limit", default(size, DEFAULT_LIMIT), "Rows at most; more are cut")
        .shows(reference("ModulePage"))
}

fn row() -> Vec<Field> {
    vec![
        must("id", string()),
        must("owner", string()),
        must("namespace", string()),
        must("name", string()),
        must("version", string()),
        must("provider", string()),
        must("provider_logo_url", string()),
        must("description", string()),
        must("source", string()),
        must("tag", string()),
        must("published_at", time()),
        must("downloads", integer()),
        must("verified", constant(false)),
    ]
}

fn page() -> Value {
    let meta = object(vec![
        must("limit", integer()),
        must("current_offset", integer()),
        may("next_offset", integer()),
        may("prev_offset", integer()),
        may("next_url", string()),
        may("prev_url", string()),
    ]);
    object(vec![must("meta", meta), must("modules", array(reference("ListedModule")))])
}

fn details() -> Value {
    let parts = || array(reference("ModulePart"));
    let more = vec![
        must("root", reference("ModulePart")),
        must("submodules", parts()),
        must("examples", parts()),
        must("providers", array(string())),
        must("versions", array(string())),
        must("deprecation", json!({ "type": "null" })),
    ];
    object([row(), more].concat())
}

/// A directory of a module. Absent texts are empty; a default is JSON in a text.
fn part() -> Value {
    let input = object(vec![
        must("name", string()),
        must("type", string()),
        must("description", string()),
        must("default", string()),
        must("required", boolean()),
    ]);
    let texts =
        |names: &[&'static str]| array(object(names.iter().map(|name| must(name, string())).collect()));
    object(vec![
        must("path", string()),
        must("name", string()),
        must("readme", string()),
        must("empty", boolean()),
        must("inputs", array(input)),
        must("outputs", texts(&["name", "description"])),
        must("dependencies", texts(&["name", "source", "version"])),
        must("provider_dependencies", texts(&["name", "namespace", "source", "version"])),
        must("resources", texts(&["name", "type"])),
    ])
}

fn document() -> Value {
    let identity = |kind: &str| vec![must("type", constant(kind)), must("id", string())];
    let attributes = object(vec![
        must("downloads", integer()),
        must("full-name", string()),
        must("name", string()),
        must("namespace", string()),
        must("owner-name", string()),
        must("provider-name", string()),
        must("source", string()),
        must("verified", constant(false)),
    ]);
    let versions = object(vec![must("data", array(object(identity("module-versions"))))]);
    let module = vec![
        must("attributes", attributes),
        must("relationships", object(vec![must("module-versions", versions)])),
        must("links", object(vec![must("self", string())])),
    ];
    let version = object(vec![
        must("version", string()),
        must("published-at", time()),
        must("downloads", integer()),
        must("tag", string()),
    ]);
    let version = [identity("module-versions"), vec![must("attributes", version)]].concat();
    object(vec![
        must("data", object([identity("modules"), module].concat())),
        may("included", array(object(version))),
    ])
}

fn summary() -> Value {
    let counts = ["week", "month", "year", "total"].map(|span| must(span, integer()));
    let data = object(vec![
        must("type", constant("module-downloads-summary")),
        must("id", string()),
        must("attributes", object(counts.into())),
    ]);
    object(vec![must("data", data)])
}
