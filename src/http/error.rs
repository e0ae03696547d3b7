//! From an error to an HTTP answer: the only place that gives errors a status and a text.

use hyper::ext::ReasonPhrase;
use hyper::header::{ALLOW, CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Method, StatusCode};
use serde_json::json;

use super::api::endpoint::Api;
use super::api::routes::Route;
use super::endpoint::{Endpoint, Family, Terraform};
use super::response::{Reply, json, text};
use crate::domain::access::Refusal;
use crate::service::ServiceError;
use crate::web::errors::Problem;
use crate::web::{self, Page};

/// An error as an answer of that endpoint.
pub(super) fn reply(error: &ServiceError, endpoint: &Endpoint<'_>) -> Reply {
    let error = match error {
        // Who is not led on to the new path is answered as if there were none.
        ServiceError::Moved(moved) => &moved.unknown,
        other => other,
    };
    if let ServiceError::Internal(inner) = error {
        tracing::error!(error = %inner, route = endpoint.pattern(), "a request failed");
    }
    refusal(error, endpoint)
}

/// The same without a word in the log: the description of the API asks this way too.
pub(super) fn refusal(error: &ServiceError, endpoint: &Endpoint<'_>) -> Reply {
    let status = status(error, endpoint.family());
    let sentence = sentence(error, endpoint.family(), status);
    if matches!(endpoint, Endpoint::Authorize) {
        return page(error, web::login::refused(&sentence));
    }
    let mut reply = match form(error, endpoint) {
        Form::Text => text(status, sentence.clone() + "\n"),
        Form::Errors => errors(status, &sentence),
        Form::Grant => json(
            StatusCode::BAD_REQUEST,
            &json!({ "error": grant_code(error), "error_description": sentence }),
        ),
        Form::GitLab => gitlab(error, status, &sentence),
    };
    // For a refused list of versions, Terraform shows the reason phrase and nothing else.
    if matches!(endpoint, Endpoint::Terraform(..))
        && matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        && let Ok(phrase) = ReasonPhrase::try_from(ascii(&sentence).into_bytes())
    {
        reply.extensions_mut().insert(phrase);
    }
    if reply.status() == StatusCode::UNAUTHORIZED {
        reply.headers_mut().insert(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"cairn\", Bearer realm=\"cairn\""),
        );
    }
    retry_after(error, &mut reply);
    reasoned(error, reply)
}

/// Why a request was refused, beside the answer: for the audit log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reason(&'static str);

fn reasoned(error: &ServiceError, mut reply: Reply) -> Reply {
    reply.extensions_mut().insert(Reason(error.code()));
    reply
}

/// The word for why an answer refuses what was asked for; nothing for any other answer.
pub(super) fn reason_of(reply: &Reply) -> Option<&'static str> {
    let status = reply.status();
    let refuses = matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::CONFLICT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::TOO_MANY_REQUESTS
    );
    let reason = reply.extensions().get::<Reason>().map(|Reason(word)| *word);
    refuses.then_some(reason.unwrap_or("refused"))
}

/// How the body of a refusal says what was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A sentence: Terraform prints the body of a refused download word for word, and nothing else.
    Text,
    /// The public registry's `errors`.
    Errors,
    /// A code and a sentence (RFC 6749, section 5.2).
    Grant,
    /// GitLab's `message` or `error`.
    GitLab,
}

/// The form in which an endpoint tells an error.
pub(super) const fn form(error: &ServiceError, endpoint: &Endpoint<'_>) -> Form {
    match (error, endpoint) {
        (_, Endpoint::Terraform(_, Terraform::Download(_))) => Form::Text,
        (_, Endpoint::Modules(_)) => Form::Errors,
        (
            ServiceError::Unauthenticated(_)
            | ServiceError::Invalid(_)
            | ServiceError::Incomplete
            | ServiceError::Grant(_),
            Endpoint::Api(Api::Identity(Route::SignIn)),
        ) => Form::Grant,
        _ => Form::GitLab,
    }
}

/// The RFC's name for why no token was given.
const fn grant_code(error: &ServiceError) -> &'static str {
    match error {
        ServiceError::Unauthenticated(_) => "invalid_grant",
        ServiceError::Grant(bad) => bad.code(),
        _ => "invalid_request",
    }
}

