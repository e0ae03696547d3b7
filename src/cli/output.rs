//! What commands say: data on standard output, everything else on standard error, text for people or JSON for scripts.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

/// Where a command's results go, and in which form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// JSON instead of text.
    pub json: bool,
}

impl Output {
    /// Prints a result: as JSON, or as the text that `text` makes.
    pub(super) fn result(self, value: &impl Serialize, text: impl FnOnce() -> String) -> io::Result<()> {
        let shown =
            if self.json { serde_json::to_string_pretty(value).map_err(io::Error::other)? } else { text() };
        if shown.is_empty() { Ok(()) } else { line(&shown) }
    }

    /// Prints rows as a table with these columns, or as a JSON array.
    pub(super) fn table(self, rows: &[Value], columns: &[&str]) -> io::Result<()> {
        self.result(&rows, || {
            let header = columns.iter().map(|column| column.to_uppercase()).collect();
            let body = rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect());
            align(&std::iter::once(header).chain(body).collect::<Vec<_>>())
        })
    }

    /// Prints one record as `name: value` lines, or as a JSON object.
    pub(super) fn record(self, value: &Value, fields: &[&str]) -> io::Result<()> {
        self.result(value, || {
            let rows = fields.iter().map(|field| vec![format!("{field}:"), cell(value, field)]);
            align(&rows.collect::<Vec<_>>())
        })
    }
}

/// Prints one line of data.
pub(super) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Tells the person something that is not data. A closed standard error is no reason to fail.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A field of a record, `a.b` for one inside another, as people read it.
fn cell(row: &Value, column: &str) -> String {
    words(column.split('.').try_fold(row, |value, key| value.get(key)))
}

fn words(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(","),
        Some(Value::Object(fields)) => {
            let pairs = fields.iter().map(|(name, value)| format!("{name}={}", words(Some(value))));
            pairs.collect::<Vec<_>>().join(",")
        }
        Some(other) => other.to_string(),
    }
}

fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let padded = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(padded).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_show_nested_fields_lists_and_nothing() {
        let row = json!({ "id": 7, "user": { "name": "ada" }, "scopes": ["api", "read_api"], "gone": null, "email": "", "claims": { "a.b": "v*", "ref": "x" } });
        for (column, expected) in [
            ("id", "7"),
            ("user.name", "ada"),
            ("scopes", "api,read_api"),
            ("gone", "-"),
            ("email", "-"),
            ("user.mail", "-"),
            ("claims", "a.b=v*,ref=x"),
        ] {
            assert_eq!(cell(&row, column), expected, "{column}");
        }
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["ID".to_owned(), "NAME".to_owned()], vec!["100".to_owned(), "x".to_owned()]];
        assert_eq!(align(&rows), "ID   NAME\n100  x");
    }
}
