//! The command line: what was asked for, the files and the environment, turned into a run; every failure is one sentence.
//!
//! Start at [`run`]. Everything is printed through the writers it is given.

pub mod activity;
pub mod args;
pub mod build;
mod checkup;
mod colours;
pub mod commits;
mod doctor;
mod extras;
mod fleet;
pub mod images;
pub mod ledgers;
mod logs;
pub mod members;
mod mistakes;
mod namespaces;
pub mod new;
mod order;
pub mod pictures;
pub mod print;
pub mod project;
pub mod rbac;
pub mod registries;
pub mod release;
pub mod report;
pub mod repositories;
pub mod rows;
mod sample;
pub mod scale;
mod screen;
pub mod setup;
pub mod simulated;
mod top;
pub mod watch;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};

use clap::{CommandFactory, Parser};

use crate::domain::selector::Selector;
use crate::domain::text::sanitise;
use crate::runtime::Exit;
use args::{Args, Command, ConfigCommand, DemoCommand, What};

/// Why the program does not start, or stopped half way, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    pub what: String,
    pub hint: String,
    pub exit: Exit,
}

impl Failure {
    /// It cannot start like this.
    pub fn usage(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: hint.into(),
            exit: Exit(Exit::USAGE),
        }
    }

    /// It started, and did not get there.
    pub fn failed(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            exit: Exit(Exit::FAILED),
            ..Self::usage(what, hint)
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // `pilothouse get … | head` has what it wanted: nothing to say, nothing wrong.
            return Self {
                exit: Exit(Exit::DONE),
                ..Self::usage("", "")
            };
        }
        Self::failed(error.to_string(), "")
    }
}

/// What comes from outside beside the arguments.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub variables: std::collections::BTreeMap<String, String>,
    pub stdin_is_terminal: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
}

impl Environment {
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }
}

/// Runs the program for these arguments; the first is the program's own name.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let arguments = order::globals_first(&Args::command(), arguments);
    let args = match Args::try_parse_from(&arguments) {
        Ok(args) => args,
        Err(error) => {
            let error = mistakes::mended(error, &arguments);
            let text = error.render();
            let written = if error.use_stderr() {
                write!(err, "{text}")
            } else {
                write!(out, "{text}")
            };
            return match written {
                Ok(()) if !error.use_stderr() => Exit(Exit::DONE),
                Ok(()) | Err(_) => Exit(Exit::USAGE),
            };
        }
    };
    match dispatch(&args, environment, out, err) {
        Ok(exit) => exit,
        Err(error) => match error.downcast::<Failure>() {
            Ok(failure) => {
                let _ = say(err, &failure);
                failure.exit
            }
            Err(unexpected) => {
                let _ = writeln!(err, "pilothouse cannot go on:{}", report::text(&unexpected));
                Exit(Exit::FAILED)
            }
        },
    }
}

fn dispatch(
    args: &Args,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> color_eyre::Result<Exit> {
    let exit = match &args.command {
        None => return screen::run(args, environment, err),
        Some(Command::Demo { command: None }) => {
            let args = Args {
                demo: true,
                ..args.clone()
            };
            return screen::run(&args, environment, err);
        }
        Some(Command::Get(get)) if get.what == What::Images => images::run(args, get, environment, out, err),
        Some(Command::Get(get)) => fleet::get(args, get, environment, out, err),
        Some(Command::Commits(asked)) => commits::run(args, asked, environment, (out, err)),
        Some(Command::Build(asked)) => build::run(args, asked, environment, out, err),
        Some(Command::Scale(asked)) => scale::run(args, asked, environment, out, err),
        Some(Command::New(asked)) => new::run(args, asked, environment, (out, err)),
        Some(Command::Release { command }) => release::run(args, command, environment, out, err),
        Some(Command::Top(top)) => top::run(args, top, environment, out, err),
        Some(Command::Logs(logs)) => logs::run(args, logs, environment, out, err),
        Some(Command::Doctor(doctor)) => doctor::run(args, doctor, environment, out, err),
        Some(Command::Version) => extras::version(out),
        Some(Command::Completions { shell }) => extras::completions(*shell, out),
        Some(Command::Man) => extras::man(out),
        Some(Command::Activity(asked)) => activity::run(args, asked, environment, out, err),
        Some(Command::Rbac(rbac)) => rbac::run(args, rbac, out),
        Some(Command::Config {
            command: ConfigCommand::Check,
        }) => extras::config_check(args, environment, out),
        Some(Command::Demo {
            command: Some(DemoCommand::Serve(serve)),
        }) => simulated::serve(serve, args.seed, out),
        Some(Command::Demo {
            command: Some(DemoCommand::Screenshot { folder }),
        }) => pictures::write(folder, out),
    };
    Ok(exit?)
}

/// One sentence, with what to do on a line of its own.
fn say(err: &mut dyn Write, failure: &Failure) -> io::Result<()> {
    if failure.what.is_empty() {
        return Ok(());
    }
    writeln!(err, "pilothouse: {}", Printable(&failure.what))?;
    if !failure.hint.is_empty() {
        writeln!(err, "  {}", Printable(&failure.hint))?;
    }
    Ok(())
}

/// The selector that was typed, if one was.
fn selector(text: Option<&str>) -> Result<Option<Selector>, Failure> {
    let parsed = text.map(Selector::parse).transpose();
    parsed.map_err(|what| Failure::usage(what, "write it as kubectl does: app=x,tier!=y,zone in (a,b)"))
}

/// Text from outside, harmless on a terminal.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sanitise(self.0))
    }
}
