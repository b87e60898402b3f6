//! Panics: the terminal is given back and a report written; a task that panics is news, not the end.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use pilothouse::cluster::Target;
use pilothouse::domain::{ClusterId, Kind};
use pilothouse::input::Keymap;
use pilothouse::message::{Action, Effect, Message, Mode};
use pilothouse::runtime::activity::ActivityLog;
use pilothouse::runtime::clipboard::Multiplexer;
use pilothouse::runtime::tasks::Work;
use pilothouse::runtime::{self, Perform, Program, Settings};
use ratatui::Frame;
use ratatui::text::{Line, Text};

use crate::pty::{Reading, Seen, Terminal, first_file};
use crate::support::api::Api;
use crate::support::watch_target;
use crate::terminal::{fresh_modes, is_as_it_was};

/// Names the folder for reports, and that this process is the child.
const CHILD: &str = "PILOTHOUSE_TEST_REPORTS";

/// A program that panics on request: `?` while it updates, `/` while it draws, `1` on a thread of its own, ctrl-r in a
/// task. Every frame differs from the last one in every cell.
#[derive(Default)]
struct Fragile {
    said: String,
    panic_in_draw: bool,
    frames: u32,
}

impl Program for Fragile {
    fn update(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Act(Action::Help) => panic!("update, on purpose; Bearer s3cr3t"),
            Message::Act(Action::Filter) => self.panic_in_draw = true,
            Message::Act(Action::ShowFleet) => {
                let thread = std::thread::Builder::new().name("another".into());
                thread.spawn(|| panic!("thread, on purpose")).unwrap();
                return vec![Effect::Redraw];
            }
            Message::Act(Action::Reconnect) => return vec![Effect::Reconnect],
            Message::Act(Action::Quit) => return vec![Effect::Quit],
            Message::Notice(trouble) => self.said = trouble.text.to_string(),
            _ => {}
        }
        Vec::new()
    }

    fn settle(&mut self, _: pilothouse::domain::Timestamp) {}

    fn mode(&self) -> Mode {
        Mode::Screen
    }

    fn is_dirty(&self) -> bool {
        true
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        assert!(!self.panic_in_draw, "draw, on purpose");
        self.frames += 1;
        let area = frame.area();
        let fill = char::from(b'a' + u8::try_from(self.frames % 26).unwrap());
        let line = fill.to_string().repeat(area.width.into());
        frame.render_widget(Text::from(vec![Line::from(line); area.height.into()]), area);
        frame.render_widget(Line::from(format!("ready {}", self.said)), area);
    }
}

/// Not a test of its own: the others start this binary again on a pseudo-terminal to run it.
#[test]
#[ignore = "the child of the other tests"]
fn child() -> color_eyre::Result<()> {
    let Some(reports) = std::env::var_os(CHILD) else {
        return Ok(());
    };
    let settings = Settings {
        keymap: Keymap::shipped("default").unwrap(),
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
    let before = fresh_modes();
    for (key, said) in [
        (b"?", "update, on purpose"),
        (b"/", "draw, on purpose"),
        (b"1", "thread another"),
    ] {
        let reports = tempfile::tempdir().unwrap();
        let folder = reports.path().join("reports");
        let mut terminal = start(&folder);
        terminal.type_bytes(key);
        assert_eq!(terminal.wait_for_end().0.exit_code(), 101);
        terminal.wait_for_last_byte();
        let report = first_file(&folder).unwrap();
        terminal.see(|seen| {
            assert!(is_as_it_was(seen));
            let after = after_leaving(seen);
            assert!(!after.contains('\x1b'), "{said}: a frame after the end: {after:?}");
            let shown = seen.text().replace('\n', "");
            assert!(shown.contains(report.file_name().unwrap().to_str().unwrap()), "{shown}");
        });
        assert_eq!(terminal.modes(), before);
        let text = std::fs::read_to_string(&report).unwrap();
        assert!(text.contains(said) && !text.contains("s3cr3t"), "{text}");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&report).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// What was written after the terminal was given back.
fn after_leaving(seen: &Seen) -> String {
    let bytes = String::from_utf8_lossy(&seen.bytes).into_owned();
    let (_, after) = bytes.rsplit_once("\x1b[?1049l\x1b[?25h").expect("it left");
    after.to_owned()
}

#[test]
fn a_panic_over_a_blocked_line_gives_the_terminal_back_too() {
    let before = fresh_modes();
    let reports = tempfile::tempdir().unwrap();
    let mut terminal = start(reports.path());
    terminal.reading(Reading::Paused);
    // More frames than the kernel holds: one of them is stuck half-way.
    for _ in 0..200 {
        terminal.type_bytes(b"\x0c");
    }
    terminal.type_bytes(b"?");
    let (status, took) = terminal.wait_for_end();
    assert_eq!(status.exit_code(), 101);
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(terminal.modes(), before);
    terminal.reading(Reading::Free);
    terminal.wait_for_last_byte();
    terminal.see(|seen| {
        assert!(is_as_it_was(seen));
        assert!(!after_leaving(seen).contains('\x1b'), "{:?}", after_leaving(seen));
    });
}

#[tokio::test(start_paused = true)]
async fn f45_a_watch_that_panics_is_started_again_and_the_cluster_goes_on() {
    let api = Api::with_pods(20);
    let (server, panics) = (api.clone(), Arc::new(AtomicUsize::new(2)));
    let target = Target::in_process(ClusterId::new("test"), move |request: http::Request<Bytes>| {
        let (api, panics) = (server.clone(), Arc::clone(&panics));
        async move {
            let is_pods = request.uri().path() == "/api/v1/pods";
            let answer = api.handle(request).await.map_err(io::Error::other)?;
            let panic_next = is_pods
                && panics
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                    .is_ok();
            // The body is read by the watch itself, so that is what panics.
            Ok(answer.map(|body| {
                body.map_frame(move |frame| {
                    assert!(!panic_next, "watch, on purpose");
                    frame
                })
            }))
        }
    });
    let (_cluster, mut observer) = watch_target(target);
    observer.until_synced().await;
    assert_eq!(observer.seen.names(Kind::Pod).len(), 20);
    assert!(
        observer.seen.notices.iter().any(|said| said.contains("pods")),
        "{:?}",
        observer.seen.notices
    );
    api.put_pod("after", "Running");
    observer
        .until("the watch goes on", Duration::from_secs(5), |seen| {
            seen.names(Kind::Pod) == api.names("/api/v1/pods")
        })
        .await;
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
