//! Panics: the terminal is given back and a report written; a task that panics is news, not the end.

use std::io;
use std::path::PathBuf;

use pilothouse::input::Keymap;
use pilothouse::message::{Action, Effect, Message, Mode};
use pilothouse::runtime::activity::ActivityLog;
use pilothouse::runtime::clipboard::Multiplexer;
use pilothouse::runtime::colours::Colours;
use pilothouse::runtime::tasks::Work;
use pilothouse::runtime::{self, Perform, Program, Settings};
use ratatui::Frame;
use ratatui::text::Line;

use crate::pty::{Terminal, first_file};

/// Names the folder for reports, and that this process is the child.
const CHILD: &str = "PILOTHOUSE_TEST_REPORTS";

/// A program that panics on request: `?` while it updates, `/` while it draws, ctrl-r in a task.
#[derive(Default)]
struct Fragile {
    said: String,
    panic_in_draw: bool,
}

impl Program for Fragile {
    fn update(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Act(Action::Help) => panic!("update, on purpose; Bearer s3cr3t"),
            Message::Act(Action::Filter) => self.panic_in_draw = true,
            Message::Act(Action::Reconnect) => return vec![Effect::Reconnect(None)],
            Message::Act(Action::Quit) => return vec![Effect::Quit],
            Message::Notice(trouble) => self.said = trouble.text.to_string(),
            _ => {}
        }
        Vec::new()
    }

    fn mode(&self) -> Mode {
        Mode::Screen
    }

    fn is_dirty(&self) -> bool {
        true
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        assert!(!self.panic_in_draw, "draw, on purpose");
        frame.render_widget(Line::from(format!("ready {}", self.said)), frame.area());
    }
}

/// Not a test of its own: the others start this binary again on a pseudo-terminal to run it.
#[test]
#[ignore = "the child of the other tests"]
fn child() -> io::Result<()> {
    let Some(reports) = std::env::var_os(CHILD) else {
        return Ok(());
    };
    let settings = Settings {
        keymap: Keymap::shipped("default").unwrap(),
        colours: Colours::Sixteen,
        synchronized: true,
        multiplexer: Multiplexer::None,
        activity: ActivityLog::open(None, "test".into()),
        reports: PathBuf::from(reports),
    };
    let perform: Perform = Box::new(|_| Some(Work::new("a task", async { panic!("task, on purpose") })));
    runtime::run(settings, Fragile::default(), |_| perform).map(drop)
}

fn start(reports: &std::path::Path) -> Terminal {
    let own = std::env::current_exe().unwrap();
    let arguments = ["--ignored", "--exact", "panics::child", "--nocapture"];
    let terminal = Terminal::start_command(own.to_str().unwrap(), &arguments, &[(CHILD, reports.to_str().unwrap())]);
    terminal.wait_for_text("ready");
    terminal
}

#[test]
fn a_panic_of_the_program_gives_the_terminal_back_and_writes_a_report() {
    for (key, said) in [(b"?", "update, on purpose"), (b"/", "draw, on purpose")] {
        let reports = tempfile::tempdir().unwrap();
        let folder = reports.path().join("reports");
        let mut terminal = start(&folder);
        terminal.type_bytes(key);
        assert_eq!(terminal.wait_for_end().0.exit_code(), 101);
        terminal.wait_for_last_byte();
        let report = first_file(&folder).unwrap();
        terminal.see(|seen| {
            assert!(!seen.screen().alternate_screen() && !seen.screen().hide_cursor());
            let shown = seen.text().replace('\n', "");
            assert!(shown.contains(report.file_name().unwrap().to_str().unwrap()), "{shown}");
        });
        let text = std::fs::read_to_string(&report).unwrap();
        assert!(text.contains(said) && !text.contains("s3cr3t"), "{text}");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&report).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_panic_of_a_task_is_shown_and_the_program_goes_on() {
    let reports = tempfile::tempdir().unwrap();
    let mut terminal = start(reports.path());
    terminal.type_bytes(b"\x12");
    terminal.wait_for_text("a task failed inside this program");
    terminal.type_bytes(b"q");
    assert_eq!(terminal.wait_for_end().0.exit_code(), 0);
}
