//! The page of a package, the files in its archive, and its deletion.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue};

use super::forms::Form;
use super::registry::seen;
use super::{Visit, redirect};
use crate::domain::PackageId;
use crate::domain::access::Refusal;
use crate::http::response::{Reply, typed};
use crate::service::ServiceError;
use crate::service::contents;
use crate::service::package_page::PackageDetails;
use crate::service::places::PlaceView;
use crate::web::frame::Flash;
use crate::web::package::{Content, Shown, Tab, ask_to_delete, file_urls, is_directory, package_url, page};
use crate::web::registry::{Listed, switched_off};

/// A picture of a stranger's archive is a picture and nothing else.
const PICTURE_POLICY: &str = "default-src 'none'; sandbox";

/// What a page of a package is made from.
struct Looked {
    place: Option<PlaceView>,
    details: PackageDetails,
}

/// `GET …/-/infrastructure_registry/:package_id` and what is below it.
pub(super) async fn show(
    visit: &Visit<'_>,
    path: &str,
    id: &str,
    rest: &[String],
) -> Result<Reply, ServiceError> {
    let id: u64 = id.parse().map_err(|_not_a_number| super::nothing_here(visit))?;
    let place = seen(visit, path)?;
    let off = || {
        let listed = Listed { place: place.as_ref(), path };
        Ok(switched_off(&visit.viewer(), listed).into())
    };
    if !visit.registry().is_switched_on()? {
        // Whoever sees nothing here must not learn from this page that there is something.
        return if place.is_some() { off() } else { Err(super::nothing_here(visit)) };
    }
    let details = match visit.registry().package_page(visit.caller(), path, id).await {
        Err(ServiceError::Refused { refusal: Refusal::RegistryOff, .. }) if place.is_some() => return off(),
        details => details?,
    };
    let looked = Looked { place, details };
    match rest.split_first().map(|(first, below)| (first.as_str(), below)) {
        None => tab(visit, &looked).await,
        Some(("delete", [])) => deletion(visit, &looked),
        Some(("files", below)) => files(visit, &looked, &joined(below)).await,
        Some(("images", below)) => image(visit, &looked, &joined(below)).await,
        Some(_) => Err(super::nothing_here(visit)),
    }
}

/// The path of a file in the archive.
fn joined(segments: &[String]) -> String {
    let segments: Vec<&str> = segments
        .iter()
        .map(|segment| segment.trim_matches('/'))
        .filter(|segment| !segment.is_empty())
        .collect();
    segments.join("/")
}

fn send(visit: &Visit<'_>, looked: &Looked, content: Content<'_>) -> Reply {
    let viewer = visit.viewer();
    page(Shown { viewer: &viewer, place: looked.place.as_ref(), details: &looked.details }, content).into()
}

/// The page with the tab that was asked for; or the way to another version, when one was chosen.
async fn tab(visit: &Visit<'_>, looked: &Looked) -> Result<Reply, ServiceError> {
    let details = &looked.details;
    let asked = |name| visit.context.query(name).unwrap_or_default();
    let tab = Tab::from_name(&asked("tab"));
    if let Ok(other) = asked("go").parse() {
        let url = package_url(&details.view.project_path, PackageId(other));
        let url = if tab == Tab::Readme { url } else { format!("{url}?tab={}", tab.as_str()) };
        return Ok(Visit::lead_to(&url));
    }
    match tab {
        Tab::Readme => {
            let readme = readme(visit, looked, "").await?;
            Ok(send(visit, looked, Content::Readme(readme.as_ref())))
        }
        Tab::Files => files(visit, looked, &joined(&[asked("path")])).await,
        Tab::Changes => changes(visit, looked, &asked("from")).await,
        Tab::Versions => Ok(send(visit, looked, Content::Versions(asked("page").parse().unwrap_or(1)))),
        Tab::Submodules | Tab::Examples if !asked("part").is_empty() => {
            let manifest = &details.manifest;
            let parts = if tab == Tab::Examples { &manifest.examples } else { &manifest.submodules };
            let path = asked("part");
            let part = parts.iter().find(|part| part.path == path);
            let part = part.ok_or(ServiceError::NotFound("404 Module"))?;
            let readme = readme(visit, looked, &part.path).await?;
            Ok(send(visit, looked, Content::Part(tab, part, readme.as_ref())))
        }
        other => Ok(send(visit, looked, Content::Tab(other))),
    }
}

async fn readme(
    visit: &Visit<'_>,
    looked: &Looked,
    part: &str,
) -> Result<Option<crate::domain::safe_html::SafeHtml>, ServiceError> {
    let view = &looked.details.view;
    let urls = file_urls(&view.project_path, view.package.id);
    visit.registry().readme_html(view.package.id, part, &urls).await
}

