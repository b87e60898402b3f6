//! A list to choose from, narrowed by typing: the palette, the sort, the scope.

use std::collections::BTreeSet;

use super::draft::Chosen;
use super::field::Field;
use crate::domain::container::ContainerRole;
use crate::domain::{AppKey, Clean, ClusterId, Kind};
use crate::listing::Sort;
use crate::listing::fuzzy::Fuzzy;
use crate::message::Action;
use crate::metrics::Figure;
use crate::world::LocationKey;

/// What a picker is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Palette,
    Sort,
    Figure,
    Clusters,
    Locations,
    Namespaces,
    /// Of logs.
    Containers,
    /// The version of a gray release, or the one to go back to.
    Version,
    Revision,
    /// What to build: a commit, the branch it is of, the address of its repository.
    Commit,
    Branch,
    Repository,
}

impl Purpose {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Palette => "go to",
            Self::Sort => "sort by",
            Self::Figure => "sort by which figure?",
            Self::Clusters => "clusters in scope",
            Self::Locations => "locations in scope",
            Self::Namespaces => "namespaces in scope",
            Self::Containers => "containers to read",
            Self::Version => "which version? or type an image or a tag",
            Self::Revision => "back to which version?",
            Self::Commit => "which commit?",
            Self::Branch => "commits of which branch or tag?",
            Self::Repository => "where is its source? type the address of its git repository",
        }
    }

    /// Whether several may be chosen.
    pub const fn is_multiple(self) -> bool {
        matches!(
            self,
            Self::Clusters | Self::Locations | Self::Namespaces | Self::Containers
        )
    }
}

/// What choosing an item does.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Action(Action),
    Sort(Sort),
    /// A figure in a column of its own, or none.
    Figure(Option<Figure>),
    Cluster(ClusterId),
    Location(LocationKey),
    Namespace(Clean),
    App(AppKey),
    /// Apps that a kind of workload carries.
    CarriedBy(Kind),
    /// Every container, those of a name, those that are for this.
    EveryContainer,
    Container(Clean),
    Role(ContainerRole),
    /// A version that is known of, or an image as it was typed.
    Version(Chosen),
    /// The same, of which only the registry knows.
    Tag(Chosen),
    Typed(String),
    /// A commit by its hash, a branch or a tag by its name.
    Commit(Clean),
    Branch(Clean),
    MoreCommits,
}

/// Something to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub label: String,
    /// What it is, or what it does.
    pub detail: String,
    /// The keys that do the same without the picker.
    pub keys: String,
    /// Short names: typed whole, one of them means this and nothing else.
    pub names: &'static [&'static str],
    pub target: Target,
}

/// A first word in the palette that says what the next one names, as in k9s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Namespace,
    Cluster,
}

impl Command {
    fn find(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "ns" | "namespace" | "namespaces" => Some(Self::Namespace),
            "ctx" | "context" | "contexts" | "cluster" => Some(Self::Cluster),
            _ => None,
        }
    }

    const fn takes(self, target: &Target) -> bool {
        matches!(
            (self, target),
            (Self::Namespace, Target::Namespace(_)) | (Self::Cluster, Target::Cluster(_))
        )
    }
}

/// A picker on screen.
#[derive(Clone, Debug)]
pub struct Picker {
    pub purpose: Purpose,
    pub field: Field,
    items: Vec<Item>,
    /// Items that match what is typed, best first.
    matching: Vec<usize>,
    cursor: usize,
    checked: BTreeSet<usize>,
    touched: bool,
}

impl Picker {
    /// A picker over items, some of which are chosen already.
    pub fn new(purpose: Purpose, items: Vec<Item>, checked: BTreeSet<usize>) -> Self {
        let mut picker = Self {
            purpose,
            field: Field::default(),
            matching: Vec::new(),
            cursor: checked.first().copied().unwrap_or(0),
            items,
            checked,
            touched: false,
        };
        picker.narrow();
        picker
    }

