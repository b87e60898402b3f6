//! Events.

use super::{Item, Projector, moment, uid};
use crate::cluster::wire::event as wire;
use crate::domain::{Clean, Event, Object, ObjectKey, Uid};

impl Projector {
    pub(super) fn event(&mut self, wire: wire::Event) -> Item {
        let meta = wire.metadata.unwrap_or_default();
        let about = wire.involved_object.unwrap_or_default();
        let series = wire.series.unwrap_or_default();
        let created = moment(meta.creation_timestamp);
        let first = moment(wire.first_timestamp)
            .or_else(|| moment(wire.micro_time))
            .or(created);
        let last = moment(series.last_observed_time)
            .or_else(|| moment(wire.last_timestamp))
            .or(first);
        let source = if wire.reporting_component.is_empty() {
            wire.source.unwrap_or_default().component
        } else {
            wire.reporting_component
        };
        let key = self.key(&meta);
        let event = Event {
            key: key.clone(),
            uid: uid(&meta),
            warning: wire.kind == "Warning",
            reason: self.text(&wire.reason),
            message: Clean::new(&wire.message),
            about: (
                self.text(&about.kind),
                ObjectKey {
                    namespace: self.text(&about.namespace),
                    name: Clean::new(&about.name),
                },
                Uid::parse(&about.uid),
            ),
            source: self.text(&source),
            count: u32::try_from(wire.count.max(series.count).max(1)).unwrap_or(1),
            first_seen: first,
            last_seen: last,
        };
        Self::item(key, meta, Object::Event(Box::new(event)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::project;
    use crate::domain::{Kind, Object};

    #[test]
    fn old_and_new_events_tell_when_how_often_and_who() {
        for (object, count, last, source) in [
            (
                json!({"metadata": {"name": "e"}, "type": "Warning", "count": 4, "firstTimestamp": "2026-01-01T00:00:00Z",
                    "lastTimestamp": "2026-01-01T00:05:00Z", "source": {"component": "kubelet"}, "eventTime": null}),
                4,
                "2026-01-01T00:05:00+00:00",
                "kubelet",
            ),
            (
                json!({"metadata": {"name": "e"}, "type": "Warning", "eventTime": "2026-01-01T00:00:00.000001Z",
                    "series": {"count": 9, "lastObservedTime": "2026-01-01T00:09:00Z"}, "reportingComponent": "scheduler",
                    "firstTimestamp": null, "lastTimestamp": null}),
                9,
                "2026-01-01T00:09:00+00:00",
                "scheduler",
            ),
        ] {
            let Object::Event(event) = project(Kind::Event, &object) else {
                panic!("not an event")
            };
            assert!(event.warning);
            assert_eq!((event.count, event.source.as_str()), (count, source));
            assert_eq!(event.last_seen.unwrap().to_rfc3339(), last);
        }
    }
}
