//! What happens when the program itself is wrong: the terminal is given back, a report is written, and it says where.

use std::io::Write;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files;
use super::redact::redact;
use super::terminal::Terminal;

/// The name of the threads whose tasks are supervised: a panic there ends the task, not the program.
pub const SUPERVISED: &str = "pilothouse-worker";

/// From now on a panic on any thread but the supervised ones gives the terminal back and writes a
/// report into `folder`.
pub fn install(terminal: Arc<Terminal>, folder: PathBuf) {
    std::panic::set_hook(Box::new(move |info| {
        let thread = std::thread::current();
        let report = describe(info, thread.name().unwrap_or("without a name"));
        if thread.name() == Some(SUPERVISED) {
            log::error!("{report}");
            return;
        }
        terminal.leave();
        let mut stderr = std::io::stderr();
        let _ = match write_report(&folder, &report) {
            Ok(path) => writeln!(
                stderr,
                "pilothouse: a bug ended the program; the report is in {}",
                path.display()
            ),
            Err(_) => writeln!(stderr, "pilothouse: a bug ended the program\n{report}"),
        };
    }));
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
