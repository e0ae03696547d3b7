//! What only groups have among the general settings.

use super::general::Sent;
use super::lines;
use crate::domain::FullPath;
use crate::http::pages::complaints::{ticked, visibility};
use crate::http::pages::forms::Form;
use crate::http::pages::{Visit, nothing_here};
use crate::service::ServiceError;
use crate::service::groups::GroupChange;
use crate::service::places::PlaceView;
use crate::web::settings::general::{Basics, Own};
use crate::web::settings::group::Values;

/// What the forms hold.
pub(super) fn held(
    visit: &Visit<'_>,
    place: &PlaceView,
    sent: Option<&Sent<'_>>,
) -> Result<(Basics, Own), ServiceError> {
    let group = visit.registry().group(visit.caller(), place.path.as_str())?;
    let mut values = Values {
        duplicates_allowed: group.duplicates.allowed,
        exception_regex: group.duplicates.exception_regex,
    };
    if let Some(Sent { form, .. }) = sent.filter(|sent| sent.section == "duplicates") {
        values.duplicates_allowed = ticked(form, "duplicates_allowed");
        form.text("exception_regex").clone_into(&mut values.exception_regex);
    }
    let basics = Basics {
        path: group.path.name().to_owned(),
        name: group.name,
        description: group.description,
        visibility: group.visibility,
        confirmation: String::new(),
    };
    Ok((basics, Own::Group(values)))
}

/// Does what a form asks for. Returns the path of the group then.
pub(super) async fn change(
    visit: &Visit<'_>,
    place: &PlaceView,
    section: &str,
    form: &Form,
) -> Result<FullPath, ServiceError> {
    let text = |name| Some(form.text(name).to_owned());
    let nothing = GroupChange::default();
    let wanted = match section {
        "general" => {
            GroupChange { name: text("name"), description: Some(lines(form, "description")), ..nothing }
        }
        "permissions" => GroupChange { visibility: Some(visibility(form, "visibility")?), ..nothing },
        "duplicates" => GroupChange {
            duplicates_allowed: Some(ticked(form, "duplicates_allowed")),
            exception_regex: text("exception_regex"),
            ..nothing
        },
        "path" => GroupChange { path: text("path"), ..nothing },
        _ => return Err(nothing_here(visit)),
    };
    Ok(visit.registry().update_group(visit.caller(), place.path.as_str(), wanted).await?.path)
}
