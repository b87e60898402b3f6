//! One container: what it uses at a time, and what its counters have come to since they began.

use std::ops::AddAssign;

use super::wave::Wave;
use super::{Language, Seconds, Surge};

/// How a container uses its machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) wave: Wave,
    /// What it uses on average, in cores.
    pub(crate) cores: f64,
    pub(crate) surge: Option<Surge>,
    /// It takes all it may have.
    pub(crate) noisy: bool,
    /// Since when a noisy neighbour takes its turns.
    pub(crate) squeezed: Option<Seconds>,
    /// What it is limited to; 0 where there is no limit.
    pub(crate) cpu_limit: f64,
    pub(crate) memory_limit: f64,
    /// Memory it settles at, in bytes.
    pub(crate) memory: f64,
    /// Its memory grows to the limit within so many seconds of a run.
    pub(crate) leak: Option<Seconds>,
    pub(crate) threads: f64,
    /// Bytes it receives and sends for each second of CPU.
    pub(crate) traffic: (f64, f64),
    /// How often it was killed for memory.
    pub(crate) oom: f64,
}

/// What a kubelet would read for one cgroup; counters count since a moment, the rest holds at one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    /// Core-seconds.
    pub(crate) cpu: f64,
    pub(crate) system: f64,
    pub(crate) periods: f64,
    pub(crate) throttled_periods: f64,
    pub(crate) throttled_seconds: f64,
    /// Bytes.
    pub(crate) memory: f64,
    pub(crate) rss: f64,
    pub(crate) cache: f64,
    pub(crate) inactive_file: f64,
    pub(crate) mapped: f64,
    pub(crate) kernel: f64,
    pub(crate) highest: f64,
    pub(crate) faults: f64,
    pub(crate) major_faults: f64,
    pub(crate) oom: f64,
    pub(crate) threads: f64,
    pub(crate) processes: f64,
    pub(crate) files: f64,
    pub(crate) sockets: f64,
    pub(crate) reads: f64,
    pub(crate) writes: f64,
    /// Seconds of pressure: some and all tasks waiting, for CPU, memory and disks.
    pub(crate) cpu_waiting: f64,
    pub(crate) cpu_stalled: f64,
    pub(crate) memory_waiting: f64,
    pub(crate) memory_stalled: f64,
    pub(crate) io_waiting: f64,
    pub(crate) io_stalled: f64,
    pub(crate) network: Network,
}

/// What a pod's interface has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Network {
    pub(crate) received: Direction,
    pub(crate) sent: Direction,
}

/// One direction of an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Direction {
    pub(crate) bytes: f64,
    pub(crate) packets: f64,
    pub(crate) dropped: f64,
    pub(crate) errors: f64,
}

/// Scheduling periods a second (`cpu.cfs_period_us` is 100 ms).
const PERIODS: f64 = 10.0;
/// The share of its periods a squeezed container is held back in, a noisy one, and one whose load ran away.
const SQUEEZED: f64 = 0.31;
const NOISY: f64 = 0.72;
const RUN_AWAY: f64 = 0.24;
/// A share everybody has: bursts of a few milliseconds.
const CALM: f64 = 0.004;
/// How long a run takes until its memory is warm.
const WARM: Seconds = 240.0;
/// The mean size of a packet, in bytes.
const PACKET: f64 = 740.0;

impl Usage {
    /// The cores it uses at a time.
    pub(crate) fn cores_at(&self, at: Seconds) -> f64 {
        if self.noisy {
            return self.full();
        }
        let surge = self.surge.map_or(0.0, |surge| surge.by * surge.at(at));
        self.cores * (self.wave.at(at) + surge)
    }

    /// The core-seconds it uses between two times.
    pub(crate) fn cpu(&self, from: Seconds, to: Seconds) -> f64 {
        if self.noisy {
            return self.full() * (to - from);
        }
        let surge = self.surge.map_or(0.0, |surge| surge.by * surge.integral(from, to));
        self.cores * (self.wave.integral(from, to) + surge)
    }

    fn full(&self) -> f64 {
        if self.cpu_limit > 0.0 {
            self.cpu_limit * 0.97
        } else {
            self.cores * 4.0
        }
    }

    /// Seconds of held-back periods between two times.
    fn held_back(&self, from: Seconds, to: Seconds) -> Seconds {
        if self.cpu_limit <= 0.0 {
            return 0.0;
        }
        let noisy = if self.noisy { NOISY * (to - from) } else { 0.0 };
        let squeezed = self
            .squeezed
            .map_or(0.0, |since| SQUEEZED * (to - since.max(from)).max(0.0));
        let surge = self.surge.map_or(0.0, |surge| RUN_AWAY * surge.integral(from, to));
        CALM * (to - from) + noisy + squeezed + surge
    }

