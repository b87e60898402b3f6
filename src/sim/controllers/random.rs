//! The only source of chance in a simulated cluster: the same seed gives the same run.

/// A stream of numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

/// The letters Kubernetes names things with: no vowels, nothing that reads as another.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end`, `end` not included; 0 where `end` is 0.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.next() % end }
    }

    /// A number from 0 to 1, 1 not included.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The end of a generated name, such as `x2k4p`.
    pub(crate) fn suffix(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| letter(self.below(ALPHABET.len() as u64) as u8))
            .collect()
    }

    /// Lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from_digit(self.below(16) as u32, 16).unwrap_or('0'))
            .collect()
    }
}

fn letter(number: u8) -> char {
    ALPHABET
        .get(usize::from(number) % ALPHABET.len())
        .map_or('x', |&b| char::from(b))
}

/// A hash as Kubernetes writes it in names: its decimal digits in the safe alphabet.
pub(crate) fn encode(hash: u32) -> String {
    hash.to_string().bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_everything() {
        let run = |seed| {
            let mut random = Random::new(seed);
            (random.suffix(5), random.hex(7), random.below(10), random.fraction())
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        assert!(run(7).3 < 1.0);
    }

    #[test]
    fn hashes_have_only_safe_letters() {
        // '0' is byte 48, and 48 mod 27 is the 22nd letter.
        assert_eq!(encode(0), "4");
        assert!(
            encode(u32::MAX).chars().all(|c| "456789bcdf".contains(c)),
            "{}",
            encode(u32::MAX)
        );
    }
}
