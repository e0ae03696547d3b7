//! The types of single settings: each is parsed once from text, and prints itself the way it is written.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use tracing_subscriber::filter::{LevelFilter, Targets};
use url::{Host, Url};

/// A setting that can be read from text.
pub trait Value: Sized {
    /// Reads the text of a flag, an environment variable or a key of the file. The error says what to write instead.
    fn parse(text: &str) -> Result<Self, String>;

    /// Prints the value as it would be written.
    fn show(&self) -> String;

    /// How an error about this text quotes it.
    fn quote(text: &str) -> String {
        text.to_owned()
    }
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the path is empty; write a path".to_owned());
        }
        Ok(Self::from(text))
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Value for SocketAddr {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_not_an_address| {
            "not an IP address with a port; write for example 0.0.0.0:8080 or [::1]:8080".to_owned()
        })
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for IpNet {
    /// Takes a network (`10.0.0.0/8`) or one address, which is the network of that address alone.
    fn parse(text: &str) -> Result<Self, String> {
        let network = match text.parse::<IpAddr>() {
            Ok(address) => Self::from(address),
            Err(_) => text.parse::<Self>().map_err(|_not_a_network| {
                "not a network; write for example 10.0.0.0/8, or one IP address".to_owned()
            })?,
        };
        Ok(network.trunc())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err("neither yes nor no; write true or false".to_owned()),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Value for LogFormat {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("no such log format; write text or json".to_owned()),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

/// Which log lines are written: a level, or directives such as `info,cairn::store=debug`, known to be valid.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLevel {
    text: String,
    filter: Targets,
}

impl LogLevel {
    /// The filter these directives describe.
    pub fn filter(&self) -> Targets {
        self.filter.clone()
    }
}

impl Default for LogLevel {
    fn default() -> Self {
        Self { text: "info".to_owned(), filter: Targets::new().with_default(LevelFilter::INFO) }
    }
}

impl Value for LogLevel {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            "not a log level; write error, warn, info, debug or trace, or directives such as \
             info,cairn::store=debug"
                .to_owned()
        };
        // A bare word that is no level would be taken as the name of a module, and silence everything else.
        let bare_word = text.split(',').find(|part| !part.contains(['=', '[', ':']));
        let level = |word: &str| word.trim().parse::<LevelFilter>().is_ok();
        if text.trim().is_empty() || bare_word.is_some_and(|word| !level(word)) {
            return Err(wrong());
        }
        let filter = text.parse().map_err(|_invalid| wrong())?;
        Ok(Self { text: text.to_owned(), filter })
    }

    fn show(&self) -> String {
        self.text.clone()
    }
}

/// The address clients reach the server by: `http` or `https`, a host, perhaps a port, nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalUrl(Url);

impl ExternalUrl {
    /// The URL, its path `/`.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The URL without the slash at its end, to put an absolute path behind.
    pub fn origin(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The host name or address.
    pub fn host(&self) -> Option<Host<&str>> {
        self.0.host()
    }

    /// Whether clients speak TLS, to us or to a proxy in front.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl fmt::Display for ExternalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.origin())
    }
}

impl Value for ExternalUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let example = "write for example https://registry.example.com";
        let url = Url::parse(text).map_err(|error| format!("not a URL ({error}); {example}"))?;
        let refusal = if !matches!(url.scheme(), "http" | "https") {
            "starts with neither http:// nor https://"
        } else if !url.username().is_empty() || url.password().is_some() {
            "has a user name or password in it"
        } else if url.path() != "/" {
            "has a path, but the registry must be at the root of its host"
        } else if url.query().is_some() || url.fragment().is_some() {
            "has a query or a fragment"
        } else {
            return Ok(Self(url));
        };
        Err(format!("the URL {refusal}; {example}"))
    }

    fn show(&self) -> String {
        self.to_string()
    }

    /// Without the password that somebody may have put in it: errors end up in logs.
    fn quote(text: &str) -> String {
        match text.rsplit_once('@') {
            Some((_credentials, rest)) => format!("...@{rest}"),
            None => text.to_owned(),
        }
    }
}

