//! Namespaces: groups and users' own ones alike, and the paths in them, which are given once.

use jiff::Timestamp;

use super::access::{any_namespace, check_group, group_facts, group_for};
use super::groups::is_named;
use super::identity::{check_signed_in, is_administrator};
use super::lookup::moved_group;
use super::{Caller, Registry, ServiceError};
use crate::domain::access::{self, GroupAction};
use crate::domain::identity::Group;
use crate::domain::{FullPath, PathSegment, Role, RootPath};
use crate::store::tables::{GROUPS, PathTarget};
use crate::store::{Reader, identity as records};

/// How many numbers are tried behind a path that is taken before no suggestion is made.
const SUGGESTIONS_TRIED: u32 = 100;

/// Which namespaces to list.
#[derive(Debug, Clone, Default)]
pub struct NamespaceFilter {
    /// Part of the path or the name.
    pub search: Option<String>,
    /// Only the caller's own and groups it owns.
    pub owned_only: bool,
    /// Only root namespaces.
    pub top_level_only: bool,
}

/// Whether a path is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupancy {
    /// It is.
    pub exists: bool,
    /// A similar path that is not, when it is.
    pub suggestion: Option<String>,
}

impl Registry {
    /// A group or personal namespace that the caller sees.
    pub fn namespace(&self, caller: &Caller, id: &str) -> Result<Group, ServiceError> {
        check_signed_in(caller)?;
        let now = self.now();
        self.store().read(|snapshot| {
            let Some(found) = any_namespace(snapshot, id)? else {
                return Err(moved_group(snapshot, caller, id, "Namespace", |_| true, now)?);
            };
            check_group(snapshot, caller, &found, GroupAction::View, now)
                .map_err(|_refused| ServiceError::hidden(caller.is_anonymous(), "Namespace"))?;
            Ok(found)
        })
    }

    /// The namespaces the caller belongs to: its own and the groups where it has a role; all, for an administrator.
    pub async fn namespaces(
        &self,
        caller: &Caller,
        filter: NamespaceFilter,
    ) -> Result<Vec<Group>, ServiceError> {
        check_signed_in(caller)?;
        let (now, caller) = (self.now(), caller.clone());
        self.read_long(move |snapshot| {
            let everything = is_administrator(&caller) && !filter.owned_only;
            let lowest = if filter.owned_only { Role::Owner } else { Role::Guest };
            let mut found = Vec::new();
            for group in records::groups(snapshot)? {
                let wanted = is_named(&group, filter.search.as_deref())
                    && (!filter.top_level_only || group.parent().is_none());
                if wanted && (everything || group_facts(snapshot, &caller, &group, now)?.role >= Some(lowest))
                {
                    found.push(group);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Whether a path at the root, or directly in a group that the caller sees, is taken. Who may create nothing there
    /// learns only of what it sees.
    pub fn is_path_taken(
        &self,
        caller: &Caller,
        path: &str,
        parent: Option<&str>,
    ) -> Result<Occupancy, ServiceError> {
        check_signed_in(caller)?;
        let now = self.now();
        self.store().read(|snapshot| {
            let parent = match parent {
                Some(id) => Some(group_for(snapshot, caller, id, GroupAction::View, now)?),
                None => None,
            };
            let creates = match &parent {
                Some(parent) => {
                    check_group(snapshot, caller, parent, GroupAction::CreateProject, now).is_ok()
                }
                None => {
                    let permitted = caller.user().is_some_and(|user| user.can_create_group);
                    access::create_root_group(caller.identity(), permitted).is_ok()
                }
            };
            let taken = |name: &str| {
                let full = match &parent {
                    Some(parent) => format!("{}/{name}", parent.path),
                    None => name.to_owned(),
                };
                is_taken(snapshot, caller, &full, creates, now)
            };
            let exists = taken(path)?;
            for number in (1..=SUGGESTIONS_TRIED).take_while(|_| exists) {
                let similar = format!("{path}{number}");
                if !taken(&similar)? {
                    return Ok(Occupancy { exists, suggestion: Some(similar) });
                }
            }
            Ok(Occupancy { exists, suggestion: None })
        })
    }
}

/// Whether a full path is taken, as far as the caller may know: all of it where it could take the path itself.
fn is_taken(
    reader: &impl Reader,
    caller: &Caller,
    path: &str,
    creates: bool,
    now: Timestamp,
) -> Result<bool, ServiceError> {
    Ok(match records::at_path(reader, path)? {
        Some(_) if creates => true,
        Some(PathTarget::Group(id)) => {
            let group = reader.require(&GROUPS, id.0)?;
            check_group(reader, caller, &group, GroupAction::View, now).is_ok()
        }
        Some(PathTarget::Project(_)) | None => false,
    })
}

/// The full path of something new, or of something renamed (`own`, which may keep what it has), if it is well-formed and
/// free.
pub(super) fn path_below(
    reader: &impl Reader,
    parent: Option<&Group>,
    segment: &str,
    own: Option<PathTarget>,
) -> Result<FullPath, ServiceError> {
    let path = match parent {
        Some(parent) => parent.path.join(&segment.parse::<PathSegment>()?)?,
        None => segment.parse::<RootPath>()?.into(),
    };
    match records::at_path(reader, path.as_str())? {
        Some(found) if Some(found) != own => {
            Err(ServiceError::Invalid(format!("path \"{path}\" has already been taken: choose another")))
        }
        _ => Ok(path),
    }
}

/// The group or personal namespace of that number or path, if the caller may do that to it.
pub(super) fn namespace_for(
    reader: &impl Reader,
    caller: &Caller,
    id: &str,
    action: GroupAction,
    now: Timestamp,
) -> Result<Group, ServiceError> {
    let group =
        any_namespace(reader, id)?.ok_or_else(|| ServiceError::hidden(caller.is_anonymous(), "Namespace"))?;
    match check_group(reader, caller, &group, action, now) {
        Err(ServiceError::Refused { refusal, anonymous, .. }) => {
            Err(ServiceError::Refused { refusal, anonymous, subject: "Namespace" })
        }
        checked => checked.map(|()| group),
    }
}
