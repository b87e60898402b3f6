//! What an app is built from, as its workload or the configuration says.

use super::text::Clean;

/// Where the source of an app is, what builds it and what its image is called; what nobody says is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Source {
    /// The address of its git repository.
    pub repo: Option<Clean>,
    /// The branch that is built where nobody says another.
    pub branch: Option<Clean>,
    /// The template it is built by.
    pub builder: Option<Clean>,
    /// The name of its image, without tag and digest.
    pub image: Option<Clean>,
    /// The image that compiles it.
    pub compiler: Option<Clean>,
}

impl Source {
    /// The annotations of a workload that say it.
    pub const REPO: &'static str = "pilothouse.dev/repo";
    pub const BRANCH: &'static str = "pilothouse.dev/branch";
    pub const BUILDER: &'static str = "pilothouse.dev/builder";
    pub const IMAGE: &'static str = "pilothouse.dev/image";
    pub const COMPILER: &'static str = "pilothouse.dev/compiler";

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is said here, and where nothing is, what is said there.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            repo: self.repo.or_else(|| other.repo.clone()),
            branch: self.branch.or_else(|| other.branch.clone()),
            builder: self.builder.or_else(|| other.builder.clone()),
            image: self.image.or_else(|| other.image.clone()),
            compiler: self.compiler.or_else(|| other.compiler.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_first_counts_line_by_line() {
        let own = Source {
            repo: Some("git.corp/a".into()),
            ..Source::default()
        };
        let other = Source {
            repo: Some("git.corp/b".into()),
            branch: Some("main".into()),
            ..Source::default()
        };
        let both = own.or(&other);
        assert_eq!(both.repo.as_deref(), Some("git.corp/a"));
        assert_eq!(both.branch.as_deref(), Some("main"));
        assert!(Source::default().or(&Source::default()).is_empty());
    }
}
