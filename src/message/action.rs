//! What a person can ask for: each action with its name in keymap files, its group and its line of help.

use crate::release::ledger::Operation;

/// How help groups actions, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    Move,
    Screens,
    List,
    Logs,
    Release,
    Build,
    Scope,
    Program,
    Typing,
    Confirm,
}

impl Group {
    pub const ALL: [Self; 10] = [
        Self::Move,
        Self::Screens,
        Self::List,
        Self::Logs,
        Self::Release,
        Self::Build,
        Self::Scope,
        Self::Program,
        Self::Typing,
        Self::Confirm,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Screens => "screens",
            Self::List => "list",
            Self::Logs => "logs",
            Self::Release => "release",
            Self::Build => "build",
            Self::Scope => "scope",
            Self::Program => "program",
            Self::Typing => "typing",
            Self::Confirm => "before a write",
        }
    }
}

/// Declares the actions: one line each is the whole of what is said about it.
macro_rules! actions {
    ($($action:ident $name:literal $group:ident $help:literal,)+) => {
        /// What a person can ask for; the vocabulary of keymap files and of the palette.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $help] $action,)+
        }

        impl Action {
            /// Every action, in the order help lists them.
            pub const ALL: &'static [Self] = &[$(Self::$action),+];

            /// The name keymap files use: the variant in kebab-case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$action => $name),+ }
            }

            /// What it does, in a line.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$action => $help),+ }
            }

            /// Where help lists it.
            pub const fn group(self) -> Group {
                match self { $(Self::$action => Group::$group),+ }
            }
        }
    };
}

