//! With which statuses an operation may refuse: reasons that follow from its endpoint, as the error mapping answers them.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::operation::{Body, Operation};
use super::schema::{reference, string};
use crate::domain::Role;
use crate::domain::access::Refusal;
use crate::http::endpoint::{Credentials, Endpoint, Family};
use crate::http::error::{self, Form};
use crate::service::ServiceError;
use crate::service::error::{BadCredential, Duplicate, DuplicateKind, InternalError};

/// Why an operation refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// A parameter is missing or malformed.
    Parameters,
    /// Two credentials in one request.
    TwoCredentials,
    /// No credential where one is needed, or one that is not valid.
    Credential,
    /// What the path or a parameter names does not exist for this caller.
    Hidden,
    /// The caller's role or token does not reach.
    NotAllowed,
    /// The registry is off for the instance.
    SwitchedOff,
    /// The registry is off for the project.
    ProjectSwitchedOff,
    /// Something in the way: a name that is taken, a thing still in use.
    Taken,
    /// A name or an archive that cannot be a module.
    NoModule,
    /// The version or the module is there already.
    Duplicate,
    /// Too many failed attempts.
    Throttled,
    /// Too much at once of one caller.
    Crowded,
    /// The disk is full.
    DiskFull,
    /// The server is starting, stopping or busy.
    Busy,
    /// The program or the disk is at fault.
    Broken,
}

impl Reason {
    /// What follows from the endpoint, the method and the parameters.
    fn derived(endpoint: &Endpoint<'_>, operation: &Operation) -> Vec<Self> {
        let mut reasons = Vec::new();
        let mut on = |applies: bool, reason: Self| {
            if applies {
                reasons.push(reason);
            }
        };
        let identifies = endpoint.credentials() == Credentials::Optional;
        let changes = operation.method != Method::GET;
        let has_body = !matches!(operation.body, Body::Absent);
        let in_path = operation.path.contains("/:");
        on(in_path || has_body || !operation.parameters.is_empty(), Self::Parameters);
        on(identifies, Self::TwoCredentials);
        on(identifies, Self::Credential);
        on(identifies && endpoint.family() != Family::Page, Self::NotAllowed);
        on(in_path, Self::Hidden);
        on(endpoint.needs_registry(), Self::SwitchedOff);
        on(endpoint.needs_registry(), Self::ProjectSwitchedOff);
        on(changes, Self::DiskFull);
        on(identifies, Self::Crowded);
        on(true, Self::Broken);
        on(true, Self::Busy);
        reasons
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Parameters => "A parameter is missing or malformed.",
            Self::TwoCredentials => "The request carries two different credentials.",
            Self::Credential => "A credential is needed, or the one given is not valid.",
            Self::Hidden => "It does not exist, or this caller may not know of it.",
            Self::NotAllowed => "The caller's role or the scopes of the token do not allow it.",
            Self::SwitchedOff => "The registry is switched off on this server.",
            Self::ProjectSwitchedOff => "The registry is switched off for the project.",
            Self::Taken => "A name is taken, or something is still in use.",
            Self::NoModule => "The names, the version or the archive cannot be a module; says why.",
            Self::Duplicate => "The version is there already, or the module is in another project.",
            Self::Throttled => "Too many failed attempts: wait as long as `Retry-After` says.",
            Self::Crowded => "Too many requests of this caller at once: try again in a moment.",
            Self::DiskFull => "The server's disk is full.",
            Self::Busy => "The server is starting, stopping or busy: try again in a moment.",
            Self::Broken => "The server failed; its log says how.",
        }
    }

    /// Errors that are given for this reason.
    fn errors(self) -> Vec<ServiceError> {
        let refused = |refusal| {
            [true, false].map(|anonymous| ServiceError::Refused { refusal, anonymous, subject: "" }).into()
        };
        match self {
            Self::Parameters => vec![ServiceError::Invalid(String::new()), ServiceError::Incomplete],
            Self::TwoCredentials => vec![ServiceError::ConflictingCredentials],
            Self::Credential => vec![ServiceError::Unauthenticated(BadCredential::Unknown)],
            Self::Hidden => {
                [refused(Refusal::Hidden), vec![ServiceError::NotFound("")]].into_iter().flatten().collect()
            }
            Self::NotAllowed => refused(Refusal::Needs(Role::Owner)),
            Self::SwitchedOff => vec![ServiceError::RegistryDisabled],
            Self::ProjectSwitchedOff => refused(Refusal::RegistryOff),
            Self::Taken => vec![ServiceError::Taken(String::new())],
            Self::NoModule => vec![ServiceError::Unprocessable(String::new())],
            Self::Duplicate => vec![ServiceError::Duplicate(Box::new(Duplicate {
                module: String::new(),
                kind: DuplicateKind::SameVersion {
                    version: String::new(),
                    sha256: String::new(),
                    identical: None,
                },
            }))],
            Self::Throttled => vec![ServiceError::Throttled(Duration::ZERO)],
            Self::Crowded => vec![ServiceError::Crowded("")],
            Self::DiskFull => vec![ServiceError::StorageFull],
            Self::Busy => vec![ServiceError::Unavailable("")],
            Self::Broken => vec![ServiceError::Internal(InternalError::Other(""))],
        }
    }
}

/// The refusals of an operation: Response Objects by status.
pub(super) fn responses(endpoint: &Endpoint<'_>, operation: &Operation) -> BTreeMap<StatusCode, Value> {
    let mut reasons = Reason::derived(endpoint, operation);
    reasons.extend(&operation.refuses);
    let mut found: BTreeMap<StatusCode, (Form, Vec<&str>)> = BTreeMap::new();
    for reason in reasons {
        for error in reason.errors() {
            let status = error::refusal(&error, endpoint).status();
            // Of one status, an endpoint's refusals have one form.
            let (_, texts) = found.entry(status).or_insert((error::form(&error, endpoint), Vec::new()));
            if !texts.contains(&reason.text()) {
                texts.push(reason.text());
            }
        }
    }
    let response =
        |form, texts: Vec<&str>| json!({ "description": texts.join(" "), "content": content(form) });
    found.into_iter().map(|(status, (form, texts))| (status, response(form, texts))).collect()
}

fn content(form: Form) -> Value {
    let json = |name| json!({ "application/json": { "schema": reference(name) } });
    match form {
        Form::Text => json!({ "text/plain": { "schema": string() } }),
        Form::Errors => json("Errors"),
        Form::Grant => json("GrantError"),
        Form::GitLab => json("Error"),
    }
}
