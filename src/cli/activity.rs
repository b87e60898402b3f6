//! `pilothouse activity`: what this program was told to do on this machine, by whom, and what came of it.

use std::io::Write;

use chrono::{SecondsFormat, Utc};
use serde::Serialize;

use super::args::{Args, Format, parse_duration};
use super::print::{Row, print};
use super::setup::Setup;
use super::{Environment, Failure, Printable, project};
use crate::domain::{Clean, Timestamp};
use crate::runtime::Exit;
use crate::runtime::activity::kept::{self, Line};

#[derive(Clone, Debug, clap::Args)]
pub struct ActivityAsk {
    /// How to print it
    #[arg(short, long, default_value = "table", value_name = "FORMAT")]
    pub output: Format,
    /// Only what is not older than this, such as 10m, 1h30m or 1d
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub since: Option<std::time::Duration>,
    /// Only what was written to this app (NAME or NAMESPACE/NAME)
    #[arg(long, value_name = "APP")]
    pub app: Option<String>,
}

/// A line of the activity log.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityRow {
    pub time: Timestamp,
    pub person: Clean,
    pub process: u32,
    pub did: Clean,
    pub cluster: Option<Clean>,
    pub kind: Option<Clean>,
    pub namespace: Option<Clean>,
    pub name: Option<Clean>,
    /// What it was about that is no object of a cluster.
    pub about: Option<Clean>,
    pub app: Option<Clean>,
    pub uid: Option<Clean>,
    pub operation: Option<Clean>,
    pub user: Option<Clean>,
    pub from: Option<Clean>,
    pub to: Option<Clean>,
    /// Verb and path of what was sent.
    pub request: Option<Clean>,
    pub reason: Option<Clean>,
    /// Why what spoke against it did not count.
    #[serde(rename = "override")]
    pub overridden: Option<Clean>,
    /// From whom the app was taken over.
    pub taken_over: Option<Clean>,
    /// What came of a write: `done`, or why not.
    pub answer: Option<Clean>,
    pub milliseconds: Option<u64>,
}

impl From<Line> for ActivityRow {
    fn from(line: Line) -> Self {
        let clean = |text: Option<String>| text.map(|text| Clean::new(&text));
        let (cluster, object) = match &line.attempt {
            Some(attempt) => (Some(attempt.cluster.clone()), Some(attempt.object.clone())),
            None => (line.cluster, line.object),
        };
        let (object, about) = if cluster.is_some() {
            (object, None)
        } else {
            (None, object)
        };
        let parts = object.as_deref().and_then(parts);
        let attempt = line.attempt;
        let of = |field: fn(&kept::Attempt) -> Option<&str>| attempt.as_ref().and_then(field).map(Clean::new);
        Self {
            time: line.time,
            person: Clean::new(&line.person),
            process: line.process,
            did: Clean::new(&line.did),
            cluster: clean(cluster),
            kind: parts.map(|(kind, ..)| Clean::new(kind)),
            namespace: parts.and_then(|(_, namespace, _)| namespace).map(Clean::new),
            name: parts.map(|(.., name)| Clean::new(name)),
            about: clean(about),
            app: of(|attempt| attempt.app.as_deref()),
            uid: of(|attempt| Some(&attempt.uid)),
            operation: of(|attempt| Some(&attempt.operation)),
            user: of(|attempt| Some(&attempt.user)),
            from: of(|attempt| attempt.from.as_deref()),
            to: of(|attempt| attempt.to.as_deref()),
            request: of(|attempt| attempt.request.as_deref()),
            reason: of(|attempt| attempt.reason.as_deref()),
            overridden: of(|attempt| attempt.overridden.as_deref()),
            taken_over: of(|attempt| attempt.taken_over.as_deref()),
            answer: of(|attempt| Some(&attempt.answer)),
            milliseconds: attempt.as_ref().map(|attempt| attempt.milliseconds),
        }
    }
}

/// Kind, namespace and name of `Deployment gift/live`.
fn parts(object: &str) -> Option<(&str, Option<&str>, &str)> {
    let (kind, key) = object.split_once(' ')?;
    Some(match key.split_once('/') {
        Some((namespace, name)) => (kind, Some(namespace), name),
        None => (kind, None, key),
    })
}

impl Row for ActivityRow {
    const HEADER: &'static [&'static str] = &[
        "TIME",
        "BY",
        "DID",
        "CLUSTER",
        "WHAT",
        "FROM",
        "TO",
        "CAME OF IT",
        "TOOK",
    ];

    fn path(&self) -> Vec<&str> {
        [&self.cluster, &self.namespace, &self.name]
            .into_iter()
            .flatten()
            .map(Clean::as_str)
            .collect()
    }

    fn leading(&self) -> Vec<&str> {
        Vec::new()
    }

    fn cells(&self, _: Timestamp) -> Vec<String> {
        let or_none = |text: Option<&Clean>| text.map_or_else(|| "–".to_owned(), ToString::to_string);
        let what = match (&self.kind, &self.name) {
            (Some(kind), Some(name)) => {
                let namespace = self.namespace.as_ref();
                Some(
                    namespace
                        .map_or_else(|| format!("{kind} {name}"), |at| format!("{kind} {at}/{name}"))
                        .into(),
                )
            }
            _ => self.about.clone(),
        };
        vec![
            self.time.to_rfc3339_opts(SecondsFormat::Secs, true),
            or_none(Some(self.user.as_ref().unwrap_or(&self.person))),
            self.did.to_string(),
            or_none(self.cluster.as_ref()),
            or_none(what.as_ref()),
            or_none(self.from.as_ref()),
            or_none(self.to.as_ref()),
            or_none(self.answer.as_ref()),
            self.milliseconds
                .map_or_else(|| "–".into(), |took| format!("{took} ms")),
        ]
    }
}

/// Runs the command: what is kept is printed, and how much of it could not be read is told.
pub(super) fn run(
    args: &Args,
    asked: &ActivityAsk,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let path = Setup::load(args, environment)?.paths.activity();
    let now = Utc::now();
    let since = asked.since.and_then(|since| chrono::TimeDelta::from_std(since).ok());
    let since = since.and_then(|since| now.checked_sub_signed(since));
    let kept = kept::read(&path, |line| {
        since.is_none_or(|since| line.time >= since) && asked.app.as_deref().is_none_or(|app| is_of(line, app))
    });
    let kept = kept.map_err(|error| {
        let what = format!("the activity log {} cannot be read: {error}", path.display());
        Failure::failed(what, "it is its user's alone: look whose it is")
    })?;
    let rows: Vec<ActivityRow> = kept.lines.into_iter().map(ActivityRow::from).collect();
    print(&rows, asked.output, now, out)?;
    if kept.unreadable > 0 {
        let lines = if kept.unreadable == 1 { "line" } else { "lines" };
        let path = path.display().to_string();
        writeln!(
            err,
            "pilothouse: {} {lines} of {} cannot be read",
            kept.unreadable,
            Printable(&path)
        )?;
    }
    Ok(Exit(Exit::DONE))
}

/// Whether a line is of a write to an app; where apps were not noted yet, to a workload of its name.
fn is_of(line: &Line, app: &str) -> bool {
    let Some(attempt) = &line.attempt else { return false };
    let Some((_, Some(namespace), name)) = parts(&attempt.object) else {
        return false;
    };
    project::is_app(app, namespace, attempt.app.as_deref().unwrap_or(name))
}
