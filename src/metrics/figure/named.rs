//! What figures are called: in pickers and filters, above columns, and what each is in a few words.

use super::{Figure, Unit};

impl Figure {
    /// What it is called where it is chosen or compared; the first name is the one told.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Cpu => &["cpu"],
            Self::MemoryTotal => &["memory-total", "mem-total"],
            Self::MemoryRss => &["rss", "memory-rss"],
            Self::MemoryCache => &["cache", "memory-cache"],
            Self::MemoryWorkingSet => &["memory", "mem", "working-set"],
            Self::NetworkReceiveBytes => &["net-in", "net"],
            Self::NetworkTransmitBytes => &["net-out"],
            Self::NetworkReceivePackets => &["packets-in", "packets"],
            Self::NetworkTransmitPackets => &["packets-out"],
            Self::NetworkReceiveDropped => &["drops-in", "drops"],
            Self::NetworkTransmitDropped => &["drops-out"],
            Self::NetworkReceiveErrors => &["errors-in", "errors"],
            Self::NetworkTransmitErrors => &["errors-out"],
            Self::Threads => &["threads"],
            Self::CpuThrottled => &["throttled"],
            Self::OomKills => &["oom-kills", "oom"],
            Self::FsReads => &["reads"],
            Self::FsWrites => &["writes"],
            Self::CpuWaiting => &["cpu-waiting"],
            Self::CpuStalled => &["cpu-stalled"],
            Self::MemoryWaiting => &["memory-waiting"],
            Self::MemoryStalled => &["memory-stalled"],
            Self::IoWaiting => &["disk-waiting"],
            Self::IoStalled => &["disk-stalled"],
        }
    }

    /// The name that is told.
    pub fn name(self) -> &'static str {
        self.names().first().copied().unwrap_or_default()
    }

    /// What stands above a column of it: nine letters at most.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::MemoryTotal => "MEM total",
            Self::MemoryRss => "RSS",
            Self::MemoryCache => "CACHE",
            Self::MemoryWorkingSet => "MEM",
            Self::NetworkReceiveBytes => "NET in",
            Self::NetworkTransmitBytes => "NET out",
            Self::NetworkReceivePackets => "PKTS in",
            Self::NetworkTransmitPackets => "PKTS out",
            Self::NetworkReceiveDropped => "DROPS in",
            Self::NetworkTransmitDropped => "DROPS out",
            Self::NetworkReceiveErrors => "ERRS in",
            Self::NetworkTransmitErrors => "ERRS out",
            Self::Threads => "THREADS",
            Self::CpuThrottled => "THROTTLED",
            Self::OomKills => "OOM KILLS",
            Self::FsReads => "READS",
            Self::FsWrites => "WRITES",
            Self::CpuWaiting => "CPU wait",
            Self::CpuStalled => "CPU stall",
            Self::MemoryWaiting => "MEM wait",
            Self::MemoryStalled => "MEM stall",
            Self::IoWaiting => "DISK wait",
            Self::IoStalled => "DISK stal",
        }
    }

    /// What it is.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Cpu => "cores in use",
            Self::MemoryTotal => "memory with the page cache",
            Self::MemoryRss => "memory of its own: no file stands behind it",
            Self::MemoryCache => "page cache",
            Self::MemoryWorkingSet => "memory that cannot be taken back at once: what the kubelet evicts on",
            Self::NetworkReceiveBytes => "bytes received a second",
            Self::NetworkTransmitBytes => "bytes sent a second",
            Self::NetworkReceivePackets => "packets received a second",
            Self::NetworkTransmitPackets => "packets sent a second",
            Self::NetworkReceiveDropped => "packets dropped a second on the way in",
            Self::NetworkTransmitDropped => "packets dropped a second on the way out",
            Self::NetworkReceiveErrors => "packets broken a second on the way in",
            Self::NetworkTransmitErrors => "packets broken a second on the way out",
            Self::Threads => "threads",
            Self::CpuThrottled => "periods in which the CPU limit held it back",
            Self::OomKills => "processes killed for want of memory since the container began",
            Self::FsReads => "bytes read from files a second",
            Self::FsWrites => "bytes written to files a second",
            Self::CpuWaiting => "time in which some task waited for a CPU",
            Self::CpuStalled => "time in which all tasks waited for a CPU",
            Self::MemoryWaiting => "time in which some task waited for memory",
            Self::MemoryStalled => "time in which all tasks waited for memory",
            Self::IoWaiting => "time in which some task waited for the disk",
            Self::IoStalled => "time in which all tasks waited for the disk",
        }
    }

    /// Whether several of it have a sum; of the others the mean says something of all.
    pub const fn adds_up(self) -> bool {
        !matches!(self.unit(), Unit::Share)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::VariantArray;

    use super::*;

    #[test]
    fn no_two_figures_have_a_name_or_a_title_in_common() {
        let all = || Figure::VARIANTS.iter();
        let names: Vec<&str> = all().flat_map(|figure| figure.names()).copied().collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
        let titles: BTreeSet<&str> = all().map(|figure| figure.title()).collect();
        assert_eq!(titles.len(), all().count());
        assert!(titles.iter().all(|title| title.len() <= 9), "{titles:?}");
    }
}
