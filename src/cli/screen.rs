//! The program on the terminal: checks that there is one, then hands over to the runtime.

use std::io::Write;

use chrono::Utc;
use color_eyre::Section;

use super::args::Args;
use super::members::Member;
use super::setup::Setup;
use super::simulated::Fleet;
use super::{Environment, Failure, colours, fleet, registries, repositories};
use crate::config::Problem;
use crate::domain::Clean;
use crate::message::{Message, Severity, Trouble};
use crate::model::{self, Model};
use crate::runtime::activity::ActivityLog;
use crate::runtime::builds::Builders;
use crate::runtime::clipboard::Multiplexer;
use crate::runtime::fleet::Beside;
use crate::runtime::program::Screens;
use crate::runtime::{self, Exit, Program, Settings, descriptors, logging};
use crate::theme::ColourDepth;
use crate::world::{Scope, World};

/// `pilothouse` without a command.
pub(super) fn run(args: &Args, environment: &Environment, err: &mut dyn Write) -> color_eyre::Result<Exit> {
    check_terminal(environment)?;
    let setup = Setup::load(args, environment)?;
    if let Err(e) = logging::start(Some(&setup.paths.log()), setup.config.log_level.into()) {
        writeln!(
            err,
            "pilothouse: {} cannot be written: {e}",
            setup.paths.log().display()
        )?;
    }
    let settings = settings(environment, &setup);
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    settings.activity.started(Utc::now(), &arguments.join(" "));
    log::info!("pilothouse {} starts", env!("CARGO_PKG_VERSION"));
    let simulated = Fleet::new(args.seed);
    let members = fleet::members(args, &setup, &simulated)?;
    let program = program(args, environment, &setup, &members);
    let activity = settings.activity.clone();
    let targets = members
        .into_iter()
        .map(|member| (member.target, member.rules, member.measuring))
        .collect();
    let folder = setup.config.log_folder();
    let beside = Beside {
        registries: (!args.demo).then(|| registries::of(&setup, environment)),
        repositories: Some(repositories::of(args, &setup, &simulated)),
        builders: builders(&setup),
    };
    runtime::run(settings, program, |handles| {
        runtime::fleet::start(targets, beside, folder, activity, handles)
    })
    .suggestion("try another terminal; `pilothouse get` and `pilothouse doctor` need none")
}

/// What builds are made by.
pub(super) fn builders(setup: &Setup) -> Builders {
    Builders {
        folder: setup.paths.beside_config("builders"),
        most: setup.config.builds_at_once.get(),
    }
}

/// The screens over a world of which nothing is known yet.
fn program(args: &Args, environment: &Environment, setup: &Setup, members: &[Member]) -> Screens {
    let depth = if args.no_color {
        ColourDepth::None
    } else {
        colours::depth(environment)
    };
    let world = World::new(members.iter().map(|member| member.setup.clone()));
    let model = Model::new(
        world,
        model::Settings {
            person: person(environment).into(),
            clock_offset_minutes: chrono::Local::now().offset().local_minus_utc() / 60,
            bindings: setup.keymap.table(),
            scope: Scope::default(),
            demo: args.demo,
            problems: setup.problems.iter().map(notice).collect(),
            thresholds: setup.config.thresholds.into(),
            sources: repositories::sources(&setup.config),
            follow_limit: Some(descriptors::follow_limit(descriptors::raise(), members.len())),
        },
        Utc::now(),
    );
    let mut screens = Screens::new(model, setup.theme.clone().fitted(depth, colours::glyphs(environment)));
    for problem in &setup.problems {
        log::warn!("{problem}");
        // A notice asks nothing of the world.
        let _ = screens.update(Message::Notice(notice(problem)));
    }
    screens
}

fn notice(problem: &Problem) -> Trouble {
    let place = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    Trouble {
        severity: Severity::Warning,
        text: format!("{}{place}: {}", problem.file.display(), problem.what).into(),
        hint: Some(problem.hint.as_str())
            .filter(|hint| !hint.is_empty())
            .map(Clean::new),
    }
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

/// Who gives the orders: `oncall@jump1`.
pub(super) fn person(environment: &Environment) -> String {
    let name = environment
        .variable("USER")
        .or_else(|| environment.variable("LOGNAME"))
        .unwrap_or("unknown");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{name}@{host}")
}

fn settings(environment: &Environment, setup: &Setup) -> Settings {
    Settings {
        keymap: setup.keymap.clone(),
        synchronized: setup.config.synchronized_output,
        multiplexer: Multiplexer::detect(environment.variable("TMUX"), environment.variable("TERM")),
        activity: ActivityLog::open(Some(&setup.paths.activity()), person(environment)),
        reports: setup.paths.reports(),
    }
}