/// The comparison with a version; without one, with the next lower, or else the next higher.
async fn changes(visit: &Visit<'_>, looked: &Looked, from: &str) -> Result<Reply, ServiceError> {
    let details = &looked.details;
    let beside = details.lower.or(details.higher);
    let beside = details.versions.iter().find(|version| Some(version.id) == beside);
    let other = match (from, beside) {
        ("", None) => return Ok(send(visit, looked, Content::Tab(Tab::Changes))),
        ("", Some(beside)) => beside.version.to_string(),
        (from, _) => from.to_owned(),
    };
    let view = &details.view;
    let (caller, id) = (visit.caller(), view.package.id.0);
    let compared = visit.registry().compare(caller, &view.project_path, id, &other).await?;
    Ok(send(visit, looked, Content::Changes(&compared)))
}

/// A directory or a file of the archive.
async fn files(visit: &Visit<'_>, looked: &Looked, path: &str) -> Result<Reply, ServiceError> {
    let (registry, caller, view) = (visit.registry(), visit.caller(), &looked.details.view);
    let (project, id) = (view.project_path.as_str(), view.package.id.0);
    let listing = match registry.archive_files(caller, project, id).await {
        Ok(listing) => listing,
        Err(ServiceError::Unprocessable(why)) => {
            return Ok(send(visit, looked, Content::NoFiles(&why)));
        }
        Err(ServiceError::NotFound(_)) if path.is_empty() => {
            return Ok(send(visit, looked, Content::NoFiles("")));
        }
        Err(refused) => return Err(refused),
    };
    if path.is_empty() || is_directory(&listing, path) {
        return Ok(send(visit, looked, Content::Directory(&listing, path)));
    }
    match registry.archive_file(caller, project, id, path).await {
        Ok(file) => Ok(send(visit, looked, Content::File(&file))),
        Err(ServiceError::Unprocessable(why)) => Ok(send(visit, looked, Content::NoFiles(&why))),
        Err(refused) => Err(refused),
    }
}

/// The bytes of a picture in the archive.
async fn image(visit: &Visit<'_>, looked: &Looked, path: &str) -> Result<Reply, ServiceError> {
    let view = &looked.details.view;
    let (caller, id) = (visit.caller(), view.package.id.0);
    let file = visit.registry().archive_file(caller, &view.project_path, id, path).await?;
    let contents::Content::Image(kind, bytes) = &file.content else {
        return Err(ServiceError::NotFound("404 Picture"));
    };
    let mut reply = typed(StatusCode::OK, kind.media_type(), Bytes::copy_from_slice(bytes));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PICTURE_POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(reply)
}

/// Where to go after a deletion: back to a list of modules of this server, or nowhere in particular.
fn back(asked: &str) -> &str {
    redirect::local(asked).filter(|target| target.contains("/-/infrastructure_registry")).unwrap_or_default()
}

/// `GET …/:package_id/delete`: the question.
fn deletion(visit: &Visit<'_>, looked: &Looked) -> Result<Reply, ServiceError> {
    if !looked.details.view.can_delete {
        visit.require_user()?;
        return Err(ServiceError::Forbidden(
            "deleting a version takes the role Maintainer in its project, or a higher one",
        ));
    }
    let asked = visit.context.query("back").unwrap_or_default();
    let viewer = visit.viewer();
    let shown = Shown { viewer: &viewer, place: looked.place.as_ref(), details: &looked.details };
    Ok(ask_to_delete(shown, back(&asked)).into())
}

/// `POST …/:package_id/delete`.
pub(super) async fn delete(
    visit: &Visit<'_>,
    path: &str,
    id: &str,
    form: &Form,
) -> Result<Reply, ServiceError> {
    let id: u64 = id.parse().map_err(|_not_a_number| super::nothing_here(visit))?;
    visit.registry().check_switch()?;
    if !path.contains('/') {
        return Err(super::nothing_here(visit));
    }
    let package = visit.registry().delete_package(visit.caller(), path, id).await?;
    tracing::info!(
        package = id,
        name = package.full_name(),
        version = %package.version,
        by = visit.caller().label(),
        "deleted a package"
    );
    visit.say(Flash::done(format!("{} {} was deleted.", package.full_name(), package.version)));
    let target = match back(form.text("back")) {
        "" => format!("/{path}/-/infrastructure_registry"),
        target => target.to_owned(),
    };
    Ok(Visit::lead_to(&target))
}
