//! What each action is called in keymap files and the palette, what it does in a line, and where help lists it.

use crate::message::{Action, Mode};

/// How help groups actions, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    Move,
    Screens,
    List,
    Scope,
    Program,
    Typing,
}

impl Group {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Screens => "screens",
            Self::List => "list",
            Self::Scope => "scope",
            Self::Program => "program",
            Self::Typing => "typing",
        }
    }
}

/// What a person reads about an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// The name keymap files use: the variant in kebab-case.
    pub name: &'static str,
    pub group: Group,
    pub help: &'static str,
}

/// Every action, in the order help lists them.
pub const ALL: [Action; 60] = [
    Action::CursorUp,
    Action::CursorDown,
    Action::PageUp,
    Action::PageDown,
    Action::HalfPageUp,
    Action::HalfPageDown,
    Action::Top,
    Action::Bottom,
    Action::ColumnsLeft,
    Action::ColumnsRight,
    Action::Open,
    Action::Back,
    Action::HistoryBack,
    Action::HistoryForward,
    Action::LastView,
    Action::ShowFleet,
    Action::ShowLocations,
    Action::ShowApps,
    Action::ShowInstances,
    Action::ShowNodes,
    Action::ShowEvents,
    Action::ShowActivity,
    Action::ShowLog,
    Action::EventsOf,
    Action::NodeOf,
    Action::Expand,
    Action::Filter,
    Action::ClearFilter,
    Action::PickSort,
    Action::SortNext,
    Action::SortReverse,
    Action::SortByName,
    Action::SortByAge,
    Action::SortByStatus,
    Action::SortByNamespace,
    Action::Wide,
    Action::Mark,
    Action::MarkRange,
    Action::ClearMarks,
    Action::ScopeClusters,
    Action::ScopeLocations,
    Action::ScopeNamespaces,
    Action::ScopeAll,
    Action::CopyName,
    Action::CopyRow,
    Action::Palette,
    Action::Help,
    Action::Reconnect,
    Action::Redraw,
    Action::Suspend,
    Action::Quit,
    Action::Accept,
    Action::Cancel,
    Action::EraseBackward,
    Action::EraseWord,
    Action::EraseAll,
    Action::FieldLeft,
    Action::FieldRight,
    Action::FieldStart,
    Action::FieldEnd,
];

