//! Terminal life: signals, suspend, hang-up, sizes, blocked lines; the terminal is as it was after each.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::pty::{PROGRAM, Reading, Seen, Terminal, wait_until};

/// What leaving must have undone.
pub(crate) fn is_as_it_was(seen: &Seen) -> bool {
    let screen = seen.screen();
    !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
}

fn demo() -> Terminal {
    let terminal = Terminal::start(&["--demo"]);
    terminal.wait_for_text("fleet");
    terminal
}

/// The driver's modes before any program changed them.
pub(crate) fn fresh_modes() -> String {
    let terminal = Terminal::start_command("sleep", &["600"], &[]);
    terminal.modes()
}

#[test]
fn signals_end_it_within_a_second_with_the_terminal_as_it_was() {
    let before = fresh_modes();
    for (signal, code) in [
        (Signal::TERM, 143),
        (Signal::INT, 130),
        (Signal::QUIT, 131),
        (Signal::HUP, 129),
    ] {
        let mut terminal = demo();
        assert_ne!(terminal.modes(), before, "raw while it runs");
        terminal.signal(signal);
        let (status, took) = terminal.wait_for_end();
        assert_eq!(status.exit_code(), code, "{signal:?}");
        assert!(took < Duration::from_secs(1), "{signal:?} took {took:?}");
        assert_eq!(terminal.modes(), before, "{signal:?}");
        terminal.wait_for_last_byte();
        assert!(terminal.see(is_as_it_was), "{signal:?}");
    }
}

#[test]
fn quitting_by_key_leaves_the_terminal_as_it_was() {
    let before = fresh_modes();
    let mut terminal = demo();
    terminal.type_bytes(b"q");
    let (status, took) = terminal.wait_for_end();
    assert_eq!(status.exit_code(), 0);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(terminal.modes(), before);
    terminal.wait_for_last_byte();
    assert!(terminal.see(is_as_it_was));
}

