//! JSON syntax (`.tf.json`, `.tofu.json`) to [`Facts`]. Wherever native syntax has blocks, JSON has an object or an array of
//! objects; labels are the keys of nested objects.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each place wants one or two kinds of JSON value and skips the rest"
)]

use serde_json::{Map, Value};

use super::Unreadable;
use super::facts::{CallFact, Facts, InputFact, OutputFact, ProviderFact};
use crate::domain::manifest::Resource;

type Object = Map<String, Value>;

/// Reads the declarations of one file.
pub(crate) fn read(text: &str, depth: usize) -> Result<Facts, Unreadable> {
    if let Some(offset) = too_deep(text, depth) {
        return Err(Unreadable::at(text, offset, "it is nested too deeply"));
    }
    let root: Value = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let reason = match error.classify() {
            serde_json::error::Category::Eof => "the JSON text ends early",
            _ => "it is not valid JSON",
        };
        Unreadable { line, column, reason: reason.to_owned() }
    })?;
    let mut facts = Facts::default();
    for root in objects(&root) {
        read_root(root, &mut facts);
    }
    Ok(facts)
}

fn read_root(root: &Object, facts: &mut Facts) {
    facts.inputs.extend(labelled(root.get("variable")).map(|(name, body)| input(name, body)));
    facts.outputs.extend(labelled(root.get("output")).map(|(name, body)| OutputFact {
        name: name.to_owned(),
        description: text(body, "description").map(|text| text.trim_end().to_owned()),
        sensitive: boolean(body, "sensitive"),
    }));
    facts.calls.extend(labelled(root.get("module")).map(|(name, body)| CallFact {
        name: name.to_owned(),
        source: text(body, "source"),
        version: text(body, "version"),
    }));
    facts.configured.extend(labelled(root.get("provider")).map(|(name, body)| ProviderFact {
        name: name.to_owned(),
        source: None,
        version: text(body, "version"),
    }));
    for (kind, data) in [("resource", false), ("data", true)] {
        for (r#type, bodies) in keys(root.get(kind)) {
            let named = labelled(Some(bodies));
            facts.resources.extend(named.map(|(name, _)| Resource {
                name: name.to_owned(),
                r#type: r#type.to_owned(),
                data,
            }));
        }
    }
    for terraform in root.get("terraform").into_iter().flat_map(objects) {
        facts.required_version.extend(text(terraform, "required_version"));
        for (name, value) in keys(terraform.get("required_providers")) {
            facts.required.push(required_provider(name, value));
        }
    }
}

/// An object, or the objects of an array.
fn objects(value: &Value) -> impl Iterator<Item = &Object> {
    let (one, many) = match value {
        Value::Object(object) => (Some(object), [].as_slice()),
        Value::Array(items) => (None, items.as_slice()),
        _ => (None, [].as_slice()),
    };
    one.into_iter().chain(many.iter().filter_map(Value::as_object))
}

/// Every key of an object, or of the objects of an array, with its value; `//` is a comment.
fn keys(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let objects = value.into_iter().flat_map(objects);
    objects.flatten().filter(|(key, _)| *key != "//").map(|(key, value)| (key.as_str(), value))
}

/// Every labelled body: one object, or several in an array.
fn labelled(value: Option<&Value>) -> impl Iterator<Item = (&str, &Object)> {
    keys(value).flat_map(|(name, bodies)| objects(bodies).map(move |body| (name, body)))
}

fn input(name: &str, body: &Object) -> InputFact {
    InputFact {
        name: name.to_owned(),
        r#type: text(body, "type").map(|text| strip_template(&text).to_owned()),
        description: text(body, "description").map(|text| text.trim_end().to_owned()),
        default: body.get("default").map(Value::to_string),
        sensitive: boolean(body, "sensitive"),
    }
}

fn required_provider(name: &str, value: &Value) -> ProviderFact {
    let name = name.to_owned();
    match objects(value).next() {
        Some(body) => ProviderFact { name, source: text(body, "source"), version: text(body, "version") },
        None => ProviderFact { name, source: None, version: value.as_str().map(str::to_owned) },
    }
}

/// A string as it is, any other value as JSON; a null is as good as absent.
fn text(body: &Object, key: &str) -> Option<String> {
    match body.get(key)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn boolean(body: &Object, key: &str) -> Option<bool> {
    match body.get(key)? {
        Value::Bool(value) => Some(*value),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// `${list(string)}` is how JSON may write an expression.
fn strip_template(text: &str) -> &str {
    text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or(text).trim()
}

/// Where brackets outside strings are nested deeper than `depth`.
fn too_deep(text: &str, depth: usize) -> Option<usize> {
    let (mut open, mut quoted, mut escaped) = (0_usize, false, false);
    text.bytes().position(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > depth
    })
}
