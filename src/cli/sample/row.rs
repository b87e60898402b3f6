//! A line of `top`: its fields as they are printed, its cells.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::print::Row;
use crate::domain::{Clean, ClusterId, Memory, Timestamp};
use crate::metrics::Figure;
use crate::screens::figures::amount;

/// What stands for unknown in a table.
pub(super) const UNKNOWN: &str = "–";

/// One line of `top`. What does not apply, and what is not known, is null.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct TopRow {
    pub(in crate::cli) cluster: ClusterId,
    pub(in crate::cli) namespace: Option<Clean>,
    pub(in crate::cli) app: Option<Clean>,
    /// Of a container, the instance it is in.
    pub(in crate::cli) instance: Option<Clean>,
    pub(in crate::cli) name: Clean,
    pub(in crate::cli) location: Option<Clean>,
    pub(in crate::cli) node: Option<Clean>,
    /// Instances that are added up, and of how many of them it is known what CPU they use.
    pub(in crate::cli) instances: u32,
    pub(in crate::cli) instances_measured: u32,
    /// Figures that are the sum of another number of instances, by name; of a node also those that its kubelet does
    /// not tell of the node itself.
    pub(in crate::cli) sum_of: BTreeMap<&'static str, u32>,
    pub(in crate::cli) cpu_cores: Option<f64>,
    pub(in crate::cli) memory_total_bytes: Option<f64>,
    pub(in crate::cli) memory_rss_bytes: Option<f64>,
    pub(in crate::cli) memory_cache_bytes: Option<f64>,
    pub(in crate::cli) memory_working_set_bytes: Option<f64>,
    pub(in crate::cli) memory_limit_bytes: Option<i64>,
    pub(in crate::cli) network_receive_bytes_per_second: Option<f64>,
    pub(in crate::cli) network_transmit_bytes_per_second: Option<f64>,
    pub(in crate::cli) network_receive_packets_per_second: Option<f64>,
    pub(in crate::cli) network_transmit_packets_per_second: Option<f64>,
    pub(in crate::cli) network_receive_dropped_per_second: Option<f64>,
    pub(in crate::cli) network_transmit_dropped_per_second: Option<f64>,
    pub(in crate::cli) network_receive_errors_per_second: Option<f64>,
    pub(in crate::cli) network_transmit_errors_per_second: Option<f64>,
    pub(in crate::cli) threads: Option<f64>,
    /// Since its containers began.
    pub(in crate::cli) oom_kills: Option<f64>,
    /// Of the scheduling periods, those in which a CPU limit held it back: from 0 to 1, of several the mean.
    pub(in crate::cli) throttled_fraction: Option<f64>,
    pub(in crate::cli) file_read_bytes_per_second: Option<f64>,
    pub(in crate::cli) file_write_bytes_per_second: Option<f64>,
    pub(in crate::cli) source: Option<&'static str>,
    /// The cells that begin a line of the table.
    #[serde(skip)]
    pub(super) leading: [String; 3],
}

