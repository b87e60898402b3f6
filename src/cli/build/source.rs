//! What a build is made from: the command line's word, else what the app's workloads and the configuration say.

use std::io::Write;

use super::super::release::targets::Target;
use super::super::setup::Setup;
use super::super::watch::Known;
use super::super::{Failure, Printable};
use super::BuildAsk;
use crate::build::sources::Sources;
use crate::build::template::{SHIPPED, Template};
use crate::build::{Asked, NotAsked};
use crate::domain::{Clean, ImageName, Source};
use crate::registry::{Registries, RegistryError};

/// What is asked for, as far as it can be known.
///
/// # Errors
/// The commit is no whole hash, or the repository or image is not known.
pub(super) fn asked(ask: &BuildAsk, target: &Target, known: &Known, sources: &Sources) -> Result<Asked, Failure> {
    let app = target.app_key();
    let said = |text: &Option<String>| text.as_deref().map(Clean::new);
    let own = Source {
        repo: None,
        branch: said(&ask.reference),
        builder: said(&ask.builder),
        image: said(&ask.image),
        compiler: said(&ask.compiler),
    };
    let annotated = known.world.source_of(&app);
    let failed = |error: NotAsked| Failure::usage(error.to_string(), error.hint());
    let address = sources.address(&app, &annotated, ask.repo.as_deref());
    let address = address.map_err(|error| failed(error.into()))?;
    let source = own.or(&sources.of(&app, &annotated));
    let object = &target.object;
    let view = known.world.cluster(&object.cluster);
    let runs = view.and_then(|view| view.own_image(object, &app));
    let by = view.and_then(|view| view.identity.user.as_ref());
    let by = by.map_or_else(|| "somebody".to_owned(), ToString::to_string);
    Asked::of(&app, &ask.commit, (&source, &address), runs.as_ref(), &by).map_err(failed)
}

/// A template of this person's, else one that ships.
///
/// # Errors
/// There is none of this name, or something is wrong in it.
pub(super) fn template(builder: &str, setup: &Setup) -> Result<Template, Failure> {
    let is_name = !builder.is_empty() && builder.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let path = setup.paths.beside_config("builders").join(format!("{builder}.yaml"));
    if is_name && let Ok(text) = std::fs::read_to_string(&path) {
        let read = Template::parse(builder, &path.display().to_string(), &text);
        return read.map_err(|error| Failure::usage(error.to_string(), error.hint));
    }
    Template::shipped(builder).ok_or_else(|| {
        let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        Failure::usage(
            format!("there is no template '{builder}'"),
            format!(
                "{} are shipped; {} would be another",
                names.join(" and "),
                path.display()
            ),
        )
    })
}

/// The digest of the commit's image, where the registry has one. What it does not say stops nothing.
pub(super) async fn image_there(
    asked: &Asked,
    target: &Target,
    registries: Option<&Registries>,
    err: &mut dyn Write,
) -> Result<Option<Clean>, Failure> {
    let (Some(registries), Some(image)) = (registries, ImageName::parse(&asked.tagged())) else {
        return Ok(None);
    };
    let repository = registries.of_workload(&image, &target.cluster, &target.object).await;
    match repository.digest(image.reference()).await {
        Ok(digest) => Ok(digest),
        Err(RegistryError::NotFound { .. }) => Ok(None),
        Err(error) => {
            let told = format!(
                "the registry could not be asked whether it has the image: {error} ({})",
                error.hint()
            );
            writeln!(err, "▲ {}", Printable(&told))?;
            Ok(None)
        }
    }
}