/// What `action` is called and does.
#[expect(clippy::too_many_lines, reason = "one line an action: the table of them all")]
pub const fn describe(action: Action) -> Description {
    use Group::{List, Move, Program, Scope, Screens, Typing};
    match action {
        Action::CursorUp => entry("cursor-up", Move, "up a row"),
        Action::CursorDown => entry("cursor-down", Move, "down a row"),
        Action::PageUp => entry("page-up", Move, "up a page"),
        Action::PageDown => entry("page-down", Move, "down a page"),
        Action::HalfPageUp => entry("half-page-up", Move, "up half a page"),
        Action::HalfPageDown => entry("half-page-down", Move, "down half a page"),
        Action::Top => entry("top", Move, "to the first row"),
        Action::Bottom => entry("bottom", Move, "to the last row"),
        Action::ColumnsLeft => entry("columns-left", Move, "show columns further left"),
        Action::ColumnsRight => entry("columns-right", Move, "show columns further right"),
        Action::Open => entry("open", Move, "go in"),
        Action::Back => entry("back", Move, "come back to where you were"),
        Action::HistoryBack => entry("history-back", Move, "back in the history of views"),
        Action::HistoryForward => entry("history-forward", Move, "forward in the history of views"),
        Action::LastView => entry("last-view", Move, "to the view before this one"),
        Action::ShowFleet => entry("show-fleet", Screens, "the fleet: its clusters"),
        Action::ShowLocations => entry("show-locations", Screens, "locations"),
        Action::ShowApps => entry("show-apps", Screens, "apps"),
        Action::ShowInstances => entry("show-instances", Screens, "instances"),
        Action::ShowNodes => entry("show-nodes", Screens, "nodes"),
        Action::ShowEvents => entry("show-events", Screens, "events"),
        Action::ShowActivity => entry("show-activity", Screens, "what this program was told to do"),
        Action::ShowLog => entry("show-log", Screens, "the log of this program"),
        Action::EventsOf => entry("events-of", Screens, "events of the selected object"),
        Action::NodeOf => entry("node-of", Screens, "the node of the selected instance"),
        Action::Expand => entry("expand", List, "open or close the branch"),
        Action::Filter => entry("filter", List, "filter the list"),
        Action::ClearFilter => entry("clear-filter", List, "clear the filter"),
        Action::PickSort => entry("pick-sort", List, "choose what to sort by"),
        Action::SortNext => entry("sort-next", List, "sort by the next column"),
        Action::SortReverse => entry("sort-reverse", List, "turn the order round"),
        Action::SortByName => entry("sort-by-name", List, "sort by name"),
        Action::SortByAge => entry("sort-by-age", List, "sort by age"),
        Action::SortByStatus => entry("sort-by-status", List, "sort by status"),
        Action::SortByNamespace => entry("sort-by-namespace", List, "sort by namespace"),
        Action::Wide => entry("wide", List, "more or fewer columns"),
        Action::Mark => entry("mark", List, "mark the row"),
        Action::MarkRange => entry("mark-range", List, "mark from the last mark to here"),
        Action::ClearMarks => entry("clear-marks", List, "clear all marks"),
        Action::ScopeClusters => entry("scope-clusters", Scope, "choose clusters"),
        Action::ScopeLocations => entry("scope-locations", Scope, "choose locations"),
        Action::ScopeNamespaces => entry("scope-namespaces", Scope, "choose namespaces"),
        Action::ScopeAll => entry("scope-all", Scope, "everything again"),
        Action::CopyName => entry("copy-name", List, "copy the name"),
        Action::CopyRow => entry("copy-row", List, "copy the row"),
        Action::Palette => entry("palette", Program, "find an action, a screen or a name"),
        Action::Help => entry("help", Program, "the keys that work here"),
        Action::Reconnect => entry("reconnect", Program, "try the clusters again now"),
        Action::Redraw => entry("redraw", Program, "draw everything anew"),
        Action::Suspend => entry("suspend", Program, "stop the program; `fg` brings it back"),
        Action::Quit => entry("quit", Program, "leave"),
        Action::Accept => entry("accept", Typing, "take what is there"),
        Action::Cancel => entry("cancel", Typing, "leave it"),
        Action::EraseBackward => entry("erase-backward", Typing, "erase the character before the cursor"),
        Action::EraseWord => entry("erase-word", Typing, "erase the word before the cursor"),
        Action::EraseAll => entry("erase-all", Typing, "erase everything"),
        Action::FieldLeft => entry("field-left", Typing, "cursor left"),
        Action::FieldRight => entry("field-right", Typing, "cursor right"),
        Action::FieldStart => entry("field-start", Typing, "to the start of the field"),
        Action::FieldEnd => entry("field-end", Typing, "to the end of the field"),
    }
}

const fn entry(name: &'static str, group: Group, help: &'static str) -> Description {
    Description { name, group, help }
}

/// The action of that name.
pub fn find(name: &str) -> Option<Action> {
    ALL.into_iter().find(|action| describe(*action).name == name)
}

/// The name of a mode, as keymap files head its table.
pub const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Screen => "screen",
        Mode::Picker => "picker",
        Mode::Prompt => "prompt",
        Mode::Reader => "reader",
    }
}

/// Every mode.
pub const MODES: [Mode; 4] = [Mode::Screen, Mode::Picker, Mode::Prompt, Mode::Reader];

/// Whether plain characters are text in this mode.
pub const fn is_typing(mode: Mode) -> bool {
    matches!(mode, Mode::Picker | Mode::Prompt)
}

/// The name most like `wrong`, for "did you mean"; `None` if nothing is near.
pub fn closest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |name: &str| {
        let distance = edit_distance(wrong, name);
        (distance <= 1 + name.len() / 4 || (name.len() > 2 && wrong.starts_with(name))).then_some(distance)
    };
    names
        .into_iter()
        .filter_map(|name| near(name).map(|distance| (distance, name)))
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            left = (diagonal + usize::from(x != *y)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_variants_in_kebab_case_and_lead_back() {
        for action in ALL {
            let mut kebab = String::new();
            for c in format!("{action:?}").chars() {
                if c.is_uppercase() && !kebab.is_empty() {
                    kebab.push('-');
                }
                kebab.extend(c.to_lowercase());
            }
            assert_eq!(describe(action).name, kebab);
            assert_eq!(find(&kebab), Some(action));
        }
    }

    #[test]
    fn a_near_miss_finds_its_name() {
        let names = || ALL.into_iter().map(|action| describe(action).name);
        for (wrong, right) in [
            ("cursor-dwn", Some("cursor-down")),
            ("quitt", Some("quit")),
            ("teleport", None),
        ] {
            assert_eq!(closest(wrong, names()), right, "{wrong}");
        }
    }
}
