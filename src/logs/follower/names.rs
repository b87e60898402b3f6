//! What the streams that are followed are called, so that each is told from the others.

use rustc_hash::{FxHashMap, FxHashSet};
use unicode_width::UnicodeWidthStr as _;

use super::COLOURS;
use crate::domain::Clean;
use crate::logs::badge::{Colours, short_names};
use crate::logs::block::StreamId;
use crate::logs::plan::{Slot, Target};

/// Which instances the lines of a stream come from.
#[derive(Clone, Debug)]
pub struct Name {
    pub slot: Slot,
    /// Cluster, instance and container, as far as they tell it from the others.
    pub short: Clean,
    pub full: Clean,
    pub colour: usize,
}

/// The names of all streams that are not forgotten.
#[derive(Clone, Debug)]
pub struct Names {
    known: FxHashMap<StreamId, Name>,
    colours: Colours,
    widest: usize,
    /// Some came since they were told apart.
    is_new: bool,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            known: FxHashMap::default(),
            colours: Colours::new(COLOURS),
            widest: 0,
            is_new: false,
        }
    }
}

impl Names {
    /// Gives a stream its name; its short one with [`Self::tell_apart`].
    pub(super) fn add(&mut self, stream: StreamId, target: &Target) {
        let full = format!("{}/{}/{}", target.slot.cluster, target.pod.name, target.slot.container);
        let name = Name {
            slot: target.slot.clone(),
            short: Clean::default(),
            full: full.into(),
            colour: self.colours.get(&target.slot.uid, &target.pod.name),
        };
        self.known.insert(stream, name);
        self.is_new = true;
    }

    /// After streams came gives all their short names: what tells them apart may have changed.
    pub(super) fn tell_apart(&mut self) {
        if !std::mem::take(&mut self.is_new) {
            return;
        }
        let full: Vec<Clean> = self.known.values().map(|name| name.full.clone()).collect();
        for (name, short) in self.known.values_mut().zip(short_names(&full)) {
            name.short = short;
        }
        let widths = self.known.values().map(|name| name.short.width());
        self.widest = widths.max().unwrap_or(0);
    }

    /// Gives up the names of streams of which nothing is left.
    pub(super) fn forget(&mut self, streams: &[StreamId]) {
        for stream in streams {
            self.known.remove(stream);
        }
        let left: FxHashSet<_> = self.known.values().map(|name| &name.slot.uid).collect();
        self.colours.keep(|uid| left.contains(uid));
    }

    pub fn get(&self, stream: StreamId) -> Option<&Name> {
        self.known.get(&stream)
    }

    pub fn iter(&self) -> impl Iterator<Item = (StreamId, &Name)> {
        self.known.iter().map(|(stream, name)| (*stream, name))
    }

    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The name, if there is one alone.
    pub fn only(&self) -> Option<&Name> {
        self.known.values().next().filter(|_| self.known.len() == 1)
    }

    /// Columns of the widest short name.
    pub const fn widest(&self) -> usize {
        self.widest
    }
}
