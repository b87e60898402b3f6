//! What an instance runs: a commit where it is known, else the best name its image gives.

use std::fmt;

use super::text::Clean;

/// What an instance runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    #[default]
    Unknown,
    /// `pilothouse.dev/commit` on the pod, or the image's revision label: a full or short hash.
    Commit(Clean),
    /// The image's tag.
    Tag(Clean),
    /// The image's digest.
    Digest(Clean),
}

impl Version {
    /// The version an image reference names: its tag, else its digest.
    pub fn of_image(image: &str) -> Self {
        let (name, digest) = image
            .split_once('@')
            .map_or((image, None), |(name, digest)| (name, Some(digest)));
        let last = name.rsplit('/').next().unwrap_or(name);
        match (last.split_once(':'), digest) {
            (Some((_, tag)), _) if !tag.is_empty() => Self::Tag(tag.into()),
            (_, Some(digest)) => Self::Digest(digest.into()),
            _ => Self::Tag("latest".into()),
        }
    }

    /// Seven characters of a hash, as `git` has them, or a whole tag.
    pub fn short(&self) -> &str {
        match self {
            Self::Unknown => "–",
            Self::Commit(hash) if hash.bytes().all(|b| b.is_ascii_hexdigit()) => hash.get(..7).unwrap_or(hash),
            Self::Commit(text) | Self::Tag(text) => text,
            Self::Digest(digest) => {
                let hex = digest.split_once(':').map_or(digest.as_str(), |(_, hex)| hex);
                hex.get(..7).unwrap_or(hex)
            }
        }
    }

    /// The whole of it, for scripts and for copying.
    pub fn full(&self) -> &str {
        match self {
            Self::Unknown => "",
            Self::Commit(text) | Self::Tag(text) | Self::Digest(text) => text,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_names_its_version() {
        for (image, short) in [
            ("registry.local:5000/gift/live:v41", "v41"),
            ("registry.local:5000/gift/live", "latest"),
            ("nginx@sha256:0123456789abcdef0123", "0123456"),
            ("nginx:1.27@sha256:0123456789abcdef0123", "1.27"),
        ] {
            assert_eq!(Version::of_image(image).short(), short, "{image}");
        }
        assert_eq!(Version::Commit("c04d21b9f31c2a77ab0e".into()).short(), "c04d21b");
    }
}
