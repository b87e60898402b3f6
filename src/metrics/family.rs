//! The families of cAdvisor's text that are read, and how their lines divide a container's figure.

use strum::{EnumCount, VariantArray};

/// A family of samples, by the name cAdvisor gives it (`google/cadvisor`, `metrics/prometheus.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount, VariantArray)]
pub enum Family {
    CpuUsage,
    CfsPeriods,
    CfsThrottledPeriods,
    MemoryUsage,
    MemoryRss,
    MemoryCache,
    MemoryWorkingSet,
    NetworkReceiveBytes,
    NetworkTransmitBytes,
    NetworkReceivePackets,
    NetworkTransmitPackets,
    NetworkReceiveDropped,
    NetworkTransmitDropped,
    NetworkReceiveErrors,
    NetworkTransmitErrors,
    Threads,
    OomEvents,
    FsReads,
    FsWrites,
    PressureCpuWaiting,
    PressureCpuStalled,
    PressureMemoryWaiting,
    PressureMemoryStalled,
    PressureIoWaiting,
    PressureIoStalled,
}

/// What a family has one line for within one container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// A line a CPU where the kubelet was told so; `cpu="total"` is the one to read.
    Cpu,
    /// A line an interface, to be added up.
    Interface,
    /// A line a block device, to be added up.
    Device,
}

impl Family {
    /// The name in the text and in Prometheus.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CpuUsage => "container_cpu_usage_seconds_total",
            Self::CfsPeriods => "container_cpu_cfs_periods_total",
            Self::CfsThrottledPeriods => "container_cpu_cfs_throttled_periods_total",
            Self::MemoryUsage => "container_memory_usage_bytes",
            Self::MemoryRss => "container_memory_rss",
            Self::MemoryCache => "container_memory_cache",
            Self::MemoryWorkingSet => "container_memory_working_set_bytes",
            Self::NetworkReceiveBytes => "container_network_receive_bytes_total",
            Self::NetworkTransmitBytes => "container_network_transmit_bytes_total",
            Self::NetworkReceivePackets => "container_network_receive_packets_total",
            Self::NetworkTransmitPackets => "container_network_transmit_packets_total",
            Self::NetworkReceiveDropped => "container_network_receive_packets_dropped_total",
            Self::NetworkTransmitDropped => "container_network_transmit_packets_dropped_total",
            Self::NetworkReceiveErrors => "container_network_receive_errors_total",
            Self::NetworkTransmitErrors => "container_network_transmit_errors_total",
            Self::Threads => "container_threads",
            Self::OomEvents => "container_oom_events_total",
            Self::FsReads => "container_fs_reads_bytes_total",
            Self::FsWrites => "container_fs_writes_bytes_total",
            Self::PressureCpuWaiting => "container_pressure_cpu_waiting_seconds_total",
            Self::PressureCpuStalled => "container_pressure_cpu_stalled_seconds_total",
            Self::PressureMemoryWaiting => "container_pressure_memory_waiting_seconds_total",
            Self::PressureMemoryStalled => "container_pressure_memory_stalled_seconds_total",
            Self::PressureIoWaiting => "container_pressure_io_waiting_seconds_total",
            Self::PressureIoStalled => "container_pressure_io_stalled_seconds_total",
        }
    }

    /// Finds a family by its name.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::VARIANTS
            .iter()
            .copied()
            .find(|family| family.name().as_bytes() == name)
    }

    /// What it has one line for.
    pub const fn part(self) -> Part {
        match self {
            Self::CpuUsage => Part::Cpu,
            Self::FsReads | Self::FsWrites => Part::Device,
            family if family.is_network() => Part::Interface,
            _ => Part::Whole,
        }
    }

    /// Only ever grows while the container runs.
    pub const fn is_counter(self) -> bool {
        !matches!(
            self,
            Self::MemoryUsage | Self::MemoryRss | Self::MemoryCache | Self::MemoryWorkingSet | Self::Threads
        )
    }

    /// Counted in the pod's sandbox.
    pub const fn is_network(self) -> bool {
        matches!(
            self,
            Self::NetworkReceiveBytes
                | Self::NetworkTransmitBytes
                | Self::NetworkReceivePackets
                | Self::NetworkTransmitPackets
                | Self::NetworkReceiveDropped
                | Self::NetworkTransmitDropped
                | Self::NetworkReceiveErrors
                | Self::NetworkTransmitErrors
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_a_name_of_its_own() {
        for &family in Family::VARIANTS {
            assert_eq!(Family::from_name(family.name().as_bytes()), Some(family));
        }
        assert_eq!(Family::from_name(b"container_memory_swap"), None);
    }
}
