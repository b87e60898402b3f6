//! The commits of repositories: by the person's own `git`, which has their keys, helpers, proxies and rules, or by the
//! REST interface of a forge where the configuration says which one a host is.
//!
//! Start at [`Repositories`]. Only what `git log` needs is read: a few hundred commits without their files, kept in the
//! cache folder and read anew only when the branch has moved. `git` never asks anything on the terminal.

mod cache;
mod error;
mod forge;
mod program;
mod run;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::build::commit::{Commit, Found, RefName, Refs, Wanted, parse_log, parse_refs};
use crate::build::source::Address;
use crate::domain::Clean;
use crate::domain::near::closest;

pub use error::GitError;
pub use forge::{Forges, Host, Token};
pub use program::Git;

/// How long the commits of a repository may take.
pub const LIMIT: Duration = Duration::from_secs(30);

/// What a repository is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// What `git ls-remote --symref` prints of it.
    Refs,
    /// What `git log -z` prints of so many commits of a branch or tag.
    Log(&'a RefName, usize),
}

/// Who answers for repositories that are not there, as those of the demo; `None`: there is no such repository.
pub trait Stand: Send + Sync + fmt::Debug {
    fn answer<'a>(&'a self, address: &'a Address, question: Question<'a>) -> BoxFuture<'a, Option<Vec<u8>>>;
}

/// Where commits are read.
#[derive(Clone, Debug)]
pub enum Repositories {
    /// By git, or by REST where a host is said to have that.
    Real(Git, Forges),
    Simulated(Arc<dyn Stand>),
}

impl Repositories {
    /// The newest commits of a branch or tag.
    ///
    /// # Errors
    /// They could not be read.
    pub async fn commits(&self, wanted: &Wanted) -> Result<Found, GitError> {
        match self {
            Self::Real(git, forges) => match forges.project(&wanted.address) {
                Some(project) => forges.commits(project, wanted).await,
                None => git.commits(wanted).await,
            },
            Self::Simulated(stand) => simulated(stand.as_ref(), wanted).await,
        }
    }
}

async fn simulated(stand: &dyn Stand, wanted: &Wanted) -> Result<Found, GitError> {
    let repo = Clean::new(&wanted.address.to_string());
    let missing = || GitError::NotFound { repo: repo.clone() };
    let refs = stand
        .answer(&wanted.address, Question::Refs)
        .await
        .ok_or_else(missing)?;
    let (refs, of, _) = pick(&refs, wanted, &repo)?;
    // One more than is wanted tells whether there are more.
    let log = stand
        .answer(&wanted.address, Question::Log(&of, wanted.depth + 1))
        .await;
    let log = log.ok_or_else(missing)?;
    Ok(found((refs, of), &log, wanted.depth, false))
}

/// The branch or tag that is meant, and the commit that it names, of what `git ls-remote` prints.
fn pick(refs: &[u8], wanted: &Wanted, repo: &Clean) -> Result<(Refs, RefName, Clean), GitError> {
    pick_of(parse_refs(refs), wanted, repo)
}

/// The branch or tag that is meant, and the commit that it names.
fn pick_of(refs: Refs, wanted: &Wanted, repo: &Clean) -> Result<(Refs, RefName, Clean), GitError> {
    if refs.all.is_empty() {
        return Err(GitError::Empty { repo: repo.clone() });
    }
    let Some((of, tip)) = refs.find(wanted.branch.as_deref()).cloned() else {
        let branch = wanted.branch.clone().unwrap_or_default();
        let near = closest(&branch, refs.all.iter().map(|(name, _)| name.name().as_str())).map(Clean::new);
        return Err(GitError::NoBranch {
            repo: repo.clone(),
            branch,
            near,
        });
    };
    Ok((refs, of, tip))
}

/// What was read of a log; `is_cut`: older commits are not there.
fn found(of: (Refs, RefName), log: &[u8], depth: usize, is_cut: bool) -> Found {
    found_of(of, parse_log(log), depth, is_cut)
}

/// The same of commits that were read already.
fn found_of((refs, of): (Refs, RefName), mut commits: Vec<Commit>, depth: usize, is_cut: bool) -> Found {
    let has_more = is_cut || commits.len() > depth;
    commits.truncate(depth);
    refs.label(&mut commits);
    Found {
        of,
        refs,
        commits,
        has_more,
        notes: Vec::new(),
    }
}
