//! The first page.

use super::Visit;
use crate::domain::Role;
use crate::http::response::Reply;
use crate::service::groups::GroupFilter;
use crate::service::module_list::ModuleQuery;
use crate::service::packages::PackageQuery;
use crate::service::projects::ProjectFilter;
use crate::service::{PackageOrder, ServiceError, Window};
use crate::web::home::{Listed, Own, signed_in, signed_out};

/// Rows of each list.
const ROWS: usize = 20;

/// `GET /`.
pub(super) async fn show(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    let (registry, caller) = (visit.registry(), visit.caller());
    let on = registry.is_switched_on()?;
    if caller.user().is_none() {
        let mut modules = Vec::new();
        if on {
            let query = ModuleQuery { limit: ROWS, ..ModuleQuery::default() };
            modules = registry.list_modules(caller, query).await?.modules;
        }
        return Ok(signed_out(&visit.viewer(), &modules).into());
    }
    let groups = registry.groups(caller, GroupFilter { mine: true, ..GroupFilter::default() }).await?;
    let filter = ProjectFilter { min_role: Some(Role::Guest), ..ProjectFilter::default() };
    let projects = registry.projects(caller, filter).await?;
    let mut own = Own { groups_total: groups.len(), projects_total: projects.len(), ..Own::default() };
    own.groups.extend(groups.into_iter().take(ROWS).map(|group| Listed {
        path: group.path.to_string(),
        name: group.name,
        description: group.description,
        visibility: group.visibility,
    }));
    own.projects.extend(projects.into_iter().take(ROWS).map(|placed| Listed {
        path: placed.project.path.to_string(),
        name: placed.project.name,
        description: placed.project.description,
        visibility: placed.project.visibility,
    }));
    if on {
        let window = Window { order: PackageOrder::Created, descending: true, offset: 0, limit: ROWS };
        own.recent =
            registry.all_packages(caller, PackageQuery { window, ..PackageQuery::default() }).await?.rows;
    }
    Ok(signed_in(&visit.viewer(), &own).into())
}
