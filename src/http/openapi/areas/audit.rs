//! The audit log.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::domain::audit::{Action, Kind, Outcome};
use crate::domain::limits::{DEFAULT_PER_PAGE, MAX_PER_PAGE};
use crate::http::openapi::operation::{Area, get};
use crate::http::openapi::schema::{
    array, default, described, integer, must, nullable, object, reference, string, time, word,
};
use crate::service::audit::log::ENTITY_TYPES;

const HEADERS: &[(&str, &str)] = &[
    ("X-Page", "This page."),
    ("X-Per-Page", "Rows of a page."),
    ("X-Next-Page", "The next page, or nothing."),
    ("X-Prev-Page", "The page before, or nothing."),
    ("Link", "URLs of the first page and of the next one (RFC 8288)."),
];

/// Reading it.
pub(in crate::http::openapi) fn area() -> Area {
    let number = json!({ "type": "integer", "minimum": 1 });
    let size = json!({ "type": "integer", "minimum": 1, "maximum": MAX_PER_PAGE });
    Area {
        tag: "Audit log",
        description: "Every change and every refused change: who, with which credential, from where. For administrators.",
        operations: vec![
            get("/api/v4/audit_events", "listAuditEvents", "The audit log")
                .describe(
                    "Newest first. For one page a bounded number of entries is looked at: a page of a narrow filter may be \
                     short, and is followed by others for as long as `Link` names a next one.",
                )
                .query("created_after", string(), "Only from that moment or day on")
                .query("created_before", string(), "Only up to that moment or day")
                .query("entity_type", word(&ENTITY_TYPES.map(|(name, _)| name)), "Only about things of this type")
                .query("entity_id", integer(), "Only about the thing of this number; with `entity_type`")
                .query("action", string(), "Only this action, or all of an area, such as `member`")
                .query("author_id", integer(), "Only what this user did")
                .query("target", string(), "Only about things with this text in their name or path")
                .query("sort", default(word(&["asc", "desc"]), "desc"), "Direction")
                .query("cursor", integer(), "Only entries behind the one of this number; `page` is not looked at then")
                .query("page", default(number, 1), "Which page")
                .query("per_page", default(size, DEFAULT_PER_PAGE), "Rows of a page; more are cut")
                .json(StatusCode::OK, "Some of the log.", array(reference("AuditEvent")))
                .headers(HEADERS),
            get("/api/v4/audit_events/:id", "showAuditEvent", "An entry of the audit log")
                .shows(reference("AuditEvent")),
        ],
        schemas: vec![("AuditEvent", event())],
    }
}

fn words<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Value {
    word(&all.iter().map(|one| name(*one)).collect::<Vec<_>>())
}

fn event() -> Value {
    let action = || words(Action::ALL, Action::as_str);
    let kind = || words(Kind::ALL, Kind::as_str);
    let text = || nullable(string());
    let details = object(vec![
        must("event_name", action()),
        must("author_name", string()),
        must("author_class", kind()),
        must("target_id", nullable(integer())),
        must("target_type", nullable(kind())),
        must("target_details", text()),
        must("custom_message", string()),
        must("ip_address", text()),
        must("entity_path", string()),
    ]);
    let refusal = object(vec![
        must("status", integer()),
        must("reason", string()),
        must("method", string()),
        must("route", string()),
    ]);
    let credential =
        object(vec![must("kind", kind()), must("id", nullable(integer())), must("name", string())]);
    object(vec![
        must("id", integer()),
        must("author_id", described(json!({ "type": "integer" }), "-1 for nobody, -2 for a deploy token")),
        must("entity_id", integer()),
        must("entity_type", word(&ENTITY_TYPES.map(|(name, _)| name))),
        must("event_name", action()),
        must("details", details),
        must("created_at", time()),
        must("action", action()),
        must("outcome", words(Outcome::ALL, Outcome::as_str)),
        must("refusal", nullable(refusal)),
        must("credential", nullable(credential)),
        must("request_id", text()),
        must("data", json!({ "type": "object" })),
        must("entry", described(string(), "The text that the chain is made over, as it is kept")),
        must("hash", described(string(), "SHA-256 of the 32 bytes of the hash before and of `entry`")),
    ])
}
