//! The life of a request, in order: head checked, endpoint found, switch, credential, use case, answer, one log line.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Body;
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode, Version};

use super::address_text::AddressText;
use super::endpoint::{Credentials, Endpoint, Segments, Terraform};
use super::ready::{Content, Found, Question};
use super::request::{Client, Context, Peer, RequestBody, Survey, credential};
use super::request_id::RequestId;
use super::response::{Reply, ReplyBody};
use super::{
    App, api, assets, control, error, file, login, modules, moved, openapi, ops, pages, ready, terraform,
    upload,
};
use crate::service::audit::{Origin, RefusedRequest};
use crate::service::publish::Target;
use crate::service::ready::Acquaintance;
use crate::service::{Caller, Registry, ServiceError};
use crate::telemetry::StatusClass;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Says that a client that speaks HTTPS shall go on to do so.
pub(super) const HSTS: &str = "max-age=31536000";
/// Route of requests that name no endpoint: their paths must not appear in logs and metrics.
const UNKNOWN_ROUTE: &str = "(unknown)";

/// What the log line says besides the answer.
struct Outcome {
    reply: Reply,
    route: &'static str,
    caller: Arc<str>,
}

/// A request that is not answered at once.
pub(super) struct Begun {
    head: Parts,
    body: RequestBody,
    peer: Peer,
    client: Client,
    survey: Survey,
    id: RequestId,
    started: Instant,
    /// What its head is refused with.
    refused: Option<Reply>,
    /// An archive that is ready and has to be opened.
    found: Option<Found>,
    /// Its address asks for more than its part.
    must_wait: bool,
}

/// Answers one request. It is `ambiguous` when its head said twice where its body ends.
pub async fn answer(
    app: &App,
    (peer, acquaintance): (Peer, &Mutex<Acquaintance>),
    request: Request<RequestBody>,
    ambiguous: bool,
) -> Reply {
    match begin(app, (peer, acquaintance), request, ambiguous) {
        Ok(reply) => reply,
        Err(begun) => begun.go_on(app, acquaintance).await,
    }
}

/// Answers a request if that takes no waiting. As long as a head is held, hyper reads into fresh memory: what is answered
/// here gave it back before the next is read.
pub(super) fn begin(
    app: &App,
    (peer, acquaintance): (Peer, &Mutex<Acquaintance>),
    request: Request<RequestBody>,
    ambiguous: bool,
) -> Result<Reply, Box<Begun>> {
    let (started, id) = (Instant::now(), app.next_request_id());
    let (head, body) = request.into_parts();
    let survey = Survey::of(&head.headers);
    let client = Client::of(peer, &head.headers, &survey, &app.edge.load().trusted_proxies);
    let must_wait = !app.may_go(client.address, started);
    let refused = if ambiguous {
        Some(error::bad_request("Content-Length and Transfer-Encoding exclude each other"))
    } else {
        check_head(app, &head, &survey, peer)
    };
    let is_asked = refused.is_none() && !must_wait;
    let found = if is_asked { found_ready(app, (peer, acquaintance), &head, &survey) } else { None };
    if let Some(reply) = ready_reply(app, found.as_ref(), id, client, started) {
        return Ok(reply);
    }
    Err(Box::new(Begun { head, body, peer, client, survey, id, started, refused, found, must_wait }))
}

/// The reply that a ready answer makes, if all of it is known, counted and logged.
fn ready_reply(
    app: &App,
    found: Option<&Found>,
    id: RequestId,
    client: Client,
    started: Instant,
) -> Option<Reply> {
    let Some(Found { content: Content::Whole(answer), route, who }) = found else { return None };
    let mut reply = answer.reply()?;
    mark(&mut reply, id, client.https);
    tell_ready(app, (answer.status(), answer.body().len() as u64), (route, who), id, client, started);
    Some(reply)
}

