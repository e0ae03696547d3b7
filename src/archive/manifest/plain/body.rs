//! Bodies: blocks and attributes, line by line.

use super::keys::distinct;
use super::literal::simple;
use super::outline::Kind;
use super::scan::{Reader, starts_word};

/// Whose body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    File,
    Terraform,
    Other,
}

impl<'a> Reader<'a> {
    /// Passes the whole file.
    pub(super) fn file(&mut self) -> Option<()> {
        self.body(Owner::File)?;
        self.finish()
    }

    /// Passes lines up to what starts none. The attributes stay for the caller to look at and take away.
    fn body(&mut self, owner: Owner) -> Option<()> {
        let first = self.attributes.len();
        loop {
            self.blanks(true)?;
            if !starts_word(self.peek()) {
                break;
            }
            let name = self.identifier()?;
            self.blanks(false)?;
            if self.peek() == b'=' {
                self.attribute(name)?;
            } else {
                self.block(name, owner)?;
            }
            self.blanks(false)?;
            self.line_comment();
            if self.line_end().is_none() {
                self.rest().is_empty().then_some(())?;
            }
        }
        let attributes = self.attributes.get(first..)?;
        distinct(attributes.iter().map(|(name, _)| *name)).then_some(())
    }

    /// Passes the equals sign and the value of an attribute.
    fn attribute(&mut self, name: &'a str) -> Option<()> {
        self.sign(b"=")?;
        self.blanks(false)?;
        let start = self.at;
        if !self.simple_line() {
            self.operators = 0;
            self.expression(false)?;
        }
        let value = self.since(start)?;
        self.attributes.push((name, value));
        Some(())
    }

    /// Passes the labels and the body of a block, and notes what it declares.
    fn block(&mut self, name: &'a str, owner: Owner) -> Option<()> {
        let [mut one, mut two] = [None; 2];
        while self.peek() != b'{' {
            let label = self.label()?;
            if one.is_none() {
                one = Some(label);
            } else if two.is_none() {
                two = Some(label);
            }
            self.blanks(false)?;
        }
        let kind = match owner {
            Owner::File => Kind::of(name, one, two),
            Owner::Terraform if name == "required_providers" => Some(Kind::RequiredProviders),
            Owner::Terraform | Owner::Other => None,
        };
        let inside = if kind == Some(Kind::Terraform) { Owner::Terraform } else { Owner::Other };
        let first = self.attributes.len();
        self.nested(|reader| reader.braces(|reader| reader.block_body(inside)))?;
        match kind {
            Some(kind) => self.outline.declare(kind, self.attributes.drain(first..)),
            None => self.attributes.truncate(first),
        }
        Some(())
    }

    fn label(&mut self) -> Option<&'a str> {
        if self.peek() != b'"' {
            return self.identifier();
        }
        let start = self.at;
        self.quoted()?;
        simple(self.since(start)?)
    }

    /// Up to the closing brace: lines of their own, or one attribute or none on the line of the opening one.
    fn block_body(&mut self, owner: Owner) -> Option<()> {
        self.blanks(false)?;
        self.line_comment();
        if self.line_end().is_some() {
            return self.body(owner);
        }
        if starts_word(self.peek()) {
            let name = self.identifier()?;
            self.blanks(false)?;
            self.attribute(name)?;
            self.blanks(false)?;
        }
        Some(())
    }
}
