//! Objects: `{ key = value }` in all its spellings, and `{ for … }`.

use super::keys::{Key, distinct};
use super::scan::{Reader, is_word, starts_word};

impl<'a> Reader<'a> {
    /// Passes an object. Says whether it is a `for` expression.
    pub(super) fn object(&mut self) -> Option<bool> {
        self.braces(|reader| {
            reader.blanks(true)?;
            if reader.at_for() {
                return reader.for_object().map(|()| true);
            }
            let first = reader.keys.len();
            reader.items()?;
            let keys = reader.keys.get(first..)?;
            let certain = distinct(keys.iter().copied());
            reader.keys.truncate(first);
            certain.then_some(false)
        })
    }

    fn for_object(&mut self) -> Option<()> {
        self.for_intro()?;
        self.nested(|reader| reader.expression(false))?;
        self.blanks(true)?;
        self.sign(b"=>")?;
        self.blanks(true)?;
        self.nested(|reader| reader.expression(false))?;
        self.blanks(true)?;
        if self.peek() == b'.' {
            self.pass(b"...")?;
            self.blanks(true)?;
        }
        self.for_condition()
    }

    /// Up to the closing brace.
    fn items(&mut self) -> Option<()> {
        loop {
            self.blanks(true)?;
            if self.peek() == b'}' {
                return Some(());
            }
            let key = self.nested(Self::key)?;
            self.keys.push(key);
            self.blanks(false)?;
            match self.rest() {
                [b'=', b'=', ..] | [b':', b':', ..] => return None,
                [b'=' | b':', ..] => {
                    self.at += 1;
                    self.signs += 1;
                }
                _ => return None,
            }
            self.blanks(false)?;
            self.nested(|reader| reader.expression(false))?;
            self.blanks(false)?;
            match self.peek() {
                b'}' => return Some(()),
                b',' => self.at += 1,
                _ => {
                    self.line_comment();
                    self.line_end()?;
                }
            }
        }
    }

    /// A name, a string, a number, or a path in parentheses.
    fn key(&mut self) -> Option<Key<'a>> {
        match self.peek() {
            b'"' => {
                // An escape may be another way to write what is somewhere else written as it is.
                let (head, tail) = self.quoted()?;
                (!head.contains('\\') && !tail.contains('\\')).then_some((head, tail))
            }
            b'0'..=b'9' => {
                let digits = self.digits()?;
                let alone = matches!(self.peek(), b' ' | b'\t' | b'=' | b':');
                (alone && (digits == "0" || !digits.starts_with('0'))).then_some((digits, ""))
            }
            b'(' => {
                let start = self.at;
                self.parenthesis()?;
                let written = self.since(start)?;
                let inner = written.get(1..written.len() - 1)?.as_bytes();
                let path = inner.iter().all(|byte| is_word(*byte) || *byte == b'.');
                (path && inner.first().is_some_and(|byte| starts_word(*byte))).then_some((written, ""))
            }
            _ => self.identifier().map(|name| (name, "")),
        }
    }
}
