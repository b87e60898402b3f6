//! The person's own `git`: the branches of a repository, then the commits of one of them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::cache::Kept;
use super::error::GitError;
use super::run::{Done, Task};
use super::{LIMIT, found, pick};
use crate::build::commit::{Found, LOG_FORMAT, RefName, Wanted};
use crate::build::source::Scheme;
use crate::domain::Clean;

/// What a branch is called in our own repository.
const TIP: &str = "refs/pilothouse/tip";
/// What git says where a server sends files as well.
const UNFILTERED: &str = "filtering not recognized by server";

/// `git`, and where what it read is kept.
#[derive(Clone, Debug)]
pub struct Git {
    program: OsString,
    cache: PathBuf,
    limit: Duration,
    /// The command that ssh is run by, where the environment says one.
    ssh: Option<String>,
}

impl Git {
    /// The `git` on PATH, which keeps what it read in this folder.
    pub fn new(cache: PathBuf) -> Self {
        Self {
            program: "git".into(),
            cache,
            limit: LIMIT,
            ssh: std::env::var("GIT_SSH_COMMAND").ok().filter(|said| !said.is_empty()),
        }
    }

    /// Another program in its place.
    #[must_use]
    pub fn with_program(mut self, program: impl Into<OsString>) -> Self {
        self.program = program.into();
        self
    }

    /// Waits so long for the commits of a repository.
    #[must_use]
    pub const fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub(super) async fn commits(&self, wanted: &Wanted) -> Result<Found, GitError> {
        let repo = Clean::new(&wanted.address.to_string());
        let reading = self.read(wanted, &repo);
        let late = |_| GitError::Slow {
            repo: repo.clone(),
            limit: self.limit,
        };
        tokio::time::timeout(self.limit, reading).await.map_err(late)?
    }

    async fn read(&self, wanted: &Wanted, repo: &Clean) -> Result<Found, GitError> {
        let url = wanted.address.url();
        let way = Way {
            git: self,
            repo,
            protocols: match wanted.address.scheme {
                // Where it is said that one stands for the other (`url.*.insteadOf`), that counts.
                Scheme::Https | Scheme::Ssh => "https:ssh",
                scheme => scheme.protocol(),
            },
            ssh: match wanted.address.scheme {
                Scheme::Local => None,
                _ => Some(self.ssh(repo).await?),
            },
        };
        let asked = [
            "ls-remote",
            "--symref",
            "--",
            &url,
            "HEAD",
            "refs/heads/*",
            "refs/tags/*",
        ];
        let told = way.must(None, &asked).await?;
        let (refs, of, tip) = pick(&told.output, wanted, repo)?;
        let kept = Kept::open(&self.cache, &wanted.address, &of).await?;
        let (log, note) = match way.log(&kept, (&url, &of, &tip), wanted.depth).await {
            // What an earlier run left there may be the reason.
            Err(GitError::Failed { .. }) if kept.is_there() => {
                kept.clear()?;
                way.log(&kept, (&url, &of, &tip), wanted.depth).await?
            }
            answer => answer?,
        };
        let mut found = found((refs, of), &log, wanted.depth, kept.is_cut());
        found.notes.extend(note);
        Ok(found)
    }

    /// The command that ssh is run by, as this person has it, but one that asks nothing.
    async fn ssh(&self, repo: &Clean) -> Result<String, GitError> {
        let way = Way {
            git: self,
            repo,
            protocols: "",
            ssh: None,
        };
        let said = if let Some(said) = &self.ssh {
            said.clone()
        } else {
            let told = way.run(None, &["config", "--get", "core.sshCommand"]).await?;
            String::from_utf8_lossy(&told.output).trim().to_owned()
        };
        let command = if said.is_empty() { "ssh" } else { &said };
        Ok(format!("{command} -o BatchMode=yes -o ConnectTimeout=10"))
    }
}

/// How git gets to one repository.
struct Way<'a> {
    git: &'a Git,
    repo: &'a Clean,
    protocols: &'a str,
    ssh: Option<String>,
}

impl Way<'_> {
    async fn run(&self, kept: Option<&Kept>, args: &[&str]) -> Result<Done, GitError> {
        let task = Task {
            program: &self.git.program,
            folder: kept.map(|kept| kept.folder.as_path()),
            protocols: self.protocols,
            ssh: self.ssh.as_deref(),
            args,
        };
        task.run(self.repo).await
    }

    /// The same; what git does not do is an error.
    async fn must(&self, kept: Option<&Kept>, args: &[&str]) -> Result<Done, GitError> {
        let done = self.run(kept, args).await?;
        if done.is_good {
            return Ok(done);
        }
        Err(GitError::of_output(self.repo, &done.said))
    }

    /// The log of a branch whose newest commit is known; what is not there yet is fetched.
    async fn log(
        &self,
        kept: &Kept,
        (url, of, tip): (&str, &RefName, &Clean),
        depth: usize,
    ) -> Result<(Vec<u8>, Option<Clean>), GitError> {
        if self.holds(kept, tip).await? {
            let log = self.print(kept, depth).await?;
            let commits = memchr::memchr_iter(0, &log).count();
            if commits >= depth || !kept.is_cut() {
                return Ok((log, None));
            }
        }
        if !kept.is_there() {
            self.must(Some(kept), &["init", "--quiet", "--bare"]).await?;
        }
        let depth_told = format!("--depth={depth}");
        let spec = format!("+{}:{TIP}", of.whole());
        // A server that leaves files out is one with a name: git takes what is missing for kept there.
        let origin = format!("remote.origin.url={url}");
        let fetch = [
            "-c",
            &origin,
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--filter=tree:0",
            &depth_told,
            "--",
            "origin",
            &spec,
        ];
        let done = self.must(Some(kept), &fetch).await?;
        let note = done.said.contains(UNFILTERED).then(|| {
            format!(
                "{} sends files with its commits, which takes longer: it has no uploadpack.allowFilter",
                self.repo
            )
            .into()
        });
        Ok((self.print(kept, depth).await?, note))
    }

    /// Whether the newest commit was read before.
    async fn holds(&self, kept: &Kept, tip: &Clean) -> Result<bool, GitError> {
        if !kept.is_there() {
            return Ok(false);
        }
        let peeled = format!("{TIP}^{{commit}}");
        let known = self
            .run(Some(kept), &["rev-parse", "--quiet", "--verify", &peeled])
            .await?;
        Ok(known.is_good && String::from_utf8_lossy(&known.output).trim() == tip.as_str())
    }

    async fn print(&self, kept: &Kept, depth: usize) -> Result<Vec<u8>, GitError> {
        // One more than is wanted tells whether there are more.
        let count = format!("--max-count={}", depth + 1);
        let format = format!("--format=tformat:{LOG_FORMAT}");
        let log = [
            "log",
            "-z",
            "--no-mailmap",
            "--no-decorate",
            "--no-notes",
            "--no-color",
            "--encoding=UTF-8",
            &count,
            &format,
            TIP,
            "--",
        ];
        Ok(self.must(Some(kept), &log).await?.output)
    }
}
