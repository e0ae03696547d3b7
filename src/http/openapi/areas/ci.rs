//! CI: jobs, the projects whose jobs may use a project, pipelines and provenance.

use serde_json::{Value, json};

use crate::http::openapi::operation::{Area, delete, get, post};
use crate::http::openapi::schema::{
    boolean, described, integer, may, must, nullable, number_or_name, object, reference, string, time,
    visibility, word,
};

/// Jobs and their reach.
pub(in crate::http::openapi) fn area() -> Area {
    let pipeline = object(vec![
        must("id", integer()),
        may("iid", integer()),
        may("web_url", string()),
        may("source", string()),
    ]);
    let job = object(vec![may("name", string()), may("web_url", string())]);
    Area {
        tag: "CI",
        description: "Jobs of a CI system: their tokens act with the rights of a user while the job is open.",
        operations: vec![
            post("/api/v4/projects/:id/ci_jobs", "openJob", "Open a CI job")
                .describe("The answer is the only one that holds the secret, as `token`. Only administrators name another user.")
                .body(vec![
                    must("ref", string()),
                    must("sha", described(string(), "40 or 64 hexadecimal digits")),
                    must("pipeline", pipeline),
                    may("job", job),
                    may("user_id", number_or_name()),
                    may("expires_in", described(integer(), "Seconds; 3600 when it is left out, 86400 at most")),
                ])
                .creates(reference("Job")),
            delete("/api/v4/projects/:id/ci_jobs/:job_id", "closeJob", "Close a CI job")
                .describe("Its token is refused from then on.")
                .empties(),
            get(
                "/api/v4/projects/:id/job_token_scope/allowlist",
                "listJobAllowlist",
                "Projects whose jobs may use a private project",
            )
            .describe("The project itself is the first.")
            .lists(reference("AllowedProject")),
            post(
                "/api/v4/projects/:id/job_token_scope/allowlist",
                "allowJobs",
                "Let the jobs of another project in",
            )
            .body(vec![must("target_project_id", integer())])
            .creates(reference("AllowedProject")),
            delete(
                "/api/v4/projects/:id/job_token_scope/allowlist/:target_project_id",
                "disallowJobs",
                "Shut the jobs of another project out",
            )
            .empties(),
            get(
                "/api/v4/projects/:id/trusted_publishers",
                "listTrustedPublishers",
                "CI systems elsewhere whose jobs may act on a project",
            )
            .lists(reference("TrustedPublisher")),
            post(
                "/api/v4/projects/:id/trusted_publishers",
                "addTrustedPublisher",
                "Let the jobs of a CI system elsewhere act on a project",
            )
            .describe("A job is let in when its ID token is signed by the issuer and every claim matches its pattern, where `*` stands for any run of characters.")
            .body(vec![
                may("name", string()),
                must("issuer", described(string(), "The token's `iss`, a configured issuer")),
                must("claims", patterns()),
                must("access_level", json!({ "enum": [20, 30, 40] })),
                may("once", described(boolean(), "Whether a token publishes only once")),
            ])
            .creates(reference("TrustedPublisher")),
            delete(
                "/api/v4/projects/:id/trusted_publishers/:publisher_id",
                "removeTrustedPublisher",
                "Trust a CI system no longer",
            )
            .empties(),
        ],
        schemas: vec![
            ("Job", job_schema()),
            ("AllowedProject", allowed()),
            ("TrustedPublisher", trusted_publisher()),
        ],
    }
}

fn job_schema() -> Value {
    object(vec![
        must("id", integer()),
        must("project_id", integer()),
        must("user", reference("User")),
        must("ref", string()),
        must("sha", string()),
        must(
            "pipeline",
            object(vec![
                must("id", integer()),
                must("iid", nullable(integer())),
                must("web_url", nullable(string())),
                must("source", nullable(string())),
            ]),
        ),
        must("job", run()),
        must("created_at", time()),
        must("expires_at", time()),
        must("token", string()),
    ])
}

fn run() -> Value {
    object(vec![must("name", nullable(string())), must("web_url", nullable(string()))])
}

/// Patterns by the names of claims.
fn patterns() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "string" }, "minProperties": 1 })
}

fn trusted_publisher() -> Value {
    object(vec![
        must("id", integer()),
        must("project_id", integer()),
        must("name", string()),
        must("issuer", string()),
        must("claims", patterns()),
        must("access_level", json!({ "enum": [20, 30, 40] })),
        must("once", boolean()),
        must("created_at", time()),
    ])
}

fn allowed() -> Value {
    object(vec![
        must("id", integer()),
        must("name", string()),
        must("path_with_namespace", string()),
        must("description", nullable(string())),
        must("visibility", visibility()),
    ])
}

/// What GitLab says of a pipeline, as far as it is known here.
pub(super) fn pipeline() -> Value {
    object(pipeline_fields())
}

fn pipeline_fields() -> Vec<crate::http::openapi::schema::Field> {
    vec![
        must("id", integer()),
        must("iid", nullable(integer())),
        must("sha", nullable(string())),
        must("ref", nullable(string())),
        must("source", nullable(string())),
        must("web_url", nullable(string())),
    ]
}

/// A pipeline that changed a package.
pub(super) fn package_pipeline() -> Value {
    let mut fields = pipeline_fields();
    fields.extend([
        must("created_at", time()),
        must("updated_at", time()),
        must("user", nullable(reference("User"))),
        must("provenance", reference("Provenance")),
    ]);
    object(fields)
}

/// Where something was published from.
pub(super) fn provenance() -> Value {
    let kinds = word(&["ci_job", "issuer", "gitlab", "not_verified"]);
    object(vec![
        must("verified", boolean()),
        must("verified_by", object(vec![must("kind", kinds), must("url", nullable(string()))])),
        must("pipeline", nullable(reference("Pipeline"))),
        must("job", nullable(run())),
        must("ref", nullable(string())),
        must("sha", nullable(string())),
        must("commit_url", nullable(string())),
        must("source_project", nullable(string())),
        must("user", nullable(string())),
    ])
}
