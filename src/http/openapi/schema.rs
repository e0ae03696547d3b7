//! Schemas (JSON Schema 2020-12, as OpenAPI 3.1 has them), in few words.

use serde_json::{Map, Value, json};

/// An attribute of an object.
#[derive(Clone)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// Its type.
    pub(super) schema: Value,
    /// Whether it is always there, or must be given.
    pub(super) required: bool,
}

/// An attribute that is always there, or must be given.
pub(super) fn must(name: &'static str, schema: Value) -> Field {
    Field { name, schema, required: true }
}

/// An attribute that may be absent.
pub(super) fn may(name: &'static str, schema: Value) -> Field {
    Field { name, schema, required: false }
}

/// An object with these attributes.
pub(super) fn object(fields: Vec<Field>) -> Value {
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = json!({ "type": "object" });
    if !required.is_empty() {
        schema = with(schema, "required", required.into());
    }
    let properties: Map<String, Value> =
        fields.into_iter().map(|field| (field.name.to_owned(), field.schema)).collect();
    with(schema, "properties", properties.into())
}

/// A schema of the components.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A text.
pub(super) fn string() -> Value {
    json!({ "type": "string" })
}

/// A whole number that is not negative: numbers of things, sizes.
pub(super) fn integer() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

/// Yes or no.
pub(super) fn boolean() -> Value {
    json!({ "type": "boolean" })
}

/// A moment.
pub(super) fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

/// A day.
pub(super) fn date() -> Value {
    json!({ "type": "string", "format": "date" })
}

/// One of these words.
pub(super) fn word(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

/// Always this value.
pub(super) fn constant(value: impl Into<Value>) -> Value {
    json!({ "const": value.into() })
}

/// A list.
pub(super) fn array(items: Value) -> Value {
    with(json!({ "type": "array" }), "items", items)
}

/// The same, or null.
pub(super) fn nullable(mut schema: Value) -> Value {
    let name = schema.get("type").and_then(Value::as_str).map(str::to_owned);
    match name {
        Some(name) if schema.get("enum").is_none() => {
            schema = with(schema, "type", json!([name, "null"]));
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

/// The same with a description.
pub(super) fn described(schema: Value, text: &str) -> Value {
    with(schema, "description", text.into())
}

/// The same with what is taken when nothing is given.
pub(super) fn default(schema: Value, value: impl Into<Value>) -> Value {
    with(schema, "default", value.into())
}

fn with(mut schema: Value, key: &str, value: Value) -> Value {
    if let Value::Object(keys) = &mut schema {
        keys.insert(key.to_owned(), value);
    }
    schema
}

/// A number of a thing, or the name or path that stands for it.
pub(super) fn number_or_name() -> Value {
    json!({ "anyOf": [integer(), { "type": "string", "minLength": 1 }] })
}

/// `private`, `internal` or `public`.
pub(super) fn visibility() -> Value {
    word(&["private", "internal", "public"])
}

/// GitLab's numbers of roles.
pub(super) fn access_level() -> Value {
    json!({
        "type": "integer",
        "enum": [10, 20, 30, 40, 50],
        "description": "10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner",
    })
}
