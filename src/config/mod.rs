//! The configuration: flags over environment over file over default, resolved once into [`Config`].
//!
//! Nothing downstream sees what was typed: every value is parsed, checked against the others, and knows its source.
//! Relative paths are relative to the working directory, wherever they were written. An empty environment variable
//! counts as absent; lists in the environment are separated by commas.

mod args;
mod ci;
mod file;
mod layers;
mod live;
mod value;
pub mod watch;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use secrecy::SecretString;

use crate::domain::limits::{ArchiveLimits, HttpLimits};

pub use args::ServeArgs;
pub use ci::Ci;
use file::File;
pub use layers::{Environment, Setting, Source};
use layers::{Layers, lookup};
pub use live::{Adoption, LiveConfig};
pub use value::{ByteCount, Count, ExternalUrl, LogFormat, LogLevel, Value};

/// Seconds before a webhook is sent again for the first time, unless the file says otherwise.
const WEBHOOK_RETRY_SECONDS: u64 = 10;

/// Why there is no valid configuration. All of these are the operator's to repair: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A flag or an environment variable has a value that cannot be used.
    #[error("{origin}: \"{value}\": {reason}")]
    Invalid {
        /// The flag or variable.
        origin: String,
        /// What it held.
        value: String,
        /// What is wrong with that, and what to write.
        reason: String,
    },
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {source}; check --config and CAIRN_CONFIG", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not valid.
    #[error("the configuration file {} is not valid: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Where and why not.
        source: Box<toml::de::Error>,
    },
    /// Settings that are valid alone do not go together.
    #[error("{0}")]
    Conflict(String),
}

/// What the server's listeners use for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSource {
    /// Nothing: plain HTTP.
    None,
    /// A certificate chain and its key, in PEM files.
    Files {
        /// The chain, leaf first.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// A certificate of an own authority, below the data directory.
    SelfSigned,
}

/// The resolved configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The configuration file that was read (`--config`, `CAIRN_CONFIG`).
    pub file: Setting<Option<PathBuf>>,
    /// Where all data lives.
    pub data_dir: Setting<PathBuf>,
    /// Addresses to listen on, with TLS when [`Config::tls`] says so.
    pub listen: Setting<Vec<SocketAddr>>,
    /// Addresses to listen on without TLS.
    pub listen_http: Setting<Vec<SocketAddr>>,
    /// The URL clients reach the server by.
    pub external_url: Setting<Option<ExternalUrl>>,
    /// Networks whose forwarding headers are believed.
    pub trusted_proxy: Setting<Vec<IpNet>>,
    /// The certificate chain; see [`Config::tls`].
    pub tls_cert: Setting<Option<PathBuf>>,
    /// The private key; see [`Config::tls`].
    pub tls_key: Setting<Option<PathBuf>>,
    /// Whether to use an own authority; see [`Config::tls`].
    pub tls_self_signed: Setting<bool>,
    /// Whether the registry is off whatever the stored switch says.
    pub disable_registry: Setting<bool>,
    /// How log lines look.
    pub log_format: Setting<LogFormat>,
    /// Which log lines are written.
    pub log_level: Setting<LogLevel>,
    /// Networks that may read the metrics without a token, beside loopback.
    pub metrics_allow: Setting<Vec<IpNet>>,
    /// Networks that webhooks may go to, beside the public internet.
    pub webhook_allow: Setting<Vec<IpNet>>,
    /// The table `[limits]` of the file.
    pub limits: Limits,
    /// The table `[ci]` of the file.
    pub ci: Ci,
    /// The first password of `root` (`CAIRN_ROOT_PASSWORD`). Used at the first start only.
    pub root_password: Option<SecretString>,
    /// A token of `root` (`CAIRN_ROOT_TOKEN`), created at a start where it is missing.
    pub root_token: Option<SecretString>,
}

