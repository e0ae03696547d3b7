//! What the server says about itself: log lines on standard error, and metrics.

mod escape;
mod metrics;
mod plain;
mod queue;
mod time;

use std::io::IsTerminal as _;

use jiff::Timestamp;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{JsonFields, debug_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt, reload};

use crate::config::{LogFormat, LogLevel};
use escape::Escaped;
pub use metrics::{CONTENT_TYPE, InProgress, Metrics, StatusClass};
use plain::Plain;
pub use queue::{LogDrain, LogQueue};
use time::LogTime;

/// Why log lines cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Somebody set up logging before.
    #[error("logging is set up already; set it up once, in main: {0}")]
    Twice(#[from] TryInitError),
    /// The thread that writes log lines did not start.
    #[error("cannot start the thread that writes log lines: {0}")]
    Thread(#[from] std::io::Error),
}

/// Changes which log lines are written, while the server runs.
#[derive(Debug, Clone)]
pub struct LogControl {
    filter: reload::Handle<Targets, Registry>,
}

impl LogControl {
    /// Uses another level from now on.
    pub fn set_level(&self, level: &LogLevel) {
        if let Err(error) = self.filter.reload(level.filter()) {
            tracing::warn!(%error, "the log level cannot be changed; restart the server to apply it");
        }
    }
}

/// Log lines go to standard error from now on, through a queue that never makes a request wait.
///
/// Keep the [`LogDrain`] until the very end of `main`: dropping it writes what is still queued. `no_color` is whether
/// the variable `NO_COLOR` is set, and `now` tells the time.
pub fn init(
    format: LogFormat,
    level: &LogLevel,
    no_color: bool,
    now: impl Fn() -> Timestamp + Send + Sync + 'static,
) -> Result<(LogControl, LogDrain), TelemetryError> {
    let (queue, drain) = queue::start(std::io::stderr())?;
    let ansi = std::io::stderr().is_terminal() && !no_color;
    let (filter, handle) = reload::Layer::new(level.filter());
    let lines = layer(format, ansi, LogTime::new(now), queue);
    tracing_subscriber::registry().with(lines.with_filter(filter)).try_init()?;
    Ok((LogControl { filter: handle }, drain))
}

/// The layer that turns events into lines, none of which can pretend to be two.
fn layer<W>(format: LogFormat, ansi: bool, time: LogTime, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let ansi = ansi && format == LogFormat::Text;
    let lines = fmt::layer().with_writer(Escaped::new(writer, ansi)).with_ansi(ansi);
    let other = fmt::format().with_timer(time.clone());
    match format {
        LogFormat::Text => {
            let fields = debug_fn(escape::write_field).delimited(" ");
            lines.fmt_fields(fields).event_format(Plain { format, time, other }).boxed()
        }
        LogFormat::Json => {
            let other = other.json().flatten_event(true).with_current_span(true);
            lines.fmt_fields(JsonFields::new()).event_format(Plain { format, time, other }).boxed()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::config::Value as _;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn at_noon() -> LogTime {
        LogTime::new(|| "2026-01-31T12:00:00.000042999Z".parse().unwrap())
    }

    fn logged(format: LogFormat, ansi: bool, say: impl FnOnce()) -> String {
        through(|writer| layer(format, ansi, at_noon(), writer), say)
    }

    /// The same by the subscriber alone.
    fn logged_by_the_subscriber(format: LogFormat, say: impl FnOnce()) -> String {
        through(
            |writer| {
                let lines = fmt::layer().with_writer(Escaped::new(writer, false)).with_ansi(false);
                match format {
                    LogFormat::Text => {
                        let fields = debug_fn(escape::write_field).delimited(" ");
                        lines.fmt_fields(fields).with_timer(at_noon()).boxed()
                    }
                    LogFormat::Json => {
                        lines.json().flatten_event(true).with_current_span(true).with_timer(at_noon()).boxed()
                    }
                }
            },
            say,
        )
    }

    type Lines = Box<dyn Layer<Registry> + Send + Sync>;

    fn through(
        lines: impl FnOnce(Box<dyn Fn() -> Kept + Send + Sync>) -> Lines,
        say: impl FnOnce(),
    ) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = lines(Box::new(move || writer.clone()));
        tracing::subscriber::with_default(Registry::default().with(lines), say);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn answered(who: &str) {
        tracing::info!(
            id = "0000abcd-0000002a",
            method = "GET",
            status = 200_u16,
            ms = u64::MAX,
            who,
            from = Some("2001:db8::1"),
            none = None::<&str>,
            "answered"
        );
    }

    /// Everything a caller could try, in the message, in a field, and in the name of a span.
    fn hostile() {
        let hostile = "a\nERROR forged\r\x1b[31mred\u{9b}31m\0\u{2028}end";
        let span = tracing::info_span!("request", path = %hostile);
        let _inside = span.enter();
        tracing::info!(path = %hostile, quoted = ?hostile, text = hostile, "refused {hostile}");
    }

    #[test]
    fn no_value_can_start_a_line_or_command_a_terminal() {
        for (format, ansi) in [(LogFormat::Text, false), (LogFormat::Text, true), (LogFormat::Json, false)] {
            let log = logged(format, ansi, hostile);
            assert!(log.contains("ERROR forged"), "{log}");
            let line = log.strip_suffix('\n').unwrap();
            let forbidden =
                |c: char| (c.is_control() && !(ansi && c == '\x1b')) || matches!(c, '\u{2028}' | '\u{2029}');
            assert!(!line.contains(forbidden), "{format:?} {ansi}: {line:?}");
            assert!(!line.contains("\x1b[31mred"), "{format:?} {ansi}: {line:?}");
        }
    }

    #[test]
    fn every_event_is_written_as_the_subscriber_alone_would() {
        let error = std::io::Error::other("broken \"pipe\"");
        let events: [&dyn Fn(); 16] = [
            &|| answered("alice"),
            &|| answered("\"quoted\" back\\slash"),
            &|| answered("Zo\u{eb}\u{2028}\n"),
            &|| answered(""),
            &hostile,
            &|| tracing::error!(flag = true, small = -3, "with {}", "arguments"),
            &|| tracing::warn!(error = %error, debug = ?error, "failed"),
            &|| tracing::warn!(error = %"plain words", debug = ?"text", number = %7, "failed"),
            &|| tracing::debug!(half = 0.5, "a part"),
            &|| tracing::trace!(big = u128::MAX, bigger = i128::MIN),
            &|| tracing::info!(error = &error as &(dyn std::error::Error + 'static), "typed"),
            &|| tracing::info!(bytes = b"abc".as_slice(), "bytes"),
            &|| tracing::info!(zero = 0, ten = 10, long = 1_234_567_890_u64, "say \"this\""),
            &|| tracing::info!(target: "else\"where", message = "as a field", r#type = 1),
            &|| tracing::info!(parent: &tracing::info_span!("outer", plain = 1), "inside"),
            &|| tracing::info_span!("outer", plain = 1).in_scope(|| answered("alice")),
        ];
        for (number, say) in events.iter().enumerate() {
            for format in [LogFormat::Text, LogFormat::Json] {
                let (ours, theirs) = (logged(format, false, say), logged_by_the_subscriber(format, say));
                assert_eq!(ours, theirs, "event {number} as {format:?}");
                assert_eq!(ours.matches('\n').count(), 1, "{ours}");
            }
        }
    }

    #[test]
    fn an_answer_is_logged_with_its_values() {
        let text = "2026-01-31T12:00:00.000042Z  INFO cairn::telemetry::tests: answered id=\"0000abcd-0000002a\" \
                    method=\"GET\" status=200 ms=18446744073709551615 who=\"alice\" from=\"2001:db8::1\"\n";
        assert_eq!(logged(LogFormat::Text, false, || answered("alice")), text);
        let json = concat!(
            r#"{"timestamp":"2026-01-31T12:00:00.000042Z","level":"INFO","message":"answered","#,
            r#""id":"0000abcd-0000002a","method":"GET","status":200,"ms":18446744073709551615,"#,
            r#""who":"alice","from":"2001:db8::1","target":"cairn::telemetry::tests"}"#,
            "\n"
        );
        assert_eq!(logged(LogFormat::Json, false, || answered("alice")), json);
    }

    #[test]
    fn a_json_line_gives_the_value_back_unchanged() {
        let log = logged(LogFormat::Json, false, || tracing::info!(path = "a\nb\u{9b}c\x7f", "said"));
        let line: serde_json::Value = serde_json::from_str(&log).unwrap();
        assert_eq!(line["path"], "a\nb\u{9b}c\x7f");
        assert_eq!(line["message"], "said");
    }

    #[test]
    fn the_level_can_be_changed_while_running() {
        let kept = Kept::default();
        let writer = kept.clone();
        let (filter, handle) = reload::Layer::new(LogLevel::default().filter());
        let control = LogControl { filter: handle };
        let lines = layer(LogFormat::Text, false, at_noon(), move || writer.clone()).with_filter(filter);
        tracing::subscriber::with_default(Registry::default().with(lines), || {
            tracing::debug!("before");
            control.set_level(&LogLevel::parse("debug").unwrap());
            tracing::debug!("after");
        });
        let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(!log.contains("before") && log.contains("after"), "{log}");
    }
}
