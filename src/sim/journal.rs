//! What a container prints: every line follows from the run and its number, so that any part of a log can be written
//! at any time and nothing is kept.
//!
//! A record is one line, or several where an exception brings its stack. The first records are the start-up, then
//! they come as fast as the load wants ([`super::load`]), the last one is what a crash prints. The words of the
//! languages are in `voice`, those of tests that want it odd in `odd`.

use super::controllers::random::Random;
use super::load::pod::ContainerLoad;
use super::load::{Seconds, Usage, hash};

pub(crate) mod odd;
pub(crate) mod script;
pub(crate) mod stamp;
pub(crate) mod voice;

use std::sync::Arc;

use odd::Odd;
use script::Script;
use voice::Voice;

/// Nanoseconds since the Unix epoch.
pub(crate) type Nanos = i64;

const SECOND: Nanos = 1_000_000_000;
/// Between two records of the start-up, and two lines of one record.
const START_UP_STEP: Nanos = 37_123_457;
const LINE_STEP: Nanos = 1_009;
/// Between two lines of a script.
const SCRIPT_STEP: Nanos = 800_000_000;
/// Records in one file of a log; a file before it is kept beside the newest.
const FILE: u64 = 20_000;

/// One run of a container, as far as its log needs it.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    voice: Voice,
    /// How its containers' lines are called and numbered.
    seed: u64,
    began: Nanos,
    pace: Pace,
    /// Something is wrong with it: most of what it says are errors.
    failing: bool,
    end: Option<End>,
    /// How many records there are before the end, if there is one.
    before_end: u64,
    odd: Option<Odd>,
    script: Option<Arc<Script>>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) at: Nanos,
    /// It was its own doing, and it had time to say why.
    pub(crate) crashed: bool,
}

/// How fast records come.
#[derive(Clone, Copy, Debug)]
enum Pace {
    /// As the load does; `cores` stands for records a second.
    Load(Usage),
    /// So many a second.
    Even(u64),
    /// So many in all.
    Script(u64),
}

impl Journal {
    /// The log of a run that began then.
    pub(crate) fn new(run: &str, container: &ContainerLoad, began: Seconds, failing: bool) -> Self {
        let voice = Voice::of(container.language, container.own, container.first);
        let seed = hash(0x10c5, &[run]);
        // From one record in five seconds to twenty a second, most apps towards the quiet end.
        let loud = (container.character >> 40) as f64 / f64::from(1 << 24);
        let usage = &container.usage;
        let rate = if failing {
            14.0
        } else {
            0.2 * 100.0_f64.powf(loud * loud)
        };
        let pace = Usage {
            cores: rate,
            noisy: false,
            ..*usage
        };
        Self {
            voice,
            seed,
            began: (began * 1e9) as Nanos,
            pace: Pace::Load(pace),
            failing,
            end: None,
            before_end: u64::MAX,
            odd: None,
            script: None,
        }
    }

    /// The log of a run that prints a few lines and no more.
    pub(crate) fn scripted(script: Script, began: Seconds) -> Self {
        Self {
            voice: Voice::Agent,
            seed: 0,
            began: (began * 1e9) as Nanos,
            pace: Pace::Script(script.lines.len() as u64),
            failing: false,
            end: None,
            before_end: u64::MAX,
            odd: None,
            script: Some(Arc::new(script)),
        }
    }

    /// The same with its end.
    #[must_use]
    pub(crate) fn ended(mut self, end: Option<End>) -> Self {
        self.end = end;
        self.before_end = end.map_or(u64::MAX, |end| self.ordinary(end.at - 1));
        self
    }

    /// The same with what a test wants of it.
    #[must_use]
    pub(crate) fn odd(mut self, odd: Option<Odd>) -> Self {
        self.odd = odd;
        if let Some(Odd::Flood { lines_per_second }) = odd {
            self.pace = Pace::Even(u64::from(lines_per_second.max(1)));
        }
        let end = self.end;
        self.ended(end)
    }

    /// Ends as the same run does elsewhere.
    pub(crate) fn end_as(&mut self, other: &Self) {
        self.end = other.end;
        self.before_end = other.end.map_or(u64::MAX, |end| self.ordinary(end.at - 1));
    }

    /// Whether nothing more will come.
    pub(crate) const fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// How many records were printed until a time, that time included.
    pub(crate) fn count(&self, at: Nanos) -> u64 {
        match self.end {
            Some(end) if at >= end.at => self.before_end + u64::from(end.crashed),
            _ => self.ordinary(at),
        }
    }

