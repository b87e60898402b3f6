//! Kubeconfig files: finding, reading, merging, and errors that name the place and no secret.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kube::Config;
use kube::config::Kubeconfig;
use tokio::sync::Semaphore;

use super::exec::Plugin;
use super::proxy::{self, ProxyVariables};
use super::reload::Origin;
use super::{ConnectError, Options, Recipe, Target, Way, settle};
use crate::domain::near::closest;
use crate::domain::{Clean, ClusterId};

/// What of the process' environment says where clusters are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    pub(crate) kubeconfig: Option<OsString>,
    pub(crate) home: Option<PathBuf>,
    pub(crate) in_cluster: bool,
    pub(crate) proxy: ProxyVariables,
}

impl Environment {
    pub(crate) fn of_process() -> Self {
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty()),
            home: std::env::var_os("HOME").map(PathBuf::from),
            in_cluster: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
            proxy: ProxyVariables::of_process(),
        }
    }
}

/// The files to read, and whether one that is missing is a mistake.
fn files(options: &Options, environment: &Environment) -> (Vec<PathBuf>, bool) {
    if !options.kubeconfig.is_empty() {
        return (options.kubeconfig.clone(), true);
    }
    if let Some(list) = &environment.kubeconfig {
        let paths: Vec<_> = std::env::split_paths(list)
            .filter(|p| !p.as_os_str().is_empty())
            .collect();
        return (paths, false);
    }
    (
        environment.home.iter().map(|home| home.join(".kube/config")).collect(),
        false,
    )
}

pub(crate) fn targets(options: &Options, environment: &Environment) -> Result<Vec<Target>, ConnectError> {
    let (paths, all_must_exist) = files(options, environment);
    let present: Vec<PathBuf> = paths
        .iter()
        .filter(|path| all_must_exist || path.exists())
        .cloned()
        .collect();
    if present.is_empty() {
        if environment.in_cluster {
            return in_cluster(options).map(|target| vec![target]);
        }
        let looked = paths
            .iter()
            .map(|p| p.display().to_string())
            .collect::<Vec<_>>()
            .join(", ");
        let looked = if looked.is_empty() {
            "~/.kube/config".to_owned()
        } else {
            looked
        };
        return Err(ConnectError::new(
            format!("no kubeconfig: '{looked}' does not exist"),
            "give one with --kubeconfig or KUBECONFIG",
        ));
    }
    let merged = read(&present)?;
    let names = wanted(options, &merged)?;
    let turn = Arc::new(Semaphore::new(1));
    let targets: Vec<Target> = names
        .iter()
        .map(|name| target(name, &merged, &present, options, environment, &turn))
        .collect();
    match targets.first() {
        Some(Target {
            way: Way::Broken(why, _),
            ..
        }) if targets.iter().all(|t| matches!(t.way, Way::Broken(..))) => {
            Err(ConnectError::new(why.as_str(), "correct the kubeconfig"))
        }
        _ => Ok(targets),
    }
}

/// The contexts that were asked for.
fn wanted(options: &Options, merged: &Kubeconfig) -> Result<Vec<String>, ConnectError> {
    let known: Vec<&str> = merged.contexts.iter().map(|c| c.name.as_str()).collect();
    if known.is_empty() {
        return Err(ConnectError::new(
            "the kubeconfig has no contexts",
            "add one with `kubectl config set-context`, or give another with --kubeconfig or KUBECONFIG",
        ));
    }
    if options.all_contexts {
        return Ok(known.into_iter().map(str::to_owned).collect());
    }
    let names = if options.contexts.is_empty() {
        let current = merged.current_context.clone().filter(|name| !name.is_empty());
        vec![current.ok_or_else(|| {
            ConnectError::new(
                format!("the kubeconfig has no current context; it knows {}", listed(&known)),
                "choose one with --context, or all with --all-contexts",
            )
        })?]
    } else {
        let mut names = options.contexts.clone();
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    };
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(unknown_context(name, &known)),
        None => Ok(names),
    }
}

fn unknown_context(name: &str, known: &[&str]) -> ConnectError {
    let which = closest(name, known.iter().copied()).map_or_else(
        || format!("it knows {}", listed(known)),
        |near| format!("did you mean '{}'?", Clean::new(near)),
    );
    ConnectError::new(
        format!("no context '{}' in the kubeconfig; {which}", Clean::new(name)),
        "correct --context, or watch all with --all-contexts",
    )
}

fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("'{}'", Clean::new(name)))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text += " and more";
    }
    text
}

/// Reads and merges files as kubectl does: what an earlier file says holds.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Kubeconfig, ConnectError> {
    let mut merged = Kubeconfig::default();
    for path in paths {
        let one = read_one(path)?;
        merged = merged
            .merge(one)
            .map_err(|_| broken(path, "its kind or apiVersion differs from the other files'"))?;
    }
    Ok(merged)
}

fn broken(path: &Path, why: &str) -> ConnectError {
    ConnectError::new(
        format!("kubeconfig '{}' cannot be used: {why}", path.display()),
        "correct the file",
    )
}

fn unreadable(path: &Path, why: io::ErrorKind) -> ConnectError {
    let path = path.display();
    match why {
        io::ErrorKind::NotFound => ConnectError::new(
            format!("there is no kubeconfig '{path}'"),
            "correct --kubeconfig, or leave it out to use KUBECONFIG or ~/.kube/config",
        ),
        io::ErrorKind::PermissionDenied => ConnectError::new(
            format!("you may not read the kubeconfig '{path}'"),
            "ask its owner, or give another with --kubeconfig or KUBECONFIG",
        ),
        io::ErrorKind::IsADirectory => ConnectError::new(
            format!("the kubeconfig '{path}' is a folder"),
            "name a file in it with --kubeconfig or KUBECONFIG",
        ),
        other => ConnectError::new(
            format!("the kubeconfig '{path}' cannot be read: {other}"),
            "give another with --kubeconfig or KUBECONFIG",
        ),
    }
}

