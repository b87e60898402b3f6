//! What Prometheus is asked, and what its answers hold.
//!
//! Every question names the families of cAdvisor with the labels the kubelet gives them (`namespace`,
//! `pod`, `container`, `cpu`, `interface`, `device`), so it holds however Prometheus scrapes. `max by`
//! comes first: a container that restarted, or a kubelet scraped by two jobs, has the same series twice.

mod answer;

use std::fmt::{self, Write as _};

use super::Millis;
use super::family::{Family, Part};
use super::figure::{Figure, Origin};

pub use answer::{Answer, AnswerError, Line, read};

/// Points of one series that Prometheus gives at most (`web/api/v1/api.go`, `queryRange`).
pub const MAX_POINTS: i64 = 11_000;

/// What a series of the answer stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    Namespace,
    Pod,
    /// Not for network figures: those are a pod's.
    Container,
}

impl By {
    const fn labels(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Pod => "namespace, pod",
            Self::Container => "namespace, pod, container",
        }
    }
}

/// Which containers are asked for; what is empty is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection<'a> {
    pub namespaces: &'a [&'a str],
    pub pods: &'a [&'a str],
    pub container: &'a str,
}

/// One question: a figure, for whom, by what, over which window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    pub figure: Figure,
    pub by: By,
    pub of: Selection<'a>,
    /// Seconds that a rate is taken over; four scrapes of Prometheus bridge one that failed.
    pub window_s: u32,
}

/// A question in `PromQL`; its values are in `figure.unit()`.
struct Promql<'a> {
    question: &'a Question<'a>,
    /// `irate` for what is now: between the two newest samples, by their own times. `rate` would fill the end of
    /// the window up, and says too little where the kubelet measures late (`promql/functions.go`:
    /// `extrapolatedRate`). A past has its mean.
    rate: &'static str,
}

impl<'a> Promql<'a> {
    const fn new(question: &'a Question<'a>, when: When) -> Self {
        let rate = match when {
            When::At(_) => "irate",
            When::Range { .. } => "rate",
        };
        Self { question, rate }
    }
}

impl fmt::Display for Promql<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.question.figure.origin() {
            Origin::Gauge(family) => self.summed(f, family, false),
            Origin::Rate(family) => self.summed(f, family, true),
            Origin::Ratio(part, whole) => {
                // Where no period passed the second half answers, with the 0 of nothing held back.
                self.summed(f, part, true)?;
                f.write_str(" / (")?;
                self.summed(f, whole, true)?;
                f.write_str(" > 0) or ")?;
                self.summed(f, part, true)
            }
        }
    }
}

impl Promql<'_> {
    /// `sum by (…) (max by (…) (rate(family{…}[…])))`.
    fn summed(&self, f: &mut fmt::Formatter<'_>, family: Family, rate: bool) -> fmt::Result {
        let own = match family.part() {
            Part::Interface => "namespace, pod, interface",
            Part::Device => "namespace, pod, container, device",
            Part::Whole | Part::Cpu => "namespace, pod, container",
        };
        let whole = self.question.by == By::Container && matches!(family.part(), Part::Whole | Part::Cpu);
        if !whole {
            write!(f, "sum by ({}) (", self.question.by.labels())?;
        }
        write!(f, "max by ({own}) (")?;
        if rate {
            write!(f, "{}(", self.rate)?;
        }
        write!(f, "{}{{", family.name())?;
        self.matchers(f, family)?;
        f.write_str("}")?;
        if rate {
            write!(f, "[{}s])", self.question.window_s.max(1))?;
        }
        f.write_str(")")?;
        if !whole {
            f.write_str(")")?;
        }
        Ok(())
    }

    fn matchers(&self, f: &mut fmt::Formatter<'_>, family: Family) -> fmt::Result {
        let mut between = "";
        let mut matcher = |f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>| {
            f.write_str(between)?;
            between = ",";
            f.write_fmt(text)
        };
        // A pod's network is counted in its sandbox, whose container has no name, or `POD` with Docker.
        if !family.is_network() {
            if self.question.of.container.is_empty() {
                matcher(f, format_args!("container!=\"\""))?;
                matcher(f, format_args!("container!=\"POD\""))?;
            } else {
                matcher(f, format_args!("container={}", Quoted(self.question.of.container)))?;
            }
        }
        if family.part() == Part::Cpu {
            matcher(f, format_args!("cpu=~\"total|\""))?;
        }
        for (label, values) in [
            ("namespace", self.question.of.namespaces),
            ("pod", self.question.of.pods),
        ] {
            match values {
                [] if label == "pod" => matcher(f, format_args!("pod!=\"\""))?,
                [] => {}
                [one] => matcher(f, format_args!("{label}={}", Quoted(one)))?,
                many => matcher(f, format_args!("{label}=~{}", AnyOf(many)))?,
            }
        }
        Ok(())
    }
}

/// A string of `PromQL` (`promql/parser/lex.go`: the escapes of Go).
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        escape(f, self.0)?;
        f.write_char('"')
    }
}

/// A string of `PromQL` with a regular expression that matches one of these, and nothing else: it is anchored.
struct AnyOf<'a>(&'a [&'a str]);

impl fmt::Display for AnyOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for (i, text) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_char('|')?;
            }
            for c in text.chars() {
                if "\\.+*?()|[]{}^$".contains(c) {
                    f.write_str("\\\\")?;
                }
                escape(f, c.encode_utf8(&mut [0; 4]))?;
            }
        }
        f.write_char('"')
    }
}

fn escape(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

/// When a question is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    At(Millis),
    /// Every `step_s` seconds from the first to the last moment.
    Range {
        from: Millis,
        to: Millis,
        step_s: u32,
    },
}

/// Path and query of a request, behind the address of Prometheus or the path of its service proxy.
///
/// A step too fine for [`MAX_POINTS`] is made coarser. It is a GET: through the service proxy a POST
/// would need the verb `create`.
pub fn target(question: &Question<'_>, when: When) -> String {
    let promql = Promql::new(question, when).to_string();
    let mut out = String::with_capacity(promql.len() * 2 + 96);
    let (path, rest) = match when {
        When::At(at) => ("query", format!("&time={}", seconds(at))),
        When::Range { from, to, step_s } => {
            let finest = (to - from).max(0) / 1000 / (MAX_POINTS - 1) + 1;
            let step = i64::from(step_s).max(finest);
            (
                "query_range",
                format!("&start={}&end={}&step={step}", seconds(from), seconds(to)),
            )
        }
    };
    // Writing to a String cannot fail.
    let _ = write!(out, "/api/v1/{path}?query=");
    for b in promql.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out + &rest
}

/// Unix seconds with three decimals.
fn seconds(at: Millis) -> String {
    format!("{}.{:03}", at.div_euclid(1000), at.rem_euclid(1000))
}

#[cfg(test)]
mod tests;
