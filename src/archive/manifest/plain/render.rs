//! Plain values rendered from their text: types in one line, defaults as JSON.
//!
//! The text is known to be one valid expression. What is not a plain literal or type is left to the parser.

use memchr::memchr;

use super::bytes::{WORD, leading};
use super::literal::simple;

/// What a value is rendered as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Type,
    Json,
}

/// The rendered value, if it is plain.
pub(super) fn value(text: &str, form: Form) -> Option<String> {
    // Mostly a value is rendered as it is written.
    let mut renderer = Renderer { rest: text, out: String::with_capacity(text.len()) };
    renderer.value(form)?;
    renderer.rest.is_empty().then_some(renderer.out)
}

/// A place in the text of a value, and what was rendered so far.
#[derive(Debug)]
pub(super) struct Renderer<'a> {
    rest: &'a str,
    out: String,
}

impl<'a> Renderer<'a> {
    pub(super) const fn of(text: &'a str) -> Self {
        Self { rest: text, out: String::new() }
    }

    fn peek(&self) -> u8 {
        self.rest.as_bytes().first().copied().unwrap_or_default()
    }

    /// Passes a piece of ASCII.
    fn take(&mut self, length: usize) -> Option<&'a str> {
        let (piece, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(piece)
    }

    fn eat(&mut self, token: u8) -> bool {
        let ahead = self.peek() == token;
        if ahead {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        ahead
    }

    /// Passes blanks; comments are the parser's.
    fn blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn run(&mut self, part: impl Fn(u8) -> bool) -> Option<&'a str> {
        let length = self.rest.bytes().position(|byte| !part(byte)).unwrap_or(self.rest.len());
        self.take(length)
    }

    fn word(&mut self) -> Option<&'a str> {
        self.take(leading(self.rest.as_bytes(), WORD))
    }

    /// A quoted string with its quotes, which JSON and types write the same way.
    fn quoted(&mut self) -> Option<&'a str> {
        let length = memchr(b'"', self.rest.as_bytes().get(1..)?)? + 2;
        let written = self.take(length)?;
        simple(written).map(|_| written)
    }

    fn number(&mut self) -> Option<&'a str> {
        let digits = self.rest.strip_prefix('-').unwrap_or(self.rest).as_bytes();
        if !digits.first()?.is_ascii_digit() || matches!(digits, [b'0', b'0'..=b'9', ..]) {
            return None;
        }
        let sign = self.rest.len() - digits.len();
        let length = digits.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        self.take(sign + length)
    }

    fn value(&mut self, form: Form) -> Option<()> {
        match self.peek() {
            b'"' => self.written(Self::quoted),
            b'-' | b'0'..=b'9' => self.written(Self::number),
            b'[' => self.sequence(b'[', b']', form),
            b'{' => self.object(form),
            byte if byte.is_ascii_alphabetic() || byte == b'_' => self.name(form),
            _ => None,
        }
    }

    /// Takes a piece over as it is written.
    fn written(&mut self, read: impl FnOnce(&mut Self) -> Option<&'a str>) -> Option<()> {
        let piece = read(self)?;
        self.out.push_str(piece);
        Some(())
    }

    fn name(&mut self, form: Form) -> Option<()> {
        let name = self.word()?;
        self.out.push_str(name);
        match form {
            Form::Json => matches!(name, "null" | "true" | "false").then_some(()),
            Form::Type if self.peek() == b'(' => self.sequence(b'(', b')', form),
            Form::Type => Some(()),
        }
    }

    /// Values between brackets, with commas between them and maybe behind the last.
    fn sequence(&mut self, open: u8, close: u8, form: Form) -> Option<()> {
        self.out.push(char::from(open));
        self.eat(open);
        self.blanks();
        let mut first = true;
        while !self.eat(close) {
            self.separate(first, form);
            first = false;
            self.value(form)?;
            self.blanks();
            if !self.eat(b',') && self.peek() != close {
                return None;
            }
            self.blanks();
        }
        self.out.push(char::from(close));
        Some(())
    }

    fn separate(&mut self, first: bool, form: Form) {
        match form {
            _ if first => {}
            Form::Type => self.out.push_str(", "),
            Form::Json => self.out.push(','),
        }
    }

    fn object(&mut self, form: Form) -> Option<()> {
        self.eat(b'{');
        if form == Form::Type && self.eat(b'}') {
            self.out.push_str("{}");
            return Some(());
        }
        self.blanks();
        self.out.push_str(if form == Form::Type { "{ " } else { "{" });
        let mut first = true;
        while !self.eat(b'}') {
            self.separate(first, form);
            first = false;
            self.key(form)?;
            self.value(form)?;
            self.item_end()?;
        }
        // The parser keeps the blanks of an empty object of types.
        if first && form == Form::Type {
            return None;
        }
        self.out.push_str(if form == Form::Type { " }" } else { "}" });
        Some(())
    }

    /// A key and the sign behind it.
    fn key(&mut self, form: Form) -> Option<()> {
        if self.peek() == b'"' {
            self.written(Self::quoted)?;
        } else {
            let key = self.word()?;
            // These are values also here, and numbers are written their own way.
            let odd = matches!(key, "" | "null" | "true" | "false")
                || key.starts_with(|char: char| char.is_ascii_digit());
            match form {
                _ if odd => return None,
                Form::Type => self.out.push_str(key),
                Form::Json => self.out.extend(["\"", key, "\""]),
            }
        }
        self.sign()?;
        self.out.push_str(if form == Form::Type { " = " } else { ":" });
        Some(())
    }

    fn sign(&mut self) -> Option<()> {
        self.blanks();
        (self.eat(b'=') || self.eat(b':')).then_some(())?;
        self.blanks();
        Some(())
    }

    /// Passes what stands between an item and the next one or the closing brace.
    fn item_end(&mut self) -> Option<()> {
        self.run(|byte| matches!(byte, b' ' | b'\t'))?;
        if !matches!(self.peek(), b'\r' | b'\n' | b',' | b'}') {
            return None;
        }
        self.eat(b',');
        self.blanks();
        Some(())
    }

    /// Goes through an object of simple strings.
    pub(super) fn strings(mut self, mut item: impl FnMut(&'a str, &'a str)) -> Option<()> {
        self.eat(b'{').then_some(())?;
        self.blanks();
        while !self.eat(b'}') {
            let key = if self.peek() == b'"' { simple(self.quoted()?)? } else { self.word()? };
            self.sign()?;
            let value = simple(self.quoted()?)?;
            self.item_end()?;
            item(key, value);
        }
        self.rest.is_empty().then_some(())
    }
}
