//! Trusted publishers of projects: added and removed by maintainers, matched against the claims of CI jobs elsewhere.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::access::{Caller, project_for};
use super::audit::Deed;
use super::error::BadCredential;
use super::gitlab_jobs::GitlabJobs;
use super::oidc::IdTokens;
use super::{Registry, ServiceError, input};
use crate::blobs::sha256;
use crate::domain::access::ProjectAction;
use crate::domain::audit::{Action, Named, cut};
use crate::domain::claims::{ClaimPatterns, Claims};
use crate::domain::issuer::Issuer;
use crate::domain::package::Publisher;
use crate::domain::trusted_publisher::{GRANTABLE, TrustedPublisher, Workload};
use crate::domain::{ProjectId, PublisherId, Role, Sha256};
use crate::store::{Change, Reader, StoreError, trusted_publishers};

/// Trusted publishers of one project at most: each is matched at every request with a token of its issuer.
const MAX_OF_PROJECT: usize = 50;

/// A trusted publisher to be added.
#[derive(Debug, Clone)]
pub struct NewTrustedPublisher {
    /// Its name for people; its issuer when it does not say.
    pub name: Option<String>,
    /// Who signs or confirms.
    pub issuer: Issuer,
    /// What must be claimed.
    pub claims: ClaimPatterns,
    /// With which role it acts.
    pub role: Role,
    /// Whether a token publishes only once.
    pub once: bool,
}

/// The trusted publisher by which a job acts on a project: of those that match, the one with the highest role.
pub(super) fn matching(
    reader: &impl Reader,
    claims: &Claims,
    project: ProjectId,
) -> Result<Option<TrustedPublisher>, StoreError> {
    let listed = trusted_publishers::in_project(reader, project)?;
    let matching = listed.into_iter().filter(|publisher| publisher.admits(claims));
    // The first of equals, and rather one that does not bind the token.
    Ok(matching.min_by_key(|publisher| (std::cmp::Reverse(publisher.role), publisher.once, publisher.id)))
}

/// Whose change of a project's package it is.
pub(super) fn acting(
    reader: &impl Reader,
    caller: &Caller,
    project: ProjectId,
) -> Result<Publisher, StoreError> {
    if let Caller::Workload(workload) = caller {
        let publisher = matching(reader, &workload.claims, project)?;
        return Ok(publisher.map_or(Publisher::Operator, |publisher| Publisher::Trusted(publisher.id)));
    }
    Ok(caller.publisher().unwrap_or(Publisher::Operator))
}

/// Refuses a token that its trusted publisher lets publish only once, and that did.
pub(super) fn check_unspent(
    reader: &impl Reader,
    caller: &Caller,
    project: ProjectId,
    now: Timestamp,
) -> Result<(), ServiceError> {
    if let Caller::Workload(workload) = caller {
        unspent(reader, workload, project, now)?;
    }
    Ok(())
}

/// Uses a token up, where its trusted publisher lets it publish only once.
pub(super) fn use_up(
    change: &mut Change<'_>,
    workload: &Workload,
    project: ProjectId,
    now: Timestamp,
) -> Result<(), ServiceError> {
    match unspent(change, workload, project, now)? {
        Some(token) => Ok(trusted_publishers::spend(change, &token, workload.claims.accepted_until(), now)?),
        None => Ok(()),
    }
}

/// What a token is remembered by when it publishes; nothing where it may publish again.
fn unspent(
    reader: &impl Reader,
    workload: &Workload,
    project: ProjectId,
    now: Timestamp,
) -> Result<Option<Sha256>, ServiceError> {
    let claims = &workload.claims;
    if !matching(reader, claims, project)?.is_some_and(|publisher| publisher.once) {
        return Ok(None);
    }
    // Beyond that it is not remembered, and an upload may take longer.
    if now >= claims.accepted_until() {
        return Err(ServiceError::Unauthenticated(BadCredential::Expired));
    }
    let Some(id) = claims.id() else {
        return Err(ServiceError::Forbidden(
            "the trusted publisher takes each token once, and this one has no jti to know it by",
        ));
    };
    let token = sha256(format!("{}\0{id}", claims.issuer()).as_bytes());
    if trusted_publishers::is_spent(reader, &token)? {
        return Err(ServiceError::Forbidden(
            "this ID token has published already, and its trusted publisher takes each once: let the job ask for a new one",
        ));
    }
    Ok(Some(token))
}

