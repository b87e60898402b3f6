//! The text of a kubelet's cAdvisor: one block a family, one line a cgroup, in the order and shapes of a real kubelet
//! 1.36 (`tests/fixtures`).
//!
//! A pod has a line for its cgroup (no container, no image), one for its sandbox (the pause image, which alone has
//! network) and one a container. Each cgroup is measured every 10 to 15 s on its own beat; in between its lines
//! repeat, timestamp and all.

use bytes::Bytes;

use super::super::super::load::usage::Sample;
use super::super::super::load::{Plan, PodLoad, Seconds, hash};
use super::super::super::residents::OnNode;
use super::family::{FAMILIES, Family};

const PAUSE: &str = "registry.k8s.io/pause:3.10";
/// Pieces are gathered up to this many bytes before they are sent.
const CHUNK: usize = 64 * 1024;

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The whole machine.
    Root,
    /// A cgroup above pods.
    Slice,
    Pod,
    Sandbox,
    Container,
}

/// One cgroup.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) kind: Kind,
    /// The labels in three pieces: others come between them.
    pub(super) container: String,
    pub(super) id: String,
    pub(super) name: String,
    /// When it was measured, in milliseconds.
    pub(super) at: i64,
    pub(super) began: Seconds,
    pub(super) sample: Sample,
    pub(super) cpu_request: f64,
    /// 0 where there is none.
    pub(super) cpu_limit: f64,
    pub(super) memory_limit: f64,
}

/// The machine under the kubelet.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    pub(super) booted: Seconds,
    pub(super) cores: f64,
    pub(super) memory: f64,
    pub(super) id: String,
    pub(super) system_uuid: String,
    pub(super) boot_id: String,
    pub(super) kernel: String,
    pub(super) os: String,
}

/// The text, made piece by piece as it is read.
#[derive(Debug)]
pub(super) struct Text {
    lines: Vec<Line>,
    machine: Machine,
    /// The time of the request, in milliseconds.
    asked: i64,
    families: std::slice::Iter<'static, Family>,
}

impl Text {
    /// What a kubelet says at a time.
    pub(super) fn new(machine: Machine, on_node: &OnNode, plan: &Plan, asked: i64) -> Self {
        let pods = on_node.loads(plan);
        let mut lines = Vec::with_capacity(pods.len() * 4 + 4);
        slices(&mut lines, &machine, &pods, on_node, asked);
        for pod in &pods {
            pod_lines(&mut lines, pod, asked);
        }
        // As the client library sorts: by the values of the labels in the order of their names.
        lines.sort_by(|a, b| (&a.container, &a.id).cmp(&(&b.container, &b.id)));
        Self {
            lines,
            machine,
            asked,
            families: FAMILIES.iter(),
        }
    }
}

impl Iterator for Text {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut out = String::with_capacity(CHUNK + CHUNK / 2);
        while out.len() < CHUNK {
            let Some(family) = self.families.next() else { break };
            family.write(&mut out, &self.lines, &self.machine, self.asked);
        }
        (!out.is_empty()).then(|| out.into())
    }
}

/// When a cgroup was last measured: every 10 to 15 s, each on its own beat; at its beginning if that is later.
fn measured(id: &str, began: Seconds, asked: i64) -> i64 {
    let beat = hash(0, &[id]);
    let period = 10_000 + (beat % 5_000) as i64;
    let phase = ((beat >> 20) % 15_000) as i64;
    let last = asked - (asked - phase).rem_euclid(period);
    last.max((began * 1000.0) as i64).min(asked)
}

fn seconds(millis: i64) -> Seconds {
    millis as f64 / 1000.0
}

struct Names<'a> {
    container: &'a str,
    id: &'a str,
    image: &'a str,
    name: &'a str,
    namespace: &'a str,
    pod: &'a str,
}

fn line(kind: Kind, names: &Names<'_>, began: Seconds, at: i64, sample: &Sample) -> Line {
    Line {
        kind,
        container: format!("{{container=\"{}\"", names.container),
        id: format!(",id=\"{}\",image=\"{}\"", names.id, names.image),
        name: format!(
            ",name=\"{}\",namespace=\"{}\",pod=\"{}\"",
            names.name, names.namespace, names.pod
        ),
        at,
        began,
        sample: *sample,
        cpu_request: 0.0,
        cpu_limit: 0.0,
        memory_limit: 0.0,
    }
}

