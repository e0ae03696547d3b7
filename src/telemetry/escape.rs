//! Keeps one event on one line: whatever a value holds, it cannot start a new line or speak to a terminal.
//!
//! The subscriber alone is not enough: it lets newlines of `Display` values pass, and with colours switched on their
//! terminal commands too. So every value is escaped on its own, where the subscriber's own colours are not yet around
//! it, and then the finished line as a whole, where nothing can be forgotten. The escapes (`\u000a`) are valid JSON,
//! so that a JSON line stays one.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use tracing::field::Field;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;

/// Writes one field of an event or a span: `name=value`, the message without its name.
pub(super) fn write_field(out: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    if field.name() != "message" {
        write!(out, "{}=", field.name())?;
    }
    out.write_str(&escape(&format!("{value:?}"), false))
}

/// Makes writers whose every write is one line.
#[derive(Debug)]
pub(super) struct Escaped<W> {
    inner: W,
    ansi: bool,
}

impl<W> Escaped<W> {
    /// With `ansi` the escape character passes: the subscriber colours with it, and [`write_field`] has taken it out of
    /// values.
    pub(super) fn new(inner: W, ansi: bool) -> Self {
        Self { inner, ansi }
    }
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Escaped<W> {
    type Writer = EscapedWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapedWriter { inner: self.inner.make_writer(), ansi: self.ansi }
    }
}

/// Writes lines, escaped.
#[derive(Debug)]
pub(super) struct EscapedWriter<W> {
    inner: W,
    ansi: bool,
}

impl<W: Write> Write for EscapedWriter<W> {
    /// Takes a whole event: the subscriber formats into a buffer and writes it at once.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // Nearly always, and seen without taking it apart.
        if let Some((b'\n', line)) = event.split_last()
            && is_printable(line)
        {
            self.inner.write_all(event)?;
            return Ok(event.len());
        }
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        if line.chars().any(|c| must_escape(c, self.ansi)) {
            self.inner.write_all((escape(line, self.ansi) + "\n").as_bytes())?;
        } else {
            self.inner.write_all(event)?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Whether it is printable ASCII. Looks at every byte whatever the first ones are: that is done for many at a time.
pub(super) fn is_printable(text: &[u8]) -> bool {
    text.iter().fold(true, |printable, byte| printable & (byte.wrapping_sub(b' ') <= b'~' - b' '))
}

fn must_escape(c: char, ansi: bool) -> bool {
    // The two line separators of Unicode, and the marks that turn the direction of text around.
    let deceptive = matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    deceptive || (c.is_control() && !(ansi && c == '\x1b'))
}

fn escape(line: &str, ansi: bool) -> String {
    let mut out = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        if must_escape(c, ansi) {
            // Writing to a string does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_printable_or_not_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for place in 0..40 {
                let mut text = [b'a'; 40];
                text[place] = byte;
                assert_eq!(is_printable(&text), (b' '..=b'~').contains(&byte), "{byte} at {place}");
            }
        }
        assert!(is_printable(b""));
    }
}
