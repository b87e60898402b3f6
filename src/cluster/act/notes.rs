//! What is noted beside a write: a line in the app's ledger, and an Event on the object.

use serde_json::Map;

use super::super::error::ClusterError;
use super::super::hub::Hub;
use super::super::{clock, event, kinds, ledger as kept};
use super::around::is_workload;
use crate::domain::{AppKey, Clean};
use crate::release::against::Against;
use crate::release::config::record::{Config, Running};
use crate::release::good;
use crate::release::known::{Known, Mark, are_same_images};
use crate::release::ledger::{Entry, Ledger};
use crate::release::step::Step;
use crate::release::{Prepared, Why};

/// What is noted beside a write.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    pub app: &'a str,
    /// Who, as the cluster knows them, else as their machine does.
    pub by: &'a str,
    pub why: &'a Why,
}

fn entry(prepared: &Prepared, note: &Note<'_>) -> Entry {
    let (from, to) = prepared.images();
    let text = |image: Option<&Clean>| image.map(ToString::to_string);
    Entry {
        id: prepared.operation.clone(),
        op: prepared.step.operation(),
        at: clock::now(),
        by: note.by.to_owned(),
        workload: prepared.workload(),
        from: text(from),
        to: text(to),
        reason: note.why.reason.as_ref().map(ToString::to_string),
        overridden: note.why.overridden.as_ref().map(ToString::to_string),
        taken_over: note.why.taken_over.as_ref().map(ToString::to_string),
        config: prepared.config.names.clone(),
        pending: true,
        more: Map::new(),
    }
}

/// The ledger of an app; an empty one where none was ever written.
pub(crate) async fn ledger(hub: &Hub, app: &AppKey) -> Result<Ledger, ClusterError> {
    Ok(Ledger::of(&kept::read(hub, app).await?))
}

/// Who says that the version which is left is bad, where that is why it is left.
fn mark(prepared: &Prepared, note: &Note<'_>) -> Option<Mark> {
    let why = match prepared.step {
        Step::Rollback(_) if prepared.undoes => "it was rolled back".to_owned(),
        Step::Abort if !keeps_images(prepared) => format!("its gray release failed: {}", note.why.fails.as_ref()?),
        _ => return None,
    };
    let said = note.why.reason.as_ref().map(|reason| format!(" ({reason})"));
    let left = prepared.leaves.as_ref();
    Some(Mark {
        by: note.by.to_owned(),
        at: clock::now(),
        operation: Some(prepared.operation.clone()),
        reason: why + &said.unwrap_or_default(),
        images: left
            .map(|(known, _)| known.left_for(&prepared.becomes))
            .unwrap_or_default(),
    })
}

/// Whether what is gone back to has the images of what is left: a mark on those would be one on what then runs.
fn keeps_images(prepared: &Prepared) -> bool {
    let left = prepared.leaves.as_ref();
    left.is_some_and(|(left, _)| are_same_images(&left.images, &prepared.becomes))
}

/// Writes down what the version that begins runs with, and the one that is left, if it was good or is bad; says what there is no
/// room for any more.
fn keep(ledger: &mut Ledger, prepared: &Prepared, note: &Note<'_>) -> Vec<Clean> {
    let mut told = keep_version(ledger, prepared, note);
    let app = note.app;
    let mut without = Vec::new();
    if let Some((known, _)) = &prepared.leaves
        && let Some(config) = &known.config
        && ledger.config.of(&known.workload, &known.template).is_none()
    {
        // It may not be good, and be gone back to all the same.
        let left = Running::of(&known.workload, &known.template, config.clone());
        without.extend(ledger.config.run(left));
    }
    if let Some((known, _)) = &prepared.leaves {
        let Known {
            workload,
            template,
            digests,
            ..
        } = known.as_ref();
        ledger.config.resolve(workload, template, digests);
    }
    if let Some(running) = prepared.config.running.clone() {
        without.extend(ledger.config.run(running));
    }
    told.extend(without.iter().map(|workload| {
        format!("the ledger of {app} has no room: what versions of {workload} ran with is not all kept any more").into()
    }));
    let Ledger { versions, config, .. } = ledger;
    let configs: Vec<&Config> = versions.all().filter_map(|known| known.config.as_ref()).collect();
    let dropped = config.keep(prepared.config.contents.clone(), &configs);
    let is_its = |known: &&Known| {
        let held = known.config.iter().flat_map(|config| &config.held);
        held.filter_map(|held| held.hash.as_ref())
            .any(|hash| dropped.contains(hash))
    };
    told.extend(versions.all().filter(is_its).map(|known| {
        let (name, last) = (known.name(), known.last.format("%Y-%m-%d"));
        format!("the ledger of {app} has no room: what was in the ConfigMaps of {name} of {last} is kept no longer")
            .into()
    }));
    told
}

