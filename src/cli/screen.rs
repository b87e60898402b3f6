//! The program on the terminal: checks that there is one, then hands over to the runtime.

use std::collections::BTreeMap;
use std::io::Write;

use chrono::{DateTime, Local, Utc};
use ratatui::Frame;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::args::Args;
use super::members::Member;
use super::setup::Setup;
use super::{Environment, Failure, colours, fleet};
use crate::cluster::{self, Cluster};
use crate::config::Problem;
use crate::domain::{Clean, ClusterId};
use crate::message::{Effect, Message, Mode, Severity, Trouble};
use crate::model::{self, Model};
use crate::runtime::activity::ActivityLog;
use crate::runtime::clipboard::Multiplexer;
use crate::runtime::tasks::Work;
use crate::runtime::{self, Exit, Handles, Perform, Program, Settings, logging};
use crate::theme::{ColourDepth, Theme};
use crate::update::update;
use crate::view::{Viewports, view};
use crate::world::World;

/// Reports that may wait to be handed to the loop.
const REPORTS: usize = 256;

/// `pilothouse` without a command.
pub(super) fn run(args: &Args, environment: &Environment, err: &mut dyn Write) -> Result<Exit, Failure> {
    check_terminal(environment)?;
    let setup = Setup::load(args, environment)?;
    let members = fleet::members(args, &setup)?;
    if let Err(e) = logging::start(Some(&setup.paths.log()), setup.config.log_level.into()) {
        writeln!(
            err,
            "pilothouse: {} cannot be written: {e}",
            setup.paths.log().display()
        )?;
    }
    let settings = settings(environment, &setup);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    settings.activity.started(Utc::now(), &arguments.join(" "));
    let program = Pilothouse::new(args, environment, &setup, &members);
    Ok(runtime::run(settings, program, |handles| connect(members, handles))?)
}

/// A person needs a terminal that can be drawn on.
fn check_terminal(environment: &Environment) -> Result<(), Failure> {
    let term = environment.variable("TERM").unwrap_or_default();
    if !environment.stdin_is_terminal || !environment.stdout_is_terminal {
        return Err(Failure::usage(
            "this is not a terminal",
            "run it in one (over SSH: `ssh -t`), or use `pilothouse get` in scripts; `--demo` needs a terminal too",
        ));
    }
    if matches!(term, "" | "dumb") {
        return Err(Failure::usage(
            format!("the terminal cannot be drawn on (TERM is '{term}')"),
            "set TERM to what the terminal is, such as xterm-256color, or use `pilothouse get`",
        ));
    }
    Ok(())
}

fn settings(environment: &Environment, setup: &Setup) -> Settings {
    let person = environment
        .variable("USER")
        .or_else(|| environment.variable("LOGNAME"))
        .unwrap_or("unknown");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Settings {
        keymap: setup.keymap.clone(),
        synchronized: setup.config.synchronized_output,
        multiplexer: Multiplexer::detect(environment.variable("TMUX"), environment.variable("TERM")),
        activity: ActivityLog::open(Some(&setup.paths.activity()), format!("{person}@{host}")),
        reports: setup.paths.reports(),
    }
}

/// The model and how it is drawn.
struct Pilothouse {
    model: Model,
    theme: Theme,
    viewports: Viewports,
    drawn: Option<u64>,
}

impl Pilothouse {
    fn new(args: &Args, environment: &Environment, setup: &Setup, members: &[Member]) -> Self {
        let depth = if args.no_color {
            ColourDepth::None
        } else {
            colours::depth(environment)
        };
        let settings = model::Settings {
            readonly: args.readonly || (setup.config.readonly && !args.write),
            clock_offset_minutes: Local::now().offset().local_minus_utc() / 60,
            bindings: setup.keymap.table(),
            demo: args.demo,
            ..model::Settings::default()
        };
        let world = World::new(members.iter().map(|member| member.setup.clone()));
        let mut model = Model::new(world, settings, Utc::now());
        for problem in &setup.problems {
            // A notice asks nothing of the world.
            let _ = update(&mut model, Message::Notice(notice(problem)));
        }
        Self {
            model,
            theme: setup.theme.clone().fitted(depth, colours::glyphs(environment)),
            viewports: Viewports::default(),
            drawn: None,
        }
    }
}

fn notice(problem: &Problem) -> Trouble {
    let place = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    let name = problem.file.file_name().map(|name| name.to_string_lossy().into_owned());
    Trouble {
        severity: Severity::Warning,
        text: format!("{}{place}: {}", name.unwrap_or_default(), problem.what).into(),
        hint: Some(problem.hint.as_str())
            .filter(|hint| !hint.is_empty())
            .map(Clean::new),
    }
}

impl Program for Pilothouse {
    fn update(&mut self, message: Message) -> Vec<Effect> {
        update(&mut self.model, message)
    }

    fn settle(&mut self, now: DateTime<Utc>) {
        self.model.settle(now);
    }

    fn mode(&self) -> Mode {
        self.model.mode()
    }

    fn is_dirty(&self) -> bool {
        self.drawn != Some(self.model.version())
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        self.drawn = Some(self.model.version());
        view(&self.model, &self.theme, &mut self.viewports, frame);
    }
}

/// Starts watching; what comes back performs effects on the clusters.
fn connect(members: Vec<Member>, handles: &Handles) -> Perform {
    let (sender, mut reports) = mpsc::channel(REPORTS);
    let cancel = CancellationToken::new();
    let clusters: BTreeMap<ClusterId, Cluster> = members
        .into_iter()
        .map(|member| {
            let cluster = cluster::start(member.target, member.rules, sender.clone(), cancel.clone());
            (cluster.id().clone(), cluster)
        })
        .collect();
    let messages = handles.messages.clone();
    handles.runtime.spawn(async move {
        while let Some((id, report)) = reports.recv().await {
            if messages.send(Message::Cluster(id, report)).await.is_err() {
                return;
            }
        }
    });
    let stops_with_us = cancel.drop_guard();
    Box::new(move |effect| {
        let _ = &stops_with_us;
        perform(&clusters, effect)
    })
}

/// What an effect asks of a cluster.
fn perform(clusters: &BTreeMap<ClusterId, Cluster>, effect: Effect) -> Option<Work> {
    match effect {
        Effect::Reconnect(asked) => {
            let asked = |cluster: &&Cluster| asked.as_ref().is_none_or(|id| id == cluster.id());
            clusters.values().filter(asked).for_each(Cluster::reconnect_now);
            None
        }
        Effect::Review(id, rights) => {
            let cluster = clusters.get(&id)?.clone();
            let key = format!("rights in {id}");
            Some(Work::new(key, async move {
                Some(Message::Access(id, cluster.review(&rights).await))
            }))
        }
        Effect::LoadEvents(object) => {
            let cluster = clusters.get(&object.cluster)?.clone();
            let key = format!("events of {} {} in {}", object.kind, object.key, object.cluster);
            Some(Work::new(key, async move {
                let found = cluster.events_about(object.kind.name(), &object.key, &object.uid).await;
                let found = found.map_err(|error| Trouble {
                    severity: Severity::Error,
                    text: error.to_string().into(),
                    hint: Some(error.hint().into()),
                });
                Some(Message::Events(object, found))
            }))
        }
        Effect::Quit | Effect::Suspend | Effect::Redraw | Effect::Copy(_) => None,
    }
}
