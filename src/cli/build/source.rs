//! What a build is made from: the command line's word, else what the app's workloads and the configuration say.

use std::io::Write;

use super::super::Failure;
use super::super::release::targets::Target;
use super::super::watch::Known;
use super::BuildAsk;
use crate::build::sources::Sources;
use crate::build::{Asked, NotAsked};
use crate::domain::{Clean, Source};
use crate::registry::Registries;
use crate::runtime::builds;

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

/// The digest of the commit's image, where the registry has one. What it does not say stops nothing.
pub(super) async fn image_there(
    asked: &Asked,
    target: &Target,
    registries: Option<&Registries>,
    err: &mut dyn Write,
) -> Result<Option<Clean>, Failure> {
    let Some(registries) = registries else { return Ok(None) };
    let there = builds::image_there(registries, asked, (&target.cluster, &target.object)).await;
    match there {
        Ok(digest) => Ok(digest),
        Err(why) => {
            writeln!(err, "▲ {why}")?;
            Ok(None)
        }
    }
}
