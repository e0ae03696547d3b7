//! Groups: created, listed, changed and deleted with everything below; never less visible than what they hold.

use jiff::Timestamp;

use super::access::{group_facts, group_for};
use super::audit::Deed;
use super::identity::{check_own, is_administrator};
use super::namespaces::path_below;
use super::removal::remove_group;
use super::{Caller, Registry, ServiceError, input};
use crate::domain::access::{self, GroupAction};
use crate::domain::audit::{Action, Changes, Named};
use crate::domain::identity::{Group, GroupKind, Holder, Membership};
use crate::domain::package::DuplicatesRule;
use crate::domain::{GroupId, Role, Visibility};
use crate::store::tables::PathTarget;
use crate::store::{Change, Reader, identity as records};

/// Characters of an exception pattern. What it may cost once compiled is bounded too.
const MAX_PATTERN_LENGTH: usize = 1_024;

/// A group to be created.
#[derive(Debug, Clone)]
pub struct NewGroup {
    /// Number or full path of the group it goes into; nothing for a root group.
    pub parent: Option<String>,
    /// Its own segment of the path.
    pub path: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who sees it; the instance's default, or less if the parent is less visible.
    pub visibility: Option<Visibility>,
    /// Its rule for duplicates.
    pub duplicates: DuplicatesRule,
}

/// What to change of a group; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct GroupChange {
    /// Its own segment of the path. Everything below moves with it; the old path leads to the new one until somebody takes
    /// it.
    pub path: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who sees it.
    pub visibility: Option<Visibility>,
    /// `terraform_module_duplicates_allowed`.
    pub duplicates_allowed: Option<bool>,
    /// `terraform_module_duplicate_exception_regex`.
    pub exception_regex: Option<String>,
}

/// Which groups to list.
#[derive(Debug, Clone, Default)]
pub struct GroupFilter {
    /// Part of the path or the name.
    pub search: Option<String>,
    /// Only groups where the caller has at least this role.
    pub min_role: Option<Role>,
    /// Only groups the caller has to do with: by a role there, or by one in something below. Administrators have to do with
    /// all.
    pub mine: bool,
    /// Only root groups.
    pub top_level_only: bool,
    /// Only of that visibility.
    pub visibility: Option<Visibility>,
    /// All but these.
    pub except: Vec<GroupId>,
}

