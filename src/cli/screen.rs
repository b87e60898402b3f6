//! The program on the terminal: checks that there is one, then hands over to the runtime.

use std::io::Write;

use chrono::Utc;

use super::args::Args;
use super::members::{self, Member};
use super::setup::{Choice, Setup};
use super::{Environment, Failure, simulated};
use crate::config::Problem;
use crate::domain::Clean;
use crate::message::{Message, Severity, Trouble};
use crate::model::{self, Model};
use crate::runtime::activity::ActivityLog;
use crate::runtime::clipboard::Multiplexer;
use crate::runtime::colours::Colours;
use crate::runtime::program::Screens;
use crate::runtime::{self, Exit, Program, Settings, logging};
use crate::theme::Theme;
use crate::world::{Scope, World};

/// `pilothouse` without a command.
pub(super) fn run(args: &Args, environment: &Environment, err: &mut dyn Write) -> Result<Exit, Failure> {
    check_terminal(environment)?;
    let setup = Setup::load(args, environment)?;
    if let Err(e) = logging::start(Some(&setup.paths.log()), setup.config.log_level.into()) {
        writeln!(
            err,
            "pilothouse: {} cannot be written: {e}",
            setup.paths.log().display()
        )?;
    }
    let settings = settings(args, environment, &setup);
    let simulated = args.demo.then(|| simulated::clusters(args.seed)).unwrap_or_default();
    let members = if args.demo {
        simulated::members(args, &setup, &simulated)?
    } else {
        members::of_kubeconfig(args, &setup)?
    };
    let program = program(args, environment, &setup, &settings, &members);
    let targets = members
        .into_iter()
        .map(|member| (member.target, member.rules))
        .collect();
    Ok(runtime::run(settings, program, |handles| {
        let _inside = handles.runtime.enter();
        simulated::play(&simulated);
        runtime::fleet::start(targets, handles)
    })?)
}

/// The screens over a world of which nothing is known yet.
fn program(args: &Args, environment: &Environment, setup: &Setup, settings: &Settings, members: &[Member]) -> Screens {
    let world = World::new(members.iter().map(|member| member.setup.clone()));
    let (theme, mistakes) = match &setup.theme {
        Choice::Shipped(name) => (Theme::shipped(name), Vec::new()),
        Choice::File { path, text } => {
            let (theme, problems) = Theme::parse(text);
            let problems = problems.into_iter();
            (
                theme,
                problems
                    .map(|p| Problem::new(path, Some(p.line), p.what, p.hint.unwrap_or_default()))
                    .collect(),
            )
        }
    };
    let model = Model::new(
        world,
        model::Settings {
            readonly: setup.config.readonly && !args.write,
            clock_offset_minutes: chrono::Local::now().offset().local_minus_utc() / 60,
            bindings: settings.keymap.table(),
            scope: Scope::default(),
            demo: args.demo,
        },
        Utc::now(),
    );
    let mut screens = Screens::new(
        model,
        theme,
        settings.colours,
        environment.variable("TERM").unwrap_or_default(),
    );
    for problem in setup.problems.iter().chain(&mistakes) {
        // A notice asks nothing of the world.
        let _ = screens.update(Message::Notice(Trouble {
            severity: Severity::Warning,
            text: Clean::new(&problem.to_string()),
            hint: None,
        }));
    }
    screens
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

fn settings(args: &Args, environment: &Environment, setup: &Setup) -> Settings {
    let term = environment.variable("TERM");
    let colours = if args.no_color {
        Colours::None
    } else {
        Colours::detect(
            environment.variable("NO_COLOR"),
            environment.variable("COLORTERM"),
            term,
        )
    };
    let person = environment
        .variable("USER")
        .or_else(|| environment.variable("LOGNAME"))
        .unwrap_or("unknown");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Settings {
        keymap: setup.keymap.clone(),
        colours,
        synchronized: setup.config.synchronized_output,
        multiplexer: Multiplexer::detect(environment.variable("TMUX"), term),
        activity: ActivityLog::open(Some(&setup.paths.activity()), format!("{person}@{host}")),
        reports: setup.paths.reports(),
    }
}
