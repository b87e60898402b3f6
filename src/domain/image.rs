//! Names of images and what a registry tells of them.

use std::cmp::Ordering;
use std::fmt;

use super::Timestamp;
use super::text::Clean;

/// The registry of names that say none.
pub const DOCKER_HUB: &str = "docker.io";

/// A name of an image taken apart (the reference grammar of the OCI distribution spec, with Docker's defaults).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageName {
    /// `HOST` or `HOST:PORT`; `docker.io` where the name says none.
    pub host: Clean,
    /// The path below the host: `gift/live`, `library/nginx`.
    pub repository: Clean,
    pub tag: Option<Clean>,
    /// `sha256:…`
    pub digest: Option<Clean>,
}

impl ImageName {
    /// Takes a name apart; `None` where no registry could have such an image.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        // A colon after the last slash begins a tag; one before it, a port.
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match name.split_at_checked(last)?.1.find(':') {
            Some(colon) => {
                let (name, tag) = name.split_at_checked(last + colon)?;
                (name, tag.strip_prefix(':'))
            }
            None => (name, None),
        };
        let is_host = |first: &str| first.contains(['.', ':']) || first == "localhost";
        let (host, repository) = match name.split_once('/') {
            Some((first, rest)) if is_host(first) => (first, rest.to_owned()),
            Some(_) => (DOCKER_HUB, name.to_owned()),
            None => (DOCKER_HUB, format!("library/{name}")),
        };
        let host = if matches!(host, "index.docker.io" | "registry-1.docker.io") {
            DOCKER_HUB
        } else {
            host
        };
        let fits =
            is_host_name(host) && is_repository(&repository) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
        fits.then(|| Self {
            host: host.into(),
            repository: repository.into(),
            tag: tag.map(Clean::new),
            digest: digest.map(Clean::new),
        })
    }

    /// What a registry is asked for: the digest, else the tag, else `latest`.
    pub fn reference(&self) -> &str {
        let named = self.digest.as_ref().or(self.tag.as_ref());
        named.map_or("latest", Clean::as_str)
    }

    /// The tag that it means; none where a digest says it all.
    pub fn tag(&self) -> Option<&str> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag),
            (None, Some(_)) => None,
            (None, None) => Some("latest"),
        }
    }

    pub fn is_same_repository(&self, other: &Self) -> bool {
        self.host == other.host && self.repository == other.repository
    }

    /// Whether both mean the same image: by its digest where both say that, else by its tag.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_named = match (&self.digest, &other.digest) {
            (Some(one), Some(other)) => one == other,
            _ => self.tag().is_some() && self.tag() == other.tag(),
        };
        is_named && self.is_same_repository(other)
    }

    /// The same where both may be of different registries, one of which mirrors the other.
    pub fn is_same_anywhere(&self, other: &Self) -> bool {
        match (&self.digest, &other.digest) {
            (Some(one), Some(other)) => one == other,
            _ => self.tag().is_some() && self.tag() == other.tag() && self.repository == other.repository,
        }
    }

    /// The image that a tag of the same repository names: its digest says which one, wherever the tag goes until it is
    /// pulled.
    #[must_use]
    pub fn with_tag(&self, tag: &Tag) -> Self {
        Self {
            tag: Some(tag.name.clone()),
            digest: tag.digest.clone(),
            ..self.clone()
        }
    }

    /// The host and the path, without tag and digest.
    pub fn place(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn is_host_name(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.[]:".contains(&b));
    is_name(name) && port.is_none_or(is_port)
}

fn is_repository(path: &str) -> bool {
    let is_part = |part: &str| {
        let begins_well = part.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
        begins_well && part.bytes().all(fits)
    };
    path.len() <= 255 && path.split('/').all(is_part)
}

fn is_tag(tag: &str) -> bool {
    let begins_well = tag
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    begins_well && tag.len() <= 128 && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

fn is_digest(digest: &str) -> bool {
    let Some((method, hex)) = digest.split_once(':') else {
        return false;
    };
    let is_method = !method.is_empty()
        && method
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+._-".contains(&b));
    is_method && hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A tag of a repository; what was not asked for, or is not told, is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    pub name: Clean,
    /// Of the manifest that the tag names: an index where it is of several platforms.
    pub digest: Option<Clean>,
    pub created: Option<Timestamp>,
    /// `org.opencontainers.image.revision`
    pub commit: Option<Clean>,
    /// Bytes to be pulled, on one platform.
    pub size: Option<u64>,
}

/// The tags of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// Those whose time is known first, the youngest first; then the others, the highest name first.
    pub found: Vec<Tag>,
    /// There are more than are kept.
    pub has_more: bool,
}

/// The order of names in which numbers count as numbers: `v9` before `v10`.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (pieces(a), pieces(b));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some((is_number, one)), Some((true, other))) if is_number => {
                let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
                one.len().cmp(&other.len()).then_with(|| one.cmp(other))
            }
            (Some((_, one)), Some((_, other))) => one.cmp(other),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Runs of digits and of what is none.
