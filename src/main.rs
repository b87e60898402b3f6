//! Collects what the program may know of its surroundings, runs it, and ends with its exit code.

use std::io::IsTerminal;
use std::process::ExitCode;

use pilothouse::cli::{self, Environment};

fn main() -> ExitCode {
    keep_memory_off_the_disk();
    let environment = Environment {
        // What is not Unicode is nothing this program asks for.
        variables: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        stdin_is_terminal: std::io::stdin().is_terminal(),
        stdout_is_terminal: std::io::stdout().is_terminal(),
        stderr_is_terminal: std::io::stderr().is_terminal(),
    };
    cli::report::install(&environment, environment.stderr_is_terminal);
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    ExitCode::from(cli::run(std::env::args_os(), &environment, &mut out, &mut err).0)
}

/// No core dumps: tokens are in this process's memory.
fn keep_memory_off_the_disk() {
    let none = rustix::process::Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Without the right to lower it, it stays what the person set.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
}