    /// How many there are without the crash.
    fn ordinary(&self, at: Nanos) -> u64 {
        if at < self.began {
            return 0;
        }
        let start_up = self.voice.start_up();
        let mut count = match self.pace {
            Pace::Even(rate) => (i128::from(at - self.began) * i128::from(rate) / i128::from(SECOND)) as u64,
            Pace::Script(lines) => (((at - self.began) / SCRIPT_STEP) as u64).min(lines),
            Pace::Load(usage) => {
                let done = usage.cpu(seconds(self.paced()), seconds(at).max(seconds(self.paced())));
                start_up + done.max(0.0) as u64
            }
        };
        // What rounding says is not quite what the times of records say.
        while count > 0 && self.ordinary_time(count - 1) > at {
            count -= 1;
        }
        while self.ordinary_time(count) <= at.min(Nanos::MAX - 1) {
            count += 1;
        }
        count
    }

    /// Since when the load sets the pace.
    fn paced(&self) -> Nanos {
        self.began + self.voice.start_up() as Nanos * START_UP_STEP
    }

    /// When a record was printed.
    pub(crate) fn time(&self, record: u64) -> Nanos {
        match self.end {
            Some(end) if record >= self.before_end => end.at - 1,
            _ => self.ordinary_time(record),
        }
    }

    fn ordinary_time(&self, record: u64) -> Nanos {
        let start_up = self.voice.start_up();
        match self.pace {
            Pace::Even(rate) => {
                self.began + (i128::from(record + 1) * i128::from(SECOND) / i128::from(rate.max(1))) as Nanos
            }
            Pace::Script(lines) if record >= lines => Nanos::MAX,
            Pace::Script(_) => self.began + (record as Nanos + 1) * SCRIPT_STEP,
            Pace::Load(_) if record < start_up => self.began + (record as Nanos + 1) * START_UP_STEP,
            Pace::Load(usage) => (when(&usage, seconds(self.paced()), (record - start_up + 1) as f64) * 1e9) as Nanos,
        }
    }

    /// The first record that is still kept when so many were printed: what was in older files is gone.
    pub(crate) const fn kept_from(count: u64) -> u64 {
        (count.saturating_sub(FILE) / FILE) * FILE
    }

    /// Writes the lines of a record that were printed at or after a time, each with its line end; `stamped` with
    /// its time before it.
    pub(crate) fn write(&self, record: u64, since: Nanos, stamped: bool, out: &mut Vec<u8>) {
        let time = self.time(record);
        let mut text = Vec::new();
        self.say(record, time, &mut text);
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let same = matches!(self.odd, Some(Odd::Same));
            let at = if same { time } else { time + number as Nanos * LINE_STEP };
            if at < since {
                continue;
            }
            if stamped {
                stamp::write(out, at);
                out.push(b' ');
            }
            out.extend_from_slice(line);
            out.push(b'\n');
        }
    }

    /// How many lines a record has.
    pub(crate) fn lines(&self, record: u64) -> u64 {
        let mut text = Vec::new();
        self.say(record, self.time(record), &mut text);
        1 + memchr::memchr_iter(b'\n', &text).count() as u64
    }

    fn say(&self, record: u64, time: Nanos, out: &mut Vec<u8>) {
        let mut random = Random::new(self.seed ^ record.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if let Some(odd) = self.odd
            && odd.say(record, &mut random, out)
        {
            return;
        }
        let crash = self.end.is_some_and(|end| end.crashed && record >= self.before_end);
        if let Some(script) = &self.script {
            let line = script.lines.get(record as usize).filter(|_| !crash);
            out.extend_from_slice(line.unwrap_or(&script.failure).as_bytes());
            return;
        }
        let mut text = String::new();
        if crash {
            self.voice.crash(&mut random, time, &mut text);
        } else if record < self.voice.start_up() {
            self.voice.start(record, time, &mut text);
        } else {
            self.voice.say(&mut random, time, self.failing, &mut text);
        }
        out.extend_from_slice(text.as_bytes());
    }
}

fn seconds(at: Nanos) -> Seconds {
    at as f64 / 1e9
}

/// When so much was done since a time: always the same for the same question, to the last digit.
fn when(usage: &Usage, from: Seconds, done: f64) -> Seconds {
    let mean = usage.cores.max(1e-9);
    let (mut low, mut high) = (from, from + done / (mean * 0.2) + 1.0);
    let mut at = from + done / mean;
    for _ in 0..50 {
        let over = usage.cpu(from, at) - done;
        if over > 0.0 {
            high = at;
        } else {
            low = at;
        }
        let next = at - over / usage.cores_at(at).max(mean * 0.1);
        let next = if next > low && next < high {
            next
        } else {
            low.midpoint(high)
        };
        if (next - at).abs() < 1e-7 {
            return next;
        }
        at = next;
    }
    at
}

#[cfg(test)]
mod tests;