actions! {
    CursorUp "cursor-up" Move "up a row",
    CursorDown "cursor-down" Move "down a row",
    PageUp "page-up" Move "up a page",
    PageDown "page-down" Move "down a page",
    HalfPageUp "half-page-up" Move "up half a page",
    HalfPageDown "half-page-down" Move "down half a page",
    Top "top" Move "to the first row",
    Bottom "bottom" Move "to the last row",
    ColumnsLeft "columns-left" Move "show columns further left",
    ColumnsRight "columns-right" Move "show columns further right",
    Open "open" Move "go in",
    Detail "detail" Move "the detail of the row: of a cluster its link, rights and watches",
    FactsUp "facts-up" Move "the lines above the list: further up",
    FactsDown "facts-down" Move "the lines above the list: further down",
    Back "back" Move "come back to where you were",
    HistoryBack "history-back" Move "back in the history of views",
    HistoryForward "history-forward" Move "forward in the history of views",
    LastView "last-view" Move "to the view before this one",
    ShowFleet "show-fleet" Screens "the fleet: its clusters",
    ShowLocations "show-locations" Screens "locations",
    ShowApps "show-apps" Screens "apps",
    ShowInstances "show-instances" Screens "instances",
    ShowNodes "show-nodes" Screens "nodes",
    ShowReleases "show-releases" Screens "releases: in flight, waiting, past",
    ShowBuilds "show-builds" Screens "builds: under way, failed, over",
    ShowEvents "show-events" Screens "events",
    ShowActivity "show-activity" Screens "what this program was told to do",
    ShowLog "show-log" Screens "the log of this program",
    EventsOf "events-of" Screens "events of the selected object",
    Logs "logs" Screens "the logs of what is selected, as they are written",
    PreviousLogs "previous-logs" Screens "the logs of the runs before the present ones",
    DivideLogs "divide-logs" Screens "the logs of old and new instances apart, or together again",
    NodeOf "node-of" Screens "the node of the selected instance",
    Charts "charts" Screens "the charts of the instance or container, or its words again",
    ChartReach "chart-reach" Screens "charts: 15 minutes, an hour or six",
    ChartNext "chart-next" Screens "charts: the next where not all have room",
    Expand "expand" List "open or close the branch",
    Filter "filter" List "filter the list",
    ClearFilter "clear-filter" List "clear the filter",
    PickSort "pick-sort" List "choose what to sort by",
    PickFigure "pick-figure" List "sort by any figure of what is used, in a column of its own",
    SortNext "sort-next" List "sort by the next column",
    SortReverse "sort-reverse" List "turn the order round",
    SortByName "sort-by-name" List "sort by name",
    SortByAge "sort-by-age" List "sort by age",
    SortByStatus "sort-by-status" List "sort by status",
    SortByNamespace "sort-by-namespace" List "sort by namespace",
    SortByGrowth "sort-by-growth" List "sort by what grew most in the last 10 minutes",
    Wide "wide" List "more or fewer columns",
    Mark "mark" List "mark the row",
    MarkRange "mark-range" List "mark from the last mark to here",
    ClearMarks "clear-marks" List "clear all marks",
    LogContainers "log-containers" Logs "choose containers by name, or by what they are for",
    LogOther "log-other" Logs "to the other half of logs that are divided",
    LogPause "log-pause" Logs "stand still, or follow the newest line",
    LogWrap "log-wrap" Logs "long lines: wrapped or cut",
    LogTimes "log-times" Logs "times: none, local or UTC",
    LogNames "log-names" Logs "names of the instances, or none",
    LogSearch "log-search" Logs "look for text (a regular expression)",
    LogNext "log-next" Logs "to the next line found",
    LogPrevious "log-previous" Logs "to the line found before",
    LogInclude "log-include" Logs "show only lines that match, too",
    LogExclude "log-exclude" Logs "show no lines that match, too",
    LogLevel "log-level" Logs "show only warnings and worse, errors and worse, or all",
    LogClear "log-clear" Logs "show all lines again",
    LogContext "log-context" Logs "lines around those that a filter shows: none, 3 or 10 of the same container",
    LogFields "log-fields" Logs "JSON and logfmt lines as columns, or as they are",
    LogOpen "log-open" Logs "open the line: its keys and values, its stack trace",
    LogMark "log-mark" Logs "mark the line",
    LogNextMark "log-next-mark" Logs "to the next marked line, then the first",
    LogTail "log-tail" Logs "from the last lines of each container",
    LogHead "log-head" Logs "from the first line that is kept",
    LogMinute "log-minute" Logs "from a minute ago",
    LogFiveMinutes "log-five-minutes" Logs "from 5 minutes ago",
    LogQuarter "log-quarter" Logs "from 15 minutes ago",
    LogHalfHour "log-half-hour" Logs "from 30 minutes ago",
    LogHour "log-hour" Logs "from an hour ago",
    LogSince "log-since" Logs "from as long ago, from the time or from as many lines as you type",
    LogGoto "log-goto" Logs "to the time that you type",
    LogSave "log-save" Logs "save the lines that are shown in a file",
    LogSaveWhole "log-save-whole" Logs "save the whole logs of all containers here, from the servers; stop that",
    LogCopy "log-copy" Logs "copy the line",
    GrayRelease "gray-release" Release "some instances of another version beside the old ones, until you decide",
    GrowGray "grow-gray" Release "more instances of the new version",
    FullRelease "full-release" Release "all new instances; the old ones stay until they are taken offline",
    RollOut "roll-out" Release "all new instances by a rolling update: old ones go as new ones come",
    OldOffline "old-offline" Release "take the old instances offline",
    AbortRelease "abort-release" Release "back to the old version: the new instances go",
    RollBack "roll-back" Release "publish an older version, without a build",
    RepairRelease "repair-release" Release "end a hold without end, as after an undo in the middle of a gray release",
    PauseRelease "pause-release" Release "stop the controller from replacing instances",
    ResumeRelease "resume-release" Release "let the controller go on",
    ScaleOut "scale-out" Release "more instances, or fewer: over all clusters, by the room they have",
    EndFloor "end-floor" Release "take away the floor that was written to an autoscaler",
    DeleteInstance "delete-instance" Release "delete this instance: another comes in its place",
    NextStep "next-step" Release "go on with the next step, where Argo Rollouts or Kruise waits for you",
    RetryRelease "retry-release" Release "try again what Argo Rollouts gave up",
    RestartInstances "restart-instances" Release "replace every instance by a new one of the same version",
    Build "build" Build "commits of the app: one that has an image is offered for a gray release, another is built",
    BuildGray "build-gray" Build "build a commit and, once it is done, see its gray release for a yes; of a build that is done, at once",
    RetryBuild "retry-build" Build "build the commit again whose build failed or was stopped",
    CancelBuild "cancel-build" Build "stop the build, or those that are marked; of an app, all that are under way",
    CancelSuperseded "cancel-superseded" Build "stop the builds that a newer one of the same branch has made needless",
    ScopeClusters "scope-clusters" Scope "choose clusters",
    ScopeLocations "scope-locations" Scope "choose locations",
    ScopeNamespaces "scope-namespaces" Scope "choose namespaces",
    ScopeAll "scope-all" Scope "everything again",
    CopyName "copy-name" List "copy the name",
    CopyRow "copy-row" List "copy the row",
    Palette "palette" Program "find an action, a screen or a name",
    Help "help" Program "the keys that work here",
    Reconnect "reconnect" Program "try the clusters again now",
    Redraw "redraw" Program "draw everything anew",
    Suspend "suspend" Program "stop the program; `fg` brings it back",
    Quit "quit" Program "leave",
    PickBranch "pick-branch" Typing "over commits: another branch, or a tag",
    Accept "accept" Typing "take what is there",
    Cancel "cancel" Typing "leave it",
    EraseBackward "erase-backward" Typing "erase the character before the cursor",
    EraseWord "erase-word" Typing "erase the word before the cursor",
    EraseAll "erase-all" Typing "erase everything",
    FieldLeft "field-left" Typing "cursor left",
    FieldRight "field-right" Typing "cursor right",
    FieldStart "field-start" Typing "to the start of the field",
    FieldEnd "field-end" Typing "to the end of the field",
    Write "write" Confirm "write what is shown",
    ShowDifferences "show-differences" Confirm "show what changes, place by place",
    JobLog "job-log" Confirm "the log of the job that runs before it",
    GiveReason "give-reason" Confirm "say why it is written",
    SwitchConfig "switch-config" Confirm "run with today's configuration, or with its own",
    SwitchGray "switch-gray" Confirm "roll back through a gray release, or at once",
}