fn gitlab(error: &ServiceError, status: StatusCode, sentence: &str) -> Reply {
    match error {
        ServiceError::Invalid(problem) => json(status, &json!({ "error": problem })),
        ServiceError::TooLarge(_) | ServiceError::Incomplete => json(status, &json!({ "error": sentence })),
        ServiceError::Refused { refusal: Refusal::Scope, .. } => json(
            status,
            &json!({ "error": "insufficient_scope", "error_description": sentence, "message": message(status, sentence) }),
        ),
        _ => json(status, &json!({ "message": message(status, sentence) })),
    }
}

/// An error as a page that says it. 422 stands in for 401, which has to ask for credentials in a header, and a browser
/// would open a dialog of its own for them.
pub(super) fn page(error: &ServiceError, page: Page) -> Reply {
    restated(error, Reply::from(page))
}

/// The same for a page that is an answer already.
pub(super) fn restated(error: &ServiceError, mut reply: Reply) -> Reply {
    *reply.status_mut() = match status(error, Family::Page) {
        StatusCode::UNAUTHORIZED => StatusCode::UNPROCESSABLE_ENTITY,
        other => other,
    };
    retry_after(error, &mut reply);
    reasoned(error, reply)
}

/// An error as the page that `draw` makes of its status and sentence. 401 asks with a scheme that browsers have no
/// dialog for: the page has the form.
pub(super) fn framed(
    error: &ServiceError,
    route: &'static str,
    draw: impl FnOnce(&Problem) -> Page,
) -> Reply {
    let error = match error {
        ServiceError::Moved(moved) => &moved.unknown,
        other => other,
    };
    if let ServiceError::Internal(inner) = error {
        tracing::error!(error = %inner, route, "a request failed");
    }
    let status = status(error, Family::Page);
    let sentence = match error {
        // The page itself says what there is to say.
        ServiceError::Refused { refusal: Refusal::Hidden, .. }
        | ServiceError::Refused { anonymous: true, .. }
        | ServiceError::NotFound(_)
        | ServiceError::Unauthenticated(_)
        | ServiceError::Internal(_) => String::new(),
        other => trimmed(&other.to_string(), "Forbidden: ").to_owned(),
    };
    let needs_role =
        matches!(error, ServiceError::Refused { refusal: Refusal::Needs(_), anonymous: false, .. });
    let mut reply = Reply::from(draw(&Problem { status: status.as_u16(), sentence, needs_role }));
    *reply.status_mut() = status;
    if status == StatusCode::UNAUTHORIZED {
        reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Cookie realm=\"cairn\""));
    }
    retry_after(error, &mut reply);
    reasoned(error, unkept(reply))
}

/// A refusal that is not a page yet as one, with the headers it had.
pub(super) fn reframed(refused: &Reply, draw: impl FnOnce(&Problem) -> Page) -> Reply {
    let status = refused.status();
    let mut reply =
        Reply::from(draw(&Problem { status: status.as_u16(), sentence: String::new(), needs_role: false }));
    *reply.status_mut() = status;
    if let Some(allow) = refused.headers().get(ALLOW) {
        reply.headers_mut().insert(ALLOW, allow.clone());
    }
    unkept(reply)
}

/// What is wrong now may be right a moment later.
fn unkept(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// Whether signing in could help, and there is nothing to hide behind "not found".
pub(super) fn needs_sign_in(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Unauthenticated(_) | ServiceError::Refused { .. })
        && status(error, Family::Page) == StatusCode::UNAUTHORIZED
}

