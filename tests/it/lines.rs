//! F48, F49: lines that are frozen or slow. The program holds nothing back but frames; what it shows is the present,
//! and the answer to a key does not queue behind what the world did.

use tokio::runtime::Runtime;

use crate::pty::{Reading, Seen, Terminal, wait_until};
use crate::support::api::{Api, Asked};
use crate::support::socket;
use crate::terminal::resident;

/// How many frames were begun.
fn frames(seen: &Seen) -> usize {
    seen.count(b"\x1b[?2026h")
}

/// The program on a terminal with its instances before it, as many as `pods`; the server lives as long as what is given first.
fn instances(pods: usize) -> (Runtime, Api, Terminal) {
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let api = Api::with_pods(pods);
    let port = runtime.block_on(socket::serve(&api));
    let config = socket::kubeconfig(
        folder.path(),
        &format!("{{server: 'http://127.0.0.1:{port}'}}"),
        "{token: t}",
    );
    let mut terminal = Terminal::start(&["--kubeconfig", config.to_str().unwrap()]);
    terminal.type_bytes(b"4");
    terminal.wait_for_text("p00000");
    (runtime, api, terminal)
}

#[test]
fn f48_a_frozen_line_delays_no_data_and_then_shows_the_present() {
    let (_server, api, mut terminal) = instances(18);
    terminal.reading(Reading::Paused);
    let (memory, drawn) = (resident(&terminal), terminal.see(frames));
    // A minute of it is cut short to the next probe of the link, 5 s away: what piles up would pile up by then.
    let probes = |api: &Api| api.count(|asked: &Asked| asked.path == "/readyz");
    let before = probes(&api);
    let mut changes = 0;
    wait_until("a probe while the line is frozen", || probes(&api) > before);
    while changes < 2_000 {
        api.put_pod(&format!("p{:05}", changes % 18), "Pending");
        changes += 1;
        if changes % 10 == 0 {
            terminal.type_bytes(b"\x0c");
        }
    }
    api.put_pod("a-last-one", "Running");
    let grown = resident(&terminal).saturating_sub(memory);
    assert!(grown < 8 << 20, "{grown} bytes more");
    terminal.reading(Reading::Free);
    terminal.wait_for_text("a-last-one");
    let late = terminal.see(frames) - drawn;
    assert!(late < 40, "{late} frames of the past, of 200 that were asked for");
    terminal.type_bytes(b"q");
    assert_eq!(terminal.wait_for_end().0.exit_code(), 0);
}

/// The row of the cursor.
fn cursor(seen: &Seen) -> Option<usize> {
    seen.text().lines().position(|line| line.starts_with('▌'))
}

/// At 64 kbit/s a key is to be answered within 200 ms and the way there and back: so many bytes may lie between it and
/// its answer. Bytes are counted, not time: how busy the machine is says nothing of the line.
const WITHIN_200_MS: usize = 1_600;

#[test]
fn f49_a_slow_line_answers_keys_while_everything_changes() {
    let (_server, api, mut terminal) = instances(18);
    terminal.reading(Reading::Slow);
    let phases = ["Pending", "Running", "Failed"];
    let mut waited = Vec::new();
    for press in 0..15 {
        for pod in 0..18 {
            api.put_pod(&format!("p{pod:05}"), phases[(press + pod) % 3]);
        }
        let drawn = terminal.see(frames);
        terminal.wait_for("a frame of what changed", |seen| frames(seen) > drawn);
        let (before, row) = terminal.see(|seen| (seen.bytes.len(), cursor(seen)));
        terminal.type_bytes(if press % 2 == 0 { b"j" } else { b"k" });
        terminal.wait_for("the cursor's move", |seen| cursor(seen) != row);
        waited.push(terminal.see(|seen| seen.bytes.len()) - before);
    }
    waited.sort_unstable();
    assert!(waited[7] <= WITHIN_200_MS, "bytes before the answer: {waited:?}");
    terminal.reading(Reading::Free);
    terminal.type_bytes(b"q");
    assert_eq!(terminal.wait_for_end().0.exit_code(), 0);
}
