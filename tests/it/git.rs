//! Commits of real repositories, made by git itself in folders of a test; where there is no git, nothing is tested.

mod forge;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use pilothouse::build::commit::{Found, Wanted};
use pilothouse::build::source::Address;
use pilothouse::git::{Forges, Git, GitError, Repositories};
use tempfile::TempDir;

/// A repository, and a `git` that notes what it is asked.
struct Bench {
    folder: TempDir,
}

impl Bench {
    /// `None` where there is no git.
    fn new() -> Option<Self> {
        let bench = Self {
            folder: TempDir::new().unwrap(),
        };
        let made = Command::new("git").arg("--version").output();
        if made.is_err() {
            eprintln!("there is no git: nothing is tested");
            return None;
        }
        bench.git(&["init", "--quiet", "--bare", "--initial-branch=main"]);
        bench.git(&["config", "uploadpack.allowFilter", "true"]);
        let noting = "#!/bin/sh\necho \"$@\" >>\"$(dirname \"$0\")/asked\"\nexec git \"$@\"\n";
        bench.script("noting", noting);
        Some(bench)
    }

    fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn git(&self, args: &[&str]) -> Vec<u8> {
        self.git_with(args, &[])
    }

    fn git_with(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("git")
            .arg("--git-dir")
            .arg(self.repo())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(
            done.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        done.stdout
    }

    /// Adds commits to a branch, numbered from `first`; each is a minute after the one before.
    fn commit(&self, branch: &str, first: usize, count: usize) {
        let mut stream = String::new();
        for number in first..first + count {
            let subject = format!("change {number}");
            let from = if number == first && first > 0 {
                format!("from refs/heads/{branch}^0\n")
            } else {
                String::new()
            };
            write!(
                stream,
                "commit refs/heads/{branch}\ncommitter A Developer <dev@corp> {} +0000\ndata {}\n{subject}\n{from}M 100644 inline file\ndata 2\n{}\n",
                1_700_000_000 + number * 60,
                subject.len(),
                number % 10,
            )
            .unwrap();
        }
        self.git_with(&["fast-import", "--quiet"], stream.as_bytes());
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default()
    }

    fn reader(&self) -> Git {
        let cache = self.folder.path().join("cache");
        Git::new(cache).with_program(self.folder.path().join("noting"))
    }

    fn wanted(&self, branch: Option<&str>, depth: usize) -> Wanted {
        Wanted {
            address: Address::parse(self.repo().to_str().unwrap()).unwrap(),
            branch: branch.map(Into::into),
            depth,
        }
    }

    async fn read(&self, branch: Option<&str>, depth: usize) -> Result<Found, GitError> {
        real(self.reader()).commits(&self.wanted(branch, depth)).await
    }
}

fn real(git: Git) -> Repositories {
    Repositories::Real(git, Forges::new([].into()))
}

fn subjects(found: &Found) -> Vec<&str> {
    found.commits.iter().map(|commit| commit.subject.as_str()).collect()
}

#[tokio::test]
async fn commits_come_newest_first_with_what_names_them() {
    let Some(bench) = Bench::new() else { return };
    bench.commit("main", 0, 5);
    bench.git(&["tag", "light", "main~1"]);
    let tagger = ["-c", "user.name=x", "-c", "user.email=x@corp"];
    bench.git(&[&tagger[..], &["tag", "-a", "-m", "said", "v1", "main~2"]].concat());
    let found = bench.read(None, 3).await.unwrap();
    assert_eq!(subjects(&found), ["change 4", "change 3", "change 2"]);
    assert!(found.has_more);
    assert_eq!(found.of.to_string(), "branch main");
    let named: Vec<String> = found.commits.iter().map(|c| format!("{:?}", c.refs)).collect();
    assert!(
        named[0].contains("main") && named[1].contains("light") && named[2].contains("v1"),
        "{named:?}"
    );
    assert_eq!(found.commits[0].author, "A Developer");
    assert_eq!(found.commits[0].id.len(), 40);
    let all = bench.read(Some("v1"), 50).await.unwrap();
    assert_eq!(
        (subjects(&all), all.has_more),
        (vec!["change 2", "change 1", "change 0"], false)
    );
    assert_eq!(all.notes, Vec::<pilothouse::domain::Clean>::new());
    let mode = fs::metadata(bench.folder.path().join("cache"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn what_did_not_move_is_not_fetched_again() {
    let Some(bench) = Bench::new() else { return };
    bench.commit("main", 0, 30);
    let fetches = || bench.asked().matches(" fetch ").count();
    bench.read(None, 10).await.unwrap();
    bench.read(None, 10).await.unwrap();
    assert_eq!(fetches(), 1);
    bench.commit("main", 30, 1);
    let found = bench.read(None, 10).await.unwrap();
    assert_eq!((found.commits[0].subject.as_str(), fetches()), ("change 30", 2));
    let deeper = bench.read(None, 20).await.unwrap();
    assert_eq!((deeper.commits.len(), deeper.has_more, fetches()), (20, true, 3));
    let all = bench.read(None, 500).await.unwrap();
    assert_eq!((all.commits.len(), all.has_more, fetches()), (31, false, 4));
    bench.read(None, 500).await.unwrap();
    assert_eq!(fetches(), 4, "all there is was read");
}

#[tokio::test]
async fn a_history_of_100_000_commits_is_read_as_far_as_is_asked() {
    let Some(bench) = Bench::new() else { return };
    bench.commit("main", 0, 100_000);
    let found = bench.read(None, 200).await.unwrap();
    assert_eq!((found.commits.len(), found.has_more), (200, true));
    assert_eq!(found.commits[0].subject, "change 99999");
    let objects = size(&bench.folder.path().join("cache"));
    assert!(objects < 1 << 20, "{objects} bytes were read for 200 commits");
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            if path.is_dir() {
                size(&path)
            } else {
                path.metadata().unwrap().len()
            }
        })
        .sum()
}

#[tokio::test]
async fn what_is_not_there_is_told_as_such() {
    let Some(bench) = Bench::new() else { return };
    assert!(matches!(bench.read(None, 5).await, Err(GitError::Empty { .. })));
    bench.commit("main", 0, 1);
    let error = bench.read(Some("mian"), 5).await.unwrap_err();
    assert!(matches!(error, GitError::NoBranch { .. }), "{error}");
    assert_eq!(error.hint(), "did you mean 'main'?");
    fs::rename(bench.repo(), bench.folder.path().join("elsewhere")).unwrap();
    let gone = bench.read(None, 5).await.unwrap_err();
    assert!(matches!(gone, GitError::NotFound { .. }), "{gone}");
    let without = bench.reader().with_program("/nowhere/git");
    let none = real(without).commits(&bench.wanted(None, 5)).await;
    assert_eq!(none.err(), Some(GitError::NoGit));
}

#[tokio::test]
async fn a_server_that_does_not_filter_is_told() {
    let Some(bench) = Bench::new() else { return };
    bench.commit("main", 0, 5);
    bench.git(&["config", "uploadpack.allowFilter", "false"]);
    let found = bench.read(None, 3).await.unwrap();
    assert_eq!(found.commits.len(), 3);
    assert!(found.notes[0].contains("uploadpack.allowFilter"), "{:?}", found.notes);
}

#[tokio::test]
async fn what_an_earlier_run_left_half_done_is_read_anew() {
    let Some(bench) = Bench::new() else { return };
    bench.commit("main", 0, 5);
    bench.read(None, 2).await.unwrap();
    bench.commit("main", 5, 1);
    let cache = fs::read_dir(bench.folder.path().join("cache")).unwrap();
    let folder = cache
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    fs::write(folder.join("shallow.lock"), "").unwrap();
    let found = bench.read(None, 2).await.unwrap();
    assert_eq!(found.commits[0].subject, "change 5");
}

#[tokio::test]
async fn nobody_is_asked_and_the_time_is_limited() {
    let Some(bench) = Bench::new() else { return };
    // It notes what it may ask, and starts something that would go on for ever.
    let asks = "#!/bin/sh\nd=$(dirname \"$0\")\nenv >\"$d/env\"\nif read -r line; then echo read >\"$d/env\"; fi\nsleep 600 &\necho $! >\"$d/child\"\nwait\n";
    let stuck = bench.script("stuck", asks);
    let reader = bench.reader().with_program(stuck).with_limit(Duration::from_secs(2));
    let error = real(reader).commits(&bench.wanted(None, 5)).await.unwrap_err();
    assert!(matches!(error, GitError::Slow { .. }), "{error}");
    let env = fs::read_to_string(bench.folder.path().join("env")).unwrap();
    for line in [
        "GIT_TERMINAL_PROMPT=0",
        "GIT_ASKPASS=",
        "GIT_ALLOW_PROTOCOL=file",
        "LC_ALL=C",
    ] {
        assert!(env.lines().any(|told| told == line), "{line}: {env}");
    }
    let child = fs::read_to_string(bench.folder.path().join("child")).unwrap();
    let runs = PathBuf::from(format!("/proc/{}/stat", child.trim()));
    // A process that nobody has waited for yet is still listed, as dead.
    let state = fs::read_to_string(runs).unwrap_or_default();
    assert!(!state.contains(") S "), "what git started goes on: {state}");
}

#[tokio::test]
async fn a_refused_login_is_told_without_what_the_address_holds() {
    let Some(bench) = Bench::new() else { return };
    let refusing = "#!/bin/sh\ncase \"$*\" in *core.sshCommand*) exit 1;; esac\necho \"fatal: could not read Username for 'https://t0ken@git.corp': terminal prompts disabled\" >&2\nexit 128\n";
    let refusing = bench.script("refusing", refusing);
    let wanted = Wanted {
        address: Address::parse("https://t0ken@git.corp/gift/live").unwrap(),
        ..bench.wanted(None, 5)
    };
    let reader = real(bench.reader().with_program(refusing));
    let error = reader.commits(&wanted).await.unwrap_err();
    assert!(matches!(error, GitError::Login { .. }), "{error}");
    let told = format!("{error} {}", error.hint());
    assert!(told.contains("git.corp/gift/live") && !told.contains("t0ken"), "{told}");
}
