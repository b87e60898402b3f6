//! Commits by the REST interface of a forge, where the configuration says which one a host is.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use tokio::process::Command;

use super::error::GitError;
use super::{LIMIT, found_of, pick_of};
use crate::build::commit::{Found, Wanted};
use crate::build::forge::{Forge, PAGE, Project};
use crate::build::source::Address;
use crate::cluster::{Group, read_limited};
use crate::domain::Clean;
use crate::registry::{Logins, Registries, RegistryError, Rules};

/// How much a command that gives a token may print.
const TOKEN_LIMIT: u64 = 64 << 10;

/// Where the token for a host comes from; it is never in a file of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Token {
    #[default]
    Nobody,
    /// A variable of the environment.
    Variable(String),
    /// What a program prints, with its arguments.
    Command(Vec<String>),
}

/// How a host is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub forge: Forge,
    pub token: Token,
    pub rules: Rules,
}

/// The hosts that are asked by their REST interface.
#[derive(Clone, Debug)]
pub struct Forges {
    hosts: BTreeMap<String, Host>,
    web: Registries,
    limit: Duration,
}

impl Forges {
    /// Hosts by their names, as addresses of repositories have them.
    pub fn new(hosts: BTreeMap<String, Host>) -> Self {
        let mut rules: BTreeMap<String, Rules> = BTreeMap::new();
        for (name, host) in &hosts {
            rules.insert(name.clone(), host.rules.clone());
        }
        Self {
            web: Registries::new(rules, Logins::default()),
            hosts,
            limit: LIMIT,
        }
    }

    /// The repository of an address on a host that is asked so.
    pub(super) fn project(&self, address: &Address) -> Option<(Project, &Host)> {
        let named = self.hosts.get(address.host.as_str());
        let host = named.or_else(|| self.hosts.get(address.host.split(':').next()?))?;
        Some((Project::of(host.forge, address, host.rules.plain_http)?, host))
    }

    pub(super) async fn commits(&self, (project, host): (Project, &Host), wanted: &Wanted) -> Result<Found, GitError> {
        let repo = Clean::new(&wanted.address.to_string());
        let late = |_| GitError::Slow {
            repo: repo.clone(),
            limit: self.limit,
        };
        let reading = self.read(&project, host, (wanted, &repo));
        tokio::time::timeout(self.limit, reading).await.map_err(late)?
    }

    async fn read(&self, project: &Project, host: &Host, (wanted, repo): (&Wanted, &Clean)) -> Result<Found, GitError> {
        let token = token(&host.token, repo).await?;
        let ask = |url: String| self.ask(url, token.as_deref(), repo);
        let unreadable = || GitError::Failed {
            repo: repo.clone(),
            reason: format!("what its host answers is not what {:?} says", host.forge).into(),
        };
        let (itself, branches, tags) =
            futures::try_join!(ask(project.itself()), ask(project.branches()), ask(project.tags()))?;
        let refs = project.read_refs(&itself, &branches, &tags).ok_or_else(unreadable)?;
        let (refs, of, _) = pick_of(refs, wanted, repo)?;
        let mut commits = Vec::new();
        // One more than is wanted tells whether there are more.
        for page in 1..=wanted.depth / PAGE + 1 {
            let answer = ask(project.commits(&of, page)).await?;
            let read = project.read_commits(&answer).ok_or_else(unreadable)?;
            let is_last = read.len() < PAGE;
            commits.extend(read);
            if is_last {
                break;
            }
        }
        Ok(found_of((refs, of), commits, wanted.depth, false))
    }

    async fn ask(&self, url: String, token: Option<&str>, repo: &Clean) -> Result<Bytes, GitError> {
        let repo = repo.clone();
        let (status, body) = self
            .web
            .get(&url, token)
            .await
            .map_err(|error| of_transport(&repo, &error))?;
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(GitError::Login { repo }),
            StatusCode::NOT_FOUND => Err(GitError::NotFound { repo }),
            // GitHub's word for a repository without a commit.
            StatusCode::CONFLICT => Err(GitError::Empty { repo }),
            StatusCode::TOO_MANY_REQUESTS => Err(GitError::Failed {
                repo,
                reason: "its host asks to wait: it was asked too often".into(),
            }),
            other => Err(GitError::Failed {
                repo,
                reason: format!("its host answers {}", other.as_u16()).into(),
            }),
        }
    }
}

fn of_transport(repo: &Clean, error: &RegistryError) -> GitError {
    let repo = repo.clone();
    match error {
        RegistryError::Certificate { reason, .. } => GitError::Certificate {
            repo,
            reason: reason.clone(),
        },
        RegistryError::Slow { limit, .. } => GitError::Slow { repo, limit: *limit },
        RegistryError::Unreachable { reason, .. } => GitError::Unreachable {
            repo,
            reason: reason.clone(),
        },
        other => GitError::Failed {
            repo,
            reason: other.to_string().into(),
        },
    }
}

/// The token, wherever it is kept. What a command says beside it is not told: it may hold a part of it.
async fn token(of: &Token, repo: &Clean) -> Result<Option<String>, GitError> {
    let failed = |reason: String| GitError::Failed {
        repo: repo.clone(),
        reason: reason.into(),
    };
    let (told, from) = match of {
        Token::Nobody => return Ok(None),
        Token::Variable(name) => (std::env::var(name).ok(), format!("the variable {name}")),
        Token::Command(words) => {
            let Some((program, arguments)) = words.split_first() else {
                return Ok(None);
            };
            (printed(program, arguments).await, format!("the command '{program}'"))
        }
    };
    let told = told.map(|told| told.trim().to_owned()).filter(|told| !told.is_empty());
    told.map(Some)
        .ok_or_else(|| failed(format!("{from} gives no token for its host")))
}

/// What a program prints that ended well; it asks nothing on our terminal.
async fn printed(program: &str, arguments: &[String]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let _group = Group::of(&child);
    let output = read_limited(child.stdout.take()?, TOKEN_LIMIT).await?;
    let status = child.wait().await.ok()?;
    status.success().then(|| String::from_utf8(output).ok())?
}
