//! A time, or how much of a log, as a person types it.

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::stamp::Stamp;
use crate::domain::{Timestamp, length};

/// What a time may be.
pub const TIME_RULE: &str = "a time: 14:32, 14:32:10, 2026-11-22 14:32 or -5m";
/// What a stretch may be.
pub const SPAN_RULE: &str = "how long ago: 90s, 2h, 1d; a time: 14:32, 2026-11-22T14:32:00Z; or a number of lines";
const FUTURE: &str = "that is still to come: a time that has passed is wanted";

/// From where to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// So many seconds ago.
    Ago(i64),
    At(Stamp),
    /// So many of the last lines of each container.
    Lines(u64),
}

/// Reads a time, where a person's clock is so many minutes east of Greenwich.
///
/// A time of day is the last one that has passed; so is a date without a year.
///
/// # Errors
/// What it may be.
pub fn time(text: &str, now: Timestamp, east: i32) -> Result<Stamp, &'static str> {
    let text = text.trim();
    let at = match seconds(text.strip_prefix('-').unwrap_or(text)) {
        Some(ago) => now.checked_sub_signed(TimeDelta::seconds(ago)),
        None => date(text, now, east),
    };
    let at = at.ok_or(TIME_RULE)?;
    if at > now { Err(FUTURE) } else { Ok(at.into()) }
}

/// Reads a stretch.
///
/// # Errors
/// What it may be.
pub fn span(text: &str, now: Timestamp, east: i32) -> Result<Span, &'static str> {
    let text = text.trim();
    if let Ok(lines) = text.parse() {
        return Ok(Span::Lines(lines));
    }
    if let Some(ago) = seconds(text.strip_prefix('-').unwrap_or(text)) {
        return Ok(Span::Ago(ago));
    }
    match time(text, now, east) {
        Ok(at) => Ok(Span::At(at)),
        Err(FUTURE) => Err(FUTURE),
        Err(_) => Err(SPAN_RULE),
    }
}

/// The whole seconds of `90s`, `1h30m`, `2d`.
fn seconds(text: &str) -> Option<i64> {
    i64::try_from(length::parse(text)?.as_secs()).ok()
}

fn date(text: &str, now: Timestamp, east: i32) -> Option<Timestamp> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    let zone = FixedOffset::east_opt(east * 60)?;
    let here = now.with_timezone(&zone).naive_local();
    let utc = |local: NaiveDateTime| Some(local.and_local_timezone(zone).single()?.to_utc());
    for shape in ["%H:%M", "%H:%M:%S%.f"] {
        if let Ok(time) = NaiveTime::parse_from_str(text, shape) {
            let today = here.date().and_time(time);
            return utc(if today > here {
                today - TimeDelta::days(1)
            } else {
                today
            });
        }
    }
    for shape in [
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%S%.f",
    ] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, shape) {
            return utc(at);
        }
        // As the times before the lines are written: without the year.
        for year in [here.year(), here.year() - 1] {
            let whole = format!("{year}-{text}");
            match NaiveDateTime::parse_from_str(&whole, shape) {
                Ok(at) if at <= here => return utc(at),
                _ => {}
            }
        }
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    utc(day.and_time(NaiveTime::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-02T06:30:00Z";
    /// Beijing: it is half past two in the afternoon.
    const EAST: i32 = 480;

    fn at(text: &str) -> Result<String, &'static str> {
        let at = time(text, NOW.parse().unwrap(), EAST)?;
        Ok(at.time().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }

    #[test]
    fn a_time_is_what_a_person_means_by_it() {
        for (text, want) in [
            ("14:29", "2026-01-02T06:29:00Z"),
            (" 9:05:07 ", "2026-01-02T01:05:07Z"),
            ("14:31", "2026-01-01T06:31:00Z"),
            ("23:59:59.5", "2026-01-01T15:59:59.500Z"),
            ("2025-12-31 14:32", "2025-12-31T06:32:00Z"),
            ("2025-12-31T14:32:10", "2025-12-31T06:32:10Z"),
            ("2025-12-31T14:32:10Z", "2025-12-31T14:32:10Z"),
            ("2025-12-31T14:32:10.25+01:00", "2025-12-31T13:32:10.250Z"),
            ("2025-12-31", "2025-12-30T16:00:00Z"),
            ("01-02 14:00", "2026-01-02T06:00:00Z"),
            ("12-31 23:00:00.125", "2025-12-31T15:00:00.125Z"),
            ("-5m", "2026-01-02T06:25:00Z"),
            ("1h30m", "2026-01-02T05:00:00Z"),
            ("0s", "2026-01-02T06:30:00Z"),
        ] {
            assert_eq!(at(text), Ok(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_the_rule() {
        for text in [
            "",
            "-",
            "5",
            "25:00",
            "14:60",
            "5x",
            "m",
            "-5",
            "yesterday",
            "2026-13-01 10:00",
            "1h30",
            "99999999999999999999s",
            "200000d",
            "5直",
            "直",
        ] {
            assert_eq!(at(text), Err(TIME_RULE), "{text}");
        }
        for text in ["2026-01-02 14:31", "2027-01-01T00:00:00Z"] {
            assert_eq!(at(text), Err(FUTURE), "{text}");
        }
    }

    #[test]
    fn a_stretch_is_a_time_a_length_of_it_or_lines() {
        let now: Timestamp = NOW.parse().unwrap();
        let hour = Stamp::from(now - TimeDelta::minutes(60));
        for (text, want) in [
            ("500", Ok(Span::Lines(500))),
            ("90s", Ok(Span::Ago(90))),
            ("-2h", Ok(Span::Ago(7_200))),
            ("1d", Ok(Span::Ago(86_400))),
            ("13:30", Ok(Span::At(hour))),
            ("2026-01-02T05:30:00Z", Ok(Span::At(hour))),
            ("-500", Err(SPAN_RULE)),
            ("5 lines", Err(SPAN_RULE)),
            ("", Err(SPAN_RULE)),
            ("2026-01-03", Err(FUTURE)),
        ] {
            assert_eq!(span(text, now, EAST), want, "{text}");
        }
    }
}
