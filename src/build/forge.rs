//! The REST interfaces of GitHub, GitLab, Gitea and Forgejo: what is asked for commits, and what the answers say. Facts
//! are of their documents: <https://docs.github.com/en/rest/commits/commits>,
//! <https://docs.gitlab.com/api/commits/>, <https://docs.gitea.com/api/>.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

use super::commit::{Commit, RefName, Refs, is_whole, short};
use super::source::{Address, Scheme};
use crate::domain::Clean;

/// Most commits of a page: all of them give so many.
pub const PAGE: usize = 50;
/// Most branches, and most tags, that are asked for.
const REFS: usize = 100;

/// What a host of repositories speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forge {
    Github,
    Gitlab,
    #[serde(alias = "forgejo")]
    Gitea,
}

/// One repository of a forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    forge: Forge,
    /// `https://HOST/…` up to the repository.
    base: String,
}

impl Project {
    /// The repository of an address, where that is one of the host's; over ssh it is the same one.
    pub fn of(forge: Forge, address: &Address, plain_http: bool) -> Option<Self> {
        if address.scheme == Scheme::Local {
            return None;
        }
        let scheme = if plain_http { "http" } else { "https" };
        // A port of ssh is not that of its REST.
        let host = match (address.scheme, address.host.split_once(':')) {
            (Scheme::Ssh, Some((host, _))) => host,
            _ => address.host.as_str(),
        };
        let path = address.path.strip_suffix(".git").unwrap_or(&address.path);
        let path = path.trim_start_matches('/');
        let base = match forge {
            Forge::Github if host == "github.com" => format!("https://api.github.com/repos/{}", escaped(path, true)),
            Forge::Github => format!("{scheme}://{host}/api/v3/repos/{}", escaped(path, true)),
            Forge::Gitlab => format!("{scheme}://{host}/api/v4/projects/{}", escaped(path, false)),
            Forge::Gitea => format!("{scheme}://{host}/api/v1/repos/{}", escaped(path, true)),
        };
        Some(Self { forge, base })
    }

    /// Where it says which branch is meant where nobody says one.
    pub fn itself(&self) -> String {
        self.base.clone()
    }

    pub fn branches(&self) -> String {
        self.list("branches", "")
    }

    pub fn tags(&self) -> String {
        self.list("tags", "")
    }

    fn list(&self, what: &str, more: &str) -> String {
        let Self { forge, base } = self;
        match forge {
            Forge::Github => format!("{base}/{what}?per_page={REFS}{more}"),
            Forge::Gitlab => format!("{base}/repository/{what}?per_page={REFS}{more}"),
            Forge::Gitea => format!("{base}/{what}?limit={REFS}{more}"),
        }
    }

    /// Commits of a branch or tag, [`PAGE`] a page; pages count from 1.
    pub fn commits(&self, of: &RefName, page: usize) -> String {
        let Self { forge, base } = self;
        let name = escaped(of.name(), false);
        match forge {
            Forge::Github => format!("{base}/commits?sha={name}&per_page={PAGE}&page={page}"),
            Forge::Gitlab => format!("{base}/repository/commits?ref_name={name}&per_page={PAGE}&page={page}"),
            // What is not asked for need not be worked out.
            Forge::Gitea => {
                format!("{base}/commits?sha={name}&limit={PAGE}&page={page}&stat=false&verification=false&files=false")
            }
        }
    }

    /// Branches and tags, by the answers to the three questions; `None` where they are not what is documented.
    pub fn read_refs(&self, itself: &[u8], branches: &[u8], tags: &[u8]) -> Option<Refs> {
        let itself: Value = serde_json::from_slice(itself).ok()?;
        let head = itself.get("default_branch").and_then(Value::as_str).map(Clean::new);
        let mut all = Vec::new();
        for (list, make) in [
            (branches, RefName::Branch as fn(Clean) -> RefName),
            (tags, RefName::Tag as fn(Clean) -> RefName),
        ] {
            let list: Vec<Value> = serde_json::from_slice(list).ok()?;
            let read = |item: &Value| {
                let commit = item.get("commit")?;
                let id = text(commit, &["/sha", "/id"]).filter(|id| is_whole(id))?;
                Some((make(item.get("name")?.as_str()?.into()), id.into()))
            };
            all.extend(list.iter().filter_map(read));
        }
        Some(Refs { head, all })
    }

