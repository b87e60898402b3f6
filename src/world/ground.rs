//! Where a new app could run: how the nodes of a location or group are told from others, how much room is there, and
//! who else is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cluster::ClusterView;
use super::headroom::AppHeadroom;
use super::place::LocationKey;
use crate::domain::{AppKey, Clean, Node, PodShape, Provider};

/// Labels that are made to tell locations and groups: they count before others that tell them too.
const MADE_FOR_IT: [&str; 4] = [
    "pilothouse.dev/location",
    "pilothouse.dev/group",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
];

/// How the nodes of locations are told from the others of their cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// Each has its location's name as the value of this label, and no other node has it.
    Label(Clean),
    /// They are all of the cluster.
    Whole,
    /// No label tells all of them.
    Nothing,
}

/// A location as a new app sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub location: LocationKey,
    pub provider: Provider,
    pub nodes: u32,
    /// Of these, those that are kept for this app, and for others.
    pub kept: u32,
    pub taken: u32,
    /// How many instances of its shape fit, and what stops the next; `None`: not all pods are known.
    pub room: Option<AppHeadroom>,
    /// Apps with instances there, and how many; the largest first.
    pub others: Vec<(AppKey, u32)>,
}

impl ClusterView {
    /// How the nodes of these locations are told from the others.
    pub fn locations_told_by(&self, names: &[Clean]) -> ToldBy {
        let chosen = |name: &Clean| names.contains(name);
        let told = self.label_of(|node| Some(self.location_of(node)).filter(chosen));
        let is_whole = || self.nodes.iter().all(|(_, node)| chosen(&self.location_of(node)));
        match told {
            Some(label) => ToldBy::Label(label),
            None if is_whole() => ToldBy::Whole,
            None => ToldBy::Nothing,
        }
    }

    /// The label that tells the nodes of a group.
    pub fn group_told_by(&self, group: &str) -> Option<Clean> {
        self.label_of(|node| node.group.clone().filter(|name| *name == group))
    }

    /// The label whose value is `of` each node that is of it, and of no other node.
    fn label_of(&self, of: impl Fn(&Node) -> Option<Clean>) -> Option<Clean> {
        let wanted: BTreeSet<Clean> = self.nodes.iter().filter_map(|(_, node)| of(node)).collect();
        let mut keys: Option<BTreeSet<&Clean>> = None;
        for (node, name) in self.nodes.iter().filter_map(|(_, node)| Some((node, of(node)?))) {
            let labels = node.labels.iter().filter(|(_, value)| *value == name);
            let own: BTreeSet<&Clean> = labels.map(|(key, _)| key).collect();
            keys = Some(keys.map_or_else(|| own.clone(), |keys| keys.intersection(&own).copied().collect()));
        }
        let is_alone = |key: &&Clean| {
            self.nodes.iter().all(|(_, node)| {
                let mut labels = node.labels.iter();
                of(node).is_some() || !labels.any(|(own, value)| own == *key && wanted.contains(value))
            })
        };
        let keys: Vec<&Clean> = keys?.into_iter().filter(is_alone).collect();
        let made = MADE_FOR_IT
            .iter()
            .find_map(|made| keys.iter().find(|key| **key == made));
        made.or_else(|| keys.first()).map(|key| (*key).clone())
    }

    /// The groups of these locations; of all where none is named.
    pub fn groups_in(&self, locations: &[Clean]) -> BTreeSet<Clean> {
        let is_in = |node: &&Arc<Node>| locations.is_empty() || locations.contains(&self.location_of(node));
        let nodes = self.nodes.iter().map(|(_, node)| node);
        nodes.filter(is_in).filter_map(|node| node.group.clone()).collect()
    }

    /// Its locations as a new app of this shape sees them, by name.
    pub fn sites(&self, app: &AppKey, shape: &PodShape) -> Vec<Site> {
        let mut found: BTreeMap<Clean, Site> = BTreeMap::new();
        let rooms = self.headroom_of(app, shape);
        for (_, node) in self.nodes.iter() {
            let name = self.location_of(node);
            let site = found.entry(name.clone()).or_insert_with(|| Site {
                room: rooms.iter().find(|room| room.location.name == name).cloned(),
                location: LocationKey {
                    cluster: self.id.clone(),
                    name,
                },
                provider: Provider::Unknown,
                nodes: 0,
                kept: 0,
                taken: 0,
                others: Vec::new(),
            });
            site.provider = std::mem::take(&mut site.provider).and(&node.provider);
            site.nodes += 1;
            match &node.exclusive {
                Some(exclusive) if *exclusive == app.name => site.kept += 1,
                Some(_) => site.taken += 1,
                None => {}
            }
        }
        for tally in self.tally.apps() {
            for (name, census) in &tally.places {
                if let Some(site) = found.get_mut(name) {
                    site.others.push((tally.key.clone(), census.counts.instances));
                }
            }
        }
        for site in found.values_mut() {
            site.others.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        }
        found.into_values().collect()
    }
}

/// Apps that are named of those that are in a location.
const NAMED: usize = 3;

impl Site {
    /// `fits 312 (CPU), 43 nodes; 70 apps with 812 instances: feed/rank 40, …`
    pub fn words(&self) -> String {
        let fits = match &self.room {
            None => "how many fit is not known".to_owned(),
            Some(room) => {
                let limit = room
                    .limit
                    .map_or_else(String::new, |limit| format!(" ({})", limit.name()));
                match &room.quota {
                    Some((resource, most)) => format!("fits {most} (quota of {resource})"),
                    None => format!("fits {}{limit}", room.fits),
                }
            }
        };
        let instances: u32 = self.others.iter().map(|(_, count)| count).sum();
        let named: Vec<String> = self
            .others
            .iter()
            .take(NAMED)
            .map(|(app, count)| format!("{app} {count}"))
            .collect();
        let kept = match (self.kept, self.taken) {
            (0, 0) => String::new(),
            (0, taken) => format!(", {taken} kept for others"),
            (kept, 0) => format!(", {kept} kept for it"),
            (kept, taken) => format!(", {kept} kept for it, {taken} for others"),
        };
        let others = match self.others.len() {
            0 => "nobody is there".to_owned(),
            apps => {
                let more = if apps > NAMED { ", …" } else { "" };
                format!("{apps} apps with {instances} instances: {}{more}", named.join(", "))
            }
        };
        format!("{fits}, {} nodes{kept}; {others}", self.nodes)
    }
}
