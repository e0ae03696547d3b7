//! Users.

use serde_json::Value;

use crate::http::api::users::ORDERS;
use crate::http::openapi::operation::{Area, delete, get, post, put};
use crate::http::openapi::parameters::order;
use crate::http::openapi::refusals::Reason;
use crate::http::openapi::schema::{
    Field, boolean, constant, integer, may, must, nullable, object, reference, string, time, word,
};

/// Users.
pub(in crate::http::openapi) fn area() -> Area {
    let names = || vec![must("username", string()), must("name", string())];
    Area {
        tag: "Users",
        description: "People. Every signed-in user sees every other; creating and changing is for administrators.",
        operations: vec![
            get("/api/v4/user", "showCurrentUser", "The user who asks")
                .shows(reference("User"))
                .refuses(Reason::Hidden),
            get("/api/v4/users", "listUsers", "Users")
                .query(
                    "search",
                    string(),
                    "Only those whose name has this text, or, for administrators, whose mail address has",
                )
                .query("username", string(), "Only the one of this name")
                .query("active", boolean(), "Only those not blocked")
                .query("blocked", boolean(), "Only those blocked")
                .query("admins", boolean(), "Only administrators; what others ask is not looked at")
                .shared(order(ORDERS, "id", true))
                .lists(reference("User")),
            post("/api/v4/users", "createUser", "Create a user")
                .body([names(), attributes()].concat())
                .creates(reference("User"))
                .refuses(Reason::Taken),
            get("/api/v4/users/:id", "showUser", "One user").shows(reference("User")),
            put("/api/v4/users/:id", "updateUser", "Change a user")
                .describe("With another `username` the user's own namespace is renamed as well.")
                .body([vec![may("username", string()), may("name", string())], attributes()].concat())
                .shows(reference("User"))
                .refuses(Reason::Taken),
            delete("/api/v4/users/:id", "deleteUser", "Delete a user who owns nothing")
                .empties()
                .refuses(Reason::Taken),
            post("/api/v4/users/:id/block", "blockUser", "Refuse a user's credentials")
                .creates(constant(true)),
            post("/api/v4/users/:id/unblock", "unblockUser", "Accept a blocked user's credentials again")
                .creates(constant(true)),
        ],
        schemas: vec![("User", user())],
    }
}

fn attributes() -> Vec<Field> {
    vec![
        may("email", string()),
        may("password", string()),
        may("admin", boolean()),
        may("can_create_group", boolean()),
    ]
}

/// What all see is always there; the rest is for the user itself and for administrators.
fn user() -> Value {
    object(vec![
        must("id", integer()),
        must("username", string()),
        must("name", string()),
        must("state", word(&["active", "blocked"])),
        must("locked", boolean()),
        must("avatar_url", nullable(string())),
        must("web_url", string()),
        may("created_at", time()),
        may("email", string()),
        may("can_create_group", boolean()),
        may("can_create_project", boolean()),
        may("namespace_id", integer()),
        may("is_admin", boolean()),
    ])
}
