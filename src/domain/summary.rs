//! A line about a module, from its README: the first paragraph as plain text.
//!
//! Not a Markdown renderer: it knows enough to tell a paragraph from a heading, a list of badges or a table, and to take
//! links, emphasis and HTML out of one. What comes out is text and must be escaped like any other.

use std::ops::ControlFlow;

/// Characters of a description at most.
pub const MAX_DESCRIPTION: usize = 200;
/// Bytes of a README that are looked at.
const MAX_LOOK: usize = 16 * 1024;
/// Bytes of a paragraph that are looked at.
const MAX_PARAGRAPH: usize = 2 * 1024;
/// What may be markup. All else is text.
const MARKUP: [char; 10] = ['\\', '!', '[', ']', '<', '&', '*', '`', '~', '_'];

/// The first paragraph of a README that has words of its own, as plain text of at most [`MAX_DESCRIPTION`] characters.
/// Nothing when there is none.
pub fn first_paragraph(readme: &str) -> Option<String> {
    let text = without_comments(cut(readme.trim_start_matches('\u{feff}'), MAX_LOOK));
    let mut paragraph = String::new();
    let found = paragraphs(without_front_matter(&text), &mut paragraph);
    match found {
        ControlFlow::Break(text) => Some(text),
        ControlFlow::Continue(()) => finished(&mut paragraph).break_value(),
    }
}

/// At most [`MAX_DESCRIPTION`] characters of a text on one line; what is cut off ends with an ellipsis.
pub fn shortened(text: &str) -> String {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        // No character takes more than four bytes, so that what comes now is cut off.
        if line.len() > 4 * MAX_DESCRIPTION {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if line.chars().count() > MAX_DESCRIPTION {
        let end = line.char_indices().nth(MAX_DESCRIPTION - 1).map_or(line.len(), |(place, _)| place);
        let whole_words = line.get(..=end).and_then(|head| head.rfind(' '));
        line.truncate(whole_words.unwrap_or(end));
        line.push('…');
    }
    line
}

/// The first bytes of a text, cut between two characters.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("<!--") {
        kept.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

/// The text behind the block of metadata that some generators put in front.
fn without_front_matter(text: &str) -> &str {
    let behind =
        || text.strip_prefix("---")?.trim_start_matches('\r').strip_prefix('\n')?.split_once("\n---");
    behind().map_or(text, |(_, rest)| rest.split_once('\n').map_or("", |(_, rest)| rest))
}

/// Gathers lines to paragraphs until one of them has words.
fn paragraphs(text: &str, paragraph: &mut String) -> ControlFlow<String> {
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        let marker = ["```", "~~~"].into_iter().find(|marker| trimmed.starts_with(marker));
        match (fence, marker) {
            (Some(open), marker) => {
                if marker == Some(open) {
                    fence = None;
                }
            }
            (None, Some(marker)) => {
                finished(paragraph)?;
                fence = Some(marker);
            }
            (None, None) if is_underline(trimmed) => paragraph.clear(),
            (None, None) if ends_paragraph(line) => finished(paragraph)?,
            (None, None) => {
                if paragraph.len() + trimmed.len() < MAX_PARAGRAPH {
                    paragraph.push_str(trimmed);
                    paragraph.push('\n');
                } else if paragraph.is_empty() {
                    paragraph.push_str(cut(trimmed, MAX_PARAGRAPH));
                }
            }
        }
    }
    ControlFlow::Continue(())
}

/// Breaks with the paragraph's text when it has any; forgets it either way.
fn finished(paragraph: &mut String) -> ControlFlow<String> {
    let text = plain(&std::mem::take(paragraph));
    if text.chars().any(char::is_alphanumeric) {
        ControlFlow::Break(shortened(&text))
    } else {
        ControlFlow::Continue(())
    }
}

/// What makes a heading of the lines above it, or a rule.
fn is_underline(line: &str) -> bool {
    !line.is_empty() && (line.bytes().all(|byte| byte == b'=') || line.bytes().all(|byte| byte == b'-'))
}

