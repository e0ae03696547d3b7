//! Native syntax (`.tf`, `.tofu`) to [`Facts`].

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, BlockLabel, Body};

use super::Unreadable;
use super::facts::{CallFact, Facts, InputFact, OutputFact, ProviderFact};
use super::guard;
use super::literal;
use super::plain;
use crate::domain::manifest::Resource;

/// Reads the declarations of one file.
pub(crate) fn read(text: &str, depth: usize) -> Result<Facts, Unreadable> {
    plain::read(text, depth).map_or_else(|| parse(text, depth), Ok)
}

/// Whether the plain reader, where it has an answer, has the parser's.
pub(super) fn readers_agree(text: &str, depth: usize) -> bool {
    plain::read(text, depth).is_none_or(|facts| parse(text, depth) == Ok(facts))
}

/// Reads the declarations of one file with the parser.
pub(super) fn parse(text: &str, depth: usize) -> Result<Facts, Unreadable> {
    if let Err(problem) = guard::check(text, depth) {
        return Err(Unreadable::at(text, problem.offset, problem.what));
    }
    let body = hcl_edit::parser::parse_body(text).map_err(|error| {
        let (line, column) = (error.location().line(), error.location().column());
        Unreadable { line, column, reason: error.message().to_owned() }
    })?;
    let mut facts = Facts::default();
    for block in body.blocks() {
        let labels: Vec<&str> = block.labels.iter().map(BlockLabel::as_str).collect();
        match (block.ident.as_str(), labels.as_slice()) {
            ("variable", [name, ..]) => facts.inputs.push(input(name, &block.body)),
            ("output", [name, ..]) => facts.outputs.push(output(name, &block.body)),
            ("module", [name, ..]) => facts.calls.push(call(name, &block.body)),
            ("provider", [name, ..]) => facts.configured.push(ProviderFact {
                name: (*name).to_owned(),
                source: None,
                version: text_of(&block.body, "version"),
            }),
            (kind @ ("resource" | "data"), [r#type, name, ..]) => facts.resources.push(Resource {
                name: (*name).to_owned(),
                r#type: (*r#type).to_owned(),
                data: kind == "data",
            }),
            ("terraform", _) => terraform(block, &mut facts),
            _ => {}
        }
    }
    Ok(facts)
}

fn value_of<'a>(body: &'a Body, key: &str) -> Option<&'a Expression> {
    body.get_attribute(key).map(|attribute| &attribute.value)
}

fn text_of(body: &Body, key: &str) -> Option<String> {
    value_of(body, key).map(literal::text)
}

fn description_of(body: &Body) -> Option<String> {
    text_of(body, "description").map(|text| text.trim_end().to_owned())
}

fn input(name: &str, body: &Body) -> InputFact {
    InputFact {
        name: name.to_owned(),
        r#type: value_of(body, "type").map(literal::type_text),
        description: description_of(body),
        default: value_of(body, "default").map(default_text),
        sensitive: value_of(body, "sensitive").and_then(literal::boolean),
    }
}

/// A default as JSON: its value, or a string of its source.
pub(super) fn default_text(expression: &Expression) -> String {
    literal::json(expression)
        .unwrap_or_else(|| serde_json::Value::String(literal::source(expression)).to_string())
}

fn output(name: &str, body: &Body) -> OutputFact {
    OutputFact {
        name: name.to_owned(),
        description: description_of(body),
        sensitive: value_of(body, "sensitive").and_then(literal::boolean),
    }
}

fn call(name: &str, body: &Body) -> CallFact {
    CallFact { name: name.to_owned(), source: text_of(body, "source"), version: text_of(body, "version") }
}

fn terraform(block: &Block, facts: &mut Facts) {
    facts.required_version.extend(text_of(&block.body, "required_version"));
    for required in block.body.get_blocks("required_providers") {
        for attribute in required.body.attributes() {
            facts.required.push(required_provider(attribute.key.as_str(), &attribute.value));
        }
    }
}

/// `aws = { source = "hashicorp/aws", version = "~> 5.0" }`, or the old `aws = "~> 5.0"`.
pub(super) fn required_provider(name: &str, value: &Expression) -> ProviderFact {
    let mut provider = ProviderFact { name: name.to_owned(), ..ProviderFact::default() };
    let Some(object) = value.as_object() else {
        provider.version = Some(literal::text(value));
        return provider;
    };
    for (key, value) in object {
        match literal::key_text(key).as_deref() {
            Some("source") => provider.source = Some(literal::text(value.expr())),
            Some("version") => provider.version = Some(literal::text(value.expr())),
            _ => {}
        }
    }
    provider
}
