//! The commits of an app's repository, as they are picked from.

use super::Model;
use crate::build::commit::{Commit, Found, Wanted, tag_of};
use crate::build::sources::NoAddress;
use crate::domain::image::Tag;
use crate::domain::{AppKey, Clean, ImageName, ResourceRef};
use crate::world::release::app_of;

/// How many commits are read at first, and how many more each time.
pub(crate) const STEP: usize = 200;

/// Commits that are picked from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picking {
    pub(crate) app: AppKey,
    /// Its workloads here.
    pub(crate) objects: Vec<ResourceRef>,
    /// What was asked for last; `None` while nobody said where its source is.
    pub(crate) wanted: Option<Wanted>,
    pub(crate) found: Option<Found>,
    /// What is built is released gray, after a yes of its own.
    pub(crate) gray: bool,
    /// The tags of the repository of its image, where that was asked and has answered.
    pub(crate) tags: Option<(ImageName, Vec<Tag>)>,
}

/// What is known of the image of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Image {
    Known(String),
    None,
    /// No registry has answered.
    Unknown,
}

impl Model {
    /// The app whose commits are picked from here, and its workloads.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn app_to_build(&self) -> Result<(AppKey, Vec<ResourceRef>), String> {
        let meant = self.meant();
        let Some((_, first)) = meant.first() else {
            return Err("no workload here".into());
        };
        let app = app_of(first);
        if meant.iter().any(|(_, workload)| app_of(workload) != app) {
            return Err("a commit is of one app: mark rows of one app alone".into());
        }
        let objects = meant.iter().map(|(view, workload)| view.object_of(workload));
        Ok((app, objects.collect()))
    }

    /// What to ask the repository of an app for; without a branch that of the app.
    ///
    /// # Errors
    /// It is not known where its source is.
    pub(crate) fn commits_wanted(
        &self,
        app: &AppKey,
        branch: Option<Clean>,
        depth: usize,
    ) -> Result<Wanted, NoAddress> {
        let annotated = self.world.source_of(app);
        let sources = &self.settings.sources;
        let typed = self.repos.get(app).map(String::as_str);
        Ok(Wanted {
            address: sources.address(app, &annotated, typed)?,
            branch: branch.or_else(|| sources.of(app, &annotated).branch),
            depth,
        })
    }

    /// The image of a commit: of a version that runs or ran, else of a tag.
    pub(crate) fn image_of(&self, picking: &Picking, commit: &Commit) -> Image {
        let known = self.world.versions_of(&picking.objects);
        let mut versions = known
            .iter()
            .filter(|known| crate::world::is_of(&known.version, &commit.id));
        let repository = self.image_repository(picking);
        let is_own = |image: &&Clean| {
            let named = ImageName::parse(image);
            repository
                .as_ref()
                .is_none_or(|own| named.is_some_and(|name| name.is_same_repository(own)))
        };
        if let Some(image) = versions.find_map(|known| known.images.iter().find(is_own)) {
            return Image::Known(image.to_string());
        }
        match &picking.tags {
            Some((name, tags)) => match tag_of(&commit.id, tags) {
                Some(tag) => Image::Known(name.with_tag(tag).to_string()),
                None => Image::None,
            },
            None => Image::Unknown,
        }
    }

    /// The repository of the image that is built: what the app says, else that of the container whose image is the
    /// app's own name, else of the first.
    pub(crate) fn image_repository(&self, picking: &Picking) -> Option<ImageName> {
        let annotated = self.world.source_of(&picking.app);
        if let Some(said) = self.settings.sources.of(&picking.app, &annotated).image {
            return ImageName::parse(&said);
        }
        let object = picking.objects.first()?;
        self.world.cluster(&object.cluster)?.own_image(object, &picking.app)
    }
}
