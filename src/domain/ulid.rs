//! ULIDs: names of operations that sort by when they began (<https://github.com/ulid/spec>).

use chrono::DateTime;

use super::Timestamp;

/// Crockford's base 32.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Digits of a ULID, and those of them that say the time.
const LENGTH: usize = 26;
const TIME: usize = 10;

/// The ULID of a moment: 48 bits of milliseconds, 80 of `random`.
pub fn ulid(at: Timestamp, random: u128) -> String {
    let millis = at.timestamp_millis().clamp(0, (1 << 48) - 1) as u128;
    let bits = millis << 80 | random & ((1 << 80) - 1);
    (0..LENGTH)
        .rev()
        .filter_map(|place| DIGITS.get((bits >> (5 * place) & 31) as usize))
        .map(|&digit| char::from(digit))
        .collect()
}

/// When a ULID was made; `None` of what is none.
pub fn made_at(text: &str) -> Option<Timestamp> {
    if text.len() != LENGTH {
        return None;
    }
    let value = |digit: u8| {
        let digit = digit.to_ascii_uppercase();
        DIGITS.iter().position(|&known| known == digit)
    };
    let values: Option<Vec<usize>> = text.bytes().map(value).collect();
    let millis = values?.iter().take(TIME).fold(0_i64, |all, &v| all << 5 | v as i64);
    DateTime::from_timestamp_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_ulid_keeps_its_time(millis in 0_i64..(1 << 48), random in any::<u128>()) {
            let at = DateTime::from_timestamp_millis(millis).unwrap();
            let text = ulid(at, random);
            prop_assert_eq!(text.len(), 26);
            prop_assert_eq!(made_at(&text), Some(at));
        }
    }

    #[test]
    fn the_specification_s_example_reads() {
        let made = made_at("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
        assert_eq!(made.timestamp_millis(), 1_469_922_850_259);
        for other in ["", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAU"] {
            assert_eq!(made_at(other), None, "{other}");
        }
    }
}