impl Registry {
    /// Who can vouch for a CI job by the configuration in force: issuers of ID tokens and GitLab servers, each once.
    pub fn configured_issuers(&self) -> Vec<Issuer> {
        let signing = self.shared.id_tokens.get().map(IdTokens::issuers).unwrap_or_default();
        let asked = self.shared.gitlab_jobs.get().map(GitlabJobs::servers).unwrap_or_default();
        let all: BTreeSet<Issuer> = signing.into_iter().map(|trusted| trusted.issuer).chain(asked).collect();
        all.into_iter().collect()
    }

    /// The trusted publishers of a project. For maintainers.
    pub fn trusted_publishers(
        &self,
        caller: &Caller,
        project: &str,
    ) -> Result<Vec<TrustedPublisher>, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let project = project_for(snapshot, caller, project, ProjectAction::Inspect, now)?;
            Ok(trusted_publishers::in_project(snapshot, project.id)?)
        })
    }

    /// Adds a trusted publisher. For maintainers, so that its role is never above the caller's own.
    pub async fn add_trusted_publisher(
        &self,
        caller: &Caller,
        project: &str,
        new: NewTrustedPublisher,
    ) -> Result<TrustedPublisher, ServiceError> {
        let now = self.now();
        self.store()
            .read(|snapshot| project_for(snapshot, caller, project, ProjectAction::Administer, now))?;
        if !GRANTABLE.contains(&new.role) {
            return Err(ServiceError::Invalid("access_level must be 20, 30 or 40".to_owned()));
        }
        let name = new.name.unwrap_or_else(|| new.issuer.to_string());
        let name = input::name("name", &name)?;
        let (scribe, caller, project) = (self.scribe(caller), caller.clone(), project.to_owned());
        self.store()
            .write(move |change| {
                // Who may administer a project is a maintainer at least: no role that can be given is above that.
                let project = project_for(change, &caller, &project, ProjectAction::Administer, now)?;
                if trusted_publishers::in_project(change, project.id)?.len() >= MAX_OF_PROJECT {
                    return Err(ServiceError::Invalid(format!(
                        "the project has {MAX_OF_PROJECT} trusted publishers, which is the most: remove one first"
                    )));
                }
                let publisher = TrustedPublisher {
                    id: PublisherId(change.next_number("trusted_publisher")?),
                    project: project.id,
                    name,
                    issuer: new.issuer,
                    claims: new.claims,
                    role: new.role,
                    once: new.once,
                    created_by: caller.user().map(|user| user.id),
                    created_at: now,
                };
                trusted_publishers::put(change, &publisher)?;
                let claims: Vec<String> =
                    publisher.claims.iter().map(|(claim, pattern)| format!("{claim}={pattern}")).collect();
                let deed = Deed::new(Action::PublisherAdded, Named::publisher(&publisher))
                    .of(Named::project(&project))
                    .with("issuer", publisher.issuer.as_str())
                    .with("claims", cut(&claims.join(" ")))
                    .with("role", publisher.role.as_str())
                    .with("once", publisher.once);
                scribe.note(change, deed)?;
                Ok(publisher)
            })
            .await
    }

    /// Removes a trusted publisher: its jobs are refused from then on. For maintainers.
    pub async fn remove_trusted_publisher(
        &self,
        caller: &Caller,
        project: &str,
        id: PublisherId,
    ) -> Result<(), ServiceError> {
        let now = self.now();
        let (scribe, caller, project) = (self.scribe(caller), caller.clone(), project.to_owned());
        self.store()
            .write(move |change| {
                let project = project_for(change, &caller, &project, ProjectAction::Administer, now)?;
                let found = trusted_publishers::publisher(change, id)?;
                let found = found.filter(|publisher| publisher.project == project.id);
                let found = found.ok_or(ServiceError::NotFound("Trusted publisher"))?;
                trusted_publishers::remove(change, &found);
                let deed = Deed::new(Action::PublisherRemoved, Named::publisher(&found));
                scribe.note(change, deed.of(Named::project(&project)))
            })
            .await
    }
}

#[cfg(test)]
mod tests;
