//! The git repositories of the simulated company: those that workloads name, with the commits that their versions were
//! built from, what was committed between, and a few that were never built. It is told as `git` prints it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::TimeDelta;

use super::Simulation;
use super::controllers::object::{at, text};
use super::controllers::random::Random;
use super::resource::{DAEMON_SETS, DEPLOYMENTS, STATEFUL_SETS};
use super::store::{Store, Timestamp};

/// The annotations that say where an app's source is, and the commit of a template.
const REPO: &str = "pilothouse.dev/repo";
const COMMIT: &str = "pilothouse.dev/commit";

/// Commits that are newer than the newest version, and those before the oldest.
const UNBUILT: usize = 4;
const EARLIER: usize = 300;
/// Most commits between two versions.
const BETWEEN: u64 = 4;

const VERBS: [&str; 8] = [
    "fix",
    "speed up",
    "simplify",
    "test",
    "log",
    "limit",
    "retry",
    "remove dead code of",
];
const THINGS: [&str; 10] = [
    "the cache",
    "start-up",
    "the connection pool",
    "paging",
    "the health check",
    "time-outs",
    "the batch writer",
    "metrics",
    "the config reader",
    "shutdown",
];

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Commit {
    id: String,
    at: Timestamp,
    author: String,
    subject: String,
}

/// A repository, its newest commit first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    commits: Vec<Commit>,
    /// By `refs/heads/NAME` or `refs/tags/NAME`: places among the commits.
    refs: BTreeMap<String, usize>,
}

/// The commits that versions of workloads with this repository are of, and when the first of each was made here.
fn versions(store: &Store, repo: &str) -> BTreeMap<String, Timestamp> {
    let mut found = BTreeMap::new();
    let mut note = |id: &str, made: Option<Timestamp>| {
        if let (false, Some(made)) = (id.is_empty(), made) {
            let known = found.entry(id.to_owned()).or_insert(made);
            *known = made.min(*known);
        }
    };
    for resource in [&DEPLOYMENTS, &STATEFUL_SETS, &DAEMON_SETS] {
        let own = store
            .list(resource)
            .filter(|own| text(own, &["metadata", "annotations", REPO]) == repo);
        for workload in own {
            let made = |object| text(object, &["metadata", "creationTimestamp"]).parse().ok();
            let commit = |object| at(object, &["spec", "template", "metadata", "annotations", COMMIT]);
            let commit = |object| commit(object).and_then(serde_json::Value::as_str).unwrap_or_default();
            let uid = text(workload, &["metadata", "uid"]);
            for (_, set) in store.dependents(uid) {
                note(commit(set), made(set));
            }
            note(
                commit(workload),
                made(workload).filter(|_| resource.plural != DEPLOYMENTS.plural),
            );
        }
    }
    found
}

impl Simulation {
    /// The commits that versions here are of, with when the first of each came here; `None` where no workload names
    /// the repository.
    pub fn versions_of(&self, repo: &str) -> BTreeMap<String, Timestamp> {
        self.with_store(|store| versions(store, repo))
    }
}

impl Repository {
    /// The repository of an app of which these versions were released: the same versions give the same repository.
    pub fn new(address: &str, versions: &BTreeMap<String, Timestamp>, now: Timestamp) -> Self {
        let seed = address.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut random = Random::new(seed);
        let mut released: Vec<(&String, Timestamp)> = versions.iter().map(|(id, at)| (id, *at)).collect();
        released.sort_by_key(|(id, at)| (*at, *id));
        let team = address.split('/').nth(1).unwrap_or("team").to_owned();
        let mut commits: Vec<Commit> = Vec::new();
        let mut refs = BTreeMap::new();
        let first = released.first().map_or(now, |(_, at)| *at);
        let mut add = |random: &mut Random, id: Option<&String>, at: Timestamp| {
            commits.push(commit(random, (&team, id), at));
            commits.len()
        };
        for number in (1..=EARLIER).rev() {
            add(&mut random, None, first - TimeDelta::hours(9 * number as i64));
        }
        let mut before = first - TimeDelta::hours(9);
        for (number, (id, at)) in released.iter().enumerate() {
            // It is built, tried and released an hour after it was committed.
            let at = (*at - TimeDelta::hours(1)).max(before + TimeDelta::seconds(1));
            let between = random.below(BETWEEN + 1) as i32;
            for part in 1..=between {
                add(&mut random, None, before + (at - before) * part / (between + 1));
            }
            let place = add(&mut random, Some(id), at);
            refs.insert(format!("refs/tags/v{}", number + 1), place);
            before = at;
        }
        let left = (now - before).max(TimeDelta::zero());
        for part in 1..=UNBUILT as i32 {
            add(&mut random, None, before + left * part / (UNBUILT as i32 + 1));
        }
        let all = commits.len();
        refs.insert("refs/heads/main".to_owned(), all);
        refs.insert("refs/heads/stable".to_owned(), all.saturating_sub(UNBUILT));
        commits.reverse();
        for place in refs.values_mut() {
            *place = all - *place;
        }
        Self { commits, refs }
    }