    /// Its memory at an age of its run, page cache included.
    fn memory_at(&self, age: Seconds, at: Seconds) -> f64 {
        let warm = 0.55 + 0.45 * (1.0 - (-age / WARM).exp());
        let settled = self.memory * warm * (1.0 + 0.03 * (self.wave.at(at) - 1.0));
        let leaked = self.leak.map_or(settled, |lasts| {
            settled + (self.memory_limit - settled).max(0.0) * (age / lasts).clamp(0.0, 1.0)
        });
        if self.memory_limit > 0.0 {
            leaked.min(self.memory_limit)
        } else {
            leaked
        }
    }

    /// What a kubelet reads at a time, of a run that began `began`, with counters that begin at `since`.
    pub(crate) fn sample(&self, began: Seconds, since: Seconds, at: Seconds) -> Sample {
        let lasts = (at - since).max(0.0);
        let cpu = self.cpu(since, since + lasts);
        let held_back = self.held_back(since, since + lasts);
        let memory = pages(self.memory_at((at - began).max(0.0), at));
        let cache = pages(self.memory * 0.16);
        let rss = pages((memory - cache).max(memory * 0.5) * 0.97);
        let load = self.cores_at(at) / self.cores.max(1e-9);
        let waiting = held_back * 0.8 + cpu * 0.002;
        Sample {
            cpu,
            system: cpu * 0.14,
            periods: (lasts * PERIODS).floor(),
            throttled_periods: (held_back * PERIODS).floor(),
            throttled_seconds: held_back * 0.6,
            memory,
            rss,
            cache,
            inactive_file: pages(cache * 0.6),
            mapped: pages(cache * 0.3),
            kernel: pages(memory * 0.01),
            highest: memory.max(pages(self.memory_at(at - began, at))),
            faults: (cpu * 900.0).floor(),
            major_faults: (cpu / 500.0).floor(),
            oom: self.oom,
            threads: (self.threads * (0.8 + 0.2 * load.min(2.0))).floor().max(1.0),
            processes: (self.threads / 40.0).floor().max(1.0),
            files: (30.0 + self.threads * 1.5 * load.min(2.0)).floor(),
            sockets: (self.threads * 0.7 * load.min(2.0)).floor(),
            reads: pages(cpu * 21_000.0),
            writes: pages(cpu * 180_000.0),
            cpu_waiting: waiting,
            cpu_stalled: waiting * 0.4,
            memory_waiting: cpu * 0.000_4,
            memory_stalled: cpu * 0.000_1,
            io_waiting: cpu * 0.001_2,
            io_stalled: cpu * 0.000_5,
            network: Network::of(cpu, self.traffic),
        }
    }
}

/// Memory is counted in pages of 4 KiB.
fn pages(bytes: f64) -> f64 {
    (bytes / 4096.0).floor() * 4096.0
}

impl Network {
    fn of(cpu: f64, (received, sent): (f64, f64)) -> Self {
        let direction = |bytes: f64| Direction {
            bytes: bytes.floor(),
            packets: (bytes / PACKET).floor(),
            // Some in a million are dropped, hardly any is broken.
            dropped: (bytes / PACKET / 400_000.0).floor(),
            errors: (bytes / PACKET / 90_000_000.0).floor(),
        };
        Self {
            received: direction(cpu * received),
            sent: direction(cpu * sent),
        }
    }
}

impl AddAssign for Direction {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.packets += other.packets;
        self.dropped += other.dropped;
        self.errors += other.errors;
    }
}

impl AddAssign for Sample {
    /// A cgroup counts what is below it; pressure is that of whoever waits most.
    fn add_assign(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.system += other.system;
        self.periods = self.periods.max(other.periods);
        self.throttled_periods = self.throttled_periods.max(other.throttled_periods);
        self.throttled_seconds += other.throttled_seconds;
        self.memory += other.memory;
        self.rss += other.rss;
        self.cache += other.cache;
        self.inactive_file += other.inactive_file;
        self.mapped += other.mapped;
        self.kernel += other.kernel;
        self.highest += other.highest;
        self.faults += other.faults;
        self.major_faults += other.major_faults;
        self.oom += other.oom;
        self.threads += other.threads;
        self.processes += other.processes;
        self.files += other.files;
        self.sockets += other.sockets;
        self.reads += other.reads;
        self.writes += other.writes;
        self.cpu_waiting = self.cpu_waiting.max(other.cpu_waiting);
        self.cpu_stalled = self.cpu_stalled.max(other.cpu_stalled);
        self.memory_waiting = self.memory_waiting.max(other.memory_waiting);
        self.memory_stalled = self.memory_stalled.max(other.memory_stalled);
        self.io_waiting = self.io_waiting.max(other.io_waiting);
        self.io_stalled = self.io_stalled.max(other.io_stalled);
        self.network.received += other.network.received;
        self.network.sent += other.network.sent;
    }
}

/// How many threads a container of a language has.
pub(crate) const fn threads(language: Option<Language>) -> f64 {
    match language {
        Some(Language::Java) => 180.0,
        Some(Language::Tomcat) => 240.0,
        Some(Language::Php) => 26.0,
        Some(Language::Node) => 23.0,
        Some(Language::Python) => 34.0,
        Some(Language::Go) => 21.0,
        None => 9.0,
    }
}
