//! Projects: created in groups or in one's own namespace, listed, changed, deleted with what was published in them.

use jiff::Timestamp;

use super::access::{group_facts, group_for, project_facts, project_for};
use super::audit::Deed;
use super::facts::highest_role;
use super::groups::{check_below, join};
use super::identity::check_own;
use super::namespaces::{namespace_for, path_below};
use super::removal::remove_project;
use super::webhooks::project_changed;
use super::{Caller, Registry, ServiceError, input};
use crate::domain::access::{self, GroupAction, ProjectAction};
use crate::domain::audit::{Action, Changes, Named};
use crate::domain::identity::{Group, Holder, Project};
use crate::domain::{ProjectId, RegistryAccess, Role, Visibility};
use crate::store::tables::PathTarget;
use crate::store::{Reader, StoreError, identity as records};

/// A project and the group or personal namespace it lives in.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedProject {
    /// The project.
    pub project: Project,
    /// Where it lives.
    pub namespace: Group,
}

/// Somebody's highest active roles: what GitLab calls `permissions`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Roles {
    /// As a direct member of the project.
    pub project: Option<Role>,
    /// In the groups above it.
    pub group: Option<Role>,
}

/// A project to be created.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Number or full path of the group or personal namespace it goes into; the caller's own when it does not say.
    pub namespace: Option<String>,
    /// Its own segment of the path.
    pub path: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who sees it; the instance's default, or less if the group is less visible.
    pub visibility: Option<Visibility>,
    /// Who may use its registry; whoever sees it, when it does not say.
    pub registry: Option<RegistryAccess>,
}

/// What to change of a project; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct ProjectChange {
    /// Its own segment of the path. The old path leads to the new one until somebody takes it.
    pub path: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who sees it.
    pub visibility: Option<Visibility>,
    /// Who may use its registry (`package_registry_access_level`).
    pub registry: Option<RegistryAccess>,
    /// `packages_enabled`: off is [`RegistryAccess::Disabled`]; on is [`RegistryAccess::Enabled`] unless it is on
    /// already. `registry` wins over it.
    pub packages_enabled: Option<bool>,
}

/// Which projects to list.
#[derive(Debug, Clone, Default)]
pub struct ProjectFilter {
    /// Part of its own segment of the path, of its name or of its description.
    pub search: Option<String>,
    /// Part of the full path is enough for `search`.
    pub search_namespaces: bool,
    /// Only of that visibility.
    pub visibility: Option<Visibility>,
    /// Only projects where the caller has at least this role.
    pub min_role: Option<Role>,
    /// Of a group's projects: those of its subgroups too.
    pub include_subgroups: bool,
}

impl Registry {
    /// A project by number or full path.
    pub fn project(&self, caller: &Caller, id: &str) -> Result<PlacedProject, ServiceError> {
        let now = self.now();
        self.store().read(|snapshot| {
            let project = project_for(snapshot, caller, id, ProjectAction::View, now)?;
            Ok(placed(snapshot, project)?)
        })
    }

    /// The projects the caller sees, in order of number.
    pub async fn projects(
        &self,
        caller: &Caller,
        filter: ProjectFilter,
    ) -> Result<Vec<PlacedProject>, ServiceError> {
        let (now, caller) = (self.now(), caller.clone());
        self.read_long(move |snapshot| {
            let projects = records::projects(snapshot)?;
            select(snapshot, &caller, projects, &filter, now)
        })
        .await
    }

    /// The projects of a group that the caller sees.
    pub async fn group_projects(
        &self,
        caller: &Caller,
        id: &str,
        filter: ProjectFilter,
    ) -> Result<Vec<PlacedProject>, ServiceError> {
        let (now, caller, id) = (self.now(), caller.clone(), id.to_owned());
        self.read_long(move |snapshot| {
            let group = group_for(snapshot, &caller, &id, GroupAction::View, now)?;
            let mut open = vec![group];
            let mut projects = Vec::new();
            while let Some(group) = open.pop() {
                projects.extend(records::projects_in(snapshot, group.id)?);
                if filter.include_subgroups {
                    open.extend(records::subgroups(snapshot, group.id)?);
                }
            }
            projects.sort_by_key(|project| project.id);
            select(snapshot, &caller, projects, &filter, now)
        })
        .await
    }

