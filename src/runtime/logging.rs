//! Our own log: to the screen that shows it and to a file, without secrets, whatever a library says.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use log::{LevelFilter, Log, Metadata, Record};

use super::journal::Journal;
use super::redact::redact;

/// Libraries that put requests and bodies, Secrets too, into warnings, and an error into the log for every attempt
/// to connect: what becomes of a request is told where it was sent, with its class and once.
const UNHEARD: [&str; 5] = ["kube_client", "hyper", "hyper_util", "rustls", "tower"];

/// Starts logging at `level` to the screen's buffer and, where the folder can be written, to `file`.
///
/// # Errors
/// What kept the file from being opened; the screen's buffer works all the same.
pub fn start(file: Option<&Path>, level: LevelFilter) -> std::io::Result<()> {
    let opened = file.map(Journal::open).transpose();
    let journal = opened.as_ref().ok().cloned().flatten();
    tui_logger::set_default_level(level);
    if log::set_boxed_logger(Box::new(Redacting { level, journal })).is_ok() {
        log::set_max_level(level);
    }
    opened.map(|_| ())
}

struct Redacting {
    level: LevelFilter,
    journal: Option<Journal>,
}

impl Log for Redacting {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target().split("::").next().unwrap_or_default();
        let is_ours = target == env!("CARGO_PKG_NAME");
        let is_worth_it = is_ours || metadata.level() <= log::Level::Warn && !UNHEARD.contains(&target);
        metadata.level() <= self.level && is_worth_it
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let said = record.args().to_string();
        let safe = crate::domain::Clean::new(&redact(&said));
        if let Some(journal) = &self.journal {
            let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ");
            journal.line(format!("{now} {:5} {} {safe}", record.level(), record.target()));
        }
        tui_logger::Drain::new().log(
            &Record::builder()
                .level(record.level())
                .target(record.target())
                .args(format_args!("{safe}"))
                .build(),
        );
        NEWS.store(true, Ordering::Release);
    }

    fn flush(&self) {
        if let Some(journal) = &self.journal {
            journal.flush();
        }
    }
}

/// Whether anything was logged since [`catch_up`].
static NEWS: AtomicBool = AtomicBool::new(false);

/// Lets the log's screen show what was logged since the last call. Whether there was anything.
pub fn catch_up() -> bool {
    let news = NEWS.swap(false, Ordering::AcqRel);
    if news {
        tui_logger::move_events();
    }
    news
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Level;

    #[test]
    fn no_secret_reaches_the_file_and_no_library_chats() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pilothouse.log");
        let logger = Redacting {
            level: LevelFilter::Debug,
            journal: Some(Journal::open(&path).unwrap()),
        };
        for (target, level) in [
            ("pilothouse::cluster", Level::Info),
            ("kube_client::client", Level::Warn),
            ("kube_client::client::builder", Level::Error),
            ("pilothouse::runtime", Level::Error),
            ("mio::poll", Level::Debug),
            ("pilothouse", Level::Trace),
        ] {
            logger.log(
                &Record::builder()
                    .level(level)
                    .target(target)
                    .args(format_args!("sent Bearer abcdefgh \x1b[2J"))
                    .build(),
            );
        }
        logger.flush();
        let written = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!(lines.len(), 2, "{written}");
        assert!(
            lines[0].ends_with("INFO  pilothouse::cluster sent Bearer ‹hidden› ␛[2J"),
            "{written}"
        );
        assert!(lines[1].contains("ERROR pilothouse::runtime"), "{written}");
    }
}