/// The limits an operator can set, in the file only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an upload.
    pub upload_bytes: Setting<ByteCount>,
    /// Bytes of an archive, unpacked.
    pub unpacked_bytes: Setting<ByteCount>,
    /// Bytes of one entry of an archive.
    pub entry_bytes: Setting<ByteCount>,
    /// Entries of an archive.
    pub entries: Setting<Count>,
    /// How many times its compressed size an archive may unpack to ...
    pub ratio: Setting<Count>,
    /// ... past this many bytes.
    pub ratio_free_bytes: Setting<ByteCount>,
    /// Uploads received at once.
    pub uploads: Setting<Count>,
    /// Connections open at once.
    pub connections: Setting<Count>,
    /// Seconds before a webhook is sent again for the first time; twice as many each time after that.
    pub webhook_retry_seconds: Setting<Count>,
}

/// One line of `cairn config show`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Row {
    /// The flag without its dashes, or `limits.<key>` or `ci.<key>`.
    pub name: &'static str,
    /// The value as it would be written; lists are separated by commas; empty when there is none.
    pub value: String,
    /// Where it came from, such as `flag` or `file cairn.toml`.
    pub source: String,
}

impl Config {
    /// Resolves the configuration from flags, environment and the file they name.
    pub fn load(args: &ServeArgs, environment: &Environment) -> Result<Self, ConfigError> {
        let layers = Layers { environment };
        let path = layers.optional::<PathBuf>("config", args.config.as_ref(), None)?;
        let file = match path.value.as_deref() {
            Some(path) => parse_file(path)?,
            None => File::default(),
        };
        let config = Self::resolve(args, &layers, path, file)?;
        config.check()?;
        Ok(config)
    }

