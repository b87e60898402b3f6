//! Lengths of time as a person types them.

use std::time::Duration;

/// A hundred years: nobody means more.
const MOST: f64 = 100.0 * 366.0 * 86_400.0;

/// `90s`, `1h30m`, `2d`, `250ms`, `1.5m`: numbers with their units, of which there is at least one.
pub fn parse(text: &str) -> Option<Duration> {
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, after) = rest.split_at_checked(digits)?;
        let unit = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            "w" => 604_800.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    let is_one = !text.is_empty() && seconds <= MOST;
    is_one.then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_numbers_with_their_units() {
        for (text, millis) in [
            ("30s", Some(30_000)),
            ("1.5m", Some(90_000)),
            ("250ms", Some(250)),
            ("1h30m", Some(5_400_000)),
            ("1d", Some(86_400_000)),
            ("1w", Some(604_800_000)),
            ("5", None),
            ("1h30", None),
            ("", None),
            ("m", None),
            (".s", None),
            ("5x", None),
            ("5直", None),
            ("-5m", None),
            ("200000d", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(parse(text).map(|length| length.as_millis()), millis, "{text}");
        }
    }
}
