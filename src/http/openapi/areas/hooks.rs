//! Webhooks.

use serde_json::Value;

use crate::http::openapi::operation::{Area, delete, get, post, put};
use crate::http::openapi::schema::{
    boolean, described, integer, may, must, nullable, object, reference, string, time, word,
};

/// Webhooks of projects.
pub(in crate::http::openapi) fn area() -> Area {
    let fields = || {
        vec![
            may("name", string()),
            may(
                "token",
                described(
                    string(),
                    "What requests are signed with: 16 to 255 visible characters, or `whsec_` and a key in base64",
                ),
            ),
            may(
                "package_events",
                described(boolean(), "Packages published and deleted; on when it is left out at first"),
            ),
            may("project_events", described(boolean(), "Settings of the project changed; likewise")),
            may("enable_ssl_verification", described(boolean(), "Cannot be switched off")),
        ]
    };
    let mut new = fields();
    new.insert(0, must("url", described(string(), "http or https, without user name and password")));
    let mut wanted = fields();
    wanted.insert(0, may("url", string()));
    Area {
        tag: "Webhooks",
        description: "URLs that are told of changes of a project, by signed requests that are repeated until they are taken.",
        operations: vec![
            get("/api/v4/projects/:id/hooks", "listHooks", "The webhooks of a project").lists(reference("Hook")),
            post("/api/v4/projects/:id/hooks", "addHook", "Add a webhook")
                .describe("Without a `token` one is made up, and the answer is the only one that holds it.")
                .body(new)
                .creates(reference("NewHook")),
            get("/api/v4/projects/:id/hooks/:hook_id", "getHook", "A webhook").shows(reference("Hook")),
            put("/api/v4/projects/:id/hooks/:hook_id", "changeHook", "Change a webhook")
                .describe("What is left out stays. One that was switched off because nobody took what it told is switched on.")
                .body(wanted)
                .shows(reference("Hook")),
            delete("/api/v4/projects/:id/hooks/:hook_id", "removeHook", "Remove a webhook")
                .describe("What it still had to tell goes with it.")
                .empties(),
            get("/api/v4/projects/:id/hooks/:hook_id/events", "listHookEvents", "What a webhook told last")
                .describe("Of what waits the newest 20, then the last 20 that ended, newest first.")
                .lists(reference("HookEvent")),
            post("/api/v4/projects/:id/hooks/:hook_id/test/:trigger", "testHook", "Send a test")
                .describe("It is queued, and sent once.")
                .creates(object(vec![must("message", string())])),
        ],
        schemas: vec![("Hook", object(hook())), ("NewHook", new_hook()), ("HookEvent", event())],
    }
}

fn hook() -> Vec<crate::http::openapi::schema::Field> {
    let mut fields = vec![
        must("id", integer()),
        must("project_id", integer()),
        must("url", string()),
        must("name", string()),
        must("created_at", time()),
        must("package_events", boolean()),
        must("project_events", boolean()),
        must("enable_ssl_verification", boolean()),
        must("alert_status", word(&["executable", "disabled"])),
        must("disabled_until", nullable(time())),
        must("disabled_reason", nullable(string())),
        must("failing_since", nullable(time())),
    ];
    fields.extend(crate::http::api::hooks::ABSENT_EVENTS.map(|name| must(name, boolean())));
    fields
}

fn new_hook() -> Value {
    let mut fields = hook();
    fields.push(may("token", string()));
    object(fields)
}

fn event() -> Value {
    object(vec![
        must("id", integer()),
        must("trigger", word(&["package_events", "project_events", "test"])),
        must("event", string()),
        must("delivery", string()),
        must("state", word(&["waiting", "delivered", "failed"])),
        must("attempts", integer()),
        must("created_at", time()),
        must("last_attempt_at", nullable(time())),
        must("next_attempt_at", nullable(time())),
        must("response_status", nullable(integer())),
        must("error", nullable(string())),
    ])
}
