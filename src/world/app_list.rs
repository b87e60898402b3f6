//! The apps of a scope as a list that follows the world: what nothing happened to stays as it is.

use std::collections::BTreeSet;

use super::World;
use super::app::AppSummary;
use super::scope::Scope;
use crate::domain::AppKey;

/// The apps in scope, by key, as of one version of the world.
#[derive(Clone, Debug, Default)]
pub struct AppList {
    rows: Vec<AppSummary>,
    /// The version they are of, and their scope; `None`: nothing was looked at yet.
    of: Option<(u64, Scope)>,
}

impl AppList {
    pub fn rows(&self) -> &[AppSummary] {
        &self.rows
    }

    /// The rows themselves.
    pub fn into_rows(self) -> Vec<AppSummary> {
        self.rows
    }

    /// The same list as `world` is now, in this scope: only what changed since is looked at, but for another
    /// scope, or after what may concern any app ([`super::tally::Tally::outdates_lists_of`]).
    #[must_use]
    pub fn follow(self, world: &World, scope: &Scope) -> Self {
        let is_of = |version: u64, of: &Scope| {
            let mut clusters = world.clusters_in(scope);
            of == scope && !clusters.any(|cluster| cluster.tally.outdates_lists_of(version))
        };
        let (mut rows, since) = match self.of {
            Some((version, of)) if is_of(version, &of) => (self.rows, Some(version)),
            _ => (Vec::new(), None),
        };
        let changed: BTreeSet<&AppKey> = world
            .clusters_in(scope)
            .flat_map(|cluster| cluster.tally.apps())
            .filter(|app| since.is_none_or(|version| app.changed_at > version))
            .map(|app| &app.key)
            .collect();
        rows.retain(|row| !changed.contains(&row.key));
        rows.extend(changed.into_iter().filter_map(|key| world.app_here(key, scope)));
        // Two runs in order: what stayed, and what changed.
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        Self {
            rows,
            of: Some((world.version(), scope.clone())),
        }
    }
}
