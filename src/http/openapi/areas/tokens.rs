//! Personal tokens, and how to get one for a password.

use serde_json::Value;

use crate::http::openapi::operation::{Area, Operation, delete, get, post};
use crate::http::openapi::refusals::Reason;
use crate::http::openapi::schema::{
    array, boolean, constant, date, integer, may, must, nullable, object, reference, string, time, word,
};

/// Personal tokens.
pub(in crate::http::openapi) fn area() -> Area {
    Area {
        tag: "Personal access tokens",
        description: "Tokens of users. A secret is shown once, when it is made, as `token`.",
        operations: vec![
            post("/oauth/token", "signIn", "A token for a password, or for the code of `terraform login`")
                .describe(
                    "OAuth 2. `password` needs `username` and `password` (RFC 6749, section 4.3); `authorization_code` \
                     needs `client_id`, `code`, `code_verifier` and `redirect_uri` (section 4.1, RFC 7636).",
                )
                .body(vec![
                    must("grant_type", word(&["password", "authorization_code"])),
                    may("username", string()),
                    may("password", string()),
                    may("scope", string()),
                    may("client_id", string()),
                    may("code", string()),
                    may("code_verifier", string()),
                    may("redirect_uri", string()),
                ])
                .shows(reference("SignIn"))
                .refuses(Reason::Credential)
                .refuses(Reason::Throttled),
            filtered(get(
                "/api/v4/personal_access_tokens",
                "listTokens",
                "Personal tokens the caller may see",
            ))
            .query("user_id", integer(), "Only those of this user"),
            get("/api/v4/personal_access_tokens/:id", "showToken", "One personal token")
                .shows(reference("PersonalAccessToken")),
            delete("/api/v4/personal_access_tokens/:id", "revokeToken", "Revoke a personal token").empties(),
            post("/api/v4/personal_access_tokens/:id/rotate", "rotateToken", "Replace a personal token")
                .body(vec![may("expires_at", date())])
                .shows(reference("PersonalAccessToken")),
            filtered(get(
                "/api/v4/users/:id/personal_access_tokens",
                "listUserTokens",
                "Personal tokens of a user",
            )),
            create(post("/api/v4/users/:id/personal_access_tokens", "createToken", "Create a personal token")),
            create(post(
                "/api/v4/user/personal_access_tokens",
                "createOwnToken",
                "Create a personal token of the user who asks",
            ))
            .refuses(Reason::Hidden),
        ],
        schemas: vec![
            ("SignIn", sign_in()),
            ("GrantError", grant_error()),
            ("PersonalAccessToken", token()),
        ],
    }
}

fn filtered(operation: Operation) -> Operation {
    operation
        .query("state", word(&["active", "inactive"]), "Only those that work, or that no longer do")
        .query("revoked", boolean(), "Only those revoked, or not revoked")
        .query("search", string(), "Only those whose name has this text")
        .lists(reference("PersonalAccessToken"))
}

fn create(operation: Operation) -> Operation {
    operation
        .body(vec![
            must("name", string()),
            must("scopes", array(scope())),
            may("expires_at", nullable(date())),
        ])
        .creates(reference("PersonalAccessToken"))
}

fn scope() -> Value {
    word(&["api", "read_api"])
}

fn sign_in() -> Value {
    object(vec![
        must("access_token", string()),
        must("token_type", constant("Bearer")),
        must("expires_in", integer()),
        must("scope", string()),
        must("created_at", integer()),
    ])
}

/// RFC 6749, section 5.2.
fn grant_error() -> Value {
    let codes = ["invalid_request", "invalid_grant", "invalid_client", "unsupported_grant_type"];
    object(vec![must("error", word(&codes)), must("error_description", string())])
}

fn token() -> Value {
    object(vec![
        must("id", integer()),
        must("name", string()),
        must("revoked", boolean()),
        must("created_at", time()),
        must("scopes", array(scope())),
        must("user_id", nullable(integer())),
        must("last_used_at", nullable(time())),
        must("active", boolean()),
        must("expires_at", nullable(date())),
        may("token", string()),
    ])
}
