//! The tokens that CI systems give their jobs: those in variables, and the one that GitHub makes on request.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use hyper::Request;
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{CiEnvironment, System, Variables, filled};
use crate::outbound::{Body, Client, ClientOptions};

/// A token that a variable holds.
#[derive(Debug)]
pub(in crate::cli) struct StoredToken {
    /// Its value.
    pub secret: SecretString,
    /// The name of the variable.
    pub variable: &'static str,
}

/// The token of a job: the ID token made for this registry, or GitLab's own token of the job.
pub(in crate::cli) fn stored_token(
    variables: Variables<'_>,
    environment: Option<&CiEnvironment>,
) -> Option<StoredToken> {
    let of_gitlab = environment.is_some_and(|environment| environment.system == System::Gitlab);
    let names = [("CAIRN_ID_TOKEN", true), ("CI_JOB_TOKEN", of_gitlab)];
    names.into_iter().filter(|(_, counts)| *counts).find_map(|(variable, _)| {
        filled(variables, variable).map(|secret| StoredToken { secret: secret.into(), variable })
    })
}

/// How a job of GitHub Actions gets an ID token: it has this when its permissions say `id-token: write`.
///
/// <https://docs.github.com/en/actions/reference/security/oidc>
pub(in crate::cli) struct IdTokenRequest {
    url: Url,
    bearer: SecretString,
}

impl fmt::Debug for IdTokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdTokenRequest").finish_non_exhaustive()
    }
}

/// GitHub's answer.
#[derive(Deserialize)]
struct Answer {
    value: String,
}

impl IdTokenRequest {
    /// Of the environment, where it has one.
    pub(in crate::cli) fn of(variables: Variables<'_>, environment: &CiEnvironment) -> Option<Self> {
        if environment.system != System::Github {
            return None;
        }
        let url = filled(variables, "ACTIONS_ID_TOKEN_REQUEST_URL")?.parse().ok()?;
        let bearer = filled(variables, "ACTIONS_ID_TOKEN_REQUEST_TOKEN")?.into();
        Some(Self { url, bearer })
    }

    /// Asks for a token that is meant for the registry at `audience`.
    pub(in crate::cli) async fn fetch(
        self,
        audience: &str,
        extra_ca: Option<PathBuf>,
    ) -> Result<SecretString> {
        let client = Client::new(ClientOptions { extra_ca, ..ClientOptions::default() })?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.bearer.expose_secret()))
            .map_err(|_not_ascii| anyhow!("ACTIONS_ID_TOKEN_REQUEST_TOKEN has characters no token has"))?;
        bearer.set_sensitive(true);
        let mut url = self.url;
        url.query_pairs_mut().append_pair("audience", audience);
        let request = Request::get(url.as_str())
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, "application/json; api-version=2.0")
            .body(Body::empty())?;
        let answer = client.request(request).await.context("GitHub gave no ID token")?;
        if !answer.status().is_success() {
            bail!("GitHub gave no ID token: {}", answer.status());
        }
        // What it says is not repeated: the token may be in it.
        let answer: Answer = serde_json::from_slice(answer.body())
            .map_err(|_unexpected| anyhow!("GitHub gave no ID token: its answer has no \"value\""))?;
        Ok(answer.value.into())
    }
}
