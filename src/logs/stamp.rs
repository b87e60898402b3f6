//! The time at the head of a log line, as the kubelet writes it: RFC 3339, nine digits, any offset.

use crate::domain::Timestamp;

/// Nanoseconds since the Unix epoch: as exact as the kubelet's, and cheap to compare a million times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub i64);

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;

impl Stamp {
    /// The whole second it lies in, since the epoch: what the server makes of a `sinceTime`.
    pub const fn second(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// Nanoseconds from `earlier` to this; negative if this is the earlier one.
    pub const fn after(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    pub const fn time(self) -> Timestamp {
        Timestamp::from_timestamp_nanos(self.0)
    }
}

impl From<Timestamp> for Stamp {
    /// Times that 64 bits cannot hold (before 1677, after 2262) become the nearest that they can.
    fn from(time: Timestamp) -> Self {
        let limit = if time.timestamp() < 0 { i64::MIN } else { i64::MAX };
        Self(time.timestamp_nanos_opt().unwrap_or(limit))
    }
}

/// Takes the time off a line: `2026-11-22T16:13:07.000000001+08:00 text`.
///
/// Fractions of one to nine digits are read, and none at all. `None` if the line does not begin with a time.
pub fn split_stamp(line: &[u8]) -> Option<(Stamp, &[u8])> {
    let (head, mut rest) = line.split_first_chunk::<19>()?;
    let &[
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        n0,
        n1,
        b':',
        s0,
        s1,
    ] = head
    else {
        return None;
    };
    let year = two(y0, y1)? * 100 + two(y2, y3)?;
    let (month, day) = (two(m0, m1)?, two(d0, d1)?);
    let (hour, minute, second) = (two(h0, h1)?, two(n0, n1)?, two(s0, s1)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut nanos = 0;
    if let [b'.', fraction @ ..] = rest {
        let digits = fraction.iter().take(9).take_while(|b| b.is_ascii_digit()).count();
        let (fraction, after) = fraction.split_at_checked(digits)?;
        nanos = fraction.iter().fold(0, |sum, b| sum * 10 + i64::from(b - b'0'));
        nanos *= 10_i64.pow(9 - u32::try_from(digits).ok()?);
        rest = after;
    }
    let (east, rest) = offset(rest)?;
    let text = match rest {
        [b' ', text @ ..] => text,
        [] | [b'\r'] => &[],
        _ => return None,
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - east;
    let stamp = seconds.checked_mul(SECOND)?.checked_add(nanos)?;
    Some((Stamp(stamp), text))
}

/// Seconds east of Greenwich, and what follows the offset.
fn offset(rest: &[u8]) -> Option<(i64, &[u8])> {
    match rest {
        [b'Z', rest @ ..] => Some((0, rest)),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1, rest @ ..] => {
            let east = two(*h0, *h1)? * 3600 + two(*m0, *m1)? * 60;
            Some((if *sign == b'-' { -east } else { east }, rest))
        }
        _ => None,
    }
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// Days since 1970-01-01 in the Gregorian calendar, for years from 0 on.
///
/// Years begin in March, so that the leap day is the last: the months before it then have 153 days in
/// every five (E. G. Richards, "Calendars", in: Explanatory Supplement to the Astronomical Almanac, 2013).
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_chrono_reads_it() {
        for text in [
            "2026-11-22T16:13:07.000000001Z",
            "2026-11-22T16:13:07.123456789+08:00",
            "2024-02-29T23:59:59.999999999-03:30",
            "2000-01-01T00:00:00Z",
            "1999-12-31T23:59:59.5Z",
            "1969-12-31T23:59:59.25Z",
            "2100-03-01T00:00:00.000000000Z",
        ] {
            let want: Timestamp = text.parse().unwrap();
            let line = format!("{text} a line");
            assert_eq!(
                split_stamp(line.as_bytes()),
                Some((Stamp::from(want), &b"a line"[..])),
                "{text}"
            );
            assert_eq!(Stamp::from(want).time(), want);
            assert_eq!(Stamp::from(want).second(), want.timestamp());
        }
    }

    #[test]
    fn every_day_of_four_centuries_is_counted() {
        let first = chrono::NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
        for day in first.iter_days().take(146_097) {
            use chrono::Datelike as _;
            let want = day.signed_duration_since(chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap());
            assert_eq!(
                days(i64::from(day.year()), i64::from(day.month()), i64::from(day.day())),
                want.num_days()
            );
        }
    }

    #[test]
    fn an_empty_line_has_a_time_too() {
        let (_, text) = split_stamp(b"2026-11-22T16:13:07.000000001Z ").unwrap();
        assert!(text.is_empty());
        assert!(split_stamp(b"2026-11-22T16:13:07.000000001Z").is_some());
    }

    #[test]
    fn what_is_no_time_is_left_alone() {
        for text in [
            "",
            "hello",
            "2026-11-22 16:13:07Z x",
            "2026-13-22T16:13:07Z x",
            "2026-11-22T16:13:07 x",
            "2026-11-22T16:13:07.12",
            "2026-11-22T16:13:07Zx",
            "9999-11-22T16:13:07Z x",
        ] {
            assert_eq!(split_stamp(text.as_bytes()), None, "{text}");
        }
    }
}
