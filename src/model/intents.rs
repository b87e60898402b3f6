//! What logs a person asks for: the intent behind what is marked, selected, or the screen's own.

use super::Model;
use super::logs::{Logs, Times};
use crate::domain::{Clean, ClusterId, Kind, Pod, ResourceRef};
use crate::listing::RowKey;
use crate::logs::plan::{Choice, Intent};
use crate::screens::ScreenKind;
use crate::screens::builds::found;
use crate::screens::logs::{Follow, From};
use crate::screens::tree::revision_key;

/// Columns from which on two halves of logs stand beside each other; in less, one below the other.
pub const BESIDE: u16 = 120;

impl Model {
    /// The logs on screen.
    pub fn logs(&self) -> Option<&Logs> {
        self.logs.as_ref()
    }

    /// Lines of logs that are in sight: all but the header, the title, the names of columns and the line of keys.
    pub fn log_height(&self) -> usize {
        let has_columns = self.logs.as_ref().is_some_and(|logs| logs.look.columns.is_some());
        let lines = self.size.1.saturating_sub(3);
        let own = u16::from(has_columns);
        let lines = match self.logs.as_ref().is_some_and(Logs::is_divided) {
            false => lines.saturating_sub(own),
            // Each half has a title.
            true if self.size.0 >= BESIDE => lines.saturating_sub(1 + own),
            true => (lines / 2).saturating_sub(1 + own),
        };
        usize::from(lines).max(1)
    }

    /// Columns and lines that an opened line is shown in: within a frame between the header and the line of keys.
    pub fn log_line_room(&self) -> (usize, usize) {
        let inside = |size: u16, around: u16| usize::from(size.saturating_sub(around)).max(1);
        (inside(self.size.0, 4), inside(self.size.1, 4))
    }

    /// Minutes east of Greenwich of the clock that times before the lines are on.
    pub fn log_clock(&self) -> i32 {
        match self.logs.as_ref().map(|logs| logs.look.times) {
            Some(Times::Utc) => 0,
            _ => self.settings.clock_offset_minutes,
        }
    }

    /// What to follow from here; `None` where nothing that has logs is selected.
    pub(crate) fn log_follow(&self) -> Option<Follow> {
        let screen = self.trail.top();
        let own = match &screen.kind {
            ScreenKind::Container(pod, name) => Some(RowKey::Container(pod.clone(), name.clone())),
            ScreenKind::EventsOf(object) => Some(RowKey::Object(object.clone())),
            ScreenKind::EventsOfApp(key) => Some(RowKey::App(key.clone())),
            ScreenKind::Events => self.about_selected_event().ok(),
            _ => None,
        };
        let rows: Vec<RowKey> = match own {
            Some(row) => vec![row],
            None if !screen.list.marks().is_empty() => screen.list.marks().iter().cloned().collect(),
            None => screen
                .list
                .selected()
                .cloned()
                .or_else(|| self.subject_row())
                .into_iter()
                .collect(),
        };
        let mut intents = Vec::new();
        let mut titles = Vec::new();
        for row in &rows {
            // Marked rows that have no logs leave those of the others be.
            if let Some((title, found)) = self.intents(row) {
                titles.push(title);
                intents.extend(found);
            }
        }
        let title = match titles.as_slice() {
            [] => return None,
            [title] => title.clone(),
            several => format!("{} and {} more", several.first()?, several.len() - 1).into(),
        };
        (!intents.is_empty()).then(|| Follow {
            title,
            intents,
            choice: Choice::default(),
            from: From::default(),
            goal: None,
            divided: None,
        })
    }

    /// The row that a detail screen without a selection is about.
    fn subject_row(&self) -> Option<RowKey> {
        match &self.trail.top().kind {
            ScreenKind::App(key) => Some(RowKey::App(key.clone())),
            ScreenKind::Instance(pod) => Some(RowKey::Object(pod.clone())),
            ScreenKind::Build(cluster, key) => Some(RowKey::Build(cluster.clone(), key.clone())),
            _ => None,
        }
    }

    fn intents(&self, row: &RowKey) -> Option<(Clean, Vec<Intent>)> {
        match row {
            RowKey::App(key) => Some((key.to_string().into(), vec![Intent::App(key.clone())])),
            RowKey::Object(object) => Some((object.key.to_string().into(), vec![of_object(object)?])),
            RowKey::Container(pod, name) => {
                let intent = Intent::Container {
                    cluster: pod.cluster.clone(),
                    uid: pod.uid.clone(),
                    container: name.clone(),
                };
                Some((format!("{} {name}", pod.key).into(), vec![intent]))
            }
            RowKey::Loose(cluster, name) => {
                let intents = self.of_revision(cluster, row);
                (!intents.is_empty()).then(|| (name.clone(), intents))
            }
            RowKey::Build(cluster, key) => {
                let build = self.world.cluster(cluster)?.build(key)?;
                Some((key.to_string().into(), vec![of_object(&found::object_of(&build)?)?]))
            }
            RowKey::Cluster(_) | RowKey::Location(..) | RowKey::Feed(..) | RowKey::Entry(_) => None,
        }
    }

    /// A revision in an app's tree; pods without a workload by themselves.
    fn of_revision(&self, cluster: &ClusterId, row: &RowKey) -> Vec<Intent> {
        let ScreenKind::App(app) = &self.trail.top().kind else {
            return Vec::new();
        };
        let is_of = |pod: &&Pod| revision_key(cluster, pod.workload.as_ref(), pod.revision.as_ref()) == *row;
        let Some(view) = self.world.cluster(cluster) else {
            return Vec::new();
        };
        let pods: Vec<&Pod> = view.instances_of(app).map(|pod| &**pod).filter(is_of).collect();
        let workload = pods.first().and_then(|pod| {
            let (kind, name) = pod.workload.clone()?;
            Some(Intent::Revision {
                cluster: cluster.clone(),
                kind,
                key: crate::domain::ObjectKey::new(pod.key.namespace.clone(), name),
                revision: pod.revision.clone()?,
            })
        });
        let by_itself = |pod: &&Pod| Intent::Instance {
            cluster: cluster.clone(),
            uid: pod.uid.clone(),
        };
        workload.map_or_else(|| pods.iter().map(by_itself).collect(), |intent| vec![intent])
    }

    /// Why no logs can be opened here.
    pub(super) fn logs_refusal(&self) -> Option<String> {
        match (&self.logs, self.log_follow()) {
            (None, None) => Some("nothing selected that has logs".into()),
            _ => None,
        }
    }
}

/// Who looks at an instance means it; a workload means all of its instances.
fn of_object(object: &ResourceRef) -> Option<Intent> {
    if object.kind == Kind::Pod {
        return Some(Intent::Instance {
            cluster: object.cluster.clone(),
            uid: object.uid.clone(),
        });
    }
    object.kind.is_workload().then(|| Intent::Workload {
        cluster: object.cluster.clone(),
        kind: object.kind,
        key: object.key.clone(),
    })
}
