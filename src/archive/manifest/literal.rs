//! Expressions as text: literals as JSON, types in one line, everything else as its source.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each place knows a few kinds of expression and shows the rest as source"
)]

use hcl_edit::Decorate;
use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::template::{Element, Template};

/// The value of an expression as JSON text, if it is a literal through and through.
///
/// Numbers keep their digits: a number is text here, never a float.
pub(crate) fn json(expression: &Expression) -> Option<String> {
    let mut text = String::new();
    write_json(expression, &mut text)?;
    Some(text)
}

fn write_json(expression: &Expression, out: &mut String) -> Option<()> {
    match expression {
        Expression::Null(_) => out.push_str("null"),
        Expression::Bool(value) => out.push_str(if *value.value() { "true" } else { "false" }),
        Expression::Number(number) => {
            let written = number.as_repr().map(|repr| (**repr).split_whitespace().collect::<String>());
            let written = written.filter(|text| is_json_number(text));
            out.push_str(&written.unwrap_or_else(|| number.value().to_string()));
        }
        Expression::Parenthesis(inner) => write_json(inner.inner(), out)?,
        Expression::Array(array) => {
            out.push('[');
            for (index, element) in array.iter().enumerate() {
                separate(index, out);
                write_json(element, out)?;
            }
            out.push(']');
        }
        Expression::Object(object) => {
            out.push('{');
            for (index, (key, value)) in object.iter().enumerate() {
                separate(index, out);
                quote(&key_text(key)?, out)?;
                out.push(':');
                write_json(value.expr(), out)?;
            }
            out.push('}');
        }
        _ => quote(&string(expression)?, out)?,
    }
    Some(())
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

fn quote(text: &str, out: &mut String) -> Option<()> {
    out.push_str(&serde_json::to_string(text).ok()?);
    Some(())
}

/// Whether JSON writes a number like HCL did; HCL allows leading zeros.
fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    match digits {
        [b'0', next, ..] => !next.is_ascii_digit(),
        [first, ..] => first.is_ascii_digit(),
        [] => false,
    }
}

/// The text of a string or heredoc without anything to evaluate in it.
pub(crate) fn string(expression: &Expression) -> Option<String> {
    match expression {
        Expression::String(text) => Some(text.value().clone()),
        Expression::HeredocTemplate(heredoc) => literal_template(&heredoc.template),
        Expression::Parenthesis(inner) => string(inner.inner()),
        _ => None,
    }
}

fn literal_template(template: &Template) -> Option<String> {
    template
        .iter()
        .map(|element| match element {
            Element::Literal(text) => Some(text.value().as_str()),
            Element::Interpolation(_) | Element::Directive(_) => None,
        })
        .collect()
}

/// The key of an object's item, if it is a literal.
pub(crate) fn key_text(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(name) => Some(name.value().to_string()),
        ObjectKey::Expression(Expression::Number(number)) => Some(number.value().to_string()),
        ObjectKey::Expression(expression) => string(expression),
    }
}

/// A string as its text, anything else as its source.
pub(crate) fn text(expression: &Expression) -> String {
    string(expression).unwrap_or_else(|| source(expression))
}

/// A true or false, also as the string Terraform would convert.
pub(crate) fn boolean(expression: &Expression) -> Option<bool> {
    expression.as_bool().or_else(|| match expression.as_str() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    })
}

/// A type constraint in one line: `object({ name = string, size = optional(number, 1) })`. The old quoted form is shown
/// without its quotes.
pub(crate) fn type_text(expression: &Expression) -> String {
    match expression {
        Expression::String(text) => text.value().trim().to_owned(),
        _ => constraint(expression),
    }
}

fn constraint(expression: &Expression) -> String {
    match expression {
        Expression::Variable(name) => name.value().to_string(),
        Expression::Parenthesis(inner) => constraint(inner.inner()),
        Expression::FuncCall(call) if !call.name.is_namespaced() => {
            let arguments: Vec<String> = call.args.iter().map(constraint).collect();
            format!("{}({})", call.name.name.value(), arguments.join(", "))
        }
        Expression::Array(array) => {
            let items: Vec<String> = array.iter().map(constraint).collect();
            format!("[{}]", items.join(", "))
        }
        Expression::Object(object) if !object.is_empty() => object_constraint(object),
        _ => source(expression),
    }
}

fn object_constraint(object: &Object) -> String {
    let items: Vec<String> = object
        .iter()
        .map(|(key, value)| {
            let key = match key {
                ObjectKey::Ident(name) => name.value().to_string(),
                ObjectKey::Expression(expression) => source(expression),
            };
            format!("{key} = {}", constraint(value.expr()))
        })
        .collect();
    format!("{{ {} }}", items.join(", "))
}

/// An expression as it was written, without comments, in one line (unless it holds a heredoc).
pub(crate) fn source(expression: &Expression) -> String {
    let mut expression = expression.clone();
    expression.decor_mut().clear();
    let written = expression.to_string();
    if written.contains("<<") { written.trim().to_owned() } else { one_line(&written) }
}

/// Collapses blanks and drops comments outside strings.
fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut quoted = false;
    while let Some(char) = rest.chars().next() {
        let length = match char {
            '\\' if quoted => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            '"' => {
                quoted = !quoted;
                1
            }
            _ if quoted => char.len_utf8(),
            '#' => skip(&mut rest, "\n"),
            '/' if rest.starts_with("//") => skip(&mut rest, "\n"),
            '/' if rest.starts_with("/*") => skip(&mut rest, "*/"),
            _ if char.is_whitespace() => {
                rest = rest.trim_start();
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
                0
            }
            _ => char.len_utf8(),
        };
        let (piece, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out.push_str(piece);
        rest = behind;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Drops everything up to and including `end`; takes nothing over.
fn skip(rest: &mut &str, end: &str) -> usize {
    *rest = rest.split_once(end).map_or("", |(_, behind)| behind);
    0
}