fn pieces(mut text: &str) -> impl Iterator<Item = (bool, &str)> {
    std::iter::from_fn(move || {
        let is_number = text.bytes().next()?.is_ascii_digit();
        let end = text
            .find(|c: char| c.is_ascii_digit() != is_number)
            .unwrap_or(text.len());
        let (piece, rest) = text.split_at_checked(end)?;
        text = rest;
        Some((is_number, piece))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_name_is_taken_apart_as_docker_does() {
        let pinned = format!("r.corp:5000/gift/live:v41@{DIGEST}");
        for (text, host, repository, tag, reference) in [
            ("nginx", "docker.io", "library/nginx", Some("latest"), "latest"),
            ("nginx:1.27", "docker.io", "library/nginx", Some("1.27"), "1.27"),
            ("bitnami/redis", "docker.io", "bitnami/redis", Some("latest"), "latest"),
            (
                "index.docker.io/library/nginx:1",
                "docker.io",
                "library/nginx",
                Some("1"),
                "1",
            ),
            ("localhost/a:b", "localhost", "a", Some("b"), "b"),
            (
                "10.99.0.1:5000/demo",
                "10.99.0.1:5000",
                "demo",
                Some("latest"),
                "latest",
            ),
            ("r.corp/a/b/c:v1", "r.corp", "a/b/c", Some("v1"), "v1"),
            (&pinned, "r.corp:5000", "gift/live", Some("v41"), DIGEST),
        ] {
            let name = ImageName::parse(text).unwrap_or_else(|| panic!("{text}"));
            let read = (
                name.host.as_str(),
                name.repository.as_str(),
                name.tag(),
                name.reference(),
            );
            assert_eq!(read, (host, repository, tag, reference), "{text}");
        }
        let by_digest = ImageName::parse(&format!("r.corp/a@{DIGEST}")).unwrap();
        assert_eq!((by_digest.tag(), by_digest.reference()), (None, DIGEST));
    }

    #[test]
    fn what_no_registry_has_is_no_name() {
        for text in [
            "",
            ":",
            "/",
            "a/",
            "r.corp/",
            "r.corp/A",
            "a:b/c:",
            "a b",
            "r.corp:http/a",
            "a@sha256:12",
            "a:v 1",
            "a:-x",
            "r.corp/../v2/",
            "r.corp//a",
            "r.corp/a?x=1",
        ] {
            assert_eq!(ImageName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = ["v10", "v9", "latest", "v9.2", "v9.10", "v010"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["latest", "v9", "v9.2", "v9.10", "v10", "v010"]);
    }

    proptest! {
        #[test]
        fn a_name_that_is_written_out_is_the_same_again(text in "[a-z0-9.:/@_-]{0,40}") {
            if let Some(name) = ImageName::parse(&text) {
                prop_assert_eq!(ImageName::parse(&name.to_string()), Some(name));
            }
        }

        #[test]
        fn the_order_of_names_is_one(a in "[a-c0-3.]{0,6}", b in "[a-c0-3.]{0,6}", c in "[a-c0-3.]{0,6}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            if natural(&a, &b).is_le() && natural(&b, &c).is_le() {
                prop_assert!(natural(&a, &c).is_le());
            }
        }
    }
}
