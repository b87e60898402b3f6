//! Gathers the samples of one scrape of a kubelet's cAdvisor into one reading a container.
//!
//! Which line is whose (seen on kubelet 1.36, `tests/fixtures/metrics`): `id="/"` is the node; a pod has
//! a line without container and image, its cgroup, and one without container but with the pause image,
//! its sandbox, which alone has network series; each container has its own. Docker names the sandbox
//! `POD`. Other cgroups (`/kubepods`, `/system.slice`) are nobody's.
//!
//! A pod on its node's network is counted with all the node's traffic: only its spec tells.

use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, BuildHasherDefault};

use rustc_hash::{FxHashMap, FxHasher};
use strum::{EnumCount, VariantArray};

use super::Millis;
use super::exposition::{Counts, Scanner, Take, unescape};
use super::family::{Family, Part};
use crate::domain::{Clean, ObjectKey};

/// Containers, sandboxes and cgroups of one node that are kept; a node runs some hundred pods.
const MAX_PLACES: usize = 8192;

/// Interfaces and devices of one container that are added up. With more its figure is not known.
const MAX_PARTS: usize = 256;

/// Whose counters they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Node,
    /// The pod's cgroup: all its containers together, without its network.
    Pod(ObjectKey),
    /// The pod's sandbox: its network.
    Sandbox(ObjectKey),
    Container(ObjectKey, Clean),
}

/// The counters and gauges of one place at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub place: Place,
    /// When the kubelet measured, on its clock.
    pub at: Millis,
    /// Tells one run of a container from the next: a hash of its cgroup.
    pub run: u64,
    pub values: Values,
}

/// A value a family; absent is unknown.
#[derive(Clone, Copy, Debug)]
pub struct Values {
    /// By `Family as usize`; `NaN` is unknown.
    values: [f64; Family::COUNT],
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        let mut all = Family::VARIANTS.iter();
        all.all(|&family| self.get(family) == other.get(family))
    }
}

impl Default for Values {
    fn default() -> Self {
        Self {
            values: [f64::NAN; Family::COUNT],
        }
    }
}

impl Values {
    pub fn get(&self, family: Family) -> Option<f64> {
        self.values
            .get(family as usize)
            .copied()
            .filter(|value| !value.is_nan())
    }

    fn set(&mut self, family: Family, value: f64) {
        if let Some(place) = self.values.get_mut(family as usize) {
            *place = value;
        }
    }

    fn len(&self) -> usize {
        self.values.iter().filter(|value| !value.is_nan()).count()
    }
}

/// What a scrape brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    pub readings: Vec<Reading>,
    pub counts: Counts,
    /// Places that came twice (a run that ended beside the next one); the newer is kept.
    pub duplicates: usize,
    /// Samples left out: a second of the same series, an older one, more than fits.
    pub left_out: usize,
}

/// The labels that are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Labels<'a> {
    container: &'a [u8],
    id: &'a [u8],
    image: &'a [u8],
    namespace: &'a [u8],
    pod: &'a [u8],
    cpu: &'a [u8],
    /// Interface or device.
    part: &'a [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Nobody,
    Node,
    Pod,
    Sandbox,
    Container,
}

impl Labels<'_> {
    fn whose(&self) -> Whose {
        match (self.pod, self.container) {
            ([], []) if self.id == b"/" => Whose::Node,
            ([], _) => Whose::Nobody,
            (_, []) if self.image.is_empty() => Whose::Pod,
            (_, [] | b"POD") => Whose::Sandbox,
            _ => Whose::Container,
        }
    }

    fn place(&self, whose: Whose) -> Place {
        let text = |raw: &[u8]| Clean::new(&unescape(raw));
        let key = || ObjectKey::new(text(self.namespace), text(self.pod));
        match whose {
            Whose::Node | Whose::Nobody => Place::Node,
            Whose::Pod => Place::Pod(key()),
            Whose::Sandbox => Place::Sandbox(key()),
            Whose::Container => Place::Container(key(), text(self.container)),
        }
    }
}

/// What one cgroup's lines say.
#[derive(Debug)]
struct Cgroup {
    place: Place,
    at: Millis,
    values: Values,
    /// Interfaces and devices seen, by family and a hash of their name.
    parts: Vec<(Family, u64)>,
}

/// Takes the samples of one scrape.
#[derive(Debug)]
pub struct Collector {
    /// When the answer came, on this program's clock: for text that has no times.
    received: Millis,
    cgroups: FxHashMap<Box<[u8]>, Cgroup>,
    /// Stands in for the cgroup's path where that is missing.
    key: Vec<u8>,
    left_out: usize,
}

impl Collector {
    /// For an answer that came then.
    pub fn new(received: Millis) -> Self {
        Self {
            received,
            cgroups: FxHashMap::default(),
            key: Vec::new(),
            left_out: 0,
        }
    }

