//! The flags of `cairn serve`, as typed: nothing is judged here, so that the origin of a value stays known.

use clap::ValueHint;

/// The flags of `cairn serve` and `cairn config show`. Each may also come from `CAIRN_<FLAG>` or the file.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServeArgs {
    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<String>,

    /// Keep all data in this directory [default: ./cairn-data]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: Option<String>,

    /// Listen on this address, with TLS when a certificate is configured (repeatable) [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<String>,

    /// Listen on this address without TLS as well (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub listen_http: Vec<String>,

    /// The URL clients reach the server by, such as <https://registry.example.com>
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub external_url: Option<String>,

    /// Believe `X-Forwarded-For` and `X-Forwarded-Proto` from this network only (repeatable)
    #[arg(long, value_name = "CIDR")]
    pub trusted_proxy: Vec<String>,

    /// The certificate chain, PEM; reloaded when it changes
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub tls_cert: Option<String>,

    /// The private key of the certificate, PEM; reloaded when it changes
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub tls_key: Option<String>,

    /// Use a certificate of an own authority, kept in `<data-dir>/tls/`
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub tls_self_signed: Option<String>,

    /// Switch the module registry off, whatever the stored switch says
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub disable_registry: Option<String>,

    /// How log lines look [default: text]
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "json"])]
    pub log_format: Option<String>,

    /// Which log lines are written: a level, or directives such as `info,cairn::store=debug` [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,

    /// Let this network read `/-/metrics` without a token, beside the machine itself (repeatable)
    #[arg(long, value_name = "CIDR")]
    pub metrics_allow: Vec<String>,

    /// Let webhooks go to this network, beside the public internet (repeatable)
    #[arg(long, value_name = "CIDR")]
    pub webhook_allow: Vec<String>,
}
