//! Members of groups and projects: added, changed and removed up to the caller's own role; ownership is never lost.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::access::{group_facts, group_for, project_facts, project_for};
use super::audit::Deed;
use super::identity::check_own;
use super::identity::check_signed_in;
use super::{Caller, Registry, ServiceError, input};
use crate::domain::access::{self, GroupAction, ProjectAction};
use crate::domain::audit::{Action, Changes, Named};
use crate::domain::identity::{Group, Holder, Membership, Project, User};
use crate::domain::{Role, UserId};
use crate::store::{Reader, StoreError, identity as records};

/// A group or project as a request names it: by number or full path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A group.
    Group(String),
    /// A project.
    Project(String),
}

/// The group or project that a [`Place`] names.
#[derive(Debug)]
pub(super) enum Found {
    Group(Group),
    Project(Project),
}

impl Found {
    pub(super) fn holder(&self) -> Holder {
        match self {
            Self::Group(group) => Holder::Group(group.id),
            Self::Project(project) => Holder::Project(project.id),
        }
    }

    /// As the audit log names it.
    pub(super) fn named(&self) -> Named {
        match self {
            Self::Group(group) => Named::group(group),
            Self::Project(project) => Named::project(project),
        }
    }

    /// Everything whose members count here, root first, itself last.
    fn lineage(&self) -> Vec<Holder> {
        match self {
            Self::Group(group) => group.lineage().map(Holder::Group).collect(),
            Self::Project(project) => {
                let above = project.groups.iter().copied().map(Holder::Group);
                above.chain(std::iter::once(self.holder())).collect()
            }
        }
    }

    /// The caller's highest role here.
    fn role(
        &self,
        reader: &impl Reader,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Option<Role>, StoreError> {
        match self {
            Self::Group(group) => Ok(group_facts(reader, caller, group, now)?.role),
            Self::Project(project) => {
                let settings = records::settings(reader)?;
                Ok(project_facts(reader, caller, project, &settings, now)?.role)
            }
        }
    }

    fn check_grant(
        &self,
        reader: &impl Reader,
        caller: &Caller,
        other: Role,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let own = self.role(reader, caller, now)?;
        access::grant(caller.identity(), own, other).map_err(|refusal| ServiceError::Refused {
            refusal,
            anonymous: caller.is_anonymous(),
            subject: "Member",
        })
    }
}

impl Place {
    /// What it names, if the caller sees it.
    pub(super) fn view(
        &self,
        reader: &impl Reader,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Found, ServiceError> {
        Ok(match self {
            Self::Group(id) => Found::Group(group_for(reader, caller, id, GroupAction::View, now)?),
            Self::Project(id) => Found::Project(project_for(reader, caller, id, ProjectAction::View, now)?),
        })
    }

    /// What it names, if the caller may see its deploy tokens.
    pub(super) fn inspect(
        &self,
        reader: &impl Reader,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Found, ServiceError> {
        Ok(match self {
            Self::Group(id) => Found::Group(group_for(reader, caller, id, GroupAction::Inspect, now)?),
            Self::Project(id) => {
                Found::Project(project_for(reader, caller, id, ProjectAction::Inspect, now)?)
            }
        })
    }

    /// What it names, if the caller may change its members and deploy tokens.
    pub(super) fn administer(
        &self,
        reader: &impl Reader,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Found, ServiceError> {
        Ok(match self {
            Self::Group(id) => Found::Group(group_for(reader, caller, id, GroupAction::Administer, now)?),
            Self::Project(id) => {
                Found::Project(project_for(reader, caller, id, ProjectAction::Administer, now)?)
            }
        })
    }
}

/// A member: who, as what.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Who.
    pub user: User,
    /// As what, and where from.
    pub membership: Membership,
}

/// Until when a membership is to last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum End {
    /// As it was; without end when it is new.
    #[default]
    Keep,
    /// Without end.
    Never,
    /// To 00:00 UTC of that day.
    On(Date),
}

impl End {
    fn resolve(self, before: Option<Timestamp>, now: Timestamp) -> Result<Option<Timestamp>, ServiceError> {
        match self {
            Self::Keep => Ok(before),
            Self::Never => Ok(None),
            Self::On(date) => input::end(date, now).map(Some),
        }
    }
}

/// Whether a root group would have no lasting owner without that membership.
pub(super) fn is_last_owner(reader: &impl Reader, membership: &Membership) -> Result<bool, StoreError> {
    let lasting = |member: &Membership| member.role == Role::Owner && member.expires_at.is_none();
    let Holder::Group(id) = membership.holder else { return Ok(false) };
    let root = records::group(reader, id)?.filter(|group| group.parent().is_none() && !group.is_personal());
    if root.is_none() || !lasting(membership) {
        return Ok(false);
    }
    let others = records::members(reader, membership.holder)?;
    Ok(!others.iter().any(|other| other.user != membership.user && lasting(other)))
}

fn keep_an_owner(
    reader: &impl Reader,
    before: &Membership,
    after: Option<&Membership>,
) -> Result<(), ServiceError> {
    let stays = after.is_some_and(|after| after.role == Role::Owner && after.expires_at.is_none());
    if !stays && is_last_owner(reader, before)? {
        return Err(ServiceError::Forbidden(
            "this is the last owner of the group: make another member owner first",
        ));
    }
    Ok(())
}

impl Registry {
    /// Refuses whoever may not change a group's or project's settings, members and deploy tokens.
    pub fn require_manager(&self, caller: &Caller, place: &Place) -> Result<(), ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| place.administer(snapshot, caller, now)).map(drop)
    }