    /// What the scrape brought, in the order of places.
    pub fn finish(self, counts: Counts) -> Scrape {
        let mut left_out = self.left_out;
        let mut readings: Vec<Reading> = Vec::with_capacity(self.cgroups.len());
        for (id, cgroup) in self.cgroups {
            if cgroup.values.len() > 0 {
                readings.push(Reading {
                    place: cgroup.place,
                    at: cgroup.at,
                    run: hash(&id),
                    values: cgroup.values,
                });
            }
        }
        let rank = |reading: &Reading| (reading.at, reading.values.len(), reading.run);
        readings.sort_by(|a, b| a.place.cmp(&b.place).then_with(|| rank(b).cmp(&rank(a))));
        let all = readings.len();
        readings.dedup_by(|later, first| {
            let same = later.place == first.place;
            left_out += if same { later.values.len() } else { 0 };
            same
        });
        Scrape {
            duplicates: all - readings.len(),
            readings,
            counts,
            left_out,
        }
    }

    /// The cgroup a line is about, brought to the line's time; `None` for a line that is older.
    fn cgroup(&mut self, labels: &Labels<'_>, whose: Whose, at: Millis) -> Option<&mut Cgroup> {
        let key: &[u8] = if labels.id.is_empty() {
            self.key.clear();
            for part in [labels.namespace, labels.pod, labels.container, labels.image] {
                self.key.extend_from_slice(part);
                self.key.push(0);
            }
            &self.key
        } else {
            labels.id
        };
        if !self.cgroups.contains_key(key) {
            if self.cgroups.len() >= MAX_PLACES {
                return None;
            }
            let fresh = Cgroup {
                place: labels.place(whose),
                at,
                values: Values::default(),
                parts: Vec::new(),
            };
            return match self.cgroups.entry(Box::from(key)) {
                Entry::Occupied(known) => Some(known.into_mut()),
                Entry::Vacant(place) => Some(place.insert(fresh)),
            };
        }
        let cgroup = self.cgroups.get_mut(key)?;
        if at > cgroup.at {
            // A second measurement within one text: what is of the first is not of this one.
            cgroup.at = at;
            cgroup.values = Values::default();
            cgroup.parts.clear();
        }
        (at == cgroup.at).then_some(cgroup)
    }
}

fn hash(bytes: &[u8]) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(bytes)
}

impl Cgroup {
    /// Takes a value; says whether it counts.
    fn take(&mut self, family: Family, part: &[u8], value: f64) -> bool {
        let known = self.values.get(family);
        if !matches!(family.part(), Part::Interface | Part::Device) {
            if known.is_none() {
                self.values.set(family, value);
            }
            return known.is_none();
        }
        let part = (family, hash(part));
        if self.parts.len() > MAX_PARTS || self.parts.contains(&part) {
            return false;
        }
        self.parts.push(part);
        if self.parts.len() > MAX_PARTS {
            for &family in Family::VARIANTS {
                if matches!(family.part(), Part::Interface | Part::Device) {
                    self.values.set(family, f64::NAN);
                }
            }
            return false;
        }
        self.values.set(family, known.unwrap_or(0.0) + value);
        true
    }
}

impl Take for Collector {
    type Family = Family;
    type Labels<'a> = Labels<'a>;

    fn family(name: &[u8]) -> Option<Family> {
        Family::from_name(name)
    }

    fn label<'a>(labels: &mut Labels<'a>, name: &'a [u8], value: &'a [u8]) {
        match name {
            b"container" => labels.container = value,
            b"id" => labels.id = value,
            b"image" => labels.image = value,
            b"namespace" => labels.namespace = value,
            b"pod" => labels.pod = value,
            b"cpu" => labels.cpu = value,
            b"interface" | b"device" => labels.part = value,
            _ => {}
        }
    }

    fn sample(&mut self, family: Family, labels: &Labels<'_>, value: f64, at: Option<Millis>) {
        let whose = labels.whose();
        // A node's interfaces count the same packet several times: card, bridge, the pods' ends.
        let wanted = match whose {
            Whose::Nobody => false,
            Whose::Sandbox => family.is_network(),
            Whose::Node | Whose::Pod | Whose::Container => !family.is_network(),
        };
        let one_cpu = family.part() == Part::Cpu && !matches!(labels.cpu, b"total" | b"");
        if !wanted || one_cpu {
            return;
        }
        let at = at.unwrap_or(self.received);
        let counts = value.is_finite()
            && value >= 0.0
            && self
                .cgroup(labels, whose, at)
                .is_some_and(|cgroup| cgroup.take(family, labels.part, value));
        self.left_out += usize::from(!counts);
    }
}

/// Reads a whole text at once.
pub fn read(text: &[u8], received: Millis) -> Scrape {
    let mut collector = Collector::new(received);
    let mut scanner = Scanner::default();
    scanner.push(text, &mut collector);
    collector.finish(scanner.finish())
}

#[cfg(test)]
mod tests;
