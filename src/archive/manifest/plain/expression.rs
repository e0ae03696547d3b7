//! Expressions: whether the parser reads one, and where it ends.
//!
//! This follows the parser rule by rule, also where it is lenient: behind a list or the arguments of a call an
//! expression may go on over the end of the line.

use super::scan::{Reader, starts_word};

/// Operators on one path through an expression; the parser refuses more.
const MAX_OPERATORS: usize = 128;

impl Reader<'_> {
    /// Passes an expression, which may stretch over lines if `lines`.
    pub(super) fn expression(&mut self, lines: bool) -> Option<()> {
        let lines = self.term(lines)?;
        let mut chain = 0;
        loop {
            let end = self.mark();
            self.blanks(lines)?;
            if self.peek() == b'?' {
                self.operators += chain;
                return self.conditional(lines);
            }
            let length = self.operator()?;
            if length == 0 {
                self.back(end);
                self.operators += chain;
                return Some(());
            }
            self.at += length;
            self.signs += length;
            self.blanks(lines)?;
            self.term(lines)?;
            chain += 1;
            if self.operators + chain > MAX_OPERATORS {
                return None;
            }
        }
    }

    /// The length of the binary operator ahead; none if there is none.
    fn operator(&self) -> Option<usize> {
        match self.rest() {
            [b'=' | b'!' | b'<' | b'>', b'=', ..] | [b'&', b'&', ..] | [b'|', b'|', ..] => Some(2),
            [b'<', b'<', ..] | [b'!' | b'&' | b'|', ..] => None,
            [b'/', b'/', ..] => Some(0),
            [b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%', ..] => Some(1),
            _ => Some(0),
        }
    }

    fn conditional(&mut self, lines: bool) -> Option<()> {
        self.at += 1;
        self.blanks(lines)?;
        self.nested(|reader| reader.expression(lines))?;
        self.blanks(lines)?;
        self.sign(b":")?;
        self.blanks(lines)?;
        self.nested(|reader| reader.expression(lines))
    }

    /// Passes a sign that may follow a key.
    pub(super) fn sign(&mut self, sign: &[u8]) -> Option<()> {
        self.signs += 1;
        self.pass(sign)
    }

    /// Passes an operand with what is taken out of it. Says whether lines may end from here on.
    fn term(&mut self, lines: bool) -> Option<bool> {
        let mut lines = lines;
        match self.peek() {
            b'"' => drop(self.quoted()?),
            b'0'..=b'9' => self.number()?,
            b'<' => self.heredoc()?,
            b'(' => self.parenthesis()?,
            b'[' => {
                self.list()?;
                lines = true;
            }
            b'{' => lines |= self.object()?,
            sign @ (b'-' | b'!') => {
                self.at += 1;
                self.blanks(false)?;
                if sign == b'-' && self.peek().is_ascii_digit() {
                    self.number()?;
                } else {
                    self.nested(|reader| reader.term(lines))?;
                }
            }
            _ => lines |= self.name(lines)?,
        }
        self.traversal(lines)?;
        Some(lines)
    }

    /// `name` or `name(arguments)`; says whether it was the second.
    fn name(&mut self, lines: bool) -> Option<bool> {
        self.identifier()?;
        let end = self.mark();
        self.blanks(lines)?;
        match self.rest() {
            [b'(', ..] => self.arguments().map(|()| true),
            [b':', b':', ..] => None,
            _ => {
                self.back(end);
                Some(false)
            }
        }
    }

    /// `.name`, `.0`, `.*`, `[*]` and `[expression]`, any number of them.
    fn traversal(&mut self, lines: bool) -> Option<()> {
        loop {
            let end = self.mark();
            self.blanks(lines)?;
            match self.rest() {
                [b'.', b'.', ..] => {
                    self.back(end);
                    return Some(());
                }
                [b'.', next, ..] => {
                    self.at += 1;
                    match next {
                        b'*' => self.at += 1,
                        b'0'..=b'9' => self.position()?,
                        _ => drop(self.identifier()?),
                    }
                }
                [b'[', ..] => self.index()?,
                _ => {
                    self.back(end);
                    return Some(());
                }
            }
        }
    }

    /// The old way to write an index.
    fn position(&mut self) -> Option<()> {
        let digits = self.digits()?;
        let behind = self.peek();
        let plain = digits == "0" || !digits.starts_with('0');
        (plain && behind < 0x80 && !starts_word(behind)).then_some(())
    }

    fn index(&mut self) -> Option<()> {
        self.open(1)?;
        self.blanks(true)?;
        if self.peek() == b'*' {
            self.at += 1;
        } else {
            self.nested(|reader| reader.expression(true))?;
        }
        self.blanks(true)?;
        self.close(b']')
    }

    pub(super) fn parenthesis(&mut self) -> Option<()> {
        self.open(1)?;
        self.blanks(true)?;
        self.nested(|reader| reader.expression(true))?;
        self.blanks(true)?;
        self.close(b')')
    }

    fn arguments(&mut self) -> Option<()> {
        self.open(1)?;
        self.blanks(true)?;
        while self.peek() != b')' {
            self.nested(|reader| reader.expression(true))?;
            self.blanks(true)?;
            match self.peek() {
                b',' => self.at += 1,
                b'.' => {
                    self.pass(b"...")?;
                    self.blanks(true)?;
                    break;
                }
                _ => break,
            }
            self.blanks(true)?;
        }
        self.close(b')')
    }

    fn list(&mut self) -> Option<()> {
        self.open(1)?;
        self.blanks(true)?;
        if self.at_for() {
            self.for_intro()?;
            self.nested(|reader| reader.expression(true))?;
            self.blanks(true)?;
            self.for_condition()?;
            return self.close(b']');
        }
        while self.peek() != b']' {
            self.nested(|reader| reader.expression(true))?;
            self.blanks(true)?;
            if self.peek() != b',' {
                break;
            }
            self.at += 1;
            self.blanks(true)?;
        }
        self.close(b']')
    }

    /// Whether this is a `for` expression and not a list or object.
    pub(super) fn at_for(&self) -> bool {
        matches!(self.rest(), [b'f', b'o', b'r', b' ' | b'\t' | b'#' | b'/' | b'\n', ..])
    }

    /// `for key, value in expression :`
    pub(super) fn for_intro(&mut self) -> Option<()> {
        self.at += 3;
        self.blanks(true)?;
        self.identifier()?;
        self.blanks(true)?;
        if self.peek() == b',' {
            self.at += 1;
            self.blanks(true)?;
            self.identifier()?;
            self.blanks(true)?;
        }
        (self.identifier()? == "in").then_some(())?;
        self.blanks(true)?;
        self.nested(|reader| reader.expression(false))?;
        self.blanks(true)?;
        self.sign(b":")?;
        self.blanks(true)
    }

    /// `if expression`, if there is one.
    pub(super) fn for_condition(&mut self) -> Option<()> {
        if self.peek() != b'i' {
            return Some(());
        }
        (self.identifier()? == "if").then_some(())?;
        self.blanks(true)?;
        self.nested(|reader| reader.expression(true))?;
        self.blanks(true)
    }
}
