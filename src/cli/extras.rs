//! The small commands: version, completions, man page, the check of the configuration.

use std::io::Write;

use clap::CommandFactory;

use super::args::Args;
use super::setup::Setup;
use super::{Environment, Failure, Printable};
use crate::runtime::Exit;

/// `pilothouse version`
pub(super) fn version(out: &mut dyn Write) -> Result<Exit, Failure> {
    writeln!(out, "pilothouse {}", env!("CARGO_PKG_VERSION"))?;
    Ok(Exit(Exit::DONE))
}

/// `pilothouse completions SHELL`
pub(super) fn completions(shell: clap_complete::Shell, out: &mut dyn Write) -> Result<Exit, Failure> {
    // Into memory first: the generator gives up the program if its writer fails, as a closed pipe does.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "pilothouse", &mut text);
    out.write_all(&text)?;
    Ok(Exit(Exit::DONE))
}

/// `pilothouse man`
pub(super) fn man(out: &mut dyn Write) -> Result<Exit, Failure> {
    clap_mangen::Man::new(Args::command()).render(&mut &mut *out)?;
    Ok(Exit(Exit::DONE))
}

/// `pilothouse config check`
pub(super) fn config_check(args: &Args, environment: &Environment, out: &mut dyn Write) -> Result<Exit, Failure> {
    let setup = Setup::load(args, environment)?;
    for problem in &setup.problems {
        writeln!(out, "{}", Printable(&problem.to_string()))?;
    }
    match setup.problems.len() {
        0 => {
            let path = setup.paths.config.display();
            if setup.is_configured {
                writeln!(out, "{path}: nothing is wrong")?;
            } else {
                writeln!(out, "there is no {path}: the defaults count, and nothing is wrong")?;
            }
            Ok(Exit(Exit::DONE))
        }
        _ => Ok(Exit(Exit::FAILED)),
    }
}
