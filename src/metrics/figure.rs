//! The figures a person sees: what each is, in which unit, and from which counters and gauges it comes.

mod named;

use strum::{EnumCount, VariantArray};

use super::family::Family;

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Cores,
    Bytes,
    BytesPerSecond,
    /// Packets, drops or errors a second.
    PerSecond,
    Count,
    /// From 0 to 1.
    Share,
}

impl Unit {
    /// The smallest amount that a history tells from zero.
    pub const fn floor(self) -> f64 {
        match self {
            Self::Cores | Self::Share | Self::PerSecond => 1e-6,
            Self::Count | Self::BytesPerSecond => 1e-3,
            Self::Bytes => 1.0,
        }
    }
}

/// One figure of a container, a pod, a node, or of a sum of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount, VariantArray)]
pub enum Figure {
    Cpu,
    /// Page cache included (`container_memory_usage_bytes`).
    MemoryTotal,
    MemoryRss,
    MemoryCache,
    /// What the kubelet evicts on: total without inactive file pages.
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
    /// Share of the scheduling periods in which the CPU limit held it back.
    CpuThrottled,
    /// Since the container began: a rate would be over before anybody looked.
    OomKills,
    FsReads,
    FsWrites,
    /// Share of time in which some task waited for a CPU (pressure stall information, `some`).
    CpuWaiting,
    /// Share of time in which all tasks did (`full`); likewise below.
    CpuStalled,
    MemoryWaiting,
    MemoryStalled,
    IoWaiting,
    IoStalled,
}

/// How a figure follows from what a node counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Gauge(Family),
    /// Increase a second.
    Rate(Family),
    /// Increase of the first for each increase of the second.
    Ratio(Family, Family),
}

impl Figure {
    /// What is kept of a thing that is not on screen.
    pub const BACKGROUND: [Self; 5] = [
        Self::Cpu,
        Self::MemoryTotal,
        Self::MemoryWorkingSet,
        Self::NetworkReceiveBytes,
        Self::NetworkTransmitBytes,
    ];

    pub const fn unit(self) -> Unit {
        match self {
            Self::Cpu => Unit::Cores,
            Self::MemoryTotal | Self::MemoryRss | Self::MemoryCache | Self::MemoryWorkingSet => Unit::Bytes,
            Self::NetworkReceiveBytes | Self::NetworkTransmitBytes | Self::FsReads | Self::FsWrites => {
                Unit::BytesPerSecond
            }
            Self::NetworkReceivePackets
            | Self::NetworkTransmitPackets
            | Self::NetworkReceiveDropped
            | Self::NetworkTransmitDropped
            | Self::NetworkReceiveErrors
            | Self::NetworkTransmitErrors => Unit::PerSecond,
            Self::Threads | Self::OomKills => Unit::Count,
            Self::CpuThrottled
            | Self::CpuWaiting
            | Self::CpuStalled
            | Self::MemoryWaiting
            | Self::MemoryStalled
            | Self::IoWaiting
            | Self::IoStalled => Unit::Share,
        }
    }

    /// Counted for a pod as a whole, in its sandbox, and not for a container.
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

    /// Where it comes from.
    pub const fn origin(self) -> Origin {
        match self {
            Self::Cpu => Origin::Rate(Family::CpuUsage),
            Self::MemoryTotal => Origin::Gauge(Family::MemoryUsage),
            Self::MemoryRss => Origin::Gauge(Family::MemoryRss),
            Self::MemoryCache => Origin::Gauge(Family::MemoryCache),
            Self::MemoryWorkingSet => Origin::Gauge(Family::MemoryWorkingSet),
            Self::NetworkReceiveBytes => Origin::Rate(Family::NetworkReceiveBytes),
            Self::NetworkTransmitBytes => Origin::Rate(Family::NetworkTransmitBytes),
            Self::NetworkReceivePackets => Origin::Rate(Family::NetworkReceivePackets),
            Self::NetworkTransmitPackets => Origin::Rate(Family::NetworkTransmitPackets),
            Self::NetworkReceiveDropped => Origin::Rate(Family::NetworkReceiveDropped),
            Self::NetworkTransmitDropped => Origin::Rate(Family::NetworkTransmitDropped),
            Self::NetworkReceiveErrors => Origin::Rate(Family::NetworkReceiveErrors),
            Self::NetworkTransmitErrors => Origin::Rate(Family::NetworkTransmitErrors),
            Self::Threads => Origin::Gauge(Family::Threads),
            Self::CpuThrottled => Origin::Ratio(Family::CfsThrottledPeriods, Family::CfsPeriods),
            Self::OomKills => Origin::Gauge(Family::OomEvents),
            Self::FsReads => Origin::Rate(Family::FsReads),
            Self::FsWrites => Origin::Rate(Family::FsWrites),
            Self::CpuWaiting => Origin::Rate(Family::PressureCpuWaiting),
            Self::CpuStalled => Origin::Rate(Family::PressureCpuStalled),
            Self::MemoryWaiting => Origin::Rate(Family::PressureMemoryWaiting),
            Self::MemoryStalled => Origin::Rate(Family::PressureMemoryStalled),
            Self::IoWaiting => Origin::Rate(Family::PressureIoWaiting),
            Self::IoStalled => Origin::Rate(Family::PressureIoStalled),
        }
    }
}

/// The figures known of one thing at one time.
#[derive(Clone, Copy, PartialEq)]
pub struct Figures {
    /// By `Figure as usize`; `NaN` is unknown and never leaves this type.
    values: [f64; Figure::COUNT],
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            values: [f64::NAN; Figure::COUNT],
        }
    }
}

impl Figures {
    pub fn get(&self, figure: Figure) -> Option<f64> {
        self.values
            .get(figure as usize)
            .copied()
            .filter(|value| !value.is_nan())
    }

    /// Sets a figure; what is negative or not finite is unknown.
    pub fn set(&mut self, figure: Figure, value: f64) {
        if let Some(place) = self.values.get_mut(figure as usize) {
            *place = if value.is_finite() && value >= 0.0 {
                value
            } else {
                f64::NAN
            };
        }
    }

    /// Makes a figure unknown.
    pub fn unset(&mut self, figure: Figure) {
        self.set(figure, f64::NAN);
    }

    /// What is known.
    pub fn known(&self) -> impl Iterator<Item = (Figure, f64)> + '_ {
        let all = Figure::VARIANTS.iter().copied();
        all.filter_map(|figure| self.get(figure).map(|value| (figure, value)))
    }

    pub fn is_empty(&self) -> bool {
        self.values.iter().all(|value| value.is_nan())
    }

    /// Takes over what the other knows.
    pub fn merge(&mut self, other: &Self) {
        for (figure, value) in other.known() {
            self.set(figure, value);
        }
    }
}

impl std::fmt::Debug for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.known()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_its_own_place() {
        for (place, figure) in Figure::VARIANTS.iter().copied().enumerate() {
            assert_eq!(figure as usize, place);
        }
    }

    #[test]
    fn what_cannot_be_is_unknown() {
        let mut figures = Figures::default();
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            figures.set(Figure::Cpu, value);
            assert_eq!(figures.get(Figure::Cpu), None, "{value}");
        }
        assert!(figures.is_empty());
        figures.set(Figure::Cpu, 0.0);
        assert_eq!(figures.known().collect::<Vec<_>>(), [(Figure::Cpu, 0.0)]);
    }
}
