//! What tells the lines of instances apart at a glance: a colour that stays, a name as short as it may be.

use rustc_hash::FxHashMap;

use crate::domain::{Clean, Uid};

/// Columns that the names before lines take: a screen cuts longer ones, a command shifts the lines after them.
pub const WIDEST_NAME: usize = 28;

/// Shortest name that is still recognised; a shorter one takes the part before it along.
const SHORTEST: usize = 3;

/// The colour of each instance: an index into the theme's colours, kept as long as the instance is known.
#[derive(Clone, Debug)]
pub struct Colours {
    count: usize,
    given: FxHashMap<Uid, usize>,
}

impl Colours {
    /// So many different colours; at least one.
    pub fn new(count: usize) -> Self {
        Self {
            count: count.max(1),
            given: FxHashMap::default(),
        }
    }

    /// Forgets the instances that are not to be kept.
    pub fn keep(&mut self, is_kept: impl Fn(&Uid) -> bool) {
        self.given.retain(|uid, _| is_kept(uid));
    }

    /// The colour of an instance: the one its name leads to, so that it has the same tomorrow, or the next one
    /// that fewer instances have.
    pub fn get(&mut self, uid: &Uid, name: &str) -> usize {
        if let Some(colour) = self.given.get(uid) {
            return *colour;
        }
        let mut uses = vec![0_usize; self.count];
        for colour in self.given.values() {
            if let Some(uses) = uses.get_mut(*colour) {
                *uses += 1;
            }
        }
        let start = (fnv(name) % self.count as u64) as usize;
        let from_start = (0..self.count).map(|step| (start + step) % self.count);
        let colour = from_start
            .min_by_key(|colour| uses.get(*colour).copied())
            .unwrap_or(start);
        self.given.insert(uid.clone(), colour);
        colour
    }
}

/// FNV-1a of 64 bits: the same on every machine and in every version.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| {
        (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Short names that still differ: what all begin and end with is cut, by whole words between `-`, `.` and `/`.
///
/// In the order of `names`; names that are equal stay equal.
pub fn short_names(names: &[Clean]) -> Vec<Clean> {
    let words: Vec<Vec<&str>> = names.iter().map(|name| words(name)).collect();
    let Some((first, others)) = words.split_first() else {
        return Vec::new();
    };
    let fewest = words.iter().map(Vec::len).min().unwrap_or(0);
    let same = |a: &str, place: Option<&&str>| place.is_some_and(|b| *b == a);
    let is_shared = |place: &usize| {
        first
            .get(*place)
            .is_some_and(|word| others.iter().all(|other| same(word, other.get(*place))))
    };
    let is_shared_end = |back: &usize| {
        first
            .iter()
            .rev()
            .nth(*back)
            .is_some_and(|word| others.iter().all(|other| same(word, other.iter().rev().nth(*back))))
    };
    // One word at least stays; of names that are all alike, the last.
    let prefix = (0..fewest.saturating_sub(1)).take_while(is_shared).count();
    let suffix = if prefix + 1 >= fewest {
        0
    } else {
        (0..fewest - prefix - 1).take_while(is_shared_end).count()
    };
    words.iter().map(|words| cut(words, prefix, suffix)).collect()
}

fn cut(words: &[&str], mut prefix: usize, suffix: usize) -> Clean {
    let end = words.len().saturating_sub(suffix);
    let text = |from: usize| {
        let text = words.get(from..end).unwrap_or_default().concat();
        text.trim_matches(['-', '.', '/']).to_owned()
    };
    // `0` of a StatefulSet says too little alone.
    while prefix > 0 && text(prefix).len() < SHORTEST {
        prefix -= 1;
    }
    Clean::from(text(prefix))
}

/// A name in words, each with the sign that ends it.
fn words(name: &str) -> Vec<&str> {
    name.split_inclusive(['-', '.', '/']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_what_differs() {
        for (names, short) in [
            (
                vec!["live-gift-6c5c9-x2k4p", "live-gift-6c5c9-9dm2v"],
                vec!["x2k4p", "9dm2v"],
            ),
            (
                vec!["live-gift-6c5c9-x2k4p", "live-gift-77ab0-9dm2v"],
                vec!["6c5c9-x2k4p", "77ab0-9dm2v"],
            ),
            (
                vec!["mysql-0", "mysql-1", "mysql-10"],
                vec!["mysql-0", "mysql-1", "mysql-10"],
            ),
            (vec!["a-web-1/app", "a-web-2/app"], vec!["web-1", "web-2"]),
            (vec!["feed-1/app", "feed-1/proxy"], vec!["app", "proxy"]),
            (vec!["im-push-abc12"], vec!["abc12"]),
            (vec!["single"], vec!["single"]),
            (vec!["x-same", "x-same"], vec!["same", "same"]),
            (vec!["gift-a1b2c", "order-d3e4f"], vec!["gift-a1b2c", "order-d3e4f"]),
            (vec![], vec![]),
        ] {
            let names: Vec<Clean> = names.into_iter().map(Clean::new).collect();
            assert_eq!(short_names(&names), short);
        }
    }

    #[test]
    fn different_names_stay_different() {
        let names: Vec<Clean> = (0..120)
            .map(|i| Clean::from(format!("app-{}-x{i}-end", i % 7)))
            .collect();
        let mut short = short_names(&names);
        short.sort();
        short.dedup();
        assert_eq!(short.len(), names.len());
    }

    #[test]
    fn colours_are_kept_and_spread() {
        let mut colours = Colours::new(6);
        let given: Vec<usize> = (0..6)
            .map(|i| colours.get(&Uid::Uuid(i), &format!("app-{i}")))
            .collect();
        let mut all = given.clone();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4, 5], "no colour twice while there is another");
        let again: Vec<usize> = (0..6).map(|i| colours.get(&Uid::Uuid(i), "renamed")).collect();
        assert_eq!(given, again);
        assert_eq!(
            Colours::new(6).get(&Uid::Uuid(9), "app-3"),
            Colours::new(6).get(&Uid::Uuid(1), "app-3")
        );
    }
}
