//! The commits of a repository: read from what `git` prints, in its order, with the branches and tags that name them.

use std::fmt;

use super::source::Address;
use crate::domain::image::Tag;
use crate::domain::{Clean, Timestamp};

/// Shortest beginning of a commit's hash that says which one is meant; git's own is as short.
pub const SHORTEST: usize = 7;
/// Digits of a commit's hash: of SHA-1, and of SHA-256.
const WHOLE: [usize; 2] = [40, 64];
/// Most characters of a name or a subject that are kept.
const LONGEST: usize = 200;

/// What [`parse_log`] reads: `git log -z` with this format. The fields of a commit are apart by a unit separator.
pub const LOG_FORMAT: &str = "%H%x1f%ct%x1f%an%x1f%s";

/// What was committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// The whole hash.
    pub id: Clean,
    /// When it was committed.
    pub at: Option<Timestamp>,
    pub author: Clean,
    /// The first line of its message.
    pub subject: Clean,
    /// Branches and tags that name it.
    pub refs: Vec<RefName>,
}

impl Commit {
    /// The first digits of its hash, as git has them.
    pub fn short(&self) -> &str {
        self.id.get(..SHORTEST).unwrap_or(&self.id)
    }
}

/// A branch or a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefName {
    Branch(Clean),
    Tag(Clean),
}

impl RefName {
    /// Its name without `refs/heads/` or `refs/tags/`.
    pub const fn name(&self) -> &Clean {
        match self {
            Self::Branch(name) | Self::Tag(name) => name,
        }
    }

    /// As git has it: `refs/heads/main`.
    pub fn whole(&self) -> String {
        match self {
            Self::Branch(name) => format!("refs/heads/{name}"),
            Self::Tag(name) => format!("refs/tags/{name}"),
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Branch(_) => "branch",
            Self::Tag(_) => "tag",
        }
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.word(), self.name())
    }
}

/// The branches and tags of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// The branch that is meant where nobody says one.
    pub head: Option<Clean>,
    /// Each with the commit that it names, branches first.
    pub all: Vec<(RefName, Clean)>,
}

impl Refs {
    /// The branch or tag of a name, else the branch that is meant where none is said.
    pub fn find(&self, name: Option<&str>) -> Option<&(RefName, Clean)> {
        let of = |name: &str| self.all.iter().find(|(known, _)| *known.name() == *name);
        match name {
            Some(name) => of(name),
            None => self
                .head
                .as_ref()
                .and_then(|head| of(head))
                .or_else(|| of("main"))
                .or_else(|| of("master"))
                .or_else(|| self.all.first()),
        }
    }

    /// Writes into commits which branches and tags name them.
    pub fn label(&self, commits: &mut [Commit]) {
        for commit in commits {
            let its = self.all.iter().filter(|(_, id)| *id == commit.id);
            commit.refs = its.map(|(name, _)| name.clone()).collect();
        }
    }
}

/// Which commits are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    pub address: Address,
    /// A branch or a tag; the repository's own where none is said.
    pub branch: Option<Clean>,
    /// So many.
    pub depth: usize,
}

/// Commits of a branch or tag, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub of: RefName,
    pub refs: Refs,
    pub commits: Vec<Commit>,
    /// There are older ones.
    pub has_more: bool,
    /// What is worth saying of how they were read.
    pub notes: Vec<Clean>,
}

/// Reads what `git log -z --format=`[`LOG_FORMAT`] prints; what is none of it is left out.
pub fn parse_log(output: &[u8]) -> Vec<Commit> {
    let read = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        let mut fields = text.trim_start_matches('\n').splitn(4, '\u{1f}');
        let (id, seconds) = (fields.next()?, fields.next()?);
        Some(Commit {
            id: is_whole(id).then(|| Clean::new(id))?,
            at: seconds
                .parse()
                .ok()
                .and_then(|seconds| Timestamp::from_timestamp(seconds, 0)),
            author: short(fields.next()?),
            subject: short(fields.next()?),
            refs: Vec::new(),
        })
    };
    output.split(|byte| *byte == 0).filter_map(read).collect()
}

/// Reads what `git ls-remote --symref` prints.
pub fn parse_refs(output: &[u8]) -> Refs {
    let text = String::from_utf8_lossy(output);
    let (mut head, mut branches, mut tags) = (None, Vec::new(), Vec::<(RefName, Clean)>::new());
    for line in text.lines() {
        let Some((what, name)) = line.split_once('\t') else {
            continue;
        };
        if let Some(target) = what.strip_prefix("ref: ") {
            if name == "HEAD" {
                head = target.strip_prefix("refs/heads/").map(Clean::new);
            }
            continue;
        }
        if !is_whole(what) {
            continue;
        }
        let id = Clean::new(what);
        if let Some(name) = name.strip_prefix("refs/heads/") {
            branches.push((RefName::Branch(name.into()), id));
        } else if let Some(name) = name.strip_prefix("refs/tags/") {
            // A tag with a message of its own is told twice: then as `NAME^{}` with the commit it names.
            match name.strip_suffix("^{}") {
                Some(name) => {
                    let own = tags.iter_mut().find(|(known, _)| *known.name() == *name);
                    if let Some((_, known)) = own {
                        *known = id;
                    }
                }
                None => tags.push((RefName::Tag(name.into()), id)),
            }
        }
    }
    branches.append(&mut tags);
    Refs { head, all: branches }
}

