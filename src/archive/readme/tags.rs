//! HTML to tags and text, well enough to rewrite it. How it is understood decides about looks only: what is safe is
//! decided afterwards, by a parser that reads as browsers do.

/// Bytes of one tag. What is longer is text.
const MAX_TAG: usize = 8 * 1024;
/// Attributes of one tag. The rest is ignored.
const MAX_ATTRIBUTES: usize = 24;

/// A piece of HTML.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text, with its character references, perhaps with a `<` that begins no tag.
    Text(&'a str),
    /// A start tag.
    Open(Tag<'a>),
    /// An end tag.
    Close(String),
}

/// A start tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// In lower case.
    pub(super) name: String,
    /// Names in lower case; values as they are written.
    attributes: Vec<(String, &'a str)>,
    /// Whether it ends in `/>`.
    pub(super) closed: bool,
}

impl Tag<'_> {
    /// The value of the first attribute of that name, without its character references.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| unescape(value))
    }

    /// The attributes: name, and value without its character references.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&str, String)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), unescape(value)))
    }
}

/// The tags and texts of some HTML. Comments, declarations, scripts and style sheets are left out.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// Ends that were looked for and are nowhere ahead: so that none is looked for twice.
    absent: Vec<&'static str>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        Self { rest: html, absent: Vec::new() }
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Drops everything up to the end of `end` (ASCII, in lower case); nothing when it is not there.
    fn skip_past(&mut self, end: &'static str) -> bool {
        if self.absent.contains(&end) {
            return false;
        }
        let found =
            self.rest.as_bytes().windows(end.len()).position(|at| at.eq_ignore_ascii_case(end.as_bytes()));
        match found {
            Some(at) => drop(self.take(at + end.len())),
            None => self.absent.push(end),
        }
        found.is_some()
    }

    fn skip_hidden(&mut self) -> bool {
        let end = match self.rest.as_bytes() {
            [b'<', b'!', b'-', b'-', ..] => "-->",
            [b'<', b'!' | b'?', ..] => ">",
            rest if begins(rest, b"<script") => "</script>",
            rest if begins(rest, b"<style") => "</style>",
            _ => return false,
        };
        self.skip_past(end)
    }
}

fn begins(rest: &[u8], name: &[u8]) -> bool {
    rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        && rest.get(name.len()).is_some_and(|next| !next.is_ascii_alphanumeric())
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        while self.skip_hidden() {}
        if self.rest.is_empty() {
            return None;
        }
        if !self.rest.starts_with('<') {
            let text = self.rest.find('<').unwrap_or(self.rest.len());
            return Some(Token::Text(self.take(text)));
        }
        match tag(self.rest) {
            Some((token, bytes)) => {
                self.take(bytes);
                Some(token)
            }
            None => Some(Token::Text(self.take(1))),
        }
    }
}

/// The tag at the beginning, and its length.
fn tag(html: &str) -> Option<(Token<'_>, usize)> {
    let html = html.get(..html.floor_char_boundary(MAX_TAG))?;
    let mut scan = Scan { html, at: 1 };
    let is_end = scan.eat(b'/');
    let name = scan.word(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let mut attributes = Vec::new();
    let mut closed = false;
    loop {
        let spaced = !scan.word(|byte| byte.is_ascii_whitespace()).is_empty();
        if scan.eat(b'>') {
            break;
        }
        closed = scan.eat(b'/');
        if closed {
            continue;
        }
        if !spaced {
            return None;
        }
        let attribute = scan.attribute()?;
        if attributes.len() < MAX_ATTRIBUTES {
            attributes.push(attribute);
        }
    }
    let token = if is_end { Token::Close(name) } else { Token::Open(Tag { name, attributes, closed }) };
    Some((token, scan.at))
}

struct Scan<'a> {
    html: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.html.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, is_part: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&is_part) {
            self.at += 1;
        }
        self.html.get(start..self.at).unwrap_or_default()
    }

    /// A name, and a value if there is one.
    fn attribute(&mut self) -> Option<(String, &'a str)> {
        let name = self.word(|byte| !byte.is_ascii_whitespace() && !b"\"'<>/=".contains(&byte));
        if name.is_empty() {
            return None;
        }
        let after_name = self.at;
        self.word(|byte| byte.is_ascii_whitespace());
        if !self.eat(b'=') {
            self.at = after_name;
            return Some((name.to_ascii_lowercase(), ""));
        }
        self.word(|byte| byte.is_ascii_whitespace());
        let value = match self.peek()? {
            quote @ (b'"' | b'\'') => {
                self.at += 1;
                let value = self.word(|byte| byte != quote);
                if !self.eat(quote) {
                    return None;
                }
                value
            }
            _ => self.word(|byte| !byte.is_ascii_whitespace() && !b"\"'<>=`".contains(&byte)),
        };
        Some((name.to_ascii_lowercase(), value))
    }
}

