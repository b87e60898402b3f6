//! Notices when the kubeconfig files change while the program runs.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::time::SystemTime;

use kube::config::Kubeconfig;

use super::kubeconfig::{self, Environment};
use super::{Options, Recipe};

/// Where a cluster's recipe came from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    context: String,
    files: Vec<PathBuf>,
    options: Options,
    environment: Environment,
    stamp: Vec<Option<(SystemTime, u64)>>,
    /// Tells this context's entries from changed ones without keeping them.
    entries: u64,
}

/// What a look at the files brought.
#[derive(Debug)]
pub(crate) enum Change {
    None,
    /// This context's entries differ: connect anew.
    Recipe(Box<Recipe>),
    /// The files or the context cannot be used any more; why.
    Lost(String),
}

impl std::fmt::Debug for Recipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recipe").finish_non_exhaustive()
    }
}

impl Origin {
    pub(crate) fn new(
        context: &str,
        files: Vec<PathBuf>,
        merged: &Kubeconfig,
        options: Options,
        environment: Environment,
    ) -> Self {
        Self {
            context: context.to_owned(),
            stamp: stamp(&files),
            files,
            options,
            environment,
            entries: entries(context, merged),
        }
    }

    /// Looks whether the files changed, and if so whether this context did.
    pub(crate) fn look(&mut self) -> Change {
        let now = stamp(&self.files);
        if now == self.stamp {
            return Change::None;
        }
        self.stamp = now;
        let present: Vec<_> = self.files.iter().filter(|path| path.exists()).cloned().collect();
        if present.is_empty() {
            return Change::Lost("the kubeconfig is gone".to_owned());
        }
        let merged = match kubeconfig::read(&present) {
            Ok(merged) => merged,
            Err(error) => return Change::Lost(error.what),
        };
        let entries = entries(&self.context, &merged);
        if entries == self.entries {
            return Change::None;
        }
        match kubeconfig::recipe(&self.context, &merged, &self.options, &self.environment) {
            Ok(mut recipe) => {
                self.entries = entries;
                recipe.origin = Some(self.clone());
                Change::Recipe(Box::new(recipe))
            }
            Err(why) => Change::Lost(format!("context '{}': {why}", self.context)),
        }
    }
}

fn stamp(files: &[PathBuf]) -> Vec<Option<(SystemTime, u64)>> {
    let one = |path: &PathBuf| {
        let meta = std::fs::metadata(path).ok()?;
        Some((meta.modified().ok()?, meta.len()))
    };
    files.iter().map(one).collect()
}

/// A number that changes with what the kubeconfig says about one context.
fn entries(context: &str, merged: &Kubeconfig) -> u64 {
    let mut hasher = DefaultHasher::new();
    let found = merged.contexts.iter().find(|c| c.name == context);
    let body = found.and_then(|c| c.context.as_ref());
    let cluster = body.and_then(|body| merged.clusters.iter().find(|c| c.name == body.cluster));
    let user = body.and_then(|body| merged.auth_infos.iter().find(|u| Some(&u.name) == body.user.as_ref()));
    // Through `Value`, whose maps are sorted: the kubeconfig's own hash maps are not.
    let text = serde_json::to_value((found, cluster, user))
        .map(|value| value.to_string())
        .unwrap_or_default();
    text.hash(&mut hasher);
    hasher.finish()
}
