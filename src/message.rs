//! The three closed vocabularies: what a person can ask, what can happen, what may be asked of the world.

mod action;
pub mod order;

pub use action::{Action, Group};
pub use order::{Asked, Failure, FailureKind, Order, Refused, Ticket};

use crate::build::commit::{Found, Wanted as CommitsWanted};
use crate::build::{Begun, PreparedBuild};
use crate::domain::event::Event;
use crate::domain::image::Tags;
use crate::domain::{
    Access, AppKey, Clean, ClusterId, ClusterReport, ImageName, Moment, ObjectKey, ResourceRef, Timestamp,
    access::Right,
};
use crate::logs::plan::Slot;
use crate::logs::save::{Save, Saving};
use crate::logs::{News, Request};
use crate::metrics::source::{Report, Wanted};
use crate::release::claim::Claim;
use crate::release::history::Told;
use crate::release::ledger::Ledger;
use crate::release::scale::Scaler;
use crate::release::{Author, Done, Ended, Prepared};

/// Where keys go: each has a table of its own in a keymap file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// Any screen without an overlay; falls back to nothing.
    Screen,
    /// A list to choose from, with a text field that narrows it: palette, pickers.
    Picker,
    /// A text field alone: the filter.
    Prompt,
    /// Something to read: help.
    Reader,
    /// A write that is shown before it is made.
    Confirm,
    /// Logs; keys that have no meaning of their own there mean what they do on any screen.
    Logs,
}

/// Keys of the live keymap and what they ask for; help and the line of keys are made from these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    pub mode: Mode,
    /// As a person reads them: `ctrl-d`, `g g`, `↵`.
    pub keys: String,
    pub action: Action,
}

/// Everything that can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A key or key sequence that the keymap knows.
    Act(Action),
    /// A character typed in a text field.
    Text(char),
    /// Text pasted into the terminal: never a key, never a decision.
    Paste(String),
    /// Keys that nothing is bound to, as keymap files write them.
    Unbound(String),
    /// Keys that begin a longer sequence: what may follow, each with its action.
    Pending(String, Vec<(String, Action)>),
    /// A report of a cluster.
    Cluster(ClusterId, ClusterReport),
    /// What a cluster's measuring has to say.
    Metrics(ClusterId, Report),
    /// What came of reading a log, asked for by [`Effect::ReadLog`].
    Log(News),
    /// How far a save is, asked for by [`Effect::SaveLogs`].
    Saving(Saving),
    /// The time on both clocks, once a second; what is drawn changes only when it has to.
    Tick(Timestamp, Moment),
    Resize {
        width: u16,
        height: u16,
    },
    /// Older events of an object, asked for by [`Effect::LoadEvents`].
    Events(ResourceRef, Result<Vec<Event>, Trouble>),
    /// What the user may do, asked for by [`Effect::Review`].
    Access(ClusterId, Access),
    /// What was released of an app before, asked for by [`Effect::LoadLedger`].
    Ledger(ClusterId, AppKey, Result<Box<Ledger>, Trouble>),
    /// The versions that a workload has revisions of, asked for by [`Effect::LoadHistory`].
    History(ResourceRef, Result<Vec<Told>, Trouble>),
    /// What of KEDA decides how many instances a workload has, asked for by [`Effect::LoadScaler`].
    Scaler(ResourceRef, Result<Option<Scaler>, Trouble>),
    /// Who changed an object to be of a generation, asked for by [`Effect::LoadAuthor`]; `None`: that is not known.
    Author(ResourceRef, i64, Option<Author>),
    /// The tags of a repository, asked for by [`Effect::LoadTags`].
    Tags(ImageName, Result<Tags, Trouble>),
    /// The commits of an app's repository, asked for by [`Effect::LoadCommits`].
    Commits(AppKey, Box<CommitsWanted>, Result<Box<Found>, Trouble>),
    /// What came of claiming an app, asked for by [`Effect::Claim`].
    Claimed(ClusterId, AppKey, Claim),
    /// A step was tried without effect, asked for by [`Effect::Prepare`].
    Prepared(Ticket, Result<Box<Prepared>, Failure>),
    /// What came of a write, asked for by [`Effect::CarryOut`].
    CarriedOut(Ticket, Result<Done, Failure>),
    /// A build was tried without effect, asked for by [`Effect::PrepareBuild`].
    BuildPrepared(Ticket, Result<Box<PreparedBuild>, Trouble>),
    /// A build was begun or joined, asked for by [`Effect::BeginBuild`].
    BuildBegun(Ticket, Result<Box<Begun>, Trouble>),
    /// What a job before a release wrote so far, asked for by [`Effect::ReadJob`].
    JobLog(ClusterId, ObjectKey, Result<Vec<Clean>, Trouble>),
    /// What a container of a workload wrote last that ended, asked for by [`Effect::LoadLastLines`]; why it cannot be read.
    LastLines(ResourceRef, Box<Ended>, Result<Vec<Clean>, Clean>),
    /// Something a person should know: a problem in a file, text copied.
    Notice(Trouble),
    /// Our own log has new lines.
    Logged,
    /// The program was stopped and goes on, or the machine slept: nothing known is fresh.
    Resumed(Timestamp, Moment),
}

