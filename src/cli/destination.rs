//! The server that modules go to: one with a URL and a token, or the one of a data directory.

#![expect(clippy::indexing_slicing, reason = "a key that a JSON answer lacks reads as null")]

use std::path::PathBuf;

use anyhow::{Context, Result};
use hyper::Method;
use secrecy::{ExposeSecret, SecretString};

use super::Usage;
use super::client::Client;

/// Where `cairn serve` listens when it is not told.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Which server, and with which rights.
#[derive(Debug, clap::Args)]
pub(super) struct Destination {
    #[arg(
        long,
        env = "CAIRN_URL",
        help = "URL of the server, to go with a token [default: http://127.0.0.1:8080]"
    )]
    url: Option<String>,
    /// A token that may publish; without one, the server of --data-dir is used through its control socket
    #[arg(long, env = "CAIRN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Data directory of the server to use when there is no token
    #[arg(long, value_name = "DIR", env = "CAIRN_DATA_DIR", default_value = "./cairn-data")]
    data_dir: PathBuf,
    /// Trust the certificates in this PEM file beside the system's
    #[arg(long, value_name = "FILE", env = "CAIRN_CA_FILE")]
    ca_file: Option<PathBuf>,
}

impl Destination {
    fn token(&self) -> Option<&str> {
        self.token.as_deref().filter(|token| !token.is_empty())
    }

    /// The URL, when it was given without a token.
    pub(super) fn url_without_token(&self) -> Option<&str> {
        self.url.as_deref().filter(|_| self.token().is_none())
    }

    /// Whether there is neither a URL nor a token nor a data directory.
    pub(super) fn is_nowhere(&self) -> bool {
        self.url.is_none() && self.token().is_none() && !self.data_dir.exists()
    }

    /// Goes there with a token that was found elsewhere.
    pub(super) fn use_token(&mut self, token: &SecretString) {
        self.token = Some(token.expose_secret().to_owned());
    }

    /// The file of certificates to trust.
    pub(super) fn ca_file(&self) -> Option<PathBuf> {
        self.ca_file.clone()
    }

    /// Refuses a URL without a token: the server of the data directory is another one.
    pub(super) fn check(&self) -> Result<(), Usage> {
        match (&self.url, self.token()) {
            (Some(url), None) => Err(Usage(format!(
                "publishing to {url} needs a token: give one with --token or CAIRN_TOKEN, or leave --url and \
                 CAIRN_URL out to use the server of --data-dir"
            ))),
            _ => Ok(()),
        }
    }

    /// The way to it.
    pub(super) async fn open(&self) -> Result<Client> {
        match self.token() {
            Some(token) => {
                let url = self.url.as_deref().unwrap_or(DEFAULT_URL);
                Client::remote(url, SecretString::from(token), self.ca_file.clone())
            }
            None => Client::open(&self.data_dir)
                .await
                .context("no token was given (--token or CAIRN_TOKEN), and no local server could be used"),
        }
    }

    /// The URL people will use the server by.
    pub(super) async fn public_url(&self, client: &Client) -> String {
        if client.is_operator()
            && let Ok(status) = client.call(Method::GET, "/-/control/status", None).await
            && let Some(url) = status["url"].as_str().filter(|url| !url.is_empty())
        {
            return url.to_owned();
        }
        // Terraform takes a host only when there is a dot in it.
        let url = self.url.as_deref().unwrap_or(DEFAULT_URL);
        url.trim_end_matches('/').replacen("://localhost", "://127.0.0.1", 1)
    }
}

/// Host and port of a URL.
pub(super) fn host_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, host)| host)
}
