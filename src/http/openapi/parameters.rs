//! The variable parts of paths, each described once, and parameters that several lists share.

use serde_json::{Value, json};

use super::operation::Parameter;
use super::schema::{
    access_level, boolean, default, described, integer, number_or_name, string, visibility, word,
};

/// Variable parts by the segment before them and their name; an empty segment stands for any.
const PATH: &[(&str, &str, Kind, &str)] = &[
    ("users", "id", Kind::NumberOrName, "Number or name of the user"),
    ("groups", "id", Kind::NumberOrName, "Number or URL-encoded full path of the group"),
    ("projects", "id", Kind::NumberOrName, "Number or URL-encoded full path of the project"),
    (
        "namespaces",
        "id",
        Kind::NumberOrName,
        "Number or URL-encoded full path of the group, or name of the user",
    ),
    ("namespaces", "path", Kind::Text, "The path in question"),
    ("personal_access_tokens", "id", Kind::NumberOrSelf, "Number of the token, or `self`"),
    ("members", "user_id", Kind::Number, "Number of the user"),
    ("all", "user_id", Kind::Number, "Number of the user"),
    ("audit_events", "id", Kind::Number, "Number of the entry"),
    ("deploy_tokens", "token_id", Kind::Number, "Number of the deploy token"),
    ("ci_jobs", "job_id", Kind::Number, "Number of the CI job"),
    ("allowlist", "target_project_id", Kind::Number, "Number of the project whose jobs are meant"),
    ("trusted_publishers", "publisher_id", Kind::Number, "Number of the trusted publisher"),
    ("packages", "package_id", Kind::Number, "Number of the package"),
    ("package_files", "file_id", Kind::Number, "Number of the file"),
    ("", "namespace", Kind::Text, "Path of the root group, name of the user, or number of the group"),
    ("", "name", Kind::Text, "Name of the module: letters, digits, inner `-` and `_`, at most 64"),
    ("", "system", Kind::Text, "Target system, such as `aws`: lower-case letters and digits, at most 64"),
    ("", "version", Kind::Text, "Version (SemVer 2.0)"),
    ("", "file", Kind::Text, "`<name>-<system>-<version>.tar.gz`, or `file`"),
];

#[derive(Clone, Copy)]
enum Kind {
    Number,
    NumberOrName,
    NumberOrSelf,
    Text,
}

/// The names of a path's variable parts with their schemas, as far as they are described here.
pub(super) fn of_path(pattern: &str) -> Vec<(&str, Value)> {
    let segments: Vec<&str> = pattern.split('/').collect();
    segments
        .windows(2)
        .filter_map(|pair| {
            let &[before, segment] = pair else { return None };
            let name = segment.strip_prefix(':')?;
            let (.., kind, text) = PATH
                .iter()
                .find(|(place, known, ..)| *known == name && (place.is_empty() || *place == before))?;
            Some((name, described(schema(*kind), text)))
        })
        .collect()
}

fn schema(kind: Kind) -> Value {
    match kind {
        Kind::Number => integer(),
        Kind::NumberOrName => number_or_name(),
        Kind::NumberOrSelf => json!({ "anyOf": [integer(), { "const": "self" }] }),
        Kind::Text => json!({ "type": "string", "minLength": 1 }),
    }
}

/// `order_by` and `sort`.
pub(super) fn order(attributes: &[&str], by: &str, descending: bool) -> Vec<Parameter> {
    let direction = if descending { "desc" } else { "asc" };
    vec![
        Parameter::query("order_by", default(word(attributes), by), "Attribute to sort by"),
        Parameter::query("sort", default(word(&["asc", "desc"]), direction), "Direction"),
    ]
}

/// What the lists of groups and projects can be narrowed to.
pub(super) fn role() -> Vec<Parameter> {
    vec![
        Parameter::query("search", string(), "Only those whose name or path has this text"),
        Parameter::query("owned", boolean(), "Only those the caller owns"),
        Parameter::query("visibility", visibility(), "Only those of this visibility"),
        Parameter::query(
            "min_access_level",
            access_level(),
            "Only those where the caller has this role or a higher one",
        ),
    ]
}
