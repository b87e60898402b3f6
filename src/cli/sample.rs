//! What runs and what it uses, gathered for `top`: which nodes are asked, when enough is known, and the rows.

mod row;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use strum::{EnumCount, VariantArray};

pub(super) use self::row::TopRow;
use self::row::UNKNOWN;
use super::args::TopWhat;
use crate::domain::selector::Selector;
use crate::domain::{Clean, ContainerState, Node, Pod, Timestamp};
use crate::metrics::source::{Outcome, Source, Wanted};
use crate::metrics::{Figure, Millis, Subject, Total};
use crate::world::ClusterView;
use crate::world::tally::app_key;

/// An instance that is younger may not have been measured twice yet, as a rate needs it.
const YOUNG_MS: Millis = 60_000;

/// What is asked for: of what, in which namespaces (empty: all), with which labels.
pub(super) struct Question<'a> {
    pub(super) what: TopWhat,
    pub(super) selector: &'a Selector,
}

impl Question<'_> {
    /// The instances that matter: those that run somewhere and are selected.
    fn pods<'a>(&'a self, view: &'a ClusterView) -> impl Iterator<Item = &'a Pod> + 'a {
        let pods = view.pods.values().map(AsRef::as_ref);
        pods.filter(move |pod: &&Pod| {
            let is_selected = match self.what {
                TopWhat::Nodes => pod.node.as_ref().is_some_and(|node| self.has_node(view, node)),
                _ => self.matches(&pod.labels),
            };
            pod.holds_resources() && is_selected
        })
    }

    fn matches(&self, labels: &[(Clean, Clean)]) -> bool {
        let labels: BTreeMap<Clean, Clean> = labels.iter().cloned().collect();
        self.selector.matches(&labels)
    }

    fn has_node(&self, view: &ClusterView, name: &Clean) -> bool {
        view.node(name)
            .map_or_else(|| self.matches(&[]), |node| self.matches(&node.labels))
    }

    /// What is to be measured: the nodes that matter and no others.
    pub(super) fn wanted(&self, view: &ClusterView) -> Wanted {
        let is_heard = |name: &&Clean| view.node(name).is_none_or(|node| !node.is_lost());
        let mut nodes: Vec<Clean> = if self.what == TopWhat::Nodes {
            let all = view.nodes.values().map(|node| &node.name);
            all.filter(|name| self.has_node(view, name))
                .filter(is_heard)
                .cloned()
                .collect()
        } else {
            let of_pods = self.pods(view).filter_map(|pod| pod.node.as_ref());
            of_pods.filter(is_heard).cloned().collect()
        };
        nodes.sort();
        nodes.dedup();
        Wanted {
            shown: nodes.clone().into(),
            nodes: nodes.into(),
            pods: self.pods(view).map(|pod| pod.key.clone()).collect(),
            namespaces: view.pod_namespaces().into(),
            everything: true,
            figure: None,
        }
    }

    /// Whether all that will be known is known: rates of what runs, or why there are none. What has just begun is
    /// no reason to wait: somewhere something always has.
    pub(super) fn is_answered(&self, view: &ClusterView, now: Millis) -> bool {
        let supply = view.usage.supply();
        let Some(source) = supply.current else {
            return !supply.attempts.is_empty();
        };
        let lacks = |subject| view.used(&subject, Figure::Cpu, now).is_none();
        let mut lacking: BTreeSet<&Clean> = self.lacking(view, Figure::Cpu, now).collect();
        // Prometheus is not asked for nodes: it names them as whoever set it up pleased.
        if self.what == TopWhat::Nodes && source != Source::Prometheus {
            let nodes = view.nodes.values().map(AsRef::as_ref);
            let heard = nodes.filter(|node: &&Node| !node.is_lost() && self.has_node(view, &node.name));
            let lacking_nodes = heard.filter(|node| lacks(Subject::Node(node.name.clone())));
            lacking.extend(lacking_nodes.map(|node| &node.name));
        }
        // A node that fails is no reason to wait. Which ones fail is not told, but how many.
        lacking.len() <= supply.failing
    }

    /// Whether the network's rates are known as well. The kubelet measures an instance's sandbox at times of its own,
    /// up to a round after its containers; some never tell of networks at all.
    pub(super) fn is_complete(&self, view: &ClusterView, now: Millis) -> bool {
        let supply = view.usage.supply();
        let knows_networks = matches!(supply.current, Some(Source::Prometheus | Source::Cadvisor));
        if !knows_networks || self.what == TopWhat::Containers {
            return true;
        }
        let lacking: BTreeSet<&Clean> = self.lacking(view, Figure::NetworkReceiveBytes, now).collect();
        lacking.len() <= supply.failing
    }

    /// The nodes of what is asked for that runs long enough to have a figure and has none.
    fn lacking<'a>(
        &'a self,
        view: &'a ClusterView,
        of: Figure,
        now: Millis,
    ) -> impl Iterator<Item = &'a Clean> + use<'a> {
        let is_old = move |since: Option<Timestamp>| since.is_none_or(|at| now - at.timestamp_millis() > YOUNG_MS);
        let lacks = move |subject| view.used(&subject, of, now).is_none();
        let containers_lack = move |pod: &Pod| {
            let mut containers = pod.containers.iter();
            containers.any(|container| {
                let ContainerState::Running { since } = container.state else {
                    return false;
                };
                is_old(since) && lacks(Subject::Container(pod.key.clone(), container.name.clone()))
            })
        };
        self.pods(view)
            .filter(|pod| !view.standing(pod).lost && pod.containers.iter().any(|c| c.state.is_running()))
            .filter(move |pod| !(of.is_network() && pod.host_network))
            .filter(move |pod| is_old(pod.created))
            .filter(move |pod| match self.what {
                TopWhat::Containers => containers_lack(pod),
                _ => lacks(Subject::Pod(pod.key.clone())),
            })
            .filter_map(|pod| pod.node.as_ref())
    }

    /// The rows, in no order that counts.
    pub(super) fn rows(&self, view: &ClusterView, now: Millis) -> Vec<TopRow> {
        let mut rows: BTreeMap<Vec<Clean>, Sum<'_>> = BTreeMap::new();
        if self.what == TopWhat::Nodes {
            for node in view.nodes.values().filter(|node| self.has_node(view, &node.name)) {
                rows.insert(vec![node.name.clone()], Sum::default());
            }
        }
        for pod in self.pods(view) {
            let location = || view.standing(pod).location.unwrap_or_default();
            match self.what {
                TopWhat::Containers => {
                    for container in pod.containers.iter().filter(|c| c.state.is_running()) {
                        let key = vec![pod.key.namespace.clone(), pod.key.name.clone(), container.name.clone()];
                        let subject = Subject::Container(pod.key.clone(), container.name.clone());
                        rows.entry(key)
                            .or_default()
                            .add(view, pod, &subject, container.limits.1, now);
                    }
                    continue;
                }
                TopWhat::Apps if app_key(pod).is_none() => continue,
                _ => {}
            }
            let key = match self.what {
                TopWhat::Apps => vec![pod.key.namespace.clone(), pod.app.clone()],
                TopWhat::Nodes => vec![pod.node.clone().unwrap_or_default()],
                TopWhat::Locations => vec![location()],
                TopWhat::Instances | TopWhat::Containers => {
                    vec![pod.key.namespace.clone(), pod.key.name.clone()]
                }
            };
            let subject = Subject::Pod(pod.key.clone());
            rows.entry(key).or_default().add(view, pod, &subject, pod.limits.1, now);
        }
        rows.into_iter()
            .map(|(key, sum)| self.row(view, &key, &sum, now))
            .collect()
    }

    fn row(&self, view: &ClusterView, key: &[Clean], sum: &Sum<'_>, now: Millis) -> TopRow {
        let name = key.last().cloned().unwrap_or_default();
        let one = sum
            .first
            .filter(|_| matches!(self.what, TopWhat::Instances | TopWhat::Containers));
        let is_in_namespace = !matches!(self.what, TopWhat::Nodes | TopWhat::Locations);
        let namespace = key.first().filter(|_| is_in_namespace).cloned();
        let instance = one.map(|pod| pod.key.name.clone());
        let instance = instance.filter(|_| self.what == TopWhat::Containers);
        // A node's kubelet tells of the node itself, what runs beside the instances included.
        let own = (self.what == TopWhat::Nodes).then(|| Subject::Node(name.clone()));
        let lost = self.what == TopWhat::Nodes && view.node(&name).is_some_and(|node| node.is_lost());
        let own_value = |figure| own.as_ref().and_then(|node| view.usage.now(node, figure, now));
        let get = |figure| own_value(figure).or_else(|| sum.get(figure)).filter(|_| !lost);
        let location = match self.what {
            TopWhat::Nodes => view.node(&name).map(|node| view.location_of(node)),
            TopWhat::Locations => Some(name.clone()),
            _ => one.and_then(|pod| view.standing(pod).location),
        };
        let node = match self.what {
            TopWhat::Nodes => Some(name.clone()),
            _ => one.and_then(|pod| pod.node.clone()),
        };
        TopRow {
            leading: leading(view, namespace.as_ref(), instance.as_ref(), &name),
            cluster: view.id.clone(),
            app: match self.what {
                TopWhat::Apps => Some(name.clone()),
                _ => one.map(|pod| pod.app.clone()),
            },
            namespace,
            instance,
            name,
            location,
            node,
            instances: sum.instances,
            instances_measured: sum.known(Figure::Cpu),
            sum_of: sum.told(own.is_some(), |figure| {
                get(figure).is_some() && own_value(figure).is_none()
            }),
            cpu_cores: get(Figure::Cpu),
            memory_total_bytes: get(Figure::MemoryTotal),
            memory_rss_bytes: get(Figure::MemoryRss),
            memory_cache_bytes: get(Figure::MemoryCache),
            memory_working_set_bytes: get(Figure::MemoryWorkingSet),
            memory_limit_bytes: sum.limit.filter(|_| own.is_none() && !sum.is_unlimited),
            network_receive_bytes_per_second: get(Figure::NetworkReceiveBytes),
            network_transmit_bytes_per_second: get(Figure::NetworkTransmitBytes),
            network_receive_packets_per_second: get(Figure::NetworkReceivePackets),
            network_transmit_packets_per_second: get(Figure::NetworkTransmitPackets),
            network_receive_dropped_per_second: get(Figure::NetworkReceiveDropped),
            network_transmit_dropped_per_second: get(Figure::NetworkTransmitDropped),
            network_receive_errors_per_second: get(Figure::NetworkReceiveErrors),
            network_transmit_errors_per_second: get(Figure::NetworkTransmitErrors),
            threads: get(Figure::Threads),
            oom_kills: get(Figure::OomKills),
            throttled_fraction: get(Figure::CpuThrottled),
            file_read_bytes_per_second: get(Figure::FsReads),
            file_write_bytes_per_second: get(Figure::FsWrites),
            source: view.usage.supply().current.map(Source::name),
        }
    }
}

