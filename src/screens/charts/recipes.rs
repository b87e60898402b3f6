//! Which charts there are, and which figures each shows.

use crate::listing::Tone;
use crate::metrics::Figure;

/// What a chart is made of: its title, the names and figures of its lines, whether it is left out where nothing
/// of it is known.
pub(super) type Recipe = (&'static str, &'static [(&'static str, Figure)], bool);

/// What amounts of a figure are of.
pub(super) const fn of(figure: Figure) -> &'static str {
    match figure {
        Figure::CpuThrottled => " of periods",
        Figure::CpuWaiting | Figure::MemoryWaiting => " of the time",
        _ => "",
    }
}

/// As many charts as there can be.
pub const MOST: usize = 9;

pub(super) const RECIPES: [Recipe; MOST] = [
    ("CPU", &[("used", Figure::Cpu)], false),
    (
        "memory",
        &[
            ("total", Figure::MemoryTotal),
            ("cache", Figure::MemoryCache),
            ("rss", Figure::MemoryRss),
            ("working set", Figure::MemoryWorkingSet),
        ],
        false,
    ),
    (
        "network",
        &[
            ("out", Figure::NetworkTransmitBytes),
            ("in", Figure::NetworkReceiveBytes),
        ],
        false,
    ),
    (
        "CPU withheld",
        &[
            ("all tasks", Figure::CpuStalled),
            ("waited for a CPU", Figure::CpuWaiting),
            ("held back by the limit", Figure::CpuThrottled),
        ],
        false,
    ),
    (
        "packets",
        &[
            ("out", Figure::NetworkTransmitPackets),
            ("in", Figure::NetworkReceivePackets),
        ],
        false,
    ),
    (
        "packets lost",
        &[
            ("dropped out", Figure::NetworkTransmitDropped),
            ("dropped in", Figure::NetworkReceiveDropped),
            ("errors out", Figure::NetworkTransmitErrors),
            ("errors in", Figure::NetworkReceiveErrors),
        ],
        false,
    ),
    (
        "files",
        &[("written", Figure::FsWrites), ("read", Figure::FsReads)],
        false,
    ),
    ("threads", &[("threads", Figure::Threads)], false),
    (
        "pressure",
        &[
            ("all tasks", Figure::IoStalled),
            ("for the disk", Figure::IoWaiting),
            ("all tasks", Figure::MemoryStalled),
            ("waited for memory", Figure::MemoryWaiting),
        ],
        true,
    ),
];

/// Tones of lines, from the last: what is most looked at lies on top.
pub(super) const TONES: [Tone; 4] = [Tone::Accent, Tone::Good, Tone::Busy, Tone::Unknown];
