//! The values that matter, from their text: the common literals here, everything else with the parser.
//!
//! Whatever comes in was passed by the reader, so it is one whole expression without anything around it.

use hcl_edit::expr::Expression;
use hcl_edit::parser::parse_expr;

use super::super::facts::ProviderFact;
use super::super::{hcl, literal};
use super::bytes::{SIMPLE, leading};
use super::render::{self, Form, Renderer};

/// The parser does not read a value that the reader passed, so it has to say what is wrong with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsure;

/// The text of a quoted string that is written as it is: no escapes, templates or control characters.
pub(super) fn simple(value: &str) -> Option<&str> {
    let [b'"', bytes @ .., b'"'] = value.as_bytes() else { return None };
    let mut rest = bytes;
    loop {
        let length = leading(rest, SIMPLE);
        rest = match rest.get(length..)? {
            [] => return value.get(1..value.len() - 1),
            [b'$' | b'%', b'{', ..] => return None,
            [b'$' | b'%', behind @ ..] => behind,
            _ => return None,
        };
    }
}

/// Reads `value` as the parser's tree.
fn tree<T>(value: &str, read: impl FnOnce(&Expression) -> T) -> Result<T, Unsure> {
    parse_expr(value).map(|expression| read(&expression)).or(Err(Unsure))
}

/// A string as its text, anything else as its source.
pub(super) fn text(value: &str) -> Result<String, Unsure> {
    simple(value).map_or_else(|| tree(value, literal::text), |text| Ok(text.to_owned()))
}

/// A true or false, or neither.
pub(super) fn boolean(value: &str) -> Result<Option<bool>, Unsure> {
    match value {
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        _ => tree(value, literal::boolean),
    }
}

/// A type constraint in one line.
pub(super) fn type_text(value: &str) -> Result<String, Unsure> {
    let plain = simple(value).map(|text| text.trim().to_owned());
    let plain = plain.or_else(|| render::value(value, Form::Type));
    plain.map_or_else(|| tree(value, literal::type_text), Ok)
}

/// A default as JSON.
pub(super) fn default_text(value: &str) -> Result<String, Unsure> {
    render::value(value, Form::Json).map_or_else(|| tree(value, hcl::default_text), Ok)
}

/// An item of `required_providers`.
pub(super) fn required_provider(name: &str, value: &str) -> Result<ProviderFact, Unsure> {
    let parsed = || tree(value, |value| hcl::required_provider(name, value));
    plain_provider(name, value).map_or_else(parsed, Ok)
}

fn plain_provider(name: &str, value: &str) -> Option<ProviderFact> {
    let mut provider = ProviderFact { name: name.to_owned(), ..ProviderFact::default() };
    if let Some(version) = simple(value) {
        provider.version = Some(version.to_owned());
        return Some(provider);
    }
    Renderer::of(value).strings(|key, value| match key {
        "source" => provider.source = Some(value.to_owned()),
        "version" => provider.version = Some(value.to_owned()),
        _ => {}
    })?;
    Some(provider)
}