pub(super) fn short(text: &str) -> Clean {
    text.chars().take(LONGEST).collect::<String>().into()
}

pub(super) fn is_whole(text: &str) -> bool {
    WHOLE.contains(&text.len()) && is_hash(text)
}

fn is_hash(part: &str) -> bool {
    part.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether two hashes of commits, cut short or not, are of the same one.
pub fn is_same(one: &str, other: &str) -> bool {
    let shortest = one.len().min(other.len());
    let start = |hash: &str| hash.get(..shortest).map(str::to_ascii_lowercase);
    shortest >= SHORTEST && is_hash(one) && is_hash(other) && start(one) == start(other)
}

/// Whether the name of a tag has the hash of a commit as one of its parts: `main-c04d21b`.
pub fn is_named(tag: &str, commit: &str) -> bool {
    tag.split(['-', '_', '.']).any(|part| is_same(part, commit))
}

/// The youngest tag of a commit: several of one are of the same source. What an image says goes before its name.
pub fn tag_of<'a>(commit: &str, tags: &'a [Tag]) -> Option<&'a Tag> {
    let is_told = |tag: &&Tag| tag.commit.as_ref().is_some_and(|own| is_same(own, commit));
    let told = tags.iter().find(is_told);
    told.or_else(|| tags.iter().find(|tag| is_named(&tag.name, commit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "c04d21b9f0a1b2c3d4e5f60718293a4b5c6d7e8f";
    const TWO: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn commits_are_read_as_git_prints_them() {
        let text = format!(
            "{ONE}\u{1f}1700000000\u{1f}A Developer\u{1f}pay: a \u{1b}[31mfix\0{TWO}\u{1f}x\u{1f}\u{1f}a\u{1f}b\0not one\0"
        );
        let commits = parse_log(text.as_bytes());
        assert_eq!(commits.len(), 2, "what is no commit is left out");
        assert_eq!(commits[0].short(), "c04d21b");
        assert_eq!(commits[0].author, "A Developer");
        assert_eq!(commits[0].at.map(|at| at.timestamp()), Some(1_700_000_000));
        assert!(!commits[0].subject.contains('\u{1b}'), "it is harmless");
        assert_eq!((commits[1].at, commits[1].subject.contains('b')), (None, true));
    }

    #[test]
    fn a_tag_names_the_commit_and_not_its_own_message() {
        let text = format!(
            "ref: refs/heads/trunk\tHEAD\n{ONE}\tHEAD\n{ONE}\trefs/heads/trunk\n{TWO}\trefs/tags/v1\n{ONE}\trefs/tags/v1^{{}}\n{TWO}\trefs/tags/v0\n{TWO}\trefs/pull/7/head\nwarning: x\n"
        );
        let refs = parse_refs(text.as_bytes());
        assert_eq!(refs.head.as_deref(), Some("trunk"));
        let all: Vec<String> = refs
            .all
            .iter()
            .map(|(name, id)| format!("{name} {}", id.get(..7).unwrap()))
            .collect();
        assert_eq!(all, ["branch trunk c04d21b", "tag v1 c04d21b", "tag v0 0123456"]);
        let found = |name| refs.find(name).map(|(name, _)| name.whole());
        assert_eq!(found(None).as_deref(), Some("refs/heads/trunk"));
        assert_eq!(found(Some("v0")).as_deref(), Some("refs/tags/v0"));
        assert_eq!(found(Some("v9")), None);
        let mut commits = parse_log(format!("{ONE}\u{1f}1\u{1f}a\u{1f}b").as_bytes());
        refs.label(&mut commits);
        assert_eq!(commits[0].refs.len(), 2);
    }

    #[test]
    fn a_hash_may_be_cut_short_but_not_too_short() {
        assert!(is_same("c04d21b", ONE) && is_same(ONE, "C04D21B9") && is_same(ONE, ONE));
        assert!(!is_same("c04d21", ONE) && !is_same("c04d21c", ONE));
        assert!(!is_same("release", "release"), "a word is no hash");
    }

    #[test]
    fn a_tag_is_of_the_commit_that_its_image_says_or_that_is_in_its_name() {
        let tag = |name: &str, commit: Option<&str>| Tag {
            name: name.into(),
            commit: commit.map(Clean::new),
            ..Tag::default()
        };
        let of = |tags: &[Tag]| tag_of("c04d21b", tags).map(|tag| tag.name.to_string());
        assert_eq!(of(&[tag("v2", None), tag("v1", Some(ONE))]).as_deref(), Some("v1"));
        assert_eq!(of(&[tag("main-c04d21b", None)]).as_deref(), Some("main-c04d21b"));
        let told = [tag("c04d21b", Some("77ab0e1")), tag("v7", Some(ONE))];
        assert_eq!(
            of(&told).as_deref(),
            Some("v7"),
            "what the image says goes before its name"
        );
        assert_eq!(of(&[tag("v2", None), tag("c04d21", None)]), None);
    }
}