/// Writes down the version that is left, if it was good or is bad; says which there is no room for any more.
fn keep_version(ledger: &mut Ledger, prepared: &Prepared, note: &Note<'_>) -> Vec<Clean> {
    let Some((known, since)) = &prepared.leaves else {
        return Vec::new();
    };
    let changed = ledger.changed(&known.workload);
    let good = good::is_good(*since, changed, prepared.at);
    let bad = mark(prepared, note);
    if !good && bad.is_none() {
        return Vec::new();
    }
    let app = note.app;
    // What it began to run with counts more than what is there when it is left.
    let began = ledger.config.of(&known.workload, &known.template).cloned();
    let dropped = ledger.versions.keep(Known {
        good,
        bad,
        config: began.or_else(|| known.config.clone()),
        ..known.as_ref().clone()
    });
    let told = |known: &Known| {
        let (name, last) = (known.name(), known.last.format("%Y-%m-%d"));
        format!("the ledger of {app} has no room: {name} of {last} is kept no longer").into()
    };
    dropped.iter().map(told).collect()
}

/// Changes a ledger; see [`kept::update`].
async fn rewrite<T>(
    hub: &Hub,
    (prepared, note): (&Prepared, &Note<'_>),
    mut change: impl FnMut(&mut Ledger) -> T,
) -> Result<T, ClusterError> {
    let app = AppKey {
        namespace: prepared.object.key.namespace.clone(),
        name: note.app.into(),
    };
    kept::update(hub, &app, |data| {
        let before = Ledger::of(data);
        let mut ledger = before.clone();
        let changed = change(&mut ledger);
        let texts = (ledger != before).then(|| ledger.data().into());
        (texts, changed)
    })
    .await
}

/// What was noted before a write.
pub(super) struct Begun {
    entry: Entry,
    /// The mark on the version that is left, as it was before.
    mark: Option<Mark>,
    /// What there was no room for.
    pub(super) dropped: Vec<Clean>,
    /// Why nothing was.
    unnoted: Option<ClusterError>,
}

/// Notes what is about to be written: a line in the app's ledger, and the version that is left. So it is known whatever
/// becomes of the answer, or of this program.
pub(super) async fn begin(hub: &Hub, prepared: &Prepared, note: &Note<'_>) -> Begun {
    let mut begun = Begun {
        entry: entry(prepared, note),
        mark: None,
        dropped: Vec::new(),
        unnoted: None,
    };
    let left = prepared.leaves.as_ref().map(|(known, _)| known.as_ref());
    let noted = rewrite(hub, (prepared, note), |ledger| {
        if let Some(known) = left {
            ledger.settle_by(&known.workload, &known.images);
        }
        if !ledger.has_begun(&begun.entry) {
            begun.mark = left.and_then(|known| ledger.versions.mark_of(known));
            begun.dropped = keep(ledger, prepared, note);
            ledger.add(begun.entry.clone());
        }
    });
    begun.unnoted = noted.await.err();
    begun
}

/// Notes what came of it: it was written, or the server did not take it.
pub(super) async fn end(
    hub: &Hub,
    (prepared, note): (&Prepared, &Note<'_>),
    begun: &Begun,
    is_written: bool,
) -> Result<Vec<Clean>, ClusterError> {
    let left = prepared.leaves.as_ref().map(|(known, _)| known.as_ref());
    if !is_written {
        let taken_back = rewrite(hub, (prepared, note), |ledger| {
            if let Some(known) = left.filter(|_| ledger.has_begun(&begun.entry)) {
                ledger.versions.set_mark(known, begun.mark.as_ref());
            }
            ledger.retract(&begun.entry);
        });
        return taken_back.await.map(|()| Vec::new());
    }
    rewrite(hub, (prepared, note), |ledger| {
        if prepared.step == Step::Abort {
            // A way back that is given up says nothing any more of what runs on.
            ledger.versions.unmark(&prepared.workload(), &prepared.operation, left);
        }
        if ledger.settle(&begun.entry) || begun.unnoted.is_none() {
            return Vec::new();
        }
        let dropped = keep(ledger, prepared, note);
        ledger.add(Entry {
            pending: false,
            ..begun.entry.clone()
        });
        dropped
    })
    .await
}

/// Writes an Event on the object.
pub(super) async fn tell(hub: &Hub, prepared: &Prepared, note: &Note<'_>) -> Result<(), ClusterError> {
    let object = &prepared.object;
    let entry = entry(prepared, note);
    let to = entry.to.map_or_else(String::new, |to| format!(": {to}"));
    let against: Vec<&str> = prepared.against.iter().map(Against::name).collect();
    let overridden = entry
        .overridden
        .map(|why| format!("overrides {}: {why}", against.join(" and ")));
    let taken_over = entry.taken_over.map(|from| format!("takes it over from {from}"));
    let said: Vec<String> = entry.reason.into_iter().chain(overridden).chain(taken_over).collect();
    let said = if said.is_empty() {
        String::new()
    } else {
        format!(" ({})", said.join("; "))
    };
    let message = format!("{} by {}{to}{said}", prepared.step.title(), note.by);
    let step = prepared.step.operation().name();
    let suffix = format!("{}.{step}-{:x}", prepared.operation, prepared.at.timestamp_millis());
    event::write(hub, object, (&api_version(prepared), &suffix), ("Release", &message)).await
}

/// Of the object as it is written: who asks for its events names the API's group and version.
fn api_version(prepared: &Prepared) -> String {
    let mut own = prepared.requests.iter().map(|(request, _)| request);
    let own = own.find(|request| is_workload(&prepared.object, request));
    let kind = prepared.object.kind;
    let (group, version) = match own {
        Some(own) => (own.place.resource.group, own.place.resource.version.as_str()),
        None => (kind.group(), kinds::version(kind)),
    };
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}