    fn resolve(
        args: &ServeArgs,
        layers: &Layers<'_>,
        path: Setting<Option<PathBuf>>,
        file: File,
    ) -> Result<Self, ConfigError> {
        let here = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))];
        let secret = |variable| lookup(layers.environment, variable).map(SecretString::from);
        Ok(Self {
            file: path,
            data_dir: layers.one("data-dir", args.data_dir.as_ref(), file.data_dir, "./cairn-data".into())?,
            listen: layers.many("listen", &args.listen, file.listen, here)?,
            listen_http: layers.many("listen-http", &args.listen_http, file.listen_http, Vec::new())?,
            external_url: layers.optional("external-url", args.external_url.as_ref(), file.external_url)?,
            trusted_proxy: layers.many(
                "trusted-proxy",
                &args.trusted_proxy,
                file.trusted_proxy,
                Vec::new(),
            )?,
            tls_cert: layers.optional("tls-cert", args.tls_cert.as_ref(), file.tls_cert)?,
            tls_key: layers.optional("tls-key", args.tls_key.as_ref(), file.tls_key)?,
            tls_self_signed: layers.one(
                "tls-self-signed",
                args.tls_self_signed.as_ref(),
                file.tls_self_signed,
                false,
            )?,
            disable_registry: layers.one(
                "disable-registry",
                args.disable_registry.as_ref(),
                file.disable_registry,
                false,
            )?,
            log_format: layers.one(
                "log-format",
                args.log_format.as_ref(),
                file.log_format,
                LogFormat::Text,
            )?,
            log_level: layers.one(
                "log-level",
                args.log_level.as_ref(),
                file.log_level,
                LogLevel::default(),
            )?,
            metrics_allow: layers.many(
                "metrics-allow",
                &args.metrics_allow,
                file.metrics_allow,
                Vec::new(),
            )?,
            webhook_allow: layers.many(
                "webhook-allow",
                &args.webhook_allow,
                file.webhook_allow,
                Vec::new(),
            )?,
            limits: Limits::resolve(file.limits),
            ci: Ci::resolve(file.ci),
            root_password: secret("CAIRN_ROOT_PASSWORD"),
            root_token: secret("CAIRN_ROOT_TOKEN"),
        })
    }

    /// What no single value can tell.
    fn check(&self) -> Result<(), ConfigError> {
        let conflict = |text: String| Err(ConfigError::Conflict(text));
        if *self.tls_self_signed && (self.tls_cert.is_some() || self.tls_key.is_some()) {
            return conflict(
                "tls-self-signed makes its own certificate and excludes tls-cert and tls-key; drop one of the two"
                    .to_owned(),
            );
        }
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            let (given, missing) =
                if self.tls_cert.is_some() { ("tls-cert", "tls-key") } else { ("tls-key", "tls-cert") };
            return conflict(format!("{given} is set but {missing} is not; a certificate needs both"));
        }
        if self.listen.is_empty() && self.listen_http.is_empty() {
            return conflict("there is no address to listen on; set listen or listen-http".to_owned());
        }
        let mut seen = std::collections::HashSet::new();
        let mut addresses = self.listen.iter().chain(self.listen_http.iter());
        // Port 0 asks for any free port, and may do so twice.
        if let Some(twice) = addresses.find(|address| address.port() != 0 && !seen.insert(**address)) {
            return conflict(format!(
                "{twice} is listed twice in listen and listen-http; drop one of the two"
            ));
        }
        self.ci.check()?;
        self.limits.check()
    }

    /// What the TLS listeners use.
    pub fn tls(&self) -> TlsSource {
        match (&self.tls_cert.value, &self.tls_key.value) {
            (Some(cert), Some(key)) => TlsSource::Files { cert: cert.clone(), key: key.clone() },
            _ if *self.tls_self_signed => TlsSource::SelfSigned,
            _ => TlsSource::None,
        }
    }

    /// What an uploaded archive may be.
    pub fn archive_limits(&self) -> ArchiveLimits {
        ArchiveLimits {
            compressed_bytes: self.limits.upload_bytes.0,
            unpacked_bytes: self.limits.unpacked_bytes.0,
            entry_bytes: self.limits.entry_bytes.0,
            entries: self.limits.entries.0.into(),
            ratio: self.limits.ratio.0.into(),
            ratio_free_bytes: self.limits.ratio_free_bytes.0,
            ..ArchiveLimits::default()
        }
    }

    /// What one connection and one request may cost.
    pub fn http_limits(&self) -> HttpLimits {
        let defaults = HttpLimits::default();
        let connections = usize::try_from(self.limits.connections.0).unwrap_or(defaults.connections);
        HttpLimits {
            connections,
            connections_per_address: (connections / 2).max(1),
            uploads: usize::try_from(self.limits.uploads.0).unwrap_or(defaults.uploads),
            ..defaults
        }
    }

    /// Every setting with its value and source, for `cairn config show`. Secrets are not among them.
    pub fn rows(&self) -> Vec<Row> {
        let limits = &self.limits;
        vec![
            self.row("config", &self.file, |value| show_optional(value.as_ref())),
            self.row("data-dir", &self.data_dir, Value::show),
            self.row("listen", &self.listen, |list| show_list(list)),
            self.row("listen-http", &self.listen_http, |list| show_list(list)),
            self.row("external-url", &self.external_url, |value| show_optional(value.as_ref())),
            self.row("trusted-proxy", &self.trusted_proxy, |list| show_list(list)),
            self.row("tls-cert", &self.tls_cert, |value| show_optional(value.as_ref())),
            self.row("tls-key", &self.tls_key, |value| show_optional(value.as_ref())),
            self.row("tls-self-signed", &self.tls_self_signed, Value::show),
            self.row("disable-registry", &self.disable_registry, Value::show),
            self.row("log-format", &self.log_format, Value::show),
            self.row("log-level", &self.log_level, Value::show),
            self.row("metrics-allow", &self.metrics_allow, |list| show_list(list)),
            self.row("webhook-allow", &self.webhook_allow, |list| show_list(list)),
            self.row("limits.upload-bytes", &limits.upload_bytes, Value::show),
            self.row("limits.unpacked-bytes", &limits.unpacked_bytes, Value::show),
            self.row("limits.entry-bytes", &limits.entry_bytes, Value::show),
            self.row("limits.entries", &limits.entries, Value::show),
            self.row("limits.ratio", &limits.ratio, Value::show),
            self.row("limits.ratio-free-bytes", &limits.ratio_free_bytes, Value::show),
            self.row("limits.uploads", &limits.uploads, Value::show),
            self.row("limits.connections", &limits.connections, Value::show),
            self.row("limits.webhook-retry-seconds", &limits.webhook_retry_seconds, Value::show),
            self.row("ci.issuer", &self.ci.issuers, |list| join(list, ci::show_issuer)),
            self.row("ci.gitlab", &self.ci.gitlabs, |list| show_list(list)),
        ]
    }

    fn row<T>(&self, name: &'static str, setting: &Setting<T>, show: fn(&T) -> String) -> Row {
        let source = match (setting.source, self.file.as_deref()) {
            (Source::Environment, _) => format!("environment {}", layers::variable(name)),
            (Source::File, Some(path)) => format!("file {}", path.display()),
            (source, _) => source.to_string(),
        };
        Row { name, value: show(&setting.value), source }
    }
}

