//! What is asked to be built, and the variables a template gets of it.

use super::name::{name, short, whole};
use super::source::Address;
use super::sources::NoAddress;
use crate::domain::{AppKey, Clean, ImageName, Source};

/// The image that compiles where an app names none: it has a shell and git, and nothing of any language.
pub const COMPILER: &str = "docker.io/moby/buildkit:v0.32.2-rootless";

/// The template where an app names none.
pub const BUILDER: &str = "buildkit";

/// Which variables templates may use.
pub const VARIABLES: [&str; 13] = [
    "APP",
    "BRANCH",
    "BY",
    "CACHE",
    "COMMIT",
    "COMPILER",
    "IMAGE",
    "NAME",
    "NAMESPACE",
    "PLACE",
    "REF",
    "REPO",
    "SHORT",
];

/// A commit of an app that is to be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub app: AppKey,
    /// 40 hexadecimal digits.
    pub commit: String,
    pub repo: String,
    /// The branch or tag by which it was picked; empty: none.
    pub reference: String,
    /// `host/path` of the image; a tag or digest in it does not count.
    pub image: ImageName,
    /// The template's name.
    pub builder: String,
    /// The image that compiles; `None`: [`COMPILER`].
    pub compiler: Option<String>,
    /// Who asks, as the cluster knows them.
    pub by: String,
}

/// Why a build cannot be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    #[error("'{0}' is no whole hash of a commit")]
    Commit(Clean),
    #[error("{0}")]
    Source(#[from] NoAddress),
    #[error("{0} is a folder of this machine: no cluster can clone it")]
    Local(Clean),
    #[error("where the image of {0} is pushed to is not known")]
    NoPlace(AppKey),
    #[error("'{0}' names no place of an image")]
    Place(Clean),
}

impl NotAsked {
    /// What a person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Commit(_) => "write all 40 digits: `git rev-parse REF` prints them".into(),
            Self::Source(error) => error.hint(),
            Self::Local(_) => "name a repository that the cluster reaches".into(),
            Self::NoPlace(_) | Self::Place(_) => format!(
                "say HOST/PATH with the annotation {}, in [apps.\"NAMESPACE/NAME\"] of the configuration, or with --image",
                Source::IMAGE
            ),
        }
    }
}

impl Asked {
    /// A commit of an app of which this is known; `runs` is the image that its workload has, for who says no other.
    ///
    /// # Errors
    /// The commit is no whole hash, no cluster can clone the repository, or the place of the image is not known.
    pub fn of(
        app: &AppKey,
        commit: &str,
        (source, address): (&Source, &Address),
        runs: Option<&ImageName>,
        by: &str,
    ) -> Result<Self, NotAsked> {
        let said = |text: &Option<Clean>| text.as_ref().map(ToString::to_string);
        let image = match &source.image {
            Some(image) => ImageName::parse(image).ok_or_else(|| NotAsked::Place(image.clone()))?,
            None => runs.cloned().ok_or_else(|| NotAsked::NoPlace(app.clone()))?,
        };
        let local = || NotAsked::Local(Clean::new(&address.to_string()));
        Ok(Self {
            app: app.clone(),
            commit: whole(commit).ok_or_else(|| NotAsked::Commit(Clean::new(commit)))?,
            repo: address.shared().ok_or_else(local)?,
            reference: said(&source.branch).unwrap_or_default(),
            image,
            builder: said(&source.builder).unwrap_or_else(|| BUILDER.to_owned()),
            compiler: said(&source.compiler),
            by: by.to_owned(),
        })
    }

    /// The image with the tag of the commit.
    pub fn tagged(&self) -> String {
        format!("{}:{}", self.image.place(), short(&self.commit))
    }

    /// The name of the object, at the first try or a later one.
    pub fn name(&self, attempt: u32) -> String {
        name(&self.app.name, &self.commit, attempt)
    }

    /// What a variable stands for; `None`: there is no such variable.
    pub fn variable(&self, variable: &str, attempt: u32) -> Option<String> {
        Some(match variable {
            "APP" => self.app.name.to_string(),
            "BY" => self.by.clone(),
            "BRANCH" | "REF" => self.reference.clone(),
            "CACHE" => format!("{}:buildcache", self.image.place()),
            "COMMIT" => self.commit.clone(),
            "COMPILER" => self.compiler.clone().unwrap_or_else(|| COMPILER.to_owned()),
            "IMAGE" => self.tagged(),
            "NAME" => self.name(attempt),
            "NAMESPACE" => self.app.namespace.to_string(),
            "PLACE" => self.image.place(),
            "REPO" => self.repo.clone(),
            "SHORT" => short(&self.commit).to_owned(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "C04D21b9f31c2a77ab0e4f5d6a7b8c9d0e1f2a3b";

    fn of(commit: &str, source: &Source, address: &str) -> Result<Asked, NotAsked> {
        let app = AppKey {
            namespace: "gift".into(),
            name: "live".into(),
        };
        let runs = ImageName::parse("registry.corp/gift/live:v1");
        let address = Address::parse(address).unwrap();
        Asked::of(&app, commit, (source, &address), runs.as_ref(), "dev")
    }

    #[test]
    fn what_an_app_says_goes_before_what_it_runs() {
        let plain = of(COMMIT, &Source::default(), "https://token@git.corp/gift/live").unwrap();
        assert_eq!(plain.tagged(), "registry.corp/gift/live:c04d21b9f31c");
        assert_eq!(
            plain.repo, "https://git.corp/gift/live",
            "what may be a token stays here"
        );
        assert_eq!((plain.builder.as_str(), plain.compiler.as_deref()), (BUILDER, None));
        let source = Source {
            image: Some("registry.corp/other".into()),
            builder: Some("buildah".into()),
            compiler: Some("maven:3".into()),
            branch: Some("trunk".into()),
            ..Source::default()
        };
        let said = of(COMMIT, &source, "git@git.corp:gift/live").unwrap();
        assert_eq!(said.tagged(), "registry.corp/other:c04d21b9f31c");
        let told = (said.builder.as_str(), said.compiler.as_deref(), said.reference.as_str());
        assert_eq!(told, ("buildah", Some("maven:3"), "trunk"));
        assert_eq!(said.repo, "git@git.corp:gift/live");
    }

    #[test]
    fn what_no_cluster_could_build_is_not_asked() {
        let bad = Source {
            image: Some("https://registry".into()),
            ..Source::default()
        };
        let none = Source::default();
        assert_eq!(of("c04d", &none, "git.corp/a"), Err(NotAsked::Commit("c04d".into())));
        assert_eq!(of(COMMIT, &none, "/srv/a"), Err(NotAsked::Local("/srv/a".into())));
        assert_eq!(
            of(COMMIT, &bad, "git.corp/a"),
            Err(NotAsked::Place("https://registry".into()))
        );
    }
}
