//! Amounts of CPU and memory with their units, and Kubernetes' way of writing them.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};

/// CPU in thousandths of a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cpu(pub i64);

/// Memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Memory(pub i64);

/// CPU and memory together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resources {
    pub cpu: Cpu,
    pub memory: Memory,
}

impl Resources {
    pub const fn new(cpu_millis: i64, memory_bytes: i64) -> Self {
        Self {
            cpu: Cpu(cpu_millis),
            memory: Memory(memory_bytes),
        }
    }

    /// The larger of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.max(other.cpu),
            memory: self.memory.max(other.memory),
        }
    }

    pub const fn is_zero(self) -> bool {
        self.cpu.0 == 0 && self.memory.0 == 0
    }
}

macro_rules! arithmetic {
    ($t:ident { $($field:tt),+ }) => {
        impl Add for $t { type Output = Self; fn add(self, o: Self) -> Self { Self { $($field: self.$field + o.$field),+ } } }
        impl Sub for $t { type Output = Self; fn sub(self, o: Self) -> Self { Self { $($field: self.$field - o.$field),+ } } }
        impl AddAssign for $t { fn add_assign(&mut self, o: Self) { *self = *self + o; } }
        impl SubAssign for $t { fn sub_assign(&mut self, o: Self) { *self = *self - o; } }
        impl Sum for $t { fn sum<I: Iterator<Item = Self>>(iter: I) -> Self { iter.fold(Self::default(), Add::add) } }
    };
}
arithmetic!(Cpu { 0 });
arithmetic!(Memory { 0 });
arithmetic!(Resources { cpu, memory });

impl fmt::Display for Cpu {
    /// `250m`, `1.5`, `38.2`, `3,200`: cores, or millicores below one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            m if m.abs() < 1000 && m != 0 => format!("{m}m"),
            m if m % 1000 == 0 || m.abs() >= 100_000 => thousands(m / 1000),
            m => {
                let text = format!("{:.1}", m as f64 / 1000.0);
                text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
            }
        };
        f.pad(&text)
    }
}

impl fmt::Display for Memory {
    /// `512 MiB`, `1.5 GiB`: three significant figures, binary units.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        let mut value = self.0 as f64;
        let mut unit = 0;
        while value.abs() >= 1000.0 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        let digits = usize::from(value.abs() < 9.95 && value.fract() != 0.0 && unit > 0);
        let unit = UNITS.get(unit).copied().unwrap_or_default();
        f.pad(&format!("{value:.digits$} {unit}"))
    }
}

/// Bytes a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(pub i64);

impl fmt::Display for Rate {
    /// `0 B/s`, `1.5 kB/s`, `212 MB/s`: decimal units, as networks are counted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["B/s", "kB/s", "MB/s", "GB/s", "TB/s", "PB/s"];
        let mut value = self.0 as f64;
        let mut unit = 0;
        while value.abs() >= 999.5 && unit + 1 < UNITS.len() {
            value /= 1000.0;
            unit += 1;
        }
        let digits = usize::from(value.abs() < 9.95 && unit > 0);
        let unit = UNITS.get(unit).copied().unwrap_or_default();
        f.pad(&format!("{value:.digits$} {unit}"))
    }
}

/// A whole number with commas between thousands.
pub fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        out.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Parses a Kubernetes quantity.
///
/// Suffixes as in apimachinery's `resource.Quantity`: `n u m k M G T P E`, `Ki` … `Ei`, exponents.
/// `None` for what is not a quantity.
pub fn parse_quantity(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|&(i, c)| !(c.is_ascii_digit() || c == '.' || (i == 0 && (c == '-' || c == '+'))))
        .map_or(text.len(), |(i, _)| i);
    let (number, suffix) = text.split_at_checked(end)?;
    let value: f64 = number.parse().ok()?;
    let factor = match suffix {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        exponent => 10f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    Some(value * factor)
}

/// Parses a Kubernetes quantity as a number of thousandths, rounded up, as the API server rounds.
pub fn parse_quantity_millis(text: &str) -> Option<i64> {
    let millis = parse_quantity(text)? * 1000.0;
    // An i64 of thousandths reaches 9.2 PB; larger amounts stay at the end of the scale.
    (!millis.is_nan()).then(|| (millis - 1e-6).ceil() as i64)
}

/// Largest amount that is read, so that sums over a cluster stay exact whatever somebody wrote: a billion cores.
const MOST_CPU: i64 = 1_000_000_000_000;
/// Likewise: 64 TiB, of which 140,000 fit.
const MOST_MEMORY: i64 = 1 << 46;

impl Cpu {
    /// Parses a quantity of cores.
    pub fn parse(text: &str) -> Option<Self> {
        parse_quantity_millis(text).map(|millis| Self(millis.clamp(-MOST_CPU, MOST_CPU)))
    }
}

impl Memory {
    /// Parses a quantity of bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let millis = parse_quantity_millis(text)?;
        let bytes = millis / 1000 + i64::from(millis % 1000 > 0);
        Some(Self(bytes.clamp(-MOST_MEMORY, MOST_MEMORY)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_parse_as_the_api_server_reads_them() {
        for (text, millis) in [
            ("500m", Some(500)),
            ("2", Some(2000)),
            ("0.1", Some(100)),
            ("1500u", Some(2)),
            ("1e3", Some(1_000_000)),
            ("1Ki", Some(1_024_000)),
            ("-1", Some(-1000)),
            ("", None),
            ("12Q", None),
            ("Mi", None),
        ] {
            assert_eq!(parse_quantity_millis(text), millis, "{text}");
        }
        assert_eq!(Memory::parse("128Gi"), Some(Memory(128 << 30)));
        for huge in ["9E", "1e300", "16Ei"] {
            let pods = 100_000;
            assert!(Cpu::parse(huge).unwrap().0.checked_mul(pods).is_some(), "{huge}");
            assert!(Memory::parse(huge).unwrap().0.checked_mul(pods).is_some(), "{huge}");
        }
        assert_eq!(Memory::parse("1536Mi").unwrap().to_string(), "1.5 GiB");
    }

    #[test]
    fn amounts_read_well() {
        for (millis, text) in [
            (0, "0"),
            (250, "250m"),
            (1500, "1.5"),
            (38_240, "38.2"),
            (3_200_000, "3,200"),
            (1999, "2"),
        ] {
            assert_eq!(Cpu(millis).to_string(), text);
        }
        for (bytes, text) in [
            (0, "0 B"),
            (512 << 20, "512 MiB"),
            (61 << 30, "61 GiB"),
            ((10 << 30) - 1, "10 GiB"),
            (1 << 40, "1 TiB"),
        ] {
            assert_eq!(Memory(bytes).to_string(), text);
        }
        for (bytes, text) in [
            (0, "0 B/s"),
            (999, "999 B/s"),
            (1500, "1.5 kB/s"),
            (212_400_000, "212 MB/s"),
        ] {
            assert_eq!(Rate(bytes).to_string(), text);
        }
        assert_eq!(thousands(-1_234_567), "-1,234,567");
    }
}
