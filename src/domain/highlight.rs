//! Which words of a configuration file are what, for showing it in colours. Linear in the text; no text is an error.

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Terraform's own.
    Hcl,
    /// JSON.
    Json,
    /// Anything else: it has no colours.
    Plain,
}

impl Language {
    /// Of a file, by its name.
    pub fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        Self::named(name.rsplit_once('.').map_or("", |(_, extension)| extension)).unwrap_or(Self::Plain)
    }

    /// By its usual short name, as after the fence of code in Markdown, or by the extension of its files.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "hcl" | "terraform" | "opentofu" | "tf" | "tofu" | "tfvars" => Some(Self::Hcl),
            "json" | "tfstate" => Some(Self::Json),
            "text" | "txt" => Some(Self::Plain),
            _ => None,
        }
    }
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// White space, and what has no colour.
    Plain,
    /// A comment.
    Comment,
    /// A string, or the literal part of one.
    String,
    /// `${`, `%{` and the brace that ends them.
    Interpolation,
    /// A number.
    Number,
    /// `true`, `false`, `null`.
    Literal,
    /// `for`, `in`, `if`, and the like.
    Keyword,
    /// The type of a block: `resource`.
    Block,
    /// The name an attribute or an object's key is set by.
    Attribute,
    /// A function that is called.
    Function,
    /// Any other name.
    Name,
    /// Operators and brackets.
    Operator,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Plain,
        Self::Comment,
        Self::String,
        Self::Interpolation,
        Self::Number,
        Self::Literal,
        Self::Keyword,
        Self::Block,
        Self::Attribute,
        Self::Function,
        Self::Name,
        Self::Operator,
    ];

    /// The class the pages' stylesheet knows it by; nothing for what looks like the text around it.
    pub const fn class(self) -> Option<&'static str> {
        match self {
            Self::Plain | Self::Name => None,
            Self::Comment => Some("tok-comment"),
            Self::String => Some("tok-string"),
            Self::Interpolation => Some("tok-interpolation"),
            Self::Number => Some("tok-number"),
            Self::Literal => Some("tok-literal"),
            Self::Keyword => Some("tok-keyword"),
            Self::Block => Some("tok-block"),
            Self::Attribute => Some("tok-attribute"),
            Self::Function => Some("tok-function"),
            Self::Operator => Some("tok-operator"),
        }
    }
}

/// A piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// The piece, never empty.
    pub text: &'a str,
}

/// A line with its line feed, if it has one.
pub type Line<'a> = Vec<Token<'a>>;

/// The lines of a text. All their pieces together are the text.
pub fn highlight(text: &str, language: Language) -> Vec<Line<'_>> {
    let mut lexer =
        Lexer { text, at: 0, lines: Vec::new(), line: Vec::new(), modes: Vec::new(), fresh: true };
    match language {
        Language::Hcl => while lexer.hcl() {},
        Language::Json => while lexer.json() {},
        Language::Plain => lexer.emit(Kind::Plain, text.len()),
    }
    if !lexer.line.is_empty() {
        lexer.lines.push(lexer.line);
    }
    lexer.lines
}