    /// As `git ls-remote --symref` prints it.
    pub fn refs(&self) -> Vec<u8> {
        let mut out = "ref: refs/heads/main\tHEAD\n".to_owned();
        for (name, place) in &self.refs {
            if let Some(commit) = self.commits.get(*place) {
                // Writing to a text cannot fail.
                let _ = writeln!(out, "{}\t{name}", commit.id);
            }
        }
        out.into_bytes()
    }

    /// As `git log -z` prints so many commits of a branch or tag: hash, seconds, author and subject, with a unit
    /// separator between. `None`: there is no such branch or tag.
    pub fn log(&self, of: &str, count: usize) -> Option<Vec<u8>> {
        let commits = self.commits.get(*self.refs.get(of)?..)?;
        let mut out = String::new();
        for commit in commits.iter().take(count) {
            let Commit {
                id, author, subject, ..
            } = commit;
            let _ = write!(
                out,
                "{id}\u{1f}{}\u{1f}{author}\u{1f}{subject}\0",
                commit.at.timestamp()
            );
        }
        Some(out.into_bytes())
    }
}

fn commit(random: &mut Random, (team, id): (&str, Option<&String>), at: Timestamp) -> Commit {
    let mut one = |of: &[&str]| {
        let chosen = of.get(random.below(of.len() as u64) as usize);
        (*chosen.unwrap_or(&"")).to_owned()
    };
    let subject = format!("{} {}", one(&VERBS), one(&THINGS));
    let author = format!("{team}-dev{}", 1 + random.below(4));
    let other = random.hex(40);
    Commit {
        id: id.cloned().unwrap_or(other),
        at,
        author,
        subject,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-05T19:30:00Z".parse().unwrap()
    }

    fn repository() -> Repository {
        let versions =
            [("a", 90), ("b", 40), ("c", 1)].map(|(id, hours)| (id.repeat(40), now() - TimeDelta::hours(hours)));
        Repository::new("git.corp/gift/live-gift", &versions.into(), now())
    }

    #[test]
    fn every_version_was_committed_before_it_was_released_and_nothing_later_than_now() {
        let repository = repository();
        let mut times: Vec<Timestamp> = repository.commits.iter().map(|commit| commit.at).collect();
        assert!(times.iter().all(|at| *at <= now()));
        let told = times.clone();
        times.sort_by_key(|at| std::cmp::Reverse(*at));
        assert_eq!(told, times, "the newest first");
        for (id, hours) in [("a", 90), ("b", 40), ("c", 1)] {
            let commit = repository
                .commits
                .iter()
                .find(|commit| commit.id == id.repeat(40))
                .unwrap();
            assert!(commit.at < now() - TimeDelta::hours(hours), "{id}");
        }
        assert_eq!(repository, self::repository(), "it is the same each time");
    }

    #[test]
    fn branches_and_tags_are_told_as_git_tells_them() {
        let repository = repository();
        let refs = String::from_utf8(repository.refs()).unwrap();
        let tag = format!("{}\trefs/tags/v3\n", "c".repeat(40));
        assert!(
            refs.starts_with("ref: refs/heads/main\tHEAD\n") && refs.contains(&tag),
            "{refs}"
        );
        let log = String::from_utf8(repository.log("refs/heads/stable", 2).unwrap()).unwrap();
        assert!(
            log.starts_with(&"c".repeat(40)) && log.matches('\0').count() == 2,
            "{log}"
        );
        assert_eq!(repository.log("refs/heads/gone", 2), None);
    }
}
