//! Commands that look at the fleet without a terminal.

use std::io::Write;
use std::path::Path;

use super::args::{Args, Get, Serve};
use super::{Environment, Failure};
use crate::runtime::Exit;

pub(super) fn get(_: &Args, _: &Get, _: &Environment, _: &mut dyn Write, _: &mut dyn Write) -> Result<Exit, Failure> {
    Err(Failure::failed("there is no fleet to look at yet", ""))
}
pub(super) fn doctor(_: &Args, _: &Environment, _: &mut dyn Write) -> Result<Exit, Failure> {
    Err(Failure::failed("there is no fleet to look at yet", ""))
}
pub(super) fn serve(_: &Serve, _: &mut dyn Write) -> Result<Exit, Failure> {
    Err(Failure::failed("there is no fleet to look at yet", ""))
}
pub(super) fn screenshot(_: &Path, _: &mut dyn Write) -> Result<Exit, Failure> {
    Err(Failure::failed("there is no fleet to look at yet", ""))
}
