//! The first page of the administration, and the settings of the instance.

use crate::domain::event::PackageAction;
use crate::domain::identity::InstanceSettings;
use crate::http::error;
use crate::http::pages::Visit;
use crate::http::pages::complaints::{self, ticked, visibility};
use crate::http::pages::forms::Form;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::actors::Actor;
use crate::service::overview::RecentEvent;
use crate::service::settings::SettingsChange;
use crate::web::Page;
use crate::web::admin::ADMIN;
use crate::web::admin::overview::{Event, Health, Overview, Storage, Values};
use crate::web::forms::Complaint;
use crate::web::frame::Flash;

/// Units of sizes, largest first.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("bytes", 1)];

pub(super) async fn show(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    let values = stored(&visit.registry().settings_for(visit.caller())?);
    Ok(page(visit, &values, None).await?.into())
}

fn stored(settings: &InstanceSettings) -> Values {
    Values {
        registry: settings.registry_enabled,
        anyone: settings.allow_anyone_to_pull,
        projects: settings.default_project_visibility,
        groups: settings.default_group_visibility,
        max_file_size: size_in_words(settings.max_file_size),
    }
}

async fn page(
    visit: &Visit<'_>,
    values: &Values,
    complaint: Option<&Complaint>,
) -> Result<Page, ServiceError> {
    let overview = visit.registry().overview(visit.caller()).await?;
    let storage = visit.registry().storage(visit.caller()).await?;
    let events: Vec<Event> = overview.events.iter().map(told).collect();
    let storage = Storage {
        used: storage.bytes,
        reclaimable: storage.reclaimable_bytes,
        measured_at: storage.measured_at,
    };
    let health = Health {
        is_ready: visit.registry().is_ready(),
        since: visit.context.app.since,
        kept_off: visit.registry().options().disable_registry,
    };
    let counts = [
        ("Users", overview.users),
        ("Groups", overview.groups),
        ("Projects", overview.projects),
        ("Modules", overview.modules),
        ("Versions", overview.versions),
    ];
    let page = Overview { values, complaint, health, counts: &counts, storage, events: &events };
    Ok(page.page(&visit.viewer()))
}

fn told(event: &RecentEvent) -> Event {
    Event {
        at: event.at,
        what: match event.action {
            PackageAction::Published => "published",
            PackageAction::Deleted => "deleted",
            PackageAction::FileDeleted => "file deleted",
        },
        package: format!("{}/{} {}", event.name, event.system, event.version),
        who: match &event.actor {
            Actor::User { username, .. } => username.clone(),
            Actor::FormerUser => "a user who is gone".to_owned(),
            Actor::DeployToken { name } => format!("deploy token {name}"),
            Actor::FormerDeployToken => "a deploy token that is gone".to_owned(),
            Actor::CommandLine => "the command line".to_owned(),
            Actor::TrustedPublisher { name } => format!("trusted publisher {name}"),
            Actor::FormerTrustedPublisher => "a trusted publisher that is gone".to_owned(),
        },
        project: event.project.clone(),
    }
}

/// `POST /admin`.
pub(super) async fn save(visit: &Visit<'_>, form: &Form) -> Result<Reply, ServiceError> {
    let outcome = match wanted(form) {
        Ok(wanted) => visit.registry().update_settings(visit.caller(), wanted).await,
        Err(refused) => Err(refused),
    };
    match outcome {
        Ok(settings) => {
            tracing::info!(by = visit.caller().label(), ?settings, "changed the settings");
            visit.say(Flash::done("The settings were saved."));
            Ok(Visit::lead_to(ADMIN))
        }
        Err(refused) => {
            let refused = complaints::told("settings", &[("max_file_size", "max_file_size")], refused)?;
            let before = stored(&visit.registry().settings_for(visit.caller())?);
            let values = Values {
                registry: ticked(form, "registry"),
                anyone: ticked(form, "anyone"),
                projects: visibility(form, "projects").unwrap_or(before.projects),
                groups: visibility(form, "groups").unwrap_or(before.groups),
                max_file_size: form.text("max_file_size").to_owned(),
            };
            let page = page(visit, &values, Some(&refused.complaint)).await?;
            Ok(error::page(&refused.error, page))
        }
    }
}

fn wanted(form: &Form) -> Result<SettingsChange, ServiceError> {
    let size = size(form.text("max_file_size")).ok_or_else(|| {
        ServiceError::Unprocessable("max_file_size is not a size: write it like 512 MiB".to_owned())
    })?;
    Ok(SettingsChange {
        registry_enabled: Some(ticked(form, "registry")),
        allow_anyone_to_pull: Some(ticked(form, "anyone")),
        default_project_visibility: Some(visibility(form, "projects")?),
        default_group_visibility: Some(visibility(form, "groups")?),
        max_file_size: Some(size),
    })
}

/// A size in its largest unit that loses nothing.
fn size_in_words(size: u64) -> String {
    let fitting = UNITS.into_iter().find(|(_, length)| size.is_multiple_of(*length)).filter(|_| size > 0);
    fitting.map_or_else(|| size.to_string(), |(unit, length)| format!("{} {unit}", size / length))
}

/// A whole number, of bytes when no unit stands behind it.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = unit.trim();
    let known = UNITS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(unit));
    let length = if unit.is_empty() { 1 } else { known?.1 };
    number.parse::<u64>().ok()?.checked_mul(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_and_read_without_loss() {
        for (bytes, words) in [
            (0, "0"),
            (1, "1 bytes"),
            (1000, "1000 bytes"),
            (1024, "1 KiB"),
            (1536, "1536 bytes"),
            (512 << 20, "512 MiB"),
            (1 << 30, "1 GiB"),
            (u64::MAX, "18446744073709551615 bytes"),
        ] {
            assert_eq!(size_in_words(bytes), words);
            assert_eq!(size(words), Some(bytes));
        }
        assert_eq!((size(" 5mib "), size("7")), (Some(5 << 20), Some(7)));
        for bad in ["", "MiB", "-1", "1.5 GiB", "1 TB", "1 GiB 2", "99999999999 GiB", "\u{b2} KiB"] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }
}
