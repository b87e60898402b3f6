//! What is different between what two versions run with: which keys of `ConfigMap`s with their values, and which Secrets.

use std::collections::BTreeSet;

use super::Holder;
use super::record::{Config, Content, Held};
use super::value::{Side, from_to};

/// Most keys that are named.
const MOST_KEYS: usize = 6;

/// One `ConfigMap` or Secret that is different, or of which that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub holder: Holder,
    pub name: String,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Its keys.
    Keys(Vec<Key>),
    /// Which keys is not known.
    Differs,
    /// It was not there, or was not used.
    Comes,
    /// It is there no more, or is not used.
    Goes,
    /// Why it is not known.
    Unknown(String),
}

/// A key of a `ConfigMap` that is different, with what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    pub from: Option<Side>,
    pub to: Option<Side>,
}

impl Key {
    pub const fn fate(&self) -> Fate {
        match (&self.from, &self.to) {
            (None, _) => Fate::Added,
            (_, None) => Fate::Gone,
            (Some(_), Some(_)) => Fate::Changed,
        }
    }
}

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Changed,
    Added,
    Gone,
}

impl Fate {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Gone => "gone",
        }
    }
}

impl Change {
    /// `ConfigMap live-config: LOG_LEVEL changed, MODE added`
    pub fn words(&self) -> String {
        let what = match &self.what {
            What::Keys(keys) => {
                let mut told: Vec<String> = keys
                    .iter()
                    .take(MOST_KEYS)
                    .map(|key| format!("{} {}", key.name, key.fate().word()))
                    .collect();
                if let Some(more) = keys.len().checked_sub(MOST_KEYS).filter(|more| *more > 0) {
                    told.push(format!("{more} more"));
                }
                told.join(", ")
            }
            What::Differs => "is different".to_owned(),
            What::Comes => "comes".to_owned(),
            What::Goes => "goes".to_owned(),
            What::Unknown(why) => format!("whether it is different is not known: {why}"),
        };
        format!("{} {}: {what}", self.holder, self.name)
    }

    /// A line for each key, with its values where they are known: `ConfigMap live-config: LOG_LEVEL info → debug`
    pub fn lines(&self) -> Vec<String> {
        let What::Keys(keys) = &self.what else {
            return vec![self.words()];
        };
        let line = |what: String| format!("{} {}: {what}", self.holder, self.name);
        let more = keys.len().saturating_sub(MOST_KEYS);
        let told = keys.iter().take(MOST_KEYS).map(|key| line(from_to(key)));
        let rest = (more > 0).then(|| line(format!("{more} more keys")));
        told.chain(rest).collect()
    }
}

/// What is different from one configuration to another of the same salt; contents are looked up by their hash.
pub fn changes<'a>(from: &Config, to: &Config, content: impl Fn(&str) -> Option<&'a Content>) -> Vec<Change> {
    let mut all: Vec<(Holder, &String)> = [from, to]
        .iter()
        .flat_map(|config| &config.held)
        .map(|held| (held.kind, &held.name))
        .collect();
    all.sort_unstable();
    all.dedup();
    let change = |(holder, name): (Holder, &String)| {
        let what = what(from.get(holder, name), to.get(holder, name), &content)?;
        Some(Change {
            holder,
            name: name.clone(),
            what,
        })
    };
    all.into_iter().filter_map(change).collect()
}

fn what<'a>(from: Option<&Held>, to: Option<&Held>, content: &impl Fn(&str) -> Option<&'a Content>) -> Option<What> {
    let unread = |held: Option<&Held>| held.and_then(|held| held.unread.clone());
    if let Some(why) = unread(to).or_else(|| unread(from)) {
        return Some(What::Unknown(why));
    }
    let hash = |held: Option<&'_ Held>| held.and_then(|held| held.hash.clone());
    match (hash(from), hash(to)) {
        (None, None) => None,
        (None, Some(_)) => Some(What::Comes),
        (Some(_), None) => Some(What::Goes),
        (Some(from), Some(to)) if from == to => None,
        (Some(from), Some(to)) => Some(match (content(&from), content(&to)) {
            (Some(from), Some(to)) => What::Keys(keys(from, to)),
            _ => What::Differs,
        }),
    }
}

/// The keys that are different, in order.
pub fn keys(from: &Content, to: &Content) -> Vec<Key> {
    let value = |content: &'_ Content, key: &str| {
        let text = content.data.get(key).map(|text| (true, text.clone()));
        text.or_else(|| Some((false, content.binary_data.get(key)?.clone())))
    };
    let is_other = |key: &&String| value(from, key) != value(to, key);
    let all = [from, to]
        .into_iter()
        .flat_map(|content| content.data.keys().chain(content.binary_data.keys()));
    let all: BTreeSet<&String> = all.collect();
    let key = |key: &String| Key {
        name: key.clone(),
        from: Side::of(from, key),
        to: Side::of(to, key),
    };
    all.into_iter().filter(is_other).map(key).collect()
}