/// What surrounds the place that is looked at.
enum Mode<'a> {
    /// Between quotes.
    Quoted,
    /// In a heredoc, up to a line with only this word.
    Heredoc(&'a str),
    /// In `${ }` or `%{ }`, with so many braces open.
    Template(usize),
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    lines: Vec<Line<'a>>,
    line: Line<'a>,
    modes: Vec<Mode<'a>>,
    /// Whether nothing but white space came since a line or a body began.
    fresh: bool,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes the next `bytes` as one thing, a line at a time. Always goes on: at least one character.
    fn emit(&mut self, kind: Kind, bytes: usize) {
        let rest = self.rest();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let piece = rest.get(..bytes.max(first)).or_else(|| rest.get(..first)).unwrap_or_default();
        self.at += piece.len();
        for text in piece.split_inclusive('\n') {
            match self.line.last_mut().filter(|last| last.kind == kind) {
                // Pieces that touch are one: both are parts of the same text.
                Some(last) => last.text = join(self.text, last.text, text),
                None => self.line.push(Token { kind, text }),
            }
            if text.ends_with('\n') {
                self.lines.push(std::mem::take(&mut self.line));
            }
        }
    }

    /// Takes one piece of HCL; nothing at the end.
    fn hcl(&mut self) -> bool {
        if self.rest().is_empty() {
            return false;
        }
        match self.modes.last() {
            Some(Mode::Quoted) => self.quoted(),
            Some(Mode::Heredoc(end)) => {
                let end = *end;
                self.heredoc(end);
            }
            Some(Mode::Template(_)) | None => self.code(),
        }
        true
    }

    fn code(&mut self) {
        let rest = self.rest();
        let fresh = std::mem::replace(&mut self.fresh, false);
        match rest.as_bytes() {
            [b'\n', ..] => {
                self.emit(Kind::Plain, 1);
                self.fresh = true;
            }
            [byte, ..] if byte.is_ascii_whitespace() => {
                self.emit(Kind::Plain, count(rest, |byte| byte != b'\n' && byte.is_ascii_whitespace()));
                self.fresh = fresh;
            }
            [b'#', ..] | [b'/', b'/', ..] => self.emit(Kind::Comment, count(rest, |byte| byte != b'\n')),
            [b'/', b'*', ..] => {
                let end = rest.get(2..).and_then(|rest| rest.find("*/")).map_or(rest.len(), |at| at + 4);
                self.emit(Kind::Comment, end);
                self.fresh = fresh;
            }
            [b'"', ..] => {
                self.emit(Kind::String, 1);
                self.modes.push(Mode::Quoted);
            }
            [b'<', b'<', ..] => match heredoc_start(rest) {
                Some((end, bytes)) => {
                    self.emit(Kind::String, bytes);
                    self.modes.push(Mode::Heredoc(end));
                }
                None => self.emit(Kind::Operator, 2),
            },
            [b'0'..=b'9', ..] => self.emit(Kind::Number, number(rest)),
            [b'{' | b'}', ..] => self.brace(rest.starts_with('{')),
            _ if rest.starts_with(is_name_start) => {
                let bytes = rest.find(|char| !is_name(char)).unwrap_or(rest.len());
                let (name, after) = rest.split_at(bytes);
                self.emit(name_kind(name, after, fresh), bytes);
            }
            [byte, ..] if byte.is_ascii_punctuation() => self.emit(Kind::Operator, 1),
            _ => self.emit(Kind::Plain, 1),
        }
    }

    fn brace(&mut self, opens: bool) {
        self.fresh = true;
        match self.modes.last_mut() {
            Some(Mode::Template(0)) if !opens => {
                self.modes.pop();
                self.fresh = false;
                return self.emit(Kind::Interpolation, 1);
            }
            Some(Mode::Template(open)) => {
                *open = if opens { open.saturating_add(1) } else { open.saturating_sub(1) }
            }
            _ => {}
        }
        self.emit(Kind::Operator, 1);
    }

    fn quoted(&mut self) {
        let rest = self.rest();
        match rest.as_bytes() {
            [b'"', ..] => {
                self.modes.pop();
                self.emit(Kind::String, 1);
            }
            // No string goes over its line: this one was never closed.
            [b'\n', ..] => {
                self.modes.pop();
            }
            [b'\\', next, ..] if *next != b'\n' => self.emit(Kind::String, 1 + char_at(rest, 1)),
            _ if !self.template(rest) => {
                self.emit(Kind::String, 1 + literal(rest.get(1..).unwrap_or_default(), b"\"\\\n"));
            }
            _ => {}
        }
    }

    fn heredoc(&mut self, end: &str) {
        let rest = self.rest();
        if self.line.is_empty() {
            let line = rest.split('\n').next().unwrap_or_default();
            if line.trim() == end {
                self.modes.pop();
                if !line.is_empty() {
                    self.emit(Kind::String, line.len());
                }
                return;
            }
        }
        if !self.template(rest) {
            let bytes = if rest.starts_with('\n') {
                1
            } else {
                1 + literal(rest.get(1..).unwrap_or_default(), b"\n")
            };
            self.emit(Kind::String, bytes);
        }
    }

    /// Takes the beginning of a template sequence, or its escaped form, where there is one.
    fn template(&mut self, rest: &str) -> bool {
        let escaped = rest.starts_with("$${") || rest.starts_with("%%{");
        let starts = rest.starts_with("${") || rest.starts_with("%{");
        if escaped {
            self.emit(Kind::String, 3);
        } else if starts {
            let trims = usize::from(rest.as_bytes().get(2) == Some(&b'~'));
            self.emit(Kind::Interpolation, 2 + trims);
            self.modes.push(Mode::Template(0));
            self.fresh = false;
        }
        escaped || starts
    }

    /// Takes one piece of JSON; nothing at the end.
    fn json(&mut self) -> bool {
        let rest = self.rest();
        match rest.as_bytes() {
            [] => return false,
            [b'"', ..] => {
                let bytes = json_string(rest);
                let after = rest.get(bytes..).unwrap_or_default().trim_start();
                self.emit(if after.starts_with(':') { Kind::Attribute } else { Kind::String }, bytes);
            }
            [b'-', b'0'..=b'9', ..] => self.emit(Kind::Number, 1 + number(rest.get(1..).unwrap_or_default())),
            [b'0'..=b'9', ..] => self.emit(Kind::Number, number(rest)),
            [byte, ..] if byte.is_ascii_alphabetic() => {
                let bytes = count(rest, |byte| byte.is_ascii_alphanumeric());
                let is_literal = matches!(rest.get(..bytes), Some("true" | "false" | "null"));
                self.emit(if is_literal { Kind::Literal } else { Kind::Name }, bytes);
            }
            [byte, ..] if byte.is_ascii_punctuation() => self.emit(Kind::Operator, 1),
            _ => self.emit(Kind::Plain, 1),
        }
        true
    }
}

