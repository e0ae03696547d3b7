//! What CI systems may do with a project: trusted publishers and the job token allowlist, shown and changed.

use super::done;
use crate::domain::claims::{ClaimPattern, ClaimPatterns};
use crate::domain::trusted_publisher::GRANTABLE;
use crate::domain::{ProjectId, PublisherId, Role};
use crate::http::error;
use crate::http::pages::Visit;
use crate::http::pages::complaints::{self, Refused, ticked};
use crate::http::pages::forms::Form;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::places::PlaceView;
use crate::service::trusted_publishers::NewTrustedPublisher;
use crate::web::Page;
use crate::web::forms::Complaint;
use crate::web::settings::ci::{ALLOW, CLAIM_FIELDS, Ci, NEW_PUBLISHER, Values};
use crate::web::settings::settings_path;

/// The sections whose forms the page has. After a refused one its address is that, and may be loaded again.
pub(super) const FORMS: &[&str] = &["trusted_publishers", "job_allowlist"];

/// What is wrong with an answer: the field, and a sentence.
type Wrong = (&'static str, String);

pub(super) fn show(visit: &Visit<'_>, place: &PlaceView) -> Result<Reply, ServiceError> {
    Ok(page(visit, place, &Values::default(), None)?.into())
}

/// Where the page is.
pub(super) fn here(place: &PlaceView) -> String {
    format!("{}/ci", settings_path(place))
}

fn page(
    visit: &Visit<'_>,
    place: &PlaceView,
    values: &Values,
    complaint: Option<&Complaint>,
) -> Result<Page, ServiceError> {
    let (registry, caller, path) = (visit.registry(), visit.caller(), place.path.as_str());
    let publishers = registry.trusted_publishers(caller, path)?;
    let allowed = registry.job_allowlist(caller, path)?;
    let issuers = registry.configured_issuers();
    let page = Ci { place, publishers: &publishers, allowed: &allowed, issuers: &issuers, values, complaint };
    Ok(page.page(&visit.viewer()))
}

fn again(
    visit: &Visit<'_>,
    place: &PlaceView,
    values: &Values,
    refused: &Refused,
) -> Result<Reply, ServiceError> {
    Ok(error::page(&refused.error, page(visit, place, values, Some(&refused.complaint))?))
}

pub(super) async fn add_publisher(
    visit: &Visit<'_>,
    place: &PlaceView,
    form: &Form,
) -> Result<Reply, ServiceError> {
    let values = typed(form);
    let new = match asked_for(&values, form) {
        Ok(new) => new,
        Err(wrong) => return again(visit, place, &values, &beside(NEW_PUBLISHER, wrong)),
    };
    match visit.registry().add_trusted_publisher(visit.caller(), place.path.as_str(), new).await {
        Ok(added) => {
            tracing::info!(publisher = added.id.0, by = visit.caller().label(), "added a trusted publisher");
            Ok(done(visit, &here(place), format!("“{}” is a trusted publisher now.", added.name)))
        }
        Err(refused) => {
            let refused = complaints::told(NEW_PUBLISHER, &[("name", "name")], refused)?;
            again(visit, place, &values, &refused)
        }
    }
}

fn typed(form: &Form) -> Values {
    let text = |field: &str| form.text(field).trim().to_owned();
    Values {
        name: text("name"),
        issuer: text("issuer"),
        claims: CLAIM_FIELDS.map(|(claim, pattern)| (text(claim), text(pattern))),
        role: role(form).unwrap_or(Role::Developer),
        once: ticked(form, "once"),
        target: String::new(),
    }
}

fn role(form: &Form) -> Option<Role> {
    GRANTABLE.into_iter().find(|role| role.as_str() == form.text("role"))
}

fn asked_for(values: &Values, form: &Form) -> Result<NewTrustedPublisher, Wrong> {
    Ok(NewTrustedPublisher {
        name: (!values.name.is_empty()).then(|| values.name.clone()),
        issuer: values.issuer.parse().map_err(at("issuer"))?,
        claims: claims(&values.claims)?,
        role: role(form).ok_or_else(|| ("role", "choose one".to_owned()))?,
        once: values.once,
    })
}

/// The claims of the rows that something was typed in.
fn claims(rows: &[(String, String); CLAIM_FIELDS.len()]) -> Result<ClaimPatterns, Wrong> {
    let mut given: Vec<(&str, &str)> = Vec::new();
    for ((claim_field, pattern_field), (claim, pattern)) in CLAIM_FIELDS.into_iter().zip(rows) {
        match (claim.as_str(), pattern.as_str()) {
            ("", "") => continue,
            ("", _) => return Err((claim_field, "name the claim that has this pattern".to_owned())),
            (_, "") => return Err((pattern_field, "say what this claim must be".to_owned())),
            _ => {}
        }
        if given.iter().any(|(known, _)| known == claim) {
            return Err((claim_field, "this claim has a row already: it can have one pattern".to_owned()));
        }
        pattern.parse::<ClaimPattern>().map_err(at(pattern_field))?;
        let row = (claim.as_str(), pattern.as_str());
        ClaimPatterns::parse([row]).map_err(at(claim_field))?;
        given.push(row);
    }
    ClaimPatterns::parse(given).map_err(at("claim_1"))
}

pub(super) async fn remove_publisher(
    visit: &Visit<'_>,
    place: &PlaceView,
    id: u64,
) -> Result<Reply, ServiceError> {
    let (caller, path) = (visit.caller(), place.path.as_str());
    visit.registry().remove_trusted_publisher(caller, path, PublisherId(id)).await?;
    tracing::info!(publisher = id, by = caller.label(), "removed a trusted publisher");
    Ok(done(visit, &here(place), "The trusted publisher was removed."))
}

pub(super) async fn allow(visit: &Visit<'_>, place: &PlaceView, form: &Form) -> Result<Reply, ServiceError> {
    let values = Values { target: form.text("target").trim().to_owned(), ..Values::default() };
    let target = match target(visit, &values.target)? {
        Ok(target) => target,
        Err(wrong) => return again(visit, place, &values, &beside(ALLOW, wrong)),
    };
    match visit.registry().allow_jobs_of(visit.caller(), place.path.as_str(), target).await {
        Ok(added) => {
            tracing::info!(target = added.id.0, by = visit.caller().label(), "let a project's CI jobs in");
            Ok(done(visit, &here(place), format!("Jobs of {} may use this project now.", added.path)))
        }
        Err(refused) => {
            let refused = complaints::told(ALLOW, &[("Target project", "target")], refused)?;
            again(visit, place, &values, &refused)
        }
    }
}

/// The project that a path names, or what is wrong with the path.
fn target(visit: &Visit<'_>, path: &str) -> Result<Result<ProjectId, Wrong>, ServiceError> {
    let unknown = || Err(("target", "you see no project of that path: check the spelling".to_owned()));
    // Without a slash it would be taken for the number of a project.
    if !path.contains('/') {
        return Ok(unknown());
    }
    match visit.registry().project(visit.caller(), path) {
        Ok(found) => Ok(Ok(found.project.id)),
        Err(ServiceError::Moved(moved)) => Ok(Err(("target", format!("it is {} now: use that", moved.to)))),
        Err(ServiceError::NotFound(_) | ServiceError::Refused { .. } | ServiceError::Invalid(_)) => {
            Ok(unknown())
        }
        Err(other) => Err(other),
    }
}

pub(super) async fn disallow(visit: &Visit<'_>, place: &PlaceView, id: u64) -> Result<Reply, ServiceError> {
    let (caller, path) = (visit.caller(), place.path.as_str());
    visit.registry().disallow_jobs_of(caller, path, ProjectId(id)).await?;
    tracing::info!(target = id, by = caller.label(), "shut a project's CI jobs out");
    Ok(done(visit, &here(place), "The project was removed from the allowlist."))
}

/// Says of a parsing error at which field it happened.
fn at<E: ToString>(field: &'static str) -> impl FnOnce(E) -> Wrong {
    move |error| (field, error.to_string())
}

fn beside(form: &'static str, (field, problem): Wrong) -> Refused {
    let complaint = Complaint { form, field, sentence: complaints::sentence(&problem) };
    Refused { error: ServiceError::Unprocessable(problem), complaint }
}