/// Adds text so that it is nothing but text, between tags and in quoted values.
pub(super) fn escape(out: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            char => out.push(char),
        }
    }
}

/// Longest character reference that is looked for.
const MAX_REFERENCE: usize = 12;

/// The text without its character references. Names other than the usual ones stay, and are escaped when they go out.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, reference) = rest.split_at(at);
        plain.push_str(before);
        let near = reference.get(1..reference.floor_char_boundary(MAX_REFERENCE)).unwrap_or_default();
        match near.split_once(';').and_then(|(name, _)| Some((character(name)?, name.len() + 2))) {
            Some((char, bytes)) => {
                plain.push(char);
                rest = reference.get(bytes..).unwrap_or_default();
            }
            None => {
                plain.push('&');
                rest = reference.get(1..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn character(name: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        let number = u32::from_str_radix(digits, radix).ok()?;
        Some(char::from_u32(number).filter(|char| *char != '\0').unwrap_or(char::REPLACEMENT_CHARACTER))
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "colon" => Some(':'),
        "sol" => Some('/'),
        "nbsp" => Some('\u{a0}'),
        "Tab" => Some('\t'),
        "NewLine" => Some('\n'),
        _ => {
            let digits = name.strip_prefix('#')?;
            match digits.strip_prefix(['x', 'X']) {
                Some(digits) => number(digits, 16),
                None => number(digits, 10),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        let piece = |token| match token {
            Token::Text(text) => format!("[{text}]"),
            Token::Close(name) => format!("</{name}>"),
            Token::Open(tag) => {
                let attributes = tag.attributes().map(|(name, value)| format!(" {name}={value}"));
                format!(
                    "<{}{}{}>",
                    tag.name,
                    attributes.collect::<String>(),
                    if tag.closed { "/" } else { "" }
                )
            }
        };
        Tokens::new(html).map(piece).collect()
    }

    #[test]
    fn html_is_taken_apart() {
        for (html, expected) in [
            ("a<b>c</b>d", "[a]<b>[c]</b>[d]"),
            ("<A HREF='x' title=y open>", "<a href=x title=y open=>"),
            ("<img src=\"a>b\" />", "<img src=a>b/>"),
            ("<a b = c>", "<a b=c>"),
            ("1 < 2", "[1 ][<][ 2]"),
            ("<a b=\"never closed", "[<][a b=\"never closed]"),
            ("<a b=\"c\"d>", "[<][a b=\"c\"d>]"),
            ("<>< a><1>", "[<][>][<][ a>][<][1>]"),
            ("x<!-- <b> -->y", "[x][y]"),
            ("x<!-- open <b>", "[x][<][!-- open ]<b>"),
            ("<!DOCTYPE html><?xml?>x", "[x]"),
            ("<script>if (a<b) {}</SCRIPT>x", "[x]"),
            ("<script>x", "<script>[x]"),
            ("<scripty>x</scripty>", "<scripty>[x]</scripty>"),
            ("<a href=\"&#x6a;&#97;&colon;&amp;&unknown;&\">", "<a href=ja:&&unknown;&>"),
            ("</p class=x>", "</p>"),
        ] {
            assert_eq!(shown(html), expected, "{html}");
        }
    }
}