/// Empty lines, headings, tables, lists, quotes, code and definitions of links are no part of a paragraph.
fn ends_paragraph(line: &str) -> bool {
    let text = line.trim();
    let numbered = || {
        let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
        behind.len() < text.len() && (behind.starts_with(". ") || behind.starts_with(") "))
    };
    let defines =
        || text.starts_with('[') && text.split_once(']').is_some_and(|(_, rest)| rest.starts_with(':'));
    text.is_empty()
        || line.starts_with("    ")
        || line.starts_with('\t')
        || text.starts_with(['#', '|', '>'])
        || ["- ", "* ", "+ "].iter().any(|bullet| text.starts_with(bullet))
        || numbered()
        || defines()
        || text.bytes().all(|byte| matches!(byte, b'*' | b'_' | b' '))
}

/// A paragraph without its markup.
fn plain(paragraph: &str) -> String {
    let mut plain = Plain::default();
    let mut rest = paragraph;
    loop {
        let (text, marked) = rest.split_at(rest.find(MARKUP).unwrap_or(rest.len()));
        plain.text.push_str(text);
        let mut behind = marked.chars();
        let Some(first) = behind.next() else { return plain.text };
        let behind = behind.as_str();
        rest = match first {
            '\\' => match behind.chars().next().filter(char::is_ascii_punctuation) {
                Some(escaped) => {
                    plain.text.push(escaped);
                    behind.get(1..).unwrap_or_default()
                }
                None => plain.keep(first, behind),
            },
            '!' if behind.starts_with('[') => plain.open(true, behind.get(1..).unwrap_or_default()),
            '[' => plain.open(false, behind),
            ']' => plain.close(behind),
            '<' => plain.tag(behind),
            '&' => plain.entity(behind),
            '*' | '`' => behind,
            // What is struck through; one alone is part of a constraint: `~> 1.0`.
            '~' if behind.starts_with('~') => behind.trim_start_matches('~'),
            // Emphasis, unless it is inside a word: `snake_case` keeps its underscore.
            '_' if !(plain.in_word() && behind.starts_with(char::is_alphanumeric)) => behind,
            _ => plain.keep(first, behind),
        };
    }
}

/// Plain text in the making. Its methods return what is left to read.
#[derive(Default)]
struct Plain {
    text: String,
    /// Where brackets were opened, and whether for an image.
    open: Vec<(usize, bool)>,
}

impl Plain {
    fn keep<'t>(&mut self, character: char, rest: &'t str) -> &'t str {
        self.text.push(character);
        rest
    }

    fn in_word(&self) -> bool {
        self.text.ends_with(char::is_alphanumeric)
    }

    fn open<'t>(&mut self, image: bool, rest: &'t str) -> &'t str {
        self.open.push((self.text.len(), image));
        self.keep('[', rest)
    }

    /// A link leaves its text, an image nothing. Brackets that are neither stay.
    fn close<'t>(&mut self, rest: &'t str) -> &'t str {
        let Some((start, image)) = self.open.pop() else { return self.keep(']', rest) };
        match target(rest) {
            Some(behind) if image => {
                self.text.truncate(start);
                behind
            }
            Some(behind) => {
                self.text.remove(start);
                behind
            }
            None => self.keep(']', rest),
        }
    }

    /// An address in angle brackets stays, a tag does not.
    fn tag<'t>(&mut self, rest: &'t str) -> &'t str {
        let is_tag = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        match rest.split_once('>').filter(|_| is_tag) {
            Some((inside, behind)) => {
                if inside.starts_with("https://") || inside.starts_with("http://") {
                    self.text.push_str(inside);
                } else {
                    // `one<br>two` is two words.
                    self.text.push(' ');
                }
                behind
            }
            None => self.keep('<', rest),
        }
    }

    fn entity<'t>(&mut self, rest: &'t str) -> &'t str {
        for (name, character) in
            [("amp;", '&'), ("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("#39;", '\''), ("nbsp;", ' ')]
        {
            if let Some(behind) = rest.strip_prefix(name) {
                return self.keep(character, behind);
            }
        }
        self.keep('&', rest)
    }
}

