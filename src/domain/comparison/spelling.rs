//! When two texts of a configuration mean the same although they are spelt differently.

/// Whether two type expressions differ in white space, comments and separators only. No type is `any`; a type in quotes,
/// as Terraform 0.11 wrote it, is the type.
pub(super) fn same_type(one: &str, other: &str) -> bool {
    one == other || type_tokens(one) == type_tokens(other)
}

fn type_tokens(text: &str) -> Vec<String> {
    let text = text.trim();
    let unquoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let text = match unquoted {
        Some(inside) if inside.bytes().all(|byte| byte.is_ascii_alphabetic()) => inside,
        _ => text,
    };
    let mut tokens = Tokens::default();
    tokens.read(text);
    if tokens.found.is_empty() { vec!["any".to_owned()] } else { tokens.found }
}

/// A type expression cut into words, strings and punctuation. A line break between the attributes of an object is the
/// comma it stands for.
#[derive(Default)]
struct Tokens {
    found: Vec<String>,
    /// The brackets that are open.
    open: Vec<char>,
}

impl Tokens {
    fn read(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '#' => line_end(rest),
                '/' if rest.starts_with("//") => line_end(rest),
                '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
                '\n' => {
                    if self.open.last() == Some(&'{') {
                        self.separate();
                    }
                    1
                }
                '"' => self.keep(rest, string_end(rest)),
                ',' => {
                    self.separate();
                    1
                }
                _ if first.is_whitespace() => first.len_utf8(),
                _ if is_word(first) => self.keep(rest, rest.find(|c| !is_word(c)).unwrap_or(rest.len())),
                _ => {
                    self.bracket(first);
                    self.keep(rest, first.len_utf8())
                }
            };
            rest = rest.get(length..).unwrap_or_default();
        }
    }

    fn keep(&mut self, rest: &str, length: usize) -> usize {
        self.found.push(rest.get(..length).unwrap_or_default().to_owned());
        length
    }

    /// A comma, unless it would separate nothing.
    fn separate(&mut self) {
        let needless = |last: &String| matches!(last.as_str(), "," | "{" | "(" | "[" | "=" | ":");
        if !self.found.last().is_none_or(needless) {
            self.found.push(",".to_owned());
        }
    }

    fn bracket(&mut self, first: char) {
        match first {
            '{' | '(' | '[' => self.open.push(first),
            '}' | ')' | ']' => {
                self.open.pop();
                if self.found.last().is_some_and(|last| last == ",") {
                    self.found.pop();
                }
            }
            _ => {}
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn line_end(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// Where a string that begins the text ends.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (place, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether two JSON texts are the same value.
pub(super) fn same_json(one: &str, other: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || matches!((value(one), value(other)), (Some(one), Some(other)) if one == other)
}

/// Whether two sources name the same provider. Without a source `aws` is `hashicorp/aws`, and the public registry is left
/// out.
pub(super) fn same_source(name: &str, one: &str, other: &str) -> bool {
    let full = |source: &str| {
        let source = source.trim().to_ascii_lowercase();
        let source = source.strip_prefix("registry.terraform.io/").map_or(source.clone(), str::to_owned);
        match source.as_str() {
            "" => format!("hashicorp/{}", name.to_ascii_lowercase()),
            short if !short.contains('/') => format!("hashicorp/{short}"),
            _ => source,
        }
    };
    full(one) == full(other)
}

/// Whether two constraints are made of the same conditions.
pub(super) fn same_constraint(one: &str, other: &str) -> bool {
    conditions(one) == conditions(other)
}

fn conditions(constraint: &str) -> Vec<String> {
    let parts = constraint.split(',').map(|part| part.split_whitespace().collect::<String>());
    let mut parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// Whether a constraint leaves out a whole major version that the one before accepted. One that had no lower bound may
/// get one: callers have a lock file, and there is no telling which version is in it.
pub(super) fn asks_for_later_major(from: &str, to: &str) -> bool {
    matches!((lowest_major(from), lowest_major(to)), (Some(from), Some(to)) if to > from)
}

/// The lowest major version that a constraint accepts; nothing when it says none.
fn lowest_major(constraint: &str) -> Option<u64> {
    let lowest = |condition: &String| {
        if condition.starts_with('<') || condition.starts_with("!=") {
            return None;
        }
        let number = condition.trim_start_matches(['>', '=', '~']);
        number.split(['.', '-']).next()?.parse().ok()
    };
    conditions(constraint).iter().filter_map(lowest).max()
}
