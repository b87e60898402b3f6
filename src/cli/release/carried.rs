//! What goes with a version that a step publishes, for scripts and as text: image, commit and configuration, from → to.

use std::io::Write;

use serde::Serialize;

use crate::domain::{Clean, Timestamp};
use crate::release::Prepared;
use crate::release::config::change::{Change, Fate, Key, What};
use crate::release::config::value::Side;

/// Each from what runs to what it becomes; null: the step does not change it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct CarriedRow {
    image: Option<FromTo>,
    commit: Option<FromTo>,
    config: ConfigRow,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct FromTo {
    from: Option<Clean>,
    to: Option<Clean>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct ConfigRow {
    /// What the version uses: `configmap/live-config`.
    uses: Vec<Clean>,
    /// When what it gets back was noted; null: it gets what is there today.
    noted: Option<Timestamp>,
    changes: Vec<ChangeRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct ChangeRow {
    kind: &'static str,
    name: Clean,
    /// `changed`, `added`, `gone` or `unknown`.
    what: &'static str,
    /// Its keys that are different, as far as they are known; never of a Secret.
    keys: Vec<KeyRow>,
    #[serde(skip)]
    lines: Vec<Clean>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct KeyRow {
    key: Clean,
    what: &'static str,
    /// What it holds; null: it is not there. Of bytes that are no text how many.
    from: Option<Clean>,
    to: Option<Clean>,
}

impl ChangeRow {
    fn of(change: &Change) -> Self {
        let (what, keys) = match &change.what {
            What::Keys(keys) => (Fate::Changed.word(), keys.as_slice()),
            What::Differs => (Fate::Changed.word(), &[][..]),
            What::Comes => (Fate::Added.word(), &[][..]),
            What::Goes => (Fate::Gone.word(), &[][..]),
            What::Unknown(_) => ("unknown", &[][..]),
        };
        let side = |side: &Option<Side>| side.as_ref().map(|side| Clean::new(&side.text()));
        let key = |key: &Key| KeyRow {
            key: Clean::new(&key.name),
            what: key.fate().word(),
            from: side(&key.from),
            to: side(&key.to),
        };
        Self {
            kind: change.holder.name(),
            name: Clean::new(&change.name),
            what,
            keys: keys.iter().map(key).collect(),
            lines: change.lines().iter().map(|line| Clean::new(line)).collect(),
        }
    }
}

impl CarriedRow {
    pub(super) fn of(prepared: &Prepared) -> Self {
        let pair = |(from, to): (Option<&Clean>, Option<&Clean>)| FromTo {
            from: from.cloned(),
            to: to.cloned(),
        };
        let config = &prepared.config;
        Self {
            image: Some(prepared.images())
                .filter(|(from, to)| from.is_some() || to.is_some())
                .map(pair),
            commit: prepared.commits().map(pair),
            config: ConfigRow {
                uses: config.names.iter().map(|name| Clean::new(name)).collect(),
                noted: config.noted,
                changes: config.changes.iter().map(ChangeRow::of).collect(),
            },
        }
    }

    pub(super) fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let side = |side: &Option<Clean>| side.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
        for (what, change) in [("image", &self.image), ("commit", &self.commit)] {
            if let Some(FromTo { from, to }) = change {
                writeln!(out, "  {what}: {} → {}", side(from), side(to))?;
            }
        }
        for change in &self.config.changes {
            for line in &change.lines {
                writeln!(out, "  config: {line}")?;
            }
        }
        if let Some(noted) = self.config.noted {
            writeln!(out, "  config: as noted {}", noted.format("%Y-%m-%d %H:%M UTC"))?;
        }
        Ok(())
    }
}