    /// Refuses whoever may not create a project there, before anything is said about the request.
    pub fn check_new_project(&self, caller: &Caller, namespace: Option<&str>) -> Result<(), ServiceError> {
        check_own(caller)?;
        let (now, target) = (self.now(), target_of(caller, namespace)?);
        let may = GroupAction::CreateProject;
        self.store().read(|snapshot| namespace_for(snapshot, caller, &target, may, now)).map(drop)
    }

    /// The caller's own roles in a project and in the groups above it.
    pub fn roles(&self, caller: &Caller, placed: &PlacedProject) -> Result<Roles, ServiceError> {
        let Some(user) = caller.user().map(|user| user.id) else { return Ok(Roles::default()) };
        let now = self.now();
        self.store().read(|snapshot| {
            let here = [Holder::Project(placed.project.id)];
            let above = placed.namespace.lineage().map(Holder::Group);
            Ok(Roles {
                project: highest_role(snapshot, user, here, now)?,
                group: highest_role(snapshot, user, above, now)?,
            })
        })
    }

    /// Creates a project. Its creator is at least its maintainer.
    pub async fn create_project(
        &self,
        caller: &Caller,
        new: NewProject,
    ) -> Result<PlacedProject, ServiceError> {
        self.check_new_project(caller, new.namespace.as_deref())?;
        let target = target_of(caller, new.namespace.as_deref())?;
        let (now, scribe, caller) = (self.now(), self.scribe(caller), caller.clone());
        let may = GroupAction::CreateProject;
        let name = input::name("name", &new.name)?;
        let description = input::description(&new.description)?;
        self.store()
            .write(move |change| {
                let namespace = namespace_for(change, &caller, &target, may, now)?;
                let default = records::settings(change)?.default_project_visibility.min(namespace.visibility);
                let visibility = new.visibility.unwrap_or(default);
                check_below(visibility, Some(&namespace))?;
                let project = Project {
                    path: path_below(change, Some(&namespace), &new.path, None)?,
                    id: ProjectId(change.next_number("project")?),
                    groups: namespace.lineage().collect(),
                    name,
                    description,
                    visibility,
                    registry: new.registry.unwrap_or(RegistryAccess::Enabled),
                    creator: caller.user().map(|user| user.id),
                    created_at: now,
                };
                records::put_project(change, &project)?;
                if group_facts(change, &caller, &namespace, now)?.role < Some(Role::Maintainer) {
                    join(change, &caller, Holder::Project(project.id), Role::Maintainer, now)?;
                }
                let deed = Deed::new(Action::ProjectCreated, Named::project(&project));
                scribe.note(change, deed.with("visibility", project.visibility.as_str()))?;
                Ok(PlacedProject { project, namespace })
            })
            .await
    }

    /// Changes a project. With another path it is renamed.
    pub async fn update_project(
        &self,
        caller: &Caller,
        id: &str,
        wanted: ProjectChange,
    ) -> Result<PlacedProject, ServiceError> {
        let (now, scribe) = (self.now(), self.scribe(caller));
        let (caller, id) = (caller.clone(), id.to_owned());
        let may = ProjectAction::Administer;
        self.store().read(|snapshot| project_for(snapshot, &caller, &id, may, now))?;
        let wanted = wanted.judge()?;
        self.store()
            .write(move |change| {
                let project = project_for(change, &caller, &id, may, now)?;
                let PlacedProject { mut project, namespace } = placed(change, project)?;
                if let Some(visibility) = wanted.visibility {
                    check_below(visibility, Some(&namespace))?;
                }
                let own = Some(PathTarget::Project(project.id));
                let renamed = wanted.path.as_deref();
                let renamed = renamed.map(|segment| path_below(change, Some(&namespace), segment, own));
                let renamed = renamed.transpose()?;
                let before = project.clone();
                wanted.apply(&mut project);
                match renamed.filter(|path| path.as_str() != project.path.as_str()) {
                    Some(path) => records::rename_project(change, &mut project, path)?,
                    None => records::put_project(change, &project)?,
                }
                let moved = project.path.as_str() != before.path.as_str();
                let action = if moved { Action::ProjectMoved } else { Action::ProjectChanged };
                let deed = Deed::new(action, Named::project(&project));
                scribe.note(change, deed.changing(changes(&before, &project)))?;
                project_changed(change, &caller, &before, &project, now)?;
                Ok(PlacedProject { project, namespace })
            })
            .await
    }

