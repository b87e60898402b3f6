//! What a filter's text is held against: the words of every instance, made when it changes, so that a
//! letter typed among 150,000 instances formats nothing.

use super::cluster::ClusterView;
use super::store::Slot;
use crate::domain::Pod;
use crate::domain::pod::Health;

/// The words of instances and how well they are, by slot.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<(Box<str>, Health)>);

impl Texts {
    fn put(&mut self, slot: Slot, text: Box<str>, health: Health) {
        if self.0.len() <= slot.index() {
            self.0.resize(slot.index() + 1, (Box::default(), Health::Ready));
        }
        if let Some(place) = self.0.get_mut(slot.index()) {
            *place = (text, health);
        }
    }

    pub(super) fn take(&mut self, slot: Slot) {
        self.put(slot, Box::default(), Health::Ready);
    }
}

impl ClusterView {
    /// What a filter's text is held against of an instance, and how well it is: its words in lower case,
    /// one a line. None of them changes with time or with where it is shown.
    pub fn words_of(&self, slot: Slot) -> (&str, Health) {
        let kept = self.texts.0.get(slot.index());
        kept.map_or(("", Health::Ready), |(text, health)| (text, *health))
    }

    /// Whether any of those words, as they are written, satisfies `test`.
    pub fn any_word(&self, pod: &Pod, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let node = pod.node.as_ref().and_then(|name| self.node(name));
        let full = pod.version.full();
        let short = pod.version.short();
        test(&pod.key.name)
            || test(&format!("{}/{}", pod.key.namespace, pod.app))
            || pod.node.as_ref().is_some_and(|name| test(name))
            || test(full)
            || (!full.contains(short) && test(short))
            || pod.ip.is_some_and(|ip| test(&ip.to_string()))
            || node.is_some_and(|n| test(&self.location_of(n)) || n.group.as_ref().is_some_and(|group| test(group)))
            || pod.containers.first().is_some_and(|c| test(&c.image))
    }

    /// Makes the words of an instance anew.
    pub(super) fn reword(&mut self, slot: Slot) {
        let Some(pod) = self.pods.at(slot) else { return };
        let mut text = String::with_capacity(160);
        self.any_word(pod, &mut |word| {
            // Harmless text has no line ends of its own.
            text.push_str(word);
            text.push('\n');
            false
        });
        if text.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
            text = text.to_lowercase();
        }
        let health = self.health(pod);
        self.texts.put(slot, text.into(), health);
    }
}