    /// The direct members.
    pub fn members(&self, caller: &Caller, place: &Place) -> Result<Vec<Member>, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let found = place.view(snapshot, caller, now)?;
            check_signed_in(caller)?;
            active_members(snapshot, found.holder(), now)
        })
    }

    /// Everyone with a role here, inherited ones included, each with the highest.
    pub fn all_members(&self, caller: &Caller, place: &Place) -> Result<Vec<Member>, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let mut highest = BTreeMap::new();
            let found = place.view(snapshot, caller, now)?;
            check_signed_in(caller)?;
            for holder in found.lineage() {
                for member in active_members(snapshot, holder, now)? {
                    let known = highest.entry(member.user.id).or_insert_with(|| member.clone());
                    if member.membership.role > known.membership.role {
                        *known = member;
                    }
                }
            }
            Ok(highest.into_values().collect())
        })
    }

    /// Makes a user a direct member.
    pub async fn add_member(
        &self,
        caller: &Caller,
        place: Place,
        user: UserId,
        role: Role,
        end: End,
    ) -> Result<Member, ServiceError> {
        let (now, scribe, caller) = (self.now(), self.scribe(caller), caller.clone());
        self.store().read(|snapshot| place.administer(snapshot, &caller, now))?;
        self.store()
            .write(move |change| {
                let found = place.administer(change, &caller, now)?;
                found.check_grant(change, &caller, role, now)?;
                let user = records::user(change, user)?.ok_or(ServiceError::NotFound("User"))?;
                let there = records::membership(change, found.holder(), user.id)?;
                if there.is_some_and(|member| member.is_active(now)) {
                    return Err(ServiceError::Taken(
                        "Member already exists: change the role instead".to_owned(),
                    ));
                }
                let expires_at = end.resolve(None, now)?;
                let membership =
                    Membership { holder: found.holder(), user: user.id, role, expires_at, created_at: now };
                records::put_membership(change, &membership)?;
                let deed = Deed::new(Action::MemberAdded, Named::user(&user)).of(found.named());
                let end = expires_at.map(|end| end.to_string());
                scribe.note(change, deed.with("role", role.as_str()).with("expires_at", end))?;
                Ok(Member { user, membership })
            })
            .await
    }

    /// Changes the role of a direct member, or until when it lasts.
    pub async fn update_member(
        &self,
        caller: &Caller,
        place: Place,
        user: UserId,
        role: Role,
        end: End,
    ) -> Result<Member, ServiceError> {
        let (now, scribe, caller) = (self.now(), self.scribe(caller), caller.clone());
        self.store().read(|snapshot| place.administer(snapshot, &caller, now))?;
        self.store()
            .write(move |change| {
                let found = place.administer(change, &caller, now)?;
                let Member { user, membership: before } = direct(change, found.holder(), user, now)?;
                found.check_grant(change, &caller, before.role.max(role), now)?;
                let after = Membership { role, expires_at: end.resolve(before.expires_at, now)?, ..before };
                keep_an_owner(change, &before, Some(&after))?;
                records::put_membership(change, &after)?;
                let deed = Deed::new(Action::MemberChanged, Named::user(&user)).of(found.named());
                scribe.note(change, deed.changing(changes(&before, &after)))?;
                Ok(Member { user, membership: after })
            })
            .await
    }

    /// Ends a direct membership. Everyone may end their own.
    pub async fn remove_member(
        &self,
        caller: &Caller,
        place: Place,
        user: UserId,
    ) -> Result<(), ServiceError> {
        let (now, scribe, caller) = (self.now(), self.scribe(caller), caller.clone());
        let leaving = caller.user().is_some_and(|own| own.id == user);
        if leaving {
            check_own(&caller)?;
        } else {
            self.store().read(|snapshot| place.administer(snapshot, &caller, now))?;
        }
        self.store()
            .write(move |change| {
                let found = if leaving {
                    place.view(change, &caller, now)?
                } else {
                    place.administer(change, &caller, now)?
                };
                let member = direct(change, found.holder(), user, now)?;
                if !leaving {
                    found.check_grant(change, &caller, member.membership.role, now)?;
                }
                keep_an_owner(change, &member.membership, None)?;
                records::remove_membership(change, found.holder(), user);
                let deed = Deed::new(Action::MemberRemoved, Named::user(&member.user)).of(found.named());
                scribe.note(change, deed.with("role", member.membership.role.as_str()))
            })
            .await
    }
}

fn changes(before: &Membership, after: &Membership) -> Changes {
    let role = [before, after].map(|member| member.role.as_str());
    let end =
        [before, after].map(|member| member.expires_at.map_or("never".to_owned(), |end| end.to_string()));
    Changes::default().of("role", &role[0], &role[1]).of("expires_at", &end[0], &end[1])
}

fn active_members(reader: &impl Reader, holder: Holder, now: Timestamp) -> Result<Vec<Member>, ServiceError> {
    let mut members = Vec::new();
    for membership in records::members(reader, holder)? {
        if let Some(user) = records::user(reader, membership.user)?.filter(|_| membership.is_active(now)) {
            members.push(Member { user, membership });
        }
    }
    Ok(members)
}

fn direct(
    reader: &impl Reader,
    holder: Holder,
    user: UserId,
    now: Timestamp,
) -> Result<Member, ServiceError> {
    let membership = records::membership(reader, holder, user)?.filter(|found| found.is_active(now));
    let membership = membership.ok_or(ServiceError::NotFound("Member"))?;
    let user = records::user(reader, user)?.ok_or(ServiceError::NotFound("Member"))?;
    Ok(Member { user, membership })
}

#[cfg(test)]
mod tests;
