//! Reads `metrics.k8s.io/v1beta1`: CPU and working set of pods' containers and of nodes.
//!
//! metrics-server averages CPU over `window`, which ends at `timestamp`; memory is the working set.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Millis;
use super::figure::{Figure, Figures};
use super::meter::Measured;
use super::series::Total;
use super::subject::{Span, Subject};
use crate::domain::quantity::parse_quantity;
use crate::domain::{Clean, ObjectKey, Timestamp};

/// What it knows; a pod's is the sum of its containers', if all of them are known.
const SUMMED: [Figure; 2] = [Figure::Cpu, Figure::MemoryWorkingSet];

/// What a list holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    pub measured: Vec<Measured>,
    /// Items that could not be read.
    pub unreadable: usize,
    /// Where the next page begins; empty on the last.
    pub more: String,
}

impl List {
    /// Whether its items, if it has any, say something.
    pub const fn is_legible(&self) -> bool {
        self.unreadable == 0 || !self.measured.is_empty()
    }
}

/// The body is no list of this API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what answered is not metrics.k8s.io")]
pub struct NotAList;

impl NotAList {
    /// What a person can do about it.
    pub const fn hint(self) -> &'static str {
        "see the APIService v1beta1.metrics.k8s.io and what serves it"
    }
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(default)]
    metadata: Metadata,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: String,
    #[serde(rename = "continue")]
    more: String,
}

#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
    timestamp: String,
    window: String,
    usage: Option<Amounts>,
    containers: Option<Vec<ContainerItem>>,
}

#[derive(Deserialize)]
struct ContainerItem {
    name: String,
    usage: Amounts,
}

#[derive(Deserialize)]
struct Amounts {
    cpu: Option<String>,
    memory: Option<String>,
}

impl Amounts {
    fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        for (figure, text) in [(Figure::Cpu, &self.cpu), (Figure::MemoryWorkingSet, &self.memory)] {
            if let Some(amount) = text.as_deref().and_then(parse_quantity) {
                figures.set(figure, amount);
            }
        }
        figures
    }
}

/// Reads a `NodeMetricsList` or a `PodMetricsList`. An item that cannot be read costs no other.
pub fn read(body: &[u8]) -> Result<List, NotAList> {
    let body: Body<'_> = serde_json::from_slice(body).map_err(|_| NotAList)?;
    let mut list = List {
        more: body.metadata.more,
        ..List::default()
    };
    for raw in body.items {
        let item = serde_json::from_str::<Item>(raw.get()).ok();
        if item.and_then(|item| measured(item, &mut list.measured)).is_none() {
            list.unreadable += 1;
        }
    }
    Ok(list)
}

fn measured(item: Item, into: &mut Vec<Measured>) -> Option<()> {
    let to = Timestamp::from(chrono::DateTime::parse_from_rfc3339(&item.timestamp).ok()?).timestamp_millis();
    let span = Span {
        from: to - parse_duration(&item.window)?,
        to,
    };
    let before = into.len();
    let mut add = |subject, figures: Figures| {
        if !figures.is_empty() {
            into.push(Measured { subject, span, figures });
        }
    };
    let is_empty = if let Some(containers) = item.containers {
        let is_empty = containers.is_empty();
        let pod = ObjectKey::new(item.metadata.namespace, item.metadata.name);
        let mut whole = [Total::default(); SUMMED.len()];
        for container in containers {
            let figures = container.usage.figures();
            for (total, figure) in whole.iter_mut().zip(SUMMED) {
                total.add(figures.get(figure));
            }
            add(Subject::Container(pod.clone(), container.name.into()), figures);
        }
        let mut figures = Figures::default();
        for (total, figure) in whole.iter().zip(SUMMED) {
            if total.is_whole() {
                figures.set(figure, total.sum);
            }
        }
        add(Subject::Pod(pod), figures);
        is_empty
    } else {
        add(Subject::Node(Clean::from(item.metadata.name)), item.usage?.figures());
        false
    };
    // Amounts that are no numbers are nobody's figures.
    (is_empty || into.len() > before).then_some(())
}

