//! What can go wrong between us and a repository: kinds, each with what a person can do.

use std::time::Duration;

use crate::build::source::AddressError;
use crate::domain::Clean;

/// Longest piece of what git says that is kept, in characters.
const LONGEST_REASON: usize = 240;

/// Commits that could not be read. The text holds no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    #[error("there is no git on this machine")]
    NoGit,
    #[error("{0}")]
    Address(#[from] AddressError),
    #[error("{repo} cannot be reached: {reason}")]
    Unreachable { repo: Clean, reason: Clean },
    #[error("{repo} cannot prove who it is: {reason}")]
    Certificate { repo: Clean, reason: Clean },
    #[error("{repo} refuses the login")]
    Login { repo: Clean },
    #[error("there is no repository {repo}")]
    NotFound { repo: Clean },
    #[error("{repo} has no branch and no tag '{branch}'")]
    NoBranch {
        repo: Clean,
        branch: Clean,
        near: Option<Clean>,
    },
    #[error("{repo} is empty: nothing was committed")]
    Empty { repo: Clean },
    #[error("{repo} did not give its commits within {} s", .limit.as_secs())]
    Slow { repo: Clean, limit: Duration },
    #[error("the cache of repositories cannot be used: {reason}")]
    Cache { reason: Clean },
    #[error("git could not read {repo}: {reason}")]
    Failed { repo: Clean, reason: Clean },
}

impl GitError {
    /// What a person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoGit => "install git, or put it on PATH".into(),
            Self::Address(error) => error.hint().into(),
            Self::Unreachable { .. } => "check its address, the network, the VPN and the proxy".into(),
            Self::Certificate { repo, .. } => format!(
                "over ssh connect once by hand, and look at its key; over https name the authority: `git config --global http.sslCAInfo FILE`; then try `git ls-remote {repo}`"
            ),
            Self::Login { repo } => format!(
                "git asks nothing here: log in once in a shell, with `git ls-remote {repo}`, and let a credential helper or ssh-agent keep it; by REST check `token_env` or `token_command` in [forges]"
            ),
            Self::NotFound { .. } => {
                "is its address right? some servers say so too of what this login may not see".into()
            }
            Self::NoBranch { near, .. } => near.as_ref().map_or_else(
                || "say another with --branch".into(),
                |near| format!("did you mean '{near}'?"),
            ),
            Self::Empty { .. } => "push a first commit".into(),
            Self::Slow { .. } => "check the network, the VPN and the proxy; ask for fewer commits".into(),
            Self::Cache { .. } => "check that the cache folder can be written and has room".into(),
            Self::Failed { .. } => "try the same with git in a shell: `git ls-remote` shows more".into(),
        }
    }

    /// The kind of what git said, in the words it has for people (`LC_ALL=C`).
    pub(super) fn of_output(repo: &Clean, said: &str) -> Self {
        let repo = repo.clone();
        let lower = said.to_ascii_lowercase();
        let says = |any: &[&str]| any.iter().any(|words| lower.contains(words));
        let reason = reason(said);
        if says(&LOGIN) {
            Self::Login { repo }
        } else if says(&CERTIFICATE) {
            Self::Certificate { repo, reason }
        } else if says(&UNREACHABLE) {
            Self::Unreachable { repo, reason }
        } else if says(&MISSING) {
            Self::NotFound { repo }
        } else {
            Self::Failed { repo, reason }
        }
    }
}

/// What git, its http and ssh say, in lower case.
const LOGIN: [&str; 9] = [
    "could not read username",
    "could not read password",
    "authentication failed",
    "terminal prompts disabled",
    "permission denied (",
    "returned error: 401",
    "returned error: 403",
    "http 401",
    "access denied",
];
const CERTIFICATE: [&str; 4] = [
    "ssl certificate problem",
    "server certificate verification failed",
    "certificate subject name",
    "host key verification failed",
];
const UNREACHABLE: [&str; 11] = [
    "could not resolve",
    "couldn't connect",
    "failed to connect",
    "connection refused",
    "connection timed out",
    "connection reset",
    "operation timed out",
    "network is unreachable",
    "no route to host",
    "proxy connect aborted",
    "returned error: 5",
];
const MISSING: [&str; 5] = [
    "repository not found",
    "not found",
    "does not appear to be a git repository",
    "returned error: 404",
    "no such file or directory",
];

/// The line that says most: the last that is of an error, else the last; without what may be a password.
fn reason(said: &str) -> Clean {
    let lines = || said.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let told = lines().find_map(|line| line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: ")));
    let line = told.or_else(|| lines().next()).unwrap_or("it says nothing");
    let hidden: Vec<&str> = line.split(' ').map(without_user).collect();
    hidden.join(" ").chars().take(LONGEST_REASON).collect::<String>().into()
}

/// A word that is an address in which somebody's name, and maybe more, stands; told without all of it.
fn without_user(word: &str) -> &str {
    let is_secret = word.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    if is_secret { "‹address›" } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_has_a_kind_and_no_password() {
        let repo: Clean = "git.corp/x".into();
        let of = |said: &str| GitError::of_output(&repo, said);
        for (said, kind) in [
            (
                "fatal: could not read Username for 'https://git.corp': terminal prompts disabled",
                "login",
            ),
            (
                "git@git.corp: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                "login",
            ),
            (
                "fatal: unable to access 'https://git.corp/x/': The requested URL returned error: 403",
                "login",
            ),
            (
                "fatal: unable to access 'https://git.corp/x/': Could not resolve host: git.corp",
                "reach",
            ),
            (
                "ssh: connect to host git.corp port 22: Connection refused\nfatal: Could not read",
                "reach",
            ),
            (
                "fatal: unable to access 'x': server certificate verification failed. CAfile: none",
                "certificate",
            ),
            (
                "Host key verification failed.\nfatal: Could not read from remote repository.",
                "certificate",
            ),
            (
                "remote: Repository not found.\nfatal: repository 'https://git.corp/x/' not found",
                "missing",
            ),
            ("fatal: '/x' does not appear to be a git repository", "missing"),
            ("fatal: something new", "failed"),
        ] {
            let found = match of(said) {
                GitError::Login { .. } => "login",
                GitError::Unreachable { .. } => "reach",
                GitError::Certificate { .. } => "certificate",
                GitError::NotFound { .. } => "missing",
                _ => "failed",
            };
            assert_eq!(found, kind, "{said}");
        }
        let told = of("fatal: cannot use https://me:s3cret@git.corp/x").to_string();
        assert!(!told.contains("s3cret"), "{told}");
        assert!(told.contains("cannot use"), "{told}");
    }
}
