//! Runs `git` where it cannot touch our terminal: no standard input, output and error captured, a process group of its
//! own that ends with the waiting, and no question asked.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::error::GitError;
use crate::cluster::{Group, read_limited};
use crate::domain::Clean;

/// How much git may print.
const OUTPUT_LIMIT: u64 = 32 << 20;
/// How much of what it says beside that is kept.
const SAID_LIMIT: usize = 64 << 10;
/// How long what git started may go on saying something after it: a shared connection of ssh stays.
const GRACE: Duration = Duration::from_millis(200);

/// Settings that count whatever this person's own say: nothing is asked, signed, packed or run on the side.
const SETTINGS: [&str; 8] = [
    "credential.interactive=false",
    "core.hooksPath=/dev/null",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "log.showSignature=false",
    "core.fsmonitor=false",
];

/// What of the environment would lead git to another repository, or make it say more than it should.
const FORGOTTEN: [&str; 15] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE_CURL",
    "GIT_TRACE_PACKET",
    "GIT_CURL_VERBOSE",
    "SSH_ASKPASS",
    "LANGUAGE",
];

/// What git is to do.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub(super) program: &'a OsStr,
    /// The repository it works in.
    pub(super) folder: Option<&'a Path>,
    /// The ways that it may go (`GIT_ALLOW_PROTOCOL`).
    pub(super) protocols: &'a str,
    pub(super) ssh: Option<&'a str>,
    pub(super) args: &'a [&'a str],
}

/// What git did.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) is_good: bool,
    pub(super) output: Vec<u8>,
    pub(super) said: String,
}

impl Task<'_> {
    /// Runs it; whoever stops waiting ends it, and all that it started.
    pub(super) async fn run(&self, repo: &Clean) -> Result<Done, GitError> {
        let failed = |reason: &str| GitError::Failed {
            repo: repo.clone(),
            reason: reason.into(),
        };
        let mut child = self.command().spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => GitError::NoGit,
            kind => failed(&format!("it cannot be started: {kind}")),
        })?;
        let group = Group::of(&child);
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(failed("it gave no output"));
        };
        let mut said = Vec::new();
        let (output, status) = {
            let listening = listen(stderr, &mut said);
            let working = async { (read_limited(stdout, OUTPUT_LIMIT).await, child.wait().await) };
            tokio::pin!(listening, working);
            let early = tokio::select! {
                done = &mut working => Some(done),
                () = &mut listening => None,
            };
            match early {
                Some(done) => {
                    // What is not said by then was not said by git.
                    let _ = tokio::time::timeout(GRACE, listening).await;
                    done
                }
                None => working.await,
            }
        };
        drop(group);
        let output = output.ok_or_else(|| failed("it prints too much"))?;
        let status = status.map_err(|error| failed(&format!("it cannot be waited for: {}", error.kind())))?;
        Ok(Done {
            is_good: status.success(),
            output,
            said: String::from_utf8_lossy(&said).into_owned(),
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        if let Some(folder) = self.folder {
            command.arg("--git-dir").arg(folder);
        }
        for name in FORGOTTEN {
            command.env_remove(name);
        }
        if let Some(ssh) = self.ssh {
            command.env("GIT_SSH_COMMAND", ssh);
        }
        command
            .args(self.args)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            // Set and empty: no other program is asked either.
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS_REQUIRE", "never")
            .env("GCM_INTERACTIVE", "never")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_ALLOW_PROTOCOL", self.protocols)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}

/// Reads to the end, and keeps the beginning.
async fn listen(mut from: impl AsyncRead + Unpin, into: &mut Vec<u8>) {
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let room = SAID_LIMIT.saturating_sub(into.len());
        into.extend(piece.iter().take(length.min(room)));
    }
}
