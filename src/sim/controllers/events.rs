//! Events about objects, counted up where the same thing happens again, forgotten after an hour.

use std::collections::VecDeque;

use chrono::TimeDelta;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use super::context::{Key, Tone};
use super::object::{count, moment, set, stamp, text};
use crate::domain::Timestamp;
use crate::sim::resource::EVENTS;
use crate::sim::store::Store;

/// How long an event is kept (`--event-ttl` of the API server).
const KEPT: TimeDelta = TimeDelta::hours(1);

/// Most events kept: where much is going on the oldest go before their hour is over, for each takes five
/// kilobytes of the demo's memory.
const MOST: usize = 1_000;

/// What to record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note<'a> {
    pub(crate) about: &'a Value,
    /// The part of the object, such as `spec.containers{main}`.
    pub(crate) field: &'a str,
    pub(crate) tone: Tone,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
    /// The component that speaks.
    pub(crate) source: &'a str,
    /// The node it speaks from.
    pub(crate) host: &'a str,
}

/// Writes events and remembers which of them to count up.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    known: FxHashMap<String, Key>,
    /// Oldest first: until when an event is kept, what makes it the same, its name.
    kept: VecDeque<(Timestamp, String, Key)>,
    made: u64,
}

impl Recorder {
    pub(crate) fn record(&mut self, store: &mut Store, now: Timestamp, note: &Note<'_>) {
        let uid = text(note.about, &["metadata", "uid"]);
        let same = format!("{uid}|{}|{}|{}", note.field, note.reason, note.message);
        if let Some(key) = self.known.get(&same) {
            let counted = store.update(&EVENTS, &key.namespace, &key.name, now, |event| {
                let times = count(event, &["count"]).max(1);
                set(event, &["count"], times + 1);
                set(event, &["lastTimestamp"], stamp(now));
            });
            if counted.is_ok() {
                return;
            }
        }
        self.made += 1;
        let event = self.event(now, note);
        let key = Key::of(&event);
        if store.create(&EVENTS, event, now).is_ok() {
            self.kept.push_back((now + KEPT, same.clone(), key.clone()));
            self.known.insert(same, key);
        }
        while self.kept.len() > MOST
            && let Some((_, same, key)) = self.kept.pop_front()
        {
            self.known.remove(&same);
            drop(store.remove(&EVENTS, &key.namespace, &key.name));
        }
    }

    fn event(&self, now: Timestamp, note: &Note<'_>) -> Value {
        let name = text(note.about, &["metadata", "name"]);
        let namespace = match text(note.about, &["metadata", "namespace"]) {
            "" => "default",
            namespace => namespace,
        };
        let mut involved = json!({
            "apiVersion": text(note.about, &["apiVersion"]), "kind": text(note.about, &["kind"]),
            "name": name, "uid": text(note.about, &["metadata", "uid"]),
            "resourceVersion": text(note.about, &["metadata", "resourceVersion"]),
        });
        if !text(note.about, &["metadata", "namespace"]).is_empty() {
            set(&mut involved, &["namespace"], namespace);
        }
        if !note.field.is_empty() {
            set(&mut involved, &["fieldPath"], note.field);
        }
        let mut source = json!({"component": note.source});
        if !note.host.is_empty() {
            set(&mut source, &["host"], note.host);
        }
        let nanos = now.timestamp_nanos_opt().unwrap_or_default() as u64;
        let tone = match note.tone {
            Tone::Normal => "Normal",
            Tone::Warning => "Warning",
        };
        json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": format!("{name}.{:016x}", nanos.wrapping_add(self.made)), "namespace": namespace},
            "involvedObject": involved, "reason": note.reason, "message": note.message, "type": tone, "count": 1,
            "firstTimestamp": stamp(now), "lastTimestamp": stamp(now), "eventTime": null,
            "source": source, "reportingComponent": note.source, "reportingInstance": note.host,
        })
    }

    /// Takes away events nothing was added to for an hour; says when to come again.
    pub(crate) fn forget(&mut self, store: &mut Store, now: Timestamp) -> Option<Timestamp> {
        while let Some((until, ..)) = self.kept.front()
            && *until <= now
        {
            let (_, same, key) = self.kept.pop_front()?;
            let last = store
                .get(&EVENTS, &key.namespace, &key.name)
                .and_then(|event| moment(event, &["lastTimestamp"]));
            match last {
                Some(last) if last + KEPT > now => self.kept.push_back((last + KEPT, same, key)),
                _ => {
                    self.known.remove(&same);
                    drop(store.remove(&EVENTS, &key.namespace, &key.name));
                }
            }
        }
        self.kept.front().map(|(until, ..)| *until)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn the_same_thing_counts_up_and_is_forgotten_in_the_end() {
        let (mut store, mut recorder) = (Store::new(1), Recorder::default());
        let pod = json!({"kind": "Pod", "metadata": {"name": "a", "namespace": "n", "uid": "u"}});
        let note = |message| Note {
            about: &pod,
            field: "",
            tone: Tone::Warning,
            reason: "BackOff",
            message,
            source: "kubelet",
            host: "node-1",
        };
        let start = DateTime::UNIX_EPOCH;
        recorder.record(&mut store, start, &note("again"));
        recorder.record(&mut store, start + TimeDelta::minutes(30), &note("again"));
        recorder.record(&mut store, start + TimeDelta::minutes(30), &note("other"));
        let counts: Vec<i64> = store.list(&EVENTS).map(|e| count(e, &["count"])).collect();
        assert_eq!(counts, [2, 1]);
        recorder.forget(&mut store, start + TimeDelta::minutes(61));
        assert_eq!(store.count(&EVENTS), 2, "it happened again half an hour ago");
        recorder.forget(&mut store, start + TimeDelta::minutes(91));
        assert_eq!(store.count(&EVENTS), 0);
    }

    #[test]
    fn where_much_is_going_on_the_oldest_go_first() {
        let (mut store, mut recorder) = (Store::new(1), Recorder::default());
        let pod = json!({"kind": "Pod", "metadata": {"name": "a", "namespace": "n", "uid": "u"}});
        for number in 0..MOST + 5 {
            let message = format!("{number:05}");
            let note = Note {
                about: &pod,
                field: "",
                tone: Tone::Normal,
                reason: "Pulled",
                message: &message,
                source: "kubelet",
                host: "node-1",
            };
            recorder.record(&mut store, DateTime::UNIX_EPOCH, &note);
        }
        let oldest = store.list(&EVENTS).map(|e| text(e, &["message"]).to_owned()).min();
        assert_eq!((store.count(&EVENTS), oldest.as_deref()), (MOST, Some("00005")));
    }
}
