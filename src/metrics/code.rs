//! Twelve bits a sample: amounts on a logarithmic scale, unknown and zero told apart.
//!
//! Neighbouring codes are a factor of 1.005² apart, so an amount within the scale comes back within
//! 0.5 %; the scale spans 40.8 nepers, 17 decades above its floor. An amount below half the floor is
//! zero, one beyond the scale its end.

/// The code of what is not known.
pub const GAP: u16 = 0;
const ZERO: u16 = 1;
const FIRST: u16 = 2;
const LAST: u16 = 0xfff;

/// Largest relative error of an amount within the scale.
pub const ERROR: f64 = 0.005;

/// Natural logarithm of the step between codes, `2 ln(1 + ERROR)`.
const STEP: f64 = 0.009_975_083_022_078_147;

/// The code of an amount; `floor` is the smallest that is told from zero.
pub fn encode(value: f64, floor: f64) -> u16 {
    if !value.is_finite() || value < 0.0 {
        return GAP;
    }
    if value < floor / 2.0 {
        return ZERO;
    }
    let steps = ((value / floor).ln() / STEP).round().max(0.0);
    // The cast saturates; the end of the scale is far below its limit.
    FIRST.saturating_add(steps as u16).min(LAST)
}

/// The amount of a code; `None` is unknown.
pub fn decode(code: u16, floor: f64) -> Option<f64> {
    match code {
        GAP => None,
        ZERO => Some(0.0),
        code => Some(floor * (f64::from(code - FIRST) * STEP).exp()),
    }
}

/// Codes side by side, two in three bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    bytes: Vec<u8>,
}

impl Packed {
    /// Room for `codes`, all of them [`GAP`].
    pub fn gaps(codes: usize) -> Self {
        Self {
            bytes: vec![0; size(codes)],
        }
    }

    /// The code at a place; [`GAP`] beyond the end.
    pub fn get(&self, place: usize) -> u16 {
        let byte = |n: usize| self.bytes.get(place / 2 * 3 + n).copied().map_or(0, u16::from);
        if place.is_multiple_of(2) {
            byte(0) | (byte(1) & 0x0f) << 8
        } else {
            byte(1) >> 4 | byte(2) << 4
        }
    }

    /// Sets the code at a place; beyond the end nothing happens.
    pub fn set(&mut self, place: usize, code: u16) {
        let [low, high] = code.to_le_bytes();
        let start = place / 2 * 3;
        if place.is_multiple_of(2) {
            self.put(start, 0xff, low);
            self.put(start + 1, 0x0f, high & 0x0f);
        } else {
            self.put(start + 1, 0xf0, low << 4);
            self.put(start + 2, 0xff, low >> 4 | high << 4);
        }
    }

    fn put(&mut self, byte: usize, mask: u8, bits: u8) {
        if let Some(byte) = self.bytes.get_mut(byte) {
            *byte = *byte & !mask | bits;
        }
    }

    /// Makes room for so many codes, the new ones [`GAP`]; memory grows by `ahead` codes at a time.
    pub fn grow(&mut self, codes: usize, ahead: usize) {
        let wanted = size(codes);
        if wanted > self.bytes.capacity() {
            self.bytes.reserve_exact(size(codes + ahead) - self.bytes.len());
        }
        self.bytes.resize(wanted, 0);
    }

    /// Drops the first codes; their number is even.
    pub fn drop_first(&mut self, codes: usize) {
        self.bytes.drain(..size(codes).min(self.bytes.len()));
    }

    /// Gives back memory that is not needed.
    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Bytes of memory held.
    pub fn held(&self) -> usize {
        block(self.bytes.capacity())
    }
}

/// What so many bytes cost the heap: glibc adds 8 and gives multiples of 16, 32 at least (`malloc/malloc.c`,
/// `request2size`).
pub const fn block(bytes: usize) -> usize {
    if bytes == 0 {
        return 0;
    }
    let chunk = (bytes + 8).next_multiple_of(16);
    if chunk < 32 { 32 } else { chunk }
}

const fn size(codes: usize) -> usize {
    (codes * 3).div_ceil(2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::VariantArray;

    use super::*;
    use crate::metrics::{Figure, Unit};

    #[test]
    fn the_step_is_the_error() {
        assert!((STEP - 2.0 * ERROR.ln_1p()).abs() < 1e-15);
    }

    #[test]
    fn zero_and_unknown_are_not_the_same() {
        assert_eq!(decode(encode(0.0, 1.0), 1.0), Some(0.0));
        assert_eq!(decode(encode(0.4, 1.0), 1.0), Some(0.0));
        assert_eq!(decode(encode(0.6, 1.0), 1.0), Some(1.0));
        for unknown in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(decode(encode(unknown, 1.0), 1.0), None);
        }
    }

    #[test]
    fn the_scale_holds_the_largest_cluster() {
        // 5,000 nodes of 256 cores, 4 TiB and 400 Gbit/s; a million packets a second each.
        for (unit, most) in [
            (Unit::Cores, 1.28e6),
            (Unit::Bytes, 2.2e16),
            (Unit::BytesPerSecond, 2.5e14),
            (Unit::PerSecond, 5e9),
            (Unit::Count, 1e9),
            (Unit::Share, 1.0),
        ] {
            assert!(encode(most, unit.floor()) < LAST, "{unit:?}");
        }
        assert_eq!(encode(f64::MAX, 1.0), LAST);
    }

    proptest! {
        #[test]
        fn amounts_come_back_within_the_error(exponent in -6.0..16.0_f64) {
            let value = 10_f64.powf(exponent);
            for &figure in Figure::VARIANTS {
                let floor = figure.unit().floor();
                if value >= floor && value < floor * 1e17 {
                    let back = decode(encode(value, floor), floor).unwrap();
                    prop_assert!((back / value - 1.0).abs() <= ERROR + 1e-12, "{} came back as {}", value, back);
                }
            }
        }

        #[test]
        fn packed_codes_do_not_touch_each_other(codes in prop::collection::vec(0..0x1000_u16, 1..20), ahead in 0..9_usize, drop in 0..5_usize) {
            let mut packed = Packed::default();
            for (i, code) in codes.iter().enumerate() {
                packed.grow(i + 1, ahead);
                packed.set(i, *code);
            }
            // Once more, backwards: a write must leave its neighbours on both sides alone.
            for (i, code) in codes.iter().enumerate().rev() {
                packed.set(i, 0xfff);
                packed.set(i, *code);
            }
            packed.drop_first(drop * 2);
            let left: Vec<u16> = (0..codes.len().saturating_sub(drop * 2)).map(|i| packed.get(i)).collect();
            prop_assert_eq!(left, codes.get(drop * 2..).unwrap_or_default().to_vec());
            prop_assert_eq!(packed.get(1000), GAP);
        }
    }
}