    /// Deletes a project with its packages, members and tokens.
    pub async fn delete_project(&self, caller: &Caller, id: &str) -> Result<(), ServiceError> {
        let (now, scribe) = (self.now(), self.scribe(caller));
        let (caller, id) = (caller.clone(), id.to_owned());
        self.store().read(|snapshot| project_for(snapshot, &caller, &id, ProjectAction::Remove, now))?;
        self.store()
            .write(move |change| {
                let project = project_for(change, &caller, &id, ProjectAction::Remove, now)?;
                let packages = remove_project(change, &caller, &project, now)?;
                let deed =
                    Deed::new(Action::ProjectDeleted, Named::project(&project)).with("packages", packages);
                scribe.note(change, deed)
            })
            .await
    }
}

/// The namespace a new project goes into: the one that was named, or the caller's own.
fn target_of(caller: &Caller, named: Option<&str>) -> Result<String, ServiceError> {
    let own = || caller.user().map(|user| user.namespace.to_string());
    named.map(str::to_owned).or_else(own).ok_or_else(|| {
        ServiceError::Invalid("namespace_id is missing: name the group the project goes into".to_owned())
    })
}

fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn placed(reader: &impl Reader, project: Project) -> Result<PlacedProject, StoreError> {
    let namespace = records::group(reader, project.parent())?.ok_or_else(|| StoreError::Missing {
        table: "groups.v1".to_owned(),
        key: project.parent().to_string(),
    })?;
    Ok(PlacedProject { project, namespace })
}

fn select(
    reader: &impl Reader,
    caller: &Caller,
    projects: Vec<Project>,
    filter: &ProjectFilter,
    now: Timestamp,
) -> Result<Vec<PlacedProject>, ServiceError> {
    let settings = records::settings(reader)?;
    let mut found = Vec::new();
    for project in projects.into_iter().filter(|project| filter.matches(project)) {
        let facts = project_facts(reader, caller, &project, &settings, now)?;
        let role_suffices = filter.min_role.is_none_or(|lowest| facts.role >= Some(lowest));
        if role_suffices && access::project(caller.identity(), &facts, ProjectAction::View).is_ok() {
            found.push(placed(reader, project)?);
        }
    }
    Ok(found)
}

impl ProjectFilter {
    fn matches(&self, project: &Project) -> bool {
        let named = |search: &str| {
            let search = search.to_lowercase();
            let path = project.path.key();
            let path = if self.search_namespaces { path.as_str() } else { last_segment(&path) };
            path.contains(&search)
                || project.name.to_lowercase().contains(&search)
                || project.description.to_lowercase().contains(&search)
        };
        self.search.as_deref().is_none_or(named)
            && self.visibility.is_none_or(|visibility| project.visibility == visibility)
    }
}

fn changes(before: &Project, after: &Project) -> Changes {
    let visibility = [before, after].map(|project| project.visibility.as_str());
    let registry = [before, after].map(|project| project.registry.as_str());
    Changes::default()
        .of("path", &before.path.as_str(), &after.path.as_str())
        .of("name", &before.name, &after.name)
        .of("description", &before.description, &after.description)
        .of("visibility", &visibility[0], &visibility[1])
        .of("package_registry_access_level", &registry[0], &registry[1])
}

impl ProjectChange {
    fn judge(mut self) -> Result<Self, ServiceError> {
        self.name = self.name.map(|name| input::name("name", &name)).transpose()?;
        self.description = self.description.map(|text| input::description(&text)).transpose()?;
        Ok(self)
    }

    fn apply(self, project: &mut Project) {
        project.visibility = self.visibility.unwrap_or(project.visibility);
        project.registry = switched(self.registry, self.packages_enabled, project.registry);
        if let Some(name) = self.name {
            project.name = name;
        }
        if let Some(description) = self.description {
            project.description = description;
        }
    }
}

/// The registry level that two settings of different age ask for.
fn switched(level: Option<RegistryAccess>, enabled: Option<bool>, before: RegistryAccess) -> RegistryAccess {
    match (level, enabled) {
        (Some(level), _) => level,
        (None, Some(false)) => RegistryAccess::Disabled,
        (None, Some(true)) if before == RegistryAccess::Disabled => RegistryAccess::Enabled,
        (None, Some(true) | None) => before,
    }
}

#[cfg(test)]
mod tests;
