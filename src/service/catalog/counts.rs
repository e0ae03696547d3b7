//! How much there is in a place, whoever may see it: for those who may delete it.

use super::pages::numbers;
use super::{Contents, Scope};
use crate::domain::GroupId;

impl Contents {
    /// How many packages there are.
    pub(in crate::service) fn packages_held(&self, scope: Scope) -> usize {
        let selected = self.select(scope, |_everything| true);
        numbers(&selected).map(|module| self.rows.of_module(module).len()).sum()
    }

    /// How many projects there are in a group and in the groups below it.
    pub(in crate::service) fn projects_held(&self, group: GroupId) -> usize {
        self.below.get(&group).map_or(0, std::collections::HashSet::len)
    }
}
