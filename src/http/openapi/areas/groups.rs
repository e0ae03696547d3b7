//! Groups and namespaces.

use hyper::StatusCode;
use serde_json::Value;

use crate::http::openapi::operation::{Area, Operation, Parameter, delete, get, post, put};
use crate::http::openapi::parameters::{order, role};
use crate::http::openapi::refusals::Reason;
use crate::http::openapi::schema::{
    Field, array, boolean, integer, may, must, nullable, number_or_name, object, reference, string, time,
    visibility, word,
};

/// Groups and namespaces.
pub(in crate::http::openapi) fn area() -> Area {
    Area {
        tag: "Groups",
        description: "Groups, which may nest, and namespaces: groups and users' own.",
        operations: vec![
            list(get("/api/v4/groups", "listGroups", "Groups the caller sees")),
            list(get("/api/v4/groups/:id/subgroups", "listSubgroups", "The groups directly in a group")),
            list(get(
                "/api/v4/groups/:id/descendant_groups",
                "listDescendantGroups",
                "The groups anywhere below a group",
            )),
            post("/api/v4/groups", "createGroup", "Create a group")
                .body(
                    [
                        vec![
                            must("name", string()),
                            must("path", string()),
                            may("parent_id", number_or_name()),
                        ],
                        settings(),
                    ]
                    .concat(),
                )
                .creates(reference("Group"))
                .refuses(Reason::Hidden),
            get("/api/v4/groups/:id", "showGroup", "One group").shows(reference("Group")),
            put("/api/v4/groups/:id", "updateGroup", "Change a group")
                .describe("With another `path` it is renamed, and all below it with it.")
                .body([vec![may("name", string()), may("path", string())], settings()].concat())
                .shows(reference("Group")),
            delete("/api/v4/groups/:id", "deleteGroup", "Delete a group with all that is in it").json(
                StatusCode::ACCEPTED,
                "It is gone.",
                reference("Message"),
            ),
            get("/api/v4/namespaces", "listNamespaces", "Namespaces the caller sees")
                .query("search", string(), "Only those whose name or path has this text")
                .query("owned_only", boolean(), "Only the caller's own and groups it owns")
                .query("top_level_only", boolean(), "Only those without a parent")
                .lists(reference("Namespace")),
            get("/api/v4/namespaces/:id", "showNamespace", "One namespace").shows(reference("Namespace")),
            get("/api/v4/namespaces/:path/exists", "isPathTaken", "Whether a path is taken")
                .query("parent_id", number_or_name(), "The group in which it would be; the root without")
                .shows(object(vec![must("exists", boolean()), must("suggests", array(string()))])),
        ],
        schemas: vec![("Group", group()), ("Namespace", namespace())],
    }
}

fn list(operation: Operation) -> Operation {
    operation
        .shared(role())
        .query("all_available", boolean(), "`false`: only those the caller is a member of")
        .query("top_level_only", boolean(), "Only groups without a parent")
        .shared(vec![Parameter::list("skip_groups", integer(), "Not these")])
        .shared(order(&["name", "path", "id", "similarity"], "name", false))
        .lists(reference("Group"))
}

fn settings() -> Vec<Field> {
    vec![
        may("description", string()),
        may("visibility", visibility()),
        may("terraform_module_duplicates_allowed", boolean()),
        may("terraform_module_duplicate_exception_regex", string()),
    ]
}

fn group() -> Value {
    object(vec![
        must("id", integer()),
        must("web_url", string()),
        must("name", string()),
        must("path", string()),
        must("description", string()),
        must("visibility", visibility()),
        must("full_name", string()),
        must("full_path", string()),
        must("parent_id", nullable(integer())),
        must("created_at", time()),
        must("avatar_url", nullable(string())),
        must("terraform_module_duplicates_allowed", boolean()),
        must("terraform_module_duplicate_exception_regex", string()),
    ])
}

fn namespace() -> Value {
    object(vec![
        must("id", integer()),
        must("name", string()),
        must("path", string()),
        must("kind", word(&["group", "user"])),
        must("full_path", string()),
        must("parent_id", nullable(integer())),
        must("avatar_url", nullable(string())),
        must("web_url", string()),
    ])
}