fn read_one(path: &Path) -> Result<Kubeconfig, ConnectError> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, error.kind()))?;
    // Checked first with a parser whose errors name the place. What a value was is never repeated:
    // it may be a token.
    let text = String::from_utf8_lossy(&bytes);
    for document in serde_yaml_ng::Deserializer::from_str(&text) {
        let checked = <Kubeconfig as serde::Deserialize>::deserialize(document);
        if let Err(error) = checked {
            let place = error
                .location()
                .map(|at| format!("line {}, column {}: ", at.line(), at.column()));
            let what = if is_syntax(&text) {
                "not YAML"
            } else {
                "not a kubeconfig"
            };
            if !text.trim().is_empty() {
                return Err(broken(path, &format!("{}{what}", place.unwrap_or_default())));
            }
        }
    }
    Kubeconfig::read_from(path).map_err(|_| broken(path, "not a kubeconfig"))
}

fn is_syntax(text: &str) -> bool {
    serde_yaml_ng::Deserializer::from_str(text)
        .any(|document| <serde_yaml_ng::Value as serde::Deserialize>::deserialize(document).is_err())
}

fn target(
    name: &str,
    merged: &Kubeconfig,
    files: &[PathBuf],
    options: &Options,
    environment: &Environment,
    turn: &Arc<Semaphore>,
) -> Target {
    let origin = Origin::new(name, files.to_vec(), merged, options.clone(), environment.clone());
    let way = match recipe(name, merged, options, environment) {
        Ok(mut recipe) => {
            recipe.origin = Some(origin);
            Way::Config(Box::new(recipe))
        }
        Err(why) => Way::Broken(format!("context '{name}': {why}").into(), Some(Box::new(origin))),
    };
    Target {
        turn: Arc::clone(turn),
        ..Target::new(ClusterId::new(name), way).with_options(options)
    }
}

/// What a client for one context is made from; `Err` says what is wrong with its entry.
pub(crate) fn recipe(
    context: &str,
    merged: &Kubeconfig,
    options: &Options,
    environment: &Environment,
) -> Result<Recipe, String> {
    let mut own = merged.clone();
    own.current_context = Some(context.to_owned());
    let found = own
        .contexts
        .iter()
        .find(|c| c.name == context)
        .and_then(|c| c.context.clone());
    let found = found.ok_or("it is gone from the kubeconfig")?;
    let cluster = own
        .clusters
        .iter()
        .find(|c| c.name == found.cluster)
        .and_then(|c| c.cluster.clone());
    let cluster = cluster.ok_or_else(|| format!("its cluster '{}' is not in the kubeconfig", found.cluster))?;
    let user = own
        .auth_infos
        .iter()
        .find(|u| Some(&u.name) == found.user.as_ref())
        .and_then(|u| u.auth_info.clone());
    if let Some(provider) = user.as_ref().and_then(|user| user.auth_provider.as_ref())
        && provider.name != "oidc"
    {
        return Err(format!(
            "its auth provider '{}' is no longer supported; use a credential plugin (exec)",
            provider.name
        ));
    }
    // Proxies are settled by us, so kube must not read them from the cluster's entry or fail on them:
    // kube 5.0 compares NO_PROXY with the proxy's address instead of the server's.
    for named in &mut own.clusters {
        if let Some(cluster) = &mut named.cluster {
            cluster.proxy_url = None;
        }
    }
    let mut config = Config::try_from(own).map_err(|error| plain(&error))?;
    settle(&mut config, options);
    config.proxy_url = proxy::of(&config.cluster_url, cluster.proxy_url.as_deref(), &environment.proxy)?;
    let exec = config.auth_info.exec.take();
    let plugin = exec.map(|exec| Plugin::new(exec, &cluster)).transpose()?;
    Ok(Recipe {
        config,
        plugin,
        origin: None,
    })
}

/// What kube has against a kubeconfig, without values from it.
fn plain(error: &kube::config::KubeconfigError) -> String {
    use kube::config::KubeconfigError as E;
    match error {
        E::MissingClusterUrl => "its cluster has no server address",
        E::ParseClusterUrl(_) => "its cluster's server address is not a URL",
        E::LoadCertificateAuthority(_) | E::ParseCertificates(_) => "its certificate authority cannot be read",
        E::LoadClientCertificate(_) => "its client certificate cannot be read",
        E::LoadClientKey(_) => "its client key cannot be read",
        E::LoadClusterOfContext(_) => "its cluster is not in the kubeconfig",
        _ => "its entry in the kubeconfig cannot be used",
    }
    .to_owned()
}

fn in_cluster(options: &Options) -> Result<Target, ConnectError> {
    let mut config = Config::incluster().map_err(|_| {
        ConnectError::new(
            "no kubeconfig, and this pod has no service account token",
            "give one with --kubeconfig, or mount the service account",
        )
    })?;
    settle(&mut config, options);
    if let Some(name) = options.contexts.first() {
        return Err(ConnectError::new(
            format!(
                "no context '{}': there is no kubeconfig, only the cluster this runs in",
                Clean::new(name)
            ),
            "leave out --context",
        ));
    }
    let way = Way::Config(Box::new(Recipe {
        config,
        plugin: None,
        origin: None,
    }));
    Ok(Target::new(ClusterId::new("in-cluster"), way).with_options(options))
}

#[cfg(test)]
#[path = "kubeconfig_tests.rs"]
mod tests;