/// Sorts the rows of all clusters together, by CPU.
pub(super) fn busiest_first(rows: &mut [TopRow]) {
    rows.sort_by(|a, b| {
        let order = b.cpu_cores.partial_cmp(&a.cpu_cores).unwrap_or(Ordering::Equal);
        order.then_with(|| a.leading.cmp(&b.leading))
    });
}

/// What a row of a table begins with: cluster, namespace, name.
fn leading(view: &ClusterView, namespace: Option<&Clean>, instance: Option<&Clean>, name: &Clean) -> [String; 3] {
    [
        view.id.as_str().to_owned(),
        namespace.map_or_else(|| UNKNOWN.to_owned(), ToString::to_string),
        instance.map_or_else(|| name.to_string(), |of| format!("{of}/{name}")),
    ]
}

/// Figures added up over instances; of shares the mean.
#[derive(Default)]
struct Sum<'a> {
    first: Option<&'a Pod>,
    instances: u32,
    totals: [Total; Figure::COUNT],
    limit: Option<i64>,
    is_unlimited: bool,
}

impl<'a> Sum<'a> {
    fn add(&mut self, view: &ClusterView, pod: &'a Pod, subject: &Subject, limit: Option<i64>, now: Millis) {
        let lost = view.standing(pod).lost;
        self.first.get_or_insert(pod);
        self.instances += 1;
        for (total, of) in self.totals.iter_mut().zip(Figure::VARIANTS) {
            total.add(view.used(subject, *of, now).filter(|_| !lost));
        }
        match limit {
            Some(limit) => self.limit = Some(self.limit.unwrap_or(0).saturating_add(limit)),
            None => self.is_unlimited = true,
        }
    }

