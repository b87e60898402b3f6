//! Lines as text: after the instance's short name, alone, or as JSON objects. What happened goes to the other side.
//!
//! To a terminal only sanitised text goes. Elsewhere `raw` and `json` hand on what the container wrote.

use std::io::{self, Write};

use chrono::{DateTime, Local, SecondsFormat, Utc};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::cli::args::{Args, LogFormat, LogTimes, Logs};
use crate::cli::{Environment, colours};
use crate::domain::{Clean, CleanBuffer};
use crate::logs::badge::WIDEST_NAME;
use crate::logs::follower::COLOURS;
use crate::logs::queue::{Item, Outgoing};
use crate::logs::split::bare;
use crate::logs::{Filter, Follower, Level, Stamp, Start, StreamId};
use crate::theme::ColourDepth;

/// Bytes that are collected before they are written.
const ROOM: usize = 64 * 1024;
/// Foreground colours of names (ECMA-48 8.3.117, SGR): cyan, magenta, green, blue, yellow, bright cyan.
const SGR: [&str; COLOURS] = ["36", "35", "32", "34", "33", "96"];

/// Turns lines into text.
pub(super) struct Printer {
    format: LogFormat,
    times: LogTimes,
    filter: Filter,
    is_terminal: bool,
    is_coloured: bool,
    clean: CleanBuffer,
    /// Lines that came, and those of them that were printed.
    counts: (u64, u64),
    out: Vec<u8>,
    /// What is said to the other side, each behind so many bytes of lines.
    err: Vec<(usize, String)>,
}

/// A line as a JSON object.
#[derive(Serialize)]
struct Object<'a> {
    cluster: &'a str,
    namespace: &'a str,
    app: &'a str,
    instance: &'a str,
    container: &'a str,
    time: Option<String>,
    level: Option<&'static str>,
    message: &'a str,
    previous: bool,
}

impl Printer {
    pub(super) fn new(args: &Args, logs: &Logs, environment: &Environment, filter: Filter) -> Self {
        let is_terminal = environment.stdout_is_terminal;
        Self {
            format: logs.output,
            times: logs.timestamps,
            filter,
            is_terminal,
            is_coloured: is_terminal && !args.no_color && colours::depth(environment) != ColourDepth::None,
            clean: CleanBuffer::default(),
            counts: (0, 0),
            out: Vec::with_capacity(2 * ROOM),
            err: Vec::new(),
        }
    }

    /// Adds a line, or what happened.
    pub(super) fn add(&mut self, follower: &Follower, outgoing: Outgoing<'_>) {
        let stream = outgoing.stream;
        match outgoing.what {
            Item::Divider(divider) => self.tell(follower, stream, &divider.words()),
            Item::Line { text, level, more } => {
                if more > 0 {
                    let words = format!("{more} bytes of a line of {} are left out", more + text.len() as u64);
                    self.tell(follower, stream, &words);
                }
                self.line(follower, stream, outgoing.at, text, level);
            }
        }
    }

    /// Why nothing at all was printed, if that is so.
    pub(super) fn why_nothing(&self, start: Start, is_once: bool) -> Option<String> {
        Some(match (self.counts, start) {
            ((_, 1..), _) => return None,
            ((1, 0), _) => "no line is printed: the filters leave out the one that came".to_owned(),
            ((1.., 0), _) => format!(
                "no line is printed: the filters leave out all {} that came",
                self.counts.0
            ),
            ((0, 0), Start::Since(at)) => {
                let at = at.time().to_rfc3339_opts(SecondsFormat::Secs, true);
                format!("no line was written since {at}; an earlier --since may reach some")
            }
            // Who follows is given what is written from then on.
            ((0, 0), Start::Tail(0)) if is_once => "no line is printed: --tail 0 asks for none".to_owned(),
            ((0, 0), Start::Tail(_) | Start::Everything) => "what is read has no line: nothing was written".to_owned(),
        })
    }

    fn tell(&mut self, follower: &Follower, stream: StreamId, words: &str) {
        let name = follower.target_of(stream).map(|target| {
            let cluster = &target.slot.cluster;
            Clean::from(format!("{cluster}/{}/{}", target.pod.name, target.slot.container))
        });
        let words = format!("pilothouse: {}: {words}\n", name.unwrap_or_default());
        self.err.push((self.out.len(), words));
    }