#[test]
fn a_closed_terminal_ends_it_within_a_second() {
    let mut terminal = demo();
    terminal.hang_up();
    let (status, took) = terminal.wait_for_end();
    assert_eq!(status.exit_code(), 129);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn a_killed_parent_ends_it_though_the_terminal_stays() {
    let before = fresh_modes();
    // The shell that has the terminal lives on, so nothing hangs up: only the program's parent is gone.
    let parent = format!("{PROGRAM} --demo < /dev/tty & echo $! > program; wait");
    let script = format!("sh -c '{parent}' & echo $! > parent; wait; exec sleep 600");
    let terminal = Terminal::start_command("sh", &["-c", &script], &[]);
    terminal.wait_for_text("fleet");
    let pid = |name: &str| {
        let text = std::fs::read_to_string(terminal.home.path().join(name)).unwrap();
        Pid::from_raw(text.trim().parse().unwrap()).unwrap()
    };
    let program = pid("program");
    kill_process(pid("parent"), Signal::KILL).unwrap();
    let killed = Instant::now();
    wait_until("the program to end", || !is_alive(program));
    assert!(killed.elapsed() < Duration::from_secs(1), "{:?}", killed.elapsed());
    terminal.wait_for("the terminal as it was", is_as_it_was);
    assert_eq!(terminal.modes(), before);
}

/// Whether a process runs: neither gone nor waiting to be asked how it ended.
fn is_alive(pid: Pid) -> bool {
    let link = format!("/proc/{}/exe", pid.as_raw_nonzero());
    std::path::Path::new(&link).read_link().is_ok()
}

#[test]
fn it_stops_and_goes_on_by_key_again_and_again() {
    let before = fresh_modes();
    let script = format!("{PROGRAM} --demo; exit $?");
    let mut terminal = Terminal::start_command("sh", &["-c", &script], &[]);
    terminal.wait_for_text("fleet");
    for round in 0..20 {
        terminal.type_bytes(b"\x1a");
        terminal.wait_for_stop();
        terminal.wait_for("the screen given back", is_as_it_was);
        assert_eq!(terminal.modes(), before, "round {round}");
        terminal.signal_group(Signal::CONT);
        terminal.wait_for_text("fleet");
    }
    wait_until("raw mode", || terminal.modes() != before);
    terminal.type_bytes(b"q");
    assert_eq!(terminal.wait_for_end().0.exit_code(), 0);
    assert_eq!(terminal.modes(), before);
}

#[test]
fn it_stops_and_goes_on_by_signal() {
    let before = fresh_modes();
    let mut terminal = demo();
    for _ in 0..100 {
        terminal.signal(Signal::TSTP);
        terminal.wait_for_stop();
        assert_eq!(terminal.modes(), before);
        terminal.wait_for("the screen given back", is_as_it_was);
        terminal.signal(Signal::CONT);
        terminal.wait_for_text("fleet");
    }
    terminal.type_bytes(b"q");
    assert_eq!(terminal.wait_for_end().0.exit_code(), 0);
}

#[test]
fn without_a_shell_the_suspend_key_says_so_instead_of_freezing_the_line() {
    let mut terminal = demo();
    terminal.type_bytes(b"\x1a");
    terminal.type_bytes(b"q");
    assert_eq!(terminal.wait_for_end().0.exit_code(), 0);
}

#[test]
fn a_storm_of_sizes_ends_in_the_last_one() {
    let mut terminal = demo();
    let (mut width, mut height) = (1_u16, 1_u16);
    for step in 0..200_u16 {
        width = (width * 7 + step) % 500 + 1;
        height = (height * 5 + step) % 200 + 1;
        terminal.resize(width, height);
    }
    terminal.resize(1, 1);
    terminal.resize(500, 200);
    terminal.resize(59, 15);
    terminal.wait_for_text("60 × 15 at least");
    terminal.wait_for_text("59 × 15 here");
    terminal.resize(80, 24);
    terminal.wait_for_text("fleet");
    terminal.type_bytes(b"q");
    assert_eq!(terminal.wait_for_end().0.exit_code(), 0);
}

#[test]
fn a_key_after_a_resize_is_not_held_back() {
    let mut terminal = demo();
    terminal.type_bytes(b"?");
    terminal.wait_for_text("here: fleet");
    let before = terminal.see(|seen| seen.bytes.len());
    terminal.resize(100, 30);
    terminal.wait_for("a frame of the new size", |seen| seen.bytes.len() > before);
    terminal.type_bytes(b"\x1b");
    terminal.wait_for("help to close", |seen| !seen.text().contains("here: fleet"));
    terminal.type_bytes(b"q");
    assert_eq!(terminal.wait_for_end().0.exit_code(), 0);
}

#[test]
fn pasted_text_is_never_a_key() {
    let mut terminal = demo();
    terminal.type_bytes(b"\x1b[200~q\nq\x1b[201~");
    // The key after it is handled after it: had the paste been keys, nothing would be drawn any more.
    let before = terminal.see(|seen| seen.bytes.len());
    terminal.type_bytes(b"\x0c");
    terminal.wait_for("a frame after the paste", |seen| seen.bytes.len() > before);
    assert!(terminal.see(|seen| seen.screen().alternate_screen()));
    terminal.type_bytes(b"q");
    assert_eq!(terminal.wait_for_end().0.exit_code(), 0);
}

#[test]
fn a_blocked_line_blocks_nothing_but_itself() {
    let before = fresh_modes();
    let mut terminal = demo();
    terminal.reading(Reading::Paused);
    for _ in 0..500 {
        terminal.type_bytes(b"\x0c");
    }
    terminal.reading(Reading::Free);
    terminal.wait_for_text("fleet");
    terminal.reading(Reading::Paused);
    for _ in 0..500 {
        terminal.type_bytes(b"\x0c");
    }
    terminal.signal(Signal::TERM);
    let (status, took) = terminal.wait_for_end();
    assert_eq!(status.exit_code(), 143);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(terminal.modes(), before);
    terminal.reading(Reading::Free);
    terminal.wait_for_last_byte();
    assert!(terminal.see(is_as_it_was));
}

#[test]
fn without_colours_none_are_sent() {
    let mut terminal = Terminal::start_command(PROGRAM, &["--demo"], &[("NO_COLOR", "1")]);
    terminal.wait_for_text("fleet");
    terminal.type_bytes(b"q");
    terminal.wait_for_end();
    terminal.wait_for_last_byte();
    let bytes = terminal.see(|seen| String::from_utf8_lossy(&seen.bytes).into_owned());
    for colour in ["[38;", "[48;", ";38;", ";48;"] {
        assert!(!bytes.contains(colour), "{bytes:?}");
    }
}

#[test]
fn without_a_locale_every_sign_is_ascii() {
    for locale in ["", "C", "POSIX"] {
        let mut terminal = Terminal::start_command(PROGRAM, &["--demo"], &[("LANG", locale)]);
        terminal.wait_for_text("fleet");
        for keys in ["2", "3", "4", "5", "9", "0", "?"] {
            let before = terminal.see(|seen| seen.bytes.len());
            terminal.type_bytes(keys.as_bytes());
            terminal.wait_for("an answer", |seen| seen.bytes.len() > before);
        }
        terminal.type_bytes(b"\x1bq");
        terminal.signal(Signal::TERM);
        terminal.wait_for_end();
        terminal.wait_for_last_byte();
        let text = terminal.see(|seen| String::from_utf8(seen.bytes.clone()).unwrap());
        let signs: Vec<char> = text.chars().filter(|c| !c.is_ascii()).collect();
        assert!(signs.is_empty(), "LANG={locale}: {signs:?}");
    }
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_gets_a_sentence() {
    for term in ["dumb", ""] {
        let mut terminal = Terminal::start_command(PROGRAM, &["--demo"], &[("TERM", term)]);
        assert_eq!(terminal.wait_for_end().0.exit_code(), 2);
        terminal.wait_for_last_byte();
        terminal.see(|seen| {
            assert!(
                !seen.bytes.contains(&0x1b),
                "{:?}",
                String::from_utf8_lossy(&seen.bytes)
            );
            assert!(seen.text().contains("TERM is"), "{}", seen.text());
        });
    }
}

/// Resident memory in bytes.
pub(crate) fn resident(terminal: &Terminal) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", terminal.pid().as_raw_nonzero())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}
