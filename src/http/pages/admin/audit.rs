//! The audit log, filtered and a page at a time.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::http::pages::Visit;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::audit::log::is_action;
use crate::service::audit::{AuditFilter, AuditPage, Start};
use crate::web::admin::audit::{self, Asked};

/// Entries of a page.
const ROWS: usize = 50;

/// `GET /admin/audit_events`.
pub(super) async fn list(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    let text = |name| visit.context.query(name).unwrap_or_default().trim().to_owned();
    let mut asked = Asked {
        action: text("action"),
        user: text("user"),
        target: text("target"),
        from: text("from"),
        to: text("to"),
        problem: None,
    };
    let cursor: Option<u64> = text("cursor").parse().ok();
    let found = match filter(visit, &asked)? {
        Ok(filter) => {
            let start = Start { behind: cursor, ..Start::default() };
            visit.registry().audit_log(visit.caller(), filter, start, ROWS).await?
        }
        Err(problem) => {
            asked.problem = Some(problem);
            AuditPage { entries: Vec::new(), next: None, total: None }
        }
    };
    Ok(audit::list(&visit.viewer(), &asked, &found.entries, (cursor, found.next)).into())
}

/// What the form asks for, or what of it cannot be.
fn filter(
    visit: &Visit<'_>,
    asked: &Asked,
) -> Result<Result<AuditFilter, (&'static str, &'static str)>, ServiceError> {
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut filter = AuditFilter {
        action: filled(&asked.action).filter(|word| is_action(word)),
        about: filled(&asked.target),
        ..AuditFilter::default()
    };
    if let Some(user) = filled(asked.user.trim_start_matches('@')) {
        filter.author = visit.registry().audit_author(visit.caller(), &user)?;
        if filter.author.is_none() {
            return Ok(Err(("user", "Nobody is called that; a user who is gone is found by number.")));
        }
    }
    for (name, text, place, last) in
        [("from", &asked.from, &mut filter.since, false), ("to", &asked.to, &mut filter.until, true)]
    {
        if let Some(text) = filled(text) {
            *place = day(&text, last);
            if place.is_none() {
                return Ok(Err((name, "Write a day as YYYY-MM-DD.")));
            }
        }
    }
    Ok(Ok(filter))
}

/// The first moment of a day in UTC, or the last.
fn day(text: &str, last: bool) -> Option<Timestamp> {
    let day: Date = text.parse().ok()?;
    let midnight = |day: Date| day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    if !last {
        return midnight(day);
    }
    midnight(day.checked_add(1.day()).ok()?)?.checked_sub(SignedDuration::from_millis(1)).ok()
}