    fn line(&mut self, follower: &Follower, stream: StreamId, at: Option<Stamp>, whole: &[u8], level: Option<Level>) {
        self.counts.0 += 1;
        let is_as_written = !self.is_terminal && self.format != LogFormat::Default;
        let text = bare(whole);
        self.clean.clear();
        let range = if is_as_written && self.filter.is_empty() {
            0..0
        } else {
            self.clean.push_line(text)
        };
        if !self.filter.is_empty() && !self.filter.shows(stream, level, self.clean.get(range.clone())) {
            return;
        }
        self.counts.1 += 1;
        if self.format == LogFormat::Json {
            let written = String::from_utf8_lossy(text);
            let message = if is_as_written { &written } else { self.clean.get(range) };
            object(&mut self.out, follower, stream, at, level, message);
        } else {
            if self.format == LogFormat::Default {
                self.prefix(follower, stream);
            }
            push_time(&mut self.out, self.times, at);
            let clean = self.clean.get(range).as_bytes();
            self.out.extend_from_slice(if is_as_written { whole } else { clean });
        }
        self.out.push(b'\n');
    }

    fn prefix(&mut self, follower: &Follower, stream: StreamId) {
        let Some(name) = follower.name_of(stream) else { return };
        let widest = follower.names().widest().min(WIDEST_NAME);
        let width = name.short.width();
        let sgr = SGR.get(name.colour).filter(|_| self.is_coloured);
        if let Some(sgr) = sgr {
            // Writing to memory cannot fail.
            let _ = write!(self.out, "\x1b[{sgr}m");
        }
        self.out.extend_from_slice(name.short.as_bytes());
        if sgr.is_some() {
            self.out.extend_from_slice(b"\x1b[0m");
        }
        let fill = widest.saturating_sub(width) + 1;
        self.out.extend(std::iter::repeat_n(b' ', fill));
    }

    /// Writes what was added, in its order: on a terminal both sides are one.
    pub(super) fn write(&mut self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<()> {
        let mut from = 0;
        for (place, words) in self.err.drain(..) {
            out.write_all(self.out.get(from..place).unwrap_or_default())?;
            out.flush()?;
            from = place;
            err.write_all(words.as_bytes())?;
        }
        if from < self.out.len() {
            out.write_all(self.out.get(from..).unwrap_or_default())?;
            out.flush()?;
        }
        self.out.clear();
        self.out.shrink_to(16 * ROOM);
        Ok(())
    }
}

fn object(
    out: &mut Vec<u8>,
    follower: &Follower,
    stream: StreamId,
    at: Option<Stamp>,
    level: Option<Level>,
    message: &str,
) {
    let Some(target) = follower.target_of(stream) else {
        return;
    };
    let object = Object {
        cluster: target.slot.cluster.as_str(),
        namespace: &target.pod.namespace,
        app: &target.app,
        instance: &target.pod.name,
        container: &target.slot.container,
        time: at.map(|at| at.time().to_rfc3339_opts(SecondsFormat::Nanos, true)),
        level: level.map(Level::name),
        message,
        previous: target.previous,
    };
    // Texts and truths to memory cannot fail.
    let _ = serde_json::to_writer(out, &object);
}

fn push_time(out: &mut Vec<u8>, times: LogTimes, at: Option<Stamp>) {
    let at: Option<DateTime<Utc>> = at.map(Stamp::time);
    let text = match (times, at) {
        (LogTimes::None, _) | (_, None) => return,
        (LogTimes::Utc, Some(at)) => at.to_rfc3339_opts(SecondsFormat::Nanos, true),
        (LogTimes::Local, Some(at)) => at.with_timezone(&Local).to_rfc3339_opts(SecondsFormat::Nanos, false),
    };
    out.extend_from_slice(text.as_bytes());
    out.push(b' ');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_follows_from_the_end_has_not_asked_for_nothing() {
        let printer = Printer {
            format: LogFormat::Default,
            times: LogTimes::None,
            filter: Filter::default(),
            is_terminal: false,
            is_coloured: false,
            clean: CleanBuffer::default(),
            counts: (0, 0),
            out: Vec::new(),
            err: Vec::new(),
        };
        let why = |is_once| printer.why_nothing(Start::Tail(0), is_once).unwrap();
        assert!(why(true).contains("--tail 0 asks for none"));
        assert!(why(false).contains("nothing was written"));
    }
}
