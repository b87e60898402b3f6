//! What a write would change, opened to be read: place by place, with what a person should know before.

use crate::domain::Clean;
use crate::model::Model;
use crate::overlays::confirm::{Confirm, Stage};
use crate::overlays::opened::Entry;
use crate::overlays::{Opened, Overlay};
use crate::release::Prepared;
use crate::release::config::change::{Change, Key, What};
use crate::release::config::value::Side;

/// Opens it over what waits for a yes.
pub(super) fn open(model: &mut Model) {
    let Some(Stage::Ready { prepared, .. }) = model.confirm().map(Confirm::stage) else {
        return;
    };
    let opened = opened(prepared);
    model.overlays.push(Overlay::LogLine(opened));
    model.touch();
}

fn opened(prepared: &Prepared) -> Opened {
    let side = |side: &Option<Clean>| side.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
    let warnings = prepared.warnings.iter().map(|warning| Entry {
        depth: 0,
        key: Some("▲".into()),
        value: warning.words().into(),
    });
    let config = prepared.config.changes.iter().flat_map(of_config);
    let differences = prepared.differences.iter().flat_map(|difference| {
        let entry = |depth, key: &str, value: String| Entry {
            depth,
            key: (!key.is_empty()).then(|| key.into()),
            value: value.into(),
        };
        [
            entry(0, "", difference.place.to_string()),
            entry(1, "from", side(&difference.from)),
            entry(1, "to", side(&difference.to)),
        ]
    });
    let lines = prepared.config.changes.iter().flat_map(Change::lines);
    let lines = lines.map(|line| Clean::new(&line));
    let whole = lines.chain(prepared.differences.iter().map(|difference| {
        let (from, to) = (side(&difference.from), side(&difference.to));
        format!("{}: {from} → {to}", difference.place).into()
    }));
    let title = format!("what changes of {} {}", prepared.object.kind, prepared.object.key);
    let whole = whole.collect();
    Opened::new(title.into(), warnings.chain(config).chain(differences).collect(), whole)
}

/// What is different of a `ConfigMap` or Secret; of the keys of a `ConfigMap` what they hold.
fn of_config(change: &Change) -> Vec<Entry> {
    let mut entries = vec![Entry {
        depth: 0,
        key: Some("config".into()),
        value: Clean::new(&change.words()),
    }];
    if let What::Keys(keys) = &change.what {
        entries.extend(keys.iter().flat_map(of_key));
    }
    entries
}

fn of_key(key: &Key) -> Vec<Entry> {
    let name = Entry {
        depth: 1,
        key: None,
        value: Clean::new(&key.name),
    };
    let side = |name: &'static str, side: &Option<Side>| {
        let lines = side.as_ref().map_or_else(|| vec!["–".to_owned()], Side::lines);
        let entry = move |(number, line): (usize, String)| Entry {
            depth: 1,
            key: (number == 0).then(|| name.into()),
            value: Clean::new(&line),
        };
        lines.into_iter().enumerate().map(entry).collect::<Vec<_>>()
    };
    let (from, to) = (side("from", &key.from), side("to", &key.to));
    std::iter::once(name).chain(from).chain(to).collect()
}

/// Closes it, where it is open.
pub(super) fn close(model: &mut Model) {
    if matches!(model.overlays.last(), Some(Overlay::LogLine(_))) {
        model.overlays.pop();
    }
}
