//! What is asked to be built, and the variables a template gets of it.

use super::name::{name, short};
use crate::domain::{AppKey, ImageName};

/// The image that compiles where an app names none: it has a shell and git, and nothing of any language.
pub const COMPILER: &str = "docker.io/moby/buildkit:v0.32.2-rootless";

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

impl Asked {
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