impl Message {
    /// How many changes of objects it brings; 1 for whatever else.
    pub fn changes(&self) -> usize {
        match self {
            Self::Cluster(_, ClusterReport::Batch(batch)) => batch.changes.len().max(1),
            _ => 1,
        }
    }
}

/// What went wrong, or is worth saying, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub severity: Severity,
    pub text: Clean,
    pub hint: Option<Clean>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// Everything the program may ask of the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Quit,
    /// Stop like any job (SIGTSTP), with the terminal given back.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Put text on the person's clipboard (OSC 52).
    Copy(String),
    LoadEvents(ResourceRef),
    /// Read what was released of an app before.
    LoadLedger(ClusterId, AppKey),
    /// Read the versions that a StatefulSet, DaemonSet or CloneSet has revisions of.
    LoadHistory(ResourceRef),
    /// Read what of KEDA decides how many instances a workload has.
    LoadScaler(ResourceRef),
    /// Ask who changed an object to be of this generation.
    LoadAuthor(ResourceRef, i64),
    /// Read the tags of the repository of an image that a workload runs.
    LoadTags(ResourceRef, ImageName),
    /// Read the commits of an app's repository.
    LoadCommits(AppKey, Box<CommitsWanted>),
    /// Say to others that this app is released from here, or go on saying so; or take it over from who says so.
    Claim(ClusterId, AppKey, bool),
    /// Leave an app that was claimed.
    LetGo(ClusterId, AppKey),
    /// Try a step without effect.
    Prepare(Box<Asked>),
    /// Write what was confirmed, once.
    CarryOut(Box<Order>),
    /// Try a build of a workload's app without effect, in its cluster.
    PrepareBuild(Ticket, ResourceRef, Box<crate::build::Asked>),
    /// Begin a build that was confirmed, once.
    BeginBuild(Ticket, ClusterId, Box<PreparedBuild>),
    /// It is noted that a step was refused.
    Refuse(Box<Refused>),
    /// Read what a job before a release wrote so far.
    ReadJob(ClusterId, ObjectKey),
    /// Read what a container of a workload wrote last that ended.
    LoadLastLines(ResourceRef, Box<Ended>),
    Review(ClusterId, Vec<Right>),
    /// What is to be measured of a cluster from now on.
    Measure(ClusterId, Wanted),
    /// Read a container's log, instead of what is being read of it.
    ReadLog(Box<Request>),
    LeaveLog(Slot),
    /// The view of logs has no room: do not read on. Or it has again.
    HoldLogs(bool),
    /// Write logs to disk; one thing at a time.
    SaveLogs(Box<Save>),
    /// What is being saved ends here.
    StopSaving,
    /// Try all clusters again now.
    Reconnect,
}
