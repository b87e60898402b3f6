//! Numbers as Go's Prometheus client writes them.

use std::fmt::Write;

/// Writes a value: `strconv.FormatFloat(value, 'g', -1, 64)`, whose exponent begins at a million and has two digits.
pub(super) fn write(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("NaN");
        return;
    }
    if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
        return;
    }
    let size = value.abs();
    // Writing to a String cannot fail.
    if size == 0.0 || (1e-4..1e6).contains(&size) {
        let _ = if value.fract() == 0.0 {
            write!(out, "{}", value as i64)
        } else {
            write!(out, "{value}")
        };
        return;
    }
    let begins = out.len();
    let _ = write!(out, "{value:e}");
    let Some(place) = out.get(begins..).and_then(|text| text.find('e')) else {
        return;
    };
    let exponent: i32 = out
        .get(begins + place + 1..)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    out.truncate(begins + place);
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "e{sign}{:02}", exponent.abs());
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_written_as_go_does() {
        for (value, expected) in [
            (0.0, "0"),
            (-1.0, "-1"),
            (150_870.0, "150870"),
            (999_999.0, "999999"),
            (1_732_608.0, "1.732608e+06"),
            (6_276_423_680.0, "6.27642368e+09"),
            (3_350.061_296_291, "3350.061296291"),
            (0.000_01, "1e-05"),
            (1e21, "1e+21"),
            (f64::NAN, "NaN"),
        ] {
            let mut out = String::new();
            super::write(&mut out, value);
            assert_eq!(out, expected);
        }
    }
}
