//! The log of the job before a release, read over what waits for it.

use crate::domain::{Clean, ClusterId, ObjectKey, Timestamp};
use crate::message::{Effect, Trouble};
use crate::model::Model;
use crate::overlays::confirm::Confirm;
use crate::overlays::opened::Entry;
use crate::overlays::{Opened, Overlay};

/// Asks for it by key.
pub(super) fn ask(model: &mut Model) -> Vec<Effect> {
    let effect = read(model);
    match (&effect, model.confirm_mut()) {
        (Some(_), Some(confirm)) => confirm.read_job(),
        _ => model.tell(Trouble::info("no job runs before it, or it has not begun")),
    }
    model.touch();
    effect.into_iter().collect()
}

/// A second passed: a log that is open goes on with its job.
pub(super) fn tick(model: &mut Model, now: Timestamp) -> Option<Effect> {
    let is_open = matches!(model.overlays.last(), Some(Overlay::LogLine(_)));
    let is_time = is_open && model.confirm_mut().is_some_and(|confirm| confirm.follows_job(now));
    is_time.then(|| read(model)).flatten()
}

fn read(model: &Model) -> Option<Effect> {
    let (cluster, job) = job(model.confirm()?)?;
    Some(Effect::ReadJob(cluster, job))
}

fn job(confirm: &Confirm) -> Option<(ClusterId, ObjectKey)> {
    let (place, name) = (confirm.place()?, confirm.job()?);
    let key = ObjectKey::new(place.object.key.namespace.clone(), name.as_str());
    Some((place.object.cluster.clone(), key))
}

/// It was read: opened where a key asked for it, followed where it is open.
pub(in crate::update) fn arrived(
    model: &mut Model,
    cluster: &ClusterId,
    key: &ObjectKey,
    read: Result<Vec<Clean>, Trouble>,
) -> Vec<Effect> {
    let is_its = model
        .confirm()
        .and_then(job)
        .is_some_and(|own| own == (cluster.clone(), key.clone()));
    if !is_its {
        return Vec::new();
    }
    let is_asked = model.confirm_mut().is_some_and(Confirm::take_job_read);
    let room = model.log_line_room();
    match (read, model.overlays.last_mut()) {
        (Ok(lines), Some(Overlay::LogLine(open))) => open.renew(opened(key, lines), room),
        (Ok(lines), Some(Overlay::Confirm(_))) if is_asked => {
            let mut opened = opened(key, lines);
            opened.step(isize::MAX, room);
            model.overlays.push(Overlay::LogLine(opened));
        }
        (Err(trouble), _) if is_asked => model.tell(trouble),
        _ => return Vec::new(),
    }
    model.touch();
    Vec::new()
}

fn opened(job: &ObjectKey, lines: Vec<Clean>) -> Opened {
    let entry = |line: &Clean| Entry {
        value: line.clone(),
        ..Entry::default()
    };
    let nothing = || Entry {
        value: "it has written nothing so far".into(),
        ..Entry::default()
    };
    let mut entries: Vec<Entry> = lines.iter().map(entry).collect();
    if entries.is_empty() {
        entries.push(nothing());
    }
    Opened::new(format!("what the job {} wrote last", job.name).into(), entries, lines)
}
