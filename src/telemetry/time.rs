//! The time of a log line: the second is put into words once, and only the microseconds for every line.

use std::cell::Cell;
use std::fmt::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// `2026-01-31T12:00:00` in bytes.
const SECOND_BYTES: usize = 19;

thread_local! {
    /// The second that was written last, and how it is written.
    static LAST: Cell<(i64, [u8; SECOND_BYTES])> = const { Cell::new((-1, [0; SECOND_BYTES])) };
}

/// Writes the time in UTC with microseconds, as the subscriber itself would.
#[derive(Clone)]
pub(super) struct LogTime(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl fmt::Debug for LogTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogTime(..)")
    }
}

impl LogTime {
    /// With a clock that a function tells.
    pub(super) fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(super) fn write(&self, out: &mut impl Write) -> fmt::Result {
        let now = (self.0)();
        let (second, micros) = (now.as_second(), now.subsec_microsecond());
        let Ok(mut micros) = u32::try_from(micros) else {
            // Before 1970, where parts of a second count backwards.
            return write!(out, "{now:.6}");
        };
        let mut text = [b'.'; SECOND_BYTES + 1 + 6];
        let (before, behind) = text.split_at_mut(SECOND_BYTES);
        before.copy_from_slice(&in_words(second)?);
        for digit in behind.iter_mut().skip(1).rev() {
            *digit = b"0123456789".get(micros as usize % 10).copied().unwrap_or(b'0');
            micros /= 10;
        }
        out.write_str(std::str::from_utf8(&text).map_err(|_never| fmt::Error)?)?;
        out.write_char('Z')
    }
}

fn in_words(second: i64) -> Result<[u8; SECOND_BYTES], fmt::Error> {
    let (last, text) = LAST.get();
    if last == second {
        return Ok(text);
    }
    let whole = Timestamp::from_second(second).map_err(|_never| fmt::Error)?;
    let text = format!("{whole:.0}");
    let text = *text.as_bytes().first_chunk().ok_or(fmt::Error)?;
    LAST.set((second, text));
    Ok(text)
}

impl FormatTime for LogTime {
    fn format_time(&self, out: &mut Writer<'_>) -> fmt::Result {
        self.write(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_is_written_with_six_digits_behind_the_second() {
        for (nanosecond, expected) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_999, "1970-01-01T00:00:00.000001Z"),
            (999_999_999, "1970-01-01T00:00:00.999999Z"),
            (1_000_000_000, "1970-01-01T00:00:01.000000Z"),
            (951_782_400_120_000_000, "2000-02-29T00:00:00.120000Z"),
            (1_767_225_599_000_042_000, "2025-12-31T23:59:59.000042Z"),
            (1_767_225_600_500_000_000, "2026-01-01T00:00:00.500000Z"),
        ] {
            let now = Timestamp::from_nanosecond(nanosecond).unwrap();
            let mut written = String::new();
            LogTime::new(move || now).write(&mut written).unwrap();
            assert_eq!(written, expected);
        }
    }
}