impl Registry {
    /// A group by number or full path.
    pub fn group(&self, caller: &Caller, id: &str) -> Result<Group, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| group_for(snapshot, caller, id, GroupAction::View, now))
    }

    /// The names of a group's ancestors and its own: what GitLab calls its full name.
    pub fn full_name(&self, group: &Group) -> Result<String, ServiceError> {
        self.store().read(|snapshot| {
            let mut names = Vec::new();
            for id in &group.ancestors {
                names.extend(records::group(snapshot, *id)?.map(|ancestor| ancestor.name));
            }
            names.push(group.name.clone());
            Ok(names.join(" / "))
        })
    }

    /// The groups the caller sees, in order of number.
    pub async fn groups(&self, caller: &Caller, filter: GroupFilter) -> Result<Vec<Group>, ServiceError> {
        let (now, caller) = (self.now(), caller.clone());
        self.read_long(move |snapshot| {
            let groups = records::groups(snapshot)?;
            select(snapshot, &caller, groups, &filter, now)
        })
        .await
    }

    /// The groups in a group that the caller sees: those directly in it, or all below it.
    pub async fn subgroups(
        &self,
        caller: &Caller,
        id: &str,
        deep: bool,
        filter: GroupFilter,
    ) -> Result<Vec<Group>, ServiceError> {
        let (now, caller, id) = (self.now(), caller.clone(), id.to_owned());
        self.read_long(move |snapshot| {
            let parent = group_for(snapshot, &caller, &id, GroupAction::View, now)?;
            let mut groups = records::subgroups(snapshot, parent.id)?;
            let mut opened = 0;
            while let Some(next) = groups.get(opened).filter(|_| deep) {
                let below = records::subgroups(snapshot, next.id)?;
                groups.extend(below);
                opened += 1;
            }
            groups.sort_by_key(|group| group.id);
            select(snapshot, &caller, groups, &filter, now)
        })
        .await
    }

    /// Refuses whoever may not create a group there, before anything is said about the request.
    pub fn check_new_group(&self, caller: &Caller, parent: Option<&str>) -> Result<(), ServiceError> {
        check_own(caller)?;
        let now = self.now();
        self.store().read(|snapshot| parent_of(snapshot, caller, parent, now)).map(drop)
    }

    /// Creates a group. Its creator becomes its owner.
    pub async fn create_group(&self, caller: &Caller, new: NewGroup) -> Result<Group, ServiceError> {
        self.check_new_group(caller, new.parent.as_deref())?;
        let (now, scribe, caller) = (self.now(), self.scribe(caller), caller.clone());
        let name = input::name("name", &new.name)?;
        let description = input::description(&new.description)?;
        check_pattern(&new.duplicates.exception_regex)?;
        self.store()
            .write(move |change| {
                let parent = parent_of(change, &caller, new.parent.as_deref(), now)?;
                let visibility = match new.visibility {
                    Some(visibility) => visibility,
                    None => records::settings(change)?
                        .default_group_visibility
                        .min(parent.as_ref().map_or(Visibility::Public, |parent| parent.visibility)),
                };
                check_below(visibility, parent.as_ref())?;
                let path = path_below(change, parent.as_ref(), &new.path, None)?;
                let group = Group {
                    id: GroupId(change.next_number("group")?),
                    kind: GroupKind::Group,
                    ancestors: parent.map(|parent| parent.lineage().collect()).unwrap_or_default(),
                    path,
                    name,
                    description,
                    visibility,
                    duplicates: new.duplicates,
                    created_at: now,
                };
                records::put_group(change, &group)?;
                join(change, &caller, Holder::Group(group.id), Role::Owner, now)?;
                let deed = Deed::new(Action::GroupCreated, Named::group(&group));
                scribe.note(change, deed.with("visibility", group.visibility.as_str()))?;
                Ok(group)
            })
            .await
    }

    /// Changes a group. With another path it is renamed, together with everything below.
    pub async fn update_group(
        &self,
        caller: &Caller,
        id: &str,
        wanted: GroupChange,
    ) -> Result<Group, ServiceError> {
        let (now, scribe) = (self.now(), self.scribe(caller));
        let (caller, id) = (caller.clone(), id.to_owned());
        self.store().read(|snapshot| group_for(snapshot, &caller, &id, GroupAction::Administer, now))?;
        let wanted = wanted.judge()?;
        self.store()
            .write(move |change| {
                let mut group = group_for(change, &caller, &id, GroupAction::Administer, now)?;
                if let Some(visibility) = wanted.visibility {
                    check_between(change, &group, visibility)?;
                }
                let renamed = match &wanted.path {
                    Some(segment) => {
                        let parent = match group.parent() {
                            Some(parent) => records::group(change, parent)?,
                            None => None,
                        };
                        let own = Some(PathTarget::Group(group.id));
                        Some(path_below(change, parent.as_ref(), segment, own)?)
                    }
                    None => None,
                };
                let before = group.clone();
                wanted.apply(&mut group);
                match renamed.filter(|path| path.as_str() != group.path.as_str()) {
                    Some(path) => records::rename_group(change, &mut group, path)?,
                    None => records::put_group(change, &group)?,
                }
                let moved = group.path.as_str() != before.path.as_str();
                let action = if moved { Action::GroupMoved } else { Action::GroupChanged };
                let deed = Deed::new(action, Named::group(&group));
                scribe.note(change, deed.changing(changes(&before, &group)))?;
                Ok(group)
            })
            .await
    }

    /// Deletes a group with its subgroups, projects and everything published in them.
    pub async fn delete_group(&self, caller: &Caller, id: &str) -> Result<(), ServiceError> {
        let (now, scribe) = (self.now(), self.scribe(caller));
        let (caller, id) = (caller.clone(), id.to_owned());
        self.store().read(|snapshot| group_for(snapshot, &caller, &id, GroupAction::Administer, now))?;
        self.store()
            .write(move |change| {
                let group = group_for(change, &caller, &id, GroupAction::Administer, now)?;
                let packages = remove_group(change, &caller, &group, now)?;
                let deed = Deed::new(Action::GroupDeleted, Named::group(&group)).with("packages", packages);
                scribe.note(change, deed)
            })
            .await
    }
}

fn select(
    reader: &impl Reader,
    caller: &Caller,
    groups: Vec<Group>,
    filter: &GroupFilter,
    now: Timestamp,
) -> Result<Vec<Group>, ServiceError> {
    let mut found = Vec::new();
    for group in groups {
        let wanted = group.kind == GroupKind::Group
            && (!filter.top_level_only || group.parent().is_none())
            && filter.visibility.is_none_or(|visibility| group.visibility == visibility)
            && !filter.except.contains(&group.id)
            && is_named(&group, filter.search.as_deref());
        if !wanted {
            continue;
        }
        let facts = group_facts(reader, caller, &group, now)?;
        let role_suffices = filter.min_role.is_none_or(|lowest| facts.role >= Some(lowest));
        let mine = !filter.mine || facts.connected || is_administrator(caller);
        if role_suffices && mine && access::group(caller.identity(), &facts, GroupAction::View).is_ok() {
            found.push(group);
        }
    }
    Ok(found)
}