impl Action {
    /// The action of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// The step of a release that it asks for.
    pub const fn step(self) -> Option<Operation> {
        Some(match self {
            Self::GrayRelease => Operation::Start,
            Self::GrowGray => Operation::Grow,
            Self::FullRelease => Operation::KeepOld,
            Self::RollOut => Operation::Full,
            Self::OldOffline => Operation::Offline,
            Self::AbortRelease => Operation::Abort,
            Self::RollBack => Operation::Rollback,
            Self::RepairRelease => Operation::Repair,
            Self::PauseRelease => Operation::Pause,
            Self::ResumeRelease => Operation::Resume,
            Self::RestartInstances => Operation::Restart,
            Self::NextStep => Operation::Promote,
            Self::ScaleOut => Operation::Scale,
            Self::EndFloor => Operation::EndFloor,
            Self::DeleteInstance => Operation::Delete,
            Self::CancelBuild | Self::CancelSuperseded => Operation::Cancel,
            Self::RetryRelease => Operation::Retry,
            _ => return None,
        })
    }

    const fn log_label(self) -> Option<&'static str> {
        Some(match self {
            Self::Logs => "logs",
            Self::LogContainers => "containers",
            Self::LogOther => "other half",
            Self::LogPause => "pause",
            Self::LogWrap => "wrap",
            Self::LogTimes => "times",
            Self::LogNames => "names",
            Self::LogSearch => "search",
            Self::LogNext => "next",
            Self::LogPrevious => "before",
            Self::LogInclude => "only",
            Self::LogExclude => "without",
            Self::LogLevel => "level",
            Self::LogClear => "all lines",
            Self::LogContext => "around",
            Self::LogSave => "save",
            Self::LogSaveWhole => "save all",
            Self::LogFields => "columns",
            Self::LogSince => "from",
            Self::LogGoto => "to a time",
            Self::LogNextMark => "next mark",
            Self::LogTail => "tail",
            Self::LogHead => "head",
            Self::LogHour => "an hour",
            _ => return None,
        })
    }

    const fn step_label(self) -> Option<&'static str> {
        Some(match self {
            Self::GrayRelease => "gray release",
            Self::GrowGray => "grow",
            Self::FullRelease => "full, old kept",
            Self::RollOut => "roll out",
            Self::OldOffline => "old offline",
            Self::AbortRelease => "abort",
            Self::RollBack => "roll back",
            Self::RepairRelease => "repair",
            Self::PauseRelease => "pause",
            Self::ResumeRelease => "resume",
            Self::RestartInstances => "restart",
            Self::NextStep => "next step",
            Self::ScaleOut => "scale",
            Self::EndFloor => "end floor",
            Self::DeleteInstance => "delete",
            Self::CancelBuild => "cancel",
            Self::CancelSuperseded => "cancel superseded",
            Self::RetryRelease => "retry",
            _ => return None,
        })
    }

    /// What it is called in the line of keys: a word or two, where the whole help does not fit.
    pub const fn label(self) -> &'static str {
        match (self.step_label(), self.log_label()) {
            (Some(label), _) | (_, Some(label)) => return label,
            (None, None) => {}
        }
        match self {
            Self::Open | Self::LogOpen => "open",
            Self::Detail => "detail",
            Self::Back => "back",
            Self::Filter => "filter",
            Self::ClearFilter => "clear filter",
            Self::PickSort => "sort",
            Self::PickFigure => "figure",
            Self::Help => "help",
            Self::Palette => "go",
            Self::Mark | Self::LogMark => "mark",
            Self::Wide => "wide",
            Self::EventsOf => "events",
            Self::NodeOf => "node",
            Self::PreviousLogs => "previous",
            Self::DivideLogs => "old | new",
            Self::Expand => "fold",
            Self::Charts => "charts",
            Self::ChartReach => "how far back",
            Self::ChartNext => "next chart",
            Self::SortByGrowth => "what grew",
            Self::ShowDifferences => "differences",
            Self::JobLog => "job's log",
            Self::GiveReason => "reason",
            Self::SwitchConfig => "configuration",
            Self::SwitchGray => "gray or at once",
            Self::Build => "commits",
            Self::BuildGray => "gray when done",
            Self::RetryBuild => "build again",
            Self::PickBranch => "branch",
            Self::ScopeClusters => "clusters",
            Self::ScopeLocations => "locations",
            Self::ScopeNamespaces => "namespaces",
            Self::CopyName | Self::LogCopy => "copy",
            Self::Quit => "quit",
            Self::Reconnect => "reconnect",
            Self::ScopeAll => "everything",
            Self::SortByName => "sort by name",
            Self::SortByAge => "sort by age",
            Self::SortByStatus => "sort by status",
            Self::SortByNamespace => "sort by namespace",
            Self::HistoryBack => "view back",
            Self::HistoryForward => "view forward",
            other => other.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_variants_in_kebab_case_and_lead_back() {
        for &action in Action::ALL {
            let mut kebab = String::new();
            for c in format!("{action:?}").chars() {
                if c.is_uppercase() && !kebab.is_empty() {
                    kebab.push('-');
                }
                kebab.extend(c.to_lowercase());
            }
            assert_eq!(action.name(), kebab);
            assert_eq!(Action::find(&kebab), Some(action));
        }
    }
}