impl TopRow {
    /// What is shown, by the names of its fields.
    pub(super) const FIGURES: [(Figure, &'static str); 18] = [
        (Figure::Cpu, "cpuCores"),
        (Figure::MemoryTotal, "memoryTotalBytes"),
        (Figure::MemoryRss, "memoryRssBytes"),
        (Figure::MemoryCache, "memoryCacheBytes"),
        (Figure::MemoryWorkingSet, "memoryWorkingSetBytes"),
        (Figure::NetworkReceiveBytes, "networkReceiveBytesPerSecond"),
        (Figure::NetworkTransmitBytes, "networkTransmitBytesPerSecond"),
        (Figure::NetworkReceivePackets, "networkReceivePacketsPerSecond"),
        (Figure::NetworkTransmitPackets, "networkTransmitPacketsPerSecond"),
        (Figure::NetworkReceiveDropped, "networkReceiveDroppedPerSecond"),
        (Figure::NetworkTransmitDropped, "networkTransmitDroppedPerSecond"),
        (Figure::NetworkReceiveErrors, "networkReceiveErrorsPerSecond"),
        (Figure::NetworkTransmitErrors, "networkTransmitErrorsPerSecond"),
        (Figure::Threads, "threads"),
        (Figure::OomKills, "oomKills"),
        (Figure::CpuThrottled, "throttledFraction"),
        (Figure::FsReads, "fileReadBytesPerSecond"),
        (Figure::FsWrites, "fileWriteBytesPerSecond"),
    ];

    /// Of how many instances a cell is, where that is not the number of those that were measured.
    fn of(&self, figure: Figure) -> String {
        let name = Self::FIGURES.iter().find(|(known, _)| *known == figure);
        let known = name.and_then(|(_, name)| self.sum_of.get(name));
        known.map_or_else(String::new, |known| format!(" ({known}/{})", self.instances))
    }
}

impl Row for TopRow {
    const HEADER: &'static [&'static str] = &[
        "CLUSTER",
        "NAMESPACE",
        "NAME",
        "INSTANCES",
        "CPU",
        "MEMORY",
        "WORKING SET",
        "RSS",
        "CACHE",
        "LIMIT",
        "IN",
        "OUT",
        "PACKETS",
        "DROPPED",
        "ERRORS",
        "THREADS",
        "OOM KILLS",
        "THROTTLED",
        "READ",
        "WRITTEN",
    ];

    fn path(&self) -> Vec<&str> {
        let [cluster, _, name] = &self.leading;
        let namespace = self.namespace.as_ref().map(Clean::as_str);
        [Some(cluster.as_str()), namespace, Some(name.as_str())]
            .into_iter()
            .flatten()
            .collect()
    }

    fn leading(&self) -> Vec<&str> {
        self.leading.iter().map(String::as_str).collect()
    }

    fn cells(&self, _: Timestamp) -> Vec<String> {
        // In the units of the screens.
        let shown = |figure: Figure, value: Option<f64>| {
            value.map_or_else(
                || UNKNOWN.to_owned(),
                |value| amount(figure.unit(), value) + &self.of(figure),
            )
        };
        let both = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a + b);
        let instances = if self.instances_measured == self.instances {
            self.instances.to_string()
        } else {
            format!("{}/{}", self.instances_measured, self.instances)
        };
        vec![
            instances,
            shown(Figure::Cpu, self.cpu_cores),
            shown(Figure::MemoryTotal, self.memory_total_bytes),
            shown(Figure::MemoryWorkingSet, self.memory_working_set_bytes),
            shown(Figure::MemoryRss, self.memory_rss_bytes),
            shown(Figure::MemoryCache, self.memory_cache_bytes),
            self.memory_limit_bytes
                .map_or_else(|| UNKNOWN.to_owned(), |limit| Memory(limit).to_string()),
            shown(Figure::NetworkReceiveBytes, self.network_receive_bytes_per_second),
            shown(Figure::NetworkTransmitBytes, self.network_transmit_bytes_per_second),
            shown(
                Figure::NetworkReceivePackets,
                both(
                    self.network_receive_packets_per_second,
                    self.network_transmit_packets_per_second,
                ),
            ),
            shown(
                Figure::NetworkReceiveDropped,
                both(
                    self.network_receive_dropped_per_second,
                    self.network_transmit_dropped_per_second,
                ),
            ),
            shown(
                Figure::NetworkReceiveErrors,
                both(
                    self.network_receive_errors_per_second,
                    self.network_transmit_errors_per_second,
                ),
            ),
            shown(Figure::Threads, self.threads),
            shown(Figure::OomKills, self.oom_kills),
            shown(Figure::CpuThrottled, self.throttled_fraction),
            shown(Figure::FsReads, self.file_read_bytes_per_second),
            shown(Figure::FsWrites, self.file_write_bytes_per_second),
        ]
    }
}
