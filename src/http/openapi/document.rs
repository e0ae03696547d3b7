//! The document, put together from the areas.

use std::collections::BTreeMap;

use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::areas;
use super::operation::{Answer, Operation, Parameter};
use super::parameters;
use super::refusals;
use super::schema::{Field, may, object, reference, string};
use crate::http::endpoint::{Credentials, Endpoint, Family, Segments};

const ABOUT: &str = "A private registry of Terraform and OpenTofu modules: the module registry protocol, and a REST API \
    in GitLab's shapes.\n\n\
    `HEAD` is answered wherever `GET` is. Parameters of changing requests may come in the query or in the body, as JSON \
    or as a form; unknown ones are ignored. Any request may also be answered 404 (no such URL), 405 (no such method \
    there), and, when it breaks the rules of HTTP or the server's limits, 400, 414, 431 or 501. Every answer carries \
    `X-Request-Id`, which the server's log repeats.";

/// The whole document.
pub(super) fn build() -> Value {
    let areas = areas::all();
    let tags: Vec<Value> =
        areas.iter().map(|area| json!({ "name": area.tag, "description": area.description })).collect();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut schemas: BTreeMap<String, Value> = BTreeMap::from([("Error".to_owned(), error_schema())]);
    for area in areas {
        schemas.extend(area.schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
        for operation in &area.operations {
            schemas.extend(operation.body_schema().map(|schema| (operation.body_name(), schema)));
            let path = paths.entry(template(operation.path)).or_default();
            let method = operation.method.as_str().to_ascii_lowercase();
            path.insert(method, operation_json(operation, area.tag));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "cairn",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "security": security(),
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": security_schemes() },
    })
}

/// Runs something with the endpoint that a path with its variable parts named stands for.
///
/// Such a path is itself a path: a segment like `:id` is as good as any other.
pub(super) fn with_endpoint<T>(pattern: &str, run: impl FnOnce(&Endpoint<'_>) -> T) -> Option<T> {
    Segments::split(pattern).ok()?.endpoint().as_ref().map(run)
}

/// A path as OpenAPI writes it: `:id` is `{id}`.
fn template(pattern: &str) -> String {
    let segment = |segment: &str| match segment.strip_prefix(':') {
        Some(name) => format!("{{{name}}}"),
        None => segment.to_owned(),
    };
    pattern.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn operation_json(operation: &Operation, tag: &str) -> Value {
    let parameters = parameters::of_path(operation.path)
        .into_iter()
        .map(|(name, schema)| json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    let others = operation.parameters.iter().map(parameter_json);
    let mut responses: BTreeMap<String, Value> = BTreeMap::new();
    let mut value = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [tag],
        "parameters": parameters.chain(others).collect::<Vec<_>>(),
    });
    let refusals = with_endpoint(operation.path, |endpoint| {
        let public = endpoint.credentials() == Credentials::Ignored;
        (refusals::responses(endpoint, operation), public, leads_on(endpoint, operation).then(moved))
    });
    let (refusals, public, moved) = refusals.unwrap_or_default();
    responses.extend(refusals.into_iter().map(|(status, response)| (status.as_str().to_owned(), response)));
    responses.extend(
        operation
            .answers
            .iter()
            .chain(&moved)
            .map(|answer| (answer.status.as_str().to_owned(), answer_json(answer))),
    );
    let optional = [
        ("description", (!operation.description.is_empty()).then(|| operation.description.into())),
        ("requestBody", operation.body_json()),
        ("responses", Some(json!(responses))),
        // An empty list: what the document says for all does not hold here.
        ("security", public.then(|| json!([]))),
    ];
    if let Value::Object(keys) = &mut value {
        keys.extend(optional.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    }
    value
}

/// Whether a former path of what was renamed is answered with where it is now: see [`crate::http::moved`].
fn leads_on(endpoint: &Endpoint<'_>, operation: &Operation) -> bool {
    let named = ["groups", "projects", "namespaces"]
        .iter()
        .any(|things| operation.path.starts_with(&format!("/api/v4/{things}/:id")));
    // Module sources are served in place.
    named && operation.method == Method::GET && endpoint.family() != Family::Project
}

fn moved() -> Answer {
    Answer {
        status: StatusCode::MOVED_PERMANENTLY,
        description: "The path is a former one of what was renamed.",
        content: Some(("application/json", reference("Message"))),
        headers: &[("Location", "The same URL with the path it has now.")],
    }
}

fn parameter_json(parameter: &Parameter) -> Value {
    let mut value = json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "schema": parameter.schema,
    });
    if parameter.commas
        && let Value::Object(keys) = &mut value
    {
        keys.insert("explode".to_owned(), false.into());
    }
    value
}

fn answer_json(answer: &Answer) -> Value {
    let mut value = json!({ "description": answer.description });
    let headers: Map<String, Value> = answer
        .headers
        .iter()
        .map(|(name, text)| {
            ((*name).to_owned(), json!({ "description": text, "schema": { "type": "string" } }))
        })
        .collect();
    if let Value::Object(keys) = &mut value {
        if !headers.is_empty() {
            keys.insert("headers".to_owned(), headers.into());
        }
        if let Some((media_type, schema)) = &answer.content {
            keys.insert("content".to_owned(), json!({ *media_type: { "schema": schema } }));
        }
    }
    value
}

/// Every refusal: one of `message` and `error` is there.
fn error_schema() -> Value {
    let texts: Vec<Field> =
        ["message", "error", "error_description", "status"].map(|name| may(name, string())).into();
    let mut schema = object(texts);
    if let Value::Object(keys) = &mut schema {
        let description =
            "`error` for bad parameters, `message` for other refusals: what to do, in a sentence";
        keys.insert("description".to_owned(), description.into());
        keys.insert("anyOf".to_owned(), json!([{ "required": ["message"] }, { "required": ["error"] }]));
    }
    schema
}

const HEADERS: &[(&str, &str)] =
    &[("privateToken", "PRIVATE-TOKEN"), ("deployToken", "DEPLOY-TOKEN"), ("jobToken", "JOB-TOKEN")];
const SCHEMES: &[(&str, &str, &str)] = &[
    ("bearer", "bearer", "Any token."),
    ("basic", "basic", "User name and a token of it, or the user name and the token of a deploy token."),
];

/// One of the schemes, or none: what may be done without is for the access rules to say.
fn security() -> Value {
    let names = HEADERS.iter().map(|(name, _)| name).chain(SCHEMES.iter().map(|(name, ..)| name));
    let mut all = vec![json!({})];
    all.extend(names.map(|name| json!({ *name: [] })));
    Value::Array(all)
}

fn security_schemes() -> Value {
    let headers = HEADERS.iter().map(|(name, header)| {
        let scheme = json!({ "type": "apiKey", "in": "header", "name": header, "description": "Any token." });
        ((*name).to_owned(), scheme)
    });
    let others = SCHEMES.iter().map(|(name, scheme, text)| {
        ((*name).to_owned(), json!({ "type": "http", "scheme": scheme, "description": text }))
    });
    Value::Object(headers.chain(others).collect())
}