/// Whether a text is part of a group's path or name.
pub(super) fn is_named(group: &Group, search: Option<&str>) -> bool {
    search.is_none_or(|search| {
        let search = search.to_lowercase();
        group.path.key().contains(&search) || group.name.to_lowercase().contains(&search)
    })
}

/// The group a new one goes into, if the caller may create one there; nothing for a root group.
fn parent_of(
    reader: &impl Reader,
    caller: &Caller,
    parent: Option<&str>,
    now: Timestamp,
) -> Result<Option<Group>, ServiceError> {
    if let Some(id) = parent {
        return group_for(reader, caller, id, GroupAction::CreateSubgroup, now).map(Some);
    }
    let permitted = caller.user().is_some_and(|user| user.can_create_group);
    access::create_root_group(caller.identity(), permitted).map_err(|refusal| ServiceError::Refused {
        refusal,
        anonymous: caller.is_anonymous(),
        subject: "Group",
    })?;
    Ok(None)
}

/// A child is never more visible than its parent.
pub(super) fn check_below(visibility: Visibility, parent: Option<&Group>) -> Result<(), ServiceError> {
    match parent {
        Some(parent) if visibility > parent.visibility => Err(ServiceError::Invalid(format!(
            "visibility {} is not allowed in {}, which is {}: choose that or less",
            visibility.as_str(),
            parent.path,
            parent.visibility.as_str()
        ))),
        _ => Ok(()),
    }
}

/// A group's visibility lies between that of its parent and those of its children.
fn check_between(reader: &impl Reader, group: &Group, visibility: Visibility) -> Result<(), ServiceError> {
    if let Some(parent) = group.parent() {
        check_below(visibility, records::group(reader, parent)?.as_ref())?;
    }
    let groups =
        records::subgroups(reader, group.id)?.into_iter().map(|child| (child.visibility, child.path));
    let projects =
        records::projects_in(reader, group.id)?.into_iter().map(|child| (child.visibility, child.path));
    // Owners of the group are owners of everything below, so naming one tells them nothing new.
    match groups.chain(projects).find(|(child, _)| *child > visibility) {
        Some((child, path)) => Err(ServiceError::Invalid(format!(
            "visibility {} is not allowed while {path} is {}: change that first",
            visibility.as_str(),
            child.as_str()
        ))),
        None => Ok(()),
    }
}

fn check_pattern(pattern: &str) -> Result<(), ServiceError> {
    let wrong = |why: &str| {
        ServiceError::Invalid(format!("terraform_module_duplicate_exception_regex is not usable: {why}"))
    };
    if pattern.len() > MAX_PATTERN_LENGTH {
        return Err(wrong("it is longer than 1024 bytes"));
    }
    DuplicatesRule::compile(pattern).map(drop).map_err(|error| wrong(&error.to_string()))
}

/// Makes the caller a member of what it created, if it is a user.
pub(super) fn join(
    change: &mut Change<'_>,
    caller: &Caller,
    holder: Holder,
    role: Role,
    now: Timestamp,
) -> Result<(), ServiceError> {
    if let Some(user) = caller.user() {
        let membership = Membership { holder, user: user.id, role, expires_at: None, created_at: now };
        records::put_membership(change, &membership)?;
    }
    Ok(())
}

fn changes(before: &Group, after: &Group) -> Changes {
    let visibility = [before, after].map(|group| group.visibility.as_str());
    let (rule, next) = (&before.duplicates, &after.duplicates);
    Changes::default()
        .of("path", &before.path.as_str(), &after.path.as_str())
        .of("name", &before.name, &after.name)
        .of("description", &before.description, &after.description)
        .of("visibility", &visibility[0], &visibility[1])
        .of("terraform_module_duplicates_allowed", &rule.allowed, &next.allowed)
        .of("terraform_module_duplicate_exception_regex", &rule.exception_regex, &next.exception_regex)
}

impl GroupChange {
    fn judge(mut self) -> Result<Self, ServiceError> {
        self.name = self.name.map(|name| input::name("name", &name)).transpose()?;
        self.description = self.description.map(|text| input::description(&text)).transpose()?;
        self.exception_regex.as_deref().map(check_pattern).transpose()?;
        Ok(self)
    }

    fn apply(self, group: &mut Group) {
        group.visibility = self.visibility.unwrap_or(group.visibility);
        group.duplicates.allowed = self.duplicates_allowed.unwrap_or(group.duplicates.allowed);
        if let Some(pattern) = self.exception_regex {
            group.duplicates.exception_regex = pattern;
        }
        if let Some(name) = self.name {
            group.name = name;
        }
        if let Some(description) = self.description {
            group.description = description;
        }
    }
}

#[cfg(test)]
mod tests;