    fn total(&self, figure: Figure) -> Total {
        self.totals.get(figure as usize).copied().unwrap_or_default()
    }

    fn get(&self, figure: Figure) -> Option<f64> {
        let total = self.total(figure);
        if figure.adds_up() { total.value() } else { total.mean() }
    }

    /// Of how many instances each figure is that is a sum, by name. Those of as many as the CPU go without saying, but
    /// for a node's.
    fn told(&self, is_node: bool, is_sum: impl Fn(Figure) -> bool) -> BTreeMap<&'static str, u32> {
        let sums = TopRow::FIGURES.into_iter().filter(|(figure, _)| is_sum(*figure));
        let known = sums.map(|(figure, name)| (name, self.known(figure)));
        let usual = self.known(Figure::Cpu);
        known.filter(|(_, known)| is_node || *known != usual).collect()
    }

    /// Of how many instances a figure is known.
    fn known(&self, figure: Figure) -> u32 {
        self.total(figure).known
    }
}

/// Why nothing is known of a cluster's use, source by source, with hints.
pub(super) fn reasons(view: &ClusterView) -> Vec<Clean> {
    let supply = view.usage.supply();
    if supply.current.is_some() {
        let failing = supply.failure.iter().filter(|_| supply.failing > 0);
        return failing
            .map(|reason| format!("{} do not answer: {reason}", supply.failing).into())
            .collect();
    }
    let attempts = supply.attempts.iter().filter_map(|attempt| match &attempt.outcome {
        Outcome::Fails { reason, hint } => Some(format!("{}: {reason} ({hint})", attempt.source.name()).into()),
        Outcome::Works(_) | Outcome::NotTried => None,
    });
    let reasons: Vec<Clean> = attempts.collect();
    if reasons.is_empty() {
        return vec!["no source of figures answered in time".into()];
    }
    reasons
}

#[cfg(test)]
mod tests;
