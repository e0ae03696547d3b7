//! Quoted strings and heredocs.

use memchr::{memchr, memchr3};

use super::bytes::{SIMPLE, TEXT, leading};
use super::keys::Key;
use super::scan::{Reader, is_word};

impl<'a> Reader<'a> {
    /// Passes a quoted string as it is read by [`quoted`](Self::quoted), if it is simple and the last thing on its line,
    /// as most values are. Says whether it was.
    pub(super) fn simple_line(&mut self) -> bool {
        let [b'"', text @ ..] = self.rest() else { return false };
        let length = leading(text, SIMPLE);
        let alone = matches!(text.get(length..), Some([b'"', b'\n' | b'\r', ..]));
        let simple = alone && self.has_room();
        if simple {
            self.at += 2;
            self.spare(length);
        }
        simple
    }

    /// Passes a quoted string. Answers its text, as written, in front of the first template and behind the last one.
    pub(super) fn quoted(&mut self) -> Option<Key<'a>> {
        self.open(1)?;
        let mut start = self.at;
        let mut head = None;
        loop {
            self.spare(leading(self.rest(), TEXT));
            match self.rest() {
                [b'"', ..] => break,
                [b'\\', b'n' | b'r' | b't' | b'\\' | b'"', ..] => self.spare(2),
                [b'$' | b'%', ..] => {
                    let end = self.since(start)?;
                    if self.marker()? {
                        head = head.or(Some(end));
                        start = self.at;
                    }
                }
                _ => return None,
            }
        }
        let tail = self.since(start)?;
        self.shut(1);
        Some(head.map_or((tail, ""), |head| (head, tail)))
    }

    /// Passes a dollar or percent sign and the template it opens. Says whether it opens one.
    fn marker(&mut self) -> Option<bool> {
        match self.rest() {
            [b'$', b'$', b'{', ..] | [b'%', b'%', b'{', ..] => self.spare(3),
            [b'%', b'{', ..] => return None,
            [b'$', b'{', ..] => {
                self.open(2)?;
                self.strip();
                self.blanks(true)?;
                self.nested(|reader| reader.expression(true))?;
                self.blanks(true)?;
                self.strip();
                self.close(b'}')?;
                return Some(true);
            }
            _ => self.spare(1),
        }
        Some(false)
    }

    /// The sign at either end of a template that takes away the blanks around it.
    fn strip(&mut self) {
        if self.peek() == b'~' {
            self.at += 1;
        }
    }

    /// Passes `<<NAME` and `<<-NAME` up to the line of the name.
    pub(super) fn heredoc(&mut self) -> Option<()> {
        self.pass(b"<<")?;
        if self.peek() == b'-' {
            self.at += 1;
        }
        let name = self.identifier()?.as_bytes();
        self.open(0)?;
        // A name on the very first line ends the heredoc for some readers only.
        let ahead = self.rest();
        let first = memchr(b'\n', ahead).and_then(|at| ahead.get(at + 1..))?;
        self.line_end()?;
        (ends(first, name)? == 0).then_some(())?;
        loop {
            let length = memchr3(b'\n', b'$', b'%', self.rest())?;
            self.spare(length);
            let [b'\n', line @ ..] = self.rest() else {
                self.marker()?;
                continue;
            };
            match ends(line, name)? {
                0 => self.spare(1),
                length => {
                    self.shut(1 + length);
                    return Some(());
                }
            }
        }
    }
}

/// The length of `line` up to and with `name`, if that ends a heredoc, else zero.
fn ends(line: &[u8], name: &[u8]) -> Option<usize> {
    let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let Some(behind) = line.get(blanks..).and_then(|line| line.strip_prefix(name)) else { return Some(0) };
    match behind.first() {
        Some(0x80..) => None,
        Some(byte) if is_word(*byte) => Some(0),
        _ => Some(blanks + name.len()),
    }
}
