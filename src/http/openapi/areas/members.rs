//! What groups and projects both have: members and deploy tokens.

use serde_json::Value;

use crate::http::openapi::operation::{Area, Operation, Parameter, delete, get, post, put};
use crate::http::openapi::refusals::Reason;
use crate::http::openapi::schema::{
    access_level, array, boolean, constant, date, integer, may, must, nullable, object, reference, string,
    time, word,
};

/// Members.
pub(in crate::http::openapi) fn members() -> Area {
    let find = |operation: Operation| {
        operation
            .query("query", string(), "Only those whose name has this text")
            .shared(vec![
                Parameter::list("user_ids", integer(), "Only these users"),
                Parameter::list("skip_users", integer(), "Not these users"),
            ])
            .lists(reference("Member"))
    };
    let add = |operation: Operation| {
        operation
            .describe("One of `user_id` and `username` is needed.")
            .body(vec![
                may("user_id", integer()),
                may("username", string()),
                must("access_level", access_level()),
                may("expires_at", nullable(date())),
            ])
            .creates(reference("Member"))
            .refuses(Reason::Taken)
    };
    let change = |operation: Operation| {
        operation
            .body(vec![must("access_level", access_level()), may("expires_at", nullable(date()))])
            .shows(reference("Member"))
    };
    let show = |operation: Operation| operation.shows(reference("Member"));
    Area {
        tag: "Members",
        description: "Who has which role in a group or project. Roles are inherited down the groups.",
        operations: vec![
            find(get("/api/v4/groups/:id/members", "listGroupMembers", "Members of a group")),
            add(post("/api/v4/groups/:id/members", "addGroupMember", "Add a member to a group")),
            show(get("/api/v4/groups/:id/members/:user_id", "showGroupMember", "One member of a group")),
            change(put("/api/v4/groups/:id/members/:user_id", "updateGroupMember", "Change a member")),
            delete("/api/v4/groups/:id/members/:user_id", "removeGroupMember", "Remove a member").empties(),
            find(get(
                "/api/v4/groups/:id/members/all",
                "listAllGroupMembers",
                "Members of a group, inherited ones included",
            )),
            show(get(
                "/api/v4/groups/:id/members/all/:user_id",
                "showAnyGroupMember",
                "One member of a group, which may be inherited",
            )),
            find(get("/api/v4/projects/:id/members", "listProjectMembers", "Members of a project")),
            add(post("/api/v4/projects/:id/members", "addProjectMember", "Add a member to a project")),
            show(get(
                "/api/v4/projects/:id/members/:user_id",
                "showProjectMember",
                "One member of a project",
            )),
            change(put("/api/v4/projects/:id/members/:user_id", "updateProjectMember", "Change a member")),
            delete("/api/v4/projects/:id/members/:user_id", "removeProjectMember", "Remove a member")
                .empties(),
            find(get(
                "/api/v4/projects/:id/members/all",
                "listAllProjectMembers",
                "Members of a project, inherited ones included",
            )),
            show(get(
                "/api/v4/projects/:id/members/all/:user_id",
                "showAnyProjectMember",
                "One member of a project, which may be inherited",
            )),
        ],
        schemas: vec![("Member", member())],
    }
}

fn member() -> Value {
    object(vec![
        must("id", integer()),
        must("username", string()),
        must("name", string()),
        must("state", word(&["active", "blocked"])),
        must("locked", boolean()),
        must("avatar_url", nullable(string())),
        must("web_url", string()),
        must("access_level", access_level()),
        must("created_at", time()),
        must("expires_at", nullable(date())),
        must("membership_state", constant("active")),
    ])
}

/// Deploy tokens.
pub(in crate::http::openapi) fn deploy_tokens() -> Area {
    let create = |operation: Operation| {
        operation
            .describe("The answer is the only one that holds the secret, as `token`.")
            .body(vec![
                must("name", string()),
                must("scopes", array(scope())),
                may("username", string()),
                may("expires_at", nullable(time())),
            ])
            .creates(reference("DeployToken"))
    };
    let show = |operation: Operation| operation.shows(reference("DeployToken"));
    let list = |operation: Operation| operation.lists(reference("DeployToken"));
    Area {
        tag: "Deploy tokens",
        description: "Tokens of a group or project for machines that pull or publish.",
        operations: vec![
            list(get(
                "/api/v4/groups/:id/deploy_tokens",
                "listGroupDeployTokens",
                "Deploy tokens of a group",
            )),
            create(post(
                "/api/v4/groups/:id/deploy_tokens",
                "createGroupDeployToken",
                "Create a deploy token",
            )),
            show(get(
                "/api/v4/groups/:id/deploy_tokens/:token_id",
                "showGroupDeployToken",
                "One deploy token of a group",
            )),
            delete(
                "/api/v4/groups/:id/deploy_tokens/:token_id",
                "deleteGroupDeployToken",
                "Delete a deploy token",
            )
            .empties(),
            list(get(
                "/api/v4/projects/:id/deploy_tokens",
                "listProjectDeployTokens",
                "Deploy tokens of a project",
            )),
            create(post(
                "/api/v4/projects/:id/deploy_tokens",
                "createProjectDeployToken",
                "Create a deploy token",
            )),
            show(get(
                "/api/v4/projects/:id/deploy_tokens/:token_id",
                "showProjectDeployToken",
                "One deploy token of a project",
            )),
            delete(
                "/api/v4/projects/:id/deploy_tokens/:token_id",
                "deleteProjectDeployToken",
                "Delete a deploy token",
            )
            .empties(),
        ],
        schemas: vec![(
            "DeployToken",
            object(vec![
                must("id", integer()),
                must("name", string()),
                must("username", string()),
                must("expires_at", nullable(time())),
                must("scopes", array(scope())),
                must("revoked", boolean()),
                must("expired", boolean()),
                may("token", string()),
            ]),
        )],
    }
}

fn scope() -> Value {
    word(&["read_package_registry", "write_package_registry"])
}
