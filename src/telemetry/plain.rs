//! Formats plain events, which nearly all lines of a busy log are: the bytes that the subscriber's own formatter writes,
//! for a small part of its work.
//!
//! An event is plain when it is in no span and its values are numbers, flags, and texts with nothing in them to escape. Any
//! other goes the subscriber's way, so that what has to be escaped is escaped in one place.

use std::cell::RefCell;
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::escape::is_printable;
use super::time::LogTime;
use crate::config::LogFormat;

thread_local! {
    /// Where a line is put together: kept, so that it costs no memory of its own.
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Formats plain events itself and leaves all others to `other`.
#[derive(Debug)]
pub(super) struct Plain<F> {
    pub(super) format: LogFormat,
    pub(super) time: LogTime,
    pub(super) other: F,
}

impl<S, N, F> FormatEvent<S, N> for Plain<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let is_bare = !out.has_ansi_escapes() && event.parent().is_none() && ctx.lookup_current().is_none();
        if is_bare && let Some(written) = self.write(&mut out, event) {
            return written;
        }
        self.other.format_event(ctx, out, event)
    }
}

impl<F> Plain<F> {
    /// Nothing when the event is not plain: nothing was written then.
    fn write(&self, out: &mut Writer<'_>, event: &Event<'_>) -> Option<fmt::Result> {
        LINE.with(|line| {
            // A value that logs while it is being written is on its own.
            let mut line = line.try_borrow_mut().ok()?;
            line.clear();
            let (metadata, json) = (event.metadata(), self.format == LogFormat::Json);
            line.push_str(if json { "{\"timestamp\":\"" } else { "" });
            self.time.write(&mut *line).ok()?;
            if json {
                line.extend(["\",\"level\":\"", word(*metadata.level()).trim_start(), "\""]);
            } else {
                line.extend([" ", word(*metadata.level()), " ", metadata.target(), ": "]);
            }
            let mut values = Values { line: &mut line, json, any: false, plain: true };
            event.record(&mut values);
            if !values.plain || !is_plain(metadata.target(), json) {
                return None;
            }
            line.extend(if json { [",\"target\":\"", metadata.target(), "\"}\n"] } else { ["\n", "", ""] });
            Some(out.write_str(&line))
        })
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => " WARN",
        Level::INFO => " INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

/// Writes the values of an event as long as they are plain.
struct Values<'a> {
    line: &'a mut String,
    json: bool,
    any: bool,
    plain: bool,
}

impl Values<'_> {
    /// The name of a field and what stands before its value.
    fn name(&mut self, field: &Field) {
        let name = field.name();
        // What the crate `log` says about itself is written in another way.
        self.plain &= !name.starts_with("log.");
        if self.json {
            self.line.push_str(",\"");
            self.line.push_str(name);
            self.line.push_str("\":");
        } else {
            if self.any {
                self.line.push(' ');
            }
            if name != "message" {
                self.line.push_str(name);
                self.line.push('=');
            }
        }
        self.any = true;
    }

    fn number(&mut self, field: &Field, number: impl fmt::Display) {
        self.name(field);
        // Writing to a string does not fail.
        let _ = write!(self.line, "{number}");
    }

    /// Whether what stands behind `from` is written as it is.
    fn check(&mut self, from: usize, quoted: bool) {
        self.plain &= is_plain(self.line.get(from..).unwrap_or_default(), quoted);
    }
}

fn push_decimal(line: &mut String, mut value: u64) {
    // Twenty digits are enough for all.
    let (mut digits, mut unused) = ([b'0'; 20], 20);
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(value % 10).unwrap_or_default();
        unused -= 1;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    line.push_str(std::str::from_utf8(digits.get(unused..).unwrap_or_default()).unwrap_or_default());
}

/// Whether it is written as it is. Looks at every byte whatever the first ones are: that is done for many at a time.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "a branch for each byte would keep them from being looked at together"
)]
fn is_plain(text: &str, quoted: bool) -> bool {
    let escaped = |byte: u8| quoted & ((byte == b'"') | (byte == b'\\'));
    is_printable(text.as_bytes()) & !text.bytes().fold(false, |found, byte| found | escaped(byte))
}

impl Visit for Values<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.line.push('"');
        let from = self.line.len();
        self.line.push_str(value);
        self.check(from, true);
        self.line.push('"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.name(field);
        self.line.push_str(if self.json { "\"" } else { "" });
        let from = self.line.len();
        self.plain &= write!(self.line, "{value:?}").is_ok();
        self.check(from, self.json);
        self.line.push_str(if self.json { "\"" } else { "" });
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        push_decimal(self.line, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value);
    }

    fn record_f64(&mut self, _field: &Field, _value: f64) {
        self.plain = false;
    }

    fn record_i128(&mut self, _field: &Field, _value: i128) {
        self.plain = false;
    }

    fn record_u128(&mut self, _field: &Field, _value: u128) {
        self.plain = false;
    }

    fn record_bytes(&mut self, _field: &Field, _value: &[u8]) {
        self.plain = false;
    }

    fn record_error(&mut self, _field: &Field, _value: &(dyn std::error::Error + 'static)) {
        self.plain = false;
    }
}
