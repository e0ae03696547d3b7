//! The server itself: settings, limits, version, health, metrics and this document.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::http::openapi::operation::{Area, get, put};
use crate::http::openapi::refusals::Reason;
use crate::http::openapi::schema::{
    Field, boolean, integer, may, must, nullable, object, reference, string, visibility,
};

/// Settings, limits, version.
pub(in crate::http::openapi) fn instance() -> Area {
    let maximum = || ("terraform_module_max_file_size", integer());
    Area {
        tag: "Instance",
        description: "Settings and limits, for administrators; the version, for whoever has a credential.",
        operations: vec![
            get("/api/v4/application/settings", "showSettings", "Settings").shows(reference("Settings")),
            put("/api/v4/application/settings", "updateSettings", "Change settings")
                .body(settings(may))
                .shows(reference("Settings")),
            get("/api/v4/application/plan_limits", "showPlanLimits", "Limits").shows(reference("PlanLimits")),
            put("/api/v4/application/plan_limits", "updatePlanLimits", "Change limits")
                .body(vec![may(maximum().0, maximum().1)])
                .shows(reference("PlanLimits")),
            get("/api/v4/version", "showVersion", "The server's version").shows(reference("Version")),
            get("/api/v4/metadata", "showMetadata", "The server's version, with more as in GitLab")
                .shows(reference("Metadata")),
        ],
        schemas: vec![
            ("Settings", object(settings(must))),
            ("PlanLimits", object(vec![must(maximum().0, maximum().1)])),
            ("Version", object(version())),
            ("Metadata", object([version(), metadata()].concat())),
        ],
    }
}

fn settings(field: fn(&'static str, Value) -> Field) -> Vec<Field> {
    vec![
        field("packages_enabled", boolean()),
        field("package_registry_allow_anyone_to_pull_option", boolean()),
        field("default_project_visibility", visibility()),
        field("default_group_visibility", visibility()),
    ]
}

fn version() -> Vec<Field> {
    vec![must("version", string()), must("revision", string())]
}

fn metadata() -> Vec<Field> {
    let text = || nullable(string());
    let kas = object(vec![
        must("enabled", boolean()),
        must("externalUrl", text()),
        must("externalK8sProxyUrl", text()),
        must("version", text()),
    ]);
    vec![must("kas", kas), must("enterprise", boolean())]
}

/// Health, metrics and this document.
pub(in crate::http::openapi) fn operations() -> Area {
    let health = || reference("Health");
    Area {
        tag: "Operations",
        description: "For those who run the server.",
        operations: vec![
            get("/-/health", "health", "Whether requests can be served").shows(health()),
            get("/-/readiness", "readiness", "Whether requests can be served").shows(health()),
            get("/-/liveness", "liveness", "Whether the process lives").shows(health()),
            get("/-/metrics", "metrics", "Metrics for Prometheus")
                .describe("For loopback without a proxy, configured networks and administrators.")
                .answer(StatusCode::OK, "The metrics.", Some((crate::telemetry::CONTENT_TYPE, string())))
                .refuses(Reason::Hidden),
            get("/api/openapi.json", "openapi", "This document")
                .shows(json!({ "type": "object" }))
                .headers(&[("ETag", "Changes with the document.")])
                .answer(StatusCode::NOT_MODIFIED, "The client has the document.", None),
        ],
        schemas: vec![("Health", object(vec![must("status", string())]))],
    }
}
