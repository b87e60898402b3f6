//! How rows are printed: a table, JSON, YAML, or names. Only text that was sanitised is printed.

use std::io::Write;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::Failure;
use super::args::Format;
use super::rows::{Amounts, AppRow, ClusterRow, EventRow, Headroom, InstanceRow, LocationRow, NodeRow};
use crate::domain::quantity::thousands;
use crate::domain::{Clean, Cpu, Memory, Timestamp, Version};
use crate::screens::words;

/// What stands for unknown in a table.
const UNKNOWN: &str = "–";

/// A row that can stand in a table.
pub trait Row: Serialize {
    const HEADER: &'static [&'static str];
    /// What tells it from all others: cluster, namespace and name, as far as it has them.
    fn path(&self) -> Vec<&str>;
    /// The cells of a table before [`Row::cells`].
    fn leading(&self) -> Vec<&str> {
        self.path()
    }
    fn cells(&self, now: Timestamp) -> Vec<String>;
    /// What `-o name` prints.
    fn name(&self) -> String {
        self.path().join("/")
    }
}

#[derive(Serialize)]
struct List<'a, R> {
    items: &'a [R],
}

/// Prints rows in a format.
pub fn print<R: Row>(rows: &[R], format: Format, now: Timestamp, out: &mut dyn Write) -> Result<(), Failure> {
    match format {
        Format::Table => table(rows, now, out)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &List { items: rows }).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        Format::Yaml => {
            let text = serde_yaml_ng::to_string(&List { items: rows }).map_err(std::io::Error::other)?;
            out.write_all(text.as_bytes())?;
        }
        Format::Name => {
            for row in rows {
                writeln!(out, "{}", row.name())?;
            }
        }
    }
    Ok(())
}

fn table<R: Row>(rows: &[R], now: Timestamp, out: &mut dyn Write) -> std::io::Result<()> {
    let mut lines: Vec<Vec<String>> = vec![R::HEADER.iter().map(|&title| title.to_owned()).collect()];
    lines.extend(rows.iter().map(|row| {
        let leading = row.leading().into_iter().map(str::to_owned);
        leading.chain(row.cells(now)).collect()
    }));
    let mut widths = vec![0; R::HEADER.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.width().max(*width);
        }
    }
    for line in &lines {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(cell);
            text.push_str(&" ".repeat(width - cell.width() + 2));
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

/// A version as it is told on the screens: in a table there is no room for all of it.
pub(super) fn short_version(full: &str) -> String {
    let version = if full.contains(':') {
        Version::Digest(full.into())
    } else {
        Version::Commit(full.into())
    };
    words::version(&version)
}

pub(super) fn or_unknown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| value.to_string())
}

fn share(requested: Option<Amounts>, allocatable: Option<Amounts>) -> [String; 2] {
    let part = |used: Option<String>, all: Option<String>| format!("{}/{}", or_unknown(used), or_unknown(all));
    [
        part(
            requested.map(|r| Cpu(r.cpu_millis).to_string()),
            allocatable.map(|a| Cpu(a.cpu_millis).to_string()),
        ),
        part(
            requested.map(|r| Memory(r.memory_bytes).to_string()),
            allocatable.map(|a| Memory(a.memory_bytes).to_string()),
        ),
    ]
}

fn room(headroom: Option<Headroom>) -> String {
    or_unknown(headroom.map(|headroom| thousands(headroom.instances)))
}

/// `12s`, `5m`, `3h`, `40d`, as kubectl's one-unit ages.
pub(super) fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    let Some(since) = since else { return UNKNOWN.to_owned() };
    let seconds = (now - since).num_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn joined<T: AsRef<str>>(parts: impl IntoIterator<Item = T>, between: &str) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            text.push_str(between);
        }
        text.push_str(part.as_ref());
    }
    if text.is_empty() { UNKNOWN.to_owned() } else { text }
}

impl Row for ClusterRow {
    const HEADER: &'static [&'static str] = &[
        "CLUSTER",
        "LINK",
        "VERSION",
        "PROVIDER",
        "LOCATIONS",
        "NODES",
        "APPS",
        "INSTANCES",
        "CPU",
        "MEMORY",
        "HEADROOM",
    ];

    fn path(&self) -> Vec<&str> {
        vec![&self.name]
    }

    fn cells(&self, _: Timestamp) -> Vec<String> {
        let [cpu, memory] = share(self.requested, self.allocatable);
        vec![
            self.link.to_owned(),
            or_unknown(self.version.as_ref()),
            or_unknown(self.provider.as_ref()),
            or_unknown(self.locations),
            format!("{}/{}", or_unknown(self.nodes_ready), or_unknown(self.nodes)),
            or_unknown(self.apps),
            format!("{}/{}", or_unknown(self.ready), or_unknown(self.instances)),
            cpu,
            memory,
            room(self.headroom),
        ]
    }
}

