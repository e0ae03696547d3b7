//! Settings of the whole instance: read and changed by administrators.

use super::access::check_instance;
use super::audit::Deed;
use super::{Caller, Registry, ServiceError};
use crate::domain::Visibility;
use crate::domain::audit::{Action, Changes, Kind, Named};
use crate::domain::identity::InstanceSettings;
use crate::store::identity as records;

/// What to change; what is `None` stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct SettingsChange {
    /// The registry switch.
    pub registry_enabled: Option<bool>,
    /// Whether a project's registry can be opened to anyone.
    pub allow_anyone_to_pull: Option<bool>,
    /// Visibility of new projects that do not say.
    pub default_project_visibility: Option<Visibility>,
    /// Visibility of new groups that do not say.
    pub default_group_visibility: Option<Visibility>,
    /// Largest upload in bytes; 0 means the built-in limit only.
    pub max_file_size: Option<u64>,
}

impl SettingsChange {
    fn apply(self, settings: &mut InstanceSettings) {
        fn set<T>(place: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *place = value;
            }
        }
        set(&mut settings.registry_enabled, self.registry_enabled);
        set(&mut settings.allow_anyone_to_pull, self.allow_anyone_to_pull);
        set(&mut settings.default_project_visibility, self.default_project_visibility);
        set(&mut settings.default_group_visibility, self.default_group_visibility);
        set(&mut settings.max_file_size, self.max_file_size);
    }
}

impl Registry {
    /// The instance's settings, for an administrator.
    pub fn settings_for(&self, caller: &Caller) -> Result<InstanceSettings, ServiceError> {
        super::identity::check_inspect(caller)?;
        Ok(self.settings()?)
    }

    /// Changes some of the instance's settings.
    pub async fn update_settings(
        &self,
        caller: &Caller,
        wanted: SettingsChange,
    ) -> Result<InstanceSettings, ServiceError> {
        check_instance(caller)?;
        let scribe = self.scribe(caller);
        self.store()
            .write(move |change| {
                let mut settings = records::settings(change)?;
                let before = settings.clone();
                wanted.apply(&mut settings);
                records::put_settings(change, &settings)?;
                let deed = Deed::new(Action::SettingsChanged, Named::only(Kind::Instance));
                scribe.note(change, deed.changing(changes(&before, &settings)))?;
                Ok(settings)
            })
            .await
    }
}

fn changes(before: &InstanceSettings, after: &InstanceSettings) -> Changes {
    let projects = [before, after].map(|settings| settings.default_project_visibility.as_str());
    let groups = [before, after].map(|settings| settings.default_group_visibility.as_str());
    Changes::default()
        .of("registry_enabled", &before.registry_enabled, &after.registry_enabled)
        .of("allow_anyone_to_pull", &before.allow_anyone_to_pull, &after.allow_anyone_to_pull)
        .of("default_project_visibility", &projects[0], &projects[1])
        .of("default_group_visibility", &groups[0], &groups[1])
        .of("max_file_size", &before.max_file_size, &after.max_file_size)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{World, word};
    use super::*;

    #[tokio::test]
    async fn administrators_read_and_change_settings_others_do_neither() {
        let world = World::empty().await;
        let (grace, admin) = (world.user("grace").await, world.admin("boss").await);
        let reads = world.reading(&admin).await;
        let off = SettingsChange { registry_enabled: Some(false), ..SettingsChange::default() };
        for (who, caller, sees, changes) in [
            ("anonymous", &Caller::Anonymous, "admins", "admins"),
            ("a user", &grace, "admins", "admins"),
            ("administrator, read_api", &reads, "done", "scope"),
            ("administrator", &admin, "done", "done"),
        ] {
            assert_eq!(word(&world.registry.settings_for(caller)), sees, "{who} reads");
            assert_eq!(word(&world.registry.update_settings(caller, off).await), changes, "{who} changes");
            assert_eq!(world.registry.is_switched_on().unwrap(), changes != "done", "{who}: the effect");
        }
        let before = world.registry.settings().unwrap();
        let limit = SettingsChange { max_file_size: Some(5), ..SettingsChange::default() };
        let after = world.registry.update_settings(&admin, limit).await.unwrap();
        assert_eq!(after, InstanceSettings { max_file_size: 5, ..before }, "what was not named stayed");
    }
}