/// What is behind the target of a link: `(url)`, with brackets inside it, or `[reference]`.
fn target(text: &str) -> Option<&str> {
    if let Some(reference) = text.strip_prefix('[') {
        return reference.split_once(']').map(|(_, behind)| behind);
    }
    let mut depth = 0_usize;
    for (place, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return text.get(place + 1..).filter(|_| place > 0);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_paragraph_is_found_and_reduced_to_text() {
        for (situation, readme, expected) in [
            ("nothing", "", None),
            ("only a heading", "# VPC\n", None),
            ("a paragraph", "Makes a network.", Some("Makes a network.")),
            ("behind a heading", "# VPC\n\nMakes a\nnetwork.\n\nMore.\n", Some("Makes a network.")),
            ("right behind a heading", "# VPC\nMakes a network.\n## Use", Some("Makes a network.")),
            ("behind an underlined heading", "VPC\n===\n\nMakes a network.", Some("Makes a network.")),
            ("behind another", "VPC\n---\nMakes a network.", Some("Makes a network.")),
            ("with a byte order mark", "\u{feff}# VPC\r\n\r\nMakes a network.\r\n", Some("Makes a network.")),
            (
                "behind badges",
                "# VPC\n[![CI](https://x/b.svg)](https://x) ![lint](l.svg)\n\nMakes a network.",
                Some("Makes a network."),
            ),
            ("behind a badge by reference", "[![CI][badge]][ci]\n\nNet.\n\n[ci]: https://x", Some("Net.")),
            ("a link", "A [VPC](https://a.example/x_(y) \"t\") and [more][ref].", Some("A VPC and more.")),
            ("brackets that are no link", "Takes list[string] [sic].", Some("Takes list[string] [sic].")),
            ("an address", "See <https://a.example/>.", Some("See https://a.example/.")),
            ("emphasis", "**Bold**, _it_, `snake_case` and a * b.", Some("Bold, it, snake_case and a b.")),
            ("what is struck", "A ~~struck~~ word for ~> 1.0.", Some("A struck word for ~> 1.0.")),
            ("escapes and entities", r"1 \* 2 \_ A &amp; B &lt;C&gt;", Some("1 * 2 _ A & B <C>")),
            ("html around it", "<p align=\"center\"><img src=x></p>\n\nA<br/>b.", Some("A b.")),
            ("a comment", "<!-- BEGIN\n\nx -->Net.<!-- END", Some("Net.")),
            ("code", "```hcl\nmodule {}\n```\nNet.\n", Some("Net.")),
            ("code in a fence that is not closed", "```\nNet.\n", None),
            ("a table and a list", "| a |\n|---|\n\n- one\n* two\n1. three\n> four\n\nNet.", Some("Net.")),
            ("metadata in front", "---\ntitle: x\n---\nNet.", Some("Net.")),
            ("a rule", "---\nNet.\n---\n", None),
            ("less than a tag", "a < b and <", Some("a < b and <")),
            ("control characters", "a\u{7}b\u{0}c", Some("a b c")),
            ("other scripts", "# 网络\n\n创建网络。", Some("创建网络。")),
        ] {
            assert_eq!(first_paragraph(readme).as_deref(), expected, "{situation}");
        }
    }

    #[test]
    fn a_description_has_at_most_200_characters() {
        let exact = format!("{} {}", "a".repeat(99), "b".repeat(100));
        assert_eq!(shortened(&exact), exact);
        assert_eq!(shortened(&format!("{exact}b")), format!("{}…", "a".repeat(99)));
        assert_eq!(shortened(&format!("{exact} c")), format!("{}…", "a".repeat(99)), "room for the ellipsis");
        assert_eq!(shortened(&"ü".repeat(300)), format!("{}…", "ü".repeat(199)));
        assert_eq!(shortened(&"ü".repeat(200)), "ü".repeat(200));
        assert_eq!(shortened(" a \n b\t"), "a b");
    }

    #[test]
    fn hostile_readmes_are_read_without_effort_or_panic() {
        for piece in [
            "[", "![", "](", "[a](", "]", "<", "<a", "&", "\\", "*_", "~~", "(", "<!--", "é", "```\n",
            "\n-\n",
        ] {
            let text = piece.repeat(200_000);
            assert!(first_paragraph(&text).is_none_or(|found| found.chars().count() <= MAX_DESCRIPTION));
            let text = format!("x{text}");
            assert!(first_paragraph(&text).is_none_or(|found| found.chars().count() <= MAX_DESCRIPTION));
        }
    }
}