impl Row for LocationRow {
    const HEADER: &'static [&'static str] = &[
        "CLUSTER",
        "LOCATION",
        "PROVIDER",
        "NODES",
        "GROUPS",
        "EXCLUSIVE",
        "INSTANCES",
        "CPU",
        "MEMORY",
        "HEADROOM",
    ];

    fn path(&self) -> Vec<&str> {
        vec![self.cluster.as_str(), &self.name]
    }

    fn cells(&self, _: Timestamp) -> Vec<String> {
        let [cpu, memory] = share(self.requested, Some(self.allocatable));
        vec![
            or_unknown(self.provider.as_ref()),
            format!("{}/{}", self.nodes_ready, self.nodes),
            joined(self.groups.iter().map(Clean::as_str), ","),
            self.exclusive.values().sum::<u32>().to_string(),
            format!("{}/{}", or_unknown(self.ready), or_unknown(self.instances)),
            cpu,
            memory,
            room(self.headroom),
        ]
    }
}

/// How an app stands: what is wrong with its instances, after what is under way if something is.
fn standing(progress: &str, trouble: Option<&str>) -> String {
    let trouble = trouble.map(|trouble| match trouble {
        "NodeLost" => "stuck on lost nodes",
        other => other,
    });
    match trouble {
        None => progress.to_owned(),
        Some(trouble) if progress == "stable" => trouble.to_owned(),
        Some(trouble) => format!("{progress}, {trouble}"),
    }
}

impl Row for AppRow {
    const HEADER: &'static [&'static str] = &[
        "CLUSTER",
        "NAMESPACE",
        "APP",
        "VERSION",
        "READY",
        "PROGRESS",
        "RESTARTS",
        "LOCATIONS",
    ];

    fn path(&self) -> Vec<&str> {
        vec![self.cluster.as_str(), &self.namespace, &self.name]
    }

    fn cells(&self, _: Timestamp) -> Vec<String> {
        let versions = self.versions.iter().flatten();
        let versions = versions.map(|of| of.version.as_deref().map_or_else(|| UNKNOWN.to_owned(), short_version));
        let places = self.locations.iter().flatten();
        let places = places.map(|place| format!("{} {}", place.location, place.instances));
        vec![
            joined(versions, ","),
            format!("{}/{}", or_unknown(self.ready), or_unknown(self.desired)),
            standing(&self.progress, self.trouble.as_deref()),
            or_unknown(self.restarts),
            joined(places, ", "),
        ]
    }
}

impl Row for InstanceRow {
    const HEADER: &'static [&'static str] = &[
        "CLUSTER",
        "NAMESPACE",
        "INSTANCE",
        "STATUS",
        "READY",
        "VERSION",
        "NODE",
        "LOCATION",
        "IP",
        "RESTARTS",
        "AGE",
    ];

    fn path(&self) -> Vec<&str> {
        vec![self.cluster.as_str(), &self.namespace, &self.name]
    }

    fn cells(&self, now: Timestamp) -> Vec<String> {
        vec![
            self.status.to_string(),
            or_unknown(self.ready.map(|ready| if ready { "yes" } else { "no" })),
            or_unknown(self.version.as_deref().map(short_version)),
            or_unknown(self.node.as_ref()),
            or_unknown(self.location.as_ref()),
            or_unknown(self.ip.as_ref()),
            self.restarts.to_string(),
            age(self.created, now),
        ]
    }
}

impl Row for NodeRow {
    const HEADER: &'static [&'static str] = &[
        "CLUSTER",
        "NODE",
        "STATUS",
        "LOCATION",
        "GROUP",
        "EXCLUSIVE",
        "POD CIDR",
        "INSTANCES",
        "CPU",
        "MEMORY",
        "HEADROOM",
        "AGE",
    ];

    fn path(&self) -> Vec<&str> {
        vec![self.cluster.as_str(), &self.name]
    }

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let [cpu, memory] = share(self.requested, Some(self.allocatable));
        let cordoned = if self.cordoned { ",cordoned" } else { "" };
        vec![
            format!("{}{cordoned}", self.status),
            self.location.to_string(),
            or_unknown(self.group.as_ref()),
            or_unknown(self.exclusive.as_ref()),
            joined(self.pod_cidrs.iter().map(Clean::as_str), ","),
            or_unknown(self.instances),
            cpu,
            memory,
            room(self.headroom),
            age(self.created, now),
        ]
    }
}

impl Row for EventRow {
    const HEADER: &'static [&'static str] = &[
        "CLUSTER",
        "NAMESPACE",
        "LAST SEEN",
        "TYPE",
        "REASON",
        "OBJECT",
        "COUNT",
        "MESSAGE",
    ];

    fn path(&self) -> Vec<&str> {
        vec![self.cluster.as_str(), &self.namespace, &self.name]
    }

    /// The name of an event tells a person nothing.
    fn leading(&self) -> Vec<&str> {
        vec![self.cluster.as_str(), &self.namespace]
    }

    fn cells(&self, now: Timestamp) -> Vec<String> {
        vec![
            age(self.last_seen, now),
            self.severity.to_owned(),
            self.reason.to_string(),
            format!("{}/{}", self.about.kind, self.about.name),
            self.count.to_string(),
            self.message.to_string(),
        ]
    }
}