    /// Finds the items that match what is typed: `name`, or `ns NAME` and `ctx NAME` in the palette.
    fn narrow(&mut self) {
        let text = self.field.text();
        let typed = text.trim();
        let after_command = typed
            .split_once(char::is_whitespace)
            .and_then(|(command, name)| Some((Command::find(command)?, name.trim_start())))
            .filter(|_| self.purpose == Purpose::Palette);
        let (command, name) = after_command.map_or((None, typed), |(command, name)| (Some(command), name));
        if typed.is_empty() {
            self.matching = (0..self.items.len()).collect();
            return;
        }
        let mut fuzzy = Fuzzy::new(name);
        let mut scored: Vec<(u32, usize)> = self
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| command.is_none_or(|command| command.takes(&item.target)))
            .filter_map(|(index, item)| {
                // What is typed stands below what is known.
                if let Target::Typed(_) = item.target {
                    return Some((0, index));
                }
                if item.label == name || item.names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                    return Some((u32::MAX, index));
                }
                // A match in the name counts more than one in what an action does.
                let by_label = fuzzy.score(&item.label).map(|score| score.saturating_mul(2));
                let by_detail = || match item.target {
                    Target::Action(_) | Target::Figure(_) | Target::Version(_) | Target::Tag(_) | Target::Commit(_) => {
                        fuzzy.score(&item.detail)
                    }
                    Target::Sort(_)
                    | Target::Cluster(_)
                    | Target::Location(_)
                    | Target::Namespace(_)
                    | Target::CarriedBy(_)
                    | Target::EveryContainer
                    | Target::Container(_)
                    | Target::Role(_)
                    | Target::Typed(_)
                    | Target::Branch(_)
                    | Target::MoreCommits
                    | Target::App(_) => None,
                };
                let score = by_label.or_else(by_detail)?;
                Some((score, index))
            })
            .collect();
        scored.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        self.matching = scored.into_iter().map(|(_, index)| index).collect();
    }

    /// What an item is called: after the short name that was typed for it, where one was.
    pub fn label(&self, item: &Item) -> String {
        let typed = self.field.text();
        let typed = typed.trim();
        let is_alias = item.label != typed && item.names.iter().any(|name| name.eq_ignore_ascii_case(typed));
        if is_alias {
            format!("{typed} ▸ {}", item.label)
        } else {
            item.label.clone()
        }
    }

    /// Edits what is typed; the cursor goes to the best match.
    pub fn edit(&mut self, change: impl FnOnce(&mut Field)) {
        let before = self.field.text();
        change(&mut self.field);
        if self.field.text() != before {
            self.narrow();
            self.cursor = 0;
        }
    }

    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Offers one more item, above those that only the registry knows of unless it is one, and what was typed; the
    /// cursor stays on the one it is on.
    pub fn add(&mut self, item: Item) {
        let rank = |item: &Item| match item.target {
            Target::Typed(_) => 2,
            Target::Tag(_) => 1,
            _ => 0,
        };
        let own = rank(&item);
        let place = self.items.iter().position(|other| rank(other) > own);
        let place = place.unwrap_or(self.items.len());
        let here = self.matching.get(self.cursor).copied();
        self.items.insert(place, item);
        self.narrow();
        let moved = here.map(|index| if index < place { index } else { index + 1 });
        let found = self.matching.iter().position(|index| Some(*index) == moved);
        self.cursor = found.unwrap_or(self.cursor);
    }

    /// Takes items in place of its own, which are among them in their order; the cursor stays on the one it is on, but
    /// goes to the preferred one where it was never moved.
    pub fn mend(&mut self, items: Vec<Item>, preferred: Option<usize>) {
        let here = self.matching.get(self.cursor).copied();
        let is_untouched = self.cursor == 0 && self.field.text().is_empty();
        self.items = items;
        self.narrow();
        let wanted = preferred.filter(|_| is_untouched).or(here);
        let found = self.matching.iter().position(|index| Some(*index) == wanted);
        self.cursor = found.unwrap_or(self.cursor);
    }

    /// Offers another item below the others, in place of the one that was offered so before.
    pub fn offer(&mut self, item: Option<Item>) {
        self.items.retain(|item| !matches!(item.target, Target::Typed(_)));
        self.items.extend(item);
        self.narrow();
    }

    pub fn step(&mut self, rows: isize) {
        let last = self.matching.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(rows).min(last);
    }

    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The items that match, with whether each is chosen.
    pub fn matching(&self) -> impl ExactSizeIterator<Item = (&Item, bool)> {
        self.matching
            .iter()
            .filter_map(|&index| self.items.get(index).map(|item| (item, self.checked.contains(&index))))
            .collect::<Vec<_>>()
            .into_iter()
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Chooses the item under the cursor, or takes the choice back, and goes on to the next.
    pub fn toggle(&mut self) {
        if let Some(&index) = self.matching.get(self.cursor) {
            if !self.checked.remove(&index) {
                self.checked.insert(index);
            }
            self.touched = true;
            self.step(1);
        }
    }

    /// What was chosen: the checked items if any was touched, or if there were several and nothing was typed to
    /// find another; else the one under the cursor. `None` where nothing matches what is typed.
    pub fn chosen(&self) -> Option<Vec<Target>> {
        let target = |index: &usize| self.items.get(*index).map(|item| item.target.clone());
        let under_cursor = self.matching.get(self.cursor).and_then(target)?;
        let keeps_several = self.checked.len() > 1 && self.field.text().is_empty();
        if self.purpose.is_multiple() && (self.touched || keeps_several) {
            Some(self.checked.iter().filter_map(target).collect())
        } else {
            Some(vec![under_cursor])
        }
    }
}
