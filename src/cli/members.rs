//! The clusters of the fleet: which contexts, under which names, read by which rules.

use std::sync::Arc;

use chrono::TimeDelta;

use super::Failure;
use super::args::Args;
use super::setup::Setup;
use crate::cluster::{self, Budget, Measuring, Options, Rules, Target};
use crate::config::{ClusterSection, Config, Confirm, FreezeSection};
use crate::domain::{Clean, ClusterId};
use crate::release::freeze::Window;
use crate::world::ClusterSetup;

/// One cluster of the fleet, ready to be watched.
#[derive(Clone, Debug)]
pub struct Member {
    /// The context of the kubeconfig.
    pub context: String,
    pub target: Target,
    pub rules: Arc<Rules>,
    pub setup: ClusterSetup,
    pub measuring: Measuring,
}

/// The clusters that the command line and the kubeconfig name.
///
/// # Errors
/// No kubeconfig, an unknown context, two clusters of one name.
pub fn of_kubeconfig(args: &Args, setup: &Setup) -> Result<Vec<Member>, Failure> {
    let options = options(args);
    let targets = cluster::targets(&options).map_err(|e| Failure::usage(e.to_string(), e.hint()))?;
    let members: Vec<Member> = targets
        .into_iter()
        .map(|target| member(target, args, &setup.config))
        .collect();
    for (i, member) in members.iter().enumerate() {
        let other = members.iter().take(i).find(|other| other.setup.id == member.setup.id);
        if let Some(other) = other {
            return Err(Failure::usage(
                format!(
                    "two clusters would be called '{}': the contexts '{}' and '{}'",
                    member.setup.id, other.context, member.context
                ),
                "give them different aliases in the configuration",
            ));
        }
    }
    Ok(members)
}

/// A target with what the configuration says of its context.
pub fn member(target: Target, args: &Args, config: &Config) -> Member {
    let context = target.id().as_str().to_owned();
    let section = config.clusters.get(&context).cloned().unwrap_or_default();
    let readonly = config.is_readonly(&context, args.write);
    let id = section
        .alias
        .as_deref()
        .map_or_else(|| target.id().clone(), ClusterId::new);
    let freezes: Vec<Window> = config.freezes_in(&context).map(window).collect();
    Member {
        target: target
            .with_id(id.clone())
            .with_readonly(readonly)
            .with_freezes(freezes.clone()),
        rules: Arc::new(rules(config, &section)),
        setup: ClusterSetup {
            id,
            tag: section.tag.as_deref().map(Into::into),
            readonly,
            confirms_by_name: config.confirm_in(&context) == Confirm::Type,
            asks_reason: config.asks_reason_in(&context),
            gray_deadline: TimeDelta::from_std(config.gray_deadline).unwrap_or(TimeDelta::MAX),
            freezes,
            location: section.location.as_deref().map(Into::into),
        },
        measuring: measuring(config, &section),
        context,
    }
}

/// A freeze as the clusters know it.
fn window(freeze: &FreezeSection) -> Window {
    Window {
        from: freeze.from,
        until: freeze.until,
        reason: match freeze.reason.as_str() {
            "" => "no reason is given".into(),
            reason => reason.into(),
        },
        namespaces: freeze.namespaces.iter().map(|name| Clean::new(name)).collect(),
    }
}

/// How the cluster is measured.
fn measuring(config: &Config, section: &ClusterSection) -> Measuring {
    let source = section.metrics.unwrap_or(config.metrics);
    Measuring {
        choice: source.into(),
        prometheus: section.prometheus.clone(),
        budget: Budget {
            requests: config.metrics_requests,
            bytes_per_second: config.metrics_bytes_per_second,
        },
    }
}

/// What the command line says about connecting; what the configuration says of writing, it says of each cluster.
pub fn options(args: &Args) -> Options {
    Options {
        kubeconfig: args.kubeconfig.iter().cloned().collect(),
        contexts: args.context.clone(),
        all_contexts: args.all_contexts,
        namespaces: args.namespace.clone(),
        all_namespaces: args.all_namespaces,
        as_user: args.as_user.clone(),
        as_groups: args.as_group.clone(),
        request_timeout: args.request_timeout,
        insecure_skip_tls_verify: args.insecure_skip_tls_verify,
        readonly: args.readonly,
    }
}

/// The labels that count, where the configuration says nothing those of `cluster`.
fn rules(config: &Config, section: &ClusterSection) -> Rules {
    let default = Rules::default();
    let pick = |own: &Option<Vec<String>>, general: &Option<Vec<String>>, otherwise: Vec<String>| {
        own.clone().or_else(|| general.clone()).unwrap_or(otherwise)
    };
    Rules {
        app_labels: pick(&section.app_labels, &config.app_labels, default.app_labels),
        location_labels: pick(
            &section.location_labels,
            &config.location_labels,
            default.location_labels,
        ),
        group_labels: pick(&section.group_labels, &config.group_labels, default.group_labels),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_cluster_that_may_be_written_to_may_be_in_spite_of_the_general_rule() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: a\nusers: [{name: u, user: {}}]\n\
            clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n\
            contexts: [{name: a, context: {cluster: c, user: u}}, {name: b, context: {cluster: c, user: u}}]\n";
        std::fs::write(&path, kubeconfig).unwrap();
        let text = "readonly = true\n[clusters.b]\nreadonly = false\n";
        let (config, problems) = Config::parse(Path::new("config.toml"), text);
        assert_eq!(problems, Vec::new());
        for (write, expected) in [(false, [true, false]), (true, [false, false])] {
            let args = Args {
                kubeconfig: Some(path.clone()),
                all_contexts: true,
                write,
                ..Args::default()
            };
            let targets = cluster::targets(&options(&args)).unwrap();
            let members: Vec<Member> = targets.into_iter().map(|t| member(t, &args, &config)).collect();
            let at_the_door: Vec<bool> = members.iter().map(|m| m.target.readonly).collect();
            let on_screen: Vec<bool> = members.iter().map(|m| m.setup.readonly).collect();
            assert_eq!(
                (at_the_door, on_screen),
                (expected.into(), expected.into()),
                "--write {write}"
            );
        }
    }

    #[test]
    fn labels_of_the_cluster_go_before_the_general_and_those_before_the_default() {
        let text = "app_labels = [\"team\"]\n[clusters.idc]\nlocation_labels = [\"rack\"]\n";
        let (config, problems) = Config::parse(Path::new("config.toml"), text);
        assert_eq!(problems, Vec::new());
        let of = |context: &str| rules(&config, &config.clusters.get(context).cloned().unwrap_or_default());
        assert_eq!(
            (of("idc").app_labels, of("idc").location_labels),
            (vec!["team".to_owned()], vec!["rack".to_owned()])
        );
        assert_eq!(of("other").location_labels, Rules::default().location_labels);
    }
}