    /// A page of commits; `None` where it is not what is documented.
    pub fn read_commits(&self, page: &[u8]) -> Option<Vec<Commit>> {
        let list: Vec<Value> = serde_json::from_slice(page).ok()?;
        let read = |item: &Value| {
            let time = text(
                item,
                &["/committed_date", "/commit/committer/date", "/commit/author/date"],
            );
            let message = text(item, &["/title", "/commit/message"])?;
            Some(Commit {
                id: text(item, &["/sha", "/id"]).filter(|id| is_whole(id))?.into(),
                at: time.and_then(|time| time.parse().ok()),
                author: short(text(item, &["/author_name", "/commit/author/name"]).unwrap_or_default()),
                subject: short(message.lines().next().unwrap_or_default()),
                refs: Vec::new(),
            })
        };
        Some(list.iter().filter_map(read).collect())
    }
}

/// The first of these fields that is a text.
fn text<'a>(item: &'a Value, fields: &[&str]) -> Option<&'a str> {
    fields.iter().find_map(|field| item.pointer(field)?.as_str())
}

/// A part of an address: what is more than letters, digits and `-._~` is escaped (RFC 3986), slashes unless they part it.
fn escaped(text: &str, keeps_slashes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (byte == b'/' && keeps_slashes) {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "c04d21b9f0a1b2c3d4e5f60718293a4b5c6d7e8f";

    fn project(forge: Forge, address: &str) -> Project {
        Project::of(forge, &Address::parse(address).unwrap(), false).unwrap()
    }

    #[test]
    fn each_forge_is_asked_where_its_documents_say() {
        let main = RefName::Branch("feature/a b".into());
        for (forge, address, asked) in [
            (
                Forge::Github,
                "git@github.com:team/app.git",
                "https://api.github.com/repos/team/app/commits?sha=feature%2Fa%20b&per_page=50&page=2",
            ),
            (
                Forge::Github,
                "git.corp/team/app",
                "https://git.corp/api/v3/repos/team/app/commits?sha=feature%2Fa%20b&per_page=50&page=2",
            ),
            (
                Forge::Gitlab,
                "ssh://git@git.corp:2222/group/team/app.git",
                "https://git.corp/api/v4/projects/group%2Fteam%2Fapp/repository/commits?ref_name=feature%2Fa%20b&per_page=50&page=2",
            ),
            (
                Forge::Gitea,
                "git.corp:3000/team/app",
                "https://git.corp:3000/api/v1/repos/team/app/commits?sha=feature%2Fa%20b&limit=50&page=2&stat=false&verification=false&files=false",
            ),
        ] {
            assert_eq!(project(forge, address).commits(&main, 2), asked);
        }
        let local = Address::parse("/srv/x").unwrap();
        assert_eq!(Project::of(Forge::Gitea, &local, true), None);
    }

    #[test]
    fn commits_are_read_in_each_forge_s_words() {
        let github = format!(
            r#"[{{"sha":"{ONE}","commit":{{"message":"pay: retry\n\nlong","author":{{"name":"dev1","date":"2026-01-01T10:00:00Z"}},"committer":{{"name":"web","date":"2026-01-02T10:00:00Z"}}}}}},{{"sha":"short"}}]"#
        );
        let gitlab = format!(
            r#"[{{"id":"{ONE}","title":"pay: retry","author_name":"dev1","committed_date":"2026-01-02T18:00:00.000+08:00"}}]"#
        );
        for (forge, page) in [
            (Forge::Github, &github),
            (Forge::Gitlab, &gitlab),
            (Forge::Gitea, &github),
        ] {
            let commits = project(forge, "git.corp/a/b").read_commits(page.as_bytes()).unwrap();
            assert_eq!(commits.len(), 1, "{forge:?}");
            assert_eq!(
                (commits[0].subject.as_str(), commits[0].author.as_str()),
                ("pay: retry", "dev1")
            );
            assert_eq!(commits[0].at, "2026-01-02T10:00:00Z".parse().ok(), "{forge:?}");
        }
        assert_eq!(project(Forge::Gitea, "git.corp/a/b").read_commits(b"<html>"), None);
    }

    #[test]
    fn branches_and_tags_are_read_in_each_forge_s_words() {
        for (forge, field) in [(Forge::Github, "sha"), (Forge::Gitlab, "id"), (Forge::Gitea, "sha")] {
            let list = |name: &str| format!(r#"[{{"name":"{name}","commit":{{"{field}":"{ONE}"}}}}]"#);
            let project = project(forge, "git.corp/a/b");
            let refs = project.read_refs(
                br#"{"default_branch":"trunk"}"#,
                list("trunk").as_bytes(),
                list("v1").as_bytes(),
            );
            let refs = refs.unwrap();
            assert_eq!(
                refs.find(None).map(|(name, _)| name.to_string()).as_deref(),
                Some("branch trunk")
            );
            assert_eq!(refs.all.len(), 2);
        }
    }
}