impl Limits {
    fn resolve(file: file::Limits) -> Self {
        let archive = ArchiveLimits::default();
        let http = HttpLimits::default();
        let bytes = |found, default| limit(found, ByteCount(default));
        let count = |found, default: u64| limit(found, Count(u32::try_from(default).unwrap_or(u32::MAX)));
        Self {
            upload_bytes: bytes(file.upload_bytes, archive.compressed_bytes),
            unpacked_bytes: bytes(file.unpacked_bytes, archive.unpacked_bytes),
            entry_bytes: bytes(file.entry_bytes, archive.entry_bytes),
            entries: count(file.entries, archive.entries),
            ratio: count(file.ratio, archive.ratio),
            ratio_free_bytes: bytes(file.ratio_free_bytes, archive.ratio_free_bytes),
            uploads: count(file.uploads, http.uploads as u64),
            connections: count(file.connections, http.connections as u64),
            webhook_retry_seconds: count(file.webhook_retry_seconds, WEBHOOK_RETRY_SECONDS),
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.entry_bytes.0 > self.unpacked_bytes.0 {
            return Err(ConfigError::Conflict(format!(
                "limits.entry-bytes ({}) is above limits.unpacked-bytes ({}), which holds all entries; \
                 lower the one or raise the other",
                self.entry_bytes.0, self.unpacked_bytes.0
            )));
        }
        if self.uploads.0 > self.connections.0 {
            return Err(ConfigError::Conflict(format!(
                "limits.uploads ({}) is above limits.connections ({}); lower the one or raise the other",
                self.uploads.0, self.connections.0
            )));
        }
        Ok(())
    }
}

fn limit<T>(found: Option<file::One<T>>, default: T) -> Setting<T> {
    match found {
        Some(file::One(value)) => Setting { value, source: Source::File },
        None => Setting { value: default, source: Source::Default },
    }
}

fn parse_file(path: &Path) -> Result<File, ConfigError> {
    let text = layers::read_file(path)?;
    File::parse(&text).map_err(|source| ConfigError::File { path: path.to_owned(), source: Box::new(source) })
}

fn show_optional<T: Value>(value: Option<&T>) -> String {
    value.map(Value::show).unwrap_or_default()
}

fn show_list<T: Value>(values: &[T]) -> String {
    join(values, Value::show)
}

fn join<T>(values: &[T], show: fn(&T) -> String) -> String {
    values.iter().map(show).collect::<Vec<_>>().join(",")
}

/// The process's own environment. A value that is not UTF-8 arrives with replacement characters, and is then refused
/// where it matters.
pub fn process_environment(variable: &str) -> Option<String> {
    std::env::var_os(variable).map(|value| value.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