fn retry_after(error: &ServiceError, reply: &mut Reply) {
    match error {
        ServiceError::Throttled(wait) => {
            reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        ServiceError::Unavailable(_) | ServiceError::Crowded(_) => {
            // Terraform sleeps for as long as it is told.
            reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
}

/// No such URL.
pub(super) fn unknown_route() -> Reply {
    json(StatusCode::NOT_FOUND, &json!({ "error": "404 Not Found" }))
}

/// A request that breaks the rules of HTTP.
pub(super) fn bad_request(problem: &'static str) -> Reply {
    json(StatusCode::BAD_REQUEST, &json!({ "error": problem }))
}

/// A transfer coding we do not undo.
pub(super) fn not_implemented(problem: &'static str) -> Reply {
    json(StatusCode::NOT_IMPLEMENTED, &json!({ "error": problem }))
}

/// The URL exists, for other methods.
pub(super) fn method_not_allowed(endpoint: &Endpoint<'_>) -> Reply {
    let mut methods: Vec<&str> = endpoint.methods().iter().map(Method::as_str).collect();
    if endpoint.methods().contains(&Method::GET) {
        methods.push("HEAD");
    }
    let (status, text) = (StatusCode::METHOD_NOT_ALLOWED, "405 Not Allowed");
    let mut reply = match endpoint {
        Endpoint::Modules(_) => errors(status, text),
        _ => json(status, &json!({ "error": text })),
    };
    if let Ok(value) = HeaderValue::from_str(&methods.join(", ")) {
        reply.headers_mut().insert(ALLOW, value);
    }
    reply
}

fn errors(status: StatusCode, sentence: &str) -> Reply {
    json(status, &json!({ "errors": [sentence] }))
}

fn status(error: &ServiceError, family: Family) -> StatusCode {
    match error {
        ServiceError::RegistryDisabled | ServiceError::NotFound(_) | ServiceError::Moved(_) => {
            StatusCode::NOT_FOUND
        }
        ServiceError::ConflictingCredentials
        | ServiceError::Invalid(_)
        | ServiceError::Grant(_)
        | ServiceError::TooLarge(_)
        | ServiceError::Incomplete => StatusCode::BAD_REQUEST,
        ServiceError::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        ServiceError::Refused { refusal, anonymous, .. } => refused(*refusal, *anonymous, family),
        ServiceError::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
        ServiceError::Duplicate(_) | ServiceError::Forbidden(_) => StatusCode::FORBIDDEN,
        ServiceError::Taken(_) => StatusCode::CONFLICT,
        ServiceError::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        ServiceError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        ServiceError::Throttled(_) | ServiceError::Crowded(_) => StatusCode::TOO_MANY_REQUESTS,
        ServiceError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// GitLab's families of refusals.
const fn refused(refusal: Refusal, anonymous: bool, family: Family) -> StatusCode {
    match (refusal, family, anonymous) {
        (Refusal::RegistryOff, ..) | (Refusal::Hidden, Family::Namespace, false) => StatusCode::FORBIDDEN,
        (Refusal::Hidden, Family::Namespace | Family::Project, true) => StatusCode::UNAUTHORIZED,
        (Refusal::Hidden, ..) => StatusCode::NOT_FOUND,
        // Whoever sees a package and may not delete it is refused alike, signed in or not.
        (_, Family::Packages, _) | (_, _, false) => StatusCode::FORBIDDEN,
        (_, _, true) => StatusCode::UNAUTHORIZED,
    }
}

fn sentence(error: &ServiceError, family: Family, status: StatusCode) -> String {
    match error {
        ServiceError::Refused { refusal: Refusal::Hidden, anonymous, subject } => match (family, anonymous) {
            (Family::Namespace, true) => {
                "set a token for this host (credentials block or TF_TOKEN_...): the module is not public, or does not exist"
                    .to_owned()
            }
            (Family::Namespace, false) => {
                "no access to this namespace with this token, or it does not exist: ask its owner for a role".to_owned()
            }
            (Family::Project, true) => {
                "set a token for this host: the project is not public, or does not exist".to_owned()
            }
            _ => format!("{subject} Not Found"),
        },
        ServiceError::NotFound(what) if status == StatusCode::NOT_FOUND => {
            format!("{} Not Found", what.trim_start_matches("404 "))
        }
        other => other.to_string(),
    }
}

/// GitLab's form: `404 Project Not Found`, `403 Forbidden - why`.
fn message(status: StatusCode, sentence: &str) -> String {
    let code = status.as_u16();
    if sentence.ends_with("Not Found") {
        return format!("{code} {sentence}");
    }
    // Duplicates and archives say all there is to say; GitLab's own clients show them as they are.
    match status {
        StatusCode::UNAUTHORIZED => format!("401 Unauthorized - {}", trimmed(sentence, "Unauthorized: ")),
        StatusCode::FORBIDDEN if !sentence.starts_with("A module") => {
            format!("403 Forbidden - {}", trimmed(sentence, "Forbidden: "))
        }
        StatusCode::NOT_FOUND => format!("404 Not Found - {sentence}"),
        _ => sentence.to_owned(),
    }
}

fn trimmed<'a>(sentence: &'a str, prefix: &str) -> &'a str {
    sentence.strip_prefix(prefix).unwrap_or(sentence)
}

/// A reason phrase is ASCII without control characters.
fn ascii(sentence: &str) -> String {
    sentence.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' }).collect()
}