/// Counts and logs an answer that was ready. It goes out in one piece: what is known now is what there is to tell.
pub(super) fn tell_ready(
    app: &App,
    (status, bytes): (StatusCode, u64),
    (route, who): (&'static str, &str),
    id: RequestId,
    client: Client,
    started: Instant,
) {
    app.metrics.ready_answer();
    let (status, took) = (status.as_u16(), started.elapsed());
    app.metrics.request(route, "GET", StatusClass::from(status), took, bytes);
    log_answer(&Answered { id, method: "GET", route, status, bytes, who, client, took });
}

impl Begun {
    /// Answers it.
    pub(super) async fn go_on(self: Box<Self>, app: &App, acquaintance: &Mutex<Acquaintance>) -> Reply {
        let Self { head, body, peer, client, survey, id, started, refused, mut found, must_wait } = *self;
        if must_wait {
            app.turn_of(client.address).await;
            if refused.is_none() {
                found = found_ready(app, (peer, acquaintance), &head, &survey);
            }
        }
        if let Some(reply) = ready_reply(app, found.as_ref(), id, client, started) {
            return reply;
        }
        let mut outcome = if let Some(mut refused) = refused {
            // Where such a request ends is in doubt: nothing behind it is read as another.
            refused.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            Outcome { reply: refused, route: UNKNOWN_ROUTE, caller: nobody() }
        } else if let Some(Found { content: Content::Archive(archive), route, who }) = found
            && let Ok(reply) = file::send(&app.registry, &archive, &head.method, &head.headers).await
        {
            app.metrics.ready_answer();
            Outcome { reply, route, caller: who }
        } else {
            let registry = app.registry.for_request(Origin::new(id.as_str().to_owned(), client.address));
            route(app, &registry, peer, client, &head, body).await
        };
        if survey.codings > 0 {
            // Where such a body ends is not followed, so nothing may come after it: see framing.rs.
            outcome.reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        finish(&mut outcome.reply, &head, id, client.https);
        record(app, &head, &mut outcome, id, client, started);
        outcome.reply
    }
}

async fn route(
    app: &App,
    registry: &Registry,
    peer: Peer,
    client: Client,
    head: &Parts,
    body: RequestBody,
) -> Outcome {
    let unknown = |reply| Outcome { reply, route: UNKNOWN_ROUTE, caller: nobody() };
    let Ok(segments) = Segments::split(head.uri.path()) else { return unknown(error::unknown_route()) };
    let Some(endpoint) = segments.endpoint() else { return unknown(error::unknown_route()) };
    let route = endpoint.pattern();
    if matches!(endpoint, Endpoint::Control(_)) && !matches!(peer, Peer::Operator) {
        return unknown(error::unknown_route());
    }
    let method = if head.method == Method::HEAD { &Method::GET } else { &head.method };
    if !endpoint.methods().contains(method) {
        let mut reply = error::method_not_allowed(&endpoint);
        if let Endpoint::Page(page) = endpoint {
            reply = pages::refuse_method(app, client, head, page, &reply);
        }
        return Outcome { reply, route, caller: nobody() };
    }
    let caller = match identify(app, peer, client, head, &endpoint).await {
        Ok(caller) => caller,
        Err(refused) => {
            let context = Context { app, registry, head, client, caller: Caller::Anonymous };
            let reply = refuse(&context, &endpoint, body, &refused).await;
            note(&context, &endpoint, &reply);
            return Outcome { reply, route, caller: nobody() };
        }
    };
    registry.asked_by(&caller);
    let label = caller.label().into();
    let context = Context { app, registry, head, client, caller };
    let reply = perform(&context, &endpoint, body).await;
    note(&context, &endpoint, &reply);
    Outcome { reply, route, caller: label }
}

/// The answer that is ready for a request from the network, whoever sends it.
fn found_ready(
    app: &App,
    (peer, acquaintance): (Peer, &Mutex<Acquaintance>),
    head: &Parts,
    survey: &Survey,
) -> Option<Found> {
    match peer {
        Peer::Network { .. } => {
            let question = Question::of(head, survey)?;
            // Nobody else has it: a connection has one request at a time.
            let mut acquaintance = acquaintance.lock().unwrap_or_else(PoisonError::into_inner);
            ready::find(app, &mut acquaintance, &question, app.registry.now())
        }
        // It is somebody of its own, whatever credential it sends.
        Peer::Operator => None,
    }
}

/// How the log names who was not looked at.
fn nobody() -> Arc<str> {
    "-".into()
}

/// Has the audit log told of a change that was refused. What reads changes nothing, whoever is refused.
fn note(context: &Context<'_>, endpoint: &Endpoint<'_>, reply: &Reply) {
    let method = &context.head.method;
    if matches!(*method, Method::GET | Method::HEAD) {
        return;
    }
    if let Some(reason) = error::reason_of(reply) {
        context.registry().note_refusal(&RefusedRequest {
            caller: &context.caller,
            status: reply.status().as_u16(),
            reason,
            method: method_name(method),
            route: endpoint.pattern(),
            path: context.head.uri.path(),
        });
    }
}

/// A refusal before anything was done. What an uploader still sends is taken, so that it reads the answer.
async fn refuse(
    context: &Context<'_>,
    endpoint: &Endpoint<'_>,
    mut body: RequestBody,
    refused: &ServiceError,
) -> Reply {
    upload::refuse(context, &mut body, error::reply(refused, endpoint)).await
}

/// RFC 9112: what must be refused so that no two readers of the same bytes see different requests.
fn check_head(app: &App, head: &Parts, survey: &Survey, peer: Peer) -> Option<Reply> {
    if matches!(peer, Peer::Operator) {
        return None;
    }
    let headers = &head.headers;
    if survey.hosts > 1 || (survey.hosts == 0 && head.version != Version::HTTP_10) {
        return Some(error::bad_request("the request needs exactly one Host header"));
    }
    if survey.codings > 0 {
        let codings = headers.get_all(TRANSFER_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let codings: Vec<&str> = codings.flat_map(|value| value.split(',')).map(str::trim).collect();
        if !matches!(codings.as_slice(), [only] if only.eq_ignore_ascii_case("chunked")) {
            return Some(error::not_implemented("the only transfer coding understood is chunked"));
        }
    }
    if survey.bytes > app.limits.head_bytes || survey.fields > app.limits.headers {
        let mut reply = error::bad_request("the request's headers are too large");
        *reply.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Some(reply);
    }
    let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
    (target > app.limits.target_bytes).then(|| {
        let mut reply = error::bad_request("the URL is too long");
        *reply.status_mut() = StatusCode::URI_TOO_LONG;
        reply
    })
}

async fn identify(
    app: &App,
    peer: Peer,
    client: Client,
    head: &Parts,
    endpoint: &Endpoint<'_>,
) -> Result<Caller, ServiceError> {
    if endpoint.needs_registry() {
        app.registry.check_switch()?;
    }
    if matches!(peer, Peer::Operator) {
        return Ok(Caller::Operator);
    }
    match (endpoint.credentials(), endpoint) {
        // The archive endpoint weighs a ticket before it looks at credentials.
        (Credentials::Ignored, _) | (_, Endpoint::Terraform(_, Terraform::Archive(..))) => {
            Ok(Caller::Anonymous)
        }
        (Credentials::Cookie, _) => pages::identify(app, client, head),
        (Credentials::Optional, _) => app.registry.authenticate(credential(&head.headers)?.as_ref()).await,
    }
}

/// The one big match: an endpoint to its use case.
async fn perform(context: &Context<'_>, endpoint: &Endpoint<'_>, mut body: RequestBody) -> Reply {
    let outcome = match *endpoint {
        Endpoint::Page(page) => return pages::answer(context, page, &mut body).await,
        Endpoint::Asset(hash, name) => assets::serve(hash, name, &context.head.headers),
        Endpoint::Discovery => Ok(terraform::discovery()),
        Endpoint::Authorize => login::authorize(context, &mut body).await,
        Endpoint::OpenApi => Ok(openapi::serve(&context.head.headers)),
        Endpoint::Ops(ops) => ops::handle(context, ops),
        Endpoint::Terraform(address, part) => terraform::module(context, address, part).await,
        Endpoint::Modules(part) => modules::handle(context, part).await,
        Endpoint::ProjectModule { project, name, system, part } => match part {
            super::endpoint::ProjectModule::File(version) => {
                return upload::publish(context, endpoint, Target { project, name, system, version }, body)
                    .await;
            }
            part => terraform::project_module(context, project, (name, system), part).await,
        },
        Endpoint::Api(api) => api::handle(context, api, &mut body).await,
        Endpoint::Control(control) => control::handle(context, control, &mut body).await,
    };
    let refused = match outcome {
        Ok(reply) => return reply,
        Err(refused) => refused,
    };
    if let ServiceError::Moved(place) = &refused
        && let Some(reply) = moved::redirect(context, place)
    {
        return reply;
    }
    upload::refuse(context, &mut body, error::reply(&refused, endpoint)).await
}

/// What every answer carries.
fn finish(reply: &mut Reply, head: &Parts, id: RequestId, https: bool) {
    if head.method == Method::HEAD {
        // The length that `GET` would send, where it would send one (RFC 9110, 8.6).
        let length = reply.body().size_hint().exact();
        let bodiless = matches!(reply.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if let Some(length) = length.filter(|_| !bodiless) {
            reply.headers_mut().entry(CONTENT_LENGTH).or_insert(HeaderValue::from(length));
        }
        *reply.body_mut() = ReplyBody::empty();
    }
    common_headers(reply.headers_mut());
    mark(reply, id, https);
}

/// What this answer carries and no other.
fn mark(reply: &mut Reply, id: RequestId, https: bool) {
    let headers = reply.headers_mut();
    headers.insert(REQUEST_ID, id.header());
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
}

/// What every answer carries, unless it has its own.
pub(super) fn common_headers(headers: &mut HeaderMap) {
    // What depends on who asks must not be kept for others.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    // Taken by the id of the request.
    headers.entry(REQUEST_ID).or_insert(HeaderValue::from_static("-"));
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ] {
        // The page of `terraform login` has a policy of its own.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Has the request counted and logged when its answer was sent, or given up.
fn record(app: &App, head: &Parts, outcome: &mut Outcome, id: RequestId, client: Client, started: Instant) {
    let status = outcome.reply.status().as_u16();
    let method = method_name(&head.method);
    let (metrics, route) = (Arc::clone(&app.metrics), outcome.route);
    let who = Arc::clone(&outcome.caller);
    outcome.reply.body_mut().on_end(move |bytes| {
        let took = started.elapsed();
        metrics.request(route, method, StatusClass::from(status), took, bytes);
        log_answer(&Answered { id, method, route, status, bytes, who: &who, client, took });
    });
}

/// What the log says of a request.
struct Answered<'a> {
    id: RequestId,
    method: &'static str,
    route: &'static str,
    status: u16,
    bytes: u64,
    who: &'a str,
    client: Client,
    took: Duration,
}

fn log_answer(answered: &Answered<'_>) {
    tracing::info!(
        id = answered.id.as_str(),
        method = answered.method,
        route = answered.route,
        status = answered.status,
        bytes = answered.bytes,
        ms = u64::try_from(answered.took.as_millis()).unwrap_or(u64::MAX),
        who = answered.who,
        from = answered.client.address.map(AddressText::of).as_ref().map(AddressText::as_str),
        "answered"
    );
}

/// The methods in use; any other, which a client may invent at will, is one word in logs and metrics.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "POST" => "POST",
        "DELETE" => "DELETE",
        _ => "other",
    }
}
