//! From which version to which it goes, with what goes with it.

use super::Line;
use crate::domain::{Clean, Version};
use crate::overlays::confirm::Place;
use crate::release::Prepared;
use crate::release::config::change::What;
use crate::release::step::Step;
use crate::screens::words;
use crate::theme::Role;

/// From which version to which, with what goes with it.
pub(super) fn of_version(place: &Place, prepared: Option<&Prepared>) -> Vec<Line> {
    let mut lines = vec![(Role::Strong, versions(place, prepared))];
    lines.extend(prepared.into_iter().flat_map(carried));
    lines
}

/// From which version to which, as far as it is known.
fn versions(place: &Place, prepared: Option<&Prepared>) -> String {
    let now = words::version(&place.version);
    let Some((Some(from), Some(to))) = prepared.map(Prepared::images) else {
        return match (&place.old, &place.step) {
            (Some(old), Step::Abort) => format!("{now} → {}", words::version(old)),
            (Some(old), _) => format!("{} → {now}", words::version(old)),
            (None, _) => format!("version {now}"),
        };
    };
    let short = |image: &Clean| words::version(&Version::of_image(image));
    let (old, new) = (short(from), short(to));
    if repository(from) == repository(to) {
        format!("{old} → {new}   {to}")
    } else {
        format!("{from} → {to}")
    }
}

/// What goes with the version: its commit and its configuration, from → to.
fn carried(prepared: &Prepared) -> Vec<Line> {
    let mut lines = Vec::new();
    let commit = |commit: Option<&Clean>| match commit {
        Some(commit) => words::version(&Version::Commit(commit.clone())),
        None => "not known".to_owned(),
    };
    if let Some((from, to)) = prepared.commits() {
        lines.push((Role::Text, format!("commit {} → {}", commit(from), commit(to))));
    }
    if !matches!(prepared.step, Step::Start(_) | Step::Rollback(_)) {
        return lines;
    }
    let config = &prepared.config;
    for change in &config.changes {
        let style = match change.what {
            What::Unknown(_) => Role::Muted,
            _ => Role::Text,
        };
        let told = change.lines().into_iter();
        lines.extend(told.map(|line| (style, format!("config: {}", Clean::new(&line)))));
    }
    if let Some(noted) = config.noted {
        let noted = noted.format("%Y-%m-%d %H:%M UTC");
        lines.push((Role::Muted, format!("config: as noted {noted}")));
    }
    if config.changes.is_empty() && !config.names.is_empty() {
        lines.push((
            Role::Muted,
            format!("config: as it runs now ({})", Clean::new(&config.names.join(", "))),
        ));
    }
    lines
}

fn repository(image: &Clean) -> &str {
    crate::overlays::draft::repository(image)
}
