//! What is kept about CI: jobs by token and project, allowlists, trusted publishers, spent tokens, where packages came from.

use std::ops::ControlFlow;

use super::{Verified, unless};
use crate::store::tables::{
    CI_JOB_HASHES, CI_JOBS, EVENT_PROVENANCES, EVENTS, JOB_ALLOWED_IN, JOB_ALLOWLIST, PACKAGES,
    PROJECT_CI_JOBS, PROJECT_TRUSTED_PUBLISHERS, PROJECTS, PROVENANCES, SPENT_BY_END, SPENT_ID_TOKENS,
    SpentUntil, TRUSTED_PUBLISHERS,
};
use crate::store::{Reader, Snapshot, StoreError};

/// Checks all of it.
pub(super) fn check(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_provenances(reader, verified)?;
    check_jobs(reader, verified)?;
    check_allowlists(reader, verified)?;
    check_publishers(reader, verified)?;
    check_spent_tokens(reader, verified)
}

fn check_provenances(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, PROVENANCES, |id, _| {
        Ok(unless(reader.get(&PACKAGES, id)?.is_some(), || format!("package {id} does not exist")))
    });
    check_each!(reader, verified, EVENT_PROVENANCES, |number, _| {
        Ok(unless(reader.get(&EVENTS, number)?.is_some(), || format!("event {number} does not exist")))
    });
    Ok(())
}

fn check_jobs(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, CI_JOBS, |id, job| {
        let whole = job.id.0 == id
            && reader.get(&CI_JOB_HASHES, *job.hash.as_bytes())? == Some(job.id)
            && reader.get(&PROJECT_CI_JOBS, (job.project.0, id))?.is_some()
            && reader.get(&PROJECTS, job.project.0)?.is_some();
        Ok(unless(whole, || format!("CI job {id} is not in every index")))
    });
    check_each!(reader, verified, CI_JOB_HASHES, |hash, id| {
        let same = reader.get(&CI_JOBS, id.0)?.is_some_and(|job| *job.hash.as_bytes() == hash);
        Ok(unless(same, || format!("names CI job {id}, which has another hash or does not exist")))
    });
    check_each!(reader, verified, PROJECT_CI_JOBS, |(project, id), _| {
        let same = reader.get(&CI_JOBS, id)?.is_some_and(|job| job.project.0 == project);
        Ok(unless(same, || format!("names CI job {id}, which is not of project {project}")))
    });
    Ok(())
}

fn check_allowlists(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, JOB_ALLOWLIST, |(project, other), _| {
        let whole = reader.get(&JOB_ALLOWED_IN, (other, project))?.is_some()
            && reader.get(&PROJECTS, project)?.is_some()
            && reader.get(&PROJECTS, other)?.is_some();
        Ok(unless(whole, || format!("that project {project} allows jobs of {other} is not in every index")))
    });
    check_each!(reader, verified, JOB_ALLOWED_IN, |(other, project), _| {
        let same = reader.get(&JOB_ALLOWLIST, (project, other))?.is_some();
        Ok(unless(same, || format!("project {project} does not allow jobs of {other}")))
    });
    Ok(())
}

fn check_publishers(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, TRUSTED_PUBLISHERS, |id, publisher| {
        let whole = publisher.id.0 == id
            && reader.get(&PROJECT_TRUSTED_PUBLISHERS, (publisher.project.0, id))?.is_some()
            && reader.get(&PROJECTS, publisher.project.0)?.is_some();
        Ok(unless(whole, || format!("trusted publisher {id} ({}) is not in every index", publisher.name)))
    });
    check_each!(reader, verified, PROJECT_TRUSTED_PUBLISHERS, |(project, id), _| {
        let same = reader.get(&TRUSTED_PUBLISHERS, id)?.is_some_and(|found| found.project.0 == project);
        Ok(unless(same, || format!("names trusted publisher {id}, which is not of project {project}")))
    });
    Ok(())
}

fn check_spent_tokens(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, SPENT_ID_TOKENS, |hash, SpentUntil(until)| {
        let listed = reader.get(&SPENT_BY_END, (until, hash))?.is_some();
        Ok(unless(listed, || format!("a token remembered until {until} would never be forgotten")))
    });
    check_each!(reader, verified, SPENT_BY_END, |(until, hash), _| {
        let same = reader.get(&SPENT_ID_TOKENS, hash)? == Some(SpentUntil(until));
        Ok(unless(same, || format!("a token that ends at {until} is not remembered")))
    });
    Ok(())
}

#[cfg(test)]
mod tests;
