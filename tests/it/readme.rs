//! README's table of keys is the keymap: each row has the keys of its actions, and no action is left out.

use std::collections::BTreeSet;

use pilothouse::input::keymap::Keymap;
use pilothouse::message::{Action, Group, Mode};

use Action::{
    Back, ChartNext, ChartReach, Charts, ClearMarks, CopyName, CopyRow, Detail, EventsOf, Expand, FactsDown, FactsUp,
    Filter, Help, HistoryBack, HistoryForward, LastView, Mark, MarkRange, NodeOf, Open, Palette, PickSort, Quit,
    Reconnect, ScopeAll, ScopeClusters, ScopeLocations, ScopeNamespaces, ShowActivity, ShowApps, ShowBuilds,
    ShowEvents, ShowFleet, ShowInstances, ShowLocations, ShowLog, ShowNodes, ShowReleases, SortByAge, SortByGrowth,
    SortByName, SortByNamespace, SortByStatus, SortNext, SortReverse, Suspend, Wide,
};

/// What each row of the table is about, in its order.
const ROWS: &[&[Action]] = &[
    &[
        ShowFleet,
        ShowLocations,
        ShowApps,
        ShowInstances,
        ShowNodes,
        ShowReleases,
        ShowBuilds,
    ],
    &[ShowEvents, ShowActivity, ShowLog],
    &[Open, Back],
    &[Detail],
    &[FactsUp, FactsDown],
    &[HistoryBack, HistoryForward, LastView],
    &[Filter, Action::ClearFilter],
    &[PickSort, SortNext, SortReverse],
    &[Action::PickFigure],
    &[SortByName, SortByAge, SortByStatus, SortByNamespace, SortByGrowth],
    &[ScopeClusters, ScopeLocations, ScopeNamespaces, ScopeAll],
    &[Mark, MarkRange, ClearMarks],
    &[Expand],
    &[EventsOf, NodeOf],
    &[Charts, ChartReach, ChartNext],
    &[Action::GrayRelease, Action::GrowGray],
    &[Action::FullRelease, Action::RollOut],
    &[Action::OldOffline, Action::AbortRelease],
    &[Action::RollBack, Action::RepairRelease],
    &[Action::PauseRelease, Action::ResumeRelease, Action::RestartInstances],
    &[Action::ScaleOut, Action::EndFloor],
    &[Action::BuildGray],
    &[Action::RetryBuild],
    &[Action::CancelBuild, Action::CancelSuperseded],
    &[Action::DeleteInstance],
    &[Action::NextStep, Action::RetryRelease],
    &[Action::Build],
    &[Action::Logs, Action::PreviousLogs],
    &[Action::DivideLogs, Action::LogOther],
    &[Action::LogContainers],
    &[Action::LogPause, Action::LogWrap, Action::LogTimes, Action::LogNames],
    &[
        Action::LogTail,
        Action::LogHead,
        Action::LogMinute,
        Action::LogFiveMinutes,
        Action::LogQuarter,
        Action::LogHalfHour,
        Action::LogHour,
        Action::LogSince,
    ],
    &[Action::LogSearch, Action::LogNext, Action::LogPrevious],
    &[
        Action::LogInclude,
        Action::LogExclude,
        Action::LogLevel,
        Action::LogContext,
        Action::LogClear,
    ],
    &[Action::LogGoto],
    &[Action::LogFields, Action::LogOpen],
    &[Action::LogSave, Action::LogSaveWhole],
    &[Action::LogMark, Action::LogNextMark, Action::LogCopy],
    &[CopyName, CopyRow],
    &[Wide],
    &[Palette],
    &[Help],
    &[Reconnect, Action::Redraw],
    &[Suspend, Quit],
];

#[test]
fn readme_has_the_keys_of_the_default_keymap() {
    let readme = include_str!("../../README.md");
    let table = readme.split("| keys | what they do |\n|---|---|\n").nth(1).unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), ROWS.len(), "a row for each of this test's");
    let bound = Keymap::shipped("default").unwrap().table();
    for (row, actions) in rows.iter().zip(ROWS) {
        let keys = row.split('|').nth(1).unwrap();
        let keys: Vec<&str> = keys.split('`').skip(1).step_by(2).collect();
        assert_eq!(keys.len(), actions.len(), "{row}");
        for (key, &action) in keys.iter().zip(*actions) {
            let mode = if action.group() == Group::Logs {
                Mode::Logs
            } else {
                Mode::Screen
            };
            let found = bound
                .iter()
                .find(|b| b.mode == mode && b.keys == *key)
                .map(|b| b.action);
            assert_eq!(found, Some(action), "{row}: {key}");
        }
    }
    let told: BTreeSet<Action> = ROWS.iter().copied().flatten().copied().collect();
    for &action in Action::ALL {
        let is_to_be_told = match action.group() {
            Group::Screens
            | Group::List
            | Group::Logs
            | Group::Release
            | Group::Build
            | Group::Scope
            | Group::Program => true,
            Group::Move | Group::Typing | Group::Confirm => false,
        };
        assert!(
            told.contains(&action) || !is_to_be_told,
            "README lacks {}",
            action.name()
        );
    }
}