/// Two pieces of `text` that touch, as one.
fn join<'a>(text: &'a str, first: &'a str, second: &'a str) -> &'a str {
    let start = first.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    text.get(start..start.saturating_add(first.len()).saturating_add(second.len())).unwrap_or(first)
}

/// Bytes at the beginning that are `wanted`.
fn count(text: &str, wanted: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| wanted(*byte)).count()
}

/// Length of the character at a byte.
fn char_at(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
}

/// Bytes before the next template sequence or one of `ends`.
fn literal(text: &str, ends: &[u8]) -> usize {
    let mut bytes = text.bytes().enumerate();
    bytes
        .find(|(_, byte)| matches!(byte, b'$' | b'%') || ends.contains(byte))
        .map_or(text.len(), |(at, _)| at)
}

fn is_name_start(char: char) -> bool {
    char == '_' || char.is_alphabetic()
}

fn is_name(char: char) -> bool {
    matches!(char, '_' | '-') || char.is_alphanumeric()
}

fn number(text: &str) -> usize {
    let digits = |text: &str| count(text, |byte| byte.is_ascii_digit());
    let whole = digits(text);
    let rest = text.get(whole..).unwrap_or_default();
    let fraction = match rest.strip_prefix('.').map(digits) {
        Some(digits @ 1..) => 1 + digits,
        _ => 0,
    };
    let rest = rest.get(fraction..).unwrap_or_default();
    let exponent = rest.strip_prefix(['e', 'E']).map_or(0, |power| {
        let sign = usize::from(power.starts_with(['+', '-']));
        match digits(power.get(sign..).unwrap_or_default()) {
            0 => 0,
            digits => 1 + sign + digits,
        }
    });
    whole + fraction + exponent
}

/// The word that ends a heredoc, and the bytes of its first line without the line feed.
fn heredoc_start(rest: &str) -> Option<(&str, usize)> {
    let marker = rest.strip_prefix("<<-").or_else(|| rest.strip_prefix("<<"))?;
    let bytes = marker.find(|char| !is_name(char))?;
    let (word, after) = marker.split_at(bytes);
    let line_ends = after.starts_with('\n') || after.starts_with("\r\n");
    (line_ends && word.starts_with(is_name_start)).then_some((word, rest.len() - after.len()))
}

fn name_kind(name: &str, after: &str, fresh: bool) -> Kind {
    if matches!(name, "true" | "false" | "null") {
        return Kind::Literal;
    }
    if after.starts_with('(') {
        return Kind::Function;
    }
    let after = after.trim_start_matches([' ', '\t']);
    let sets = after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=>");
    if sets {
        return Kind::Attribute;
    }
    if fresh && (after.starts_with(['{', '"']) || after.starts_with(is_name_start)) {
        return Kind::Block;
    }
    match name {
        "for" | "in" | "if" | "else" | "endif" | "endfor" => Kind::Keyword,
        _ => Kind::Name,
    }
}

/// Length of the string at the beginning, which ends with its line if nothing else ends it.
fn json_string(text: &str) -> usize {
    let mut escaped = true;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' => return at,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
