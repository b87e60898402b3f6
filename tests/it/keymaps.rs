//! Keymap and configuration files: the shipped ones are whole, wrong ones say where and what to do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pilothouse::config::{Config, Problem};
use pilothouse::input::keymap::{Keymap, SHIPPED};
use pilothouse::input::{Outcome, Sequence, file};
use pilothouse::message::{Action, Mode};

/// Files of a folder under `tests/invalid`, each with the message its first line expects.
fn invalid(folder: &str) -> Vec<(PathBuf, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invalid").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = text.lines().next().unwrap().trim_start_matches("# ").to_owned();
        (PathBuf::from(path.file_name().unwrap()), text, expected)
    };
    files.into_iter().map(read).collect()
}

fn in_words(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn each_wrong_keymap_says_where_and_what_to_do() {
    let files = invalid("keymaps");
    assert!(files.len() >= 13);
    for (name, text, expected) in files {
        assert_eq!(in_words(&file::parse(&name, &text).1), [expected]);
    }
}

#[test]
fn each_wrong_configuration_says_where_and_what_to_do() {
    let files = invalid("configs");
    assert!(files.len() >= 3);
    for (name, text, expected) in files {
        assert_eq!(in_words(&Config::parse(&name, &text).1), [expected]);
    }
}

#[test]
fn shipped_keymaps_have_no_problem_and_every_line_of_them_counts() {
    for (name, text) in SHIPPED {
        let (entries, problems) = file::parse(Path::new(name), text);
        assert_eq!(in_words(&problems), Vec::<String>::new(), "{name}");
        let keymap = Keymap::shipped(name).unwrap();
        for entry in entries {
            let expected = entry.action.map_or(Outcome::Unbound, Outcome::Bound);
            assert_eq!(
                keymap.resolve(entry.mode, &entry.keys.0),
                expected,
                "{name}: {}",
                entry.keys
            );
        }
    }
}

#[test]
fn every_action_has_a_key_in_every_shipped_keymap() {
    // What is not on a key of its own by choice; the palette has it.
    let on_purpose = BTreeSet::from([("k9s", Action::HalfPageUp), ("k9s", Action::HalfPageDown)]);
    for (name, _) in SHIPPED {
        let bound: BTreeSet<Action> = Keymap::shipped(name)
            .unwrap()
            .table()
            .into_iter()
            .map(|b| b.action)
            .collect();
        for &action in Action::ALL {
            let expected = !on_purpose.contains(&(name, action)) || bound.contains(&action);
            assert!(bound.contains(&action) || !expected, "{name} lacks {}", action.name());
        }
    }
}

#[test]
fn every_mode_can_be_left_and_every_field_edited() {
    for (name, _) in SHIPPED {
        let keymap = Keymap::shipped(name).unwrap();
        let has = |mode, action| keymap.of(mode).any(|(_, bound)| bound == action);
        assert!(
            has(Mode::Screen, Action::Quit) && has(Mode::Screen, Action::Help),
            "{name}"
        );
        assert!(has(Mode::Reader, Action::Cancel), "{name}");
        for mode in [Mode::Picker, Mode::Prompt] {
            for action in [
                Action::Accept,
                Action::Cancel,
                Action::EraseBackward,
                Action::FieldLeft,
                Action::FieldRight,
            ] {
                assert!(has(mode, action), "{name}: {mode:?} lacks {}", action.name());
            }
        }
    }
}

#[test]
fn fingers_that_know_k9s_find_their_keys() {
    let keymap = Keymap::shipped("default").unwrap();
    for (keys, action) in [
        ("j", Action::CursorDown),
        ("G", Action::Bottom),
        ("ctrl-f", Action::PageDown),
        ("enter", Action::Open),
        ("esc", Action::Back),
        ("/", Action::Filter),
        (":", Action::Palette),
        ("?", Action::Help),
        ("[", Action::HistoryBack),
        ("-", Action::LastView),
        ("space", Action::Mark),
        ("ctrl-space", Action::MarkRange),
        ("ctrl-\\", Action::ClearMarks),
        ("shift-n", Action::SortByName),
        ("shift-a", Action::SortByAge),
        ("ctrl-w", Action::Wide),
        ("c", Action::CopyName),
        ("ctrl-r", Action::Reconnect),
        ("1", Action::ShowFleet),
        ("0", Action::ShowActivity),
        ("ctrl-c", Action::Quit),
    ] {
        let keys = Sequence::parse(keys).unwrap();
        assert_eq!(keymap.resolve(Mode::Screen, &keys.0), Outcome::Bound(action), "{keys}");
    }
}
