//! What happens when the program itself is wrong: the terminal is given back, a report is written, and it says where.

use std::io::Write;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Exit;
use super::files;
use super::redact::redact;
use super::terminal::Terminal;
use crate::domain::text::sanitise;

/// The name of the threads whose tasks are supervised: a panic there ends the task, not the program.
pub const SUPERVISED: &str = "pilothouse-worker";

/// Held by whichever thread ends the program, so that a report is written to its end.
static ENDING: Mutex<()> = Mutex::new(());

/// From now on a panic on any thread but the supervised ones gives the terminal back, writes a report
/// into `folder` and ends the program with [`Exit::BUG`], whatever the other threads are at.
pub fn install(terminal: Arc<Terminal>, folder: PathBuf) {
    std::panic::set_hook(Box::new(move |info| {
        let thread = std::thread::current();
        let report = describe(info, thread.name().unwrap_or("without a name"));
        if thread.name() == Some(SUPERVISED) {
            log::error!("{report}");
            return;
        }
        let _ending = wait_for_reports();
        terminal.leave();
        tell(&folder, &report);
        end();
    }));
}

/// Waits while another thread ends the program; the caller may then end it itself.
pub fn wait_for_reports() -> MutexGuard<'static, ()> {
    ENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tell(folder: &Path, report: &str) {
    let mut stderr = std::io::stderr();
    let _ = match write_report(folder, report) {
        Ok(path) => writeln!(
            stderr,
            "pilothouse: a bug ended the program; the report is in {}",
            path.display()
        ),
        Err(_) => writeln!(
            stderr,
            "pilothouse: a bug ended the program\n{}",
            sanitise_lines(report)
        ),
    };
}

/// A panic may quote what a server sent.
fn sanitise_lines(report: &str) -> String {
    report.lines().map(sanitise).collect::<Vec<_>>().join("\n")
}

#[expect(
    clippy::exit,
    reason = "nothing that is left to run can be trusted, and the loop may not notice"
)]
fn end() {
    std::process::exit(i32::from(Exit::BUG));
}

fn describe(info: &PanicHookInfo<'_>, thread: &str) -> String {
    let said = info.payload_as_str().unwrap_or("something that is not text");
    let place = info
        .location()
        .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let trace = std::backtrace::Backtrace::force_capture();
    let version = env!("CARGO_PKG_VERSION");
    redact(&format!(
        "pilothouse {version}\npanic on thread {thread} at {place}: {said}\n\n{trace}"
    ))
    .into_owned()
}

fn write_report(folder: &Path, report: &str) -> std::io::Result<PathBuf> {
    files::private_folder(folder)?;
    let name = format!(
        "panic-{}-{}.txt",
        chrono::Utc::now().format("%Y%m%dT%H%M%SZ"),
        std::process::id()
    );
    let path = folder.join(name);
    files::private_file(&path)?.write_all(report.as_bytes())?;
    Ok(path)
}