/// Parses a duration as Go writes it: `20.057s`, `1m30s`, `500ms`. Negative ones are refused.
pub fn parse_duration(mut text: &str) -> Option<Millis> {
    const UNITS: [(&str, f64); 7] = [
        ("ns", 1e-6),
        ("us", 1e-3),
        ("µs", 1e-3),
        ("ms", 1.0),
        ("s", 1e3),
        ("m", 6e4),
        ("h", 3.6e6),
    ];
    if text == "0" {
        return Some(0);
    }
    let mut millis = None;
    while !text.is_empty() {
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, rest) = text.split_at_checked(end)?;
        let (unit, factor) = UNITS.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        millis = Some(millis.unwrap_or(0.0) + number.parse::<f64>().ok()? * factor);
        text = rest.strip_prefix(unit)?;
    }
    // A month bounds what is believed; the cast is exact below it.
    millis
        .filter(|millis| *millis <= 2.6e9)
        .map(|millis: f64| millis.round() as Millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PODS: &[u8] = br#"{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[
        {"metadata":{"name":"gift-1","namespace":"live","labels":{"app":"gift"}},"timestamp":"2026-11-22T20:00:10Z","window":"20.5s",
         "containers":[{"name":"web","usage":{"cpu":"12345678n","memory":"10136Ki"}},{"name":"side","usage":{"cpu":"0","memory":"a lot"}}]},
        {"metadata":{"name":"gift-2","namespace":"live"},"timestamp":"today","window":"20s","containers":[]},
        {"metadata":{"name":"gift-3","namespace":"live"},"timestamp":"2026-11-22T20:00:10Z","window":"20s","containers":[]},
        7]}"#;

    #[test]
    fn containers_have_cpu_and_working_set() {
        let list = read(PODS).unwrap();
        let web = &list.measured[0];
        assert_eq!(
            web.subject,
            Subject::Container(ObjectKey::new("live", "gift-1"), "web".into())
        );
        assert_eq!(web.span.to - web.span.from, 20_500);
        assert_eq!(web.span.to, 1_795_377_610_000);
        assert!((web.figures.get(Figure::Cpu).unwrap() - 0.012_345_678).abs() < 1e-12);
        assert_eq!(web.figures.get(Figure::MemoryWorkingSet), Some(10136.0 * 1024.0));
        assert_eq!(web.figures.get(Figure::MemoryTotal), None);
        let side = &list.measured[1];
        assert_eq!(side.figures.known().collect::<Vec<_>>(), [(Figure::Cpu, 0.0)]);
        let pod = &list.measured[2];
        assert_eq!(pod.subject, Subject::Pod(ObjectKey::new("live", "gift-1")));
        assert!((pod.figures.get(Figure::Cpu).unwrap() - 0.012_345_678).abs() < 1e-12);
        assert_eq!(pod.figures.get(Figure::MemoryWorkingSet), None, "of one container only");
        assert_eq!((list.measured.len(), list.unreadable), (3, 2));
    }

    #[test]
    fn nodes_are_read_and_what_is_no_list_is_said() {
        let body = br#"{"metadata":{"continue":"next"},"items":[{"metadata":{"name":"real-a"},"timestamp":"2026-11-22T20:00:10.5Z","window":"1m0s",
            "usage":{"cpu":"1500m","memory":"2Gi"}}]}"#;
        let list = read(body).unwrap();
        assert_eq!(list.measured[0].subject, Subject::Node("real-a".into()));
        assert_eq!(list.measured[0].figures.get(Figure::Cpu), Some(1.5));
        assert_eq!(list.more, "next");
        for body in [&b""[..], b"{}", b"service unavailable", br#"{"items":{}}"#] {
            assert_eq!(read(body), Err(NotAList));
        }
    }

    #[test]
    fn durations_are_gos() {
        for (text, millis) in [
            ("20.057s", Some(20_057)),
            ("1m30s", Some(90_000)),
            ("1h0m0.5s", Some(3_600_500)),
            ("250ms", Some(250)),
            ("1500µs", Some(2)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("", None),
            ("20", None),
            ("-5s", None),
            ("s", None),
            ("9999999h", None),
        ] {
            assert_eq!(parse_duration(text), millis, "{text}");
        }
    }
}
