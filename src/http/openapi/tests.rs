//! The document against the code that serves it: nothing is missing, nothing is invented, nothing points nowhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::Value;

use super::areas;
use super::document::{build, with_endpoint};
use super::parameters;
use crate::http::endpoint::Endpoint;
use crate::http::terraform::BASE;

/// What every endpoint calls itself: all that is written in a function `pattern`, wherever it is. Such a function is
/// one exhaustive match, so that no endpoint can be without.
fn patterns() -> BTreeSet<String> {
    let function = Regex::new(r"(?s)fn pattern\(.*?\n    }\n").unwrap();
    let literal = Regex::new("\"([^\"]*)\"").unwrap();
    let mut found = BTreeSet::new();
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")) {
        let text = std::fs::read_to_string(file).unwrap();
        for body in function.find_iter(&text) {
            found.extend(literal.captures_iter(body.as_str()).map(|found| found[1].to_owned()));
        }
    }
    assert!(found.len() > 50, "{found:?}");
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The path that a pattern stands for: the protocol's own are served under two bases.
fn path_of(pattern: &str) -> String {
    match pattern.strip_prefix("modules/v1/") {
        Some(rest) => format!("{BASE}{rest}"),
        None => pattern.to_owned(),
    }
}

fn methods_of(endpoint: &Endpoint<'_>) -> BTreeSet<String> {
    endpoint.methods().iter().map(ToString::to_string).collect()
}

#[test]
fn every_method_of_every_endpoint_is_described_and_nothing_else_is() {
    let mut expected = BTreeSet::new();
    for pattern in patterns() {
        let path = path_of(&pattern);
        let methods = with_endpoint(&path, |endpoint| {
            assert_eq!(endpoint.pattern(), pattern, "{path} names another endpoint");
            if endpoint.is_documented() { methods_of(endpoint) } else { BTreeSet::new() }
        });
        let methods = methods.unwrap_or_else(|| panic!("{path} names no endpoint"));
        expected.extend(methods.into_iter().map(|method| format!("{method} {path}")));
    }
    let described: Vec<String> = areas::all()
        .iter()
        .flat_map(|area| &area.operations)
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    let known: BTreeSet<String> = described.iter().cloned().collect();
    assert_eq!(known.len(), described.len(), "an operation is described twice");
    let missing: Vec<_> = expected.difference(&known).collect();
    let invented: Vec<_> = known.difference(&expected).collect();
    assert!(missing.is_empty(), "describe in src/http/openapi/areas/: {missing:#?}");
    assert!(invented.is_empty(), "no endpoint answers: {invented:#?}");
}

#[test]
fn every_variable_part_of_a_path_is_described_once() {
    for operation in areas::all().iter().flat_map(|area| &area.operations) {
        let named: Vec<&str> =
            operation.path.split('/').filter_map(|segment| segment.strip_prefix(':')).collect();
        let described: Vec<&str> =
            parameters::of_path(operation.path).into_iter().map(|(name, _)| name).collect();
        assert_eq!(described, named, "add to PATH in parameters.rs what {} needs", operation.path);
        let others: BTreeSet<&str> = operation.parameters.iter().map(|parameter| parameter.name).collect();
        assert_eq!(others.len(), operation.parameters.len(), "{} names a parameter twice", operation.id);
    }
}

#[test]
fn identifiers_are_unique_and_every_operation_says_what_success_is() {
    let mut seen = BTreeSet::new();
    for operation in areas::all().iter().flat_map(|area| &area.operations) {
        assert!(seen.insert(operation.id), "{} is used twice", operation.id);
        assert!(!operation.summary.is_empty(), "{} has no summary", operation.id);
        let succeeds = operation
            .answers
            .iter()
            .any(|answer| answer.status.is_success() || answer.status.is_redirection());
        assert!(succeeds, "{} never succeeds", operation.id);
    }
}

#[test]
fn schemas_are_named_once_and_every_reference_leads_to_one() {
    let mut names = BTreeSet::from(["Error"]);
    let areas = areas::all();
    for (name, _) in areas.iter().flat_map(|area| &area.schemas) {
        assert!(names.insert(name), "{name} is described twice");
    }
    let document = build();
    let mut used = BTreeSet::new();
    collect_references(&document, &mut used);
    for reference in &used {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for name in names {
        assert!(used.contains(&format!("#/components/schemas/{name}")), "nothing uses {name}");
    }
}

fn collect_references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(keys) => {
            if let Some(Value::String(reference)) = keys.get("$ref") {
                into.insert(reference.clone());
            }
            keys.values().for_each(|value| collect_references(value, into));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_references(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn refusals_follow_from_the_endpoint() {
    let document = build();
    for (path, method, statuses) in [
        ("/.well-known/terraform.json", "get", "200 500 503"),
        ("/oauth/token", "post", "200 400 429 500 503 507"),
        ("/api/v4/users", "post", "201 400 401 403 409 429 500 503 507"),
        ("/api/v4/groups/{id}", "get", "200 301 400 401 403 404 429 500 503"),
        ("/v1/modules/search", "get", "200 400 401 403 404 429 500 503"),
        ("/api/v4/projects/{id}/packages/{package_id}", "delete", "204 400 401 403 404 429 500 503 507"),
    ] {
        let responses = document["paths"][path][method]["responses"].as_object().unwrap();
        let found: Vec<&str> = responses.keys().map(String::as_str).collect();
        assert_eq!(found.join(" "), statuses, "{method} {path}");
    }
    let download = "/api/v4/packages/terraform/modules/v1/{namespace}/{name}/{system}/{version}/download";
    let refused = &document["paths"][download]["get"]["responses"]["403"]["content"];
    assert!(refused.get("text/plain").is_some(), "Terraform prints it word for word: {refused}");
}

#[test]
fn refusals_have_the_form_of_their_endpoint() {
    let document = build();
    for (path, method, status, form) in [
        ("/api/v4/groups", "post", "400", "Error"),
        ("/oauth/token", "post", "400", "GrantError"),
        ("/oauth/token", "post", "429", "Error"),
        ("/v2/modules/{namespace}/{name}/{system}", "get", "404", "Errors"),
    ] {
        let content = &document["paths"][path][method]["responses"][status]["content"];
        let schema = &content["application/json"]["schema"]["$ref"];
        assert_eq!(schema, &format!("#/components/schemas/{form}"), "{method} {path} {status}");
    }
}

#[test]
fn what_can_be_renamed_leads_on_when_it_is_read() {
    let document = build();
    let leads_on =
        |path: &str, method: &str| document["paths"][path][method]["responses"].get("301").is_some();
    for path in [
        "/api/v4/groups/{id}",
        "/api/v4/projects/{id}/packages/{package_id}/pipelines",
        "/api/v4/namespaces/{id}",
    ] {
        assert!(leads_on(path, "get"), "{path}");
    }
    for (path, method) in [
        ("/api/v4/groups/{id}", "put"),
        ("/api/v4/users/{id}", "get"),
        ("/api/v4/namespaces/{path}/exists", "get"),
        // Module sources are served in place.
        ("/api/v4/projects/{id}/packages/terraform/modules/{name}/{system}", "get"),
    ] {
        assert!(!leads_on(path, method), "{method} {path}");
    }
}
