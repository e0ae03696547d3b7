//! The configuration file: TOML, keys named as the flags, every value parsed on the spot so that errors show the line.

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::ci::Table as Ci;
use super::value::{ByteCount, Count, ExternalUrl, LogFormat, LogLevel, Value};

/// What the file holds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct File {
    pub(super) data_dir: Option<One<PathBuf>>,
    pub(super) listen: Option<Many<SocketAddr>>,
    pub(super) listen_http: Option<Many<SocketAddr>>,
    pub(super) external_url: Option<One<ExternalUrl>>,
    pub(super) trusted_proxy: Option<Many<IpNet>>,
    pub(super) tls_cert: Option<One<PathBuf>>,
    pub(super) tls_key: Option<One<PathBuf>>,
    pub(super) tls_self_signed: Option<One<bool>>,
    pub(super) disable_registry: Option<One<bool>>,
    pub(super) log_format: Option<One<LogFormat>>,
    pub(super) log_level: Option<One<LogLevel>>,
    pub(super) metrics_allow: Option<Many<IpNet>>,
    pub(super) webhook_allow: Option<Many<IpNet>>,
    pub(super) limits: Limits,
    pub(super) ci: Ci,
}

/// The table `[limits]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Limits {
    pub(super) upload_bytes: Option<One<ByteCount>>,
    pub(super) unpacked_bytes: Option<One<ByteCount>>,
    pub(super) entry_bytes: Option<One<ByteCount>>,
    pub(super) entries: Option<One<Count>>,
    pub(super) ratio: Option<One<Count>>,
    pub(super) ratio_free_bytes: Option<One<ByteCount>>,
    pub(super) uploads: Option<One<Count>>,
    pub(super) connections: Option<One<Count>>,
    pub(super) webhook_retry_seconds: Option<One<Count>>,
}

impl File {
    /// Reads the text of the file. The error shows the line and says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

/// One value: a string, or where it reads better a number or `true`/`false`.
#[derive(Debug)]
pub(super) struct One<T>(pub(super) T);

/// A list of values, or a single one.
#[derive(Debug)]
pub(super) struct Many<T>(pub(super) Vec<T>);

impl<'de, T: Value> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneVisitor(PhantomData))
    }
}

impl<'de, T: Value> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor(PhantomData))
    }
}

struct OneVisitor<T>(PhantomData<T>);

impl<T: Value> Visitor<'_> for OneVisitor<T> {
    type Value = One<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a single value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<One<T>, E> {
        T::parse(text).map(One).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<One<T>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_bool<E: Error>(self, switch: bool) -> Result<One<T>, E> {
        self.visit_str(&switch.to_string())
    }
}

struct ManyVisitor<T>(PhantomData<T>);

impl<'de, T: Value> Visitor<'de> for ManyVisitor<T> {
    type Value = Many<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Many<T>, E> {
        T::parse(text).map(|value| Many(vec![value])).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Many<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(One(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Many(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_show_the_line_and_say_what_is_wrong() {
        let cases = [
            ("a key that does not exist", "\nlisten-on = \"::1\"", "line 2", "listen-on"),
            ("a key with underscores", "data_dir = \"x\"", "line 1", "data_dir"),
            ("a value that is not valid", "\n\nexternal-url = \"ftp://x\"", "line 3", "https://"),
            ("one bad item of a list", "listen = [\n \"0.0.0.0:1\",\n \"here\"]", "line 3", "port"),
            ("a list where one value belongs", "data-dir = [\"a\"]", "line 1", "a single value"),
            ("a table where a list belongs", "[listen]\na = 1", "line 1", "a list of strings"),
            ("a limit that does not exist", "[limits]\nfiles = 1", "line 2", "files"),
            ("a limit of zero", "[limits]\nentries = 0", "line 2", "from 1 to"),
            ("a limit that is not whole", "[limits]\nentries = 1.5", "line 2", "a single value"),
            ("a negative limit", "[limits]\nupload-bytes = -5", "line 2", "bytes above 0"),
            ("the same key twice", "log-level = \"info\"\nlog-level = \"warn\"", "line 2", "duplicate key"),
            ("not TOML", "listen: x", "line 1", ""),
        ];
        for (situation, text, line, words) in cases {
            let error = File::parse(text).expect_err(situation).to_string();
            assert!(error.contains(line) && error.contains(words), "{situation}: {error}");
        }
    }

    #[test]
    fn lists_may_be_single_values_and_numbers_may_have_units() {
        let file = File::parse("listen = \"[::1]:1\"\n[limits]\nentry-bytes = \"1MiB\"\nratio = 7").unwrap();
        assert_eq!(file.listen.unwrap().0, ["[::1]:1".parse().unwrap()]);
        assert_eq!(file.limits.entry_bytes.unwrap().0, ByteCount(1 << 20));
        assert_eq!(file.limits.ratio.unwrap().0, Count(7));
    }
}