/// A number of bytes, written plainly or with `KiB`, `MiB`, `GiB`. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteCount(pub u64);

impl Value for ByteCount {
    fn parse(text: &str) -> Result<Self, String> {
        let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1)];
        let found = units.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
        found
            .and_then(|(digits, unit): (&str, u64)| digits.trim_end().parse::<u64>().ok()?.checked_mul(unit))
            // TOML and most tools count in signed 64 bits.
            .filter(|bytes| *bytes > 0 && i64::try_from(*bytes).is_ok())
            .map(Self)
            .ok_or_else(|| {
                "not a number of bytes above 0; write for example 1048576 or \"512MiB\"".to_owned()
            })
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

/// A number of things, at least 1 and at most a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub u32);

impl Value for Count {
    fn parse(text: &str) -> Result<Self, String> {
        let number = text.parse::<u32>().ok().filter(|number| (1..=1_000_000).contains(number));
        number.map(Self).ok_or_else(|| "not a number from 1 to 1000000; write for example 100".to_owned())
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses and prints again; a refusal is `None`.
    fn read<T: Value>(text: &str) -> Option<String> {
        T::parse(text).ok().map(|value| value.show())
    }

    type Case = (&'static str, fn(&str) -> Option<String>, &'static str, Option<&'static str>);

    #[test]
    fn each_kind_of_value_takes_its_own_texts_and_refuses_others() {
        let url = read::<ExternalUrl>;
        let net = read::<IpNet>;
        let bytes = read::<ByteCount>;
        let level = read::<LogLevel>;
        let cases: &[Case] = &[
            ("a URL loses its last slash", url, "https://R.example/", Some("https://r.example")),
            ("a URL keeps an unusual port", url, "http://r.example:81", Some("http://r.example:81")),
            ("an IPv6 host", url, "https://[::1]:8443", Some("https://[::1]:8443")),
            ("another scheme", url, "ftp://r.example", None),
            ("no scheme", url, "r.example", None),
            ("a path", url, "https://r.example/cairn", None),
            ("a query", url, "https://r.example/?a", None),
            ("a fragment", url, "https://r.example/#a", None),
            ("a user", url, "https://me@r.example", None),
            ("a password without a user", url, "https://:pw@r.example", None),
            ("a network loses its host bits", net, "10.1.2.3/8", Some("10.0.0.0/8")),
            ("an address is a network of one", net, "10.1.2.3", Some("10.1.2.3/32")),
            ("an IPv6 address too", net, "::1", Some("::1/128")),
            ("a prefix that is too long", net, "10.0.0.0/33", None),
            ("a name is no network", net, "localhost", None),
            ("plain bytes", bytes, "10", Some("10")),
            ("a unit", bytes, "2 MiB", Some("2097152")),
            ("no bytes", bytes, "0", None),
            ("an overflow", bytes, "99999999999GiB", None),
            ("a unit alone", bytes, "KiB", None),
            ("a negative number", bytes, "-1", None),
            ("a level", level, "debug", Some("debug")),
            ("directives", level, "warn,cairn::store=trace", Some("warn,cairn::store=trace")),
            ("a misspelt level", level, "inof", None),
            ("no level", level, "", None),
            ("an unknown level of a module", level, "cairn=loud", None),
            ("an address", read::<SocketAddr>, "[::1]:80", Some("[::1]:80")),
            ("an address without a port", read::<SocketAddr>, "127.0.0.1", None),
            ("a host name to listen on", read::<SocketAddr>, "localhost:80", None),
            ("a switch", read::<bool>, "ON", Some("true")),
            ("a switch half on", read::<bool>, "maybe", None),
            ("a count", read::<Count>, "7", Some("7")),
            ("a count of none", read::<Count>, "0", None),
            ("a count that is too high", read::<Count>, "1000001", None),
            ("a format", read::<LogFormat>, "json", Some("json")),
            ("an unknown format", read::<LogFormat>, "xml", None),
        ];
        for (situation, parse, text, expected) in cases {
            assert_eq!(parse(text).as_deref(), *expected, "{situation}: {text:?}");
        }
    }
}
