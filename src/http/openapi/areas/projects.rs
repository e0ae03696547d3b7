//! Projects.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::http::api::projects::ORDERS;
use crate::http::openapi::operation::{Area, Operation, delete, get, post, put};
use crate::http::openapi::parameters::{order, role};
use crate::http::openapi::refusals::Reason;
use crate::http::openapi::schema::{
    Field, access_level, boolean, constant, integer, may, must, nullable, number_or_name, object, reference,
    string, time, visibility, word,
};

/// Projects.
pub(in crate::http::openapi) fn area() -> Area {
    Area {
        tag: "Projects",
        description: "Projects own packages.",
        operations: vec![
            list(get("/api/v4/projects", "listProjects", "Projects the caller sees")),
            list(get("/api/v4/groups/:id/projects", "listGroupProjects", "Projects of a group")).query(
                "include_subgroups",
                boolean(),
                "Also of the groups below",
            ),
            post("/api/v4/projects", "createProject", "Create a project")
                .describe("At least one of `name` and `path` is needed.")
                .body([vec![may("namespace_id", number_or_name())], settings()].concat())
                .creates(reference("Project"))
                .refuses(Reason::Hidden),
            get("/api/v4/projects/:id", "showProject", "One project").shows(reference("Project")),
            put("/api/v4/projects/:id", "updateProject", "Change a project")
                .describe("With another `path` it is renamed.")
                .body(settings())
                .shows(reference("Project")),
            delete("/api/v4/projects/:id", "deleteProject", "Delete a project with its packages").json(
                StatusCode::ACCEPTED,
                "It is gone.",
                reference("Message"),
            ),
        ],
        schemas: vec![
            ("Project", object([simple_project(), details()].concat())),
            ("SimpleProject", object(simple_project())),
        ],
    }
}

fn list(operation: Operation) -> Operation {
    operation
        .shared(role())
        .query("membership", boolean(), "Only those the caller is a member of")
        .query("search_namespaces", boolean(), "`search` also looks at the path of the namespace")
        .query("simple", boolean(), "Rows with less in them")
        .shared(order(ORDERS, "created_at", true))
        .lists(json!({ "anyOf": [reference("Project"), reference("SimpleProject")] }))
}

fn registry_access() -> Value {
    word(&["disabled", "private", "enabled", "public"])
}

fn settings() -> Vec<Field> {
    vec![
        may("name", string()),
        may("path", string()),
        may("description", string()),
        may("visibility", visibility()),
        may("packages_enabled", boolean()),
        may("package_registry_access_level", registry_access()),
    ]
}

fn simple_project() -> Vec<Field> {
    vec![
        must("id", integer()),
        must("description", string()),
        must("name", string()),
        must("name_with_namespace", string()),
        must("path", string()),
        must("path_with_namespace", string()),
        must("created_at", time()),
        must("web_url", string()),
        must("avatar_url", nullable(string())),
        must("namespace", reference("Namespace")),
    ]
}

fn details() -> Vec<Field> {
    let role = || nullable(object(vec![must("access_level", access_level())]));
    vec![
        must("_links", object(vec![must("self", string()), must("members", string())])),
        must("visibility", visibility()),
        must("packages_enabled", boolean()),
        must("package_registry_access_level", registry_access()),
        must("creator_id", nullable(integer())),
        must("archived", constant(false)),
        // The caller's own roles: users have some.
        may("permissions", object(vec![must("project_access", role()), must("group_access", role())])),
    ]
}