/// The machine and the cgroups above pods.
fn slices(lines: &mut Vec<Line>, machine: &Machine, pods: &[PodLoad], on_node: &OnNode, asked: i64) {
    type Takes = fn(&PodLoad) -> bool;
    let all: [(&str, Kind, Takes); 4] = [
        ("/", Kind::Root, |_| true),
        ("/kubepods", Kind::Slice, |_| true),
        ("/kubepods/besteffort", Kind::Slice, |pod| pod.class == "besteffort"),
        ("/kubepods/burstable", Kind::Slice, |pod| pod.class == "burstable"),
    ];
    for (id, kind, takes) in all {
        let at = measured(id, machine.booted, asked);
        let mut sample = Sample::default();
        for pod in pods.iter().filter(|pod| takes(pod)) {
            sample += pod.whole(seconds(at));
        }
        if kind == Kind::Root || id == "/kubepods" {
            // What has left is no longer held, but was counted.
            let left = on_node.left;
            sample.cpu += left.cpu;
            sample.system += left.system;
            sample.reads += left.reads;
            sample.writes += left.writes;
            sample.network.received += left.network.received;
            sample.network.sent += left.network.sent;
        }
        if kind == Kind::Root {
            // Kubelet, runtime and kernel: a fiftieth of a core a core, and a gigabyte.
            let lasts = (seconds(at) - machine.booted).max(0.0);
            sample.cpu += lasts * machine.cores * 0.02;
            sample.system += lasts * machine.cores * 0.012;
            sample.memory += 1.1e9_f64.floor();
            sample.rss += 5.2e8_f64.floor();
            sample.cache += 4.4e8_f64.floor();
        }
        let names = Names {
            container: "",
            id,
            image: "",
            name: "",
            namespace: "",
            pod: "",
        };
        let mut line = line(kind, &names, machine.booted, at, &sample);
        line.cpu_request = machine.cores;
        line.memory_limit = machine.memory;
        lines.push(line);
    }
}

fn pod_lines(lines: &mut Vec<Line>, pod: &PodLoad, asked: i64) {
    let cgroup = pod.cgroup();
    let names = Names {
        container: "",
        id: &cgroup,
        image: "",
        name: "",
        namespace: &pod.namespace,
        pod: &pod.name,
    };
    let at = measured(&cgroup, pod.began, asked);
    let mut own = line(Kind::Pod, &names, pod.began, at, &pod.whole(seconds(at)));
    let total = |of: fn(&super::super::super::load::pod::ContainerLoad) -> f64| pod.containers.iter().map(of).sum();
    own.cpu_request = total(|container| container.cpu_request);
    own.cpu_limit = total(|container| container.usage.cpu_limit);
    own.memory_limit = total(|container| container.usage.memory_limit);
    lines.push(own);

    let sandbox = pod.sandbox();
    let id = format!("{cgroup}/{sandbox}");
    let at = measured(&id, pod.began, asked);
    let sample = Sample {
        cpu: 0.024_004_591,
        system: 0.01,
        memory: 360_448.0,
        rss: 40_960.0,
        cache: 12_288.0,
        highest: 745_472.0,
        faults: 1063.0,
        threads: 1.0,
        processes: 1.0,
        files: 6.0,
        network: pod.whole(seconds(at)).network,
        ..Sample::default()
    };
    let names = Names {
        id: &id,
        image: PAUSE,
        name: &sandbox,
        ..names
    };
    let mut pause = line(Kind::Sandbox, &names, pod.began, at, &sample);
    pause.cpu_request = 0.002;
    lines.push(pause);

    for container in &pod.containers {
        let Some(began) = container.running else { continue };
        let id = format!("{cgroup}/{}", container.id);
        let at = measured(&id, began, asked);
        let names = Names {
            container: &container.name,
            id: &id,
            image: &container.image,
            name: &container.id,
            ..names
        };
        let sample = container.usage.sample(began, began, seconds(at));
        let mut line = line(Kind::Container, &names, began, at, &sample);
        line.cpu_request = container.cpu_request;
        line.cpu_limit = container.usage.cpu_limit;
        line.memory_limit = container.usage.memory_limit;
        lines.push(line);
    }
}
