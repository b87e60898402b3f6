//! The machines of a fleet: where they stand, what they offer, who may use them.

use serde_json::{Value, json};

use crate::domain::Timestamp;
use crate::sim::controllers::node::register;
use crate::sim::controllers::object::set;
use crate::sim::controllers::random::Random;

/// A kind of machine at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    /// The value of the location label.
    pub(crate) location: &'static str,
    /// The start of its machines' names.
    pub(crate) prefix: &'static str,
    pub(crate) region: &'static str,
    pub(crate) maker: Maker,
    pub(crate) machines: usize,
    pub(crate) cores: i64,
    pub(crate) memory_gib: i64,
    /// The second part of its addresses: `10.NET.x.y` for machines, `10.(NET + 100).x.0/24` for pods.
    pub(crate) net: u8,
}

/// Whose machines they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Own,
    Aliyun,
}

/// Machines of one group: the first so many of a site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) machines: usize,
    /// The app these are reserved for.
    pub(crate) exclusive: Option<&'static str>,
}

/// Groups that every site has, in turn.
const COMMON: [&str; 3] = ["web", "rpc", "batch"];

/// The machines of a site, in order.
pub(crate) fn machines(site: &Site, groups: &[Group], random: &mut Random, now: Timestamp) -> Vec<Value> {
    (0..site.machines)
        .map(|index| {
            let mut before = 0;
            let special = groups.iter().find(|group| {
                before += group.machines;
                index < before
            });
            let common = COMMON.get(index % COMMON.len()).copied().unwrap_or("web");
            machine(
                site,
                index,
                special.map_or(common, |g| g.name),
                special.and_then(|g| g.exclusive),
                random,
                now,
            )
        })
        .collect()
}

fn machine(
    site: &Site,
    index: usize,
    group: &str,
    exclusive: Option<&str>,
    random: &mut Random,
    now: Timestamp,
) -> Value {
    let name = format!("{}-{:03}", site.prefix, index + 1);
    let (high, low) = (index / 250, index % 250 + 2);
    let address = format!("10.{}.{high}.{low}", site.net);
    let network = format!(
        "10.{}.{}.0/24",
        100 + u32::from(site.net) + (index / 256) as u32,
        index % 256
    );
    let mut node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/region": site.region, "topology.kubernetes.io/zone": site.location,
            "pilothouse.dev/location": site.location, "pilothouse.dev/group": group,
        }},
        "spec": {"podCIDR": network, "podCIDRs": [network]},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "capacity": {
                "cpu": site.cores.to_string(), "memory": format!("{}Gi", site.memory_gib), "pods": "110",
            },
            "allocatable": {
                "cpu": format!("{}m", site.cores * 1000 - 500), "memory": format!("{}Mi", site.memory_gib * 1024 - 2048),
                "pods": "110",
            },
            "nodeInfo": {
                "architecture": "amd64", "operatingSystem": "linux", "osImage": "Debian GNU/Linux 12 (bookworm)",
                "kernelVersion": "6.1.0-28-amd64", "containerRuntimeVersion": "containerd://2.1.4",
                "kubeletVersion": "v1.36.3", "kubeProxyVersion": "", "machineID": random.hex(32),
                "systemUUID": random.hex(32), "bootID": random.hex(32),
            },
        },
    });
    if site.maker == Maker::Aliyun {
        let id = format!("alicloud://{}.i-2ze{}", site.region, random.suffix(17));
        set(&mut node, &["spec", "providerID"], id);
        set(
            &mut node,
            &["metadata", "labels", "node.kubernetes.io/instance-type"],
            format!("ecs.g8i.{}xlarge", site.cores / 4),
        );
    }
    if let Some(app) = exclusive {
        let taint = json!({"key": "pilothouse.dev/exclusive", "value": app, "effect": "NoSchedule"});
        set(&mut node, &["spec", "taints"], vec![taint]);
    }
    register(&mut node, now);
    node
}
