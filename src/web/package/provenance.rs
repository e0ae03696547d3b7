//! Where a change of a package came from: pipeline, job, commit, ref and person, each a link where its page is known,
//! and who vouches for it.

use maud::{Markup, html};

use crate::domain::provenance::{PageUrl, Pipeline, Provenance, VerifiedBy};
use crate::web::components::{Tone, badge};

/// A provenance in a few lines.
pub(super) fn provenance(provenance: &Provenance) -> Markup {
    let Provenance { pipeline, job, git_ref, sha, commit_url, source_project, user, .. } = provenance;
    html! {
        dl.provenance {
            @if let Some(pipeline) = pipeline {
                dt { "Pipeline" }
                dd { (run(pipeline)) @if let Some(user) = user { ", started by " (user) } }
            } @else if let Some(user) = user {
                dt { "Started by" }
                dd { (user) }
            }
            @if let Some(job) = job.as_ref().filter(|job| job.name.is_some() || job.web_url.is_some()) {
                dt { "Job" }
                dd { (linked(job.web_url.as_ref(), job.name.as_ref().map_or("its page", |name| name.as_str()))) }
            }
            @if let Some(sha) = sha {
                dt { "Commit" }
                dd { code title=(sha) { (linked(commit_url.as_ref(), sha.short())) } }
            }
            @if let Some(git_ref) = git_ref {
                dt { "Ref" }
                dd { code { (linked(provenance.ref_url().as_ref(), git_ref.as_str())) } }
            }
            @if let Some(source) = source_project {
                dt { "Source" }
                dd { (source) }
            }
            dt { "Provenance" }
            dd { (vouched(&provenance.verified_by)) }
        }
    }
}

fn run(pipeline: &Pipeline) -> Markup {
    let number = format!("#{}", pipeline.id);
    html! {
        (linked(pipeline.web_url.as_ref(), &number))
        @if let Some(source) = &pipeline.source { " (" (source) ")" }
    }
}

/// A link that tells the other side nothing about where it was followed from.
fn linked(url: Option<&PageUrl>, text: &str) -> Markup {
    html! {
        @match url {
            Some(url) => a href=(url) rel="noopener noreferrer nofollow" { (text) },
            None => (text),
        }
    }
}

fn vouched(by: &VerifiedBy) -> Markup {
    html! {
        @match by {
            VerifiedBy::Job(number) => { (badge(Tone::Good, "Verified")) " by CI job " (number) " of this server" },
            VerifiedBy::Issuer(url) => { (badge(Tone::Good, "Verified")) " by the ID token of " (url) },
            VerifiedBy::Gitlab(url) => { (badge(Tone::Good, "Verified")) " by the GitLab at " (url) },
            VerifiedBy::Nobody => { (badge(Tone::Warn, "Not verified")) " \u{2013} what the publisher said of itself" },
        }
    }
}
