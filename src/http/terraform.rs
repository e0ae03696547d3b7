//! Discovery and the module registry protocol: what Terraform and OpenTofu ask.

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, LOCATION};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::endpoint::{ProjectModule, Terraform};
use super::file;
use super::ready::{is_archive_name, versions_json};
use super::request::{Context, credential};
use super::response::{Reply, empty, json, typed};
use crate::domain::authorization::{CLIENT, CLIENT_PORTS};
use crate::service::modules::{Address, Details, Location};
use crate::service::{Caller, Registry, ServiceError};

/// Where the protocol is served: what discovery announces.
pub(super) const BASE: &str = "/api/v4/packages/terraform/modules/v1/";
pub(super) const TERRAFORM_GET: HeaderName = HeaderName::from_static("x-terraform-get");

/// What is written as it is in a path segment (RFC 3986, unreserved). A `+` is not: some clients read it as a space.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The discovery document. The same for everyone, whatever they send.
pub(super) fn discovery() -> Reply {
    let login = json!({
        "client": CLIENT,
        "grant_types": ["authz_code"],
        "authz": "/oauth/authorize",
        "token": "/oauth/token",
        "ports": CLIENT_PORTS,
    });
    json(StatusCode::OK, &json!({ "modules.v1": BASE, "login.v1": login }))
}

/// N1 to N6.
pub(super) async fn module(
    context: &Context<'_>,
    address: Address<'_>,
    part: Terraform<'_>,
) -> Result<Reply, ServiceError> {
    let registry = context.registry();
    match part {
        Terraform::Versions => {
            let versions = registry.versions(&context.caller, address)?;
            let listed: Vec<String> = versions.versions.iter().map(ToString::to_string).collect();
            let (base_url, source) = (context.base_url(), versions.source.as_deref());
            let listed = (listed.len(), listed.iter().map(String::as_str));
            let body = versions_json(&base_url, address.system, source, listed);
            Ok(private(typed(StatusCode::OK, "application/json", body)))
        }
        Terraform::Latest => {
            let details = registry.details(&context.caller, address, None)?;
            Ok(private(json(StatusCode::OK, &details_json(context, &details))))
        }
        Terraform::Version(version) => {
            let details = registry.details(&context.caller, address, Some(version))?;
            Ok(private(json(StatusCode::OK, &details_json(context, &details))))
        }
        Terraform::DownloadLatest => {
            let latest = registry.details(&context.caller, address, None)?;
            let target = format!(
                "{}{BASE}{}/{}/{}/{}/download",
                context.base_url(),
                encode(address.namespace),
                latest.name,
                latest.system,
                encode(&latest.version.to_string())
            );
            with_header(private(empty(StatusCode::FOUND)), LOCATION, &target)
        }
        Terraform::Download(version) => {
            let location = registry.locate(&context.caller, address, version)?;
            let reply = private(empty(StatusCode::NO_CONTENT));
            with_header(reply, TERRAFORM_GET, &archive_url(&context.base_url(), &location))
        }
        Terraform::Archive(version, name) => archive(context, address, version, name).await,
    }
}

/// N6. A ticket decides alone. Without one, `.netrc` credentials that go-getter adds by itself and that are not ours
/// do no harm to a file that anyone may read.
async fn archive(
    context: &Context<'_>,
    address: Address<'_>,
    version: &str,
    name: &str,
) -> Result<Reply, ServiceError> {
    let registry = context.registry();
    let headers = &context.head.headers;
    let archive = match context.query("token").filter(|ticket| !ticket.is_empty()) {
        Some(ticket) => registry.redeem(&ticket, address, version)?,
        None => match identify(registry, headers).await {
            Ok(caller) => registry.archive(&caller, address, version)?,
            Err(refused @ ServiceError::Unauthenticated(_)) if has_basic(headers) => {
                registry.archive(&Caller::Anonymous, address, version).map_err(|_not_public| refused)?
            }
            Err(refused) => return Err(refused),
        },
    };
    if !is_archive_name(address, version, name) {
        return Err(ServiceError::NotFound("404 Package file"));
    }
    file::send(registry, &archive, &context.head.method, &context.head.headers).await
}

async fn identify(registry: &Registry, headers: &HeaderMap) -> Result<Caller, ServiceError> {
    registry.authenticate(credential(headers)?.as_ref()).await
}

/// Whether the credential came as `Basic`, readable or not: from a `.netrc`, or from the URL.
fn has_basic(headers: &HeaderMap) -> bool {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

/// P1 and P2.
pub(super) async fn project_module(
    context: &Context<'_>,
    project: &str,
    module: (&str, &str),
    part: ProjectModule<'_>,
) -> Result<Reply, ServiceError> {
    let version = match part {
        ProjectModule::Latest => None,
        ProjectModule::Version(version) | ProjectModule::File(version) => Some(version),
    };
    let archive = context.registry().project_archive(&context.caller, project, module, version)?;
    // go-getter asks first where the archive is; it takes an absolute URL only.
    if context.query("terraform-get").as_deref() == Some("1") {
        let target = format!("{}{}?archive=tgz", context.absolute_base_url(), context.head.uri.path());
        return with_header(private(empty(StatusCode::NO_CONTENT)), TERRAFORM_GET, &target);
    }
    file::send(context.registry(), &archive, &context.head.method, &context.head.headers).await
}

/// What stands before the ticket in an archive URL.
pub(super) const TICKET: &str = "&token=";

/// The archive URL of a version. Its path ends in `.tar.gz`, because clients tell the format by that.
pub(super) fn archive_url(base_url: &str, location: &Location) -> String {
    let version = encode(&location.version.to_string());
    let (name, system) = (&location.name, &location.system);
    let namespace = encode(&location.namespace);
    let mut url = format!(
        "{base_url}{BASE}{namespace}/{name}/{system}/{version}/{name}-{system}-{version}.tar.gz?checksum=sha256:{}",
        location.sha256
    );
    if let Some(ticket) = &location.ticket {
        url.push_str(TICKET);
        url.push_str(ticket);
    }
    url
}

fn details_json(context: &Context<'_>, details: &Details) -> Value {
    json!({
        "name": format!("{}/{}", details.name, details.system),
        "provider": details.system,
        "providers": [details.system],
        "root": { "dependencies": [] },
        "source": format!("{}/{}", context.base_url(), details.source),
        "submodules": [],
        "version": details.version,
        "versions": [details.version],
    })
}

fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

/// An answer that depends on who asks must not be kept for others.
fn private(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    reply
}

fn with_header(mut reply: Reply, name: HeaderName, value: &str) -> Result<Reply, ServiceError> {
    let value = HeaderValue::from_str(value).map_err(|_never| ServiceError::NotFound("404 Module"))?;
    reply.headers_mut().insert(name, value);
    Ok(reply)
}
