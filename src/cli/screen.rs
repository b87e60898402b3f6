//! The program on the terminal: checks that there is one, then hands over to the runtime.

use std::io::Write;

use ratatui::Frame;
use ratatui::text::Line;

use super::args::Args;
use super::setup::Setup;
use super::{Environment, Failure};
use crate::message::{Action, Effect, Message, Mode};
use crate::runtime::activity::ActivityLog;
use crate::runtime::clipboard::Multiplexer;
use crate::runtime::colours::Colours;
use crate::runtime::{self, Exit, Program, Settings, logging};

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
    let program = Waiting::default();
    Ok(runtime::run(settings, program, |_| Box::new(|_| None))?)
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

/// A screen that waits for the fleet.
#[derive(Debug, Default)]
struct Waiting {
    dirty: bool,
}

impl Program for Waiting {
    fn update(&mut self, message: Message) -> Vec<Effect> {
        self.dirty = true;
        match message {
            Message::Act(Action::Quit) => vec![Effect::Quit],
            Message::Act(Action::Redraw) => vec![Effect::Redraw],
            Message::Act(Action::Suspend) => vec![Effect::Suspend],
            _ => Vec::new(),
        }
    }

    fn mode(&self) -> Mode {
        Mode::Screen
    }

    fn is_dirty(&self) -> bool {
        self.dirty
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        self.dirty = false;
        frame.render_widget(Line::from("fleet"), frame.area());
    }
}
